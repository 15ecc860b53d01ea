"""GIF files made byte by byte: every way to lay a frame on its canvas (GIF89a specification)."""

import struct


def lzw(indices, bits):
    """Codes for the indices, a clear code after every so many of them, so that no code grows beyond bits + 1."""
    clear, end, size = 1 << bits, (1 << bits) + 1, bits + 1
    codes, room = [clear], (1 << bits) - 2
    for place, index in enumerate(indices):
        if place and place % max(1, room) == 0:
            codes.append(clear)
        codes.append(int(index))
    codes.append(end)
    value = sum(code << (size * place) for place, code in enumerate(codes))
    data = value.to_bytes((size * len(codes) + 7) // 8, "little")
    blocks = b"".join(bytes([len(data[i : i + 255])]) + data[i : i + 255] for i in range(0, len(data), 255))
    return bytes([bits]) + blocks + b"\0"


def interlaced(rows):
    return [rows[y] for first, step in ((0, 8), (4, 8), (2, 4), (1, 2)) for y in range(first, len(rows), step)]


def gif(
    indices, bits, canvas=None, place=(0, 0), global_palette=None, local_palette=None, transparent=None,
    background=0, is_interlaced=False, extensions=(), between=b"", second_control=None, data=None, tail=b";",
):
    """Indices `[H, W]`; palettes are bytes, three an entry, of as many entries as their power of two says."""
    height, width = len(indices), len(indices[0])
    canvas_width, canvas_height = canvas or (width, height)

    def flags(palette):
        return 0x80 | (len(palette) // 3).bit_length() - 2 if palette is not None else 0

    file = b"GIF89a" + struct.pack("<HHBBB", canvas_width, canvas_height, flags(global_palette), background, 0)
    file += global_palette or b""
    for label, content in extensions:
        file += b"!" + bytes([label]) + b"".join(bytes([len(block)]) + block for block in content) + b"\0"
    if transparent is not None:
        file += b"!\xf9\x04" + struct.pack("<BHB", 1, 0, transparent) + b"\0"
    if second_control is not None:
        file += b"!\xf9\x04" + struct.pack("<BHB", *second_control) + b"\0"
    file += between
    file += b"," + struct.pack("<HHHHB", *place, width, height, flags(local_palette) | (0x40 if is_interlaced else 0))
    file += local_palette or b""
    rows = interlaced(list(indices)) if is_interlaced else indices
    return file + (data or lzw([index for row in rows for index in row], max(bits, 2))) + tail


def fresh(random, width, height):
    """One of that size, in some way or another."""
    bits = int(random.integers(1, 9))
    inset = (int(random.integers(0, 9)), int(random.integers(0, 9))) if random.random() < 0.5 else (0, 0)
    canvas = (width + int(random.integers(0, 20)), height + int(random.integers(0, 20)))
    palette = random.integers(0, 256, 3 << int(random.integers(1, 9)), dtype="uint8").tobytes()
    return gif(
        random.integers(0, 1 << bits, (height, width)), bits, canvas=canvas, place=inset,
        global_palette=palette if random.random() < 0.8 else None,
        local_palette=palette[::-1] if random.random() < 0.3 else None,
        transparent=int(random.integers(0, 1 << bits)) if random.random() < 0.5 else None,
        is_interlaced=random.random() < 0.5)


def cases(random):
    """Names and bytes."""
    def indices(width, height, bits):
        return random.integers(0, 1 << bits, (height, width))

    def palette(bits):
        return random.integers(0, 256, 3 << bits).astype("uint8").tobytes()

    for bits in range(1, 9):
        yield f"gif-{bits}bit.gif", gif(indices(19, 11, bits), bits, global_palette=palette(bits))
        yield f"gif-{bits}bit-transparent.gif", gif(
            indices(19, 11, bits), bits, global_palette=palette(bits), transparent=1)
    for height in (1, 2, 3, 4, 5, 8, 9, 23):
        yield f"gif-interlaced-{height}.gif", gif(
            indices(7, height, 4), 4, global_palette=palette(4), is_interlaced=True)
    small = indices(9, 6, 3)
    yield "gif-local.gif", gif(small, 3, global_palette=palette(3), local_palette=palette(3))
    yield "gif-local-only.gif", gif(small, 3, local_palette=palette(3))
    yield "gif-no-palette.gif", gif(small, 3)
    yield "gif-no-palette-transparent.gif", gif(small, 3, transparent=3)
    yield "gif-short-palette.gif", gif(indices(9, 6, 8), 8, global_palette=palette(2))
    ramp = bytes(value for index in range(256) for value in [index] * 3)
    yield "gif-gray.gif", gif(indices(9, 6, 8), 8, global_palette=ramp)
    yield "gif-gray-short.gif", gif(indices(9, 6, 8), 8, global_palette=ramp[: 3 * 16])
    yield "gif-gray-local.gif", gif(indices(9, 6, 8), 8, global_palette=palette(8), local_palette=ramp, transparent=7)
    for name, options in {
        "inset": {"canvas": (20, 15), "place": (4, 3)},
        "inset-transparent": {"canvas": (20, 15), "place": (4, 3), "transparent": 2},
        "inset-background": {"canvas": (20, 15), "place": (4, 3), "background": 5},
        "inset-interlaced": {"canvas": (20, 15), "place": (11, 9), "is_interlaced": True},
        "beyond": {"canvas": (5, 4), "place": (3, 2)},
        "beyond-wide": {"canvas": (30, 4), "place": (0, 2), "transparent": 1},
        "no-canvas": {"canvas": (0, 0)},
    }.items():
        yield f"gif-{name}.gif", gif(small, 3, global_palette=palette(3), **options)
    yield "gif-inset-no-palette.gif", gif(small, 3, canvas=(20, 15), place=(4, 3))
    yield "gif-extensions.gif", gif(
        small, 3, global_palette=palette(3), extensions=[
            (0xFE, [b"a comment", b"in two"]), (0xFF, [b"NETSCAPE2.0", b"\1\0\0"]), (1, [b"x" * 12])])
    yield "gif-stray.gif", gif(small, 3, global_palette=palette(3), between=b"\0\0\x07")
    # The second control names nothing: the first one's index stays.
    yield "gif-two-controls.gif", gif(small, 3, global_palette=palette(3), transparent=4, second_control=(0, 9, 2))
    yield "gif-two-transparent.gif", gif(small, 3, global_palette=palette(3), transparent=4, second_control=(1, 9, 2))
    yield "gif-no-trailer.gif", gif(small, 3, global_palette=palette(3), tail=b"")
