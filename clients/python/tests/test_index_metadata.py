"""Metadata of an index's images: filters against SQLite's, over the socket, over HTTP and in what is exported."""

import json
import random
import re
import socket
import sqlite3
import subprocess
import urllib.request

import numpy as np
import pytest
from conftest import ROOT, SAMPLES, Server, program
from tap import Tap

import unmask

MODEL = ROOT / "models/fashion-mae.safetensors"
LABELS = ["cat", "it's a \"dog\"", "é\t", "007"]


def metadata():
    """By the number of an image; every fourth has none."""
    chance = random.Random(5)
    return [None if number % 4 == 3 else {
        "year": chance.choice([1999, 2020.5, -3, None]), "label": chance.choice(LABELS), "big": 9007199254740993 + number,
        "seen": chance.choice([True, False])} for number in range(24)]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """An index of the samples, to which images with metadata were added by the service."""
    folder = tmp_path_factory.mktemp("metadata")
    index = folder / "i"
    done = subprocess.run(
        [program(), "index", "build", SAMPLES[0], "-o", index, "--model", MODEL, "--pooling", "mean"], capture_output=True)
    assert done.returncode == 0, done.stderr
    (folder / "server").mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Server(folder / "server", "--index", f"own={index}", "--http", f"127.0.0.1:{port}")
    tap = Tap(str(folder / "tap"), server.socket)
    with unmask.Client(tap.path) as client:
        pictures = [SAMPLES[number % len(SAMPLES)].read_bytes() for number in range(24)]
        names = [f"{number % 3}/{number}" for number in range(24)]
        added = client.add(pictures, names, metadata=metadata(), model="fashion-mae")
        assert not added.errors
        yield client, index, names, f"http://127.0.0.1:{port}", server.socket
    tap.close()
    server.stop()
    assert not tap.problems, tap.problems[0]


@pytest.fixture(scope="module")
def database(made, tmp_path_factory):
    out = tmp_path_factory.mktemp("sql") / "x.sql"
    subprocess.run([program(), "index", "export", made[1], "--format", "sql", "-o", out], check=True, capture_output=True)
    database = sqlite3.connect(":memory:")
    database.executescript(out.read_text())
    return database


def found(client, where, under=None):
    hits = client.search([SAMPLES[0]], model="fashion-mae", k=100, where=where, under=under).unwrap()[0]
    return {path: (hit.metadata[place] if hit.metadata else {}) for hit in hits for place, path in enumerate(hit.paths)}


@pytest.mark.parametrize(
    ("where", "sql"),
    [(["year>=2000"], "$year >= 2000"), (["year<0", "seen=true"], "$year < 0 AND $seen = 1"), (["year!=1999"], "$year <> 1999"),
     (["year=2020.5"], "$year = 2020.5"), (["year in 1999,-3"], "$year IN (1999, -3)"), (['label="007"'], "$label = '007'"),
     (["label=007"], "$label = '007'"), (["label>=cat"], "$label >= 'cat'"), (["label=it's a \"dog\""], "$label = 'it''s a \"dog\"'"),
     (['label in "é\\t",cat'], "$label IN ('é\t', 'cat')"), (["big=9007199254740994"], "$big = 9007199254740994"),
     (["big<=9007199254740994"], "$big <= 9007199254740994"), (["year=null"], "$year IS NULL"),
     (["year!=null", "label!=cat"], "$year IS NOT NULL AND $label <> 'cat'")])
@pytest.mark.parametrize("under", [None, "1/"])
def test_filters_are_those_of_sqlite(made, database, where, sql, under):
    for name in ("year", "label", "big", "seen"):
        sql = sql.replace(f"${name}", f"json_extract(metadata, '$.{name}')")
    rows = database.execute(f"SELECT path, metadata FROM images WHERE ({sql}) AND path LIKE ?", [f"{under or ''}%"]).fetchall()
    assert found(made[0], where, under) == {path: json.loads(kept or "{}") for path, kept in rows}


def test_answers_carry_what_was_added(made):
    everything = found(made[0], None)
    assert {name: everything[name] for name in made[2]} == {
        name: one or {} for name, one in zip(made[2], metadata())}
    kinds = made[0].indexes()["indexes"][0]["metadata"]
    assert kinds == {"year": "number", "label": "string", "big": "number", "seen": "boolean"}


