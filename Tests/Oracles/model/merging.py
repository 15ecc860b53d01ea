"""Cases of merged tokens: token merging (Bolya et al. 2022, "Token Merging: Your ViT But Faster"), written from the paper.

In every block, between attention and MLP, the tokens but the class token are dealt out in turn to two sets: of those at even
places, counted from the first patch, and those at odd ones. Each odd token has an edge to the even one whose keys, averaged
over the heads, are most like its own (cosine); the r strongest edges merge, into an average weighted by the patches that
each token stands for. Then come the class token, the odd tokens that are left, and the even ones, each in their order.
Attention adds the logarithm of a token's patches to the scores of its key. Taps show each patch its token.

Computed in float64: which tokens merge must not hang on rounding, so images whose choices are close are drawn again.
"""

import copy
from dataclasses import dataclass

import hf_mae
import timm_vit
import torch
from masks import no_masking, random_masking
from shapes import PAPER, SMALL

# Two cosines that decide must be further apart than float32 can be off.
_LEAST_MARGIN = 2e-5


@dataclass(frozen=True)
class Mistakes:
    """What check_mistakes.py has done wrong, to see that the cases notice."""

    proportional: bool = True  # attention by size
    protected: bool = True  # the class token is kept apart
    weighted: bool = True  # averages by size


mistakes = Mistakes()


