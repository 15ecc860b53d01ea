"""Copies that were turned, mirrored and cut by Pillow, found again by `index duplicates --augment`."""

import json
import subprocess

import pytest
from conftest import ROOT, SAMPLES, program
from PIL import Image

MODEL = ROOT / "models/fashion-mae.safetensors"
WAYS = [Image.ROTATE_90, Image.ROTATE_180, Image.ROTATE_270, Image.FLIP_LEFT_RIGHT, Image.FLIP_TOP_BOTTOM, Image.TRANSPOSE,
        Image.TRANSVERSE]


def run(*arguments, code=0):
    done = subprocess.run([program(), *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def middle(picture, share):
    width, height = int(picture.width * share), int(picture.height * share)
    left, top = (picture.width - width) // 2, (picture.height - height) // 2
    return picture.crop((left, top, left + width, top + height))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """An index of samples with a turned or cut copy of each but the last, and the pairs."""
    folder = tmp_path_factory.mktemp("duplicates")
    photos, pairs = folder / "photos", []
    photos.mkdir()
    changes = [*(lambda picture, way=way: picture.transpose(way) for way in WAYS), lambda picture: middle(picture, 0.9),
               lambda picture: middle(picture, 0.65)]
    for number, sample in enumerate(SAMPLES):
        picture = Image.open(sample)
        picture.save(photos / f"{number}.png")
        if number < len(changes):
            changes[number](picture).save(photos / f"copy-{number}.png")
            pairs.append({str(photos / f"{number}.png"), str(photos / f"copy-{number}.png")})
    index = folder / "i"
    run("index", "build", photos, "-o", index, "--model", MODEL, "--pooling", "mean", "--no-cache")
    return photos, index, pairs


def groups(index, *options):
    lines, errors = run("index", "duplicates", index, "--threshold", "0.99999", *options)
    return [set(line["paths"]) for line in lines], errors


AUGMENT = ["--augment", "--model", MODEL, "--no-cache"]


def test_turned_mirrored_and_cut_copies_are_found_and_nothing_else(made):
    photos, index, pairs = made
    plain, _ = groups(index)
    assert all(group in pairs for group in plain) and len(plain) < len(pairs)
    found, errors = groups(index, *AUGMENT)
    # Copies without loss: recall and precision are 1.
    assert sorted(map(sorted, found)) == sorted(map(sorted, pairs)), errors


def test_what_was_found_to_be_different_stays_apart(made, tmp_path):
    photos, index, pairs = made
    apart = tmp_path / "apart.jsonl"
    apart.write_text(json.dumps(sorted(pairs[0])) + "\n" + json.dumps([*sorted(pairs[2]), "never there"]) + "\n")
    found, errors = groups(index, *AUGMENT, "--apart", apart)
    assert sorted(map(sorted, found)) == sorted(sorted(pair) for pair in pairs if pair not in (pairs[0], pairs[2]))
    assert "1 paths are of no image of the index: never there" in errors
    apart.write_text('["one"]\n')
    assert "line 1: expected an array" in run("index", "duplicates", index, "--apart", apart, code=2)[1]


def test_what_is_not_as_it_was_is_said_and_other_models_are_refused(made):
    photos, index, pairs = made
    path = photos / "copy-0.png"
    kept = path.read_bytes()
    try:
        path.write_bytes((photos / "9.png").read_bytes())
        assert "1 images are not what the index has of them" in groups(index, *AUGMENT)[1]
    finally:
        path.write_bytes(kept)
    other = run("index", "duplicates", index, "--augment", "--model", ROOT / "models/fashion-vit.safetensors", code=2)[1]
    assert "model is" in other
    assert "given together" in run("index", "duplicates", index, "--augment", code=2)[1]
