"""Makes positions/: position embeddings resampled by torch's bicubic, with and without antialiasing.

    python Tests/Oracles/model/make_positions.py --out Tests/UnmaskModelTests/Fixtures

index.json lists {"from": [h, w], "to": [h, w], "antialias", "source", "expected"}; arrays are [h * w, 3], no CLS row.
timm resamples with antialiasing, Hugging Face without. In torch the two differ in more than the support: the cubic's
parameter is -0.5 with antialiasing and -0.75 without.
"""

import argparse
import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

SEED, WIDTH = 7, 3
RESIZES = {
    (4, 4): [(4, 4), (7, 2), (3, 9)],
    (5, 3): [(3, 5), (10, 6)],
    (14, 14): [(16, 16), (7, 10), (24, 13), (1, 1)],
    (2, 2): [(9, 9)],
    (1, 1): [(3, 2)],
}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--out", type=Path, required=True)
    folder = p.parse_args().out / "positions"
    folder.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(SEED)
    resizes = []
    for (h, w), targets in RESIZES.items():
        image = torch.randn(1, WIDTH, h, w, generator=generator)
        source = save(folder, f"{h}x{w}", image)
        for target in targets:
            for antialias in (True, False):
                resized = F.interpolate(image, size=target, mode="bicubic", align_corners=False, antialias=antialias)
                name = f"{h}x{w}-{target[0]}x{target[1]}-{'timm' if antialias else 'hf'}"
                expected = save(folder, name, resized)
                sizes = {"from": [h, w], "to": target, "antialias": antialias}
                resizes.append(sizes | {"source": source, "expected": expected})
    index = {"seed": SEED, "torch": version("torch"), "resizes": resizes}
    (folder / "index.json").write_text(json.dumps(index, indent=1) + "\n")


def save(folder, name, image):
    """[1, D, h, w] as rows of positions, [h * w, D]."""
    np.save(folder / f"{name}.npy", image[0].flatten(1).T.contiguous().numpy())
    return f"{name}.npy"


if __name__ == "__main__":
    main()
