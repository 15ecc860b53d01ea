"""The model that every peer runs: transformers' ViT-B/16 at 224 pixels, random weights, from pixels to the
vector of the class token, [B, 768].

    python bench/peers/model.py --batch 8 --out build/bench-peers

writes `vit-b-16-class-token-b8.onnx` by torch's exporter, and the input and output that each peer is checked with before it is
timed.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "Tests/Oracles/model"))
import torchvision_shim  # noqa: E402, F401  (before transformers)
from exported import files  # noqa: E402
from transformers import ViTConfig, ViTModel  # noqa: E402


class Encoder(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.vit = ViTModel(ViTConfig(), add_pooling_layer=False)

    def forward(self, pixels):
        return self.vit(pixels).last_hidden_state[:, 0]


def encoder():
    torch.manual_seed(0)
    return Encoder().eval()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--batch", type=int, required=True)
    p.add_argument("--out", type=Path, required=True)
    o = p.parse_args()
    o.out.mkdir(parents=True, exist_ok=True)
    out = files(o.out, o.batch)
    model = encoder()
    pixels = torch.randn(o.batch, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        np.save(out["pixels"], pixels.numpy())
        np.save(out["vectors"], model(pixels).numpy())
        names = {"input_names": ["pixels"], "output_names": ["vectors"]}
        torch.onnx.export(model, (pixels,), out["onnx"], dynamo=True, opset_version=18, **names)


if __name__ == "__main__":
    main()
