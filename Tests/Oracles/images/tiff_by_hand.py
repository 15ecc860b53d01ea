"""TIFF files made byte by byte: every kind of sample in every layout (TIFF 6.0, BigTIFF)."""

import struct
import zlib

import numpy

NONE, DEFLATE, PACKBITS = 1, 8, 32773
SHORT, LONG, LONG8, UNDEFINED = 3, 4, 16, 7
FORMATS = {SHORT: "H", LONG: "I", LONG8: "Q", UNDEFINED: "B"}


def pack(samples, bits, order):
    """Rows of samples `[H, W, S]` as bytes: each row begins at a byte."""
    height = samples.shape[0]
    flat = samples.reshape(height, -1)
    if samples.dtype.kind == "f":
        return [row.astype(f"{order}f4").tobytes() for row in flat]
    if bits in (8, 16, 32):
        return [row.astype(f"{order}u{bits // 8}").tobytes() for row in flat]
    packed = []
    for row in flat:
        digits = (row[:, None] >> numpy.arange(bits - 1, -1, -1)) & 1
        packed.append(numpy.packbits(digits.astype(numpy.uint8).ravel()).tobytes())
    return packed


def packbits(data):
    """Literals alone, at most 128 bytes each."""
    return b"".join(bytes([len(data[i : i + 128]) - 1]) + data[i : i + 128] for i in range(0, len(data), 128))


def reverse(data):
    return bytes(int(f"{byte:08b}"[::-1], 2) for byte in data)


def difference(samples):
    """Predictor 2: each sample less the one to its left."""
    result = samples.copy()
    result[:, 1:] -= samples[:, :-1]
    return result


