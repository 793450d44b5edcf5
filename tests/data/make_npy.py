"""Writes tests/data/codec/*.npy and *.npz with NumPy. Run with a Python that has numpy 2; the same bytes each time."""

import os
import zipfile

import numpy as np

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "codec")
TYPES = ["float32", "float64", "float16", "uint8", "int8", "int32", "int64", "bool"]


def path(name):
    return os.path.join(OUT, name)


def numbers(dtype, shape=(2, 3)):
    """What counting() of codec_test.h makes: -20, -19, ... (from 0 if unsigned); every third is true."""
    i = np.arange(int(np.prod(shape))).reshape(shape)
    return i % 3 == 1 if dtype == "bool" else (i if dtype.startswith("u") else i - 20).astype(dtype)


def versioned(name, version, array):
    with open(path(name), "wb") as f:
        np.lib.format.write_array(f, array, version)


def literal(name, header, data=b"", version=1):
    """A header of our own making."""
    with open(path(name), "wb") as f:
        f.write(b"\x93NUMPY" + bytes([version, 0]) + len(header).to_bytes(2 if version == 1 else 4, "little"))
        f.write(header.encode() + data)


def main():
    for dtype in TYPES:
        np.save(path(dtype + ".npy"), numbers(dtype))
    np.save(path("scalar.npy"), np.float32(1.5))
    np.save(path("vector.npy"), numbers("int64", (5,)))
    np.save(path("none.npy"), numbers("float32", (3, 0, 2)))
    np.save(path("wide.npy"), numbers("uint8", (1,) * 7 + (70,)))
    for version in (2, 3):
        versioned(f"version{version}.npy", (version, 0), numbers("float32"))
    arrays = {"fortran": np.asfortranarray(numbers("float32", (2, 3, 4))),
              "fortran8": np.asfortranarray(numbers("float64", (4, 5))),
              "fortran2": np.asfortranarray(numbers("float16", (3, 2))),
              "fortran1": np.asfortranarray(numbers("uint8", (3, 5, 2)))}
    for dtype in (">f4", ">f8", ">f2", ">i4", ">i8", "<i2", ">i2", "<u2", "<u4", ">u4"):
        arrays["other/" + dtype] = np.array([1, 2, 300]).astype(dtype)
    for name, compression in (("stored.npz", zipfile.ZIP_STORED), ("deflated.npz", zipfile.ZIP_DEFLATED)):
        with zipfile.ZipFile(path(name), "w") as z:
            for key, array in arrays.items():
                info = zipfile.ZipInfo(key + ".npy", (1980, 1, 1, 0, 0, 0))
                info.compress_type = compression
                with z.open(info, "w", force_zip64=True) as f:
                    np.lib.format.write_array(f, array)
            z.writestr(zipfile.ZipInfo("readme.txt", (1980, 1, 1, 0, 0, 0)), "no array")
    np.save(path("bad_object.npy"), np.array([{}, 1], dtype=object), allow_pickle=True)
    np.save(path("bad_text.npy"), np.array(["ab", "c"]))
    np.save(path("bad_complex.npy"), np.zeros(2, "complex64"))
    np.save(path("bad_struct.npy"), np.zeros(2, [("a", "f4"), ("b", "i4")]))
    np.save(path("bad_raw.npy"), np.zeros(2, "V2"))
    np.save(path("bad_uint64.npy"), np.zeros(2, "uint64"))
    literal("python2.npy", "{'shape': (2L, 1L), \"fortran_order\": False, 'descr': '<f4'}\n", bytes(8), version=2)


if __name__ == "__main__":
    os.makedirs(OUT, exist_ok=True)
    main()
