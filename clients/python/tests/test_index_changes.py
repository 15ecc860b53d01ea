"""An index that grows while it is searched, against brute force; and what a killed server had promised."""

import shutil
import signal
import subprocess
import threading

import numpy as np
import pytest
from conftest import ROOT, SAMPLES, Server, program
from tap import Tap

import unmask

MODEL = ROOT / "models/fashion-mae.safetensors"
FIRST, REST = SAMPLES[:4], SAMPLES[4:]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    path = tmp_path_factory.mktemp("index") / "samples.unmask"
    done = subprocess.run(
        [program(), "index", "build", *FIRST, "-o", path, "--model", MODEL, "--pooling", "mean"], capture_output=True)
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture
def index(built, tmp_path):
    return shutil.copytree(built, tmp_path / "own.unmask")


@pytest.fixture
def server(index, tmp_path):
    server = Server(tmp_path, "--index", f"own={index}")
    yield server
    server.stop()


@pytest.fixture
def client(server, tmp_path):
    tap = Tap(str(tmp_path / "tap"), server.socket)
    with unmask.Client(tap.path) as client:
        yield client
    tap.close()
    assert not tap.problems, tap.problems[0]


def vectors(client, images):
    return client.embed(images, model="fashion-mae", pooling="mean", normalize=True).array()


def found(client, image, k=20):
    return client.search([image], model="fashion-mae", k=k).unwrap()[0]


def test_what_is_added_is_found_and_what_is_deleted_is_not(client, index):
    pictures = [path.read_bytes() for path in REST]
    names = [f"new {number}" for number in range(len(REST))]
    added = client.add(pictures, names, model="fashion-mae")
    assert all(not one.duplicate and not one.replaced for one in added.unwrap())
    paths, known = [str(path) for path in FIRST] + names, vectors(client, SAMPLES)
    for query in known[[0, 5]]:
        expected = sorted(zip(-(known @ query), paths))
        picture = SAMPLES[int(np.argmax(known @ query))]
        assert [one.paths for one in found(client, picture)] == [(path,) for _, path in expected]
    again = client.add([REST[0]], model="fashion-mae").unwrap()  # by its path, with pixels that are there
    assert again[0].duplicate and not again[0].replaced
    assert found(client, REST[0])[0].paths == ("new 0", str(REST[0]))
    moved = client.add([REST[1].read_bytes()], ["new 0"], model="fashion-mae").unwrap()
    assert moved[0].duplicate and moved[0].replaced
    assert found(client, REST[0])[0].paths == (str(REST[0]),)
    gone = client.delete([str(FIRST[0]), "never there"])
    assert gone["deleted"] == 1 and gone["missing"] == ["never there"]
    assert gone["images"] == client.indexes()["indexes"][0]["images"] == len(FIRST) + len(REST) + 1 - 1
    assert all(str(FIRST[0]) not in one.paths for one in found(client, FIRST[0]))
    # What other programs see of it is the same.
    seen = subprocess.run([program(), "search", str(REST[2]), "--index", index, "--model", MODEL, "-k", "1"],
                          capture_output=True, check=True).stdout
    assert b"new 2" in seen


def test_one_bad_image_is_one_error(client):
    added = client.add([REST[0].read_bytes(), b"no image", REST[1].read_bytes()], ["a", "b", "c"], model="fashion-mae")
    assert set(added.errors) == {1}
    paths = {path for one in found(client, REST[0]) for path in one.paths}
    assert {"a", "c"} <= paths and "b" not in paths


@pytest.mark.parametrize(
    ("method", "params", "words"),
    [("index.add", {"images": [{"base64": ""}]}, "names"),
     ("index.add", {"images": [{"path": "x"}, {"path": "y"}], "names": ["a"]}, "one for each of the 2"),
     ("index.add", {"images": [{"path": "x"}, {"path": "y"}], "names": ["a", "a"]}, "different"),
     ("index.add", {"images": [{"path": "x"}], "index": "other"}, "own"),
     ("index.add", {"images": [{"path": "x"}], "k": 3}, "k is not known"),
     ("index.add", {"images": [{"path": "x"}]}, "model is"),
     ("index.delete", {}, "names"),
     ("index.delete", {"names": ["a", 3]}, "array of strings")])
def test_what_cannot_be_changed_is_named(server, method, params, words):
    with unmask.Client(server.socket) as client, pytest.raises(unmask.InvalidParams, match=words):
        client.call(method, params).unwrap()


def test_searches_beside_additions_are_right(client, server):
    """Every answer is that of some moment: of the first images and of the additions up to then."""
    known, queries = vectors(client, SAMPLES), vectors(client, FIRST)
    rounds, answers, problems = 12, [], []

    def search(number):
        with unmask.Client(server.socket) as mine:
            while not done.is_set():
                answers.append((number, found(mine, FIRST[number], k=200)))

    done = threading.Event()
    threads = [threading.Thread(target=search, args=[number % len(FIRST)]) for number in range(16)]
    for thread in threads:
        thread.start()
    for turn in range(rounds):
        client.add([path.read_bytes() for path in REST], [f"{turn} {path.name}" for path in REST], model="fashion-mae")
    done.set()
    for thread in threads:
        thread.join()
    assert len(answers) >= 16
    for number, answer in answers:
        paths = [path for one in answer for path in one.paths]
        extra = [path for path in paths if not path.startswith("/")]
        turns = len(extra) // len(REST)
        if set(extra) != {f"{turn} {path.name}" for turn in range(turns) for path in REST}:
            problems.append(extra)
        for one in answer:
            name = one.paths[0].split(" ")[-1]
            row = next(i for i, path in enumerate(SAMPLES) if name.endswith(path.name))
            if abs(one.similarity - known[row] @ queries[number]) > 1e-5:
                problems.append((name, one.similarity))
    assert not problems, problems[0]


def test_what_a_killed_server_answered_is_there(index, tmp_path):
    promised = []
    for life in range(3):
        folder = tmp_path / f"life {life}"
        folder.mkdir()
        server = Server(folder, "--index", f"own={index}")
        with unmask.Client(server.socket) as client:
            for turn in range(life + 1):
                name = f"{life} {turn}"
                client.add([REST[turn].read_bytes()], [name], model="fashion-mae").unwrap()
                promised.append(name)
        # Dead in the middle of another.
        with unmask.Client(server.socket) as client:
            late = threading.Thread(target=lambda: _ignore(lambda: client.add(
                [path.read_bytes() for path in REST], [f"late {path.name}" for path in REST], model="fashion-mae")))
            late.start()
            server.process.send_signal(signal.SIGKILL)
            late.join()
        server.stop()
    server = Server(tmp_path, "--index", f"own={index}")
    with unmask.Client(server.socket) as client:
        paths = {path for one in found(client, REST[0], k=100) for path in one.paths}
    server.stop()
    assert set(promised) <= paths
    assert len([path for path in paths if path.startswith("late")]) in (0, len(REST))


def test_an_index_that_another_writes_to_is_not_changed(server, index):
    import fcntl
    import os

    folder = os.open(index, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    with unmask.Client(server.socket) as client:
        with pytest.raises(unmask.ServiceError, match="another process"):
            client.add([REST[0].read_bytes()], ["x"], model="fashion-mae").unwrap()
        os.close(folder)
        assert not client.add([REST[0].read_bytes()], ["x"], model="fashion-mae").errors


def _ignore(body):
    try:
        body()
    except unmask.UnmaskError:
        pass
