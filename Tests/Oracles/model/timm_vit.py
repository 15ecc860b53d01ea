"""Cases from timm's VisionTransformer: token and average pooling, with and without a head and a config.json."""

import json

import torch
from case import Taps
from safetensors.torch import save_file
from shapes import OBLONG, PAPER, PATCH_16, SMALL
from timm.models.vision_transformer import VisionTransformer
from weights import randomise


def build(shape, generator, pool, classes, **arguments):
    model = VisionTransformer(
        img_size=shape.image,
        patch_size=shape.patch,
        in_chans=shape.channels,
        num_classes=classes,
        global_pool=pool,
        embed_dim=shape.width,
        depth=shape.depth,
        num_heads=shape.heads,
        mlp_ratio=shape.mlp / shape.width,
        dynamic_img_size=True,
        **arguments,
    ).eval()
    randomise(model, generator)
    return model


@torch.no_grad()
def expected(model, pixels):
    with Taps(model.blocks) as blocks:
        tokens = model.forward_features(pixels)
        logits = model.forward_head(tokens)
    found = {"blocks": blocks.outputs, "mean": model.fc_norm(tokens[:, 1:].mean(dim=1))}
    if not isinstance(model.norm, torch.nn.Identity):
        found |= {"norm": tokens, "cls": tokens[:, 0]}
    if model.num_classes:
        found["logits"] = logits
    return found


def configuration(model, shape, architecture, interpolation="bicubic", crop=0.9):
    """What timm writes beside a model on the hub."""
    return {
        "architecture": architecture,
        "num_classes": model.num_classes,
        "num_features": shape.width,
        "global_pool": model.global_pool,
        "model_args": {
            "img_size": list(shape.image),
            "patch_size": shape.patch,
            "in_chans": shape.channels,
            "embed_dim": shape.width,
            "depth": shape.depth,
            "num_heads": shape.heads,
            "mlp_ratio": shape.mlp / shape.width,
        },
        "pretrained_cfg": {
            "input_size": [shape.channels, *shape.image],
            "fixed_input_size": True,
            "interpolation": interpolation,
            "crop_pct": crop,
            "crop_mode": "center",
            "mean": [0.5] * shape.channels,
            "std": [0.25] * shape.channels,
            "num_classes": model.num_classes,
            "first_conv": "patch_embed.proj",
            "classifier": "head",
        },
    }


def save(model, folder, configuration=None):
    save_file(model.state_dict(), folder / "model.safetensors", metadata={"format": "pt"})
    if configuration:
        (folder / "config.json").write_text(json.dumps(configuration, indent=2) + "\n")


def cases(size, out):
    if size == "tiny":
        _case(out, "tiny-timm-token", PATCH_16, "token", classes=5, config=True)
        _case(out, "tiny-timm-avg", SMALL, "avg", classes=5, config=False, resized=[(6, 3), (3, 3)])
        _case(out, "tiny-timm-avg-norm", SMALL.but(depth=2), "avg", classes=5, config=True, fc_norm=False)
        _case(out, "tiny-timm-features", OBLONG, "token", classes=0, config=True)
        _case(out, "tiny-timm-avg-features", SMALL.but(channels=1, depth=2), "avg", classes=0, config=False)
    else:
        shape = PAPER[size]
        _case(out, f"{size}-timm-token", shape, "token", classes=1000, config=True)
        _case(out, f"{size}-timm-avg", shape, "avg", classes=1000, config=False, resized=[(16, 10)])


def _case(out, name, shape, pool, classes, config, resized=(), **arguments):
    names = {name: shape.grid} | {f"{name}-resized-{h}x{w}": (h, w) for h, w in resized}
    if not any(map(out.wants, names)):
        return
    model = build(shape, out.generator(name), pool, classes, **arguments)
    details = configuration(model, shape, "vit_base_patch16_224") if config else None
    if details:
        details["model_args"] |= arguments
    save(model, out.checkpoint(name), details)
    for case, grid in names.items():
        if not out.wants(case):
            continue
        size = [side * shape.patch for side in grid]
        options = {} if config else {"heads": shape.heads}
        if grid != shape.grid:
            options |= {"image_size": size, "interpolation": "timm"}
        pixels = torch.randn(2, shape.channels, *size, generator=out.generator(case + "/pixels"))
        out.write(case, name, "timm", options, pixels, expected(model, pixels))
