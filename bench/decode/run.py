"""How fast large JPEG photographs become a model's pixels, side by side: Unmask exact and with --fast-decode, Pillow with and
without its draft mode, OpenCV with and without its reduced reading, torchvision where it can be imported. And how far what is
decoded fast is from what is decoded exactly, in pixels and in vectors.

    python bench/decode/run.py --unmask .build/release/unmask [--rounds 7] [--photographs 8] [--model PATH]

All prepare the same files in as many threads as there are processors, each in its turn (bench/peers/lockstep.py): the shorter
side to 248 pixels, 224 × 224 of the middle. OpenCV takes its own filter for shrinking (INTER_AREA), the others are bicubic and antialiased.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

HERE = Path(__file__).parent
sys.path += [str(HERE.parent / "peers"), str(HERE.parents[1] / "Tests/Oracles/images")]
import corpora  # noqa: E402
from lockstep import answer_turns, take_turns  # noqa: E402

SIDE, CROP = 248, 224


def options():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--unmask", default=".build/release/unmask")
    p.add_argument("--model", default="models/fashion-vit.safetensors", help="whose vectors are compared")
    p.add_argument("--rounds", type=int, default=7)
    p.add_argument("--photographs", type=int, default=8)
    p.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    p.add_argument("--worker", choices=PEERS, help=argparse.SUPPRESS)
    p.add_argument("--files", type=Path, help=argparse.SUPPRESS)
    return p.parse_args()


def photographs(folder, count):
    """Debian's photographs at 4000 × 3000 pixels, as cameras write them."""
    found = corpora.files("lomiri-wallpapers-16.04")
    for number, path in enumerate((found * count)[:count]):
        image = Image.open(path).convert("RGB").resize((4000, 3000), Image.LANCZOS)
        image.save(folder / f"{number}.jpg", quality=90, subsampling=2)


def middle(height, width):
    return slice((height - CROP) // 2, (height + CROP) // 2), slice((width - CROP) // 2, (width + CROP) // 2)


def covered(height, width):
    return (SIDE, int(SIDE * width / height)) if height <= width else (int(SIDE * height / width), SIDE)


def pillow(path, draft=False):
    with Image.open(path) as image:
        height, width = covered(image.height, image.width)
        if draft:
            image.draft("RGB", (2 * width, 2 * height))
        return np.asarray(image.convert("RGB").resize((width, height), Image.BICUBIC))[middle(height, width)]


def opencv(path, reduced=False):
    import cv2

    cv2.setNumThreads(1)
    # A quarter of 3000 rows is the smallest with twice 248.
    image = cv2.imread(str(path), cv2.IMREAD_REDUCED_COLOR_4 if reduced else cv2.IMREAD_COLOR)
    height, width = covered(*image.shape[:2])
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)[middle(height, width)]


def torchvision(path):
    import torch
    from torchvision.io import ImageReadMode, decode_jpeg, read_file
    from torchvision.transforms.v2.functional import resize

    torch.set_num_threads(1)
    image = decode_jpeg(read_file(str(path)), ImageReadMode.RGB)
    height, width = covered(*image.shape[1:])
    return resize(image, [height, width], antialias=True).permute(1, 2, 0).numpy()[middle(height, width)]


PEERS = {
    "pillow": pillow,
    "pillow-draft": lambda path: pillow(path, draft=True),
    "opencv": opencv,
    "opencv-reduced": lambda path: opencv(path, reduced=True),
    "torchvision": torchvision,
}


def work(o):
    paths = sorted(o.files.glob("*.jpg"))
    with ThreadPoolExecutor(o.threads) as pool:
        answer_turns(lambda: list(pool.map(PEERS[o.worker], paths)), lambda first: None)


def arrays(o, paths, *words):
    """What Unmask writes of each photograph."""
    for path in paths:
        with tempfile.NamedTemporaryFile(suffix=".npy") as file:
            subprocess.run([o.unmask, words[0], path, *words[1:], "--out", file.name], check=True, capture_output=True)
            yield np.load(file.name).astype(np.float64)


def distances(o, paths):
    exact, fast = (np.stack(list(arrays(o, paths, "preprocess", "--recipe", "timm", *more))) for more in ([], ["--fast-decode"]))
    difference = np.abs(exact - fast)
    print(f"\npixels: {difference.mean():.2f} levels apart in the mean, {difference.max():.0f} at most")
    exact, fast = (np.stack(list(arrays(o, paths, "embed", "--model", o.model, *more))).squeeze(1) for more in ([], ["--fast-decode"]))
    cosines = (exact * fast).sum(-1) / np.linalg.norm(exact, axis=-1) / np.linalg.norm(fast, axis=-1)
    print(f"vectors of {o.model}: cosine {cosines.mean():.6f} in the mean, {cosines.min():.6f} at least")


def main():
    o = options()
    if o.worker:
        return work(o)
    with tempfile.TemporaryDirectory() as folder:
        photographs(Path(folder), o.photographs)
        paths = sorted(map(str, Path(folder).glob("*.jpg")))
        bench = [o.unmask, "bench", "decode", "--lockstep", "--recipe", "timm", *paths]
        commands = {"unmask": bench, "unmask --fast-decode": [*bench, "--fast-decode"]}
        for peer in PEERS:
            commands[peer] = [sys.executable, __file__, "--worker", peer, "--files", folder, "--threads", str(o.threads)]
        rates = {each.name: len(paths) / median(each.seconds) for each in take_turns(commands, o.threads, o.rounds)}
        print(f"{len(paths)} photographs of 12 megapixels, {o.threads} threads, {o.rounds} rounds\n")
        for name, rate in sorted(rates.items(), key=lambda entry: -entry[1]):
            print(f"{name:22}{rate:9.1f} a second{rate / rates['unmask']:9.2f} times Unmask's exact ones")
        distances(o, paths)


if __name__ == "__main__":
    sys.exit(main())
