"""Where a client looks for the server unless it is told."""

import os

import pytest
from unmask import UnixAddress, default_address
from unmask._address import _socket_in, parse_address


def test_the_systems_own_folder_comes_first(monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7")
    assert default_address() == parse_address(None) == UnixAddress("/run/user/7/unmask.sock")


@pytest.mark.parametrize("runtime", ["", "relative/folder"])
def test_else_the_users_own(monkeypatch, runtime, tmp_path):
    monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
    monkeypatch.setattr("unmask._address._socket_in", lambda folder: folder)
    assert default_address() == f"/tmp/unmask-{os.geteuid()}"


def test_a_folder_of_ones_own_is_used(tmp_path):
    folder = tmp_path / "own"
    assert _socket_in(str(folder)).path == f"{folder}/unmask.sock"
    folder.mkdir(mode=0o700)
    assert _socket_in(str(folder)).path == f"{folder}/unmask.sock"


@pytest.mark.parametrize("mode", [0o701, 0o710, 0o755, 0o777])
def test_one_that_others_reach_is_refused(tmp_path, mode):
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(ValueError, match="chmod 700"):
        _socket_in(str(folder))


def test_a_link_and_a_file_are_refused(tmp_path):
    own = tmp_path / "own"
    own.mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(own)
    (tmp_path / "file").touch()
    for name in ("link", "file"):
        with pytest.raises(ValueError, match="no folder"):
            _socket_in(str(tmp_path / name))
