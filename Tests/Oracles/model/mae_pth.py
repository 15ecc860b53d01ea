"""Cases in the file format and tensor names of the original MAE: `.pth` with what a training script leaves in it.

The forward passes are other libraries' (that code is not free to use): Hugging Face's ViTMAE for pre-training files,
timm's VisionTransformer for fine-tuned ones, whose names are the same.
"""

from argparse import Namespace
from collections import OrderedDict

import hf_mae
import timm_vit
import torch
from masks import no_masking, random_masking
from shapes import PAPER, SMALL

_RENAMED = [
    ("vit.embeddings.patch_embeddings.projection", "patch_embed.proj"),
    ("vit.embeddings.cls_token", "cls_token"),
    ("vit.embeddings.position_embeddings", "pos_embed"),
    ("vit.layers.", "blocks."),
    ("vit.layernorm", "norm"),
    ("decoder.decoder_layers.", "decoder_blocks."),
    ("decoder.", ""),
    ("layernorm_before", "norm1"),
    ("layernorm_after", "norm2"),
    ("attention.o_proj", "attn.proj"),
]


def original_names(model):
    """The tensors of a ViTMAEForPreTraining under the original's names: query, key and value in one `qkv`."""
    source, result = model.state_dict(), OrderedDict()
    for name, tensor in source.items():
        if ".k_proj." in name or ".v_proj." in name:
            continue
        if ".q_proj." in name:
            tensor = torch.cat([source[name.replace("q_proj", part)] for part in ("q_proj", "k_proj", "v_proj")])
            name = name.replace("attention.q_proj", "attn.qkv")
        for ours, theirs in _RENAMED:
            name = name.replace(ours, theirs, 1)
        result[name] = tensor
    return result


def save(tensors, file, **arguments):
    """A training script's checkpoint: the model among the optimizer's state, the loss scale and the command line."""
    parameter = torch.nn.Parameter(torch.ones(3))
    optimizer = torch.optim.AdamW([parameter], lr=1e-3, betas=(0.9, 0.95))
    parameter.sum().backward()
    optimizer.step()
    contents = {
        "model": tensors,
        "optimizer": optimizer.state_dict(),
        "epoch": 399,
        "scaler": {"scale": 65536.0, "growth_factor": 2.0, "_growth_tracker": 0},
        "args": Namespace(batch_size=64, blr=1.5e-4, output_dir="./out", distributed=True, **arguments),
    }
    torch.save(contents, file)


def cases(size, out):
    shape = SMALL.but(depth=2, decoder_depth=1) if size == "tiny" else PAPER[size]
    name = {"tiny": "mae_vit_tiny", "base": "mae_vit_base_patch16", "large": "mae_vit_large_patch16"}[size]
    _pretrained(out, f"{size}-mae-pth", shape, name)
    if size == "tiny":
        _encoder(out, "tiny-mae-pth-encoder", shape)
    _finetuned(out, f"{size}-mae-pth-finetuned", shape, name.removeprefix("mae_"))


def _heads(shape, decoder):
    """Files of the named models need no options; a tiny one's head counts stand nowhere in its file."""
    if shape in PAPER.values():
        return {}
    return {"heads": shape.heads} | ({"decoder_heads": shape.decoder_heads} if decoder else {})


def _pretrained(out, name, shape, model_name):
    if not out.wants(name):
        return
    generator = out.generator(name)
    model = hf_mae.build(shape, generator, norm_pix=True)
    file = out.checkpoint(name) / "checkpoint.pth"
    save(original_names(model), file, model=model_name, input_size=shape.image[0], norm_pix_loss=True, mask_ratio=0.75)
    pixels = torch.randn(2, shape.channels, *shape.image, generator=generator)
    masking = random_masking(2, shape.patches, 0.75, generator)
    expected = hf_mae.expected(model, pixels, masking)
    out.write(name, f"{name}/{file.name}", "mae-pth", _heads(shape, decoder=True), pixels, expected, masking)


def _encoder(out, name, shape):
    """What is published for fine-tuning: the encoder's tensors under `model`, and nothing else."""
    if not out.wants(name):
        return
    generator = out.generator(name)
    model = hf_mae.build(shape, generator, norm_pix=False)
    file = out.checkpoint(name) / "checkpoint.pth"
    tensors = original_names(model)
    decoder = ("decoder_", "mask_token")
    torch.save({"model": {k: v for k, v in tensors.items() if not k.startswith(decoder)}}, file)
    pixels = torch.randn(2, shape.channels, *shape.image, generator=generator)
    expected = hf_mae.expected_of_encoder(model.vit, pixels, no_masking(2, shape.patches))
    out.write(name, f"{name}/{file.name}", "mae-pth", _heads(shape, decoder=False), pixels, expected)


def _finetuned(out, name, shape, model_name):
    if not out.wants(name):
        return
    generator = out.generator(name)
    model = timm_vit.build(shape, generator, "avg", classes=6)
    file = out.checkpoint(name) / "checkpoint.pth"
    save(model.state_dict(), file, model=model_name, input_size=shape.image[0], nb_classes=6, global_pool=True)
    pixels = torch.randn(2, shape.channels, *shape.image, generator=generator)
    options = _heads(shape, decoder=False)
    out.write(name, f"{name}/{file.name}", "mae-pth", options, pixels, timm_vit.expected(model, pixels))
