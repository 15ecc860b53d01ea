"""Cases from Hugging Face's ViTMAE: masked encoders and decoders, two spellings of its files, another image size."""

import json

import torch
from case import Taps
from masks import no_masking, random_masking
from positions import resample
from safetensors.torch import load_file, save_file
from shapes import PAPER, PATCH_14, SMALL
from torch import nn
from transformers import ViTMAEConfig, ViTMAEForPreTraining
from weights import randomise


def build(shape, generator, norm_pix):
    config = ViTMAEConfig(
        hidden_size=shape.width,
        num_hidden_layers=shape.depth,
        num_attention_heads=shape.heads,
        intermediate_size=shape.mlp,
        layer_norm_eps=shape.eps,
        image_size=shape.image[0],
        patch_size=shape.patch,
        num_channels=shape.channels,
        decoder_hidden_size=shape.decoder_width,
        decoder_num_hidden_layers=shape.decoder_depth,
        decoder_num_attention_heads=shape.decoder_heads,
        decoder_intermediate_size=shape.decoder_mlp,
        norm_pix_loss=norm_pix,
    )
    model = ViTMAEForPreTraining(config).eval()
    randomise(model, generator)
    return model


@torch.no_grad()
def expected_of_encoder(encoder, pixels, masking, resized=False):
    """Taps of a ViTMAEModel. `resized`: the image size is not the trained one."""
    encoder.embeddings.config.mask_ratio = masking.ratio
    with Taps(encoder.layers) as blocks:
        encoded = encoder(pixels, noise=masking.noise, interpolate_pos_encoding=resized)
    assert torch.equal(encoded.ids_restore, masking.ids_restore)
    assert torch.equal(encoded.mask.int(), masking.mask)
    tokens = encoded.last_hidden_state
    return {"blocks": blocks.outputs, "norm": tokens, "cls": tokens[:, 0], "mean": tokens[:, 1:].mean(dim=1)}


@torch.no_grad()
def expected(model, pixels, masking, resized=False):
    """Taps of the whole autoencoder.

    At another size Hugging Face resamples the decoder's positions along the flattened sequence, as if an image were one
    row of patches, which mixes up neighbours. Here the decoder gets them resampled over the grid, as the encoder does.
    """
    decoder = model.decoder
    found = expected_of_encoder(model.vit, pixels, masking, resized)
    trained = decoder.decoder_pos_embed
    if resized:
        grid = [side // model.config.patch_size for side in pixels.shape[2:]]
        decoder.decoder_pos_embed = nn.Parameter(resample(trained, grid, antialias=False), requires_grad=False)
    with Taps(decoder.decoder_layers) as blocks:
        prediction = decoder(found["norm"], masking.ids_restore).logits
    decoder.decoder_pos_embed = trained
    return found | {
        "decoder_blocks": blocks.outputs,
        "prediction": prediction,
        "reconstruction": reconstruction(model, pixels, prediction),
    }


def reconstruction(model, pixels, prediction):
    """The prediction as an image [B, C, H, W], with each patch's own mean and variance put back under norm_pix."""
    if model.config.norm_pix_loss:
        patches = model.patchify(pixels, interpolate_pos_encoding=True)
        mean, variance = patches.mean(dim=-1, keepdim=True), patches.var(dim=-1, keepdim=True)
        prediction = prediction * (variance + 1e-6) ** 0.5 + mean
    return model.unpatchify(prediction, tuple(pixels.shape[2:]))


def save_in_hub_spelling(model, folder):
    """As the files on the hub are: transformers 4 named the decoder's blocks `decoder.decoder_layers`, 5 writes
    `decoder.decoder_encoder.layer`."""
    model.save_pretrained(folder)
    file = folder / "model.safetensors"
    tensors = load_file(file)
    renamed = {k.replace("decoder.decoder_encoder.layer.", "decoder.decoder_layers."): v for k, v in tensors.items()}
    save_file(renamed, file, metadata={"format": "pt"})


def cases(size, out):
    if size == "tiny":
        _masked(out, "tiny-hf-mae", SMALL.but(eps=1e-12), save_in_hub_spelling, norm_pix=False)
        _sharded(out, "tiny-hf-mae-sharded", PATCH_14.but(eps=1e-5))
        _encoder(out, "tiny-hf-mae-encoder", SMALL.but(depth=2, eps=1e-12))
    else:
        shape = PAPER[size].but(eps=1e-12)
        _masked(out, f"{size}-hf-mae", shape, save_in_hub_spelling, norm_pix=True)


def _masked(out, checkpoint, shape, save, norm_pix):
    """One checkpoint at every mask ratio, unmasked, and at another image size."""
    names = {f"{checkpoint}-full": None, f"{checkpoint}-0": 0.0, f"{checkpoint}-50": 0.5, f"{checkpoint}-75": 0.75}
    resized = f"{checkpoint}-resized"
    if not any(map(out.wants, [*names, resized])):
        return
    model = build(shape, out.generator(checkpoint), norm_pix)
    save(model, out.checkpoint(checkpoint))
    for name, ratio in names.items():
        if not out.wants(name):
            continue
        generator = out.generator(name)
        pixels = torch.randn(2, shape.channels, *shape.image, generator=generator)
        if ratio is None:
            masking = no_masking(2, shape.patches)
            out.write(name, checkpoint, "hf-mae", {}, pixels, expected(model, pixels, masking))
        else:
            masking = random_masking(2, shape.patches, ratio, generator)
            out.write(name, checkpoint, "hf-mae", {}, pixels, expected(model, pixels, masking), masking)
    if out.wants(resized):
        generator = out.generator(resized)
        grid = (shape.grid[0] + 2, shape.grid[1] - 1)
        size = [side * shape.patch for side in grid]
        pixels = torch.randn(2, shape.channels, *size, generator=generator)
        masking = random_masking(2, grid[0] * grid[1], 0.5, generator)
        options = {"image_size": size, "interpolation": "hf"}
        out.write(resized, checkpoint, "hf-mae", options, pixels, expected(model, pixels, masking, True), masking)


def _sharded(out, name, shape):
    """Several files and an index, in the names that transformers 5 writes."""
    if not out.wants(name):
        return
    generator = out.generator(name)
    model = build(shape, generator, norm_pix=True)
    folder = out.checkpoint(name)
    model.save_pretrained(folder, max_shard_size="200KB")
    assert len(set(json.loads((folder / "model.safetensors.index.json").read_text())["weight_map"].values())) > 1
    pixels = torch.randn(2, shape.channels, *shape.image, generator=generator)
    masking = random_masking(2, shape.patches, 0.5, generator)
    out.write(name, name, "hf-mae", {}, pixels, expected(model, pixels, masking), masking)


def _encoder(out, name, shape):
    """A ViTMAEModel saved alone: no decoder, no `vit.` before the names. Three images."""
    if not out.wants(name):
        return
    generator = out.generator(name)
    encoder = build(shape, generator, norm_pix=False).vit
    encoder.save_pretrained(out.checkpoint(name))
    pixels = torch.randn(3, shape.channels, *shape.image, generator=generator)
    expected = expected_of_encoder(encoder, pixels, no_masking(3, shape.patches))
    out.write(name, name, "hf-mae", {}, pixels, expected)
