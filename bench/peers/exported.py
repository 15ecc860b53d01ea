"""Where model.py leaves the exported model, and the input and output that peers are checked with."""

from pathlib import Path

# Width, depth and heads (Dosovitskiy et al. 2020, table 1; Touvron et al. 2020, table 1).
ARCHITECTURES = {
    "vit-ti/16": (192, 12, 3),
    "vit-s/16": (384, 12, 6),
    "vit-b/16": (768, 12, 12),
    "vit-l/16": (1024, 24, 16),
}
_ENDS = {"onnx": ".onnx", "pixels": "-pixels.npy", "vectors": "-vectors.npy"}


def files(folder, arch, batch):
    name = arch.replace("/", "-")
    found = {kind: Path(folder) / f"{name}-class-token-b{batch}{end}" for kind, end in _ENDS.items()}
    return found | {"folder": Path(folder) / name}