def tiff(
    samples, bits, photometric, order="<", big=False, separate=False, tile=None, rows_per_strip=None, compression=NONE,
    predictor=1, fill_order=1, extra=(), sample_format=1, palette=None, orientation=None, xmp=None, tags=(),
):
    height, width, count = samples.shape
    planes = [samples[:, :, c : c + 1] for c in range(count)] if separate else [samples]
    blocks = []
    for plane in planes:
        if tile:
            across, down = tile
            padded = numpy.zeros((-(-height // down) * down, -(-width // across) * across, plane.shape[2]), plane.dtype)
            padded[:height, :width] = plane
            cut = [
                padded[y : y + down, x : x + across]
                for y in range(0, padded.shape[0], down) for x in range(0, padded.shape[1], across)
            ]
        else:
            step = rows_per_strip or height
            cut = [plane[y : y + step] for y in range(0, height, step)]
        for block in cut:
            if predictor == 2:
                block = difference(block)
            data = b"".join(pack(block, bits, order))
            if compression == DEFLATE:
                data = zlib.compress(data)
            if compression == PACKBITS:
                data = packbits(data)
            blocks.append(reverse(data) if fill_order == 2 else data)

    entries = {
        256: (LONG, [width]), 257: (LONG, [height]), 258: (SHORT, [bits] * count), 259: (SHORT, [compression]),
        262: (SHORT, [photometric]), 277: (SHORT, [count]), 284: (SHORT, [2 if separate else 1]),
    }
    if fill_order != 1:
        entries[266] = (SHORT, [fill_order])
    if orientation is not None:
        entries[274] = (SHORT, [orientation])
    if predictor != 1:
        entries[317] = (SHORT, [predictor])
    if palette is not None:
        entries[320] = (SHORT, [int(value) for value in palette])
    if extra:
        entries[338] = (SHORT, list(extra))
    if sample_format != 1:
        entries[339] = (SHORT, [sample_format] * count)
    if xmp is not None:
        entries[700] = (UNDEFINED, list(xmp))
    entries.update(tags)
    offset_type = LONG8 if big else LONG
    if tile:
        entries[322], entries[323] = (LONG, [tile[0]]), (LONG, [tile[1]])
    else:
        entries[278] = (LONG, [rows_per_strip or height])
    places, counts = (324, 325) if tile else (273, 279)
    entries[counts] = (offset_type, [len(block) for block in blocks])
    entries[places] = (offset_type, [0] * len(blocks))

    field, room = ("Q", 8) if big else ("I", 4)
    head = 16 if big else 8
    directory = (8 if big else 2) + len(entries) * (20 if big else 12) + room
    outside = head + directory
    layout = {}
    for tag in sorted(entries):
        kind, values = entries[tag]
        size = struct.calcsize(FORMATS[kind]) * len(values)
        if size > room:
            layout[tag] = outside
            outside += size + size % 2
    starts = []
    for block in blocks:
        starts.append(outside)
        outside += len(block) + len(block) % 2
    entries[places] = (offset_type, starts)

    file = b"II" if order == "<" else b"MM"
    file += struct.pack(f"{order}HHHQ", 43, 8, 0, head) if big else struct.pack(f"{order}HI", 42, head)
    file += struct.pack(f"{order}{'Q' if big else 'H'}", len(entries))
    values_behind = b""
    for tag in sorted(entries):
        kind, values = entries[tag]
        data = struct.pack(f"{order}{len(values)}{FORMATS[kind]}", *values)
        if tag in layout:
            values_behind += data + b"\0" * (len(data) % 2)
            data = struct.pack(f"{order}{field}", layout[tag])
        file += struct.pack(f"{order}HH{field}", tag, kind, len(values)) + data.ljust(room, b"\0")
    file += struct.pack(f"{order}{field}", 0) + values_behind
    for block in blocks:
        file += block + b"\0" * (len(block) % 2)
    return file


# (name, photometric, bits, samples, extra, sample format)
KINDS = [
    *[(f"white-{bits}", 0, bits, 1, (), 1) for bits in (1, 2, 4, 8, 16)],
    *[(f"gray-{bits}", 1, bits, 1, (), 1) for bits in (1, 2, 4, 8, 12, 16, 32)],
    ("gray-s8", 1, 8, 1, (), 2),
    ("gray-s16", 1, 16, 1, (), 2),
    ("gray-s32", 1, 32, 1, (), 2),
    ("gray-float", 1, 32, 1, (), 3),
    ("white-float", 0, 32, 1, (), 3),
    ("gray-x", 1, 8, 2, (0,), 1),
    ("gray-a", 1, 8, 2, (2,), 1),
    ("rgb-8", 2, 8, 3, (), 1),
    ("rgb-16", 2, 16, 3, (), 1),
    ("rgb-unsaid-8", 2, 8, 4, (), 1),
    ("rgb-unsaid-16", 2, 16, 4, (), 1),
    *[(f"rgb-{name}-{bits}", 2, bits, 4, (code,), 1) for bits in (8, 16) for name, code in (("x", 0), ("p", 1), ("a", 2))],
    ("rgb-xx", 2, 8, 5, (0, 0), 1),
    ("rgb-xxx", 2, 8, 6, (0, 0, 0), 1),
    ("rgb-px", 2, 8, 5, (1, 0), 1),
    ("rgb-ax", 2, 8, 5, (2, 0), 1),
    ("rgb-axx", 2, 8, 6, (2, 0, 0), 1),
    *[(f"palette-{bits}", 3, bits, 1, (), 1) for bits in (1, 2, 4, 8)],
    ("palette-x", 3, 8, 2, (0,), 1),
    ("palette-a", 3, 8, 2, (2,), 1),
    ("cmyk-8", 5, 8, 4, (), 1),
    ("cmyk-16", 5, 16, 4, (), 1),
    ("cmyk-x", 5, 8, 5, (0,), 1),
    ("ycbcr", 6, 8, 3, (), 1),
]
# Kinds that Pillow reads of one byte order alone.
LITTLE_ONLY = {"white-16", "gray-12", "gray-32"}
# Kinds whose compressed samples libtiff puts in the processor's order and Pillow 13 then swaps once more: big-endian ones
# it reads right where they are not compressed.
SWAPPED_TWICE = {"gray-s16", "gray-s32", "gray-float", "white-float"}


def samples_of(random, width, height, bits, count, sample_format):
    if sample_format == 3:
        return (random.random((height, width, count)) * 300 - 20).astype(numpy.float32)
    limit = 1 << bits
    if bits == 32:
        return random.integers(-50, 400, (height, width, count)).astype(numpy.int32).view(numpy.uint32)
    samples = random.integers(0, limit, (height, width, count))
    if bits in (12, 16) and count == 1:  # else nearly all is white
        samples %= 300
        samples[0] = limit - 1 - samples[0]
    return samples.astype({16: numpy.uint16, 12: numpy.uint16}.get(bits, numpy.uint8))


def of_kind(random, name, width=19, height=11, **options):
    _, photometric, bits, count, extra, sample_format = next(kind for kind in KINDS if kind[0] == name)
    palette = random.integers(0, 1 << 16, 3 << bits) if photometric == 3 else None
    samples = samples_of(random, width, height, bits, count, sample_format)
    if photometric == 6:
        options["tags"] = {530: (SHORT, [1, 1])}
    return tiff(samples, bits, photometric, extra=extra, sample_format=sample_format, palette=palette, **options)


def fresh(random, width, height):
    """One of that size, in some way or another that Pillow reads."""
    name, photometric, bits, count, extra, _ = KINDS[int(random.integers(len(KINDS)))]
    order = "<" if name in LITTLE_ONLY or random.random() < 0.5 else ">"
    compression = int(random.choice([NONE, DEFLATE, PACKBITS]))
    # What is compressed goes another way in YCbCr, and a wrong one where it is swapped twice.
    if photometric == 6 or (order == ">" and name in SWAPPED_TWICE):
        compression = NONE
    options = {"order": order, "compression": compression, "orientation": int(random.integers(1, 9))}
    is_plain = bits in (8, 16) and count in (1, 3, 4) and not extra and photometric != 6
    if random.random() < 0.4:
        options["tile"] = (16 * int(random.integers(1, 5)), 16 * int(random.integers(1, 5)))
    else:
        options["rows_per_strip"] = int(random.integers(1, height + 1))
    if is_plain and compression == DEFLATE and random.random() < 0.5:
        options["predictor"] = 2
    elif is_plain and compression != NONE and count > 1 and random.random() < 0.5:
        options["separate"] = True
    return of_kind(random, name, width, height, **options)


def swapped_twice():
    """Names, bytes, and bytes of the same samples in a way that Pillow reads right."""
    for seed, name in enumerate(sorted(SWAPPED_TWICE)):
        for way, compression in (("deflate", DEFLATE), ("packbits", PACKBITS)):
            compressed, plain = (
                of_kind(numpy.random.default_rng(seed), name, order=">", rows_per_strip=4, compression=method)
                for method in (compression, NONE))
            yield f"tiff-{name}-mm-{way}.tif", compressed, plain


def cases(random):
    """Names and bytes."""
    def made(name, **options):
        return of_kind(random, name, **options)

    for name, *_ in KINDS:
        yield f"tiff-{name}.tif", made(name)
        if name not in LITTLE_ONLY:
            yield f"tiff-{name}-mm.tif", made(name, order=">")
    for name in ("gray-1", "gray-4", "gray-8", "gray-16", "rgb-8", "rgb-16", "rgb-a-8", "palette-4", "cmyk-8"):
        for compression in (NONE, DEFLATE, PACKBITS):
            way = {NONE: "", DEFLATE: "-deflate", PACKBITS: "-packbits"}[compression]
            yield f"tiff-{name}-strips{way}.tif", made(name, rows_per_strip=4, compression=compression)
            yield f"tiff-{name}-tiles{way}.tif", made(name, width=37, height=21, tile=(16, 16), compression=compression)
    for name in ("rgb-8", "rgb-a-8", "rgb-p-8", "cmyk-8"):
        yield f"tiff-{name}-planes-deflate.tif", made(name, separate=True, rows_per_strip=4, compression=DEFLATE)
        yield f"tiff-{name}-planes-tiles-deflate.tif", made(
            name, width=37, height=21, separate=True, tile=(16, 32), compression=DEFLATE)
    for name in ("rgb-8", "rgb-a-8", "cmyk-8"):
        yield f"tiff-{name}-planes.tif", made(name, separate=True, rows_per_strip=4)
    yield "tiff-rgb-16-planes-deflate.tif", made("rgb-16", separate=True, rows_per_strip=5, compression=DEFLATE)
    yield "tiff-rgb-8-planes-tiles.tif", made("rgb-8", width=37, height=21, separate=True, tile=(16, 16))
    for name in ("gray-8", "rgb-8", "rgb-16", "gray-16", "rgb-a-8"):
        for order in "<>":
            yield f"tiff-{name}-predictor{'' if order == '<' else '-mm'}.tif", made(
                name, order=order, compression=DEFLATE, predictor=2, rows_per_strip=3)
    for name in ("white-1", "gray-1", "gray-2", "gray-4", "gray-8", "palette-8", "rgb-8"):
        yield f"tiff-{name}-fill.tif", made(name, fill_order=2)
        yield f"tiff-{name}-fill-deflate.tif", made(name, fill_order=2, compression=DEFLATE)
    # Pillow reads BigTIFF of this byte order alone.
    yield "tiff-big.tif", made("rgb-8", big=True, rows_per_strip=3)
    for number in range(1, 9):
        yield f"tiff-turned-{number}.tif", made("rgb-8", orientation=number, compression=DEFLATE)
    yield "tiff-turned-tiles.tif", made("gray-8", width=37, height=21, tile=(16, 16), orientation=6)
    xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="8"/></x:xmpmeta>'
    yield "tiff-xmp.tif", made("rgb-8", xmp=xmp)
    yield "tiff-xmp-overruled.tif", made("rgb-8", xmp=xmp, orientation=3)
    yield "tiff-1x1.tif", made("rgb-8", width=1, height=1)
    yield "tiff-odd.tif", made("gray-1", width=1, height=33, rows_per_strip=7)
    # Pillow takes the fourth for premultiplied alpha, in compressed planes alone.
    for name in ("rgb-unsaid-8", "rgb-unsaid-16"):
        yield f"tiff-{name}-planes-deflate.tif", made(name, separate=True, rows_per_strip=4, compression=DEFLATE)
        yield f"tiff-{name}-planes-tiles-packbits.tif", made(
            name, width=37, height=21, order=">", separate=True, tile=(16, 32), compression=PACKBITS)
    yield "tiff-rgb-unsaid-8-planes.tif", made("rgb-unsaid-8", separate=True, rows_per_strip=4)

