"""Searching an index by a server, against the program's own search and brute force."""

import json
import subprocess

import numpy as np
import pytest
from conftest import ROOT, SAMPLES, Server, program
from tap import Tap

import unmask

MODEL = ROOT / "models/fashion-mae.safetensors"


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    path = tmp_path_factory.mktemp("index") / "samples.unmask"
    done = subprocess.run(
        [program(), "index", "build", *SAMPLES, "-o", path, "--model", MODEL, "--pooling", "mean", "--bits"],
        capture_output=True)
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture(scope="module")
def socket(index, tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("server"), "--index", f"samples={index}")
    yield server.socket
    server.stop()


@pytest.fixture
def client(socket, tmp_path):
    """What passes must fit the schemas."""
    tap = Tap(str(tmp_path / "tap"), socket)
    with unmask.Client(tap.path) as client:
        yield client
    tap.close()
    assert not tap.problems, tap.problems[0]


def test_neighbours_are_those_of_brute_force(client):
    vectors = client.embed(SAMPLES, model="fashion-mae", pooling="mean", normalize=True).array()
    found = client.search(SAMPLES, model="fashion-mae", k=4)
    assert found.stamp["pooling"] == "mean" and found.stamp["normalized"]
    for query, neighbours in enumerate(found.unwrap()):
        similarity = vectors @ vectors[query]
        best = np.argsort(-similarity, kind="stable")[:4]
        assert [one.paths for one in neighbours] == [(str(SAMPLES[row]),) for row in best]
        assert np.allclose([one.similarity for one in neighbours], similarity[best], atol=1e-6)


def test_an_approximate_search_says_so(client):
    exact, found = (client.search(SAMPLES, model="fashion-mae", k=4, mode=mode) for mode in (None, "bits"))
    assert (exact.mode, found.mode) == ("exact", "bits")
    # All rows of an index this small are looked at.
    assert found.unwrap() == exact.unwrap()
    with pytest.raises(unmask.InvalidParams, match="--kind hnsw does that"):
        client.search(SAMPLES, model="fashion-mae", mode="hnsw")


def test_one_bad_image_is_one_error(client):
    found = client.search([SAMPLES[0], b"no image", SAMPLES[1]], model="fashion-mae", k=1, under=str(SAMPLES[1])[:-5])
    assert set(found.errors) == {1}
    assert found[0][0].paths == found[2][0].paths == (str(SAMPLES[1]),)


def test_what_the_index_holds(client, index):
    (entry,) = client.indexes()["indexes"]
    info = json.loads(subprocess.run([program(), "index", "info", index], capture_output=True, check=True).stdout)
    assert {name: entry[name] for name in ("images", "vectors", "dimension", "stamp")} == {
        name: info[name] for name in ("images", "vectors", "dimension", "stamp")}


@pytest.mark.parametrize(
    ("params", "words"),
    [({}, "model is"), ({"index": "other"}, "samples"), ({"k": 0}, "1 to 1000"), ({"model": "fashion-mae", "kk": 1}, "kk"),
     ({"model": "fashion-mae", "mode": "fast"}, "mode")])
def test_what_cannot_be_searched_is_named(socket, params, words):
    image = {"path": str(SAMPLES[0])}
    with unmask.Client(socket) as client, pytest.raises(unmask.InvalidParams, match=words):
        client.call("index.search", {"images": [image], **params}).unwrap()
