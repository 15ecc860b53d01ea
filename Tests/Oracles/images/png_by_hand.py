"""A PNG writer for what Pillow cannot write: every colour type, bit depth and tRNS, interlaced or not."""

import struct
import zlib

SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def packed(row, bits):
    """One row of samples as bytes, behind filter type 0."""
    text = "".join(format(int(sample), f"0{bits}b") for sample in row)
    text += "0" * (-len(text) % 8)
    return b"\0" + bytes(int(text[i : i + 8], 2) for i in range(0, len(text), 8))


def png(samples, color, bits, interlaced=False, palette=None, transparent=None, extra=()):
    """`samples` is an integer array [height, width, samples of the colour type]."""
    height, width, count = samples.shape
    assert count == SAMPLES[color]
    passes = ADAM7 if interlaced else [(0, 0, 1, 1)]
    data = b""
    for x, y, step_x, step_y in passes:
        part = samples[y::step_y, x::step_x]
        if part.size:
            data += b"".join(packed(row.reshape(-1), bits) for row in part)
    chunks = [chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, int(interlaced)))]
    if palette is not None:
        chunks.append(chunk(b"PLTE", bytes(int(value) for value in palette)))
    if transparent is not None:
        chunks.append(chunk(b"tRNS", bytes(int(value) for value in transparent)))
    chunks += [chunk(name, body) for name, body in extra]
    chunks += [chunk(b"IDAT", zlib.compress(data, 9)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
