"""Heads that answer of every place, from pictures to masks and scores, against PyTorch and Pillow.

    python check_dense.py UNMASK        # numpy, torch, Pillow and safetensors, of Tests/Oracles/requirements.txt
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import torch
from PIL import Image, ImageDraw
from safetensors.numpy import load_file
from torch.nn import functional as F

ROOT = pathlib.Path(__file__).resolve().parents[3]
MODEL = ROOT / "models/fashion-mae.safetensors"
RECIPES = {"squash": [], "mae": ["--recipe", "mae"]}


def run(*arguments):
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def pairs(folder, random, count):
    """Pictures of bright shapes with masks in three forms: a palette, gray of one bit, gray of eight; one turned by EXIF."""
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    for index in range(count):
        width, height = int(random.integers(30, 90)), int(random.integers(30, 90))
        picture = Image.fromarray(random.integers(0, 90, (height, width), np.uint8))
        mask = Image.new("P" if index % 3 else "L", (width, height))
        mask.putpalette([0, 0, 0, 200, 30, 30]) if index % 3 else None
        corners = [width // 5, height // 4, width * 3 // 5, height * 4 // 5]
        draw = ImageDraw.Draw(picture).ellipse if index % 2 else ImageDraw.Draw(picture).rectangle
        draw(corners, fill=230)
        (ImageDraw.Draw(mask).ellipse if index % 2 else ImageDraw.Draw(mask).rectangle)(corners, fill=1)
        exif = Image.Exif()
        if index == 4:
            exif[0x112] = 6
            picture = picture.transpose(Image.Transpose.ROTATE_90)
        picture.save(folder / f"images/{index:03}.jpg", quality=95, exif=exif)
        mask.save(folder / f"masks/{index:03}.png", bits=1 if index % 3 == 1 else 8)


def seen(recipe, width, height):
    """Of each side the image's pixels that are seen, as shares of what the model sees (28 × 28); NaN elsewhere."""
    if recipe == "squash":
        return [(np.arange(n) + 0.5) / n for n in (height, width)]
    short, sides = int(28 / 0.875), []
    for n, other in ((height, width), (width, height)):
        resized = short if n <= other else int(short * n / other)
        place = (np.arange(n) + 0.5) * resized / n
        start = round((resized - 28) / 2)
        place[(place < start) | (place >= start + 28)] = np.nan
        sides.append((place - start) / 28)
    return sides


def main(unmask):
    random = np.random.default_rng(5)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        pairs(folder / "data", random, 40)
        images = sorted((folder / "data/images").iterdir())
        for recipe, more in RECIPES.items():
            head, out = folder / f"{recipe}.head", folder / recipe
            shared = ["--model", MODEL, *more, "--no-cache"]
            for hidden in ([], ["--hidden", 8]):
                report = run(
                    unmask, "fit", "segment", *shared, "--data", folder / "data", "--hold-out", 0.25, "-o", head, "--json", *hidden)[0]
                assert report["test"]["mean_iou"] > 0.7, report["test"]
                lines = run(unmask, "segment", *images, *shared, "--head", head, "-o", f"{out}/")
                tokens = run(unmask, "embed", *images, *shared, "--pooling", "tokens")
                file = {n: torch.tensor(t).double() for n, t in load_file(head).items()}
                differing = total = 0
                counts = np.zeros((2, 2))
                for path, line, embedded in zip(images, lines, tokens, strict=True):
                    x = torch.tensor(embedded["embedding"]).double().reshape(49, -1)
                    if hidden:
                        x = F.relu(F.linear(x, file["hidden.weight"], file["hidden.bias"]))
                    grid = F.linear(x, file["weight"], file["bias"]).T.reshape(1, 2, 7, 7)
                    answered = Image.open(out / f"{path.stem}.png")
                    truth = np.asarray(Image.open(folder / f"data/masks/{path.stem}.png"))
                    assert answered.mode == "P" and answered.size == truth.shape[::-1], (answered.mode, answered.size)
                    rows, columns = seen(recipe, truth.shape[1], truth.shape[0])
                    # PyTorch's own interpolation at any places: half-pixel, the border continued.
                    places = torch.tensor(np.stack(np.broadcast_arrays(columns[None] * 2 - 1, rows[:, None] * 2 - 1), -1))
                    scores = F.grid_sample(grid, places[None].nan_to_num(), "bilinear", "border", align_corners=False)[0]
                    expected = scores.argmax(0).numpy()
                    expected[np.isnan(rows)[:, None] | np.isnan(columns)[None]] = 255
                    found = np.asarray(answered)
                    # Where scores are equal to six digits, either may be said.
                    near = (scores[0] - scores[1]).abs().numpy() < 1e-4
                    differing += int(((found != expected) & ~near).sum())
                    total += found.size
                    for truth_class in (0, 1):
                        for answer in (0, 1):
                            counts[truth_class, answer] += ((truth == truth_class) & (found == answer)).sum()
                    shares = {c["index"]: c["share"] for c in line["classes"]}
                    known = (found != 255).sum()
                    assert all(abs(s - (found == i).sum() / known) < 1e-12 for i, s in shares.items())
                    assert abs(line["seen"] - known / found.size) < 1e-12
                measured = run(unmask, "eval", *shared, "--head", head, "--data", folder / "data", "--json")[0]
                # eval reads tokens as they are kept, in float16, by which single pixels fall the other way.
                apart = int(np.abs(np.array(measured["confusion"]) - counts).sum()) // 2
                assert apart <= total * 1e-4, (measured["confusion"], counts)
                print(f"segment, {recipe}{', hidden' if hidden else ''}: {differing} of {total} pixels differ; eval's counts by {apart}")
                assert differing == 0
        shared = ["--model", MODEL, "--no-cache"]
        run(unmask, "fit", "anomaly", *shared, "--data", folder / "data/images", "-o", folder / "good.head")
        file = {n: torch.tensor(t).double() for n, t in load_file(folder / "good.head").items()}
        lines = run(unmask, "score", *images, *shared, "--head", folder / "good.head")
        tokens = run(unmask, "embed", *images, *shared, "--pooling", "tokens")
        worst = 0.0
        for line, embedded in zip(lines, tokens, strict=True):
            x = torch.tensor(embedded["embedding"]).double().reshape(49, -1) * file["scale"]
            distances = torch.cdist(x, file["memory"]).min(1).values.numpy()
            # A difference of squares keeps their last digits alone where a patch is all but remembered.
            worst = max(worst, float(np.abs(np.square(line["patches"]) - distances**2).max() / (x**2).sum(1).max()))
        print(f"score: squared distances within {worst:.1e} of the largest square")
        assert worst < 1e-5


if __name__ == "__main__":
    main(sys.argv[1])
