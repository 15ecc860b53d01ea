"""Where a server listens."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import Union


@dataclass(frozen=True)
class UnixAddress:
    path: str


@dataclass(frozen=True)
class TCPAddress:
    host: str
    port: int


Address = Union[UnixAddress, TCPAddress]


def default_address() -> UnixAddress:
    """Where `unmask serve` listens unless told otherwise: `unmask.sock` in `$XDG_RUNTIME_DIR`, else in `/tmp/unmask-UID`.

    The folder in `/tmp` must be this user's alone: anyone may make one of that name, and would be taken for the server.
    """
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime.startswith("/"):
        return UnixAddress(f"{runtime}/unmask.sock")
    return _socket_in(f"/tmp/unmask-{os.geteuid()}")


def _socket_in(folder: str) -> UnixAddress:
    try:
        status = os.lstat(folder)
    except FileNotFoundError:
        return UnixAddress(f"{folder}/unmask.sock")  # connecting will tell that nobody is there
    if not stat.S_ISDIR(status.st_mode):
        problem = "it is no folder"
    elif status.st_uid != os.geteuid():
        problem = f"it belongs to another user (uid {status.st_uid})"
    elif status.st_mode & 0o077:
        problem = f"others can reach into it (mode 0{status.st_mode & 0o777:o}): chmod 700 {folder}"
    else:
        return UnixAddress(f"{folder}/unmask.sock")
    raise ValueError(f"{folder}, the folder of the default socket, is not used: {problem}; or name a socket")


def parse_address(address: Address | str | os.PathLike[str] | None) -> Address:
    """None is the default address. Else reads `HOST:PORT` (a numeric IPv6 host in brackets), or the path of a Unix socket: whatever has a slash in it."""
    if address is None:
        return default_address()
    if isinstance(address, (UnixAddress, TCPAddress)):
        return address
    text = os.fspath(address)
    if "/" in text:
        return UnixAddress(text)
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"{text!r}: expected HOST:PORT, as 127.0.0.1:7700, or the path of a socket, as /run/unmask/unmask.sock")
    return TCPAddress(host.removeprefix("[").removesuffix("]"), int(port))
