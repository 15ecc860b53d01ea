"""BMP files made byte by byte: every header, depth, layout of bit fields, and runs."""

import struct

HEADERS = (12, 40, 52, 56, 64, 108, 124)
FIELDS = {
    (16, "565"): (0xF800, 0x7E0, 0x1F),
    (16, "555"): (0x7C00, 0x3E0, 0x1F),
    (24, "bgr"): (0xFF0000, 0xFF00, 0xFF),
    (32, "bgrx"): (0xFF0000, 0xFF00, 0xFF, 0),
    (32, "xbgr"): (0xFF000000, 0xFF0000, 0xFF00, 0),
    (32, "bgxr"): (0xFF000000, 0xFF00, 0xFF, 0),
    (32, "abgr"): (0xFF000000, 0xFF0000, 0xFF00, 0xFF),
    (32, "rgba"): (0xFF, 0xFF00, 0xFF0000, 0xFF000000),
    (32, "bgra"): (0xFF0000, 0xFF00, 0xFF, 0xFF000000),
    (32, "bgar"): (0xFF000000, 0xFF00, 0xFF, 0xFF0000),
    (32, "none"): (0, 0, 0, 0),
}


def bmp(
    width, height, bits, data, header=40, compression=0, palette=b"", colors=0, masks=(), top_down=False, gap=0,
    offset=None,
):
    """`data` as the file has it; `masks` in the header, or behind one of 40 bytes."""
    if header == 12:
        info = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        stored = -height if top_down else height
        info = struct.pack(
            "<IiiHHIIiiII", header, width, stored, 1, bits, compression, len(data), 2835, 2835, colors, 0)
        info = info[: header].ljust(header, b"\0")
        fields = b"".join(struct.pack("<I", mask) for mask in masks)
        if header == 40:
            info += fields[:12]
        elif masks:
            room = min(len(fields), header - 40)
            info = info[:40] + fields[:room] + info[40 + room :]
    start = 14 + len(info) + len(palette) + gap if offset is None else offset
    body = info + palette + b"\xaa" * gap + data
    return b"BM" + struct.pack("<IHHI", 14 + len(body), 0, 0, start) + body


def rows(random, width, height, bits):
    stride = (width * bits + 31) // 32 * 4
    return random.integers(0, 256, (height, stride), dtype="uint8").tobytes()


def rle8(random, width, height):
    """Runs, literals, line ends and skips, in every order."""
    file = b""
    for y in range(height):
        x = 0
        while x < width:
            length = int(random.integers(1, min(6, width - x) + 1))
            if length >= 3 and random.random() < 0.4:
                file += bytes([0, length]) + random.integers(0, 256, length, dtype="uint8").tobytes() + b"\0" * (length % 2)
            else:
                file += bytes([length, int(random.integers(0, 256))])
            x += length
        file += b"\0\0"
    return file + b"\0\1"


