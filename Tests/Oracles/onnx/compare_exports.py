"""Exports models with `unmask export` and runs the files in onnxruntime and OpenVINO, for `make parity`.

compare_exports.py --unmask BINARY [--opsets 11 17 23]

Every file passes onnx's full check (checker and strict shape inference). Its results equal Unmask's to 1e-4 of the
largest number in fp32 and 1e-2 in fp16. int8 keeps its gate on Fashion-MNIST's test images: cosine at least 0.99, top-1
within 0.5 points. The classifier with --preprocess gives Unmask's labels from PNG pixels.
"""

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import openvino
from PIL import Image

ROOT = Path(__file__).resolve().parents[3]
SAMPLES = sorted((ROOT / "models/samples").glob("*.png"))
CLASSIFIER = ROOT / "models/fashion-vit.safetensors"
AUTOENCODER = ROOT / "models/fashion-mae.safetensors"
FIXTURES = ROOT / "Tests/UnmaskModelTests/Fixtures/checkpoints"
FASHION = Path("/usr/share/datasets/fashion-mnist")
TOLERANCE = {"fp32": 1e-4, "fp16": 1e-2}


class Exports:
    def __init__(self, unmask, folder):
        self.unmask, self.folder, self.worst, self.failures = unmask, Path(folder), {}, []

    def run(self, *arguments):
        done = subprocess.run([self.unmask, *map(str, arguments)], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"unmask {' '.join(map(str, arguments))}: {done.stderr}")
        return done.stdout

    def export(self, model, *options):
        path = self.folder / "model.onnx"
        self.run("export", model, "-o", path, *options)
        onnx.checker.check_model(str(path), full_check=True)
        return path

    def pixels(self, path):
        """The samples as the exported model takes them, by Unmask's preparation and the file's own recipe."""
        recipe = json.loads({p.key: p.value for p in onnx.load(path).metadata_props}["unmask.recipe"])
        height, width = recipe["size"]
        images = []
        for sample in SAMPLES:
            out = self.folder / "pixels.npy"
            gray = ["--gray"] if len(recipe["mean"]) == 1 else []
            self.run(
                "preprocess", sample, "--recipe", recipe["name"], "--size", f"{height}x{width}", *gray, "--out", out)
            images.append(np.load(out))
        x = np.stack(images).astype(np.float32).reshape(len(images), height, width, -1)
        x = (x / 255 - np.array(recipe["mean"], np.float32)) / np.array(recipe["std"], np.float32)
        return np.ascontiguousarray(x.transpose(0, 3, 1, 2))

    def check(self, label, precision, backend, expected, found):
        expected, found = expected.reshape(-1).astype(np.float64), np.asarray(found).reshape(-1).astype(np.float64)
        error = np.abs(expected - found).max() / np.abs(expected).max()
        key = (precision, backend)
        self.worst[key] = max(self.worst.get(key, 0), error)
        if not error <= TOLERANCE[precision]:
            self.failures.append(f"{label}, {precision}, {backend}: {error:.1e}")


def run_onnxruntime(path, inputs):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"]).run(None, inputs)


def run_openvino(path, inputs, precision="f32"):
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(path), "CPU", {"INFERENCE_PRECISION_HINT": precision})
    results = compiled(inputs)
    return [results[output] for output in compiled.outputs]


BACKENDS = {"onnxruntime": run_onnxruntime, "openvino": run_openvino}


def compare_encoders(exports, opsets):
    models = [AUTOENCODER, FIXTURES / "tiny-hf-vit", FIXTURES / "tiny-timm-avg", FIXTURES / "tiny-timm-token"]
    for model in models:
        for pooling in ["cls", "mean", "tokens"]:
            vectors = exports.folder / "vectors.npy"
            exports.run("embed", *SAMPLES, "--model", model, "--pooling", pooling, "--out", vectors)
            expected = np.load(vectors)
            for opset in opsets if model == AUTOENCODER else opsets[:1] + opsets[-1:]:
                for precision in ["fp32", "fp16"]:
                    path = exports.export(
                        model, "--part", "encoder", "--pooling", pooling, "--opset", opset, "--precision", precision)
                    inputs = {"pixels": exports.pixels(path)}
                    for backend, run in BACKENDS.items():
                        label = f"{model.name} {pooling} opset {opset}"
                        exports.check(label, precision, backend, expected, run(path, inputs)[0])


