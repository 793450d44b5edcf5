"""Writes tests/data/codec/*.zip: archives as Python writes them, and one for every rule that a reader must enforce.

Run: python3 tests/data/make_zip.py (standard library only). The same bytes each time.
"""

import io
import os
import struct
import zipfile
import zlib

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "codec")
LONG = bytes(b"abcdefg"[i % 7] for i in range(5000))
DATE = (1980, 1, 1, 0, 0, 0)


def save(name, data):
    with open(os.path.join(OUT, name), "wb") as f:
        f.write(data)


class Pipe(io.RawIOBase):
    """A stream that cannot seek: zipfile then writes sizes behind the data."""

    def __init__(self):
        self.data = b""

    def writable(self):
        return True

    def write(self, b):
        self.data += bytes(b)
        return len(b)


def python_archive(method, zip64=False, pipe=False):
    out = Pipe() if pipe else io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for name, data in (("a/long.txt", LONG), ("short", b"x")):
            info = zipfile.ZipInfo(name, DATE)
            info.compress_type = method
            with z.open(info, "w", force_zip64=zip64) as f:
                f.write(data)
    return out.data if pipe else out.getvalue()


def deflate(data):
    c = zlib.compressobj(9, zlib.DEFLATED, -15)
    return c.compress(data) + c.flush()


def zeros(count):
    """`count` zeros, deflated, without holding them."""
    c = zlib.compressobj(9, zlib.DEFLATED, -15)
    crc, out, block = 0, b"", bytes(1 << 20)
    for _ in range(count >> 20):
        out += c.compress(block)
        crc = zlib.crc32(block, crc)
    return out + c.flush(), crc


class Member:
    def __init__(self, own_name, data, method=0, **lies):
        packed = lies.pop("raw", deflate(data) if method == 8 else data)
        self.data, self.begin = packed, lies.pop("begin", None)
        self.here = dict(name=own_name, method=method, flags=0, crc=zlib.crc32(data), packed=len(packed), size=len(data))
        self.here.update(lies.pop("both", {}))
        self.there = dict(self.here, **lies)        # what the directory says


def record(m):
    return struct.pack("<HHHHIIIH", m["flags"], m["method"], 0, 33, m["crc"], m["packed"], m["size"], len(m["name"]))


def archive(*members, prefix=b"", disk=0, count=None, begin64=None):
    """`begin64`: a ZIP64 end record as well, which says that the directory begins there."""
    body, directory = b"", b""
    for m in members:
        begin = len(body) if m.begin is None else m.begin
        body += struct.pack("<IH", 0x04034B50, 20) + record(m.here) + struct.pack("<H", 0) + m.here["name"] + m.data
        directory += struct.pack("<IHH", 0x02014B50, 20, 20) + record(m.there)
        directory += struct.pack("<HHHHII", 0, 0, 0, 0, 0, begin) + m.there["name"]
    count = len(members) if count is None else count
    end = struct.pack("<IHHHHIIH", 0x06054B50, disk, disk, count, count, len(directory), len(body), 0)
    if begin64 is not None:
        at = len(body) + len(directory)
        end64 = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, count, count, len(directory), begin64)
        end = end64 + struct.pack("<IIQI", 0x07064B50, 0, at, 1) + end
    return prefix + body + directory + end


def main():
    os.makedirs(OUT, exist_ok=True)
    save("stored.zip", python_archive(zipfile.ZIP_STORED))
    save("deflated.zip", python_archive(zipfile.ZIP_DEFLATED))
    save("zip64.zip", python_archive(zipfile.ZIP_DEFLATED, zip64=True))
    save("piped.zip", python_archive(zipfile.ZIP_DEFLATED, pipe=True))

    a, hundred = Member(b"a", b"x"), b"0123456789" * 10
    for name, bad in (("parent", b"x/../../y"), ("absolute", b"/etc/x"), ("drive", b"C:x"), ("backslash", b"a\\b"),
                      ("control", b"a\nb")):
        save(f"bad_{name}.zip", archive(Member(bad, b"x")))
    save("bad_twins.zip", archive(a, Member(b"b", b"y"), Member(b"a", b"z")))
    save("bad_overlap.zip", archive(a, Member(b"b", b"y", begin=0)))
    save("bad_size.zip", archive(Member(b"a", b"xyz", size=2, packed=2)))
    save("bad_bigger.zip", archive(Member(b"a", hundred, 8, both=dict(size=101))))
    save("bad_smaller.zip", archive(Member(b"a", hundred, 8, both=dict(size=99))))
    save("bad_name.zip", archive(Member(b"a", b"x", name=b"b")))
    save("bad_crc.zip", archive(Member(b"a", b"x", both=dict(crc=1))))
    save("bad_ratio.zip", archive(Member(b"a", hundred, 8, both=dict(size=1 << 30))))
    packed, crc = zeros(65 << 20)
    save("bad_bomb.zip", archive(Member(b"a", b"", 8, raw=packed, both=dict(size=65 << 20, crc=crc))))
    packed, crc = zeros(5 << 20)
    save("bad_bombs.zip", archive(*[Member(b"%d" % i, b"", 8, raw=packed, both=dict(size=5 << 20, crc=crc))
                                    for i in range(13)]))
    save("bad_count.zip", archive(a, count=65000))
    save("bad_method.zip", archive(Member(b"a", b"x", 12)))
    save("bad_encrypted.zip", archive(Member(b"a", b"x", both=dict(flags=1))))
    save("bad_prefix.zip", archive(a, prefix=b"#!/bin/sh\n"))
    save("bad_end64.zip", archive(a, begin64=1))
    save("bad_parts.zip", archive(a, disk=1))


if __name__ == "__main__":
    main()
