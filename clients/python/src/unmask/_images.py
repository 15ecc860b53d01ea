"""Images as callers have them, and as they travel."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable, Protocol, TypeGuard, Union

import numpy as np

from ._wire import Buffer


@dataclass(frozen=True)
class ServerPath:
    """A file of the server's, inside a folder that its `--allow-path` names."""

    path: str


class PillowImage(Protocol):
    """What is needed of a Pillow image."""

    mode: str

    def convert(self, mode: str) -> Any: ...


ImageLike = Union[
    bytes, bytearray, memoryview, str, "os.PathLike[str]", "np.ndarray[Any, Any]", PillowImage, ServerPath
]
"""An encoded image file's bytes (JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF or HEIC); the path of one on this machine; an
array of pixels, uint8, `[H, W]` or `[H, W, C]` with C 1 or 3; a Pillow image, whose pixels are taken as RGB where it is no
gray one, and as they lie (`PIL.ImageOps.exif_transpose` turns them); or a file of the server's."""

ImagesLike = Union[ImageLike, Iterable[ImageLike]]
"""Images; or one; or the path of a folder on this machine, for the images that `images_in` finds there."""

# How files of images begin, and where.
_BEGINNINGS = [
    (0, b"\xff\xd8\xff"), (0, b"\x89PNG\r\n\x1a\n"), (0, b"GIF8"), (0, b"BM"), (0, b"II*\0"), (0, b"MM\0*"), (8, b"WEBP"),
    (4, b"ftypavif"), (4, b"ftypavis"), (4, b"ftypheic"), (4, b"ftypheix"), (4, b"ftypmif1"),
]  # fmt: skip


def images_in(folder: str | os.PathLike[str]) -> list[Path]:
    """The files in a folder and all below it that begin as images do, whatever they are called, in the order of their
    paths. None is an error."""
    found = [path for path in sorted(Path(folder).rglob("*")) if path.is_file() and _is_image(path)]
    if not found:
        raise FileNotFoundError(errno.ENOENT, "there is no image in this folder", str(folder))
    return found


def _is_image(path: Path) -> bool:
    with open(path, "rb") as file:
        first = file.read(16)
    return any(first.startswith(text, at) for at, text in _BEGINNINGS)


def each_image(images: ImagesLike) -> Iterable[ImageLike]:
    """Images one by one, also where there is but one."""
    if isinstance(images, (str, os.PathLike)) and os.path.isdir(images):
        return images_in(images)
    return [images] if _is_single(images) else images


def _is_single(images: ImagesLike) -> TypeGuard[ImageLike]:
    if isinstance(images, np.ndarray):
        return images.ndim == 2 or images.ndim == 3 and images.shape[2] in (1, 3)
    return isinstance(images, (bytes, bytearray, memoryview, str, os.PathLike, ServerPath)) or _is_pillow(images)


def _is_pillow(image: Any) -> TypeGuard[PillowImage]:
    return hasattr(image, "mode") and hasattr(image, "convert")


def image_params(images: ImagesLike, before: list[Buffer] | None = None) -> tuple[list[dict[str, Any]], list[Buffer]]:
    """The images as parameters name them, and the frames that they name, behind those that there are already."""
    frames = [] if before is None else list(before)
    return [_image(image, frames) for image in each_image(images)], frames


def mask_params(masks: ImagesLike, before: list[Buffer]) -> tuple[list[dict[str, Any]], list[Buffer]]:
    """The same of masks: of a palette's images the indices, not the colours."""
    numbers = [np.asarray(m) if _is_pillow(m) and m.mode in ("P", "L") else m for m in each_image(masks)]
    return image_params(numbers, before)


def _image(image: ImageLike, frames: list[Buffer]) -> dict[str, Any]:
    if isinstance(image, ServerPath):
        return {"path": image.path}
    if _is_pillow(image):
        image = np.asarray(image if image.mode in ("L", "RGB") else image.convert("RGB"))
    if isinstance(image, np.ndarray):
        pixels = image[:, :, None] if image.ndim == 2 else image
        if pixels.dtype != np.uint8 or pixels.ndim != 3:
            raise ValueError(f"an image is an array of uint8, [H, W, C], not {image.dtype} {list(image.shape)}")
        frames.append(np.ascontiguousarray(pixels).tobytes())
        return {"pixels": {"frame": len(frames) - 1}, "shape": list(pixels.shape)}
    if isinstance(image, (bytes, bytearray, memoryview)):
        frames.append(image)
    elif isinstance(image, (str, os.PathLike)):
        with open(image, "rb") as file:
            frames.append(file.read())
    else:
        raise TypeError(f"an image is bytes, a path, an array, a Pillow image or a ServerPath, not {type(image).__name__}")
    return {"frame": len(frames) - 1}
