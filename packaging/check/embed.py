"""Uses the installed wheel as a person does, and prints how long it takes: embed.py FOLDER_OF_IMAGES"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import unmask

images = Path(sys.argv[1])
command = Path(sys.executable).with_name("unmask")
photo = images / "ankle-boot.png"


def step(what, started):
    print(f"{time.monotonic() - started:6.2f} s  {what}", flush=True)


def by_command():
    """A server of the command, without a word of which model, and the first vector of it."""
    started = time.monotonic()
    path = tempfile.mkdtemp() + "/socket"
    server = subprocess.Popen([command, "serve", "--socket", path])
    with socket.socket(socket.AF_UNIX) as probe:
        while probe.connect_ex(path) != 0:
            assert server.poll() is None, "the server has ended"
            time.sleep(0.01)
    with unmask.Client(path) as client:
        vector = client.embed(photo).array()
    took = time.monotonic() - started
    step(f"from `unmask serve` to the first vector: {list(vector.shape)}", started)
    assert took < 10 and np.isfinite(vector).all()
    assert os.readlink(f"/proc/{server.pid}/exe").endswith("/unmask/bin/unmask"), "the command is not the program itself"
    server.terminate()
    assert server.wait(60) == 0
    return vector


def by_block(expected):
    """The same by `unmask.local`, and files of every format."""
    started = time.monotonic()
    with unmask.local(timeout=60) as client:
        assert np.array_equal(client.embed(photo).array(), expected)
        step("from unmask.local() to the first vector", started)
        print("         models:", [model["name"] for model in client.info()["models"]])
        for name in ("lossy.webp", "avif-turned-2.avif", "tiff-rgb-a-16-mm.tif", "gif.gif", "jpeg.jpg", "near.heic"):
            for error in client.embed(images / name).errors.values():
                print(f"         {name}: {error.message}")
                assert name == "near.heic" and isinstance(error, unmask.ImageUnsupported) and "libheif" in error.message


print(f"unmask {version('unmask')}, Python {sys.version.split()[0]}, {os.confstr('CS_GNU_LIBC_VERSION')}")
by_block(by_command())
run = subprocess.run([sys.executable, "-m", "unmask", "--version"], check=True, capture_output=True, text=True)
assert run.stdout.strip() == unmask.__version__ == version("unmask")
