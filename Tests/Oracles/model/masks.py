"""MAE's random masking (He et al. 2021, section 3) from explicit noise, in plain torch."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Masking:
    noise: torch.Tensor  # [B, N]
    ratio: float

    @property
    def ids_shuffle(self):
        return self.noise.argsort(dim=1, stable=True)

    @property
    def keep(self):
        return int(self.noise.shape[1] * (1 - self.ratio))

    @property
    def ids_keep(self):
        return self.ids_shuffle[:, : self.keep]

    @property
    def ids_restore(self):
        return self.ids_shuffle.argsort(dim=1)

    @property
    def mask(self):
        """[B, N]: 1 = removed."""
        return (self.ids_restore >= self.keep).int()

    def arrays(self):
        return {key: getattr(self, key) for key in ("noise", "ids_keep", "ids_restore", "mask")}


def random_masking(batch, patches, ratio, generator):
    return Masking(torch.rand(batch, patches, generator=generator), ratio)


def no_masking(batch, patches):
    """Every patch, in its own place."""
    return Masking(torch.arange(patches).expand(batch, -1) / patches, 0.0)
