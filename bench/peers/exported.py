"""Where model.py leaves the exported model, and the input and output that peers are checked with."""

from pathlib import Path

_ENDS = {"onnx": ".onnx", "pixels": "-pixels.npy", "vectors": "-vectors.npy"}


def files(folder, batch):
    return {kind: Path(folder) / f"vit-b-16-class-token-b{batch}{end}" for kind, end in _ENDS.items()}
