"""A fitted head and its encoder as one ONNX file answer in onnxruntime as they do in Unmask, all kinds that are layers.

    python check_export.py UNMASK        # numpy, onnxruntime and Pillow, of Tests/Oracles/requirements.txt
"""

import csv
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnxruntime
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[3]
MODEL = ROOT / "models/fashion-mae.safetensors"
SAMPLES = sorted((ROOT / "models/samples").glob("*.png"))
LIMIT = 1e-4
MEAN = ["--pooling", "mean"]


def run(*arguments: object) -> str:
    return subprocess.run([str(a) for a in arguments], check=True, capture_output=True, text=True).stdout


def main(unmask: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
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
            answers = run(
                unmask, "classify", *SAMPLES, "--model", MODEL, "--head", head, "--scores", scores, "--top-k", 99)
            session = onnxruntime.InferenceSession(onnx)
            recipe = json.loads(session.get_modelmeta().custom_metadata_map["unmask.recipe"])
            worst = largest = 0.0
            for path, line in zip(SAMPLES, answers.splitlines(), strict=True):
                pixels = np.asarray(Image.open(path).convert("L"), np.float32)[None, None] / 255
                pixels = (pixels - np.float32(recipe["mean"][0])) / np.float32(recipe["std"][0])
                found = session.run(["logits"], {"pixels": pixels})[0][0]
                labels = json.loads(line)["labels"]
                own = np.zeros_like(found)
                for label in labels:
                    own[label["index"]] = label["logit" if scores == "logits" else "value"]
                worst, largest = max(worst, np.abs(found - own).max()), max(largest, np.abs(own).max())
            print(f"{kind}: {worst / largest:.1e} of the largest number")
            assert worst <= LIMIT * largest, f"{kind}: expected at most {LIMIT}"


if __name__ == "__main__":
    main(sys.argv[1])
