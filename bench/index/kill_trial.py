"""Kills a build of an index twenty times with SIGKILL, at random moments, and compares its bytes with an undisturbed one.

    python kill_trial.py --unmask .build/release/unmask --images 5000 --kills 20

Prints a line for each kill, with what the next run found, and ends with 1 where a byte differs. Needs NumPy and Pillow.
"""

import argparse
import filecmp
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image


def make_images(folder, count, side, seed):
    """JPEG pictures of smooth noise; every fiftieth is a copy of the one before it, every hundredth is cut short."""
    random_numbers = np.random.default_rng(seed)
    folder.mkdir()
    for number in range(count):
        path = folder / f"{number:06}.jpg"
        if number % 50 == 49:
            path.write_bytes((folder / f"{number - 1:06}.jpg").read_bytes())
            continue
        small = random_numbers.integers(0, 256, (9, 12, 3), dtype=np.uint8)
        Image.fromarray(small).resize((side * 4 // 3, side), Image.BICUBIC).save(path, quality=85)
        if number % 100 == 7:
            path.write_bytes(path.read_bytes()[:200])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--unmask", default=".build/release/unmask")
    parser.add_argument("--model", default="models/fashion-mae.safetensors")
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--side", type=int, default=480)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    environment = os.environ | {"UNMASK_CACHE": ""}
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        make_images(place / "photos", options.images, options.side, options.seed)

        def command(index, *more):
            return [options.unmask, "index", "build", place / "photos", "-o", place / index,
                    "--model", options.model, "--pooling", "mean", *more]

        start = time.monotonic()
        whole = subprocess.run(command("whole"), env=environment, capture_output=True, text=True)
        seconds = time.monotonic() - start
        print(json.dumps({"undisturbed_s": round(seconds, 1), **json.loads(whole.stdout.splitlines()[-1])}))

        chance = random.Random(options.seed)
        for number in range(options.kills):
            process = subprocess.Popen(
                list(map(str, command("killed"))), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                text=True)
            time.sleep(chance.uniform(0.05, 1.2 * seconds / options.kills))
            process.kill()
            said = [line for line in process.communicate()[1].splitlines() if "already" in line or "warning" in line]
            print(json.dumps({"kill": number + 1, "found": said}))
        last = subprocess.run(command("killed"), env=environment, capture_output=True, text=True)
        print(last.stderr.strip(), last.stdout.strip().splitlines()[-1], sep="\n")

        parts = []
        for part in "123":
            subprocess.run(command(f"part{part}", "--workers", f"{part}/3"), env=environment, capture_output=True)
            parts.append(place / f"part{part}")
        subprocess.run([options.unmask, "index", "merge", *parts, "-o", place / "merged"], env=environment, check=True)

        same = True
        for other in ["killed", "merged"]:
            names = sorted(os.listdir(place / "whole"))
            equal, different, missing = filecmp.cmpfiles(place / "whole", place / other, names, shallow=False)
            is_same = not different and not missing and sorted(os.listdir(place / other)) == names
            print(f"{other}: {len(equal)} files equal, {different + missing or 'none'} different")
            same = same and is_same
        sys.exit(0 if same else 1)


if __name__ == "__main__":
    main()
