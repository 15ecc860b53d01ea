"""Images as callers have them, and as they travel."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Iterable, Union

import numpy as np

from ._wire import Buffer


@dataclass(frozen=True)
class ServerPath:
    """A file of the server's, inside a folder that its `--allow-path` names."""

    path: str


ImageLike = Union[bytes, bytearray, memoryview, str, "os.PathLike[str]", "np.ndarray[Any, Any]", ServerPath]
"""An encoded image file's bytes (JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF or HEIC); the path of one on this machine; an
array of pixels, uint8, `[H, W]` or `[H, W, C]` with C 1 or 3; or a file of the server's."""


def image_params(images: Iterable[ImageLike]) -> tuple[list[dict[str, Any]], list[Buffer]]:
    """The images as parameters name them, and the frames that they name."""
    frames: list[Buffer] = []
    return [_image(image, frames) for image in images], frames


def _image(image: ImageLike, frames: list[Buffer]) -> dict[str, Any]:
    if isinstance(image, ServerPath):
        return {"path": image.path}
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
        raise TypeError(f"an image is bytes, a path, an array or a ServerPath, not {type(image).__name__}")
    return {"frame": len(frames) - 1}
