"""The client for asyncio."""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from types import TracebackType
from typing import Any, AsyncIterator, Mapping, Sequence, TypeVar

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

_Client = TypeVar("_Client", bound="AsyncClient")


class AsyncClient:
    """`Client` for asyncio: calls overlap over one connection. Cancelling a task that waits for an answer gives the
    request up, and tells the server so. For use by one event loop."""

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
        """The parameters are those of `Client`."""
        self.address = parse_address(address)
        self._token = token
        self._tls = tls_context(tls)
        self._timeout = timeout
        self._connect_timeout = connect_timeout
        self._retry = retry
        self._max_reply_bytes = max_reply_bytes
        self._lock = asyncio.Lock()
        self._connection: _Connection | None = None

    # Life

    async def connect(self) -> None:
        """Connects now rather than at the first call."""
        await self._connected()

    async def close(self) -> None:
        """Closes the connection; calls that still wait raise `ConnectionFailed`."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def __aenter__(self: _Client) -> _Client:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # Any method

    async def call(
        self,
        method: str,
        params: dict[str, Any] | None = None,
        frames: Sequence[Buffer] = (),
        *,
        timeout: float | None = None,
    ) -> Reply:
        """Calls a method by name. `params` refers to `frames` as `{"frame": i}`."""
        return await self._run(calls.raw(method, params, frames), timeout)

    # The methods

    async def hello(self) -> dict[str, Any]:
        """Who answers, what it can do, and what it allows."""
        return await self._run(calls.question("hello"))

    async def info(self, model: str | None = None) -> dict[str, Any]:
        """What the models are."""
        return await self._run(calls.question("info", model=model))

    async def health(self) -> dict[str, Any]:
        """Whether the engine makes progress."""
        return await self._run(calls.question("health"))

    async def ready(self) -> dict[str, Any]:
        """Whether every model in memory answers the golden image as it should."""
        return await self._run(calls.question("ready"))

    async def stats(self) -> dict[str, Any]:
        """What the server has counted, and how long each stage took of late."""
        return await self._run(calls.question("stats"))

    async def embed(
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
        return await self._run(call, timeout)

    async def embed_each(
        self, images: ImagesLike, *, in_flight: int = 16, **params: Any
    ) -> AsyncIterator[Embeddings | ServiceError]:
        """Embeds any number of images, a request each, with `in_flight` of them under way at once. Yields in order, for
        each what `embed` would return for it, or the error that refused its request for good."""
        waiting: list[asyncio.Task[Embeddings]] = []
        source = iter(each_image(images))
        try:
            while True:
                while len(waiting) < in_flight and (image := next(source, None)) is not None:
                    waiting.append(asyncio.create_task(self._run(calls.embed([image], **params))))
                if not waiting:
                    return
                try:
                    yield await waiting.pop(0)
                except ServiceError as error:
                    yield error
        finally:
            for task in waiting:
                task.cancel()

    async def classify(
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
        return await self._run(call, timeout)

    async def segment(
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
        return await self._run(call, timeout)

    async def score(
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
        return await self._run(call, timeout)

    async def reconstruct(
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
        return await self._run(call, timeout)

    async def compare(
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
        return await self._run(calls.compare(a, b, pooling=pooling, model=model, recipe=recipe), timeout)

    async def search(
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
        return await self._run(call, timeout)

    async def indexes(self) -> dict[str, Any]:
        """What the server's indexes hold."""
        return await self._run(calls.question("index.info"))

    async def picture(self, row: int, *, index: str | None = None, side: int | None = None) -> bytes:
        """A small picture of a row of an index, a PNG: of the file that the index names, where the server may read it."""
        return await self._run(calls.picture(row=row, index=index, side=side))

    async def map(self, *, index: str | None = None, sample: int | None = None, seed: int | None = None) -> dict[str, Any]:
        """Where rows of an index lie in a plane."""
        return await self._run(calls.question("index.map", index=index, sample=sample, seed=seed))

    # Administration

    async def load(self, name: str, path: str | None = None) -> dict[str, Any]:
        """Puts a model under a name, or brings a known one into memory."""
        return await self._run(calls.administration("load", name=name, path=path))

    async def unload(self, name: str, *, forget: bool | None = None) -> dict[str, Any]:
        return await self._run(calls.administration("unload", name=name, forget=forget))

    async def reload(self, name: str | None = None) -> dict[str, Any]:
        return await self._run(calls.administration("reload", name=name))

    async def add(
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
        return await self._run(call, timeout)

    async def delete(self, names: Sequence[str], *, index: str | None = None) -> dict[str, Any]:
        """Takes images out of one of the server's indexes, by name."""
        return await self._run(calls.administration("index.delete", names=list(names), index=index))

    async def fit(
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
        return await self._run(call, timeout)

    async def load_head(self, name: str, path: str) -> dict[str, Any]:
        """Puts the head of a file on the server under a name."""
        return await self._run(calls.administration("head.load", name=name, path=path))

    async def unload_head(self, name: str) -> dict[str, Any]:
        """Takes a head away."""
        return await self._run(calls.administration("head.unload", name=name))

    async def drain(self, wait_ms: int | None = None) -> dict[str, Any]:
        """Lets the server take no more images."""
        return await self._run(calls.administration("drain", wait_ms=wait_ms))

    async def log_level(self, level: str | None = None) -> dict[str, Any]:
        return await self._run(calls.administration("log_level", level=level))

    # Sending

    async def _run(self, call: Call[Value], timeout: float | None = None) -> Value:
        timeout = self._timeout if timeout is None else timeout
        deadline = None if timeout is None else time.monotonic() + timeout
        made = 0
        while True:
            remaining = None if deadline is None else max(0.0, deadline - time.monotonic())
            try:
                connection = await self._connected()
                params = call.params_within(remaining)
                return call.decode(await connection.request(call.method, params, call.frames, remaining))
            except UnmaskError as error:
                delay = self._retry.delay(error, made, call.repeatable)
                if delay is None or (deadline is not None and time.monotonic() + delay >= deadline):
                    raise
            await asyncio.sleep(delay)
            made += 1

    async def _connected(self) -> _Connection:
        async with self._lock:
            if self._connection is None or self._connection.is_closed:
                connection = _Connection(*await self._open(), self._max_reply_bytes)
                if self._token is not None:
                    try:
                        hello = await connection.request("hello", {"token": self._token}, (), self._connect_timeout)
                        hello.unwrap()
                    except BaseException:
                        await connection.close()
                        raise
                self._connection = connection
            return self._connection

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            if isinstance(self.address, UnixAddress):
                connect = asyncio.to_thread(connect_unix, self.address, self._connect_timeout)
                return await asyncio.open_unix_connection(sock=await connect)
            opening = asyncio.open_connection(self.address.host, self.address.port, ssl=self._tls)
            return await asyncio.wait_for(opening, self._connect_timeout)
        except (OSError, ssl.SSLError, asyncio.TimeoutError) as error:
            raise ConnectionFailed(f"nobody answers at {self.address}: {error}") from error


class _Connection:
    """One connection, and the task that reads it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, max_reply_bytes: int) -> None:
        self._writer = writer
        self._replies = ReplyReader(max_reply_bytes)
        self._waiting: dict[int, asyncio.Future[Reply]] = {}
        self._last_id = 0
        self._end: UnmaskError | None = None
        self._reading = asyncio.create_task(self._read(reader))

    @property
    def is_closed(self) -> bool:
        return self._end is not None

    async def request(
        self, method: str, params: dict[str, Any], frames: Sequence[Buffer], timeout: float | None
    ) -> Reply:
        if self._end is not None:
            raise self._end
        id = self._last_id = self._last_id + 1
        parts = encode_request(id, method, params, frames)
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting[id] = future
        try:
            # One after the other without a pause, so that no other request comes in between.
            for part in parts:
                self._writer.write(part)
            return await asyncio.wait_for(self._drained(future), timeout)
        except asyncio.TimeoutError:
            raise CallTimeout(f"{method} had no answer within {timeout:.3f} s") from None
        except OSError as error:
            raise ConnectionFailed(f"the connection ended: {error}") from error
        finally:
            # Still waiting: the time has passed, or the task was cancelled.
            if self._waiting.pop(id, None) is not None and self._end is None:
                self._writer.writelines(encode_request(None, "cancel", {"request": id}))

    async def close(self) -> None:
        self._reading.cancel()
        self._finish(ConnectionFailed("the client was closed"))
        try:
            await self._writer.wait_closed()
        except OSError:
            pass

    async def _drained(self, future: asyncio.Future[Reply]) -> Reply:
        await self._writer.drain()
        return await future

    async def _read(self, reader: asyncio.StreamReader) -> None:
        end: UnmaskError = ConnectionFailed("the server closed the connection")
        try:
            while data := await reader.read(1 << 18):
                for reply in self._replies.feed(data):
                    self._deliver(reply)
        except UnmaskError as error:
            end = error
        except OSError as error:
            end = ConnectionFailed(f"the connection ended: {error}")
        self._finish(end)

    def _deliver(self, reply: Reply) -> None:
        if not isinstance(reply.id, int) or not 0 < reply.id <= self._last_id:
            raise ProtocolError(f"an answer that belongs to no request: {reply.error or reply.result}")
        future = self._waiting.pop(reply.id, None)
        if future is not None and not future.done():  # else it was given up
            future.set_result(reply)

    def _finish(self, error: UnmaskError) -> None:
        if self._end is not None:
            return
        self._end = error
        waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            if not future.done():
                future.set_exception(error)
        self._writer.close()
