"""The models of the comparison as ONNX files, through PyTorch's exporter, from the weights that Unmask serves."""

import os
import sys

from harness import FILES, ROOT, SMALL_MODEL

sys.path[:0] = [str(ROOT / "models/recipes"), str(ROOT / "Tests/Oracles/model")]


def vit_b_16():
    """The class token of transformers' ViT-B/16, `[B, 768]`."""
    import torch
    import torchvision_shim  # noqa: F401  (before transformers)
    from transformers import ViTModel
    from vit_b_16 import folder

    class Encoder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.vit = ViTModel.from_pretrained(folder(), add_pooling_layer=False)

        def forward(self, pixels):
            return self.vit(pixels).last_hidden_state[:, 0]

    return export("vit-b-16", Encoder, (3, 224, 224))


def fashion_vit():
    """The mean token of the shipped classifier after its norm, `[B, 128]`."""
    import json

    import torch
    from safetensors import safe_open
    from vit import Encoder as Shape
    from vit import VisionTransformer

    class Encoder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            with safe_open(SMALL_MODEL, "pt") as file:
                config = json.loads(file.metadata()["config"])
                weights = {name: file.get_tensor(name) for name in file.keys()}
            self.vit = VisionTransformer(Shape(heads=config["heads"]), classes=config["classes"])
            self.vit.load_state_dict(weights)

        def forward(self, pixels):
            return self.vit.fc_norm(self.vit.tokens(pixels)[:, 1:].mean(dim=1))

    return export("fashion-vit", Encoder, (1, 28, 28))


def export(name, make, shape):
    import torch

    made = FILES / f"{name}.onnx"
    if not made.exists():
        FILES.mkdir(parents=True, exist_ok=True)
        part = made.with_name(f"{name}-part.onnx")
        pixels = torch.zeros(2, *shape)
        names = {"input_names": ["pixels"], "output_names": ["vectors"]}
        batch = {"pixels": {0: torch.export.Dim("batch", min=1, max=64)}}
        with torch.no_grad():
            torch.onnx.export(
                make().eval(), (pixels,), part, dynamo=True, opset_version=18, external_data=False,
                dynamic_shapes=batch, **names,
            )  # fmt: skip
        os.rename(part, made)
    return made
