"""AVIF and HEIC files as Pillow, pillow-heif and avifenc (Debian's libavif-bin) write them, and boxes changed by hand."""

import io
import struct
import subprocess
import tempfile
from pathlib import Path

import numpy
import pillow_heif
from PIL import Image

TURNS = 4


def boxes(data, start=0, end=None):
    """(place, name, first byte of the content, end) of each box."""
    end = len(data) if end is None else end
    while start + 8 <= end:
        length, name = struct.unpack(">I4s", data[start : start + 8])
        yield start, name, start + 8, start + length
        start += length


def with_property(data, box):
    """The file with one more property of its first item, an essential one: its boxes grow, its data moves."""
    def path(*names):
        place, found, end = 0, [], len(data)
        for name in names:
            for start, box_name, content, box_end in boxes(data, place, end):
                if box_name == name:
                    found.append(start)
                    place, end = content + (4 if name == b"meta" else 0), box_end
                    break
            else:
                raise ValueError(f"no {name}")
        return found, place, end

    data = bytearray(data)
    found, _, ipco_end = path(b"meta", b"iprp", b"ipco")
    properties = sum(1 for _ in boxes(data, found[-1] + 8, ipco_end))
    data[ipco_end:ipco_end] = box
    for place in found:
        data[place : place + 4] = struct.pack(">I", struct.unpack(">I", data[place : place + 4])[0] + len(box))
    found, ipma, _ = path(b"meta", b"iprp", b"ipma")
    # Version and flags 0, entry count, item, count of associations, and those: one byte each.
    first = ipma + 4 + 4 + 2
    count = data[first]
    data[first] = count + 1
    data[first + 1 + count : first + 1 + count] = bytes([0x80 | properties + 1])
    for place in found:
        data[place : place + 4] = struct.pack(">I", struct.unpack(">I", data[place : place + 4])[0] + 1)
    return move_items(data, len(box) + 1)


def move_items(data, distance):
    """Adds to each item's place in the file: iloc of version 0 with offsets and lengths of four bytes."""
    meta = next(content for _, name, content, _ in boxes(data) if name == b"meta") + 4
    meta_end = next(end for _, name, _, end in boxes(data) if name == b"meta")
    content = next(content for _, name, content, _ in boxes(data, meta, meta_end) if name == b"iloc")
    version, sizes, base, count = data[content], data[content + 4], data[content + 5] >> 4, struct.unpack(
        ">H", data[content + 6 : content + 8])[0]
    assert version in (0, 1) and sizes == 0x44, (version, sizes)
    place = content + 8
    for _ in range(count):
        place += 4 + (2 if version == 1 else 0) + base
        extents = struct.unpack(">H", data[place : place + 2])[0]
        place += 2
        for _ in range(extents):
            data[place : place + 4] = struct.pack(">I", struct.unpack(">I", data[place : place + 4])[0] + distance)
            place += 8
    return bytes(data)


def irot(quarters):
    return struct.pack(">I4sB", 9, b"irot", quarters)


def imir(axis):
    return struct.pack(">I4sB", 9, b"imir", axis)


def encoded(image, **options):
    buffer = io.BytesIO()
    image.save(buffer, **options)
    return buffer.getvalue()


def exif(number):
    block = Image.Exif()
    block[0x0112] = number
    return block


def avifs(picture):
    """Names and bytes. `picture` makes an array from a width, a height and a count of channels."""
    rgb = Image.fromarray(picture(45, 38))
    rgba = rgb.copy()
    rgba.putalpha(Image.fromarray(picture(45, 38, 1)[:, :, 0]))
    for subsampling in ("4:0:0", "4:2:0", "4:2:2", "4:4:4"):
        name = subsampling.replace(":", "")
        for extent in ("full", "limited"):
            yield f"avif-{name}-{extent}.avif", encoded(
                rgb, format="AVIF", subsampling=subsampling, range=extent, quality=90, speed=10)
        yield f"avif-{name}-alpha.avif", encoded(
            rgba, format="AVIF", subsampling=subsampling, quality=90, speed=10)
    yield "avif-lossless.avif", encoded(rgb, format="AVIF", subsampling="4:4:4", quality=100, speed=10)
    yield "avif-premultiplied.avif", encoded(rgba, format="AVIF", alpha_premultiplied=True, quality=90, speed=10)
    yield "avif-sequence.avif", encoded(
        rgb, format="AVIF", save_all=True, append_images=[rgb.rotate(180)], quality=80, speed=10)
    for size in ((1, 1), (3, 5), (2, 70), (130, 3)):
        small = Image.fromarray(picture(*size)) if min(size) > 5 else Image.fromarray(picture(140, 140)).crop((0, 0, *size))
        yield f"avif-{size[0]}x{size[1]}.avif", encoded(small, format="AVIF", quality=90, speed=10)
    small = rgb.crop((0, 0, 19, 11))
    for number in range(2, 9):
        yield f"avif-turned-{number}.avif", encoded(small, format="AVIF", quality=90, speed=10, exif=exif(number))
    plain = encoded(small, format="AVIF", quality=90, speed=10)
    for quarters in range(TURNS):
        for axis in (0, 1):
            yield f"avif-irot-{quarters}-imir-{axis}.avif", with_property(
                with_property(plain, irot(quarters)), imir(axis))
    xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    yield "avif-xmp.avif", encoded(small, format="AVIF", quality=90, speed=10, xmp=xmp)


