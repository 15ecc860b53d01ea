"""Exports small convolutional networks, as readers of text use them, with onnxruntime's answers beside each.

    python Tests/Oracles/onnx/make_networks.py --out Tests/UnmaskModelTests/Fixtures/networks --seed 7

`reader-cnn` ends in classes for each column of the image; `reader-lstm` has a recurrent layer, which Unmask does not run.
Writes NAME.onnx, and NAME.json with NAME.f32: inputs and outputs. Versions: Tests/Oracles/requirements.txt.
"""

import argparse
import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import nn

HEIGHT, WIDTH, BATCH, CLASSES = 16, 48, 2, 11


class Reader(nn.Module):
    """Convolutions with batch normalisation halve the height faster than the width; columns are then classified."""

    def __init__(self, recurrent):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(8, 12, 3, padding=1), nn.BatchNorm2d(12), nn.Hardswish(), nn.AvgPool2d((2, 1)),
            nn.Conv2d(12, 12, (3, 5), stride=(2, 2), padding=(1, 2), groups=4), nn.LeakyReLU(0.1))
        self.recurrent = nn.LSTM(12, 8, bidirectional=True, batch_first=True) if recurrent else None
        self.head = nn.Linear(16 if recurrent else 12, CLASSES)

    def forward(self, pixels):
        x = self.features(pixels).amax(dim=2).transpose(1, 2)
        if self.recurrent is not None:
            x, _ = self.recurrent(x)
        return self.head(x).log_softmax(dim=-1)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--seed", type=int, default=7)
    o = p.parse_args()
    o.out.mkdir(parents=True, exist_ok=True)
    for name, recurrent in (("reader-cnn", False), ("reader-lstm", True)):
        torch.manual_seed(o.seed)
        model = Reader(recurrent)
        model(torch.randn(64, 1, HEIGHT, WIDTH))  # gives batch normalisation statistics of its own
        model.eval()
        pixels = torch.randn(BATCH, 1, HEIGHT, WIDTH)
        path = str(o.out / f"{name}.onnx")
        axes = {"pixels": {0: "batch"}, "columns": {0: "batch"}}
        torch.onnx.export(
            model, (pixels,), path, input_names=["pixels"], output_names=["columns"], opset_version=17, dynamo=False,
            dynamic_axes=axes)
        answer = onnxruntime.InferenceSession(path).run(None, {"pixels": pixels.numpy()})[0]
        arrays = [("pixels", pixels.numpy()), ("columns", answer)]
        (o.out / f"{name}.f32").write_bytes(b"".join(a.astype("<f4").tobytes() for _, a in arrays))
        description = {
            "name": name, "seed": o.seed,
            "inputs": [{"name": "pixels", "shape": list(pixels.shape)}],
            "outputs": [{"name": "columns", "shape": list(np.shape(answer))}],
            "versions": {p: version(p) for p in ("torch", "onnxruntime")},
        }
        (o.out / f"{name}.json").write_text(json.dumps(description, indent=2) + "\n")
        print(name, np.shape(answer))


if __name__ == "__main__":
    main()
