"""Image files that claim far more than they hold, made from nothing but their formats' rules."""

import io
import struct
import zlib


def bombs():
    """`{name: bytes}`"""
    return {
        "a progressive JPEG of 480 scans, 100 megapixels": progressive_jpeg(10_000, 10_000, 480),
        "a progressive JPEG of 480 scans, 24 megapixels": progressive_jpeg(6000, 4000, 480),
        "a PNG one pixel high and 100 million wide": png(100_000_000, 1),
        "a PNG of 100 megapixels, 16 bits and alpha": png(10_000, 10_000),
        "a PNG of 65 megapixels, 16 bits and alpha": png(8100, 8100),
        "a PNG of the largest sizes that fit": png(0x7FFF_FFFF, 0x7FFF_FFFF),
    }


def progressive_jpeg(width, height, scans):
    """A small progressive JPEG that states another size and repeats its last scans: each is a pass over all pixels."""
    from PIL import Image

    small = io.BytesIO()
    Image.radial_gradient("L").resize((64, 64)).convert("RGB").save(small, "JPEG", progressive=True)
    before, found = split(small.getvalue(), width, height)
    refining = found[-3:]
    repeated = [refining[index % len(refining)] for index in range(max(0, scans - len(found)))]
    return b"".join(before + found + repeated) + b"\xff\xd9"


def split(data, width, height):
    """The segments before the first scan, with the size changed; and the scans, each with the tables before it."""
    before, scans, tables, at = [data[:2]], [], [], 2
    while data[at + 1] != 0xD9:
        marker = data[at + 1]
        end = at + 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
        segment = data[at:end]
        if marker == 0xC2:  # start of a progressive frame: precision, height, width
            segment = segment[:5] + struct.pack(">HH", height, width) + segment[9:]
        if marker == 0xDA:
            while data[end] != 0xFF or data[end + 1] == 0 or 0xD0 <= data[end + 1] <= 0xD7:
                end += 1
            scans.append(b"".join(tables) + data[at:end])
            tables = []
        else:
            (tables if scans else before).append(segment)
        at = end
    return before, scans


def png(width, height):
    """RGBA of 16 bits, with pixels for the first few rows at most."""
    header = struct.pack(">IIBBBBB", width, height, 16, 6, 0, 0, 0)
    pixels = zlib.compress(bytes(4096))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