def test_the_command_and_http_find_the_same(made):
    client, index, names, http, _ = made
    expected = set(found(client, ["year>=1999", "label!=cat"]))
    lines = subprocess.run(
        [program(), "search", SAMPLES[0], "--index", index, "--model", MODEL, "-k", "100", "--where", "year>=1999", "--where",
         "label!=cat"], check=True, capture_output=True, text=True).stdout.splitlines()
    printed = [json.loads(line) for line in lines]
    assert {path for line in printed for path in [line["path"], *line.get("same_pixels", [])]} == expected
    for line in printed:
        kept = [line["metadata"], *line.get("same_metadata", [])]
        assert kept == [metadata()[names.index(path)] for path in [line["path"], *line.get("same_pixels", [])]]
    body = {"images": [{"path": str(SAMPLES[0])}], "k": 100, "where": ["year>=1999", "label!=cat"], "model": "fashion-mae"}
    request = urllib.request.Request(
        f"{http}/v1/search", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        hits = json.load(answer)["results"][0]["neighbours"]
    assert {path for hit in hits for path in hit["paths"]} == expected


@pytest.mark.parametrize(
    ("where", "words"),
    [(["yaer>3"], "no image has the member “yaer”"), (["year=cat"], "“year” is a number"), (["year"], "is no condition"),
     (["seen>true"], "compare by = or !=")])
def test_what_cannot_be_asked_is_named(made, where, words):
    with pytest.raises(unmask.InvalidParams, match=words):
        made[0].search([SAMPLES[0]], model="fashion-mae", where=where).unwrap()


@pytest.mark.parametrize(
    ("carried", "words"),
    [([{"year": "2020"}], "“year” is the string"), ([{"box": [1]}], "“box” is an array"), ([], "for each of the 1 images"),
     (["cat"], "metadata\\[0\\]: expected an object"), ([{"big": 1e400}], None), ([{"n": 1 << 64}], "send a string"),
     ([{"text": "x" * 70_000}], "at most 65536"), ([{str(n): n for n in range(65)}], "at most 64")])
def test_what_cannot_be_carried_is_named(made, carried, words):
    before = made[0].indexes()["indexes"][0]["images"]
    params = {"images": [{"path": str(SAMPLES[1])}], "names": ["new"], "metadata": carried, "model": "fashion-mae"}
    # Past the schemas, which some of these do not fit.
    with unmask.Client(made[4]) as client, pytest.raises(unmask.InvalidParams if words else ValueError, match=words):
        client.call("index.add", params).unwrap()
    assert made[0].indexes()["indexes"][0]["images"] == before


def test_exports_carry_them(made, tmp_path):
    def export(form):
        out = tmp_path / form
        subprocess.run([program(), "index", "export", made[1], "--format", form, "-o", out], check=True, capture_output=True)
        return out

    expected = {name: one or {} for name, one in zip(made[2], metadata())} | {str(SAMPLES[0]): {}}
    points = [point for line in export("qdrant").read_text().splitlines() for point in json.loads(line)["points"]]
    carried = {path: one for point in points for path, one in zip(point["payload"]["paths"], point["payload"]["metadata"])}
    assert carried == expected
    copied = {}
    for line in export("postgres").read_text().split("\n")[:-1]:
        path, _, _, _, kept, _ = line.split("\t")
        copied[path] = {} if kept == "\\N" else json.loads(kept.replace("\\\\", "\\"))
    assert copied == expected
    rows = [json.loads(line) for line in open(f"{export('npy')}.images.jsonl")]
    assert {path: one for row in rows for path, one in zip(row["paths"], row["metadata"])} == expected
    assert len(np.load(tmp_path / "npy")) == len(rows)


def test_metrics_count_what_happens(made):
    client, _, names, http, _ = made

    def sample(name, **labels):
        text = urllib.request.urlopen(f"{http}/metrics").read().decode()
        stated = ",".join(f'{key}="{value}"' for key, value in sorted(labels.items()))
        found = re.search(rf"^{re.escape(f'{name}{{{stated}}}')} (\S+)$", text, re.M)
        return float(found[1]) if found else 0

    def searches(outcome):
        return sample("unmask_index_searches_total", index="own", outcome=outcome)

    held = client.indexes()["indexes"][0]
    assert sample("unmask_index_images", index="own") == held["images"]
    assert sample("unmask_index_changes_total", index="own", change="added") >= len(names)
    before = [searches("answered"), searches("refused"), sample("unmask_index_search_duration_seconds_count", index="own")]
    client.search(SAMPLES[:3], model="fashion-mae")
    with pytest.raises(unmask.InvalidParams):
        client.search([SAMPLES[0]], model="fashion-mae", where=["none=1"])
    after = [searches("answered"), searches("refused"), sample("unmask_index_search_duration_seconds_count", index="own")]
    assert [new - old for new, old in zip(after, before)] == [3, 1, 2]
    changes = {kind: sample("unmask_index_changes_total", index="own", change=kind) for kind in ("added", "replaced", "deleted")}
    deleted = sample("unmask_index_deleted_images", index="own")
    client.add([SAMPLES[0], SAMPLES[1]], ["counted", "counted too"], model="fashion-mae")
    client.add([SAMPLES[2]], ["counted"], model="fashion-mae")
    client.delete(["counted", "counted too", "never there"])
    moved = {kind: sample("unmask_index_changes_total", index="own", change=kind) - old for kind, old in changes.items()}
    assert moved == {"added": 2, "replaced": 1, "deleted": 2}
    assert sample("unmask_index_deleted_images", index="own") == deleted + 3