class Part:
    """A timm Block or a ViTMAELayer, in the pieces that merging goes between."""

    def __init__(self, block, heads):
        self.heads = heads
        if hasattr(block, "attn"):
            self.norm1, self.norm2, self.mlp, self.proj = block.norm1, block.norm2, block.mlp, block.attn.proj
            self.qkv = lambda x: block.attn.qkv(x).chunk(3, dim=-1)
        else:
            attention = block.attention
            self.norm1, self.norm2 = block.layernorm_before, block.layernorm_after
            self.mlp, self.proj = block.mlp, attention.o_proj
            self.qkv = lambda x: (attention.q_proj(x), attention.k_proj(x), attention.v_proj(x))

    def attend(self, x, sizes):
        """[T, D] → what attention adds to it, and the keys' mean over the heads [T, D / heads]."""
        tokens, width = x.shape
        q, k, v = (y.view(tokens, self.heads, -1).transpose(0, 1) for y in self.qkv(self.norm1(x)))
        scores = q @ k.transpose(1, 2) / (width // self.heads) ** 0.5
        if mistakes.proportional:
            scores = scores + sizes.log()
        y = scores.softmax(dim=-1) @ v
        return self.proj(y.transpose(0, 1).reshape(tokens, width)), k.mean(dim=0)


def groups(keys, r):
    """The tokens that become one, each group's even token first, and how far the closest decision was from another."""
    fixed = 1 if mistakes.protected else 0
    odd, even = list(range(fixed + 1, len(keys), 2)), list(range(fixed, len(keys), 2))
    r = min(r, len(odd))
    keys = keys / keys.norm(dim=-1, keepdim=True)
    scores = keys[odd] @ keys[even].T
    best = scores.max(dim=1)
    order = best.values.argsort(descending=True, stable=True).tolist()
    into = {token: [token] for token in even}
    margins = [1.0]
    for row in order[:r]:
        into[even[best.indices[row]]].append(odd[row])
        if len(even) > 1:
            first, second = scores[row].topk(2).values.tolist()
            margins.append(first - second)
    if 0 < r < len(odd):
        margins.append((best.values[order[r - 1]] - best.values[order[r]]).item())
    left = [[odd[row]] for row in sorted(order[r:])]
    merged = [[token, *sorted(others)] for token, *others in into.values()]
    return [[token] for token in range(fixed)] + left + merged, min(margins)


def encode(blocks, x, r):
    """[T, D] → the stream behind each block, with each token's group in its place, and the least margin."""
    sizes = torch.ones(len(x), dtype=x.dtype)
    origins = torch.arange(len(x))
    taps, least = {}, 1.0
    for index, block in enumerate(blocks):
        y, keys = block.attend(x, sizes)
        x = x + y
        found, margin = groups(keys, r)
        least = min(least, margin)
        weights = torch.zeros(len(found), len(x), dtype=x.dtype)
        places = torch.zeros(len(x), dtype=torch.long)
        for place, group in enumerate(found):
            weights[place, group] = sizes[group] if mistakes.weighted else 1.0
            places[group] = place
        x = (weights / weights.sum(dim=1, keepdim=True)) @ x
        sizes = torch.stack([sizes[group].sum() for group in found])
        origins = places[origins]
        x = x + block.mlp(block.norm2(x))
        taps[index] = x[origins]
    return taps, least


@torch.no_grad()
def encode_all(blocks, embedded, r):
    """[B, T, D] → {block: [B, T, D]} and the least margin."""
    found = [encode(blocks, x, r) for x in embedded]
    return {i: torch.stack([taps[i] for taps, _ in found]) for i in found[0][0]}, min(m for _, m in found)


@torch.no_grad()
def timm_expected(model, heads, pixels, masking, r):
    x = model.patch_embed(pixels).flatten(1, 2) + model.pos_embed[:, 1:]
    ids = masking.ids_keep[..., None].expand(-1, -1, x.shape[2])
    cls = (model.cls_token + model.pos_embed[:, :1]).expand(len(x), -1, -1)
    x = torch.cat([cls, x.gather(1, ids)], dim=1)
    taps, margin = encode_all([Part(block, heads) for block in model.blocks], x, r)
    tokens = model.norm(taps[len(taps) - 1])
    found = {"blocks": taps, "norm": tokens, "cls": tokens[:, 0], "mean": model.fc_norm(tokens[:, 1:].mean(dim=1))}
    if model.num_classes:
        found["logits"] = model.forward_head(tokens)
    return found, margin


@torch.no_grad()
def mae_expected(model, heads, pixels, masking, r):
    model.vit.embeddings.config.mask_ratio = masking.ratio
    embedded, _, restore = model.vit.embeddings(pixels, noise=masking.noise)
    taps, margin = encode_all([Part(layer, heads) for layer in model.vit.layers], embedded, r)
    tokens = model.vit.layernorm(taps[len(taps) - 1])
    found = {"blocks": taps, "norm": tokens, "cls": tokens[:, 0], "mean": tokens[:, 1:].mean(dim=1)}
    return found | {"prediction": model.decoder(tokens, restore).logits}, margin


def cases(size, out):
    if size == "tiny":
        shape = SMALL
        _case(out, "tiny-merged-token", _timm_token, shape, r=2)
        _case(out, "tiny-merged-avg", _timm_avg, shape.but(image=(20, 24)), r=5)
        _case(out, "tiny-merged-keep", _timm_token, shape, r=1, ratio=0.5)
        _case(out, "tiny-merged-exhausted", _timm_avg, shape, r=8)
        _case(out, "tiny-merged-mae", _mae, shape.but(eps=1e-12), r=1, ratio=0.25)
    else:
        for r in (8, 13, 16):
            _case(out, f"{size}-merged-{r}", _timm_token, PAPER[size], r=r)
        _case(out, f"{size}-merged-mae", _mae, PAPER[size].but(eps=1e-12), r=4, ratio=0.5)


def _timm(shape, generator, folder, pool):
    model = timm_vit.build(shape, generator, pool, classes=5, fc_norm=False)
    details = timm_vit.configuration(model, shape, "vit_base_patch16_224")
    details["model_args"]["fc_norm"] = False
    timm_vit.save(model, folder, details)
    return model, timm_expected, "timm"


def _timm_token(shape, generator, folder):
    return _timm(shape, generator, folder, "token")


def _timm_avg(shape, generator, folder):
    return _timm(shape, generator, folder, "avg")


def _mae(shape, generator, folder):
    model = hf_mae.build(shape, generator, norm_pix=False)
    hf_mae.save_in_hub_spelling(model, folder)
    return model, mae_expected, "hf-mae"


def _case(out, name, make, shape, r, ratio=0.0):
    if not out.wants(name):
        return
    model, expected, family = make(shape, out.generator(name), out.checkpoint(name))
    precise = copy.deepcopy(model).double()
    generator = out.generator(name + "/pixels")
    for _ in range(100):
        pixels = torch.randn(2, shape.channels, *shape.image, generator=generator)
        masking = random_masking(2, shape.patches, ratio, generator) if ratio else no_masking(2, shape.patches)
        found, margin = expected(precise, shape.heads, pixels.double(), masking, r)
        if margin >= _LEAST_MARGIN:
            break
    else:
        raise RuntimeError(f"{name}: which tokens merge hangs on rounding in every image")
    masked = masking if ratio else None
    out.write(name, name, family, {"merge": r}, pixels, found, masked)
