"""Random weights that let no mistake hide: nothing is zero or one, and no term of a block drowns another."""

import torch
from torch import nn

# Layers that write to the residual stream, in Hugging Face's names and in timm's.
_STREAM_WRITERS = ("o_proj", "fc2", "projection", "patch_embed.proj", "attn.proj", "decoder_embed")
_SHARP = ("q_proj", "k_proj", "qkv")

# Scales what the residual stream is made of. LayerNorm undoes the scale, so the model's character does not change, but
# a row's variance is about 1e-4, and a wrong epsilon moves every block by far more than rounding does.
_STREAM = 0.01


@torch.no_grad()
def randomise(model, generator):
    """Replaces every parameter of a ViT."""
    for name, module in model.named_modules():
        if isinstance(module, nn.LayerNorm):
            module.weight.uniform_(0.5, 1.5, generator=generator)
            module.bias.normal_(0, 0.2, generator=generator)
        elif isinstance(module, (nn.Linear, nn.Conv2d)):
            gain = 1.5 if name.endswith(_SHARP) else 1.0  # sharp: attention logits of about 2, far from uniform
            module.weight.normal_(0, gain / module.weight[0].numel() ** 0.5, generator=generator)
            if module.bias is not None:
                module.bias.normal_(0, 0.2, generator=generator)
            if name.endswith("fc1"):
                _lean_on_gelu_tail(module)
            if name.endswith("fc2"):
                _amplify_gelu_tail(module)
            if name.endswith(_STREAM_WRITERS):
                module.weight.mul_(_STREAM)
                if module.bias is not None:
                    module.bias.mul_(_STREAM)
    for name, parameter in model.named_parameters():
        _randomise_own(name, parameter, generator)
        if name.endswith(("cls_token", "mask_token", "pos_embed", "pos_embed_win", "position_embeddings")):
            parameter.normal_(0, _STREAM, generator=generator)


def _randomise_own(name, parameter, generator):
    """Parameters of modules that hold no layers."""
    last = name.split(".")[-1]
    if last in ("gamma", "gamma_1", "gamma_2", "lambda1", "layer_scale_parameter"):
        parameter.uniform_(0.5, 1.5, generator=generator)
    elif last in ("q_bias", "k_bias", "v_bias"):
        parameter.normal_(0, 0.5, generator=generator)
    elif name.endswith(("grn.weight", "grn.bias")):
        parameter.normal_(0, 0.5, generator=generator)
    elif last in ("rel_pos_h", "rel_pos_w"):
        parameter.normal_(0, 0.5, generator=generator)
    elif last == "relative_position_bias_table" or last in ("latent", "probe"):
        parameter.normal_(0, 1, generator=generator)
    elif last in ("reg_token", "dist_token", "register_tokens", "distillation_token"):
        parameter.normal_(0, _STREAM, generator=generator)
    elif last == "weight" and parameter.dim() == 1:
        parameter.uniform_(0.5, 1.5, generator=generator)


def _lean_on_gelu_tail(layer):
    """Half of the hidden units work around -2.2, where the tanh approximation of GELU errs by a per cent."""
    layer.weight[::2] *= 0.5
    layer.bias[::2] -= 2.2


def _amplify_gelu_tail(layer):
    layer.weight[:, ::2] *= 20
