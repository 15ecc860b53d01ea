"""The digest of pixels in the fixtures; Tests/UnmaskImageTests/Digest.swift computes the same."""

import array
import sys


def digest(data):
    """FNV-1a over little-endian 64-bit words, the last one padded with zeros, as 16 hexadecimal digits."""
    words = array.array("Q", bytes(data) + bytes(-len(data) % 8))
    if sys.byteorder == "big":
        words.byteswap()
    value = 0xCBF29CE484222325
    for word in words:
        value = ((value ^ word) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def image_digest(image):
    """`WIDTHxHEIGHTxCHANNELS:DIGEST` of a Pillow image."""
    return f"{image.width}x{image.height}x{len(image.getbands())}:{digest(image.tobytes())}"
