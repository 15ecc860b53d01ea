"""A fitted head and its encoder as one ONNX file answer in onnxruntime, and heads of every place also in OpenVINO, as they do in
Unmask.

    python check_export.py UNMASK        # numpy, onnxruntime, openvino, torch, safetensors and Pillow, of Tests/Oracles/requirements.txt
"""

import csv
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnxruntime
import openvino
import torch
from PIL import Image
from safetensors.numpy import load_file
from torch.nn.functional import interpolate

ROOT = pathlib.Path(__file__).resolve().parents[3]
MODEL = ROOT / "models/fashion-mae.safetensors"
SAMPLES = sorted((ROOT / "models/samples").glob("*.png"))
LIMIT = 1e-4
MEAN = ["--pooling", "mean"]


def run(*arguments: object) -> str:
    return subprocess.run([str(a) for a in arguments], check=True, capture_output=True, text=True).stdout


def prepared(path: pathlib.Path, recipe: dict) -> np.ndarray:
    pixels = np.asarray(Image.open(path).convert("L"), np.float32)[None, None] / 255
    return (pixels - np.float32(recipe["mean"][0])) / np.float32(recipe["std"][0])


def answered(onnx: pathlib.Path, names: list[str]):
    """By runtime what gives the outputs of a batch of pixels."""
    session = onnxruntime.InferenceSession(onnx)
    compiled = openvino.Core().compile_model(openvino.Core().read_model(onnx), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return {
        "onnxruntime": lambda pixels: session.run(names, {"pixels": pixels}),
        "OpenVINO": lambda pixels: [compiled({"pixels": pixels})[name] for name in names]}


def compare(kind: str, runtime: str, found: np.ndarray, own: np.ndarray) -> None:
    worst, largest = np.abs(found - own).max(), np.abs(own).max()
    print(f"{kind} in {runtime}: {worst / largest:.1e} of the largest number")
    assert found.shape == own.shape and worst <= LIMIT * largest, f"{kind}: expected at most {LIMIT}"


def check_places(unmask: str, folder: pathlib.Path) -> None:
    """Heads that answer of every place, of one layer and of several blocks."""
    for part in ("images", "masks"):
        (folder / "pairs" / part).mkdir(parents=True)
    for path in SAMPLES:
        image = Image.open(path).convert("L")
        image.save(folder / "pairs/images" / path.name)
        Image.fromarray((np.asarray(image) > 60).astype(np.uint8)).save(folder / "pairs/masks" / path.name)
    for blocks in ([], ["--block", "1,3,5"]):
        for kind, data, more in [
            ("segment", folder / "pairs", ["--strength", "10"]), ("segment", folder / "pairs", ["--strength", "10", "--hidden", "8"]),
            ("anomaly", folder / "pairs/images", ["--memory", "40"])]:
            head, onnx = folder / f"{kind}.head", folder / f"{kind}.onnx"
            run(unmask, "fit", kind, "--model", MODEL, "--data", data, "-o", head, *more, *blocks)
            run(unmask, "export", MODEL, "--head", head, "-o", onnx)
            names = ["logits", "grid"] if kind == "segment" else ["score", "distances"]
            metadata = onnxruntime.InferenceSession(onnx).get_modelmeta().custom_metadata_map
            assert metadata["unmask.head"] == kind and metadata["unmask.part"] == "head"
            pixels = np.concatenate([prepared(path, json.loads(metadata["unmask.recipe"])) for path in SAMPLES])
            label = " ".join([kind, *map(str, more[2:]), *blocks])
            if kind == "anomaly":
                lines = [json.loads(line) for line in run(unmask, "score", *SAMPLES, "--model", MODEL, "--head", head).splitlines()]
                assert float(metadata["unmask.threshold"]) == lines[0]["threshold"]
                expected = [
                    np.array([line["score"] for line in lines], np.float32),
                    np.array([line["patches"] for line in lines], np.float32).reshape(-1, 7, 7)]
            else:
                assert json.loads(metadata["unmask.labels"]) == (folder / "segment.labels.txt").read_text().split()
                first = onnxruntime.InferenceSession(onnx).run(["grid"], {"pixels": pixels})[0]
                # What several blocks give no command shows: there the masks below say what is right.
                grid = first if blocks else scored(unmask, head)
                expected = [enlarged(grid), grid]
            for runtime, ask in answered(onnx, names).items():
                for name, found, own in zip(names, ask(pixels), expected, strict=True):
                    # A distance of nothing is the root of what rounding leaves of its square.
                    power = 2 if kind == "anomaly" else 1
                    compare(f"{label} {name}", runtime, found**power, own**power)
                if kind == "segment":
                    masks = folder / "answered"
                    run(unmask, "segment", *SAMPLES, "--model", MODEL, "--head", head, "-o", f"{masks}/")
                    own = np.stack([np.asarray(Image.open(masks / path.name)) for path in SAMPLES])
                    differing = (ask(pixels)[0].argmax(1) != own).mean()
                    assert differing < 1e-3, f"{label}: {differing} of the pixels have another class"


def scored(unmask: str, head: pathlib.Path) -> np.ndarray:
    """The scores of patches [B, classes, rows, columns]: the head's own numbers over the tokens that Unmask gives."""
    numbers = load_file(head)
    lines = run(unmask, "embed", *SAMPLES, "--model", MODEL, "--pooling", "tokens").splitlines()
    tokens = np.array([json.loads(line)["embedding"] for line in lines], np.float32)
    if "hidden.weight" in numbers:
        tokens = np.maximum(tokens @ numbers["hidden.weight"].T + numbers["hidden.bias"], 0)
    scores = tokens @ numbers["weight"].T + numbers["bias"]
    return scores.reshape(len(lines), 7, 7, -1).transpose(0, 3, 1, 2)


def enlarged(grid: np.ndarray) -> np.ndarray:
    return interpolate(torch.tensor(grid), size=(28, 28), mode="bilinear", align_corners=False).numpy()


def main(unmask: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        check_places(unmask, folder)
        with open(folder / "list.csv", "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["path", "label", "weight"])
            for index, path in enumerate(SAMPLES):
                writer.writerow([path, "even" if index % 2 == 0 else "odd", index * 1.5])
        for kind, scores, more in [
            ("ep", "logits", ["--folds", "1"]), ("attentive", "logits", ["--folds", "1"]),
            ("linear", "logits", [*MEAN, "--strength", "1"]), ("tag", "logits", [*MEAN, "--strength", "1"]),
            ("regress", "values", [*MEAN, "--value", "weight", "--strength", "1"]),
        ]:
            head, model, onnx = folder / f"{kind}.head", folder / f"{kind}.safetensors", folder / f"{kind}.onnx"
            run(unmask, "fit", kind, "--model", MODEL, "--data", folder / "list.csv", "-o", head, *more)
            run(unmask, "convert", MODEL, model, "--head", head)
            run(unmask, "export", model, "-o", onnx, "--part", "classifier")
            run(unmask, "export", MODEL, "-o", folder / "direct.onnx", "--head", head)
            direct = onnxruntime.InferenceSession(folder / "direct.onnx")
            answers = run(
                unmask, "classify", *SAMPLES, "--model", MODEL, "--head", head, "--scores", scores, "--top-k", 99)
            session = onnxruntime.InferenceSession(onnx)
            recipe = json.loads(session.get_modelmeta().custom_metadata_map["unmask.recipe"])
            worst = largest = 0.0
            for path, line in zip(SAMPLES, answers.splitlines(), strict=True):
                found = session.run(["logits"], {"pixels": prepared(path, recipe)})[0][0]
                again = direct.run(["logits"], {"pixels": prepared(path, recipe)})[0][0]
                assert np.array_equal(found, again), f"{kind}: --head writes another model"
                labels = json.loads(line)["labels"]
                own = np.zeros_like(found)
                for label in labels:
                    own[label["index"]] = label["logit" if scores == "logits" else "value"]
                worst, largest = max(worst, np.abs(found - own).max()), max(largest, np.abs(own).max())
            print(f"{kind}: {worst / largest:.1e} of the largest number")
            assert worst <= LIMIT * largest, f"{kind}: expected at most {LIMIT}"


if __name__ == "__main__":
    main(sys.argv[1])
