"""Every method against the live server, every message held against the schemas."""

import base64
import io
import struct
import subprocess
import zlib

import numpy as np
import pytest
import schemas
import unmask
from conftest import ROOT, program
from PIL import Image


@pytest.fixture
def client(tap):
    with unmask.Client(tap.path, timeout=600) as client:
        yield client


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """The vectors that the command line gives, [10, 128]."""
    file = tmp_path_factory.mktemp("vectors") / "v.npy"
    model = ROOT / "models/fashion-vit.safetensors"
    subprocess.run([program(), "embed", ROOT / "models/samples", "--model", model, "--out", file], check=True)
    return np.load(file)


def test_the_server_describes_itself(client):
    hello = client.hello()
    assert hello["methods"] == schemas.methods()
    assert [model["name"] for model in client.info()["models"]] == hello["models"] == ["fashion-vit", "fashion-mae"]
    assert client.health()["status"] == "ok"
    assert client.ready()["ready"] is True
    assert client.stats()["requests"]["hello"] >= 1


def test_vectors_are_the_command_lines_to_the_bit(client, samples, expected):
    assert np.array_equal(client.embed(samples).array(), expected)
    sources = [samples[0].read_bytes(), str(samples[1]), unmask.ServerPath("samples/" + samples[2].name)]
    assert np.array_equal(client.embed(sources).array(), expected[:3])


def test_pixels_give_the_vectors_of_their_file(client):
    for recipe, shape in [("none", (28, 28, 1)), (None, (90, 61, 3)), ("mae", (300, 401, 1))]:
        pixels = np.random.default_rng(5).integers(0, 256, shape, np.uint8)
        file = client.embed([png(pixels)], recipe=None if recipe == "none" else recipe).array()
        for array in (pixels, pixels.squeeze()):
            assert np.array_equal(client.embed([array], recipe=recipe).array(), file)


def png(pixels):
    """A PNG file, its rows unfiltered."""
    height, width, channels = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 8, {1: 0, 3: 2}[channels], 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


@pytest.mark.parametrize(("dtype", "tolerance"), [("f16", 2**-11), ("int8", 0.5 / 127)])
def test_smaller_types_are_close(client, samples, expected, dtype, tolerance):
    vectors = client.embed(samples, dtype=dtype).array()
    largest = np.abs(expected).max(axis=1, keepdims=True)
    assert vectors.dtype == np.float32 and not np.array_equal(vectors, expected)
    assert (np.abs(vectors - expected) <= 1.001 * tolerance * largest).all()


def test_tokens_blocks_and_masks(client, samples):
    tokens = client.embed(samples[:2], pooling="tokens", keep=0.5, seed=7, dimensions=16)
    assert tokens.array().shape == (2, round(49 * 0.5), 16)
    block = client.embed(samples[:1], output="blocks.2", pooling="mean")
    assert block.stamp["output"] == "blocks.2" and block.array().shape == (1, 128)
    unit = client.embed(samples, normalize=True).array()
    assert np.allclose(np.linalg.norm(unit, axis=1), 1, atol=1e-6)


def test_classes(client, samples):
    named = {path: labels[0].label for path, labels in zip(samples, client.classify(samples, top_k=3).unwrap())}
    right = [name.lower().replace("/", "-").replace(" ", "-") == path.stem for path, name in named.items()]
    assert sum(right) >= 9, named  # the model is right in 92 % of all images


def test_reconstructions(client, samples):
    result = client.reconstruct(samples[:1], model="fashion-mae", ratio=0.75, seed=3)
    picture = result.unwrap()[0]
    assert picture.png.startswith(b"\x89PNG") and picture.patch_errors.shape == (49,)
    assert result.mask.sum() == 49 - len(result.ids_keep) and not result.mask[result.ids_keep].any()


