"""The architectures that parity cases are made of. Tiny ones vary everything; base and large are the papers'."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Shape:
    """A ViT and, for masked autoencoders, its decoder. Sizes in pixels, widths in features."""

    image: tuple[int, int]
    patch: int
    width: int
    depth: int
    heads: int
    mlp: int
    channels: int = 3
    decoder_width: int = 48
    decoder_depth: int = 2
    decoder_heads: int = 3
    decoder_mlp: int = 96
    eps: float = 1e-6

    @property
    def grid(self):
        return self.image[0] // self.patch, self.image[1] // self.patch

    @property
    def patches(self):
        return self.grid[0] * self.grid[1]

    def but(self, **changes):
        return replace(self, **changes)


SMALL = Shape(image=(16, 16), patch=4, width=32, depth=3, heads=2, mlp=64)  # heads of 16
PATCH_14 = Shape(image=(42, 42), patch=14, width=64, depth=2, heads=2, mlp=96, channels=1, decoder_depth=1)  # of 32
WIDE_HEAD = Shape(image=(24, 24), patch=8, width=64, depth=2, heads=1, mlp=96)  # of 64
PATCH_16 = Shape(image=(32, 32), patch=16, width=80, depth=1, heads=1, mlp=80, channels=1)  # of 80
OBLONG = Shape(image=(16, 32), patch=8, width=48, depth=2, heads=3, mlp=96)

_DECODER = dict(decoder_width=512, decoder_depth=8, decoder_heads=16, decoder_mlp=2048)
BASE = Shape(image=(224, 224), patch=16, width=768, depth=12, heads=12, mlp=3072, **_DECODER)
LARGE = Shape(image=(224, 224), patch=16, width=1024, depth=24, heads=16, mlp=4096, **_DECODER)
PAPER = {"base": BASE, "large": LARGE}
