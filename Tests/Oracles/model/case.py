"""Writes parity cases: `checkpoints/NAME/…` in its foreign form, `cases/NAME/case.json` and its arrays beside it."""

import json
import zlib
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch


class Output:
    """Where one run of the generator writes, and its seed."""

    def __init__(self, folder, seed, only=""):
        self.folder = Path(folder)
        self.seed = seed
        self.only = only

    def wants(self, name):
        return self.only in name

    def generator(self, name):
        """A stream of random numbers of its own for each name, so that adding a case changes no other."""
        return torch.Generator().manual_seed(self.seed * 2**32 + zlib.crc32(name.encode()))

    def checkpoint(self, name):
        folder = self.folder / "checkpoints" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def write(self, name, checkpoint, family, options, pixels, expected, masking=None):
        """`expected`: arrays, or {layer index: array} for taps of every block. `masking`: see masks.Masking."""
        folder = self.folder / "cases" / name
        folder.mkdir(parents=True, exist_ok=True)
        case = {
            "name": name,
            "family": family,
            "checkpoint": f"../../checkpoints/{checkpoint}",
            "options": options,
            "pixels": _save(folder, "pixels", pixels),
        }
        if masking is not None:
            case |= {key: _save(folder, key, value) for key, value in masking.arrays().items()}
        case["expected"] = {}
        for key, value in expected.items():
            if isinstance(value, dict):
                stem = key.removesuffix("s")
                case["expected"][key] = [_save(folder, f"{stem}{i}", value[i]) for i in sorted(value)]
            else:
                case["expected"][key] = _save(folder, key, value)
        case |= {"seed": self.seed, "versions": {p: version(p) for p in ("torch", "transformers", "timm", "numpy")}}
        (folder / "case.json").write_text(json.dumps(case, indent=2) + "\n")
        print(folder)


def _save(folder, stem, tensor):
    array = tensor.detach().numpy()
    array = array.astype(np.int32 if array.dtype.kind == "i" else np.float32)
    np.save(folder / f"{stem}.npy", np.ascontiguousarray(array))
    return f"{stem}.npy"


class Taps:
    """Records what every layer of a list puts out."""

    def __init__(self, layers):
        self.outputs = {}
        self.hooks = [layer.register_forward_hook(self._recorder(i)) for i, layer in enumerate(layers)]

    def _recorder(self, index):
        def record(module, arguments, output):
            self.outputs[index] = (output[0] if isinstance(output, tuple) else output).clone()

        return record

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        for hook in self.hooks:
            hook.remove()
