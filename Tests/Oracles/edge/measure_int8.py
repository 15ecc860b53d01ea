"""How much faster 8-bit files are than float32 ones, in onnxruntime and OpenVINO (f32), in turns on a quiet machine.

measure_int8.py --unmask BINARY [--sizes tiny small base] [--rounds 9] [--folder FOLDER]

With --folder, files are kept there, and those that are there are measured as they are.
"""

import argparse
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime
import openvino

import random_vit

PHOTOS = "/usr/share/backgrounds"


def session(path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    opened = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda x: opened.run(None, {"pixels": x})[0]


def compiled(settings):
    def load(path):
        core = openvino.Core()
        model = core.compile_model(core.read_model(path), "CPU", settings)
        return lambda x: model({"pixels": x})[0]

    return load


RUNTIMES = {
    "onnxruntime": session,
    "OpenVINO f32": compiled({"INFERENCE_PRECISION_HINT": "f32"}),
    "OpenVINO as it comes": compiled({}),
}


def export(unmask, folder, size, batch):
    """The model in both precisions, for onnxruntime."""
    files = {precision: folder / f"{precision}-{batch}.onnx" for precision in ["fp32", "int8"]}
    for precision, path in files.items():
        if path.exists():
            continue
        random_vit.write(folder, size, seed=0)
        words = [unmask, "export", folder, "-o", path, "--batch", batch, "--target", "onnxruntime"]
        words += ["--precision", precision]
        words += ["--calibrate", PHOTOS, "--calibration-images", 16] if precision == "int8" else []
        subprocess.run(list(map(str, words)), check=True, capture_output=True)
    return files


def race(runs, x, rounds):
    """Milliseconds of a pass of each, in turns: medians. The other's threads may spin for a while after its pass, so that each
    turn begins with a pause and a pass that is not counted."""
    times = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            time.sleep(0.05)
            run(x)
            start = time.perf_counter()
            run(x)
            times[name].append(1000 * (time.perf_counter() - start))
    return [statistics.median(times[name]) for name in runs]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--unmask", required=True)
    parser.add_argument("--sizes", nargs="*", default=list(random_vit.SIZES), choices=random_vit.SIZES)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    with open("/proc/cpuinfo") as file:
        facts = dict(map(str.strip, line.split(":", 1)) for line in file if ":" in line)
    names = [facts["model name"], *(f"{word} {facts[word]}" for word in ["cpu family", "model"])]
    print(f"{', '.join(names)}; ViT/16 of random weights, 224 pixels; medians of {arguments.rounds} passes in turns")
    print("| | batch | in | float32, ms | int8, ms | times | cosine |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        for size in arguments.sizes:
            for batch in [1, 8]:
                files = export(arguments.unmask, (arguments.folder or Path(name)) / size, size, batch)
                x = np.random.default_rng(0).uniform(-1, 1, (batch, 3, 224, 224)).astype(np.float32)
                for runtime, load in RUNTIMES.items():
                    runs = {precision: load(path) for precision, path in files.items()}
                    a, b = [run(x).ravel() for run in runs.values()]
                    exact, rounded = race(runs, x, arguments.rounds)
                    cosine = np.dot(a, b) / np.linalg.norm(a) / np.linalg.norm(b)
                    cells = [f"vit-{size}", batch, runtime, f"{exact:.1f}", f"{rounded:.1f}"]
                    cells += [f"{exact / rounded:.2f}", f"{cosine:.5f}"]
                    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


if __name__ == "__main__":
    main()