def compare_autoencoder(exports, opsets):
    patches, kept = 49, 12
    for opset in opsets:
        for precision in ["fp32", "fp16"]:
            path = exports.export(AUTOENCODER, "--part", "mae", "--opset", opset, "--precision", precision)
            pixels = exports.pixels(path)
            order = np.random.default_rng(opset).permutation(patches).astype(np.int32)
            ids_keep, ids_restore = order[:kept][None], np.argsort(order).astype(np.int32)[None]
            removed = (ids_restore >= kept).astype(np.float32)
            prediction = exports.folder / "prediction.npy"
            exports.run(
                "reconstruct", SAMPLES[0], "--model", AUTOENCODER, "-o", exports.folder / "panel.png", "--keep",
                ",".join(map(str, ids_keep[0])), "--npy", prediction)
            # Unmask keeps patches in the order of their numbers, which changes nothing but the order of sums.
            inputs = {"pixels": pixels[:1], "ids_keep": ids_keep, "ids_restore": ids_restore}
            for backend, run in BACKENDS.items():
                found, mask = run(path, inputs)
                label = f"autoencoder opset {opset}"
                exports.check(label, precision, backend, np.load(prediction), found)
                if not np.array_equal(mask, removed):
                    exports.failures.append(f"{label}, {backend}: the mask is not that of ids_restore")


def compare_classifier(exports, opsets):
    lines = exports.run("classify", *SAMPLES, "--model", CLASSIFIER, "--top-k", 10).splitlines()
    expected = np.zeros((len(lines), 10))
    for row, line in zip(expected, lines):
        for label in json.loads(line)["labels"]:
            row[label["index"]] = label["probability"]
    for opset in opsets:
        for batch in ["dynamic", len(SAMPLES)]:
            path = exports.export(CLASSIFIER, "--part", "classifier", "--opset", opset, "--batch", batch)
            inputs = {"pixels": exports.pixels(path)}
            for backend, run in BACKENDS.items():
                exports.check(f"classifier opset {opset}", "fp32", backend, expected, softmax(run(path, inputs)[0]))
    compare_preprocessing(exports, expected)


def compare_preprocessing(exports, expected):
    """The labels of PNG files, from their pixels as Pillow decodes them."""
    path = exports.export(CLASSIFIER, "--part", "classifier", "--preprocess")
    for backend, run in BACKENDS.items():
        found = [run(path, {"pixels": np.array(Image.open(s).convert("L"))[None, :, :, None]})[0] for s in SAMPLES]
        exports.check("classifier on PNG pixels", "fp32", backend, expected, softmax(np.concatenate(found)))


def compare_core_ml(exports):
    """The script beside a file for Core ML, which needs Apple's system from its PyTorch trace on."""
    for model, options in [(CLASSIFIER, []), (CLASSIFIER, ["--preprocess", "--source-size", "40x50"]),
                           (AUTOENCODER, ["--part", "mae", "--keep", 12])]:
        path = exports.export(model, "--target", "coreml-script", *options)
        done = subprocess.run([sys.executable, path.with_suffix(".coreml.py"), "--check"], capture_output=True, text=True)
        print(f"Core ML's script, {model.stem} {options}: {done.stdout.strip()}")
        if done.returncode:
            exports.failures.append(f"Core ML's script, {options}: {(done.stdout + done.stderr)[-500:]}")


def compare_pixels(exports):
    """What --preprocess makes of photographs, against Unmask's own preparation (Pillow's to the byte)."""
    photos = [Image.open(path).convert("RGB") for path in sorted(Path("/usr/share/backgrounds").rglob("*.jpg"))[:4]]
    photos = [photo.resize((900 + 37 * i, 700 - 91 * i)) for i, photo in enumerate(photos)]
    for recipe in ["mae", "timm", "hf", "squash"]:
        for sized in [False, True]:
            for backend, run in BACKENDS.items():
                # OpenVINO's Resize leaves antialiasing out (docs/onnx-export.md).
                if sized or backend != "openvino":
                    differences = [pixel_difference(exports, recipe, photo, sized, run) for photo in photos]
                    differences = np.concatenate([d.ravel() for d in differences])
                    label = f"--preprocess {'--source-size ' if sized else ''}by {recipe} in {backend}"
                    print(f"{label}: {100 * (differences > 0.5).mean():.3f} % of the samples differ, by at most "
                          f"{differences.max():.0f} of 255")
                    if differences.max() > 2.5 or (differences > 0.5).mean() > 0.01:
                        exports.failures.append(f"{label}: differs by {differences.max():.1f}")


