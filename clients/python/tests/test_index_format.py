"""The reader of indexes that docs/retrieval.md shows, on an index that the program has made."""

import json
import re
import subprocess
import sys

import numpy as np
from conftest import ROOT, SAMPLES, program

MODEL = ROOT / "models/fashion-mae.safetensors"


def run(*arguments):
    done = subprocess.run([program(), *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def page():
    text = (ROOT / "docs/retrieval.md").read_text()
    return re.search(r"```python\n(.*?)```", text, re.DOTALL).group(1)


def test_the_page_reads_what_the_program_writes(tmp_path):
    photos, index = tmp_path / "photos", tmp_path / "i"
    photos.mkdir()
    for sample in SAMPLES:
        (photos / sample.name).write_bytes(sample.read_bytes())
    (photos / "z-copy.png").write_bytes(SAMPLES[0].read_bytes())
    run("index", "build", photos, "-o", index, "--model", MODEL, "--pooling", "mean")
    (photos / SAMPLES[1].name).unlink()
    run("index", "update", photos, "-o", index, "--model", MODEL, "--pooling", "mean")

    scope = {"__name__": "page"}
    exec(page(), scope)
    vectors, paths = scope["read_index"](index)
    expected = run("embed", *SAMPLES, "--model", MODEL, "--pooling", "mean", "--normalize")
    assert np.array_equal(vectors, np.array([line["embedding"] for line in expected], "f4"))
    assert paths[0] == [str(photos / SAMPLES[0].name), str(photos / "z-copy.png")]
    assert paths[1] == [] and all(len(names) == 1 for names in paths[2:])

    (tmp_path / "read.py").write_text(page())
    printed = subprocess.run([sys.executable, tmp_path / "read.py", index], capture_output=True, text=True, check=True).stdout
    found = run("search", SAMPLES[0], "--index", index, "--model", MODEL, "-k", "4")
    assert [line.split()[1] for line in printed.splitlines() if len(line.split()) > 1][:1] == [found[0]["path"]]
