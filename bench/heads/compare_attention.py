"""Heads that attend beside PyTorch's, on the same tokens of Fashion-MNIST: accuracy and calibration.

    build/venv/bin/python bench/heads/compare_attention.py        # torch of Tests/Oracles/requirements.txt; docs/heads.md

`unmask fit` leaves the tokens in a cache of its own; they are read out of there. PyTorch's probe is written as the paper's code
has it (values of every token, a batch normalisation in front of the classifier), with the same batches' size, epochs and rates.
"""

import argparse
import hashlib
import json
import math
import os
import pathlib
import struct
import subprocess
import tempfile
import time

import numpy as np
import torch
from fashion import FASHION, calibration_error, idx
from torch import nn
from torch.nn import functional as F


class EfficientProbing(nn.Module):
    def __init__(self, width: int, queries: int, classes: int) -> None:
        super().__init__()
        self.queries = nn.Parameter(0.02 * torch.randn(queries, width))
        self.value = nn.Linear(width, width, bias=False)
        self.norm = nn.BatchNorm1d(width, affine=False, eps=1e-6)
        self.head = nn.Linear(width, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        weights = (self.queries * x.shape[-1] ** -0.5 @ x.mT).softmax(-1)  # [B, Q, T]
        values = self.value(x).unflatten(-1, (len(self.queries), -1)).transpose(1, 2)  # [B, Q, T, D / Q]
        return self.head(self.norm((weights.unsqueeze(2) @ values).flatten(1)))


def tokens(store: pathlib.Path, images: np.ndarray) -> np.ndarray:
    """[n, T, D] out of a `.features` file (Sources/UnmaskHeads/Features/FeatureStore.swift)."""
    stamp = json.loads(store.read_bytes()[:4096].split(b"\n")[1])
    shape = (stamp["tokens"], stamp["dimension"])
    record = np.dtype([("key", "u1", 32), ("check", "<u8"), ("tokens", "<f2", shape)])
    table = np.memmap(store, record, mode="r", offset=4096)
    place = {bytes(key): index for index, key in enumerate(table["key"])}
    header = struct.pack("<4q", 3, images.shape[1], images.shape[2], 1)
    order = [place[hashlib.sha256(header + image.tobytes()).digest()] for image in images]
    return np.stack([table["tokens"][index] for index in order])


def fit(x: torch.Tensor, y: torch.Tensor, epochs: int, batch: int, rate: float) -> EfficientProbing:
    model = EfficientProbing(x.shape[-1], 32, int(y.max()) + 1).train()
    optimizer = torch.optim.Adam(model.parameters())
    steps, step = epochs * math.ceil(len(x) / batch), 0
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(batch):
            warm = steps // 20
            share = (step + 1) / warm if step < warm else 0.5 * (1 + math.cos(math.pi * (step - warm) / (steps - warm)))
            for group in optimizer.param_groups:
                group["lr"] = rate * share
            loss = F.cross_entropy(model(x[rows].float()), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
    return model.eval()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--unmask", default=".build/release/unmask")
    parser.add_argument("--model", default="models/fashion-mae.safetensors")
    parser.add_argument("--epochs", type=int, default=20)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as cache:
        names = [str(FASHION / f"{name}-images-idx3-ubyte.gz") for name in ("train", "t10k")]
        for kind in ("linear", "attentive", "ep"):
            command = [arguments.unmask, "fit", kind, "--model", arguments.model, "--data", names[0], "--test", names[1]]
            command += ["-o", f"{cache}/{kind}", "--json"]
            command += ["--pooling", "mean"] if kind == "linear" else ["--epochs", str(arguments.epochs)]
            done = subprocess.run(
                command, env=os.environ | {"UNMASK_CACHE": cache}, check=True, capture_output=True, text=True)
            ours = json.loads(done.stdout)
            print(f"{kind:9} unmask  top-1 {ours['test']['top1']:.4f}  ECE {ours['test']['ece']:.4f}"
                  f"  fitted in {ours['fit_seconds']:.0f} s, held-out images included", flush=True)
        store = next(
            path for path in pathlib.Path(cache, "features").glob("*.features")
            if b'"pooling":"tokens"' in path.open("rb").read(4096))
        sets = {name: (tokens(store, idx(FASHION / f"{name}-images-idx3-ubyte.gz")),
                       idx(FASHION / f"{name}-labels-idx1-ubyte.gz")) for name in ("train", "t10k")}
    x, y = (torch.from_numpy(part.copy()) for part in sets["train"])
    started = time.perf_counter()
    model = fit(x, y.long(), arguments.epochs, 256, 0.1 / math.sqrt(x.shape[-1]))
    seconds = time.perf_counter() - started
    with torch.no_grad():
        scores = torch.cat([model(rows.float()) for rows in torch.from_numpy(sets["t10k"][0]).split(1000)]).double()
    right = (scores.argmax(1).numpy() == sets["t10k"][1]).mean()
    print(f"ep        PyTorch top-1 {right:.4f}  ECE {calibration_error(scores.softmax(1).numpy(), sets['t10k'][1]):.4f}"
          f" (not calibrated)  fitted in {seconds:.0f} s, none held out")


if __name__ == "__main__":
    main()
