"""What sets networks of stages apart in timm's zoo: how they are made small, and what is expected of them."""

import re

import torch
from case import Taps

# Of every stage a block, of one two, so that a block that follows another is seen too.
DEPTHS = {"convnext": {"depths": (1, 1, 2, 1)}, "hiera": {"stages": (1, 2, 2, 1)},
          "vision_transformer_sam": {"depth": 3, "global_attn_indexes": (1,)}}


def arguments(module):
    return DEPTHS[module]


def rows(x):
    """[B, D, H, W] as tokens [B, H W, D]."""
    return x.flatten(2).transpose(1, 2)


@torch.no_grad()
def balance(model):
    """No term of a block drowns another: ConvNeXt's blocks read the stream as it is, Hiera's stages project it."""
    convolves = any("dw" in name for name, _ in model.named_parameters())
    for name, parameter in model.named_parameters():
        if convolves and name.endswith(("mlp.fc2.weight", "mlp.fc2.bias", "pwconv2.weight", "pwconv2.bias")):
            parameter.mul_(20)
        if re.search(r"(blocks|layers)\.\d+\.proj\.", name):
            parameter.mul_(0.01)


@torch.no_grad()
def convnext(model, pixels):
    with Taps([block for stage in model.stages for block in stage.blocks]) as blocks:
        last = model.forward_features(pixels)
    mean = last.mean(dim=(2, 3), keepdim=True)
    head_norm = getattr(model.head, "norm", torch.nn.Identity())
    found = {
        "blocks": {i: rows(x) for i, x in blocks.outputs.items()},
        "norm": rows(last),
        "mean": head_norm(mean).flatten(1),
    }
    if model.num_classes:
        found["logits"] = model.forward_head(last)
    if hasattr(getattr(model.head, "pre_logits", None), "fc"):
        found["output"] = model.forward_head(last, pre_logits=True)
    return found


@torch.no_grad()
def hiera(model, pixels):
    with Taps(model.blocks) as blocks:
        last = model.forward_features(pixels)
    in_place = {i: model.reroll(x, i).flatten(1, 2) for i, x in blocks.outputs.items()}
    found = {"blocks": in_place, "norm": in_place[len(in_place) - 1], "mean": model.head.norm(last.mean(dim=1))}
    if model.num_classes:
        found["logits"] = model.forward_head(last)
    return found


@torch.no_grad()
def sam(model, pixels):
    with Taps(model.blocks) as blocks:
        last = model.forward_features(pixels)
    found = {
        "blocks": {i: x.flatten(1, 2) for i, x in blocks.outputs.items()},
        "norm": rows(last),
        "mean": last.mean(dim=(2, 3)),
    }
    if model.num_classes:
        found["logits"] = model.forward_head(last)
    return found


EXPECTED = {"convnext": convnext, "hiera": hiera, "vision_transformer_sam": sam}
