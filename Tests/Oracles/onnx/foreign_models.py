"""Small random image towers of transformers and timm, each as a module that returns one tensor."""

from dataclasses import dataclass, field
from functools import partial
from typing import Callable

import timm
import torch
import transformers as hf
from timm.models.vision_transformer import VisionTransformer
from torch import nn

WIDTH, DEPTH, HEADS, MLP, IMAGE, PATCH = 24, 2, 2, 48, 32, 8
HF = dict(
    hidden_size=WIDTH, num_hidden_layers=DEPTH, num_attention_heads=HEADS, intermediate_size=MLP, image_size=IMAGE,
    patch_size=PATCH,
)
TIMM = dict(
    img_size=IMAGE, patch_size=PATCH, num_classes=5, embed_dim=WIDTH, depth=DEPTH, num_heads=HEADS, mlp_ratio=MLP / WIDTH,
)


class Outputs(nn.Module):
    """Calls a model and returns the named outputs alone."""

    def __init__(self, model, *names, **arguments):
        super().__init__()
        self.model, self.names, self.arguments = model, names, arguments

    def forward(self, pixels):
        found = self.model(pixels, **self.arguments)
        return tuple(found[name] for name in self.names)


class MaskedAutoencoder(nn.Module):
    """ViTMAE with the noise that chooses the patches as an input: pixels, noise → prediction."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, pixels, noise):
        return self.model(pixels, noise=noise).logits


@dataclass
class Foreign:
    """A model, and how many attentions and MLPs a file of it must be found to have."""

    build: Callable[[str], nn.Module]  # by the kind of attention, "sdpa" or "eager"
    attentions: int = DEPTH
    mlps: int = DEPTH
    outputs: list = field(default_factory=lambda: ["logits"])
    noise: bool = False


def transformers_vit(attention):
    config = hf.ViTConfig(**HF, num_labels=5, attn_implementation=attention)
    return Outputs(hf.ViTForImageClassification(config), "logits")


def transformers_vit_tokens(attention):
    config = hf.ViTConfig(**HF, qkv_bias=False, attn_implementation=attention)
    return Outputs(hf.ViTModel(config), "last_hidden_state", "pooler_output")


def transformers_deit(attention):
    config = hf.DeiTConfig(**HF, num_labels=5, attn_implementation=attention)
    return Outputs(hf.DeiTForImageClassificationWithTeacher(config), "logits")


def transformers_dinov2(attention):
    config = hf.Dinov2Config(**{**HF, "mlp_ratio": 2}, attn_implementation=attention)
    return Outputs(hf.Dinov2Model(config), "last_hidden_state", "pooler_output")


def transformers_dinov2_registers(attention):
    config = hf.Dinov2WithRegistersConfig(
        **{**HF, "mlp_ratio": 2, "num_register_tokens": 2}, attn_implementation=attention)
    model = hf.Dinov2WithRegistersModel(config)
    # Under the script exporter's tracing the model always resizes its positions, by an operator ONNX lacks.
    model.embeddings.interpolate_pos_encoding = lambda tokens, height, width: model.embeddings.position_embeddings
    return Outputs(model, "last_hidden_state", "pooler_output")


def transformers_clip(attention):
    config = hf.CLIPVisionConfig(**HF, projection_dim=16, attn_implementation=attention)
    return Outputs(hf.CLIPVisionModelWithProjection(config), "image_embeds", "last_hidden_state")


def transformers_siglip(attention):
    config = hf.SiglipVisionConfig(**HF, attn_implementation=attention)
    return Outputs(hf.SiglipVisionModel(config), "last_hidden_state", "pooler_output")


def transformers_mae(attention):
    config = hf.ViTMAEConfig(
        **HF, decoder_hidden_size=24, decoder_num_hidden_layers=1, decoder_num_attention_heads=2,
        decoder_intermediate_size=48, attn_implementation=attention)
    return MaskedAutoencoder(hf.ViTMAEForPreTraining(config))


def timm_vit(**arguments):
    def build(attention):
        timm.layers.set_fused_attn(attention == "sdpa")
        return VisionTransformer(**{**TIMM, **arguments})

    return build


def timm_deit_distilled(attention):
    from timm.models.deit import VisionTransformerDistilled

    timm.layers.set_fused_attn(attention == "sdpa")
    return VisionTransformerDistilled(**TIMM)


TOKENS = ["tokens", "pooled"]

MODELS = {
    "hf-vit": Foreign(transformers_vit),
    "hf-vit-tokens": Foreign(transformers_vit_tokens, outputs=TOKENS),
    "hf-deit": Foreign(transformers_deit),
    "hf-dinov2": Foreign(transformers_dinov2, outputs=TOKENS),
    "hf-dinov2-registers": Foreign(transformers_dinov2_registers, outputs=TOKENS),
    "hf-clip": Foreign(transformers_clip, outputs=["image_embeds", "tokens"]),
    # Its pooling head attends once more and has an MLP of its own.
    "hf-siglip": Foreign(transformers_siglip, attentions=DEPTH + 1, mlps=DEPTH + 1, outputs=TOKENS),
    "hf-mae": Foreign(
        transformers_mae, attentions=DEPTH + 1, mlps=DEPTH + 1, outputs=["prediction"], noise=True),
    "timm-vit": Foreign(timm_vit()),
    "timm-avg": Foreign(timm_vit(global_pool="avg", qkv_bias=False)),
    "timm-registers": Foreign(timm_vit(reg_tokens=4, no_embed_class=True, init_values=1e-5)),
    "timm-qk-norm": Foreign(timm_vit(qk_norm=True, init_values=0.1)),
    "timm-clip": Foreign(timm_vit(
        pre_norm=True, act_layer="quick_gelu", norm_layer=partial(nn.LayerNorm, eps=1e-5))),
    "timm-siglip": Foreign(
        timm_vit(class_token=False, global_pool="map", act_layer="gelu_tanh"), attentions=DEPTH + 1, mlps=DEPTH + 1),
    # Gated: the product between its layers runs on plain kernels.
    "timm-swiglu": Foreign(timm_vit(mlp_layer=timm.layers.SwiGLUPacked, act_layer="silu"), mlps=0),
    "timm-deit-distilled": Foreign(timm_deit_distilled),
}
