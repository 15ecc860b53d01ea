"""Images as callers have them: one or many, in files, folders, arrays and Pillow's."""

import subprocess

import numpy as np
import pytest
import unmask
from conftest import ROOT, program
from PIL import Image
from unmask._images import each_image, image_params


def file(path):
    return path.read_bytes()


@pytest.mark.parametrize("form", [lambda path: path, str, file, lambda path: bytearray(file(path)), Image.open, np.array])
def test_one_image_needs_no_list(server, samples, form):
    with unmask.Client(server.socket, timeout=600) as client:
        one = np.array(Image.open(samples[0])) if form is np.array else form(samples[0])
        expected = client.embed([samples[0]]).array()
        assert np.array_equal(client.embed(one).array(), expected)
        assert [each.array().tolist() for each in client.embed_each(one)] == [expected.tolist()]
        assert len(list(client.classify(one))) == 1


def test_a_folder_is_its_images(server, samples):
    with unmask.Client(server.socket, timeout=600) as client:
        assert np.array_equal(client.embed(ROOT / "models/samples").array(), client.embed(samples).array())


def test_files_are_images_by_what_they_hold(tmp_path, samples):
    (tmp_path / "deep/er").mkdir(parents=True)
    (tmp_path / "deep/er/b").write_bytes(file(samples[0]))
    (tmp_path / "a.txt").write_bytes(file(samples[1]))
    (tmp_path / "no.png").write_text("not one")
    assert unmask.images_in(tmp_path) == [tmp_path / "a.txt", tmp_path / "deep/er/b"]
    for kind in ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "AVIF"):
        Image.open(samples[0]).convert("RGB").save(tmp_path / f"deep/{kind}", kind)
    assert len(unmask.images_in(tmp_path / "deep")) == 8


@pytest.mark.parametrize("folder", ["", "missing"])
def test_a_folder_without_images_is_an_error(tmp_path, folder):
    with pytest.raises(FileNotFoundError, match="no image in this folder"):
        unmask.images_in(tmp_path / folder)


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P", "1", "CMYK", "LA"])
def test_pillow_images_are_their_pixels(mode):
    image = Image.linear_gradient("L").resize((7, 5)).convert(mode)
    (params,), (frame,) = image_params(image)
    expected = image if mode in ("RGB", "L") else image.convert("RGB")
    assert params["shape"] == [5, 7, 1 if mode == "L" else 3] and bytes(frame) == expected.tobytes()


@pytest.mark.parametrize(
    ("shape", "count"), [((5, 7), 1), ((5, 7, 1), 1), ((5, 7, 3), 1), ((2, 5, 7, 3), 2), ((4, 5, 7), 4)])
def test_arrays_of_images_are_several(shape, count):
    assert len(list(each_image(np.zeros(shape, np.uint8)))) == count


@pytest.mark.parametrize("thing", [5, None, [5], [None], object()])
def test_what_is_no_image_is_refused_by_its_type(thing):
    with pytest.raises(TypeError):
        image_params(thing)


def test_the_client_has_the_servers_version():
    said = subprocess.run([program(), "--version"], check=True, capture_output=True, text=True).stdout
    assert unmask.__version__ in said
