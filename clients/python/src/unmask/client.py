"""The client that blocks."""

from __future__ import annotations

import itertools
import os
import socket
import ssl
import threading
import time
from collections import deque
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from types import TracebackType
from typing import Any, Generic, Iterator, Mapping, Sequence, TypeVar

from . import _calls as calls
from ._address import Address, UnixAddress, parse_address
from ._calls import Call, Value
from ._errors import CallTimeout, ConnectionFailed, ProtocolError, ServiceError, UnmaskError
from ._images import ImageLike, ImagesLike, each_image
from ._results import Additions, Classes, Comparison, Embeddings, Neighbours, Reconstructions
from ._retry import RetryPolicy
from ._sockets import connect_unix
from ._tls import TLS, tls_context
from ._wire import Buffer, Reply, ReplyReader, encode_request

_SMALL = 1 << 16
"""Requests of at most so many bytes are copied into one piece; larger ones are written in several."""

_Client = TypeVar("_Client", bound="Client")


class Client:
    """A client over one connection. Threads may share it: their calls overlap, and each gets its own answer.

    It connects when it is first used, and anew after a connection has ended.
    """

    def __init__(
        self,
        address: Address | str | os.PathLike[str] | None = None,
        *,
        token: str | None = None,
        tls: TLS = False,
        timeout: float | None = None,
        connect_timeout: float = 10.0,
        retry: RetryPolicy = RetryPolicy(),
        max_reply_bytes: int = 1 << 30,
    ) -> None:
        """
        - `address`: the path of a Unix socket, or `HOST:PORT`; None for where `unmask serve` listens by default.
        - `token`: shown to a server that asks for one.
        - `tls`: True to trust the system's certificates, a file of certificates to trust, or a context.
        - `timeout`: seconds for each call, its repetitions included; None for as long as it takes.
        """
        self.address = parse_address(address)
        self._token = token
        self._tls = tls_context(tls)
        self._timeout = timeout
        self._connect_timeout = connect_timeout
        self._retry = retry
        self._max_reply_bytes = max_reply_bytes
        self._lock = threading.Lock()
        self._connection: _Connection | None = None

    # Life

    def connect(self) -> None:
        """Connects now rather than at the first call."""
        self._connected()

    def close(self) -> None:
        """Closes the connection; calls that still wait raise `ConnectionFailed`."""
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def __enter__(self: _Client) -> _Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Any method

    def call(
        self,
        method: str,
        params: dict[str, Any] | None = None,
        frames: Sequence[Buffer] = (),
        *,
        timeout: float | None = None,
    ) -> Reply:
        """Calls a method by name. `params` refers to `frames` as `{"frame": i}`."""
        return self._run(calls.raw(method, params, frames), timeout)

    def submit(
        self, method: str, params: dict[str, Any] | None = None, frames: Sequence[Buffer] = ()
    ) -> PendingReply[Reply]:
        """Sends a request and does not wait. Nothing is retried."""
        return self._submit(calls.raw(method, params, frames), None)

    # The methods

    def hello(self) -> dict[str, Any]:
        """Who answers, what it can do, and what it allows."""
        return self._run(calls.question("hello"))

    def info(self, model: str | None = None) -> dict[str, Any]:
        """What the models are."""
        return self._run(calls.question("info", model=model))

    def health(self) -> dict[str, Any]:
        """Whether the engine makes progress."""
        return self._run(calls.question("health"))

    def ready(self) -> dict[str, Any]:
        """Whether every model in memory answers the golden image as it should."""
        return self._run(calls.question("ready"))

    def stats(self) -> dict[str, Any]:
        """What the server has counted, and how long each stage took of late."""
        return self._run(calls.question("stats"))

    def embed(
        self,
        images: ImagesLike,
        *,
        pooling: str | None = None,
        output: str | None = None,
        dimensions: int | None = None,
        normalize: bool | None = None,
        keep: float | Sequence[int] | None = None,
        seed: int | None = None,
        merge: int | None = None,
        keep_min: float | None = None,
        merge_max: int | None = None,
        dtype: str | None = None,
        model: str | None = None,
        recipe: str | None = None,
        priority: str | None = None,
        timeout: float | None = None,
    ) -> Embeddings:
        """A vector of every image. The parameters are the protocol's; None leaves one to the server."""
        call = calls.embed(
            images, pooling=pooling, output=output, dimensions=dimensions, normalize=normalize, keep=keep, seed=seed,
            merge=merge, keep_min=keep_min, merge_max=merge_max, dtype=dtype, model=model, recipe=recipe,
            priority=priority,
        )  # fmt: skip
        return self._run(call, timeout)

    def embed_each(
        self, images: ImagesLike, *, in_flight: int = 16, **params: Any
    ) -> Iterator[Embeddings | ServiceError]:
        """Embeds any number of images, a request each, with `in_flight` of them under way at once. Yields in order, for
        each what `embed` would return for it, or the error that refused its request for good."""
        waiting: deque[tuple[Call[Embeddings], PendingReply[Embeddings], float | None]] = deque()
        source = iter(each_image(images))
        while True:
            for image in itertools.islice(source, in_flight - len(waiting)):
                call = calls.embed([image], **params)
                waiting.append((call, self._submit(call, self._timeout), self._deadline(self._timeout)))
            if not waiting:
                return
            call, pending, deadline = waiting.popleft()
            try:
                yield self._finish(call, pending, deadline)
            except ServiceError as error:
                yield error

    def classify(
        self,
        images: ImagesLike,
        *,
        top_k: int | None = None,
        head: str | None = None,
        scores: str | None = None,
        threshold: float | None = None,
        keep: float | Sequence[int] | None = None,
        seed: int | None = None,
        merge: int | None = None,
        keep_min: float | None = None,
        merge_max: int | None = None,
        model: str | None = None,
        recipe: str | None = None,
        priority: str | None = None,
        timeout: float | None = None,
    ) -> Classes:
        """The labels of every image that score most.

        `scores`: probabilities, sigmoid, logits or values; default what the model's head gives. Labels that score less
        than `threshold` are left out. `head`: one of the server's fitted heads (`info`), in place of the model's own.
        """
        call = calls.classify(
            images, top_k=top_k, head=head, scores=scores, threshold=threshold, keep=keep, seed=seed, merge=merge,
            keep_min=keep_min, merge_max=merge_max, model=model, recipe=recipe, priority=priority,
        )  # fmt: skip
        return self._run(call, timeout)

    def segment(
        self,
        images: ImagesLike,
        *,
        head: str | None = None,
        merge: int | None = None,
        model: str | None = None,
        recipe: str | None = None,
        priority: str | None = None,
        timeout: float | None = None,
    ) -> Segmentations:
        """The class of every pixel of every image, at the model's size, by one of the server's fitted heads: default its
        only one of that kind."""
        call = calls.segment(images, head=head, merge=merge, model=model, recipe=recipe, priority=priority)
        return self._run(call, timeout)

    def score(
        self,
        images: ImagesLike,
        *,
        head: str | None = None,
        threshold: float | None = None,
        merge: int | None = None,
        model: str | None = None,
        recipe: str | None = None,
        priority: str | None = None,
        timeout: float | None = None,
    ) -> Scores:
        """How strange every image looks, and where, by one of the server's fitted heads that know good images: default its
        only one. `threshold`: the score from which an image is anomalous; default the head's."""
        call = calls.score(
            images, head=head, threshold=threshold, merge=merge, model=model, recipe=recipe, priority=priority
        )
        return self._run(call, timeout)

    def reconstruct(
        self,
        images: ImagesLike,
        *,
        ratio: float | None = None,
        seed: int | None = None,
        keep: Sequence[int] | None = None,
        pattern: str | None = None,
        merge: int | None = None,
        merge_max: int | None = None,
        picture: str | None = None,
        format: str | None = None,
        model: str | None = None,
        recipe: str | None = None,
        priority: str | None = None,
        timeout: float | None = None,
    ) -> Reconstructions:
        """Hides patches of every image and lets the decoder paint them again."""
        call = calls.reconstruct(
            images, ratio=ratio, seed=seed, keep=keep, pattern=pattern, merge=merge, merge_max=merge_max, picture=picture,
            format=format, model=model, recipe=recipe, priority=priority,
        )  # fmt: skip
        return self._run(call, timeout)

    def compare(
        self,
        a: ImageLike,
        b: ImageLike,
        *,
        pooling: str | None = None,
        model: str | None = None,
        recipe: str | None = None,
        timeout: float | None = None,
    ) -> Comparison:
        """The cosine of the angle between the vectors of two images."""
        return self._run(calls.compare(a, b, pooling=pooling, model=model, recipe=recipe), timeout)

    def search(
        self,
        images: ImagesLike | None = None,
        *,
        rows: Sequence[int] | None = None,
        index: str | None = None,
        k: int | None = None,
        offset: int | None = None,
        under: str | None = None,
        where: Sequence[str] | None = None,
        distinct: float | None = None,
        mode: str | None = None,
        model: str | None = None,
        recipe: str | None = None,
        priority: str | None = None,
        timeout: float | None = None,
    ) -> Neighbours:
        """The images of one of the server's indexes that are most like every image, or instead every row of that index; of those
        alone whose path begins as `under` and whose metadata fulfil every condition of `where`, such as `year>=2020`. Of images at
        least as similar to each other as `distinct` the nearest stands for the others.

        ``mode`` is ``exact``, the default, or an approximate one that the index was prepared for: ``bits``, ``hnsw``, ``ivfpq``.
        """
        call = calls.search(
            images, rows=None if rows is None else list(rows), index=index, k=k, offset=offset, under=under, where=where,
            distinct=distinct, mode=mode, model=model, recipe=recipe, priority=priority,
        )  # fmt: skip
        return self._run(call, timeout)

    def indexes(self) -> dict[str, Any]:
        """What the server's indexes hold."""
        return self._run(calls.question("index.info"))

    def picture(self, row: int, *, index: str | None = None, side: int | None = None) -> bytes:
        """A small picture of a row of an index, a PNG: of the file that the index names, where the server may read it."""
        return self._run(calls.picture(row=row, index=index, side=side))

    def map(self, *, index: str | None = None, sample: int | None = None, seed: int | None = None) -> dict[str, Any]:
        """Where rows of an index lie in a plane."""
        return self._run(calls.question("index.map", index=index, sample=sample, seed=seed))

    # Administration

    def load(self, name: str, path: str | None = None) -> dict[str, Any]:
        """Puts a model under a name, or brings a known one into memory."""
        return self._run(calls.administration("load", name=name, path=path))

    def unload(self, name: str, *, forget: bool | None = None) -> dict[str, Any]:
        return self._run(calls.administration("unload", name=name, forget=forget))

    def reload(self, name: str | None = None) -> dict[str, Any]:
        return self._run(calls.administration("reload", name=name))

    def add(
        self,
        images: ImagesLike,
        names: Sequence[str] | None = None,
        *,
        metadata: Sequence[Mapping[str, Any] | None] | None = None,
        index: str | None = None,
        model: str | None = None,
        recipe: str | None = None,
        priority: str | None = None,
        timeout: float | None = None,
    ) -> Additions:
        """Adds images to one of the server's indexes, each by its name, or its path where it is one; those of names that it has take
        their places. What is answered as added is durable. `metadata` are what each carries: names with null, booleans, numbers or
        strings."""
        call = calls.add(
            images, names, metadata, index=index, model=model, recipe=recipe, priority=priority,
        )  # fmt: skip
        return self._run(call, timeout)

    def delete(self, names: Sequence[str], *, index: str | None = None) -> dict[str, Any]:
        """Takes images out of one of the server's indexes, by name."""
        return self._run(calls.administration("index.delete", names=list(names), index=index))

    def fit(
        self,
        name: str,
        examples: ImagesLike | Embeddings,
        labels: Sequence[Any] | None = None,
        *,
        kind: str | None = None,
        pooling: str | None = None,
        output: str | None = None,
        seed: int | None = None,
        folds: int | None = None,
        balanced: bool | None = None,
        unknown: float | None = None,
        masks: ImagesLike | None = None,
        classes: Sequence[str] | None = None,
        ignore: int | None = None,
        hidden: int | None = None,
        by: str | None = None,
        passes: int | None = None,
        path: str | None = None,
        model: str | None = None,
        recipe: str | None = None,
        timeout: float | None = None,
    ) -> dict[str, Any]:
        """Makes a head of labelled examples, images or what `embed` gave, and puts it under a name; of kind anomaly, of good
        images without labels; of kind segment, of images and a mask of each: PNGs whose pixels are numbers of `classes`."""
        call = calls.fit(
            name, examples, labels, masks, kind=kind, pooling=pooling, output=output, seed=seed, folds=folds, balanced=balanced,
            unknown=unknown, classes=None if classes is None else list(classes), ignore=ignore, hidden=hidden, by=by,
            passes=passes, path=path, model=model, recipe=recipe,
        )  # fmt: skip
        return self._run(call, timeout)

    def load_head(self, name: str, path: str) -> dict[str, Any]:
        """Puts the head of a file on the server under a name."""
        return self._run(calls.administration("head.load", name=name, path=path))

    def unload_head(self, name: str) -> dict[str, Any]:
        """Takes a head away."""
        return self._run(calls.administration("head.unload", name=name))

    def drain(self, wait_ms: int | None = None) -> dict[str, Any]:
        """Lets the server take no more images."""
        return self._run(calls.administration("drain", wait_ms=wait_ms))

    def log_level(self, level: str | None = None) -> dict[str, Any]:
        return self._run(calls.administration("log_level", level=level))

    # Sending

    def _run(self, call: Call[Value], timeout: float | None = None) -> Value:
        timeout = self._timeout if timeout is None else timeout
        return self._finish(call, None, self._deadline(timeout))

    @staticmethod
    def _deadline(timeout: float | None) -> float | None:
        return None if timeout is None else time.monotonic() + timeout

    def _finish(self, call: Call[Value], pending: PendingReply[Value] | None, deadline: float | None) -> Value:
        """Waits for a call, which may be under way already, and repeats it as the policy says."""
        made = 0
        while True:
            remaining = None if deadline is None else max(0.0, deadline - time.monotonic())
            try:
                pending = pending or self._submit(call, remaining)
                return pending.result(remaining)
            except UnmaskError as error:
                delay = self._retry.delay(error, made, call.repeatable)
                if delay is None or (deadline is not None and time.monotonic() + delay >= deadline):
                    raise
                pending = None
            time.sleep(delay)
            made += 1

    def _submit(self, call: Call[Value], timeout: float | None) -> PendingReply[Value]:
        connection = self._connected()
        id, future = connection.send(call.method, call.params_within(timeout), call.frames)
        return PendingReply(call, id, future, connection)

    def _connected(self) -> _Connection:
        with self._lock:
            if self._connection is None or self._connection.is_closed:
                connection = _Connection(self._open(), self._max_reply_bytes)
                if self._token is not None:
                    _, future = connection.send("hello", {"token": self._token}, ())
                    try:
                        future.result(self._connect_timeout).unwrap()
                    except BaseException:
                        connection.close()
                        raise
                self._connection = connection
            return self._connection

    def _open(self) -> socket.socket:
        try:
            if isinstance(self.address, UnixAddress):
                return connect_unix(self.address, self._connect_timeout)
            opened = socket.create_connection((self.address.host, self.address.port), self._connect_timeout)
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                opened = self._tls.wrap_socket(opened, server_hostname=self.address.host)
            opened.settimeout(None)
            return opened
        except (OSError, ssl.SSLError) as error:
            raise ConnectionFailed(f"nobody answers at {self.address}: {error}") from error


