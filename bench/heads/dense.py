"""Heads that answer of every place, on two tasks that are made here: the objects of real pictures, and what is wrong with good ones.

    make heads-dense        # the shipped autoencoder; docs/heads.md has what it printed

Segmentation: photographed objects of tuxpaint-stamps-default over pieces of lomiri-wallpapers-16.04, no object in both sets; beside
what the colours alone say. Anomalies: sneakers of Fashion-MNIST, with a piece of something else pasted in, blurred, or with dead
pixels; beside what principal components of the pixels leave over, and the nearest vector.
"""

import argparse
import json
import pathlib
import subprocess
import tempfile

import numpy as np
from fashion import FASHION, idx
from PIL import Image, ImageFilter

STAMPS, WALLPAPERS = pathlib.Path("/usr/share/tuxpaint/stamps"), pathlib.Path("/usr/share/backgrounds")
SIDE = 224


def run(*arguments):
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


# ---- The objects of pictures


def composites(random, objects, backgrounds, count, folder):
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    for index in range(count):
        ground = backgrounds[random.integers(len(backgrounds))]
        left, top = (random.integers(s - SIDE) for s in ground.size)
        picture = ground.crop((left, top, left + SIDE, top + SIDE))
        thing = Image.open(objects[index % len(objects)]).convert("RGBA")
        scale = SIDE * random.uniform(0.4, 0.85) / max(thing.size)
        thing = thing.resize([max(1, round(s * scale)) for s in thing.size], Image.Resampling.LANCZOS)
        place = tuple(int(random.integers(SIDE - s + 1)) for s in thing.size)
        picture.paste(thing, place, thing)
        mask = Image.new("L", picture.size)
        mask.paste(thing.getchannel("A").point(lambda a: 255 if a > 127 else 0), place)
        picture.save(folder / f"images/{index:04}.png")
        mask.save(folder / f"masks/{index:04}.png")


def pixels(folder):
    names = sorted((folder / "images").glob("*.png"))
    colours = np.stack([np.asarray(Image.open(n)) for n in names]).astype(int) // 16
    masks = np.stack([np.asarray(Image.open(folder / "masks" / n.name)) > 0 for n in names])
    return colours[..., 0] * 256 + colours[..., 1] * 16 + colours[..., 2], masks


def mean_iou(answered, true):
    ious = [((answered == c) & (true == c)).sum() / ((answered == c) | (true == c)).sum() for c in (False, True)]
    return float(np.mean(ious))


