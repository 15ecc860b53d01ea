"""Cases of the plain ViT's kin: each with what sets its family apart, at sizes that a repository can keep."""

import timm
import torch
import zoo_timm
from case import Taps
from masks import random_masking
from weights import randomise

TINY = {"img_size": 32, "patch_size": 8, "embed_dim": 24, "num_heads": 3, "depth": 2}

# name: (architecture, arguments)
CASES = {
    "dinov2-registers-swiglu": ("vit_giant_patch14_reg4_dinov2", {}),
    "deit-distilled": ("deit_tiny_distilled_patch16_224", {"num_classes": 5}),
    "deit3": ("deit3_small_patch16_224", {"num_classes": 5}),
    "clip-quickgelu": ("vit_base_patch16_clip_quickgelu_224", {}),
    "siglip-map": ("vit_base_patch16_siglip_224", {}),
    "registers-gap": ("vit_base_patch16_reg4_gap_256", {"num_classes": 5}),
    "qk-norm-rms": ("test_vit4", {"num_classes": 5, "qk_norm": True}),
    "beit": ("beit_base_patch16_224", {"num_classes": 5}),
    "beit-shared": ("beit_base_patch16_224", {"num_classes": 5, "use_rel_pos_bias": False,
                                             "use_shared_rel_pos_bias": True}),
    "eva02": ("eva02_base_patch14_224", {}),
    "eva02-clip": ("eva02_base_patch16_clip_224", {"num_classes": 5}),
    "rope-mixed": ("vit_small_patch16_rope_mixed_ape_224", {"num_classes": 5}),
    "dinov3": ("vit_huge_plus_patch16_dinov3_qkvb", {}),
    "perception-encoder": ("vit_pe_core_base_patch16_224", {"num_classes": 5, "attn_pool_num_heads": 8}),
}
MASKED = ("dinov2-registers-swiglu", "siglip-map", "beit", "eva02", "rope-mixed", "dinov3")


def cases(size, out):
    if size != "tiny":
        return
    for name, (architecture, arguments) in CASES.items():
        name = f"tiny-{name}"
        masked = f"{name}-masked"
        if not (out.wants(name) or out.wants(masked)):
            continue
        arguments = TINY | arguments
        model = timm.create_model(architecture, **arguments).eval()
        randomise(model, out.generator(name))
        zoo_timm.save(model, out.checkpoint(name), arguments)
        pixels = torch.randn(1, 3, 32, 32, generator=out.generator(name + "/pixels"))
        if out.wants(name):
            out.write(name, name, architecture, {}, pixels, zoo_timm.expected(model, pixels))
        if out.wants(masked) and name.removeprefix("tiny-") in MASKED:
            masking = random_masking(1, 16, 0.5, out.generator(masked))
            out.write(masked, name, architecture, {}, pixels, expected_of(model, pixels, masking.ids_keep[0]), masking)


@torch.no_grad()
def expected_of(model, pixels, kept):
    """What the model makes of some patches: tokens, rotary angles and relative positions of those alone."""
    prefix = model.num_prefix_tokens
    tokens = torch.cat([torch.arange(prefix), prefix + kept])
    x = model.patch_embed(pixels)
    rope = None
    if hasattr(model, "_pos_embed"):
        x = model._pos_embed(x)
        if isinstance(x, tuple):
            x, rope = x
    else:
        x = torch.cat([model.cls_token, x], dim=1)
        x = x if model.pos_embed is None else x + model.pos_embed
    x = getattr(model, "norm_pre", torch.nn.Identity())(x[:, tokens])
    blocks = {}
    for index, block in enumerate(model.blocks):
        if rope is not None:
            own = rope[index][..., kept, :] if rope.dim() > 2 else rope[kept]
            x = block(x, rope=own)
        elif getattr(block.attn, "relative_position_bias_table", None) is not None:
            whole = block.attn._get_rel_pos_bias()
            block.attn._get_rel_pos_bias = lambda whole=whole: whole[:, :, tokens][..., tokens]
            x = block(x)
            del block.attn._get_rel_pos_bias
        else:
            x = block(x)
        blocks[index] = x
    x = model.norm(x)
    fc_norm = model.fc_norm if getattr(model, "fc_norm", None) is not None else torch.nn.Identity()
    found = {"blocks": blocks, "norm": x, "mean": fc_norm(x[:, prefix:].mean(dim=1))}
    if getattr(model, "cls_token", None) is not None:
        found["cls"] = x[:, 0]
    if getattr(model, "attn_pool", None) is not None:
        found["map"] = model.attn_pool(x)
    return found
