"""Writes tests/data/pictures: PNG by an encoder of our own, JPEG by Pillow, and what each holds as .npy. Run with a
Python that has numpy and Pillow 10 or later."""

import os
import struct
import zlib

import numpy as np
from PIL import Image

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pictures")
H, W = 11, 13
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def path(name):
    return os.path.join(OUT, name)


def chunk(kind, data):
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def packed(rows, bits):
    """Rows (h, w, c) of samples as PNG's filtered bytes, filter 0."""
    out = b""
    for row in rows:
        samples = row.reshape(-1)
        if bits == 16:
            data = samples.astype(">u2").tobytes()
        elif bits == 8:
            data = samples.astype("u1").tobytes()
        else:
            each = 8 // bits
            padded = np.zeros(-(-samples.size // each) * each, dtype=np.int64)
            padded[: samples.size] = samples
            shifts = np.arange(each)[::-1] * bits
            data = (padded.reshape(-1, each) << shifts).sum(1).astype("u1").tobytes()
        out += b"\0" + data
    return out


def png(name, samples, color, bits, interlaced=False, before=b"", after=b""):
    h, w = samples.shape[:2]
    samples = samples.reshape(h, w, -1)
    if interlaced:
        raw = b"".join(packed(part, bits) for x, y, dx, dy in ADAM7
                       for part in [samples[y::dy, x::dx]] if part.shape[0] and part.shape[1])
    else:
        raw = packed(samples, bits)
    header = struct.pack(">IIBBBBB", w, h, bits, color, 0, 0, int(interlaced))
    with open(path(name), "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + chunk(b"IDAT", zlib.compress(raw, 9)) + after
                + chunk(b"IEND", b""))


def expect(name, array):
    array = np.asarray(array)
    np.save(path(name), np.clip(np.rint(array), 0, 255).astype("u1").reshape(array.shape[0], array.shape[1], -1))


def over_white(color, alpha, most):
    return (color * alpha + most * (most - alpha)) / most * 255 / most


def main():
    y, x = np.mgrid[0:H, 0:W]
    grey = (x * 17 + y * 5) % 256
    rgb = np.stack([x * 19, y * 23, (x + y) * 10], -1) % 256
    alpha = (x * 20 + y * 3) % 256
    for bits in (1, 2, 4, 8):
        most = 2**bits - 1
        png(f"grey{bits}.png", grey % (most + 1), GREY, bits, interlaced=bits in (2, 8))
        expect(f"grey{bits}.npy", grey % (most + 1) * 255 // most)
    png("grey16.png", grey * 257, GREY, 16)
    expect("grey16.npy", grey)
    png("rgb8.png", rgb, RGB, 8, interlaced=True)
    expect("rgb8.npy", rgb)
    png("rgb16.png", rgb * 257, RGB, 16)
    expect("rgb16.npy", rgb)
    png("rgba8.png", np.concatenate([rgb, alpha[..., None]], -1), RGBA, 8)
    expect("rgba8.npy", over_white(rgb, alpha[..., None], 255))
    png("rgba16.png", np.concatenate([rgb, alpha[..., None]], -1) * 257, RGBA, 16, interlaced=True)
    expect("rgba16.npy", over_white(rgb, alpha[..., None], 255))
    png("grey_alpha8.png", np.stack([grey, alpha], -1), GREY_ALPHA, 8)
    expect("grey_alpha8.npy", over_white(grey, alpha, 255))
    png("grey_alpha16.png", np.stack([grey, alpha], -1) * 257, GREY_ALPHA, 16)
    expect("grey_alpha16.npy", over_white(grey, alpha, 255))
    png("gamma.png", np.concatenate([rgb, alpha[..., None]], -1), RGBA, 8, before=chunk(b"gAMA", struct.pack(">I", 100000)))
    expect("gamma.npy", over_white(rgb, alpha[..., None], 255))

    colors = np.array([[255, 0, 0], [0, 200, 10], [5, 6, 255], [90, 91, 92]], dtype="u1")
    greys = np.repeat(np.array([0, 250, 100, 30], dtype="u1")[:, None], 3, 1)
    index = (x + y) % 4
    png("palette.png", index, PALETTE, 2, before=chunk(b"PLTE", colors.tobytes()))
    expect("palette.npy", colors[index])
    png("palette8.png", index, PALETTE, 8, interlaced=True, before=chunk(b"PLTE", colors.tobytes()))
    expect("palette8.npy", colors[index])
    png("palette_grey.png", index, PALETTE, 4, before=chunk(b"PLTE", greys.tobytes()))
    expect("palette_grey.npy", greys[index][..., 0])
    png("palette_clear.png", index, PALETTE, 8, before=chunk(b"PLTE", colors.tobytes()) + chunk(b"tRNS", b"\0\x80"))
    expect("palette_clear.npy", over_white(colors[index].astype(int), np.array([0, 128, 255, 255])[index][..., None], 255))
    key = rgb.copy()
    key[::2] = [1, 2, 3]
    png("key.png", key, RGB, 8, before=chunk(b"tRNS", struct.pack(">HHH", 1, 2, 3)))
    white = key.copy()
    white[::2] = 255
    expect("key.npy", white)
    png("grey_key.png", index, GREY, 2, before=chunk(b"tRNS", struct.pack(">H", 0)))
    expect("grey_key.npy", np.where(index == 0, 255, index * 85))
    png("one.png", np.full((1, 1, 1), 77), GREY, 8)
    expect("one.npy", np.full((1, 1, 1), 77))

    control = chunk(b"acTL", struct.pack(">II", 2, 0)) + chunk(
        b"fcTL", struct.pack(">IIIIIHHBB", 0, W, H, 0, 0, 1, 10, 0, 0))
    second = chunk(b"fcTL", struct.pack(">IIIIIHHBB", 1, W, H, 0, 0, 1, 10, 0, 0)) + chunk(
        b"fdAT", struct.pack(">I", 2) + zlib.compress(packed(255 - grey[..., None], 8), 9))
    png("animated.png", grey, GREY, 8, before=control, after=second)
    expect("animated.npy", grey)

    photo = Image.fromarray(np.kron(np.stack([x * 19, y * 23, 255 - x * 9], -1) % 256, np.ones((4, 3, 1))).astype("u1"))
    exif = Image.Exif()
    for name, picture, options in [
        ("rgb.jpg", photo, {}), ("progressive.jpg", photo, {"progressive": True}),
        ("grey.jpg", photo.convert("L"), {}), ("cmyk.jpg", photo.convert("CMYK"), {}),
        ("one.jpg", photo.resize((1, 1)), {}),
    ]:
        picture.save(path(name), quality=90, **options)
        seen = Image.open(path(name))
        expect(name.replace(".jpg", "_jpg.npy"), np.asarray(seen if seen.mode == "L" else seen.convert("RGB")))
    from PIL import ImageOps
    for orientation in range(2, 9):
        exif[0x0112] = orientation
        name = f"turned{orientation}.jpg"
        photo.save(path(name), quality=90, exif=exif)
        expect(name.replace(".jpg", "_jpg.npy"), np.asarray(ImageOps.exif_transpose(Image.open(path(name)))))


main()
