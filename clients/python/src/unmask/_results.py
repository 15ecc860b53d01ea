"""What the methods return."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any, Callable, Generic, Iterator, Sequence, TypeVar, Union, overload

import numpy as np
from numpy.typing import NDArray

from ._errors import ProtocolError, ServiceError, service_error
from ._wire import Reply

Item = TypeVar("Item")
_DTYPES: dict[str, np.dtype[Any]] = {"f32": np.dtype("<f4"), "f16": np.dtype("<f2"), "int8": np.dtype("i1")}


@dataclass(frozen=True)
class ItemResults(Sequence[Union[Item, ServiceError]], Generic[Item]):
    """One entry for each image, in order: its result, or its error."""

    items: tuple[Item | ServiceError, ...]
    stamp: dict[str, Any]
    """What made the results: vectors with different stamps must not be compared."""
    timing_us: dict[str, int]
    """Microseconds of each stage, of the image that was finished last; `total` is the request's."""

    @property
    def errors(self) -> dict[int, ServiceError]:
        """The errors, by the image's number."""
        return {i: item for i, item in enumerate(self.items) if isinstance(item, ServiceError)}

    def unwrap(self) -> list[Item]:
        """All results. Raises the first image's error where there is one."""
        for item in self.items:
            if isinstance(item, ServiceError):
                raise item
        return list(self.items)  # type: ignore[arg-type]

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Item | ServiceError]:
        return iter(self.items)

    @overload
    def __getitem__(self, index: int) -> Item | ServiceError: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Item | ServiceError, ...]: ...
    def __getitem__(self, index: int | slice) -> Any:
        return self.items[index]


@dataclass(frozen=True)
class Embeddings(ItemResults[NDArray[np.float32]]):
    """A vector `[D]`, or one for each token `[K, D]`, of every image, in float32 whatever the type it travelled in."""

    def array(self) -> NDArray[np.float32]:
        """All vectors in one array, `[B, D]` or `[B, K, D]`. Raises the first image's error where there is one."""
        vectors = self.unwrap()
        return np.stack(vectors) if vectors else np.empty((0, self.stamp.get("dimension", 0)), np.float32)


@dataclass(frozen=True)
class Label:
    label: str
    index: int
    probability: float | None = None
    logit: float | None = None
    """In place of a probability, where logits were asked for."""
    value: float | None = None
    """In place of a probability, of a regression."""


@dataclass(frozen=True)
class Classes(ItemResults["tuple[Label, ...]"]):
    """The labels of every image, the highest score first."""


@dataclass(frozen=True)
class ClassShare:
    label: str
    index: int
    share: float
    """Of the image's pixels."""


@dataclass(frozen=True)
class Segmentation:
    mask: NDArray[np.uint8]
    """The class of every pixel, `[H, W]`, at the model's size."""
    classes: tuple[ClassShare, ...]
    """Those that have a pixel, the largest share first."""


@dataclass(frozen=True)
class Segmentations(ItemResults[Segmentation]):
    """The class of every pixel of every image."""

    head: str


@dataclass(frozen=True)
class Score:
    score: float
    """The largest of its patches'."""
    anomalous: bool
    patches: NDArray[np.float32]
    """How strange each looks, as they lie in the image, `[rows, columns]`."""


@dataclass(frozen=True)
class Scores(ItemResults[Score]):
    """How strange every image looks."""

    head: str
    threshold: float
    """The score from which an image is anomalous."""


@dataclass(frozen=True)
class Reconstruction:
    png: bytes | None
    """A PNG file, where that was asked for."""
    pixels: NDArray[np.uint8] | None
    """`[H, W, C]`, where that was asked for."""
    patch_errors: NDArray[np.float32]
    """Mean squared error of each patch against the original, in normalised pixels, `[N]`."""


@dataclass(frozen=True)
class Reconstructions(ItemResults[Reconstruction]):
    """A picture of every image; all share one mask."""

    ids_keep: NDArray[np.int64]
    mask: NDArray[np.int64]
    """1 for each patch that was removed, `[N]`."""
    norm_pix_statistics: bool
    """Whether the pictures took each original patch's mean and variance, also the hidden ones'."""


@dataclass(frozen=True)
class Comparison:
    cosine: float | None
    """None where one of the vectors is zero."""
    stamp: dict[str, Any]