def rle4(random, width, height):
    file = b""
    for y in range(height):
        x = 0
        while x < width:
            length = int(random.integers(1, min(9, width - x) + 1))
            if length >= 3 and random.random() < 0.4:
                literal = random.integers(0, 256, (length + 1) // 2, dtype="uint8").tobytes()
                file += bytes([0, length]) + literal + b"\0" * (len(literal) % 2)
            else:
                file += bytes([length, int(random.integers(0, 256))])
            x += length
        file += b"\0\0"
    return file + b"\0\1"


def fresh(random, width, height):
    """One of that size, in some way or another."""
    header = int(random.choice(HEADERS))
    entry = 3 if header == 12 else 4
    bits = int(random.choice([1, 4, 8, 16, 24, 32]))
    palette = random.integers(0, 256, (1 << bits) * entry, dtype="uint8").tobytes() if bits <= 8 else b""
    options = {"header": header, "palette": palette, "top_down": header != 12 and random.random() < 0.3}
    if header != 12 and bits in (4, 8) and random.random() < 0.4:
        data = (rle8 if bits == 8 else rle4)(random, width, height)
        return bmp(width, height, bits, data, compression=1 if bits == 8 else 2, **options)
    fields = [masks for (depth, _), masks in FIELDS.items() if depth == bits]
    if header in (56, 64, 108, 124) and fields and random.random() < 0.6:
        options |= {"compression": 3, "masks": fields[int(random.integers(len(fields)))]}
    return bmp(width, height, bits, rows(random, width, height, bits), **options)


def cases(random):
    """Names and bytes."""
    def palette(count, entry):
        return random.integers(0, 256, (count, entry), dtype="uint8").tobytes()

    for header in HEADERS:
        entry = 3 if header == 12 else 4
        for bits in (1, 4, 8, 16, 24, 32):
            colors = palette(1 << bits, entry) if bits <= 8 else b""
            yield f"bmp-{header}-{bits}bit.bmp", bmp(
                19, 11, bits, rows(random, 19, 11, bits), header=header, palette=colors)
    for width in (1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33):
        yield f"bmp-1bit-{width}.bmp", bmp(width, 3, 1, rows(random, width, 3, 1), palette=palette(2, 4))
        yield f"bmp-24bit-{width}.bmp", bmp(width, 3, 24, rows(random, width, 3, 24))
    for bits in (1, 4, 8, 24):
        colors = palette(1 << bits, 4) if bits <= 8 else b""
        yield f"bmp-{bits}bit-down.bmp", bmp(
            13, 7, bits, rows(random, 13, 7, bits), palette=colors, top_down=True)
    for (bits, name), masks in FIELDS.items():
        for header in (40, 52, 56, 64, 124):
            if len(masks) == 4 and masks[3] and header < 56:
                continue
            yield f"bmp-fields-{header}-{bits}-{name}.bmp", bmp(
                9, 5, bits, rows(random, 9, 5, bits), header=header, compression=3, masks=masks)
    black_white = bytes([0, 0, 0, 0, 255, 255, 255, 0])
    ramp = bytes(value for index in range(256) for value in (index, index, index, 0))
    yield "bmp-black-white.bmp", bmp(19, 5, 1, rows(random, 19, 5, 1), palette=black_white)
    yield "bmp-white-black.bmp", bmp(19, 5, 1, rows(random, 19, 5, 1), palette=black_white[4:] + black_white[:4])
    yield "bmp-gray.bmp", bmp(19, 5, 8, rows(random, 19, 5, 8), palette=ramp)
    yield "bmp-8bit-two-grays.bmp", bmp(19, 5, 8, rows(random, 19, 5, 8), palette=black_white, colors=2)
    yield "bmp-8bit-few.bmp", bmp(19, 5, 8, rows(random, 19, 5, 8), palette=palette(100, 4), colors=100)
    yield "bmp-gray-few.bmp", bmp(19, 5, 8, rows(random, 19, 5, 8), palette=ramp[: 4 * 40], colors=40)
    yield "bmp-gap.bmp", bmp(9, 5, 24, rows(random, 9, 5, 24), gap=6)
    yield "bmp-no-offset.bmp", bmp(9, 5, 24, rows(random, 9, 5, 24), offset=0)
    yield "bmp-no-offset-palette.bmp", bmp(9, 5, 4, rows(random, 9, 5, 4), palette=palette(16, 4), offset=0)
    yield "bmp-offset-at-palette.bmp", bmp(9, 5, 4, rows(random, 9, 5, 4), palette=palette(16, 4), offset=54)
    for top_down in (False, True):
        way = "-down" if top_down else ""
        yield f"bmp-rle8{way}.bmp", bmp(
            21, 9, 8, rle8(random, 21, 9), compression=1, palette=palette(256, 4), top_down=top_down)
        yield f"bmp-rle4{way}.bmp", bmp(
            21, 9, 4, rle4(random, 21, 9), compression=2, palette=palette(16, 4), top_down=top_down)
    yield "bmp-rle8-gray.bmp", bmp(21, 9, 8, rle8(random, 21, 9), compression=1, palette=ramp)
    # A skip over two rows and five pixels, a run too long for its row, and an end of line in the midst.
    runs = b"\x05\x11\0\x02\x05\x02" + b"\x03\x22\0\0" + b"\x40\x33\0\0" + b"\x15\x44\0\0" + b"\0\x02\x14\x03\x01\x55\0\1"
    yield "bmp-rle8-skips.bmp", bmp(21, 9, 8, runs, compression=1, palette=palette(256, 4))
    literal = b"\0\x0f" + bytes(range(1, 9)) + b"\x06\x7a\0\0"
    yield "bmp-rle4-literal.bmp", bmp(21, 1, 4, literal, compression=2, palette=palette(16, 4))