def test_comparisons(client, samples, expected):
    cosine = expected[0] @ expected[1] / np.linalg.norm(expected[0]) / np.linalg.norm(expected[1])
    assert client.compare(samples[0], samples[1]).cosine == pytest.approx(cosine, abs=1e-5)
    stamp = client.embed(samples[:1]).stamp
    vector = {"vector": [float(number) for number in expected[0]], "stamp": stamp}
    assert client.call("compare", {"a": vector, "b": vector}).unwrap()["cosine"] == pytest.approx(1)


def test_heads_are_fitted_exchanged_and_taken_away(client, samples, tmp_path):
    labels = ["shoe" if path.stem in ("ankle-boot", "sandal", "sneaker") else "other" for path in samples]
    fitted = client.fit("shoes", samples, labels, path=str(tmp_path / "shoes.head"))
    assert fitted["head"]["kind"] == "ep" and fitted["examples"] == len(samples) and not fitted["replaced"]
    assert [answer[0].label for answer in client.classify(samples, head="shoes").unwrap()] == labels
    vectors = client.embed(samples, pooling="mean")
    again = client.fit("shoes", vectors, labels, kind="linear", folds=2)
    assert again["replaced"] and again["head"]["stamp"] == vectors.stamp
    tags = [[label, "clothing"] for label in labels]
    assert client.fit("tags", vectors, tags, kind="tag")["head"]["labels"] == ["clothing", "other", "shoe"]
    loaded = client.load_head("shoes", str(tmp_path / "shoes.head"))
    assert loaded["replaced"] and loaded["head"] == fitted["head"]
    assert {head["name"] for head in client.info()["heads"]} >= {"shoes", "tags"}
    assert client.unload_head("tags")["was_loaded"] and not client.unload_head("tags")["was_loaded"]
    client.unload_head("shoes")
    with pytest.raises(unmask.InvalidParams, match="one for each of the"):
        client.fit("x", vectors, labels[1:], kind="linear")


@pytest.mark.parametrize("by", ["memory", "reconstruction", "both"])
def test_good_images_make_a_head_that_scores(client, samples, by):
    passes = None if by == "memory" else 3
    fitted = client.fit("good", samples, kind="anomaly", folds=5, by=by, passes=passes, model="fashion-mae")
    assert fitted["head"]["kind"] == "anomaly" and fitted["examples"] == len(samples) and fitted["fit"]["by"] == by
    strange = np.random.default_rng(0).integers(0, 256, (28, 28, 1), np.uint8)
    scores = client.score([*samples, strange], model="fashion-mae")
    *good, bad = scores.unwrap()
    assert scores.head == "good" and scores.threshold > 0
    assert all(each.anomalous == (each.score >= scores.threshold) for each in [*good, bad])
    assert bad.score > max(each.score for each in good)
    assert all(each.score == each.patches.max() and each.patches.shape == (7, 7) for each in [*good, bad])
    assert client.score([strange], threshold=1e6, model="fashion-mae").unwrap()[0].anomalous is False
    client.unload_head("good")
    with pytest.raises(unmask.InvalidParams, match="no heads that score can ask"):
        client.score(samples)


def test_masks_make_a_head_that_names_pixels(client, samples):
    pictures = [Image.open(path).convert("L") for path in samples]
    masks = [(np.asarray(picture) > 60).astype(np.uint8) for picture in pictures]
    palettes = [Image.fromarray(mask).convert("P") for mask in masks]
    for palette, mask in zip(palettes, masks, strict=True):
        palette.putdata(mask.reshape(-1).tolist())
    for given in (masks, palettes):
        fitted = client.fit(
            "parts", samples, masks=given, kind="segment", classes=["ground", "thing"], folds=2, hidden=8, model="fashion-mae")
        assert fitted["head"]["labels"] == ["ground", "thing"] and fitted["fit"]["hidden"] == "8"
    answers = client.segment(samples, head="parts", model="fashion-mae").unwrap()
    right = np.mean([(answer.mask == mask).mean() for answer, mask in zip(answers, masks, strict=True)])
    assert right > 0.8, right
    client.unload_head("parts")
    with pytest.raises(unmask.InvalidParams, match="one for each of the"):
        client.fit("parts", samples, masks=masks[1:], kind="segment", model="fashion-mae")


