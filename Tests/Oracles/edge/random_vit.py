"""A Vision Transformer of random weights in timm's layout, as safetensors, with config.json beside it.

Weights are as large as trained ones are, so that answers depend on the picture, and some channels of the norms stand out
as they do in trained models (Xiao et al. 2023): rounding to int8 has something to lose.
"""

import json
import struct

import numpy as np

SIZES = {"tiny": (192, 12, 3), "small": (384, 12, 6), "base": (768, 12, 12)}


def write(folder, size, seed, classes=1000, side=224, patch=16):
    """Writes FOLDER/model.safetensors and FOLDER/config.json."""
    width, depth, heads = SIZES[size]
    random = np.random.default_rng(seed)

    def matrix(rows, columns):
        return random.standard_normal((rows, columns), np.float32) / np.float32(np.sqrt(columns))

    def norm(name):
        weight = np.exp(0.3 * random.standard_normal(width)).astype(np.float32)
        weight[random.choice(width, width // 64, replace=False)] *= 12
        return {name + ".weight": weight, name + ".bias": 0.1 * random.standard_normal(width).astype(np.float32)}

    def linear(name, rows, columns, gain=1.0):
        bias = 0.1 * random.standard_normal(rows).astype(np.float32)
        return {name + ".weight": np.float32(gain) * matrix(rows, columns), name + ".bias": bias}

    patches = (side // patch) ** 2
    tensors = {
        "cls_token": random.standard_normal((1, 1, width), np.float32),
        "pos_embed": 0.5 * random.standard_normal((1, 1 + patches, width), np.float32),
        "patch_embed.proj.weight": matrix(width, 3 * patch * patch).reshape(width, 3, patch, patch),
        "patch_embed.proj.bias": np.zeros(width, np.float32),
    }
    for block in range(depth):
        name = f"blocks.{block}."
        tensors |= norm(name + "norm1") | linear(name + "attn.qkv", 3 * width, width, 0.5)
        tensors |= linear(name + "attn.proj", width, width, 0.5)
        tensors |= norm(name + "norm2") | linear(name + "mlp.fc1", 4 * width, width, 0.5)
        tensors |= linear(name + "mlp.fc2", width, 4 * width, 0.5)
    tensors |= norm("norm") | linear("head", classes, width)
    folder.mkdir(parents=True, exist_ok=True)
    save(tensors, folder / "model.safetensors")
    architecture = f"vit_{size}_patch{patch}_{side}"
    config = {"architecture": architecture, "num_classes": classes, "num_features": width}
    config["pretrained_cfg"] = {
        "input_size": [3, side, side], "interpolation": "bicubic", "crop_pct": 0.9, "mean": [0.5] * 3, "std": [0.5] * 3,
        "num_classes": classes, "pool_size": None, "first_conv": "patch_embed.proj", "classifier": "head",
    }
    (folder / "config.json").write_text(json.dumps(config))


def save(tensors, path):
    header, offset = {}, 0
    for name, array in tensors.items():
        end = offset + array.nbytes
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for array in tensors.values():
            file.write(np.ascontiguousarray(array, np.float32).tobytes())
