"""The Vision Transformer and the masked autoencoder of the shipped model, in timm's parameter names.

ViT: Dosovitskiy et al. 2020. MAE: He et al. 2021, sections 3 and A. Shapes: B images, N patches, K kept
patches, D width. Written for these recipes; Unmask itself needs none of it.
"""

from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import nn


@dataclass(frozen=True)
class Encoder:
    image_size: int = 28
    patch_size: int = 4
    channels: int = 1
    width: int = 128
    depth: int = 6
    heads: int = 4
    mlp_width: int = 512
    norm_eps: float = 1e-6

    @property
    def patches(self):
        return (self.image_size // self.patch_size) ** 2


@dataclass(frozen=True)
class Decoder:
    width: int = 96
    depth: int = 2
    heads: int = 3
    mlp_width: int = 384
    norm_pix: bool = False


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x):
        B, N, D = x.shape
        q, k, v = self.qkv(x).view(B, N, 3, self.heads, D // self.heads).permute(2, 0, 3, 1, 4)  # [B, H, N, D/H]
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(B, N, D))


class Mlp(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, width, heads, mlp_width, norm_eps, drop_path=0.0):
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=norm_eps)
        self.attn = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=norm_eps)
        self.mlp = Mlp(width, mlp_width)
        self.drop_path = drop_path

    def residual(self, x):
        """Stochastic depth (Huang et al. 2016): the branch of a whole image is left out at random in training."""
        if not self.training or self.drop_path == 0:
            return x
        keep = 1 - self.drop_path
        return x * x.new_empty(x.shape[0], 1, 1).bernoulli_(keep).div_(keep)

    def forward(self, x):
        x = x + self.residual(self.attn(self.norm1(x)))
        return x + self.residual(self.mlp(self.norm2(x)))