def test_pixels_are_named_as_the_command_line_names_them(client, samples, tmp_path):
    for part in ("images", "masks", "answers"):
        (tmp_path / part).mkdir()
    for path in samples:
        image = Image.open(path).convert("L")
        image.save(tmp_path / "images" / path.name)
        image.point(lambda shade: int(shade > 60)).save(tmp_path / "masks" / path.name)
    model, head = ROOT / "models/fashion-mae.safetensors", tmp_path / "cloth.head"
    run = [program(), "fit", "segment", "--model", model, "--data", tmp_path, "-o", head, "--folds", "2"]
    subprocess.run([str(part) for part in run], check=True, capture_output=True)
    client.load_head("cloth", str(head))
    found = client.segment(samples, model="fashion-mae")
    run = [program(), "segment", tmp_path / "images", "--model", model, "--head", head, "-o", f"{tmp_path}/answers/"]
    subprocess.run([str(part) for part in run], check=True, capture_output=True)
    for path, answer in zip(samples, found.unwrap(), strict=True):
        mask = np.asarray(Image.open(tmp_path / "answers" / path.name))
        assert (answer.mask == mask).all() and found.head == "cloth"
        assert {share.index: share.share for share in answer.classes} == pytest.approx(
            {index: float((mask == index).mean()) for index in np.unique(mask)})
    png = client.call("segment", {"images": [{"path": str(samples[0])}], "model": "fashion-mae"}).unwrap()["results"][0]["png"]
    with Image.open(io.BytesIO(base64.b64decode(png))) as picture:
        assert picture.mode == "P" and (np.asarray(picture) == found.unwrap()[0].mask).all()
    with pytest.raises(unmask.InvalidParams, match="one that classify can ask"):
        client.classify(samples, head="cloth", model="fashion-mae")
    client.unload_head("cloth")


def test_one_bad_image_is_one_error(client, samples, expected):
    whole = samples[0].read_bytes()
    results = client.embed([whole, b"not an image", whole[:-300], unmask.ServerPath("/etc/passwd"), whole])
    kinds = [type(item) for item in results]
    assert kinds == [np.ndarray, unmask.ImageUnsupported, unmask.ImageTruncated, unmask.PathNotAllowed, np.ndarray]
    assert np.array_equal(results[4], expected[0]) and set(results.errors) == {1, 2, 3}
    with pytest.raises(unmask.ImageUnsupported):
        results.array()


def test_each_refusal_is_its_own_exception(client, tap, samples):
    tap.is_strict = False
    for kind, method, params in [
        (unmask.UnknownMethod, "nope", {}),
        (unmask.InvalidParams, "embed", {"images": [], "poling": "cls"}),
        (unmask.ModelNotFound, "embed", {"images": [], "model": "nobody"}),
        (unmask.PayloadTooLarge, "embed", {"images": [{"path": "x"}] * 65}),
        (unmask.ModelNotFound, "load", {"name": "broken", "path": "/dev/null"}),
    ]:
        with pytest.raises(kind) as caught:
            client.call(method, params)
        assert caught.value.type == kind.type and caught.value.code < 0


def test_administration(client):
    assert client.hello()["admin"] is True
    name = "copy"
    loaded = client.load(name, str(ROOT / "models/fashion-vit.safetensors"))
    assert loaded["name"] == name and name in client.hello()["models"]
    assert client.reload(name)["models"] == [name]
    assert client.unload(name, forget=True)["was_loaded"] is True
    assert name not in client.hello()["models"]
    level = client.log_level()["level"]
    assert client.log_level(level)["level"] == level
