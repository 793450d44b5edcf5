"""Writes tests/data/codec/*.h5 with h5py, and what Keras itself saves (digits.keras, digits.h5).

Run with a Python that has h5py, numpy and ml_dtypes; and Keras 3.15.1 for the last two. Numbers are the same each time.
"""

import os

import h5py
import ml_dtypes
import numpy as np

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "codec")
TYPES = ["float32", "float64", "float16", "uint8", "int8", "int32", "int64", "bool"]


def create(name, **options):
    return h5py.File(os.path.join(OUT, name), "w", **options)


def numbers(dtype):
    """What counting() of codec_test.h makes: -20, -19, ... (from 0 if unsigned); every third is true."""
    i = np.arange(6).reshape(2, 3)
    return i % 3 == 1 if dtype == "bool" else (i if dtype.startswith("u") else i - 20).astype(dtype)


def types():
    with create("types.h5") as f:
        for name in TYPES:
            f["types/" + name] = numbers(name)
        d = f.create_dataset("types/bfloat16", data=numbers("float32").astype(ml_dtypes.bfloat16))
        d.attrs["dtype"] = "bfloat16"
        f["scalar"] = np.int64(7)
        f["none"] = np.zeros((0, 3), "float32")
        for name in (">f4", ">f8", ">f2", ">i4", ">i8", "<i2", ">i2", "<u2", "<u4"):
            f["other/" + name] = np.array([1, 2, 300]).astype(name)
        # small datasets may stand in their object header
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_layout(h5py.h5d.COMPACT)
        d = h5py.h5d.create(f.id, b"compact", h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple((3,)), plist)
        d.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array([1, 2, 3], "float32"))


def small():
    """A little of everything, for tests that damage every byte."""
    with create("small.h5") as f:
        f["a/x"] = numbers("float32")
        f["a/b"] = numbers("bool")
        d = f.create_dataset("a/h", data=numbers("float32").astype(ml_dtypes.bfloat16))
        d.attrs["dtype"] = "bfloat16"
        f["a"].attrs["list"] = ["x", "", "yz"]
        f["a"].attrs["fixed"] = np.array([b"xy", b"z"])


def attributes():
    with create("attributes.h5") as f:
        f.attrs["text"] = "caf\u00e9"
        f.attrs["empty"] = ""
        f.attrs["list"] = ["a", "bcd", ""]
        f.attrs["fixed"] = np.array([b"xy", b"z"])
        f.attrs["fixed_one"] = np.bytes_(b"hello")
        f.attrs["none"] = []
        f.attrs["number"] = 3.5
        f.attrs["nothing"] = h5py.Empty("S5")
        g = f.create_group("many")
        for i in range(40):
            g.attrs[f"name{i}"] = f"value {i} " * (i % 5)
        f.attrs["long"] = [f"layer_{i}" for i in range(500)]
        space = h5py.h5s.create(h5py.h5s.SCALAR)
        t = h5py.h5t.C_S1.copy()
        t.set_size(8)
        t.set_strpad(h5py.h5t.STR_SPACEPAD)
        a = h5py.h5a.create(f.id, b"spaces", t, space)
        a.write(np.array(b"ab cd", dtype="S8"))


def large_group():
    """More names than one B-tree node has room for (32 symbol nodes of 4 to 8 names), all of one dataset."""
    with create("large.h5") as f:
        f["g/0"] = np.int8(7)
        for i in range(1, 300):
            f[f"g/{i}"] = f["g/0"]


def refused():
    with create("bad_latest.h5", libver="latest") as f:
        f["x"] = numbers("float32")
    with create("bad_order.h5") as f:
        plist = h5py.h5p.create(h5py.h5p.GROUP_CREATE)
        plist.set_link_creation_order(h5py.h5p.CRT_ORDER_TRACKED)
        h5py.h5g.create(f.id, b"g", gcpl=plist)
    with create("bad_userblock.h5", userblock_size=512) as f:
        f["x"] = numbers("float32")
    with create("bad_datasets.h5") as f:
        f["good"] = numbers("float32")
        f.create_dataset("chunked", data=numbers("float32"), chunks=(1, 3))
        f.create_dataset("gzip", data=numbers("float32"), compression="gzip")
        f.create_dataset("unwritten", (2, 3), "float32")
        f["compound"] = np.zeros(2, [("a", "f4"), ("b", "i4")])
        f["uint64"] = np.zeros(2, "uint64")
        f["complex"] = np.zeros(2, "complex64")
        f["text"] = "abc"
        f["opaque"] = numbers("float32").astype(ml_dtypes.bfloat16)
        f["soft"] = h5py.SoftLink("/good")
        f["type"] = np.dtype("float32")
        f.create_dataset("named", data=np.zeros(2, "float32"), dtype=f["type"])
        f["empty"] = h5py.Empty("float32")
        f.create_dataset("external", (2,), "float32", external=[("/nowhere", 0, 8)])
        f["rank9"] = np.zeros((1,) * 9, "float32")
    with create("bad_twice.h5") as f:
        f.create_group("g")["x"] = numbers("float32")
        f["g/again"] = f["g"]
    with create("bad_many.h5") as f:
        for i in range(12):  # 8 ** 11 ways to the last group
            f.create_group(f"g{i}")
        for i in range(11):
            for k in range(8):
                f[f"g{i}/{k}"] = f[f"g{i + 1}"]


def keras_models():
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import keras

    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((4, 4, 1)), keras.layers.Conv2D(2, 3, name="look"), keras.layers.Flatten(),
         keras.layers.Dense(3, activation="softmax")], name="digits")
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    x = np.arange(5 * 16, dtype="float32").reshape(5, 4, 4, 1) / 80
    model.fit(x, np.arange(5) % 3, epochs=1, verbose=0)
    # numbers that a test can know, whatever training gave
    model.set_weights([np.arange(w.size, dtype="float32").reshape(w.shape) / 8 for w in model.get_weights()])
    model.save(os.path.join(OUT, "digits.keras"))
    model.save(os.path.join(OUT, "digits.h5"))


if __name__ == "__main__":
    os.makedirs(OUT, exist_ok=True)
    types(), small(), attributes(), large_group(), refused(), keras_models()
