"""Every architecture of timm's plain-ViT modules as a zoo case: few blocks, random weights, timm's own folder."""

import json

import timm
import torch
import zoo_stages
from case import Taps
from safetensors.torch import save_file
from timm.models import list_models
from weights import randomise

MODULES = {"vision_transformer": "ViT", "deit": "DeiT", "beit": "BEiT", "eva": "EVA", "convnext": "ConvNeXt",
           "hiera": "Hiera", "vision_transformer_sam": "SAM"}
MOST_PARAMETERS = 400_000_000
DEPTH = 2


def names():
    """(module, architecture with its tag): each tag whose model differs from those before it."""
    for module in MODULES:
        seen = set()
        tagged = list_models(module=module, pretrained=True)
        bare = [n for n in list_models(module=module) if not any(t.split(".")[0] == n for t in tagged)]
        for name in tagged + bare:
            cfg = timm.models.get_pretrained_cfg(name)
            facts = (name.split(".")[0],) if cfg is None else (
                name.split(".")[0], cfg.num_classes > 0, cfg.input_size, cfg.fixed_input_size)
            if facts not in seen:
                seen.add(facts)
                yield module, name


def is_small(name):
    """Counted without making the numbers."""
    with torch.device("meta"):
        model = timm.create_model(name)
    return sum(p.numel() for p in model.parameters()) <= MOST_PARAMETERS


def build(module, name, generator):
    # Heads of a thousand classes are as right as heads of seven.
    cfg = timm.models.get_pretrained_cfg(name)
    is_staged = module in zoo_stages.EXPECTED
    arguments = dict(zoo_stages.arguments(module)) if is_staged else {"depth": DEPTH}
    if cfg is not None and cfg.num_classes > 0:
        arguments["num_classes"] = 7
    try:
        model = timm.create_model(name, **arguments)
    except (AssertionError, TypeError):
        model = timm.create_model(name, **{k: v for k, v in arguments.items() if k != "depth"})
    model = model.eval()
    randomise(model, generator)
    if is_staged:
        zoo_stages.balance(model)
    return model, arguments


@torch.no_grad()
def expected(model, pixels):
    with Taps(model.blocks) as blocks:
        tokens = model.forward_features(pixels)
    prefix = model.num_prefix_tokens
    fc_norm = model.fc_norm if getattr(model, "fc_norm", None) is not None else torch.nn.Identity()
    found = {"blocks": blocks.outputs, "norm": tokens, "mean": fc_norm(tokens[:, prefix:].mean(dim=1))}
    if getattr(model, "cls_token", None) is not None:
        found["cls"] = tokens[:, 0]
    if getattr(model, "attn_pool", None) is not None:
        found["map"] = model.pool(tokens)
    if getattr(model, "num_classes", 0):
        found["logits"] = model.forward_head(tokens)
    return found


def save(model, folder, arguments):
    """What timm's save_for_hf leaves beside the weights."""
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, folder / "model.safetensors")
    cfg = dict(model.pretrained_cfg)
    keep = ("tag", "custom_load", "input_size", "fixed_input_size", "interpolation", "crop_pct", "crop_mode", "mean",
            "std", "num_classes", "pool_size", "first_conv", "classifier", "license")
    config = {
        "architecture": cfg["architecture"],
        "num_classes": model.num_classes,
        "num_features": model.num_features,
        "global_pool": getattr(model, "global_pool", None) or "avg",
        "model_args": {k: v for k, v in arguments.items() if k != "num_classes"},
        "pretrained_cfg": {k: cfg[k] for k in keep if cfg.get(k) is not None},
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def write(out, module, name):
    generator = out.generator(name)
    model, arguments = build(module, name, generator)
    save(model, out.checkpoint(name), arguments)
    patches = getattr(model, "patch_embed", None)
    size = getattr(patches, "img_size", None) or model.pretrained_cfg["input_size"][1:]
    pixels = torch.randn(1, 3, *size, generator=generator)
    out.write(name, name, MODULES[module], {}, pixels, zoo_stages.EXPECTED.get(module, expected)(model, pixels))
