"""What runtimes make of files that are spelled otherwise than Unmask spells them: the reasons in docs/edge.md, for `make edge`.

other_spellings.py --unmask BINARY [--litert PYTHON]

Each line is a spelling and what becomes of it, on the shipped classifier; milliseconds are the least of a pass, and nothing
depends on them. Another reason that no longer holds ends the run with an error, so that the spelling, or the refusal, can be
thought over.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime
import tract
from onnx import helper, numpy_helper

ROOT = Path(__file__).resolve().parents[3]
MODEL, SAMPLES = ROOT / "models/fashion-vit.safetensors", ROOT / "models/samples"
PIXELS = np.random.default_rng(0).uniform(-1, 1, (1, 1, 28, 28)).astype(np.float32)
# Passes of which the least time is taken.
PASSES = 30


class Spellings:
    def __init__(self, arguments, folder):
        self.unmask, self.litert, self.folder, self.stale = arguments.unmask, arguments.litert, Path(folder), []

    def export(self, *options):
        path = self.folder / "model.onnx"
        words = [self.unmask, "export", MODEL, "-o", path, "--batch", "1", *options]
        words += ["--calibrate", SAMPLES] if "int8" in options else []
        subprocess.run(list(map(str, words)), check=True, capture_output=True)
        return path

    def note(self, spelling, holds, found):
        print(f"{spelling}: {found}", flush=True)
        if not holds:
            self.stale.append(spelling)


def answer_of_onnxruntime(path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"pixels": PIXELS})[0]


def answer_of_tract(path):
    runnable = tract.onnx().load(str(path)).into_model().into_runnable()
    return lambda: runnable.run([PIXELS])[0].to_numpy()


def answer_of_opencv(path):
    network = cv2.dnn.readNetFromONNX(str(path))
    network.setInput(PIXELS, "pixels")
    return network.forward


def milliseconds(run):
    run()
    times = []
    for _ in range(PASSES):
        start = time.perf_counter()
        run()
        times.append(1000 * (time.perf_counter() - start))
    return min(times)


def with_gemm(path):
    """The head as one Gemm."""
    model = onnx.load(path)
    add = next(n for n in reversed(model.graph.node) if n.op_type == "Add")
    product = next(n for n in model.graph.node if n.output[0] == add.input[0])
    gemm = helper.make_node("Gemm", [*product.input, add.input[1]], add.output, "head")
    place = list(model.graph.node).index(add)
    model.graph.node.insert(place, gemm)
    model.graph.node.remove(add)
    model.graph.node.remove(product)
    onnx.save(model, path)
    return path


def with_float_biases(path):
    """Biases of 8-bit layers as float32."""
    model = onnx.load(path)
    tensors = {t.name: t for t in model.graph.initializer}
    for node in [n for n in model.graph.node if n.op_type == "DequantizeLinear" and n.input[0] in tensors]:
        whole, scale = [numpy_helper.to_array(tensors[name]) for name in node.input[:2]]
        if whole.dtype == np.int32:
            model.graph.initializer.append(numpy_helper.from_array(whole.astype(np.float32) * scale, node.output[0]))
            model.graph.node.remove(node)
    onnx.save(model, path)
    return path


def compare(spellings):
    path = with_gemm(spellings.export("--precision", "fp16"))
    expected = answer_of_onnxruntime(path)()
    try:
        error = np.abs(answer_of_tract(path)() - expected).max()
        spellings.note("tract, a float16 Gemm", error > 0.1, f"off by {error:.2g}")
    except Exception as problem:
        spellings.note("tract, a float16 Gemm", True, f"refused: {str(problem).splitlines()[0][:100]}")
    exact = {r.__name__: milliseconds(r(spellings.export())) for r in [answer_of_onnxruntime, answer_of_tract, answer_of_opencv]}
    fused = milliseconds(answer_of_onnxruntime(spellings.export("--precision", "int8")))
    plain = milliseconds(answer_of_onnxruntime(with_float_biases(spellings.export("--precision", "int8"))))
    ours = exact["answer_of_onnxruntime"]
    spellings.note(
        "onnxruntime, 8-bit layers with float32 biases", True,
        f"{plain:.2f} ms; with int32 biases {fused:.2f}, float32 {ours:.2f}")
    for run in [answer_of_tract, answer_of_opencv]:
        name = run.__name__.removeprefix("answer_of_")
        time_of_8_bits = milliseconds(run(spellings.export("--precision", "int8")))
        spellings.note(
            f"{name}, 8-bit layers", True,
            f"{time_of_8_bits:.2f} ms; float32 {exact[run.__name__]:.2f}")
    half = milliseconds(answer_of_tract(spellings.export("--precision", "fp16")))
    spellings.note("tract, float16", True, f"{half:.2f} ms; float32 {exact['answer_of_tract']:.2f}")


def compare_in_litert(spellings):
    def converted(path):
        np.save(path.parent / "calibration_image_sample_data_20x128x128x3_float32.npy", np.zeros((20, 128, 128, 3), np.float32))
        words = [spellings.litert, "-m", "onnx2tf", "-i", path.name, "-o", "out", "-n", "-kat", "pixels"]
        done = subprocess.run(words, cwd=path.parent, capture_output=True, text=True)
        made = path.parent / "out" / (path.stem + "_float32.tflite")
        return made.read_bytes() if done.returncode == 0 and made.exists() else None

    found = converted(spellings.export("--opset", "17"))
    flex = found is not None and b"FlexErf" in found
    spellings.note("LiteRT, Erf", flex or found is None, "FlexErf" if flex else "no FlexErf" if found else "not converted")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--unmask", required=True)
    parser.add_argument("--litert", type=lambda path: Path(path).absolute())
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        spellings = Spellings(arguments, folder)
        compare(spellings)
        if arguments.litert:
            compare_in_litert(spellings)
    if spellings.stale:
        sys.exit("no longer so: " + "; ".join(spellings.stale))


if __name__ == "__main__":
    main()
