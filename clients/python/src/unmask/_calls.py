"""The methods as calls: what is sent, and how the answer is read. `Client` and `AsyncClient` both send these."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any, Callable, Generic, Mapping, Sequence, TypeVar

import numpy as np

from . import _results as results
from ._images import ImageLike, ImagesLike, each_image, image_params, mask_params
from ._wire import Buffer, Reply

Value = TypeVar("Value")


@dataclass(frozen=True)
class Call(Generic[Value]):
    method: str
    params: dict[str, Any]
    frames: Sequence[Buffer]
    decode: Callable[[Reply], Value]
    takes_deadline: bool = False
    """Whether the server is told how long the caller waits."""
    repeatable: bool = field(default=False)
    """Whether it only computes: made twice, it does what it does once."""

    def params_within(self, timeout: float | None) -> dict[str, Any]:
        if timeout is None or not self.takes_deadline:
            return self.params
        return self.params | {"deadline_ms": max(1, min(int(timeout * 1000), 86_400_000))}


def raw(method: str, params: dict[str, Any] | None, frames: Sequence[Buffer]) -> Call[Reply]:
    def checked(reply: Reply) -> Reply:
        reply.unwrap()
        return reply

    return Call(method, params or {}, frames, checked)


def question(method: str, **params: Any) -> Call[dict[str, Any]]:
    return Call(method, _given(params), (), Reply.unwrap, repeatable=True)


def administration(method: str, **params: Any) -> Call[dict[str, Any]]:
    return Call(method, _given(params), (), Reply.unwrap)


def embed(images: ImagesLike, **params: Any) -> Call[results.Embeddings]:
    return _on_images("embed", images, results.embeddings, params | {"encoding": "frame"})


def classify(images: ImagesLike, **params: Any) -> Call[results.Classes]:
    return _on_images("classify", images, results.classes, params)


def segment(images: ImagesLike, **params: Any) -> Call[results.Segmentations]:
    # Samples, not a PNG: they are an array at once.
    return _on_images("segment", images, results.segmentations, params | {"format": "pixels", "encoding": "frame"})


def score(images: ImagesLike, **params: Any) -> Call[results.Scores]:
    return _on_images("score", images, results.scores, params)


def reconstruct(images: ImagesLike, **params: Any) -> Call[results.Reconstructions]:
    return _on_images("reconstruct", images, results.reconstructions, params | {"encoding": "frame"})


def compare(a: ImageLike, b: ImageLike, **params: Any) -> Call[results.Comparison]:
    (left, right), frames = image_params([a, b])
    sides = {"a": left, "b": right}
    return Call("compare", sides | _given(params), frames, results.comparison, takes_deadline=True, repeatable=True)


def search(images: ImagesLike | None, where: Sequence[str] | None, **params: Any) -> Call[results.Neighbours]:
    if isinstance(where, str):
        raise TypeError(f"where: {where!r} is one text: expected a sequence of conditions, [{where!r}]")
    params |= {"where": None if where is None else list(where)}
    if images is None:
        return Call("index.search", _given(params), (), results.neighbours, repeatable=True)
    return _on_images("index.search", images, results.neighbours, params)


def picture(**params: Any) -> Call[bytes]:
    return Call("index.picture", _given(params | {"encoding": "frame"}), (), results.picture, repeatable=True)


def add(
    images: ImagesLike, names: Sequence[str] | None, metadata: Sequence[Mapping[str, Any] | None] | None, **params: Any
) -> Call[results.Additions]:
    images = list(each_image(images))
    if names is None and all(isinstance(image, (str, os.PathLike)) for image in images):
        names = [os.fspath(image) for image in images]  # type: ignore[arg-type]
    params |= {"names": None if names is None else list(names)}
    params |= {"metadata": None if metadata is None else [None if one is None else dict(one) for one in metadata]}
    # An image of a name takes the place of the one before: made twice, it does what it does once.
    return _on_images("index.add", images, results.additions, params)


def fit(
    name: str,
    examples: ImagesLike | results.Embeddings,
    labels: Sequence[Any] | None,
    masks: ImagesLike | None = None,
    **params: Any,
) -> Call[dict[str, Any]]:
    params = {"name": name} | _given(params | {"labels": None if labels is None else list(labels)})
    if isinstance(examples, results.Embeddings):
        vectors = np.ascontiguousarray(examples.array(), "<f4")
        params |= {"vectors": {"frame": 0}, "stamp": dict(examples.stamp)}
        return Call("fit", params, [vectors.tobytes()], Reply.unwrap)
    sources, frames = image_params(examples)
    if masks is not None:
        of_masks, frames = mask_params(masks, frames)
        params = params | {"masks": of_masks}
    return Call("fit", params | {"images": sources}, frames, Reply.unwrap, takes_deadline=True)


def _on_images(
    method: str, images: ImagesLike, decode: Callable[[Reply], Value], params: dict[str, Any]
) -> Call[Value]:
    sources, frames = image_params(images)
    params = {"images": sources} | _given(params)
    return Call(method, params, frames, decode, takes_deadline=True, repeatable=True)


def _given(params: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if value is not None}
