"""Heads beside scikit-learn's, on the same features: accuracy, calibration and time.

    make heads-peers        # the shipped autoencoder and Fashion-MNIST; docs/heads.md has what it printed

Fits with `unmask fit`, which leaves its features in a cache of its own; reads them out of there, so that scikit-learn fits on
the same numbers. Everything is on one machine, one after the other.
"""

import argparse
import hashlib
import json
import os
import pathlib
import struct
import subprocess
import tempfile
import time

import numpy as np
from fashion import FASHION, calibration_error, idx
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def features(store: pathlib.Path, images: np.ndarray) -> np.ndarray:
    """Vectors of images out of a `.features` file (Sources/UnmaskHeads/Features/FeatureStore.swift)."""
    data = store.read_bytes()
    width = json.loads(data[:4096].split(b"\n")[1])["dimension"]
    record = np.dtype([("key", "u1", 32), ("check", "<u8"), ("vector", "<f4", width)])
    table = np.frombuffer(data, record, offset=4096)
    place = {bytes(key): index for index, key in enumerate(table["key"])}
    header = struct.pack("<4q", 3, images.shape[1], images.shape[2], 1)
    return table["vector"][[place[hashlib.sha256(header + image.tobytes()).digest()] for image in images]]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--unmask", default=".build/release/unmask")
    parser.add_argument("--model", default="models/fashion-mae.safetensors")
    parser.add_argument("--pooling", default="mean")
    arguments = parser.parse_args()
    cache = tempfile.TemporaryDirectory()
    environment = os.environ | {"UNMASK_CACHE": cache.name}
    sets = {name: FASHION / f"{name}-images-idx3-ubyte.gz" for name in ("train", "t10k")}

    def fit(kind: str, *options: str) -> dict:
        command = [arguments.unmask, "fit", kind, "--model", arguments.model, "--pooling", arguments.pooling]
        command += ["--data", str(sets["train"]), "--test", str(sets["t10k"]), "-o", f"{cache.name}/{kind}", "--json"]
        started = time.perf_counter()
        done = subprocess.run(command + list(options), env=environment, check=True, capture_output=True, text=True)
        return json.loads(done.stdout) | {"whole_seconds": time.perf_counter() - started}

    ours = fit("linear")
    nearest = fit("knn")
    (store,) = pathlib.Path(cache.name, "features").glob("*.features")
    x, y = features(store, idx(sets["train"])), idx(FASHION / "train-labels-idx1-ubyte.gz")
    test, truth = features(store, idx(sets["t10k"])), idx(FASHION / "t10k-labels-idx1-ubyte.gz")
    scaler = StandardScaler().fit(x)
    scaled, scaled_test = scaler.transform(x), scaler.transform(test)

    print(f"linear   unmask       top-1 {ours['test']['top1']:.4f}  ECE {ours['test']['ece']:.4f}  C {ours['fit']['C']}"
          f"  whole fit {ours['whole_seconds']:.1f} s (folds and features included)")
    best = (0.0, 0.0)
    for c in [1e-4, 1e-3, 1e-2, 1e-1, 1, 10]:
        accuracy = LogisticRegression(C=c, max_iter=1000).fit(scaled, y).score(scaled_test, truth)
        print(f"linear   scikit-learn top-1 {accuracy:.4f}  C {c:g}")
        best = max(best, (accuracy, c))
    c = best[1]
    model = make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=1000))
    held_out = cross_val_predict(model, x, y, cv=StratifiedKFold(5, shuffle=True, random_state=0), method="decision_function")
    scores = model.fit(x, y).decision_function(test)
    loss = lambda t: -log_softmax(held_out / np.exp(t), axis=1)[np.arange(len(y)), y].mean()  # noqa: E731
    temperature = np.exp(minimize_scalar(loss, bounds=(-3, 3), method="bounded").x)
    print(f"linear   scikit-learn ECE {calibration_error(softmax(scores, axis=1), truth):.4f}, with the temperature of "
          f"held-out scores {calibration_error(softmax(scores / temperature, axis=1), truth):.4f}")

    print("time of an iteration, in turns, C", c)
    for _ in range(3):
        report = fit("linear", "--strength", f"{c:g}", "--folds", "1")
        own = report["fit_seconds"] / int(report["fit"]["iterations"])
        started = time.perf_counter()
        fitted = LogisticRegression(C=c, max_iter=1000).fit(scaled, y)
        other = (time.perf_counter() - started) / fitted.n_iter_[0]
        print(f"  unmask {own * 1e3:.2f} ms ({report['fit']['iterations']} iterations), scikit-learn {other * 1e3:.2f} ms "
              f"({fitted.n_iter_[0]}), {other / own:.2f} times")

    k = int(nearest["fit"]["k"])
    knn = KNeighborsClassifier(k, metric="cosine", algorithm="brute", weights=lambda d: np.exp((1 - d) / 0.07))
    accuracy = knn.fit(x, y).score(test, truth)
    print(f"knn      unmask       top-1 {nearest['test']['top1']:.4f}  k {k}  whole fit {nearest['whole_seconds']:.1f} s")
    print(f"knn      scikit-learn top-1 {accuracy:.4f}  k {k}")


if __name__ == "__main__":
    main()
