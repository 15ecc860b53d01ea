"""Lets timm and transformers import where PyPI's torchvision, built for CUDA, meets a torch built for the CPU.

Both import torchvision, which at import describes two operators that its binary library would have registered. Where
that library does not load, importing this module first declares them; nothing here uses either.
"""

import importlib.util
from pathlib import Path

import torch


def _operators_are_missing():
    torchvision = importlib.util.find_spec("torchvision")
    if torchvision is None:
        return False
    try:
        for library in Path(torchvision.origin).parent.glob("_C*.so"):
            torch.ops.load_library(library)
    except OSError:
        return True
    return False


if _operators_are_missing():
    LIBRARY = torch.library.Library("torchvision", "DEF")
    for operator in ("nms", "qnms"):
        LIBRARY.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
