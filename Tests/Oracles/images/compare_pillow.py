"""Compares `unmask preprocess` with Pillow, byte for byte, on Debian's corpora and on fresh random images.

    python Tests/Oracles/images/compare_pillow.py --unmask .build/release/unmask [--random 40] [--seed N] [--limit 20]

Prints what was compared and every difference; exits 1 where there is one, or where nothing was compared.
"""

import argparse
import io
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy
import pillow_heif
import PIL
from PIL import Image, ImageFile, features

import bmp_by_hand
import corpora
import gif_by_hand
import pillow_oracle
import tiff_by_hand

ImageFile.MAXBLOCK = 1 << 24  # Pillow's estimate of a JPEG's length is too small for noise


def fresh_images(folder, count, seed):
    """Noise at random sizes, in random encodings and orientations."""
    chance = random.Random(seed)
    noise = numpy.random.default_rng(seed)
    for index in range(count):
        size = (chance.choice([1, 2, 3, 5]) if chance.random() < 0.2 else chance.randint(1, 700) for _ in range(2))
        mode, channels = chance.choice([("L", 1), ("RGB", 3), ("CMYK", 4), ("RGBA", 4)])
        pixels = noise.integers(0, 256, (*size, channels), dtype=numpy.uint8)
        image = Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels, mode)
        any_of = ["jpg", "png", "webp"]
        encodings = {"L": any_of, "RGB": any_of, "CMYK": ["jpg"], "RGBA": ["png", "webp"]}
        suffix = chance.choice(encodings[mode])
        options = {"quality": chance.randint(20, 100)} if suffix != "png" else {}
        if suffix == "jpg":
            options |= {"progressive": chance.random() < 0.5, "subsampling": chance.randint(0, 2)}
        if suffix == "webp":
            options |= {"lossless": chance.random() < 0.5}
        exif = Image.Exif()
        exif[0x0112] = chance.randint(1, 8)
        path = folder / f"random-{index}.{suffix}"
        image.save(path, exif=exif, **options)
        yield path


def fresh_by_hand(folder, count, seed):
    """Noise in the formats that are made byte by byte: wide, tall, odd and tiny."""
    random = numpy.random.default_rng(seed)
    makers = {"gif": gif_by_hand.fresh, "bmp": bmp_by_hand.fresh, "tif": tiff_by_hand.fresh}
    for index in range(count):
        suffix = list(makers)[index % len(makers)]
        longest = 300 if suffix == "gif" else 700
        width, height = (
            int(random.choice([1, 2, 3, 5])) if random.random() < 0.25 else int(random.integers(1, longest))
            for _ in range(2))
        path = folder / f"by-hand-{index}.{suffix}"
        path.write_bytes(makers[suffix](random, width, height))
        yield path


def fresh_base_media(folder, count, seed):
    """AVIF in every subsampling, HEIC in those of which libheif's versions make the same RGB."""
    random = numpy.random.default_rng(seed)
    for index in range(count):
        width, height = (
            int(random.choice([1, 2, 3, 5])) if random.random() < 0.25 else int(random.integers(1, 300))
            for _ in range(2))
        has_alpha = random.random() < 0.3
        pixels = random.integers(0, 256, (height, width, 4 if has_alpha else 3), dtype=numpy.uint8)
        image = Image.fromarray(pixels)
        path = folder / f"media-{index}.{'avif' if index % 2 == 0 else 'heic'}"
        quality = int(random.integers(30, 101))
        if path.suffix == ".avif":
            subsampling = str(random.choice(["4:0:0", "4:2:0", "4:2:2", "4:4:4"]))
            extent = str(random.choice(["full", "limited"]))
            image.save(
                path, quality=quality, speed=10, subsampling=subsampling, range=extent, exif=turned(random))
        else:
            image.save(path, quality=quality, chroma=int(random.choice([422, 444])), exif=turned(random))
        yield path


def turned(random):
    exif = Image.Exif()
    exif[0x0112] = int(random.integers(1, 9))
    return exif


def ours(unmask, path, recipe, size):
    """[H, W, C] bytes, or the message of a refusal."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "pixels.npy"
        command = [unmask, "preprocess", path, "--recipe", recipe, "--size", str(size), "--out", out]
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode < 0:
            return f"died of signal {-result.returncode}"
        return numpy.load(io.BytesIO(out.read_bytes())) if out.exists() else result.stderr.strip() or "no output"


def pillows(path, recipe, size):
    try:
        return numpy.asarray(pillow_oracle.prepare(pillow_oracle.decode(path), recipe, size, size))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--unmask", required=True, help="the program to compare")
    parser.add_argument("--random", type=int, default=40, help="how many fresh images to make")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31), help="of the fresh images")
    parser.add_argument("--limit", type=int, help="at most so many files of each package")
    options = parser.parse_args()
    print(f"pillow-heif {pillow_heif.__version__}, libheif {pillow_heif.libheif_version()}")
    print(f"Pillow {PIL.__version__}, libjpeg-turbo {features.version('libjpeg_turbo')}, seed {options.seed}")
    equal = refused = different = 0
    with tempfile.TemporaryDirectory() as folder:
        paths = [path for package in corpora.PACKAGES for path in corpora.files(package)[: options.limit]]
        paths += fresh_images(Path(folder), options.random, options.seed)
        paths += fresh_by_hand(Path(folder), 3 * options.random, options.seed)
        paths += fresh_base_media(Path(folder), options.random, options.seed)
        for path in paths:
            for recipe in pillow_oracle.RECIPES:
                size = 224 if recipe != "squash" else 28
                found, expected = ours(options.unmask, path, recipe, size), pillows(path, recipe, size)
                if isinstance(expected, str) and isinstance(found, str) and "signal" not in found:
                    refused += 1
                elif isinstance(expected, str) or isinstance(found, str):
                    different += 1
                    print(f"{path} {recipe}: unmask {describe(found)}; Pillow {describe(expected)}")
                elif found.shape == expected.shape and (found == expected).all():
                    equal += 1
                else:
                    different += 1
                    print(f"{path} {recipe}: {describe(found)} differs from {describe(expected)}")
    print(f"{equal} equal, {refused} refused by both, {different} different")
    sys.exit(1 if different or not equal else 0)


def describe(result):
    return result if isinstance(result, str) else f"gives {result.shape}, mean {result.mean():.3f}"


if __name__ == "__main__":
    main()
