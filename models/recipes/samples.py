"""Writes models/samples: the first test image of each class of Fashion-MNIST as a PNG.

    python models/recipes/samples.py models/samples
"""

import sys
from pathlib import Path

from fashion_mnist import LABELS, MEAN, STD, load
from PIL import Image


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    images, labels = load("/usr/share/datasets/fashion-mnist", "t10k", "cpu")
    pixels = ((images * STD + MEAN) * 255).round().byte()
    for number, label in enumerate(LABELS):
        first = (labels == number).nonzero()[0].item()
        name = label.lower().replace(" ", "-").replace("/", "-")
        Image.fromarray(pixels[first, 0].numpy()).save(folder / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
