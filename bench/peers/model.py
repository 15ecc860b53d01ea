"""The model that every peer runs: transformers' ViT at 224 pixels with patches of 16, random weights, from pixels to the
vector of the class token, [B, D].

    python bench/peers/model.py --arch vit-b/16 --batch 8 --out build/bench-peers

writes `vit-b-16-class-token-b8.onnx` by torch's exporter, the same weights as a folder for transformers, and the input and output
that each peer is checked with before it is timed.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "Tests/Oracles/model"))
import torchvision_shim  # noqa: E402, F401  (before transformers)
from exported import ARCHITECTURES, files  # noqa: E402
from transformers import ViTConfig, ViTModel  # noqa: E402


class Encoder(torch.nn.Module):
    def __init__(self, arch):
        super().__init__()
        width, depth, heads = ARCHITECTURES[arch]
        config = ViTConfig(
            hidden_size=width, num_hidden_layers=depth, num_attention_heads=heads, intermediate_size=4 * width)
        self.vit = ViTModel(config, add_pooling_layer=False)

    def forward(self, pixels):
        return self.vit(pixels).last_hidden_state[:, 0]


def encoder(arch):
    torch.manual_seed(0)
    return Encoder(arch).eval()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--arch", choices=ARCHITECTURES, default="vit-b/16")
    p.add_argument("--batch", type=int, required=True)
    p.add_argument("--out", type=Path, required=True)
    o = p.parse_args()
    o.out.mkdir(parents=True, exist_ok=True)
    out = files(o.out, o.arch, o.batch)
    model = encoder(o.arch)
    pixels = torch.randn(o.batch, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        np.save(out["pixels"], pixels.numpy())
        np.save(out["vectors"], model(pixels).numpy())
        names = {"input_names": ["pixels"], "output_names": ["vectors"]}
        torch.onnx.export(model, (pixels,), out["onnx"], dynamo=True, opset_version=18, **names)
    model.vit.save_pretrained(out["folder"])


if __name__ == "__main__":
    main()
