"""Shows that the parity cases can fail: makes them again with a classic mistake in PyTorch and compares.

    python Tests/Oracles/model/check_mistakes.py [--sizes base] [--only NAME]

Prints, for each case and mistake, the largest deviation of any expected array in units of the tolerance (below 1 the
case does not see the mistake, `-` where it does not apply). Fails if a mistake that applies stays below 5 anywhere.
"""

import argparse
import contextlib
import io
import sys
import tempfile
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
import torchvision_shim  # noqa: F401  (before transformers and timm)

import hf_mae
import hf_vit
import mae_pth
import merging
import timm_vit
from case import Output
from torch import nn
from transformers.utils import logging

TOLERANCE, REQUIRED = 2e-4, 5
FAMILIES = (hf_mae, hf_vit, timm_vit, mae_pth, merging)
gelu, interpolate, layer_norm = nn.functional.gelu, nn.functional.interpolate, nn.functional.layer_norm


def tanh_gelu(x, approximate="none"):
    return gelu(x, approximate="tanh")


def other_epsilon(x, shape, weight=None, bias=None, eps=1e-5):
    return layer_norm(x, shape, weight, bias, 1e-12 if eps > 1e-12 else 1e-6)


def other_antialias(x, antialias=False, **arguments):
    return interpolate(x, antialias=not antialias, **arguments)


def mean_with_cls(expected):
    tokens, changed = expected.get("norm.npy"), dict(expected)
    if tokens is not None:
        changed["mean.npy"] = tokens.mean(axis=1)
    return changed


def channel_major(expected):
    """Reads the decoder's prediction as [C, P, P] a patch; one-channel patches cannot tell."""
    prediction, image = expected.get("prediction.npy"), expected.get("reconstruction.npy")
    changed = dict(expected)
    if image is not None and image.shape[1] > 1:
        batch, patches, values = prediction.shape
        swapped = prediction.reshape(batch, patches, image.shape[1], -1).swapaxes(2, 3)
        changed["prediction.npy"] = swapped.reshape(batch, patches, values)
    return changed


MISTAKES = {
    "tanh-gelu": lambda: patch.object(nn.functional, "gelu", tanh_gelu),
    "epsilon": lambda: patch.object(nn.functional, "layer_norm", other_epsilon),
    "antialias": lambda: patch.object(nn.functional, "interpolate", other_antialias),
    "attention-not-by-size": lambda: patch.object(merging, "mistakes", merging.Mistakes(proportional=False)),
    "cls-merged": lambda: patch.object(merging, "mistakes", merging.Mistakes(protected=False)),
    "average-not-by-size": lambda: patch.object(merging, "mistakes", merging.Mistakes(weighted=False)),
}
MISREADINGS = {"cls-in-mean": mean_with_cls, "channel-major": channel_major}


def make(sizes, only):
    """{case: {array: values}} of all cases."""
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        for size in sizes:
            for family in FAMILIES:
                family.cases(size, Output(folder, 7, only))
        return {
            case.name: {file.name: np.load(file) for file in case.glob("*.npy")}
            for case in sorted(Path(folder, "cases").iterdir())
        }


def deviation(expected, found):
    """The largest of max|difference| / max|expected| over the arrays, in tolerances; None if nothing differs."""
    worst = max(np.abs(expected[k] - found[k]).max() / np.abs(expected[k]).max() for k in expected if expected[k].any())
    return worst / TOLERANCE if worst > 0 else None


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--sizes", action="append", choices=["tiny", "base", "large"])
    p.add_argument("--only", default="", help="only cases whose name contains this")
    o = p.parse_args()
    sizes = o.sizes or ["tiny"]
    torch.set_num_threads(2)
    logging.disable_progress_bar()
    right = make(sizes, o.only)
    found = {name: {} for name in right}
    for mistake, wrong in MISTAKES.items():
        with wrong():
            for name, arrays in make(sizes, o.only).items():
                found[name][mistake] = deviation(right[name], arrays)
    for mistake, misread in MISREADINGS.items():
        for name, arrays in right.items():
            found[name][mistake] = deviation(arrays, misread(arrays))
    columns = [*MISTAKES, *MISREADINGS]
    print(f"{'':34}" + "".join(f"{c:>24}" for c in columns))
    for name, row in found.items():
        print(f"{name:34}" + "".join(f"{'-':>24}" if row[c] is None else f"{row[c]:24.1f}" for c in columns))
    sys.exit(any(value is not None and value < REQUIRED for row in found.values() for value in row.values()))


if __name__ == "__main__":
    main()
