"""Cases from Hugging Face's ViT: a classifier, bare models with and without the pooler, another image size."""

import torch
from case import Taps
from shapes import PAPER, SMALL, WIDE_HEAD
from transformers import ViTConfig, ViTForImageClassification, ViTModel
from weights import randomise


def configuration(shape, classes=2):
    return ViTConfig(
        hidden_size=shape.width,
        num_hidden_layers=shape.depth,
        num_attention_heads=shape.heads,
        intermediate_size=shape.mlp,
        layer_norm_eps=shape.eps,
        image_size=shape.image[0],
        patch_size=shape.patch,
        num_channels=shape.channels,
        id2label={i: f"kind {i}" for i in range(classes)},
        label2id={f"kind {i}": i for i in range(classes)},
    )


@torch.no_grad()
def expected(model, pixels, resized=False):
    encoder = model.vit if isinstance(model, ViTForImageClassification) else model
    with Taps(encoder.layers) as blocks:
        tokens = encoder(pixels, interpolate_pos_encoding=resized).last_hidden_state
    found = {"blocks": blocks.outputs, "norm": tokens, "cls": tokens[:, 0], "mean": tokens[:, 1:].mean(dim=1)}
    if isinstance(model, ViTForImageClassification):
        found["logits"] = model(pixels, interpolate_pos_encoding=resized).logits
    return found


def cases(size, out):
    if size == "tiny":
        _classifier(out, "tiny-hf-vit", WIDE_HEAD.but(eps=1e-12), classes=7)
        _bare(out, "tiny-hf-vit-pooler", SMALL.but(depth=2, channels=4, eps=1e-12), pooler=True)
        _bare(out, "tiny-hf-vit-bare", SMALL.but(depth=2, eps=1e-4), pooler=False)
    else:
        _classifier(out, f"{size}-hf-vit", PAPER[size].but(eps=1e-12), classes=1000)


def _classifier(out, name, shape, classes):
    resized = f"{name}-resized"
    if not (out.wants(name) or out.wants(resized)):
        return
    generator = out.generator(name)
    model = ViTForImageClassification(configuration(shape, classes)).eval()
    randomise(model, generator)
    model.save_pretrained(out.checkpoint(name))
    if out.wants(name):
        pixels = torch.randn(2, shape.channels, *shape.image, generator=generator)
        out.write(name, name, "hf-vit", {}, pixels, expected(model, pixels))
    if out.wants(resized):
        size = [(shape.grid[0] - 1) * shape.patch, (shape.grid[1] + 2) * shape.patch]
        pixels = torch.randn(2, shape.channels, *size, generator=out.generator(resized))
        options = {"image_size": size, "interpolation": "hf"}
        out.write(resized, name, "hf-vit", options, pixels, expected(model, pixels, resized=True))


def _bare(out, name, shape, pooler):
    if not out.wants(name):
        return
    generator = out.generator(name)
    model = ViTModel(configuration(shape), add_pooling_layer=pooler).eval()
    randomise(model, generator)
    model.save_pretrained(out.checkpoint(name))
    pixels = torch.randn(2, shape.channels, *shape.image, generator=generator)
    out.write(name, name, "hf-vit", {}, pixels, expected(model, pixels))