def pixel_difference(exports, recipe, photo, sized, run):
    size = ["--source-size", f"{photo.height}x{photo.width}", "--opset", 11] if sized else []
    path = exports.export(
        FIXTURES / "tiny-hf-vit", "--part", "encoder", "--recipe", recipe, "--size", 224, "--preprocess", *size)
    model = onnx.load(path)
    stated = json.loads({p.key: p.value for p in model.metadata_props}["unmask.recipe"])
    model.graph.output.append(onnx.helper.make_tensor_value_info("preprocess", onnx.TensorProto.FLOAT, None))
    onnx.save(model, path)
    out, source = exports.folder / "pixels.npy", exports.folder / "photo.png"
    photo.save(source)
    exports.run("preprocess", source, "--recipe", recipe, "--size", 224, "--out", out)
    pixels = run(path, {"pixels": np.array(photo)[None]})[1][0].transpose(1, 2, 0)
    pixels = (pixels * np.array(stated["std"]) + np.array(stated["mean"])) * 255
    return np.abs(pixels - np.load(out).astype(np.float64))


def compare_int8(exports):
    images = np.frombuffer(gzip.open(FASHION / "t10k-images-idx3-ubyte.gz").read()[16:], np.uint8)
    labels = np.frombuffer(gzip.open(FASHION / "t10k-labels-idx1-ubyte.gz").read()[8:], np.uint8)
    images = images.reshape(-1, 28, 28, 1)
    results = {}
    for precision in ["fp32", "int8"]:
        options = ["--calibrate", FASHION / "train-images-idx3-ubyte.gz"] if precision == "int8" else []
        path = exports.export(CLASSIFIER, "--part", "classifier", "--precision", precision, *options)
        recipe = json.loads({p.key: p.value for p in onnx.load(path).metadata_props}["unmask.recipe"])
        x = (images.astype(np.float32) / 255 - recipe["mean"][0]) / recipe["std"][0]
        x = np.ascontiguousarray(x.transpose(0, 3, 1, 2)).astype(np.float32)
        for backend, run in BACKENDS.items():
            parts = [run(path, {"pixels": x[i : i + 500]})[0] for i in range(0, len(x), 500)]
            results[precision, backend] = np.concatenate(parts)
    for backend in BACKENDS:
        exact, rounded = results["fp32", backend], results["int8", backend]
        cosine = (exact * rounded).sum(1) / np.linalg.norm(exact, axis=1) / np.linalg.norm(rounded, axis=1)
        before, after = [100 * (r.argmax(1) == labels).mean() for r in (exact, rounded)]
        agreement = 100 * (exact.argmax(1) == rounded.argmax(1)).mean()
        print(f"int8 in {backend}: top-1 {before:.2f} % → {after:.2f} %, the same label for {agreement:.2f} %, "
              f"cosine of logits {cosine.mean():.5f} (least {cosine.min():.4f})")
        if cosine.mean() < 0.99 or before - after > 0.5:
            exports.failures.append(f"int8, {backend}: cosine {cosine.mean():.4f}, top-1 {before:.2f} → {after:.2f}")


def softmax(logits):
    e = np.exp(logits.astype(np.float64) - logits.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--unmask", required=True)
    parser.add_argument("--opsets", nargs="+", type=int, default=range(11, 24))
    arguments = parser.parse_args()
    opsets = sorted(arguments.opsets)
    with tempfile.TemporaryDirectory() as folder:
        exports = Exports(arguments.unmask, folder)
        compare_classifier(exports, opsets)
        compare_encoders(exports, opsets)
        compare_autoencoder(exports, opsets)
        compare_core_ml(exports)
        compare_pixels(exports)
        compare_int8(exports)
    for (precision, backend), error in sorted(exports.worst.items()):
        print(f"{precision} in {backend}, {len(opsets)} opsets from {opsets[0]} to {opsets[-1]}: {error:.1e} of the largest number")
    if exports.failures:
        sys.exit("\n".join(exports.failures))


if __name__ == "__main__":
    main()
