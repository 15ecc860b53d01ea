"""Writes Tests/UnmaskImageTests/Fixtures: small images, and what Pillow makes of them and of Debian's corpora.

Run from the repository's root, with the packages of corpora.py and libavif-bin installed:

    python Tests/Oracles/images/make_fixtures.py

Written with Pillow 13.0.0 (libjpeg-turbo 3.2.0, libwebp 1.6.0, libtiff 4.7.2, libavif 1.4.2), pillow-heif 1.8.1 (libheif
1.23.6, libde265 1.1.3) and NumPy 2.4.6; all randomness comes from seed 7.
"""

import io
import json
import shutil
from pathlib import Path

import numpy
import pillow_heif
import PIL
from PIL import Image, PngImagePlugin, features

import bmp_by_hand
import corpora
import exif_blocks
import gif_by_hand
import heif_by_pillow
import pillow_oracle
import tiff_by_hand
from digest import digest, image_digest
from png_by_hand import SAMPLES, png

FIXTURES = Path("Tests/UnmaskImageTests/Fixtures")
SEED = 7
FILTERS = {name: getattr(Image, name.upper()) for name in ("nearest", "box", "bilinear", "hamming", "bicubic", "lanczos")}
XMP = b'<x:xmpmeta><rdf:Description tiff:Orientation="%d"/></x:xmpmeta>'


