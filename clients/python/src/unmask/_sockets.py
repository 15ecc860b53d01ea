"""Connections, opened and ready."""

from __future__ import annotations

import socket
import struct

from ._address import UnixAddress


def connect_unix(address: UnixAddress, timeout: float) -> socket.socket:
    """A socket that blocks.

    With a timeout of Python's own the socket would not block, and fail at once where the server has yet to accept the
    connections of others; the system's makes it wait.
    """
    opened = socket.socket(socket.AF_UNIX)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", *divmod(int(timeout * 1e6), 1_000_000)))
        opened.connect(address.path)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 0, 0))
    except BaseException:
        opened.close()
        raise
    return opened
