"""Every class of transformers' plain-ViT families as a zoo case: small sizes, random weights, save_pretrained's folder or
the names of transformers 5's own state dict."""

import torch
import transformers as hf
import zoo_stages
from case import Taps
from safetensors.torch import save_file
from weights import randomise

SIZES = {"hidden_size": 192, "num_hidden_layers": 2, "num_attention_heads": 3, "image_size": 96, "patch_size": 16}
MLP = SIZES | {"intermediate_size": 384}
TEXT = {"hidden_size": 192, "num_hidden_layers": 1, "num_attention_heads": 3, "intermediate_size": 64, "vocab_size": 9}
LABELS = {"num_labels": 7}
SAM = SIZES | {"image_size": 160, "output_channels": 48, "window_size": 4, "global_attn_indexes": [1],
               "num_hidden_layers": 3, "mlp_dim": 384}
VITDET = SIZES | {"image_size": 160, "pretrain_image_size": 96, "window_size": 4, "window_block_indices": [0]}
HIERA = {"embed_dim": 48, "depths": [1, 2, 2, 1], "num_heads": [1, 2, 4, 8], "image_size": [96, 96]}
STAGES = {"hidden_sizes": [24, 48, 96, 192], "depths": [1, 1, 2, 1], "image_size": 96, "patch_size": 4}

# name: (family, class, configuration)
CASES = {
    "ViTModel": ("ViT", hf.ViTModel, hf.ViTConfig(**MLP)),
    "ViTForImageClassification": ("ViT", hf.ViTForImageClassification, hf.ViTConfig(**MLP, **LABELS)),
    "ViTMSNModel": ("ViT", hf.ViTMSNModel, hf.ViTMSNConfig(**MLP)),
    "IJepaModel": ("ViT", hf.IJepaModel, hf.IJepaConfig(**MLP)),
    "IJepaForImageClassification": ("ViT", hf.IJepaForImageClassification, hf.IJepaConfig(**MLP, **LABELS)),
    "DeiTModel": ("DeiT", hf.DeiTModel, hf.DeiTConfig(**MLP)),
    "DeiTForImageClassification": ("DeiT", hf.DeiTForImageClassification, hf.DeiTConfig(**MLP, **LABELS)),
    "DeiTForImageClassificationWithTeacher": (
        "DeiT", hf.DeiTForImageClassificationWithTeacher, hf.DeiTConfig(**MLP, **LABELS)),
    "Dinov2Model": ("DINOv2", hf.Dinov2Model, hf.Dinov2Config(**SIZES)),
    "Dinov2Model-swiglu": ("DINOv2", hf.Dinov2Model, hf.Dinov2Config(**SIZES, use_swiglu_ffn=True)),
    "Dinov2ForImageClassification": ("DINOv2", hf.Dinov2ForImageClassification, hf.Dinov2Config(**SIZES, **LABELS)),
    "Dinov2WithRegistersModel": ("DINOv2", hf.Dinov2WithRegistersModel, hf.Dinov2WithRegistersConfig(**SIZES)),
    "Dinov2WithRegistersForImageClassification": (
        "DINOv2", hf.Dinov2WithRegistersForImageClassification, hf.Dinov2WithRegistersConfig(**SIZES, **LABELS)),
    "BeitModel": ("BEiT", hf.BeitModel, hf.BeitConfig(**MLP, use_relative_position_bias=True)),
    "BeitModel-absolute-cls": (
        "BEiT", hf.BeitModel,
        hf.BeitConfig(**MLP, use_absolute_position_embeddings=True, use_mean_pooling=False)),
    "BeitForImageClassification": (
        "BEiT", hf.BeitForImageClassification, hf.BeitConfig(**MLP, **LABELS, use_relative_position_bias=True)),
    "Data2VecVisionModel": (
        "BEiT", hf.Data2VecVisionModel, hf.Data2VecVisionConfig(**MLP, use_shared_relative_position_bias=True)),
    "Data2VecVisionForImageClassification": (
        "BEiT", hf.Data2VecVisionForImageClassification,
        hf.Data2VecVisionConfig(**MLP, **LABELS, use_relative_position_bias=True)),
    "CLIPVisionModel": ("CLIP, SigLIP", hf.CLIPVisionModel, hf.CLIPVisionConfig(**MLP)),
    "CLIPVisionModelWithProjection": (
        "CLIP, SigLIP", hf.CLIPVisionModelWithProjection, hf.CLIPVisionConfig(**MLP, projection_dim=96)),
    "CLIPModel": (
        "CLIP, SigLIP", hf.CLIPModel, hf.CLIPConfig(
            vision_config=MLP, text_config=TEXT | {"eos_token_id": 1, "bos_token_id": 0}, projection_dim=96)),
    "SiglipModel": ("CLIP, SigLIP", hf.SiglipModel, hf.SiglipConfig(vision_config=MLP, text_config=TEXT)),
    "SiglipVisionModel": ("CLIP, SigLIP", hf.SiglipVisionModel, hf.SiglipVisionConfig(**MLP)),
    "DINOv3ViTModel": ("DINOv3", hf.DINOv3ViTModel, hf.DINOv3ViTConfig(**MLP, num_register_tokens=4)),
    "DINOv3ViTModel-gated": (
        "DINOv3", hf.DINOv3ViTModel,
        hf.DINOv3ViTConfig(**MLP, num_register_tokens=4, use_gated_mlp=True, hidden_act="silu")),
    "SamVisionModel": ("SAM", hf.SamVisionModel, hf.SamVisionConfig(**SAM)),
    "VitDetModel": ("ViTDet", hf.VitDetModel, hf.VitDetConfig(**VITDET)),
    "VitDetModel-related": (
        "ViTDet", hf.VitDetModel, hf.VitDetConfig(**VITDET, use_relative_position_embeddings=True)),
    "HieraModel": ("Hiera", hf.HieraModel, hf.HieraConfig(**HIERA)),
    "HieraForImageClassification": ("Hiera", hf.HieraForImageClassification, hf.HieraConfig(**HIERA, **LABELS)),
    "ConvNextModel": ("ConvNeXt", hf.ConvNextModel, hf.ConvNextConfig(**STAGES)),
    "ConvNextForImageClassification": (
        "ConvNeXt", hf.ConvNextForImageClassification, hf.ConvNextConfig(**STAGES, **LABELS)),
    "ConvNextV2Model": ("ConvNeXt", hf.ConvNextV2Model, hf.ConvNextV2Config(**STAGES)),
    "ConvNextV2ForImageClassification": (
        "ConvNeXt", hf.ConvNextV2ForImageClassification, hf.ConvNextV2Config(**STAGES, **LABELS)),
}