def picture(width, height, channels=3):
    """A smooth picture with edges; the channels differ."""
    y, x = numpy.mgrid[0:height, 0:width]
    waves = [127 + 90 * numpy.sin(x / (3 + c) + c) * numpy.cos(y / (5 - c)) for c in range(channels)]
    waves = numpy.stack(waves, axis=-1)
    waves[height // 3 : height // 2, width // 4 : width // 2] = [250, 20, 90, 200][:channels]
    return waves.clip(0, 255).astype(numpy.uint8)


def encoded(image, **options):
    buffer = io.BytesIO()
    image.save(buffer, **options)
    return buffer.getvalue()


def jpegs():
    rgb = Image.fromarray(picture(45, 38))
    gray = rgb.convert("L")
    cmyk = Image.fromarray(picture(45, 38, 4), "CMYK")
    for name, subsampling in (("444", 0), ("422", 1), ("420", 2)):
        yield f"baseline-{name}.jpg", encoded(rgb, format="JPEG", quality=85, subsampling=subsampling)
        yield f"progressive-{name}.jpg", encoded(
            rgb, format="JPEG", quality=60, subsampling=subsampling, progressive=True)
    yield "restart.jpg", encoded(rgb, format="JPEG", restart_marker_blocks=2)
    yield "rgb.jpg", encoded(rgb, format="JPEG", quality=85, keep_rgb=True)
    yield "gray.jpg", encoded(gray, format="JPEG")
    yield "gray-progressive.jpg", encoded(gray, format="JPEG", progressive=True)
    cmyk_bytes = encoded(cmyk, format="JPEG", quality=85)
    yield "cmyk.jpg", cmyk_bytes
    # The same bytes, declared as YCCK: the last byte of the Adobe segment is the colour transform.
    adobe = cmyk_bytes.index(b"Adobe") + 11
    yield "ycck.jpg", cmyk_bytes[:adobe] + b"\x02" + cmyk_bytes[adobe + 1 :]
    yield "1x1.jpg", encoded(rgb.resize((1, 1)), format="JPEG")
    for number in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = number
        yield f"exif-{number}.jpg", encoded(rgb.crop((0, 0, 19, 11)), format="JPEG", exif=exif)
    yield "xmp-6.jpg", encoded(rgb.crop((0, 0, 19, 11)), format="JPEG", xmp=XMP % 6)


def pngs(random):
    for color, depths in {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}.items():
        for bits in depths:
            samples = random.integers(0, 1 << bits, (11, 19, SAMPLES[color]))
            options = {"palette": random.integers(0, 256, 3 << bits)} if color == 3 else {}
            for interlaced in (False, True):
                name = f"color{color}-{bits}bit{'-interlaced' if interlaced else ''}.png"
                yield name, png(samples, color, bits, interlaced, **options)
            if color == 3:
                alpha = random.integers(0, 256, max(1, (1 << bits) * 3 // 4))
                yield f"color3-{bits}bit-trns.png", png(samples, 3, bits, transparent=alpha, **options)
            if color in (0, 2):
                named = samples[5, 7].astype(">u2").tobytes()
                yield f"color{color}-{bits}bit-trns.png", png(samples, color, bits, transparent=named)
    samples = random.integers(0, 256, (1, 1, 3))
    yield "1x1.png", png(samples, 2, 8)
    exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    samples = random.integers(0, 256, (5, 9, 3))
    yield "exif-6.png", png(samples, 2, 8, extra=[(b"eXIf", exif)])
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", (XMP % 3).decode())
    yield "xmp-3.png", encoded(Image.fromarray(samples.astype(numpy.uint8)), format="PNG", pnginfo=text)
    for number, compressed in ((5, True), (8, False)):
        block = exif[:18] + bytes([number]) + exif[19:]
        raw = "\nexif\n%8d\n" % len(block) + "\n".join(block.hex()[i : i + 72] for i in range(0, 2 * len(block), 72)) + "\n"
        text = PngImagePlugin.PngInfo()
        text.add_text("Raw profile type exif", raw, zip=compressed)
        yield f"raw-exif-{number}.png", encoded(Image.fromarray(samples.astype(numpy.uint8)), format="PNG", pnginfo=text)
    yield "gamma.png", png(samples, 2, 8, extra=[(b"gAMA", (45455).to_bytes(4, "big"))])


def webps():
    rgb = Image.fromarray(picture(45, 38))
    rgba = rgb.copy()
    rgba.putalpha(Image.fromarray(picture(45, 38, 1)[:, :, 0]))
    yield "lossy.webp", encoded(rgb, format="WEBP", quality=80)
    yield "lossless.webp", encoded(rgb, format="WEBP", lossless=True)
    yield "lossy-alpha.webp", encoded(rgba, format="WEBP", quality=80)
    yield "lossless-alpha.webp", encoded(rgba, format="WEBP", lossless=True)
    yield "animated.webp", encoded(rgb, format="WEBP", save_all=True, append_images=[rgb.rotate(180)], duration=40)
    yield "animated-alpha.webp", encoded(rgba, format="WEBP", save_all=True, append_images=[rgba.rotate(180)])
    yield "1x1.webp", encoded(rgb.resize((1, 1)), format="WEBP")
    exif = Image.Exif()
    exif[0x0112] = 8
    yield "exif-8.webp", encoded(rgb, format="WEBP", exif=exif)
    yield "xmp-5.webp", encoded(rgb, format="WEBP", xmp=XMP % 5)


def gifs(random):
    yield from gif_by_hand.cases(random)
    for name, mode in (("rgb", "RGB"), ("gray", "L"), ("bilevel", "1")):
        image = Image.fromarray(picture(45, 38)).convert(mode)
        yield f"gif-pillow-{name}.gif", encoded(image, format="GIF")
    frames = [Image.fromarray(picture(45, 38)).rotate(angle) for angle in (0, 90, 180)]
    yield "gif-animated.gif", encoded(frames[0], format="GIF", save_all=True, append_images=frames[1:], disposal=2)


def tiffs(random):
    """By hand, and with the decompressors that libtiff has besides."""
    yield from tiff_by_hand.cases(random)
    rgb = Image.fromarray(picture(45, 38))
    for compression in ("tiff_lzw", "jpeg", "zstd"):
        yield f"tiff-{compression}.tif", encoded(rgb, format="TIFF", compression=compression)
    yield "tiff-jpeg-gray.tif", encoded(rgb.convert("L"), format="TIFF", compression="jpeg")
    yield "tiff-jpeg-cmyk.tif", encoded(rgb.convert("CMYK"), format="TIFF", compression="jpeg")
    yield "tiff-jpeg-strips.tif", encoded(rgb, format="TIFF", compression="jpeg", strip_size=45 * 3 * 16)
    yield "tiff-ycbcr-lzw.tif", encoded(rgb.convert("YCbCr"), format="TIFF", compression="tiff_lzw")
    yield "tiff-lzw-alpha.tif", encoded(rgb.convert("RGBA"), format="TIFF", compression="tiff_lzw")
    for compression in ("tiff_ccitt", "group3", "group4"):
        yield f"tiff-{compression}.tif", encoded(rgb.convert("1"), format="TIFF", compression=compression)
    pages = [rgb.rotate(angle) for angle in (90, 0)]
    yield "tiff-pages.tif", encoded(pages[0], format="TIFF", save_all=True, append_images=pages[1:])


def noise(random):
    for width, height in ((1, 1), (1, 500), (500, 1), (7, 3), (57, 33), (40, 150)):
        yield f"noise-{width}x{height}.png", png(random.integers(0, 256, (height, width, 3)), 2, 8)


def views(path, sizes):
    """Digests of the decoded image and of its recipes."""
    expected = {}
    for channels in (1, 3):
        image = pillow_oracle.decode(path, channels)
        expected[f"decode {channels}"] = image_digest(image)
        for recipe in pillow_oracle.RECIPES:
            for height, width in sizes:
                key = f"{recipe} {height}x{width}x{channels}"
                expected[key] = image_digest(pillow_oracle.prepare(image, recipe, height, width))
    return expected


def resizes(path):
    sizes = [(1, 1), (2, 3), (16, 16), (31, 17), (100, 45), (9, 149), (224, 224)]
    expected = {}
    for channels in (1, 3):
        image = pillow_oracle.decode(path, channels)
        for width, height in sizes + [(image.width, 5), (5, image.height), (image.width, 2 * image.height)]:
            for name, resample in FILTERS.items():
                resized = image.resize((width, height), resample)
                expected[f"{name} {width}x{height}x{channels}"] = image_digest(resized)
    return expected


def corpus_file(path):
    entry = {"file": digest(path.read_bytes())}
    try:
        image = pillow_oracle.decode(path)
    except Exception as error:
        return entry | {"refused": f"{type(error).__name__}"}
    entry["decode 3"] = image_digest(image)
    for recipe in pillow_oracle.RECIPES:
        entry[f"{recipe} 224x224x3"] = image_digest(pillow_oracle.prepare(image, recipe, 224, 224))
    return entry


def write(name, content):
    text = json.dumps(content, indent=0, sort_keys=True, separators=(",", ":"))
    (FIXTURES / name).write_text(text + "\n")


def wide_grays(paths):
    """Of gray of 12 and 16 bits, the highest 8: of what Pillow reads before it clamps."""
    found = {}
    for path in sorted(paths):
        image = Image.open(path)
        if not image.mode.startswith("I;16"):
            continue
        samples = numpy.asarray(image).astype(numpy.uint16)
        bits = 12 if path.stem.endswith("-12") else 16
        shades = (samples >> (bits - 8)).astype(numpy.uint8)
        shades[samples == image.info.get("transparency", -1)] = 255
        found[path.name] = image_digest(Image.fromarray(shades))
    return found


def drafts(paths):
    """Of JPEGs as Pillow's draft mode reads them for a model of so many pixels."""
    expected = {}
    for path in paths:
        for channels in (1, 3):
            for view in ((recipe, *size) for recipe in pillow_oracle.RECIPES for size in ((1, 1), (2, 2), (3, 5), (9, 9))):
                image = pillow_oracle.prepare(pillow_oracle.decode(path, channels, view), *view)
                expected.setdefault(path.name, {})["{} {}x{}x{}".format(*view, channels)] = image_digest(image)
    return expected


def write_near():
    """Images of which decoders' versions differ by a level, and Pillow's pixels of them as PNG."""
    (FIXTURES / "near").mkdir()
    for name, data in heif_by_pillow.halved_heics(picture):
        path = FIXTURES / "near" / name
        path.write_bytes(data)
        pillow_oracle.decode(path).save(path.with_suffix(".png"))


def write_swapped():
    """TIFF files that Pillow reads wrong, and as PNG what it makes of the same samples where it reads them right."""
    folder = FIXTURES / "swapped"
    folder.mkdir()
    for name, data, readable in tiff_by_hand.swapped_twice():
        (folder / name).write_bytes(data)
        pillow_oracle.decode(io.BytesIO(readable), channels=1).save((folder / name).with_suffix(".png"))


def main():
    shutil.rmtree(FIXTURES, ignore_errors=True)
    (FIXTURES / "images").mkdir(parents=True)
    random = numpy.random.default_rng(SEED)
    resized = [*jpegs(), *pngs(random), *webps(), *noise(random)]
    # Of so many kinds the pixels alone: what is done with pixels then is the same for all.
    decoded = [*gifs(random), *bmp_by_hand.cases(random), *tiffs(random)]
    decoded += [*heif_by_pillow.avifs(picture), *heif_by_pillow.deep_avifs(picture), *heif_by_pillow.heics(picture)]
    made = resized + decoded
    for name, data in made:
        (FIXTURES / "images" / name).write_bytes(data)
    versions = {"pillow": PIL.__version__, "libwebp": features.version("webp")}
    versions["libjpeg-turbo"] = features.version("libjpeg_turbo")
    versions |= {"libtiff": features.version("libtiff"), "libavif": features.version("avif")}
    versions["libheif"] = pillow_heif.libheif_version()
    paths = [FIXTURES / "images" / name for name, _ in resized]
    more = [FIXTURES / "images" / name for name, _ in decoded]
    write("versions.json", versions)
    expected = {path.name: views(path, [(28, 28), (48, 64)]) for path in paths}
    write("images.json", expected | {path.name: views(path, []) for path in more})
    write("resizes.json", {path.name: resizes(path) for path in paths if path.name.startswith("noise")})
    write("wide_gray.json", wide_grays(paths + more))
    write("drafts.json", drafts([path for path in paths if path.suffix == ".jpg"]))
    write_near()
    write_swapped()
    write("exif.json", exif_blocks.cases(SEED))
    packages = {}
    for package, folder in corpora.PACKAGES.items():
        base = corpora.root() / folder
        found = {str(path.relative_to(base)): corpus_file(path) for path in corpora.files(package)}
        packages[package] = {"folder": folder, "files": found}
    write("corpora.json", packages)


if __name__ == "__main__":
    main()