class PendingReply(Generic[Value]):
    """A request that is under way."""

    def __init__(self, call: Call[Value], id: int, future: Future[Reply], connection: _Connection) -> None:
        self._call = call
        self._id = id
        self._future = future
        self._connection = connection

    def done(self) -> bool:
        return self._future.done()

    def result(self, timeout: float | None = None) -> Value:
        """Waits for the answer. Raises what the server gave, `ConnectionFailed`, or `CallTimeout`, which also gives
        the request up."""
        try:
            reply = self._future.result(timeout)
        except FutureTimeout:
            self.cancel()
            raise CallTimeout(f"{self._call.method} had no answer within {timeout:.3f} s") from None
        return self._call.decode(reply)

    def cancel(self) -> None:
        """Gives the request up: the server drops what has not run, and what it still answers is dropped here."""
        self._connection.give_up(self._id)


class _Connection:
    """One connection: whoever calls writes, and a thread of its own reads."""

    def __init__(self, opened: socket.socket, max_reply_bytes: int) -> None:
        self._socket = opened
        self._reader = ReplyReader(max_reply_bytes)
        self._ids = itertools.count(1)
        self._waiting: dict[int, Future[Reply]] = {}
        self._last_id = 0
        self._state = threading.Lock()
        self._writing = threading.Lock()
        self._end: UnmaskError | None = None
        threading.Thread(target=self._read, name="unmask-client", daemon=True).start()

    @property
    def is_closed(self) -> bool:
        return self._end is not None

    def send(self, method: str, params: dict[str, Any], frames: Sequence[Buffer]) -> tuple[int, Future[Reply]]:
        future: Future[Reply] = Future()
        with self._state:
            if self._end is not None:
                raise self._end
            id = self._last_id = next(self._ids)
            self._waiting[id] = future
        try:
            self._write(encode_request(id, method, params, frames))
        except OSError as error:
            self._finish(ConnectionFailed(f"the connection ended: {error}"))
        except BaseException:
            with self._state:
                self._waiting.pop(id, None)
            raise
        return id, future

    def give_up(self, id: int) -> None:
        with self._state:
            future = self._waiting.pop(id, None)
        if future is None:
            return
        future.set_exception(ConnectionFailed("the call was given up"))
        try:
            self._write(encode_request(None, "cancel", {"request": id}))
        except OSError as error:
            self._finish(ConnectionFailed(f"the connection ended: {error}"))

    def close(self) -> None:
        self._finish(ConnectionFailed("the client was closed"))

    def _write(self, parts: list[Buffer]) -> None:
        with self._writing:
            if sum(map(len, parts)) <= _SMALL:
                parts = [b"".join(parts)]
            for part in parts:
                self._socket.sendall(part)

    def _read(self) -> None:
        end: UnmaskError = ConnectionFailed("the server closed the connection")
        try:
            while data := self._socket.recv(1 << 18):
                for reply in self._reader.feed(data):
                    self._deliver(reply)
        except UnmaskError as error:
            end = error
        except OSError as error:
            end = ConnectionFailed(f"the connection ended: {error}")
        self._finish(end)
        self._socket.close()

    def _deliver(self, reply: Reply) -> None:
        with self._state:
            known = isinstance(reply.id, int) and 0 < reply.id <= self._last_id
            future = self._waiting.pop(reply.id, None) if isinstance(reply.id, int) else None
        if not known:
            raise ProtocolError(f"an answer that belongs to no request: {reply.error or reply.result}")
        if future is not None:  # else it was given up
            future.set_result(reply)

    def _finish(self, error: UnmaskError) -> None:
        with self._state:
            if self._end is not None:
                return
            self._end = error
            waiting, self._waiting = self._waiting, {}
        try:
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads, which closes
        except OSError:
            pass
        for future in waiting.values():
            future.set_exception(error)
