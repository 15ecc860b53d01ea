"""How often a changed picture finds the one that it was made of: recall on tiles of Debian's photographs.

    python recall.py --model models/fashion-mae.safetensors --model models/fashion-vit.safetensors --columns 6 --rows 4 --queries 100

Photographs of `lomiri-wallpapers-16.04` (UNMASK_CORPORA: where it is unpacked; default: installed) are cut into tiles, which are
indexed once for each pooling, as the model gives it and by a `project` head that is fitted on every second tile and made the
model's own. A query is a tile that was cropped, turned, compressed or brightened; recall@k is the share of queries whose tile is
among the k nearest. All searches are exact, so that what is missed is the vectors' doing. Prints a table for docs/retrieval.md.
"""

import argparse
import io
import json
import os
import subprocess
import tempfile
from pathlib import Path

from PIL import Image, ImageEnhance

PHOTOGRAPHS = Path(os.environ.get("UNMASK_CORPORA", "/")) / "usr/share/backgrounds"
SIDE = 192


def compressed(tile):
    held = io.BytesIO()
    tile.save(held, "JPEG", quality=30)
    return Image.open(held)


def cropped(tile):
    edge = SIDE // 10
    return tile.crop((edge, edge, SIDE - edge, SIDE - edge))


CHANGES = {
    "crop to 80 %": cropped,
    "turn by 10°": lambda tile: tile.rotate(10, Image.BICUBIC, fillcolor=(128, 128, 128)),
    "turn by 90°": lambda tile: tile.transpose(Image.ROTATE_90),
    "JPEG, quality 30": compressed,
    "brightness × 1.4": lambda tile: ImageEnhance.Brightness(tile).enhance(1.4),
}


def cut(folder, columns, rows):
    """Tiles of every photograph, from all over it."""
    folder.mkdir()
    photographs = sorted(path for path in PHOTOGRAPHS.rglob("*") if path.suffix in (".jpg", ".png") and not path.is_symlink())
    if not photographs:
        raise SystemExit(f"no photographs in {PHOTOGRAPHS}: apt-get install lomiri-wallpapers-16.04, or set UNMASK_CORPORA")
    for number, path in enumerate(photographs):
        picture = Image.open(path).convert("RGB")
        # Halved until the tiles are some sixth of its height: a tile shows something then.
        picture.thumbnail((SIDE * columns * 2, SIDE * rows * 2))
        for place in range(columns * rows):
            x = (picture.width - SIDE) * (place % columns) // (columns - 1)
            y = (picture.height - SIDE) * (place // columns) // (rows - 1)
            picture.crop((x, y, x + SIDE, y + SIDE)).save(folder / f"{number:02}-{place:02}.png")
    return len(photographs)


def run(program, *arguments):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{arguments}: {done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def projected(program, model, pooling, tiles, folder):
    """The model with a head of principal components, fitted on every second tile."""
    some, head, out = folder / "some", folder / f"{model.stem}-{pooling}.head", folder / f"{model.stem}-{pooling}.safetensors"
    if not some.exists():
        some.mkdir()
        for path in sorted(tiles.iterdir())[::2]:
            os.link(path, some / path.name)
    run(program, "fit", "project", "--model", model, "--pooling", pooling, "--data", some, "--whiten", "-o", head)
    run(program, "convert", model, out, "--head", head)
    return out


def recalls(program, model, pooling, tiles, queries, folder):
    """Of every change (recall@1, recall@10)."""
    index = folder / f"{model.stem}-{pooling}-{len(list(folder.iterdir()))}.unmask"
    options = ["--model", model]
    run(program, "index", "build", tiles, "-o", index, *(options if pooling is None else [*options, "--pooling", pooling]))
    table = {}
    for name, queried in queries.items():
        ranks = {path.stem: None for path in queried.iterdir()}
        for line in run(program, "search", queried, "--index", index, "-k", 10, *options):
            stem = Path(line["query"]).stem
            if any(Path(path).stem == stem for path in [line["path"], *line.get("same_pixels", [])]):
                ranks[stem] = line["rank"]
        found = [rank for rank in ranks.values() if rank is not None]
        table[name] = (sum(rank == 1 for rank in found) / len(ranks), len(found) / len(ranks))
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--unmask", default=".build/release/unmask")
    parser.add_argument("--model", action="append", type=Path, required=True)
    parser.add_argument("--pooling", action="append", help="default: cls and mean")
    parser.add_argument("--columns", type=int, default=8, help="tiles in a row of a photograph")
    parser.add_argument("--rows", type=int, default=6)
    parser.add_argument("--queries", type=int, default=200, help="tiles that are changed, each in every way")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tiles = folder / "tiles"
        photographs = cut(tiles, arguments.columns, arguments.rows)
        every = sorted(tiles.iterdir())
        queries = {}
        for number, (change, change_of) in enumerate(CHANGES.items()):
            queries[change] = folder / f"queries-{number}"
            queries[change].mkdir()
            for path in every[:: max(1, len(every) // arguments.queries)][: arguments.queries]:
                change_of(Image.open(path)).save(queries[change] / path.name)
        print(f"{len(every)} tiles of {photographs} photographs; recall@1 / recall@10\n")
        print("| model | pooling | " + " | ".join(queries) + " |\n|---|---|" + "---|" * len(queries))
        for model in arguments.model:
            for pooling in arguments.pooling or ["cls", "mean"]:
                for head in (False, True):
                    used = projected(arguments.unmask, model, pooling, tiles, folder) if head else model
                    table = recalls(arguments.unmask, used, None if head else pooling, tiles, queries, folder)
                    cells = " | ".join(f"{one:.2f} / {ten:.2f}" for one, ten in table.values())
                    print(f"| {model.stem} | {pooling}{', project' if head else ''} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