def sincos_positions(width, side):
    """Fixed 2-D sine-cosine positions, [side * side, width]: half the width for columns, half for rows."""
    frequency = 1 / 10000 ** (torch.arange(width // 4, dtype=torch.float64) / (width / 4))
    angle = torch.arange(side, dtype=torch.float64)[:, None] * frequency  # [side, width / 4]
    axis = torch.cat([angle.sin(), angle.cos()], dim=1)  # [side, width / 2]
    columns = axis[None, :, :].expand(side, side, -1)
    rows = axis[:, None, :].expand(side, side, -1)
    return torch.cat([columns, rows], dim=2).reshape(side * side, width).float()


def initialise(module):
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


class PatchEmbed(nn.Module):
    def __init__(self, e: Encoder):
        super().__init__()
        self.proj = nn.Conv2d(e.channels, e.width, e.patch_size, stride=e.patch_size)

    def forward(self, images):
        return self.proj(images).flatten(2).transpose(1, 2)  # [B, N, D]


class VisionTransformer(nn.Module):
    """An encoder that sees all patches or a kept subset, with an optional classification head on the mean token."""

    def __init__(self, e: Encoder, classes=0, drop_path=0.0):
        super().__init__()
        self.config = e
        self.cls_token = nn.Parameter(torch.zeros(1, 1, e.width))
        self.patch_embed = PatchEmbed(e)
        positions = sincos_positions(e.width, e.image_size // e.patch_size)
        self.pos_embed = nn.Parameter(torch.cat([torch.zeros(1, e.width), positions])[None], requires_grad=False)
        rates = torch.linspace(0, drop_path, e.depth).tolist()
        self.blocks = nn.ModuleList([Block(e.width, e.heads, e.mlp_width, e.norm_eps, r) for r in rates])
        if classes:
            self.fc_norm = nn.LayerNorm(e.width, eps=e.norm_eps)
            self.head = nn.Linear(e.width, classes)
        else:
            self.norm = nn.LayerNorm(e.width, eps=e.norm_eps)
        self.apply(initialise)
        nn.init.normal_(self.cls_token, std=0.02)
        w = self.patch_embed.proj.weight
        nn.init.xavier_uniform_(w.data.view(w.shape[0], -1))

    def tokens(self, images, ids_keep=None):
        """[B, C, S, S] -> [B, 1 + K, D] before the final norm; ids_keep [B, K] leaves the other patches out."""
        x = self.patch_embed(images) + self.pos_embed[:, 1:]
        if ids_keep is not None:
            x = x.gather(1, ids_keep[:, :, None].expand(-1, -1, x.shape[2]))
        x = torch.cat([(self.cls_token + self.pos_embed[:, :1]).expand(x.shape[0], -1, -1), x], dim=1)
        for block in self.blocks:
            x = block(x)
        return x

    def forward(self, images, ids_keep=None):
        return self.head(self.fc_norm(self.tokens(images, ids_keep)[:, 1:].mean(dim=1)))


class MaskedAutoencoder(VisionTransformer):
    def __init__(self, e: Encoder, d: Decoder):
        super().__init__(e)
        self.decoder_config = d
        self.decoder_embed = nn.Linear(e.width, d.width)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, d.width))
        positions = sincos_positions(d.width, e.image_size // e.patch_size)
        self.decoder_pos_embed = nn.Parameter(torch.cat([torch.zeros(1, d.width), positions])[None], requires_grad=False)
        self.decoder_blocks = nn.ModuleList([Block(d.width, d.heads, d.mlp_width, e.norm_eps) for _ in range(d.depth)])
        self.decoder_norm = nn.LayerNorm(d.width, eps=e.norm_eps)
        self.decoder_pred = nn.Linear(d.width, e.patch_size**2 * e.channels)
        for part in (self.decoder_embed, self.decoder_blocks, self.decoder_pred):
            part.apply(initialise)
        nn.init.normal_(self.mask_token, std=0.02)

    def patchify(self, images):
        """[B, C, S, S] -> [B, N, P * P * C], the channel running fastest."""
        B, C, S, _ = images.shape
        P = self.config.patch_size
        g = S // P
        return images.view(B, C, g, P, g, P).permute(0, 2, 4, 3, 5, 1).reshape(B, g * g, P * P * C)

    def forward(self, images, noise, keep):
        """The mean squared error on removed patches. noise [B, N]: the `keep` patches of least noise stay visible."""
        ids_shuffle = noise.argsort(dim=1)
        ids_restore = ids_shuffle.argsort(dim=1)
        visible = self.norm(self.tokens(images, ids_shuffle[:, :keep]))
        x = self.decoder_embed(visible)  # [B, 1 + K, Dd]
        B, N = noise.shape
        hidden = self.mask_token.expand(B, N - keep, -1)
        patches = torch.cat([x[:, 1:], hidden.to(x.dtype)], dim=1)
        patches = patches.gather(1, ids_restore[:, :, None].expand(-1, -1, x.shape[2]))
        x = torch.cat([x[:, :1], patches], dim=1) + self.decoder_pos_embed
        for block in self.decoder_blocks:
            x = block(x)
        prediction = self.decoder_pred(self.decoder_norm(x)[:, 1:])
        target = self.patchify(images)
        if self.decoder_config.norm_pix:
            target = (target - target.mean(-1, keepdim=True)) / (target.var(-1, keepdim=True) + 1e-6) ** 0.5
        removed = (ids_restore >= keep).float()
        return (((prediction.float() - target) ** 2).mean(-1) * removed).sum() / removed.sum()


def configuration(model, classes=0):
    """What Unmask needs to know of the architecture, as it stands in a checkpoint's `unmask.config`."""
    e = asdict(model.config)
    e["image_size"] = [model.config.image_size] * 2
    if isinstance(model, MaskedAutoencoder):
        e["decoder"] = asdict(model.decoder_config) | {"norm_eps": model.config.norm_eps}
    if classes:
        e |= {"classes": classes, "pooling": "mean"}
    return e
