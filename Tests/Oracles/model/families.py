"""Cases of the plain ViT's kin: each with what sets its family apart, at sizes that a repository can keep."""

import re

import timm
import torch
import transformers as hf
import zoo_stages
import zoo_timm
import zoo_transformers
from case import Taps
from masks import random_masking
from safetensors.torch import save_file
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
# name: (architecture, module, [height, width], arguments), of stages.
STAGES = {"depths": (1, 1, 2, 1), "dims": (8, 20, 24, 40)}
STAGED = {
    "convnextv2": ("convnextv2_atto", "convnext", [64, 96], STAGES | {"num_classes": 5}),
    "convnextv2-fcmae": ("convnextv2_tiny.fcmae", "convnext", [64, 64], STAGES),
    "convnext-overlap": ("convnext_atto_ols", "convnext", [64, 96], STAGES | {"num_classes": 5}),
    # Norms by the deviation, and an activation between the stem's convolutions.
    "convnext-zepto": ("convnext_zepto_rms_ols", "convnext", [64, 96], STAGES | {"num_classes": 5}),
    "convnext-silu": ("test_convnext3", "convnext", [64, 64], STAGES | {"num_classes": 5}),
    "convnext-head-layer": ("convnext_large_mlp", "convnext", [64, 64],
                            STAGES | {"num_classes": 5, "head_hidden_size": 12}),
    "convnext-head-norm-first": ("convnext_tiny_hnf", "convnext", [96, 64], STAGES | {"num_classes": 5}),
}
HIERA = {"stages": (1, 2, 2, 1), "embed_dim": 8}
STAGED |= {
    "hiera": ("hiera_base_plus_224", "hiera", [64, 96], HIERA | {"img_size": (64, 96), "num_classes": 5}),
    "hiera-abswin": ("hiera_base_abswin_256", "hiera", [96, 64],
                     HIERA | {"img_size": (96, 64), "global_pos_size": (5, 5), "num_classes": 5}),
    "hiera-unprojected": ("hiera_small_abswin_256", "hiera", [64, 64], HIERA | {"img_size": (64, 64), "num_classes": 5}),
}
SAM = TINY | {"depth": 3, "global_attn_indexes": (1,), "window_size": 3, "neck_chans": 12}
STAGED |= {
    "sam": ("samvit_base_patch16", "vision_transformer_sam", [40, 40], SAM | {"img_size": 40, "num_classes": 5}),
    # Windows as large as the image, no positions, and a norm in the neck's place.
    "sam-neckless": ("samvit_base_patch16_224", "vision_transformer_sam", [32, 32],
                     SAM | {"img_size": 32, "window_size": 4, "use_abs_pos": False, "neck_chans": None, "num_classes": 5}),
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


    for name, (architecture, module, size, arguments) in STAGED.items():
        name = f"tiny-{name}"
        if out.wants(name):
            staged(out, name, architecture, module, size, arguments)
    hf_staged(out)
    resized_sam(out)
    resized_beit(out)
    vitdet(out)
    one_frame(out)
    masked_hiera(out)
    hiera_mae(out)
    resized_hiera(out)


def staged(out, name, architecture, module, size, arguments):
    model = timm.create_model(architecture, **arguments).eval()
    randomise(model, out.generator(name))
    zoo_stages.balance(model)
    folder = out.checkpoint(name)
    zoo_timm.save(model, folder, arguments)
    if name.endswith("fcmae"):
        torch.save({"model": original_names(model.state_dict())}, folder / "checkpoint.pth")
        (folder / "model.safetensors").unlink()
        (folder / "config.json").unlink()
        model.head.norm.reset_parameters()  # as timm has it, where the file has none
        folder = f"{name}/checkpoint.pth"
    else:
        folder = name
    pixels = torch.randn(1, 3, *size, generator=out.generator(name + "/pixels"))
    options = {"image_size": size}
    out.write(name, folder, architecture, options, pixels, zoo_stages.EXPECTED[module](model, pixels))


def resized_sam(out):
    """Positions and the tables of global blocks are stretched as the image comes."""
    for case in ("sam", "sam-neckless"):
        name = f"tiny-{case}-resized"
        if not out.wants(name):
            continue
        architecture, module, _, arguments = STAGED[case]
        model = timm.create_model(architecture, **arguments).eval()
        randomise(model, out.generator(f"tiny-{case}"))
        zoo_stages.balance(model)
        model.patch_embed.strict_img_size = False
        pixels = torch.randn(1, 3, 64, 48, generator=out.generator(name + "/pixels"))
        found = zoo_stages.EXPECTED[module](model, pixels)
        out.write(name, f"tiny-{case}", architecture, {"image_size": [64, 48]}, pixels, found)


def resized_beit(out):
    """Tables of relative positions for more places, and for fewer, as timm and as transformers stretch them."""
    for case, size in (("beit", [64, 48]), ("beit", [24, 16]), ("beit-shared", [24, 40])):
        name = f"tiny-{case}-{size[0]}x{size[1]}"
        if not out.wants(name):
            continue
        architecture, arguments = CASES[case]
        model = timm.create_model(architecture, **(TINY | arguments)).eval()
        randomise(model, out.generator(f"tiny-{case}"))
        model.set_input_size(img_size=size)
        pixels = torch.randn(1, 3, *size, generator=out.generator(name + "/pixels"))
        out.write(name, f"tiny-{case}", architecture, {"image_size": size}, pixels, zoo_timm.expected(model, pixels))
    name = "tiny-hf-beit-resized"
    if not out.wants(name):
        return
    config = hf.BeitConfig(hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=48, image_size=32,
                           patch_size=8, use_relative_position_bias=True, use_absolute_position_embeddings=True)
    model = hf.BeitModel(config).eval()
    randomise(model, out.generator(name))
    model.save_pretrained(out.checkpoint(name))
    pixels = torch.randn(1, 3, 48, 56, generator=out.generator(name + "/pixels"))
    with torch.no_grad():
        answer = model(pixels, output_hidden_states=True)
    last = answer.last_hidden_state
    found = {"blocks": dict(enumerate(answer.hidden_states[1:])), "norm": last, "cls": last[:, 0],
             "mean": answer.pooler_output}
    out.write(name, name, "beit", {"image_size": [48, 56]}, pixels, found)


def vitdet(out):
    """Windows and relations that the configuration says, positions of another size than the images'."""
    sizes = {"hidden_size": 24, "num_hidden_layers": 3, "num_attention_heads": 3, "mlp_ratio": 2, "patch_size": 8,
             "pretrain_image_size": 32, "image_size": 48, "window_size": 4, "window_block_indices": [0, 2]}
    for name, relates in (("tiny-hf-vitdet", True), ("tiny-hf-vitdet-unrelated", False)):
        if not out.wants(name):
            continue
        model = hf.VitDetModel(hf.VitDetConfig(**sizes, use_relative_position_embeddings=relates)).eval()
        randomise(model, out.generator(name))
        model.save_pretrained(out.checkpoint(name))
        pixels = torch.randn(1, 3, 48, 48, generator=out.generator(name + "/pixels"))
        out.write(name, name, "vitdet", {}, pixels, zoo_transformers.vitdet(model, pixels))


def one_frame(out):
    """A patch embedding of videos, over one frame."""
    name = "tiny-one-frame"
    if not out.wants(name):
        return
    model = timm.create_model("vit_small_patch16_224", **TINY, num_classes=0).eval()
    randomise(model, out.generator(name))
    zoo_timm.save(model, out.checkpoint(name), TINY)
    tensors = model.state_dict()
    tensors["patch_embed.proj.weight"] = tensors["patch_embed.proj.weight"].unsqueeze(2)
    save_file({k: v.contiguous() for k, v in tensors.items()}, out.checkpoint(name) / "model.safetensors")
    pixels = torch.randn(1, 3, 32, 32, generator=out.generator(name + "/pixels"))
    out.write(name, name, "vit", {}, pixels, zoo_timm.expected(model, pixels))


def masked_hiera(out):
    """Hiera of some mask units, as timm leaves out the others."""
    for case in ("hiera", "hiera-unprojected"):
        name = f"tiny-{case}-masked"
        if not out.wants(name):
            continue
        architecture, _, size, arguments = STAGED[case]
        model = timm.create_model(architecture, **arguments).eval()
        randomise(model, out.generator(f"tiny-{case}"))
        zoo_stages.balance(model)
        pixels = torch.randn(1, 3, *size, generator=out.generator(name + "/pixels"))
        units = [side // 32 for side in size]
        masking = random_masking(1, units[0] * units[1], 0.5, out.generator(name))
        with torch.no_grad(), Taps(model.blocks) as blocks:
            last = model.forward_features(pixels, mask=masking.mask == 0)
            found = {
                "blocks": {i: in_place(model.reroll(x, i, mask=True), masking, units) for i, x in blocks.outputs.items()},
                "mean": model.head.norm(last.mean(dim=1)),
                "logits": model.forward_head(last),
            }
        found["norm"] = found["blocks"][len(model.blocks) - 1]
        out.write(name, f"tiny-{case}", architecture, {"image_size": size}, pixels, found, masking)


def resized_hiera(out):
    """Positions are stretched as transformers does where it is asked to."""
    name = "tiny-hf-hiera-resized"
    if not out.wants(name):
        return
    config = hf.HieraConfig(embed_dim=8, depths=[1, 1, 1, 1], num_heads=[1, 2, 4, 8], image_size=[64, 64])
    model = hf.HieraModel(config).eval()
    randomise(model, out.generator(name))
    zoo_stages.balance(model)
    model.save_pretrained(out.checkpoint(name))
    pixels = torch.randn(1, 3, 96, 64, generator=out.generator(name + "/pixels"))
    with torch.no_grad():
        answer = model(pixels, interpolate_pos_encoding=True)
    found = {"norm": answer.last_hidden_state, "mean": answer.pooler_output}
    out.write(name, name, "hiera", {"image_size": [96, 64]}, pixels, found)


def in_place(kept, masking, units):
    """Kept mask units [B, K, s, s, D], as they follow one another in the image, as tokens [B, K s s, D] in the image's order:
    where a unit is one token, in the order of `ids_keep`."""
    batch, count, side, _, width = kept.shape
    if side == 1:
        places = masking.ids_keep.argsort(dim=1).argsort(dim=1)
        return torch.stack([tokens[order] for tokens, order in zip(kept.flatten(1, 3), places)])
    seen = masking.mask == 0
    images = []
    for tokens, visible in zip(kept, seen):
        whole = torch.full((units[0] * units[1], side, side, width), torch.nan)
        whole[visible] = tokens
        rows = whole.reshape(*units, side, side, width).transpose(1, 2).reshape(-1, width)
        images.append(rows[~rows[:, 0].isnan()])
    return torch.stack(images)


def hiera_mae(out):
    """Hiera-MAE with its decoder, whose numbers of a patch stand channel by channel."""
    checkpoint = "tiny-hf-hiera-mae"
    config = hf.HieraConfig(embed_dim=8, depths=[1, 2, 2, 1], num_heads=[1, 2, 2, 4], image_size=[64, 96],
                            decoder_hidden_size=24, decoder_depth=2, decoder_num_heads=3)
    for name, ratio in ((f"{checkpoint}-50", 0.5), (f"{checkpoint}-0", 0.0)):
        if not out.wants(name):
            continue
        config.mask_ratio = ratio
        model = hf.HieraForPreTraining(config).eval()
        randomise(model, out.generator(checkpoint))
        zoo_stages.balance(model)
        model.save_pretrained(out.checkpoint(checkpoint))
        pixels = torch.randn(2, 3, 64, 96, generator=out.generator(name + "/pixels"))
        masking = random_masking(2, 6, ratio, out.generator(name))
        out.write(name, checkpoint, "hiera", {}, pixels, autoencoded(model, pixels, masking), masking)
    name = "tiny-hiera-mae-pth"
    if out.wants(name):
        # As Meta's own files are, which say nothing of heads and of normalised patches.
        config.mask_ratio, config.num_heads = 0.5, [1, 2, 4, 8]
        model = hf.HieraForPreTraining(config).eval()
        randomise(model, out.generator(name))
        zoo_stages.balance(model)
        torch.save({"model_state": metas_names(model)}, out.checkpoint(name) / "checkpoint.pth")
        pixels = torch.randn(2, 3, 64, 96, generator=out.generator(name + "/pixels"))
        masking = random_masking(2, 6, 0.5, out.generator(name))
        found = autoencoded(model, pixels, masking)
        del found["reconstruction"]
        options = {"heads": 1, "decoder_heads": 3, "image_size": [64, 96]}
        out.write(name, f"{name}/checkpoint.pth", "hiera", options, pixels, found, masking)


def metas_names(model):
    depths = model.config.depths
    words = {"layernorm_before": "norm1", "layernorm_after": "norm2"}
    ends = {"decoder.decoder_embeddings": "decoder_embed", "decoder.decoder_position_embeddings": "decoder_pos_embed",
            "hiera.embeddings.patch_embeddings.projection": "patch_embed.proj",
            "hiera.embeddings.position_embeddings": "pos_embed", "multiscale_fusion.": "", "decoder.mask": "mask",
            "decoder.decoder_norm": "decoder_norm", "decoder.decoder_pred": "decoder_pred"}
    found = {}
    for name, tensor in model.state_dict().items():
        layer = re.match(r"hiera\.encoder\.stages\.(\d+)\.layers\.(\d+)\.", name)
        if layer:
            name = f"blocks.{sum(depths[:int(layer[1])]) + int(layer[2])}." + name[layer.end():]
        name = re.sub(r"^decoder\.decoder_block\.layers\.", "decoder_blocks.", name)
        for theirs, metas in {**words, **ends}.items():
            name = name.replace(theirs, metas)
        found[name] = tensor
    return found


@torch.no_grad()
def autoencoded(model, pixels, masking):
    encoder, decoder = model.hiera.encoder, model.decoder
    layers = [(i, layer) for i, stage in enumerate(encoder.stages) for layer in stage.layers]
    with Taps([layer for _, layer in layers]) as blocks, Taps(decoder.decoder_block.layers) as decoder_blocks:
        answer = model(pixels, noise=masking.noise)
    assert torch.equal(answer.ids_restore, masking.ids_restore)
    units = [2, 3]
    taps = {i: in_place(encoder.reroll(x, layers[i][0], masking.mask == 0), masking, units)
            for i, x in blocks.outputs.items()}
    norm = taps[len(layers) - 1]
    patches = answer.logits.reshape(2, 6, 3, 32, 32).permute(0, 1, 3, 4, 2).flatten(2)  # [B, N, P P C]
    images = pixels.reshape(2, 3, 2, 32, 3, 32).permute(0, 2, 4, 3, 5, 1).reshape(2, 6, -1)
    mean, variance = images.mean(dim=-1, keepdim=True), images.var(dim=-1, keepdim=True)
    rebuilt = (patches * (variance + 1e-6) ** 0.5 + mean).reshape(2, 2, 3, 32, 32, 3)
    return {
        "blocks": taps, "norm": norm, "mean": norm.mean(dim=1), "decoder_blocks": decoder_blocks.outputs,
        "prediction": patches, "reconstruction": rebuilt.permute(0, 5, 1, 3, 2, 4).reshape(2, 3, 64, 96),
    }


def hf_staged(out):
    name = "tiny-hf-convnextv2"
    if not out.wants(name):
        return
    # The last norm's epsilon is another than that of the others.
    config = hf.ConvNextV2Config(hidden_sizes=[8, 20, 24, 40], depths=[1, 1, 2, 1], image_size=64, num_labels=5,
                                 layer_norm_eps=0.1)
    model = hf.ConvNextV2ForImageClassification(config).eval()
    randomise(model, out.generator(name))
    zoo_stages.balance(model)
    model.save_pretrained(out.checkpoint(name))
    pixels = torch.randn(1, 3, 64, 64, generator=out.generator(name + "/pixels"))
    out.write(name, name, "convnextv2", {}, pixels, zoo_transformers.convnext(model, pixels))


def original_names(tensors):
    """ConvNeXt V2's own, as FCMAE's files have them: the encoder alone."""
    found = {}
    for name, tensor in tensors.items():
        if name.startswith("head."):
            continue
        name = re.sub(r"^stem\.", "downsample_layers.0.", name)
        name = re.sub(r"^stages\.(\d+)\.downsample\.", r"downsample_layers.\1.", name)
        name = re.sub(r"^stages\.(\d+)\.blocks\.", r"stages.\1.", name)
        name = name.replace("conv_dw", "dwconv").replace("mlp.fc", "pwconv")
        name = name.replace("mlp.grn.weight", "grn.gamma").replace("mlp.grn.bias", "grn.beta")
        found[name] = tensor.reshape(1, 1, 1, -1) if "grn." in name else tensor
    return found


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
