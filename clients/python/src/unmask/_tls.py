"""Encryption, as callers ask for it."""

from __future__ import annotations

import os
import ssl
from typing import Union

TLS = Union[bool, str, "os.PathLike[str]", ssl.SSLContext]


def tls_context(tls: TLS) -> ssl.SSLContext | None:
    if isinstance(tls, ssl.SSLContext):
        return tls
    if isinstance(tls, bool):
        return ssl.create_default_context() if tls else None
    return ssl.create_default_context(cafile=os.fspath(tls))
