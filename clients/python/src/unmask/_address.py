"""Where a server listens."""

from __future__ import annotations

import os
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


def parse_address(address: Address | str | os.PathLike[str]) -> Address:
    """Reads `HOST:PORT` (a numeric IPv6 host in brackets), or the path of a Unix socket: whatever has a slash in it."""
    if isinstance(address, (UnixAddress, TCPAddress)):
        return address
    text = os.fspath(address)
    if "/" in text:
        return UnixAddress(text)
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"{text!r}: expected HOST:PORT, as 127.0.0.1:7700, or the path of a socket, as /tmp/unmask.sock")
    return TCPAddress(host.removeprefix("[").removesuffix("]"), int(port))
