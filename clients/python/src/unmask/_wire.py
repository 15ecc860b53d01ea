"""The protocol's lines and frames, without any socket: bytes to send, and answers out of the bytes that came."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Sequence

from ._errors import ProtocolError, ServiceError, service_error

Buffer = bytes | bytearray | memoryview
ID = int | str | None


@dataclass(frozen=True)
class Reply:
    """One answer: a result or an error, and the frames that came with it."""

    id: ID
    result: dict[str, Any] | None
    error: ServiceError | None
    frames: tuple[bytes, ...]

    def unwrap(self) -> dict[str, Any]:
        """The result. Raises the error."""
        if self.error is not None:
            raise self.error
        assert self.result is not None  # one of the two is there: ReplyReader sees to it
        return self.result


def encode_request(id: ID, method: str, params: dict[str, Any], frames: Sequence[Buffer] = ()) -> list[Buffer]:
    """The parts of a request, in order; without an id, of a notification."""
    request: dict[str, Any] = {} if id is None else {"id": id}
    request |= {"method": method, "params": params}
    if frames:
        request["bytes"] = [memoryview(frame).nbytes for frame in frames]
    line = json.dumps(request, separators=(",", ":"), allow_nan=False).encode()
    return [line + b"\n", *frames]


class ReplyReader:
    """Cuts what comes from a server into answers, whatever the pieces it comes in."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._buffer = bytearray()
        self._searched = 0
        self._line: dict[str, Any] | None = None
        self._lengths: list[int] = []

    def feed(self, data: bytes) -> list[Reply]:
        self._buffer += data
        replies = []
        while (reply := self._next()) is not None:
            replies.append(reply)
        return replies

    def _next(self) -> Reply | None:
        if self._line is None and not self._read_line():
            return None
        total = sum(self._lengths)
        if len(self._buffer) < total:
            return None
        frames, start = [], 0
        for length in self._lengths:
            frames.append(bytes(self._buffer[start : start + length]))
            start += length
        del self._buffer[:total]
        line, self._line = self._line, None
        assert line is not None
        error = service_error(line["error"]) if "error" in line else None
        return Reply(line.get("id"), line.get("result"), error, tuple(frames))

    def _read_line(self) -> bool:
        end = self._buffer.find(b"\n", self._searched)
        if end < 0:
            self._searched = len(self._buffer)
            self._check_size(self._searched)
            return False
        text = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        self._searched = 0
        try:
            line = json.loads(text)
        except ValueError as error:
            raise ProtocolError(f"a line is no JSON ({error}): is this an Unmask server?") from error
        if not isinstance(line, dict) or isinstance(line.get("result"), dict) == ("error" in line):
            raise ProtocolError("a line has neither a result nor an error: is this an Unmask server?")
        lengths = line.get("bytes", [])
        if not isinstance(lengths, list) or not all(isinstance(n, int) and n >= 0 for n in lengths):
            raise ProtocolError(f"bytes is no list of lengths: {lengths!r}")
        self._check_size(sum(lengths))
        self._line, self._lengths = line, lengths
        return True

    def _check_size(self, size: int) -> None:
        if size > self._max_bytes:
            raise ProtocolError(f"an answer of {size} bytes or more; max_reply_bytes is {self._max_bytes}")