@dataclass(frozen=True)
class Neighbour:
    similarity: float
    """The cosine."""
    paths: tuple[str, ...]
    """Of images of equal pixels."""
    row: int
    """Its number in the index, by which `picture` and `search(rows=…)` know it."""
    metadata: tuple[dict[str, Any], ...] = ()
    """What each of them carries; empty where none carries anything."""


@dataclass(frozen=True)
class Neighbours(ItemResults["tuple[Neighbour, ...]"]):
    """What an index has that is most like every image, nearest first."""

    mode: str = "exact"
    """How it was searched."""


@dataclass(frozen=True)
class Addition:
    duplicate: bool
    """Whether the index had these pixels already: their vector stands for this image too."""
    replaced: bool
    """Whether another image had its name, and is there no longer."""


@dataclass(frozen=True)
class Additions(ItemResults["Addition"]):
    """What became of every image that was added to an index."""


def embeddings(reply: Reply) -> Embeddings:
    result = reply.unwrap()
    dtype = _DTYPES[result.get("dtype", "f32")]

    def vector(item: dict[str, Any]) -> NDArray[np.float32]:
        shape = item["shape"]
        array: NDArray[np.float32]
        array = np.frombuffer(_payload(item["embedding"], reply), dtype).reshape(shape).astype(np.float32)
        if "scales" in item:
            array *= np.asarray(item["scales"], np.float32).reshape([*shape[:-1], 1])
        return array

    return Embeddings(**_items(result, vector))


def classes(reply: Reply) -> Classes:
    return Classes(**_items(reply.unwrap(), lambda item: tuple(Label(**label) for label in item["labels"])))


def segmentations(reply: Reply) -> Segmentations:
    result = reply.unwrap()

    def segmentation(item: dict[str, Any]) -> Segmentation:
        mask = np.frombuffer(_payload(item["pixels"], reply), np.uint8).reshape(item["shape"])
        return Segmentation(mask, tuple(ClassShare(**share) for share in item["classes"]))

    return Segmentations(**_items(result, segmentation), head=result["head"])


def scores(reply: Reply) -> Scores:
    result = reply.unwrap()

    def score(item: dict[str, Any]) -> Score:
        patches = np.asarray(item["patches"], np.float32).reshape(result["grid"])
        return Score(item["score"], item["anomalous"], patches)

    return Scores(**_items(result, score), head=result["head"], threshold=result["threshold"])


def reconstructions(reply: Reply) -> Reconstructions:
    result = reply.unwrap()

    def picture(item: dict[str, Any]) -> Reconstruction:
        png = _payload(item["png"], reply) if "png" in item else None
        pixels = None
        if "pixels" in item:
            pixels = np.frombuffer(_payload(item["pixels"], reply), np.uint8).reshape(item["shape"])
        return Reconstruction(png, pixels, np.asarray(item["patch_errors"], np.float32))

    return Reconstructions(
        **_items(result, picture),
        ids_keep=np.asarray(result["ids_keep"]),
        mask=np.asarray(result["mask"]),
        norm_pix_statistics=result["norm_pix_statistics"],
    )


def additions(reply: Reply) -> Additions:
    return Additions(**_items(reply.unwrap(), lambda item: Addition(item["duplicate"], item["replaced"])))


def neighbours(reply: Reply) -> Neighbours:
    def found(item: dict[str, Any]) -> tuple[Neighbour, ...]:
        return tuple(
            Neighbour(one["similarity"], tuple(one["paths"]), one["row"], tuple(one.get("metadata", ())))
            for one in item["neighbours"]
        )

    result = reply.unwrap()
    return Neighbours(**_items(result, found), mode=result.get("mode", "exact"))


def picture(reply: Reply) -> bytes:
    return _payload(reply.unwrap()["png"], reply)


def comparison(reply: Reply) -> Comparison:
    result = reply.unwrap()
    return Comparison(result["cosine"], result["stamp"])


def _payload(value: Any, reply: Reply) -> bytes:
    """The bytes that stand in an answer as `{"frame":i}` or as base64."""
    if isinstance(value, str):
        return base64.b64decode(value)
    try:
        frame: bytes = reply.frames[value["frame"]]
    except (TypeError, KeyError, IndexError) as error:
        raise ProtocolError(f"an answer with {len(reply.frames)} frames names {value!r}") from error
    return frame


def _items(result: dict[str, Any], make: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    items = tuple(service_error(item["error"]) if "error" in item else make(item) for item in result["results"])
    return {"items": items, "stamp": result["stamp"], "timing_us": result["timing_us"]}
