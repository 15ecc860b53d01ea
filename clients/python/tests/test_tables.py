"""Tables as sources of indexes, and indexes as tables, by pyarrow."""

import datetime
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT, SAMPLES, program

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

from unmask import tables  # noqa: E402  (needs pyarrow)

MODEL = ROOT / "models/fashion-mae.safetensors"
OPTIONS = ["--model", MODEL, "--pooling", "mean", "--no-cache"]


def run(*arguments, code=0, **options):
    done = subprocess.run([program(), *map(str, arguments)], capture_output=True, text=True, **options)
    assert done.returncode == code, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def table(tmp_path):
    """Rows of bytes, of paths, of both and of neither, with columns of every kind."""
    count = len(SAMPLES)
    images = [{"bytes": path.read_bytes(), "path": path.name} for path in SAMPLES]
    images[1] = {"bytes": None, "path": str(SAMPLES[1])}
    images[2] = {"bytes": None, "path": None}
    columns = {
        "image": images, "year": list(range(2000, 2000 + count)), "share": [0.5, float("nan"), *[1.5] * (count - 2)],
        "label": pa.array(["cat", None, *["it's\t\"é\""] * (count - 2)]).dictionary_encode(), "boxes": [[1, 2]] * count,
        "thumb": [b"x"] * count, "seen": [number % 2 == 0 for number in range(count)],
        "day": [datetime.date(2024, 1, 1 + number) for number in range(count)]}
    path = tmp_path / "table.parquet"
    pq.write_table(pa.table(columns), path, row_group_size=3)
    return path


def expected(number):
    kept = {"year": 2000 + number, "seen": number % 2 == 0, "day": f"2024-01-{1 + number:02}"}
    kept |= {"share": 0.5} if number == 0 else {} if number == 1 else {"share": 1.5}
    return kept | ({"label": "cat"} if number == 0 else {} if number == 1 else {"label": "it's\t\"é\""})


def test_a_table_becomes_an_index_and_a_table_again(table, tmp_path):
    source = tables.write_source(table, tmp_path / "source", image_column="image", shard_bytes=2000)
    assert source.images == len(SAMPLES) - 1 and source.empty == 1
    assert source.left_out == ("boxes", "thumb") and len(source.archives) > 1
    again = tables.write_source(table, tmp_path / "again", image_column="image", shard_bytes=2000)
    assert [path.read_bytes() for path in again.archives] == [path.read_bytes() for path in source.archives]
    index = tmp_path / "i"
    run("index", "build", *source.archives, "-", "-o", index, "--metadata", source.metadata, *OPTIONS,
        input=source.list.read_text())
    hits = run("search", SAMPLES[3], "--index", index, "-k", "50", "--model", MODEL, "--where", "year>=2000")
    assert sorted(hit["metadata"]["year"] for hit in hits) == [2000 + n for n in range(len(SAMPLES)) if n != 2]
    assert all(hit["metadata"] == expected(hit["metadata"]["year"] - 2000) for hit in hits)
    assert hits[0]["metadata"]["year"] == 2003

    out = tmp_path / "out.parquet"
    assert tables.write_parquet(index, out) == len(SAMPLES) - 1
    found = pq.read_table(out)
    assert json.loads(found.schema.metadata[b"unmask.stamp"])["pooling"] == "mean"
    lines = {line["path"]: line["embedding"] for line in run("embed", *SAMPLES, *OPTIONS, "--normalize")}
    for row in found.to_pylist():
        number = row["metadata"]["year"] - 2000
        assert {name: value for name, value in row["metadata"].items() if value is not None} == expected(number)
        assert np.array_equal(np.array(row["vector"], "f4"), np.array(lines[str(SAMPLES[number])], "f4"))
        assert row["path"] == str(SAMPLES[1]) if number == 1 else row["path"].endswith(f"{number:09}.png")


def test_columns_are_chosen_and_others_named(table, tmp_path):
    source = tables.write_source(
        table, tmp_path / "one", image_column="image", path_column="label", metadata_columns=["year"])
    line = json.loads(source.metadata.read_text())
    assert line == {"year": 2001, "path": str(SAMPLES[1])}
    for options, words in [
            ({"image_column": "picture"}, "no column “picture”; there are image, year"),
            ({"image_column": "image", "metadata_columns": ["boxes"]}, "boxes: nested columns"),
            ({"image_column": "year"}, "has int"), ({"image_column": "image", "out": tmp_path}, "an empty folder")]:
        out = options.pop("out", tmp_path / words[:5])
        with pytest.raises(ValueError, match=words):
            tables.write_source(table, out, **options)
    infinite = tmp_path / "infinite.parquet"
    pq.write_table(pa.table({"image": [b"x"], "share": [float("inf")]}), infinite)
    with pytest.raises(ValueError, match="row 0, column “share”: inf"):
        tables.write_source(infinite, tmp_path / "two", image_column="image")
    assert [path.suffix for path in (tmp_path / "two").iterdir()] == []


def test_the_command_says_what_it_wrote(table, tmp_path):
    def command(*arguments):
        environment = os.environ | {"PYTHONPATH": str(ROOT / "clients/python/src")}
        return subprocess.run(
            [sys.executable, "-m", "unmask.tables", *map(str, arguments)], capture_output=True, text=True, env=environment)

    done = command("source", table, "--image-column", "image", "-o", tmp_path / "source")
    assert done.returncode == 0 and "boxes, thumb" in done.stderr and "1 rows have no image" in done.stderr
    assert json.loads(done.stdout)["images"] == len(SAMPLES) - 1
    refused = command("source", tmp_path / "none.parquet", "--image-column", "image", "-o", tmp_path / "x")
    assert refused.returncode == 2 and "no such file" in refused.stderr