def deep_avifs(picture):
    """10 and 12 bits, and a grid, which Pillow does not write."""
    with tempfile.TemporaryDirectory() as folder:
        plain, alpha, out = (Path(folder) / name for name in ("plain.png", "alpha.png", "out.avif"))
        Image.fromarray(picture(46, 38)).save(plain)
        rgba = Image.fromarray(picture(46, 38))
        rgba.putalpha(Image.fromarray(picture(46, 38, 1)[:, :, 0]))
        rgba.save(alpha)

        def made(path, *options):
            command = ["avifenc", "-j", "1", "-s", "10", "--min", "5", "--max", "20", *options, path, out]
            subprocess.run(command, check=True, capture_output=True)
            return out.read_bytes()

        for depth in ("10", "12"):
            for subsampling in ("400", "420", "422", "444"):
                for name, path in (("", plain), ("-alpha", alpha)):
                    extent = "full" if name else "limited"
                    yield f"avif-{depth}bit-{subsampling}{name}.avif", made(
                        path, "-d", depth, "-y", subsampling, "-r", extent)
        large = Path(folder) / "large.png"
        Image.fromarray(picture(128, 128)).save(large)
        yield "avif-grid.avif", made(large, "--grid", "2x2", "-y", "444")


def heics(picture):
    """Names and bytes, of those kinds that all versions of libheif make the same RGB of: not 4:2:0 of full range."""
    rgb = Image.fromarray(picture(45, 38))
    rgba = rgb.copy()
    rgba.putalpha(Image.fromarray(picture(45, 38, 1)[:, :, 0]))
    for chroma in (422, 444):
        yield f"heic-{chroma}.heic", encoded(rgb, format="HEIF", chroma=chroma, quality=90)
        yield f"heic-{chroma}-alpha.heic", encoded(rgba, format="HEIF", chroma=chroma, quality=90)
    limited = {"matrix_coefficients": 1, "color_primaries": 1, "full_range_flag": 0}
    yield "heic-420-limited.heic", encoded(rgb, format="HEIF", chroma=420, quality=90, **limited)
    deep = picture(45, 38).astype(numpy.uint16) * 257
    for chroma in (422, 444):
        buffer = io.BytesIO()
        pillow_heif.from_bytes("RGB;16", (45, 38), deep.tobytes()).save(buffer, quality=90, chroma=chroma)
        yield f"heic-10bit-{chroma}.heic", buffer.getvalue()
    pillow_heif.options.GRID_TILE_SIZE = 64
    yield "heic-grid.heic", encoded(Image.fromarray(picture(150, 100)), format="HEIF", chroma=444, quality=60)
    pillow_heif.options.GRID_TILE_SIZE = 0
    yield "heic-gray.heic", encoded(rgb.convert("L"), format="HEIF", quality=90)
    yield "heic-lossless.heic", encoded(rgb, format="HEIF", chroma=444, quality=-1, matrix_coefficients=0)
    for size in ((1, 1), (3, 5), (2, 70), (130, 3), (64, 64)):
        small = Image.fromarray(picture(140, 140)).crop((0, 0, *size))
        yield f"heic-{size[0]}x{size[1]}.heic", encoded(small, format="HEIF", chroma=444, quality=90)
    small = rgb.crop((0, 0, 19, 11))
    for number in range(2, 9):
        yield f"heic-turned-{number}.heic", encoded(small, format="HEIF", chroma=444, quality=90, exif=exif(number))


def halved_heics(picture):
    """4:2:0 of full range, of which libheif's versions make RGB that is a level apart."""
    rgb = Image.fromarray(picture(45, 38))
    yield "heic-420.heic", encoded(rgb, format="HEIF", chroma=420, quality=90)
    yield "heic-420-large.heic", encoded(Image.fromarray(picture(200, 131)), format="HEIF", chroma=420, quality=50)