def names():
    """As they are saved, and in the names that modules have themselves, where these differ."""
    for name in CASES:
        yield "transformers", f"hf-{name}"
        yield "transformers", f"hf-{name}-own"


def is_small(name):
    return True


@torch.no_grad()
def convnext(model, pixels):
    with Taps([layer for stage in model.base_model.encoder.stages for layer in stage.layers]) as blocks:
        answer = model.base_model(pixel_values=pixels)
    found = {
        "blocks": {i: zoo_stages.rows(x) for i, x in blocks.outputs.items()},
        "norm": zoo_stages.rows(answer.last_hidden_state),
        "mean": answer.pooler_output,
    }
    if hasattr(model, "classifier"):
        found["logits"] = model(pixel_values=pixels).logits
    return found


@torch.no_grad()
def hiera(model, pixels):
    encoder = model.base_model.encoder
    with Taps([layer for stage in encoder.stages for layer in stage.layers]) as blocks:
        answer = model.base_model(pixel_values=pixels)
    stages = [i for i, stage in enumerate(encoder.stages) for _ in stage.layers]
    in_place = {i: encoder.reroll(x, stages[i]).flatten(1, 2) for i, x in blocks.outputs.items()}
    found = {"blocks": in_place, "norm": in_place[len(in_place) - 1], "mean": answer.pooler_output}
    if hasattr(model, "classifier"):
        found["logits"] = model(pixel_values=pixels).logits
    return found


@torch.no_grad()
def sam(model, pixels):
    with Taps(model.base_model.vision_encoder.layers) as blocks:
        last = model(pixel_values=pixels).last_hidden_state
    return {
        "blocks": {i: x.flatten(1, 2) for i, x in blocks.outputs.items()},
        "norm": zoo_stages.rows(last),
        "mean": last.mean(dim=(2, 3)),
    }


@torch.no_grad()
def vitdet(model, pixels):
    answer = model(pixel_values=pixels, output_hidden_states=True)
    last = answer.last_hidden_state
    return {
        "blocks": {i: zoo_stages.rows(x) for i, x in enumerate(answer.hidden_states[1:])},
        "norm": zoo_stages.rows(last),
        "mean": last.mean(dim=(2, 3)),
    }


EXPECTED = {"convnext": convnext, "convnextv2": convnext, "hiera": hiera, "sam_vision_model": sam, "vitdet": vitdet}


@torch.no_grad()
def expected(model, pixels):
    if model.config.model_type in EXPECTED:
        return EXPECTED[model.config.model_type](model, pixels)
    vision = getattr(model, "vision_model", model) if hasattr(model, "text_model") else model
    answer = vision(pixel_values=pixels, output_hidden_states=True)
    base = vision.base_model
    inner = getattr(base, "vision_model", base)
    config = vision.config
    last = getattr(answer, "last_hidden_state", None)
    if last is None:
        last = base(pixel_values=pixels).last_hidden_state
    if hasattr(inner, "post_layernorm") and hasattr(inner, "pre_layrnorm"):
        last = inner.post_layernorm(last)  # CLIP's own comes before it
    states = answer.hidden_states
    found = {"blocks": {i: states[i + 1] for i in range(config.num_hidden_layers)}, "norm": last}
    grid = (config.image_size // config.patch_size) ** 2
    mean = last[:, last.shape[1] - grid :].mean(dim=1)
    pooler = getattr(getattr(base, "pooler", None), "layernorm", None)
    found["mean"] = pooler(mean) if pooler is not None else mean
    if last.shape[1] > grid:
        found["cls"] = last[:, 0]
    if config.model_type == "siglip_vision_model":
        found["map"] = answer.pooler_output
    if hasattr(model, "visual_projection"):
        pooled = inner.post_layernorm(states[-1][:, 0]) if vision is not model else None
        found["output"] = answer.image_embeds if pooled is None else model.visual_projection(pooled)
    if getattr(answer, "logits", None) is not None:
        found["logits"] = answer.logits
    return found


def write(out, module, name):
    generator = out.generator(name)
    plain = name.removeprefix("hf-").removesuffix("-own")
    family, kind, config = CASES[plain]
    model = kind(config).eval()
    randomise(model, generator)
    if config.model_type in EXPECTED:
        zoo_stages.balance(model)
    folder = out.checkpoint(name)
    model.save_pretrained(folder)
    if name.endswith("-own"):
        save_file({k: v.contiguous() for k, v in model.state_dict().items()}, folder / "model.safetensors")
    size = getattr(config, "vision_config", config).image_size
    sides = (size, size) if isinstance(size, int) else size
    pixels = torch.randn(1, 3, *sides, generator=generator)
    out.write(name, name, family, {}, pixels, expected(model, pixels))
