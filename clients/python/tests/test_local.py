"""Servers of one's own: that they run for a block, and no longer."""

import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import unmask
from conftest import ROOT, program

MODEL = ROOT / "models/fashion-vit.safetensors"


@pytest.fixture(autouse=True)
def _program(monkeypatch):
    monkeypatch.setenv("UNMASK_PROGRAM", program())
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "clients/python/src"))


def server_of(path):
    """The process that listens at a socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.connect(path)
        return struct.unpack("iII", probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]


def has_ended(process):
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    return True


def test_it_answers_as_any_server_and_ends_with_its_block(server, samples):
    with unmask.Client(server.socket, timeout=600) as other:
        expected = other.embed(samples).array()
    with unmask.local(MODEL, timeout=600) as client:
        folder = Path(client.address.path).parent
        assert folder.stat().st_mode & 0o077 == 0
        process = server_of(client.address.path)
        assert np.array_equal(client.embed(samples).array(), expected)
    assert has_ended(process) and not folder.exists()


def test_it_ends_where_the_block_raises():
    with pytest.raises(KeyError), unmask.local(MODEL) as client:
        process = server_of(client.address.path)
        raise KeyError
    assert has_ended(process)


def test_options_are_those_of_serve(tmp_path, samples):
    models = [MODEL, f"rebuilds={ROOT / 'models/fashion-mae.safetensors'}"]
    named = tmp_path / "socket"
    with unmask.local(models, socket=named, allow_path=[samples[0].parent], on_demand=True, threads=1, no_page=None) as client:
        assert client.address == unmask.UnixAddress(str(named))
        assert [model["name"] for model in client.info()["models"]] == ["fashion-vit", "rebuilds"]
        assert len(client.reconstruct(unmask.ServerPath(str(samples[0])), model="rebuilds")) == 1


@pytest.mark.parametrize(
    ("model", "options", "words"),
    [("/nowhere.safetensors", {}, "/nowhere.safetensors"), (MODEL, {"threads": "many"}, "threads"), (None, {}, "model")])
def test_what_keeps_it_from_starting_is_told(model, options, words):
    with pytest.raises(unmask.ServerFailed, match=words), unmask.local(model, **options):
        pass


def test_a_program_that_is_missing_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("UNMASK_PROGRAM", "/nowhere/unmask")
    with pytest.raises(unmask.ServerFailed, match="UNMASK_PROGRAM is '/nowhere/unmask'"), unmask.local(MODEL):
        pass
    monkeypatch.delenv("UNMASK_PROGRAM")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(unmask.ServerFailed, match="on the PATH"), unmask.local(MODEL):
        pass
    (tmp_path / "unmask").symlink_to(program())
    assert unmask._local.program() == str(tmp_path / "unmask")


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_it_ends_where_its_parent_does(end):
    script = f"import unmask\nwith unmask.local({str(MODEL)!r}) as c: print(c.address.path, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as parent:
        path = parent.stdout.readline().strip()
        watched = os.pidfd_open(server_of(path))
        parent.send_signal(end)
        assert select.select([watched], [], [], 600)[0]
    until = time.monotonic() + 600
    while Path(path).parent.exists() and time.monotonic() < until:
        time.sleep(0.01)
    assert not Path(path).parent.exists()


def test_the_package_is_the_program():
    run = [sys.executable, "-m", "unmask", "--version"]
    assert subprocess.run(run, check=True, capture_output=True, text=True).stdout.strip() == unmask.__version__
