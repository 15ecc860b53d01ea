"""Cases that are one ViT or MAE in other people's spellings and wrappings: torchvision's, MMPretrain's, transformers 5's own
`state_dict()`, separate biases of q and v, MAE's linear probe, a size that is not square.

MMPretrain is not installed: its files are timm's or transformers' models under its names, which stand in
mmpretrain/models/backbones/vision_transformer.py and necks/mae_neck.py.
"""

from argparse import Namespace

import hf_mae
import hf_vit
import mae_pth
import timm_vit
import torch
from case import Taps
from masks import random_masking
from shapes import Shape
from torchvision.models import VisionTransformer as TorchvisionViT
from transformers import ViTForImageClassification
from weights import randomise

TINY = Shape(
    image=(16, 16), patch=8, width=32, depth=2, heads=2, mlp=48, decoder_width=24, decoder_depth=1, decoder_heads=3,
    decoder_mlp=40,
)
_MM_LAYER = [
    ("norm1.", "ln1."), ("norm2.", "ln2."), ("mlp.fc1.", "ffn.layers.0.0."), ("mlp.fc2.", "ffn.layers.1."),
]


def cases(size, out):
    if size != "tiny":
        return
    _torchvision(out, "tiny-torchvision")
    _mmpretrain(out, "tiny-mmpretrain")
    _mmselfsup(out, "tiny-mmselfsup-mae")
    _transformers5(out, "tiny-hf5-vit")
    _transformers5_mae(out, "tiny-hf5-mae")
    _separate_biases(out, "tiny-q-v-bias")
    _linear_probe(out, "tiny-linear-probe")
    _oblong(out, "tiny-oblong-args")


def _pixels(out, name, shape):
    return torch.randn(2, shape.channels, *shape.image, generator=out.generator(name + "/pixels"))


@torch.no_grad()
def _torchvision(out, name):
    if not out.wants(name):
        return
    generator = out.generator(name)
    model = TorchvisionViT(
        TINY.image[0], TINY.patch, TINY.depth, TINY.heads, TINY.width, TINY.mlp, num_classes=5
    ).eval()
    randomise(model, generator)
    for key, parameter in model.named_parameters():
        if key.endswith(("class_token", "pos_embedding", "in_proj_bias")):
            parameter.normal_(0, 0.2, generator=generator)
        if key.endswith("in_proj_weight"):
            parameter.normal_(0, 1.5 / TINY.width**0.5, generator=generator)
    torch.save(model.state_dict(), out.checkpoint(name) / "vit.pth")
    pixels = _pixels(out, name, TINY)
    tokens = {}
    hook = model.encoder.ln.register_forward_hook(lambda module, inputs, output: tokens.update(norm=output.clone()))
    with Taps(model.encoder.layers) as blocks:
        logits = model(pixels)
    hook.remove()
    norm = tokens["norm"]
    found = {"blocks": blocks.outputs, "norm": norm, "cls": norm[:, 0], "mean": norm[:, 1:].mean(dim=1)}
    out.write(name, f"{name}/vit.pth", "torchvision", {"heads": TINY.heads}, pixels, found | {"logits": logits})


def _mm_names(tensors):
    """timm's names in MMPretrain's."""
    renamed = {}
    for key, tensor in tensors.items():
        if key.startswith(("blocks.", "decoder_blocks.")):
            for ours, theirs in _MM_LAYER:
                key = key.replace(ours, theirs)
            key = "neck." + key if key.startswith("decoder_") else "backbone." + key.replace("blocks.", "layers.", 1)
        elif key.startswith("decoder_norm"):
            key = key.replace("decoder_norm", "neck.ln1")
        elif key.startswith(("decoder_", "mask_token")):
            key = "neck." + key
        elif key.startswith("head."):
            key = key.replace("head.", "head.layers.head.")
        else:
            key = "backbone." + key.replace("patch_embed.proj", "patch_embed.projection").replace("norm.", "ln1.")
        renamed[key] = tensor
    return renamed


def _mmpretrain(out, name):
    if not out.wants(name):
        return
    model = timm_vit.build(TINY, out.generator(name), "token", classes=5)
    file = out.checkpoint(name) / "epoch_300.pth"
    tensors = _mm_names(model.state_dict()) | {"data_preprocessor.mean": torch.zeros(3, 1, 1)}
    torch.save({"meta": {"epoch": 300, "mmpretrain_version": "1.2.0"}, "state_dict": tensors}, file)
    pixels = _pixels(out, name, TINY)
    out.write(name, f"{name}/{file.name}", "mmpretrain", {"heads": TINY.heads}, pixels, timm_vit.expected(model, pixels))


