"""EXIF blocks, sound and damaged, and the orientation that Pillow finds in them."""

import random
import struct
import warnings

from PIL import Image

ORIENTATION = 0x0112
#                     SHORT LONG SSHORT SLONG ASCII BYTE UNDEFINED unknown
TYPES = {3: "H", 4: "I", 8: "h", 9: "i", 2: "B", 1: "B", 7: "B", 99: "I"}


def block(order, entries, magic=42, start=8):
    """A TIFF header and one directory of (tag, type, count, value) entries."""
    body = struct.pack(order + "2sHI", b"II" if order == "<" else b"MM", magic, start) + bytes(start - 8)
    body += struct.pack(order + "H", len(entries))
    for tag, kind, count, value in entries:
        value = struct.pack(order + TYPES[kind] * min(count, 1), *[value] * min(count, 1)).ljust(4, b"\0")
        body += struct.pack(order + "HHI", tag, kind, count) + value
    return body + bytes(4)


def orientation(data):
    """1…8 as Pillow's exif_transpose would act on it; 1 where it would not act, or would fail."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exif = Image.Exif()
        try:
            exif.load(data)
            value = exif.get(ORIENTATION, 1)
            return int(value) if value in range(1, 9) else 1
        except Exception:
            return 1


def sound_blocks():
    for order in "<>":
        for kind in TYPES:
            for count in (0, 1, 2, 3):
                yield block(order, [(0x0100, 3, 1, 9), (ORIENTATION, kind, count, 6), (0x0132, 2, 3, 65)])
        for value in range(0, 11):
            yield block(order, [(ORIENTATION, 3, 1, value)])
        yield block(order, [(ORIENTATION, 3, 1, 3), (ORIENTATION, 3, 1, 6)])
        yield block(order, [(ORIENTATION, 99, 1, 3), (ORIENTATION, 3, 1, 6)])
        yield block(order, [(0x010F, 2, 400, 0), (ORIENTATION, 3, 1, 6)])
        yield block(order, [(0x010F, 2, 20, 40), (0x0110, 2, 20, 0), (ORIENTATION, 3, 1, 6)])
        yield block(order, [(ORIENTATION, 3, 1, 6)], magic=42 << 8)
        yield block(order, [(ORIENTATION, 3, 1, 6)], magic=7)
        yield block(order, [(ORIENTATION, 3, 1, 6)], start=20)
    yield b"Exif\0\0" * 2 + block("<", [(ORIENTATION, 3, 1, 6)])


def cases(seed):
    """[hexadecimal block, orientation] pairs: sound blocks, each also cut short and with bytes overwritten."""
    chance = random.Random(seed)
    blocks = []
    for data in sound_blocks():
        blocks.append(data)
        blocks.append(data[: chance.randrange(len(data))])
        for _ in range(3):
            damaged = bytearray(data)
            for _ in range(chance.randint(1, 3)):
                damaged[chance.randrange(len(damaged))] = chance.choice([0, 1, 2, 3, 4, 8, 255, chance.randrange(256)])
            blocks.append(bytes(damaged))
    return [[data.hex(), orientation(data)] for data in blocks]
