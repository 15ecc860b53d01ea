"""A server of one's own, for as long as a block runs."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import threading
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Iterator, Sequence, Union

from ._errors import ServerFailed
from .client import Client

PathLike = Union[str, "os.PathLike[str]"]

# Ends the server where this process has gone, which closes the pipe that it reads and has not said a line.
_KEEPER = 'read -r _ || { kill "$1"; rm -rf "$2"; }'


def program() -> str:
    """The program: what `UNMASK_PROGRAM` names, else what came with this package, else `unmask` on the `PATH`."""
    packaged = Path(__file__).with_name("bin") / "unmask"
    named = os.environ.get("UNMASK_PROGRAM")
    found = shutil.which(named or (packaged if packaged.exists() else "unmask"))
    if found is None:
        where = f"UNMASK_PROGRAM is {named!r}, which is none" if named else "neither in this package nor on the PATH is one"
        raise ServerFailed(f"there is no program unmask: {where}. Install Unmask, or name its program in UNMASK_PROGRAM")
    return found


@contextmanager
def local(
    model: PathLike | Sequence[PathLike] | None = None, *, timeout: float | None = None, **options: Any
) -> Iterator[Client]:
    """A client of a server that runs for this block alone, on a socket that only this user can reach.

        with unmask.local("vit.safetensors", threads=2, allow_path=["/srv/photos"]) as client:
            vectors = client.embed("cat.jpg").array()

    - `model`: one or several; None for those that came with the program.
    - `timeout`: the client's.
    - `options`: those of `unmask serve`; True for a flag, a list for what may be repeated.

    The server has tried its models when the block begins. At its end it finishes what is in flight and ends; so it does
    where this process dies. `AsyncClient(client.address)` reaches it too.
    """
    with tempfile.TemporaryDirectory(prefix="unmask-") as folder:
        options.setdefault("socket", f"{folder}/socket")
        command = [program(), "serve", *_arguments({"model": model, **options})]
        with _running(command, folder), Client(options["socket"], timeout=timeout) as client:
            yield client


def _arguments(options: dict[str, Any]) -> Iterator[str]:
    for name, value in options.items():
        option = "--" + name.replace("_", "-")
        if value is True:
            yield option
        elif value is not None and value is not False:
            for each in value if isinstance(value, (list, tuple)) else [value]:
                yield f"{option}={each}"


@contextmanager
def _running(command: list[str], folder: str) -> Iterator[None]:
    """Runs a server, which is ready when the block begins."""
    heard = f"{folder}/notify"
    with ExitStack() as ends:
        log = ends.enter_context(open(f"{folder}/log", "w+", errors="replace"))
        # The server says that it is ready as it would to systemd; a thread, that it has ended.
        listener = ends.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        listener.bind(heard)
        # In a session of its own: Ctrl-C is this process's, which then ends the block.
        server = subprocess.Popen(
            command, env=os.environ | {"NOTIFY_SOCKET": heard}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=log, start_new_session=True,
        )  # fmt: skip
        ends.callback(server.wait)
        ends.callback(server.terminate)
        keeper = subprocess.Popen(
            ["sh", "-c", _KEEPER, "sh", str(server.pid), folder], stdin=subprocess.PIPE, start_new_session=True
        )
        ends.callback(keeper.communicate, b"\n")
        threading.Thread(target=_tell_end, args=(server.pid, heard), daemon=True).start()
        while b"READY=1" not in (said := listener.recv(4096)):
            if said == b"ENDED=1":
                log.seek(0)
                raise ServerFailed(f"the server did not start: {log.read().strip()}")
        listener.close()
        yield


def _tell_end(server: int, heard: str) -> None:
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as teller:
        # It is left for Popen to reap: until then its number, which the keeper knows, is nobody else's.
        os.waitid(os.P_PID, server, os.WEXITED | os.WNOWAIT)
        teller.sendto(b"ENDED=1", heard)