def _mmselfsup(out, name):
    if not out.wants(name):
        return
    generator = out.generator(name)
    model = hf_mae.build(TINY, generator, norm_pix=False)
    file = out.checkpoint(name) / "epoch_1600.pth"
    torch.save({"state_dict": _mm_names(mae_pth.original_names(model))}, file)
    pixels = _pixels(out, name, TINY)
    masking = random_masking(2, TINY.patches, 0.5, generator)
    options = {"heads": TINY.heads, "decoder_heads": TINY.decoder_heads}
    out.write(name, f"{name}/{file.name}", "mmselfsup", options, pixels, hf_mae.expected(model, pixels, masking), masking)


def _save_transformers5(model, folder):
    """What people do who know PyTorch: `torch.save(model.state_dict())`, with the configuration beside."""
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    model.config.save_pretrained(folder)


def _transformers5(out, name):
    if not out.wants(name):
        return
    model = ViTForImageClassification(hf_vit.configuration(TINY, classes=4)).eval()
    randomise(model, out.generator(name))
    _save_transformers5(model, out.checkpoint(name))
    pixels = _pixels(out, name, TINY)
    out.write(name, name, "hf-vit", {}, pixels, hf_vit.expected(model, pixels))


def _transformers5_mae(out, name):
    if not out.wants(name):
        return
    generator = out.generator(name)
    model = hf_mae.build(TINY, generator, norm_pix=True)
    _save_transformers5(model, out.checkpoint(name))
    pixels = _pixels(out, name, TINY)
    masking = random_masking(2, TINY.patches, 0.5, generator)
    out.write(name, name, "hf-mae", {}, pixels, hf_mae.expected(model, pixels, masking), masking)


@torch.no_grad()
def _separate_biases(out, name):
    """BEiT's way: q and v have a bias each, k has none."""
    if not out.wants(name):
        return
    model = timm_vit.build(TINY, out.generator(name), "token", classes=0)
    tensors = {}
    for key, tensor in model.state_dict().items():
        if key.endswith("qkv.bias"):
            q, k, v = tensor.chunk(3)
            k.zero_()
            stem = key.removesuffix("qkv.bias")
            tensors |= {stem + "q_bias": q.clone(), stem + "v_bias": v.clone()}
        else:
            tensors[key] = tensor
    file = out.checkpoint(name) / "checkpoint.pth"
    torch.save({"model": tensors}, file)
    pixels = _pixels(out, name, TINY)
    out.write(name, f"{name}/{file.name}", "timm", {"heads": TINY.heads}, pixels, timm_vit.expected(model, pixels))


def _linear_probe(out, name):
    """MAE's main_linprobe: `head = Sequential(BatchNorm1d(affine=False, eps=1e-6), head)` on the class token."""
    if not out.wants(name):
        return
    generator = out.generator(name)
    model = timm_vit.build(TINY, generator, "token", classes=6)
    norm = torch.nn.BatchNorm1d(TINY.width, affine=False, eps=1e-6)
    # Small enough in one feature that an ε of 1e-5 shows.
    norm.running_mean.normal_(0, 0.01, generator=generator)
    norm.running_var.uniform_(1e-5, 3e-5, generator=generator)
    model.head = torch.nn.Sequential(norm, model.head).eval()
    file = out.checkpoint(name) / "checkpoint-89.pth"
    mae_pth.save(model.state_dict(), file, model="vit_tiny", nb_classes=6, global_pool=False, input_size=TINY.image[0])
    pixels = _pixels(out, name, TINY)
    out.write(name, f"{name}/{file.name}", "mae-pth", {"heads": TINY.heads}, pixels, timm_vit.expected(model, pixels))


def _oblong(out, name):
    if not out.wants(name):
        return
    shape = TINY.but(image=(16, 40))
    model = timm_vit.build(shape, out.generator(name), "token", classes=0)
    file = out.checkpoint(name) / "checkpoint.pth"
    torch.save({"model": model.state_dict(), "args": Namespace(input_size=shape.image)}, file)
    pixels = _pixels(out, name, shape)
    out.write(name, f"{name}/{file.name}", "timm", {"heads": shape.heads}, pixels, timm_vit.expected(model, pixels))
