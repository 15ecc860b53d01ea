"""Pictures, pages and maps of an index, against Pillow, brute force and NumPy."""

import io
import shutil
import subprocess

import numpy as np
import pytest
from conftest import ROOT, SAMPLES, Server, program
from PIL import Image
from tap import Tap

import unmask

MODEL = ROOT / "models/fashion-mae.safetensors"


def made(folder):
    """Small grey pictures, large coloured ones of either aspect, one that is a link to another place, and one of 16 bits."""
    random = np.random.default_rng(3)
    pictures = [folder / f"{number}.png" for number in range(7)]
    for path, sample in zip(pictures[:4], SAMPLES):
        shutil.copy(sample, path)
    for path, shape in zip(pictures[4:6], [(300, 700, 3), (640, 90, 3)]):
        coarse = Image.fromarray(random.integers(0, 256, (9, 9, 3), np.uint8))
        coarse.resize(shape[1::-1], Image.Resampling.BICUBIC).save(path)
    Image.fromarray(random.integers(0, 1 << 16, (40, 50)).astype(np.uint16)).save(pictures[6])
    return pictures


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return made(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
def index(pictures, tmp_path_factory):
    path = tmp_path_factory.mktemp("index") / "made.unmask"
    done = subprocess.run(
        [program(), "index", "build", *pictures, "-o", path, "--model", MODEL, "--pooling", "mean", "--gray16", "scale"],
        capture_output=True)
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture(scope="module")
def socket(index, pictures, tmp_path_factory):
    server = Server(
        tmp_path_factory.mktemp("server"), "--index", f"made={index}", "--allow-path", pictures[0].parent, "--gray16", "scale")
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


@pytest.mark.parametrize("side", [None, 16, 512])
def test_pictures_are_pillows(client, pictures, side):
    for row, path in enumerate(pictures[:6]):
        image = Image.open(path).convert("RGB")
        longest = max(image.size)
        most = side or 192
        if longest > most:
            size = [max(1, (length * most + longest // 2) // longest) for length in image.size]
            image = image.resize(size, Image.Resampling.BICUBIC)
        found = Image.open(io.BytesIO(client.picture(row, side=side)))
        assert found.mode == "RGB" and (np.array(found) == np.array(image)).all(), row


def test_gray_of_16_bits_is_read_as_the_index_read_it(client, pictures):
    found = np.array(Image.open(io.BytesIO(client.picture(6))))
    assert (found == (np.array(Image.open(pictures[6])) >> 8).astype(np.uint8)[..., None]).all()


def test_a_file_that_is_changed_or_gone_is_not_shown(client, pictures):
    (changed, gone), kept = pictures[:2], [path.read_bytes() for path in pictures[:2]]
    try:
        shutil.copy(SAMPLES[8], changed)
        gone.unlink()
        with pytest.raises(unmask.ImageChanged, match=changed.name):
            client.picture(0)
        with pytest.raises(unmask.ImageNotFound, match=gone.name):
            client.picture(1)
        with pytest.raises(unmask.RowNotFound, match="0 to 6"):
            client.picture(7)
        # An index that lies beyond reach of the files is searched all the same.
        assert client.search(rows=[0], k=1).unwrap()[0][0].row == 0
    finally:
        for path, data in zip((changed, gone), kept):
            path.write_bytes(data)


def test_files_elsewhere_are_not_shown(index, tmp_path):
    server = Server(tmp_path, "--index", f"made={index}")  # which allows the models' folder alone
    try:
        with unmask.Client(server.socket) as client, pytest.raises(unmask.PathNotAllowed):
            client.picture(0)
    finally:
        server.stop()


def test_pages_and_distinct_neighbours_are_those_of_brute_force(client, pictures):
    vectors = client.embed(pictures, model="fashion-mae", pooling="mean", normalize=True).array()
    similarity = vectors @ vectors.T
    for row in range(len(pictures)):
        order = np.argsort(-similarity[row], kind="stable")
        pages = [client.search(rows=[row], k=3, offset=offset).unwrap()[0] for offset in (0, 3, 6)]
        assert [one.row for page in pages for one in page] == list(order)
        for threshold in (0.3, 0.8, 0.95):
            kept = []
            for other in order:
                if all(similarity[other, one] < threshold for one in kept):
                    kept.append(other)
            found = client.search(rows=[row], k=100, distinct=threshold).unwrap()[0]
            assert [one.row for one in found] == kept
            image = client.search([pictures[row]], model="fashion-mae", k=100, distinct=threshold).unwrap()[0]
            assert [one.row for one in image] == kept


def test_a_map_has_the_principal_components(client, pictures):
    vectors = client.embed(pictures, model="fashion-mae", pooling="mean", normalize=True).array().astype(np.float64)
    found = client.map()
    assert found["rows"] == list(range(7)) and found["paths"] == [str(path) for path in pictures] and found["vectors"] == 7
    centred = vectors - vectors.mean(0)
    _, values, directions = np.linalg.svd(centred, full_matrices=False)
    assert np.allclose(found["shares"], (values**2 / (values**2).sum())[:2], atol=1e-5)
    for axis, name in enumerate("xy"):
        places = centred @ directions[axis]
        assert min(np.abs(places - sign * np.array(found[name])).max() for sign in (1, -1)) < 1e-5
    samples = [[client.map(sample=4, seed=seed)["rows"] for seed in range(8)] for _ in range(2)]
    assert samples[0] == samples[1] and len({tuple(rows) for rows in samples[0]}) > 1
    assert all(len(set(rows)) == 4 and rows == sorted(rows) for rows in samples[0])
