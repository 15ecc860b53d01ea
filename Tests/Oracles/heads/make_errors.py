"""Makes Tests/UnmaskModelTests/Fixtures/errors.json: how badly the shipped autoencoder foresees patches that are hidden.

    build/venv/bin/python Tests/Oracles/heads/make_errors.py      # numpy, torch and safetensors

The forward pass is written anew here, in double, from He et al. 2021 and the file's tensors; masks come from the Python that
docs/masking.md shows. Each case also holds the model to it that pixels of hidden patches move nothing: they are noise in the pass.
"""

import json
import math
import pathlib

import numpy as np
import torch
from safetensors.torch import load_file
from torch.nn import functional as F

ROOT = pathlib.Path(__file__).resolve().parents[3]
OUT = ROOT / "Tests/UnmaskModelTests/Fixtures/errors.json"
HEADS, DECODER_HEADS, SIDE, PATCH, MEAN, DEVIATION = 2, 3, 28, 4, 0.286, 0.353


def noise(seed, count):
    functions = {}
    exec((ROOT / "docs/masking.md").read_text().split("```python\n")[1].split("```")[0], functions)
    return functions["mae_noise"](seed, count)


def blocks(x, w, name, heads):
    depth = len({k.split(".")[1] for k in w if k.startswith(f"{name}.")})
    for i in range(depth):
        def linear(v, layer):
            return F.linear(v, w[f"{name}.{i}.{layer}.weight"], w[f"{name}.{i}.{layer}.bias"])

        def norm(v, layer):
            return F.layer_norm(v, v.shape[-1:], w[f"{name}.{i}.{layer}.weight"], w[f"{name}.{i}.{layer}.bias"], 1e-6)

        t, d = x.shape
        q, k, v = linear(norm(x, "norm1"), "attn.qkv").reshape(t, 3, heads, d // heads).permute(1, 2, 0, 3)
        attended = ((q @ k.transpose(1, 2)) / math.sqrt(d // heads)).softmax(2) @ v
        x = x + linear(attended.transpose(0, 1).reshape(t, d), "attn.proj")
        x = x + linear(F.gelu(linear(norm(x, "norm2"), "mlp.fc1")), "mlp.fc2")
    return x


def patches(pixels):
    """[side, side] → [N, P · P], of one channel."""
    n = SIDE // PATCH
    return pixels.reshape(n, PATCH, n, PATCH).transpose(1, 2).reshape(n * n, PATCH * PATCH)


def predicted(values, keep, w):
    """[N, P · P] and the patches that are seen → [N, P · P]."""
    d = w["cls_token"].shape[-1]
    embedded = F.linear(values, w["patch_embed.proj.weight"].reshape(d, -1), w["patch_embed.proj.bias"]) + w["pos_embed"][0, 1:]
    x = torch.cat([w["cls_token"][0] + w["pos_embed"][0, :1], embedded[keep]])
    x = blocks(x, w, "blocks", HEADS)
    x = F.layer_norm(x, x.shape[-1:], w["norm.weight"], w["norm.bias"], 1e-6)
    x = F.linear(x, w["decoder_embed.weight"], w["decoder_embed.bias"])
    every = w["mask_token"][0].repeat(len(values), 1)
    every[keep] = x[1:]
    x = torch.cat([x[:1], every]) + w["decoder_pos_embed"][0]
    x = blocks(x, w, "decoder_blocks", DECODER_HEADS)
    x = F.layer_norm(x, x.shape[-1:], w["decoder_norm.weight"], w["decoder_norm.bias"], 1e-6)
    return F.linear(x, w["decoder_pred.weight"], w["decoder_pred.bias"])[1:]


def errors(values, count, seed, w, norm_pix, spoil):
    numbers = noise(seed, len(values))
    order = sorted(range(len(values)), key=lambda i: (numbers[i], i))
    target = values
    if norm_pix:
        target = (values - values.mean(1, keepdim=True)) / (values.var(1, keepdim=True) + 1e-6) ** 0.5
    found, times = torch.zeros(len(values)).double(), torch.zeros(len(values))
    for part in range(count):
        hidden = sorted(order[len(order) * part // count : len(order) * (part + 1) // count])
        seen = values.clone()
        seen[hidden] = spoil[hidden]
        prediction = predicted(seen, [i for i in range(len(values)) if i not in hidden], w)
        found[hidden] = ((prediction - target)[hidden] ** 2).mean(1)
        times[hidden] += 1
    assert (times == 1).all()
    return found


def main():
    torch.set_num_threads(1)  # small products
    w = {n: t.double() for n, t in load_file(ROOT / "models/fashion-mae.safetensors").items()}
    random = np.random.default_rng(31)
    y, x = np.mgrid[:SIDE, :SIDE]
    images = [
        np.where((np.abs(y - 14) < 9) & (np.abs(x - 12) < 7), 200, 0) + random.integers(0, 30, (SIDE, SIDE)),
        (127 + 100 * np.sin(y / 3) * np.cos(x / 5)).astype(int)]
    cases = []
    with torch.no_grad():
        for image, pixels in enumerate(images):
            values = patches((torch.tensor(pixels).double() / 255 - MEAN) / DEVIATION)
            spoil = torch.tensor(random.normal(size=values.shape))
            for count, seed, norm_pix in [(4, 0, False), (3, 7, False), (4, 0, True), (49, 2**40, False)]:
                found = errors(values, count, seed, w, norm_pix, spoil)
                cases.append({
                    "image": image, "count": count, "seed": str(seed), "norm_pix": norm_pix,
                    "errors": [float(f"{v:.7g}") for v in found.tolist()]})
    OUT.write_text(json.dumps({
        "versions": {"torch": torch.__version__}, "images": [i.reshape(-1).tolist() for i in images], "cases": cases}))


if __name__ == "__main__":
    main()