def segmentation(o, folder):
    random = np.random.default_rng(1)
    objects = sorted(p for p in STAMPS.rglob("*.png") if not {"cartoon", "toys"} & set(p.parts) and Image.open(p).mode == "RGBA")
    random.shuffle(objects)
    half = len(objects) * 3 // 4
    grounds = [Image.open(p).convert("RGB") for p in sorted(WALLPAPERS.glob("*.jpg"))]
    grounds = [g.resize([s // 3 for s in g.size]) for g in grounds if min(g.size) // 3 > SIDE]
    composites(random, objects[:half], grounds, o.images, folder / "train")
    composites(random, objects[half:], grounds, o.images // 3, folder / "test")
    colours, masks = pixels(folder / "train")
    counts = np.stack([np.bincount(colours[masks == c], minlength=4096) + 1.0 for c in (False, True)])
    tested, true = pixels(folder / "test")
    print(f"segmentation: {o.images} pictures of {half} objects, tested on {o.images // 3} of {len(objects) - half} others")
    print(f"  colours alone                  mean IoU {mean_iou(counts.argmax(0)[tested] == 1, true):.3f}")
    print(f"  no object anywhere             mean IoU {mean_iou(np.zeros_like(true), true):.3f}")
    for name, more in [("linear", []), ("64 hidden numbers", ["--hidden", 64])]:
        for balanced in ([], ["--balanced"]):
            report = run(
                o.unmask, "fit", "segment", "--model", o.model, "--data", folder / "train", "--test", folder / "test",
                "-o", folder / "segment.head", "--json", "--folds", 3, *more, *balanced)[0]
            test = report["test"]
            print(f"  {name + (', balanced' if balanced else ''):30} mean IoU {test['mean_iou']:.3f}, object "
                  f"{test['classes'][1]['iou']:.3f}, pixels right {test['pixel_accuracy']:.3f}, fitted in {report['fit_seconds']:.1f} s")


# ---- What is wrong with good pictures


def auroc(good, bad):
    return float(((bad[:, None] > good[None]).sum() + (bad[:, None] == good[None]).sum() / 2) / (len(good) * len(bad)))


def spoilt(random, image, others):
    """The image with one thing wrong, by its name."""
    row, column = random.integers(6, 16, 2)
    pasted, dead = image.copy(), image.copy()
    pasted[row : row + 7, column : column + 7] = others[random.integers(len(others))][10:17, 10:17]
    dead[tuple(random.integers(4, 24, (2, 6)))] = 255
    blurred = Image.fromarray(image).filter(ImageFilter.GaussianBlur(1.5))
    return {"cutout": pasted, "dead": dead, "blur": np.asarray(blurred)}


def anomalies(o, folder):
    random = np.random.default_rng(2)
    images, labels = (idx(FASHION / f"train-{n}-ubyte.gz") for n in ("images-idx3", "labels-idx1"))
    sneakers, others = images[labels == 7], images[labels != 7]
    train, test = sneakers[: o.images], sneakers[o.images : o.images + 200]
    kinds = {"good": sneakers[o.images + 200 : o.images + 400]}
    for name in ("cutout", "dead", "blur"):
        kinds[name] = np.stack([spoilt(random, image, others)[name] for image in test])
    for name, pictures in [("train", train), *((f"test/{n}", p) for n, p in kinds.items())]:
        (folder / name).mkdir(parents=True)
        for index, picture in enumerate(pictures):
            Image.fromarray(picture).save(folder / name / f"{index:04}.png")
    measures = {"memory": "memory of patches", "reconstruction": "masked reconstruction", "both": "both"}
    reports = {}
    for by in measures:
        head = folder / f"{by}.head"
        run(o.unmask, "fit", "anomaly", "--model", o.model, "--data", folder / "train", "-o", head, "--by", by, "--json")
        reports[by] = run(o.unmask, "eval", "--model", o.model, "--head", head, "--data", folder / "test", "--json")[0]
    flat = {n: p.reshape(len(p), -1).astype(float) for n, p in kinds.items()}
    wide = train.reshape(len(train), -1).astype(float)
    mean = wide.mean(0)
    _, s, axes = np.linalg.svd(wide - mean, full_matrices=False)
    axes = axes[: int((s.cumsum() / s.sum() < 0.95).sum()) + 1]

    def embedded(place):
        lines = run(o.unmask, "embed", folder / place, "--model", o.model, "--pooling", "mean")
        return np.array([line["embedding"] for line in lines])

    known = embedded("train")
    scores = {way: {} for way in measures.values()} | {"principal components of pixels": {}, "nearest vector": {}}
    for name in kinds:
        for by, way in measures.items():
            lines = run(o.unmask, "score", folder / "test" / name, "--model", o.model, "--head", folder / f"{by}.head")
            scores[way][name] = np.array([line["score"] for line in lines])
        rest = flat[name] - mean
        scores["principal components of pixels"][name] = np.linalg.norm(rest - rest @ axes.T @ axes, axis=1)
        scores["nearest vector"][name] = np.linalg.norm(embedded(f"test/{name}")[:, None] - known[None], axis=2).min(1)
    print(f"anomalies: {len(train)} good sneakers; 200 others, and 200 each with one thing wrong")
    for way, found in scores.items():
        each = ", ".join(f"{n} {auroc(found['good'], found[n]):.3f}" for n in kinds if n != "good")
        all_bad = np.concatenate([found[n] for n in kinds if n != "good"])
        print(f"  {way:30} AUROC {auroc(found['good'], all_bad):.3f} ({each})")
    for by, report in reports.items():
        print(f"  eval says of {by} AUROC {report['auroc']:.3f}; {report['false_alarms']} of {report['good']} good ones called "
              f"anomalous, {report['caught']} of {report['anomalous']} others")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--unmask", default=".build/release/unmask")
    parser.add_argument("--model", default="models/fashion-mae.safetensors")
    parser.add_argument("--images", type=int, default=1200)
    parser.add_argument("--only", choices=["segmentation", "anomalies"])
    o = parser.parse_args()
    for task in (segmentation, anomalies):
        if o.only in (None, task.__name__):
            with tempfile.TemporaryDirectory() as folder:
                task(o, pathlib.Path(folder))


if __name__ == "__main__":
    main()
