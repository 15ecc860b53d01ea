"""Position embeddings at another image size than trained, as the two libraries resample them."""

import torch
import torch.nn.functional as F


def resample(table, grid, antialias):
    """[1, 1 + N, D] of a square grid -> [1, 1 + h * w, D], bicubic; the CLS position stays as it is."""
    cls, patches = table[:, :1], table[:, 1:]
    side = int(patches.shape[1] ** 0.5)
    image = patches.reshape(1, side, side, -1).permute(0, 3, 1, 2)
    image = F.interpolate(image, size=grid, mode="bicubic", align_corners=False, antialias=antialias)
    return torch.cat([cls, image.permute(0, 2, 3, 1).reshape(1, grid[0] * grid[1], -1)], dim=1)
