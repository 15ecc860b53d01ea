"""What `unmask index export` writes, read by the programs that it is for where they are installed."""

import json
import sqlite3
import subprocess

import numpy as np
import pytest
from conftest import ROOT, SAMPLES, program

MODEL = ROOT / "models/fashion-mae.safetensors"


def run(*arguments):
    done = subprocess.run([program(), *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """An index of the samples without the second, and the vectors of the others."""
    folder = tmp_path_factory.mktemp("export")
    photos, index = folder / "it's\tphotos", folder / "i"
    photos.mkdir()
    for sample in SAMPLES:
        (photos / sample.name).write_bytes(sample.read_bytes())
    (photos / "z-copy.png").write_bytes(SAMPLES[0].read_bytes())
    run("index", "build", photos, "-o", index, "--model", MODEL, "--pooling", "mean")
    (photos / SAMPLES[1].name).unlink()
    run("index", "update", photos, "-o", index, "--model", MODEL, "--pooling", "mean")
    kept = [SAMPLES[0], *SAMPLES[2:]]
    lines = run("embed", *kept, "--model", MODEL, "--pooling", "mean", "--normalize")
    names = [[str(photos / sample.name)] for sample in kept]
    names[0].append(str(photos / "z-copy.png"))
    return folder, index, np.array([line["embedding"] for line in lines], "f4"), names


def export(made, form):
    path = made[0] / f"out.{form}"
    assert run("index", "export", made[1], "--format", form, "-o", path)[0]["vectors"] == len(made[2])
    return path


def paths(path):
    return [json.loads(line)["paths"] for line in open(f"{path}.images.jsonl")]


def test_npy(made):
    path = export(made, "npy")
    assert np.array_equal(np.load(path), made[2]) and paths(path) == made[3]


def test_fbin(made):
    path = export(made, "fbin")
    rows, dimension = np.fromfile(path, "<i4", 2)
    assert np.array_equal(np.fromfile(path, "<f4", offset=8).reshape(rows, dimension), made[2])
    assert paths(path) == made[3]


def test_faiss(made):
    faiss = pytest.importorskip("faiss")
    path = export(made, "faiss")
    index = faiss.read_index(str(path))
    assert index.metric_type == faiss.METRIC_INNER_PRODUCT and index.ntotal == len(made[2])
    assert np.array_equal(index.reconstruct_n(0, index.ntotal), made[2])
    similarities, found = index.search(made[2], 3)
    assert found[:, 0].tolist() == list(range(len(made[2])))
    assert paths(path) == made[3]


def test_sqlite(made):
    database = sqlite3.connect(":memory:")
    database.executescript(export(made, "sql").read_text())
    vectors = [np.frombuffer(blob, "<f4") for (blob,) in database.execute("SELECT vector FROM vectors ORDER BY row")]
    assert np.array_equal(vectors, made[2])
    rows = dict(database.execute("SELECT path, row FROM images"))
    assert rows == {name: row for row, names in enumerate(made[3]) for name in names}
    assert dict(database.execute("SELECT name, value FROM stamp"))["pooling"] == "mean"


def test_postgres(made):
    """As COPY's text format is read: tabs between columns, backslashes before what would end one."""
    found = {}
    for line in export(made, "postgres").read_text().split("\n")[:-1]:
        path, content, size, modified, metadata, vector = line.split("\t")
        assert metadata == "\\N"
        assert len(content) == 64 and int(size) > 0 and int(modified) > 0
        found[path.replace("\\t", "\t").replace("\\\\", "\\")] = np.array(json.loads(vector), "f4")
    assert found.keys() == {name for names in made[3] for name in names}
    for row, names in enumerate(made[3]):
        assert all(np.array_equal(found[name], made[2][row]) for name in names)


def test_qdrant(made):
    points = [point for line in export(made, "qdrant").read_text().splitlines() for point in json.loads(line)["points"]]
    assert [point["id"] for point in points] == list(range(len(made[2])))
    assert np.array_equal(np.array([point["vector"] for point in points], "f4"), made[2])
    assert [point["payload"]["paths"] for point in points] == made[3]
