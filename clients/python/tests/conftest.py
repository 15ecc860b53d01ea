"""A live server with the shipped models, and a tap in front of it.

UNMASK names the program to test; the default is the newest build of this repository.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
sys.path[:0] = [str(Path(__file__).parent), str(ROOT / "clients/python/src")]

from tap import Tap  # noqa: E402  (found through the path above)

# The user's own cache is none of a test's.
os.environ["UNMASK_CACHE"] = ""

SAMPLES = sorted((ROOT / "models/samples").glob("*.png"))


def program():
    if named := os.environ.get("UNMASK"):
        return named
    builds = [path for kind in ("debug", "release") if (path := ROOT / f".build/{kind}/unmask").exists()]
    if not builds:
        pytest.exit("there is no built unmask: run `swift build`, or name the program in UNMASK")
    return str(max(builds, key=lambda path: path.stat().st_mtime))


class Server:
    """`unmask serve` in a folder of its own."""

    def __init__(self, folder, *arguments):
        self.socket = str(Path(folder) / "socket")
        self.log = open(Path(folder) / "log", "w+")
        models = ["--model", ROOT / "models/fashion-vit.safetensors", "--model", ROOT / "models/fashion-mae.safetensors"]
        command = [program(), "serve", *models, "--socket", self.socket, "--allow-path", ROOT / "models", *arguments]
        self.process = subprocess.Popen([str(part) for part in command], stderr=self.log)
        end = time.monotonic() + 600
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > end:
                self.log.seek(0)
                raise RuntimeError(f"the server did not start: {self.log.read()}")
            time.sleep(0.02)

    def _answers(self):
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(self.socket) == 0

    def stop(self):
        self.process.terminate()
        self.process.wait(600)
        self.log.close()


@pytest.fixture(scope="session")
def server():
    with tempfile.TemporaryDirectory(prefix="unmask-") as folder:
        running = Server(folder)
        yield running
        running.stop()


@pytest.fixture(scope="session")
def _tap(server):
    with tempfile.TemporaryDirectory(prefix="unmask-") as folder:
        tap = Tap(folder + "/tap", server.socket)
        yield tap
        tap.close()


@pytest.fixture
def tap(_tap):
    """What passes must fit the schemas, or the test fails."""
    _tap.problems.clear()
    yield _tap
    _tap.is_strict = True
    assert not _tap.problems, _tap.problems[0]


@pytest.fixture
def samples():
    return SAMPLES
