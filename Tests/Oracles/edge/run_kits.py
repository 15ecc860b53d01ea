"""Makes kits with `unmask export --kit` and runs the programs in them, for `make edge`.

run_kits.py --unmask BINARY [--headers FOLDER]

The Python program runs in this Python; the C++ one is compiled against onnxruntime's headers in FOLDER and the library of this
Python's wheel. Each has to come to the expected answer, and to say that it did not when the picture is another. Of the
JavaScript one Node.js, where there is one, checks the syntax: onnxruntime-web is not on PyPI.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import onnxruntime
from PIL import Image

MODELS = Path(__file__).resolve().parents[3] / "models"
KITS = [
    ("fashion-vit", []),
    ("fashion-vit", ["--preprocess", "--source-size", "30x40"]),
    ("fashion-vit", ["--preprocess", "--source-size", "28", "--input", "f32", "--layout", "nchw"]),
    ("fashion-vit", ["--precision", "fp16", "--layout", "nhwc"]),
    ("fashion-mae", ["--part", "encoder", "--pooling", "mean", "--batch", "1"]),
]


def programs(kit, headers):
    """What runs a kit in each language."""
    yield "Python", [sys.executable, kit / "run.py"]
    if headers:
        library = next((Path(onnxruntime.__file__).parent / "capi").glob("libonnxruntime.so.*"))
        for ending in ["", ".1"]:
            (kit / f"libonnxruntime.so{ending}").symlink_to(library)
        words = ["c++", "-std=c++17", "-Wall", "-Wextra", "-Werror", "-isystem", headers, "-L", kit, kit / "run.cpp"]
        words += ["-lonnxruntime", f"-Wl,-rpath,{kit}", "-o", kit / "run"]
        subprocess.run(list(map(str, words)), check=True)
        yield "C++", [kit / "run"]


def blacken(kit):
    for name in ["golden.png", "golden.ppm"]:
        picture = Image.open(kit / name)
        Image.new(picture.mode, picture.size).save(kit / name)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--unmask", required=True)
    parser.add_argument("--headers", type=Path)
    arguments = parser.parse_args()
    wrong, counts = [], {}
    with tempfile.TemporaryDirectory() as folder:
        for index, (model, options) in enumerate(KITS):
            kit = Path(folder) / str(index)
            words = [arguments.unmask, "export", MODELS / f"{model}.safetensors", "--kit", kit, *options]
            subprocess.run(list(map(str, words)), check=True, capture_output=True)
            if shutil.which("node"):
                subprocess.run(["node", "--check", kit / "run.mjs"], check=True)
            found = list(programs(kit, arguments.headers))
            for expected in [0, 1]:
                for language, program in found:
                    done = subprocess.run(list(map(str, program)), cwd=kit, capture_output=True, text=True)
                    if done.returncode == expected:
                        counts[language] = counts.get(language, 0) + 1
                    else:
                        wrong.append(f"{language}, {model} {options}: {done.returncode}: {done.stdout + done.stderr}")
                blacken(kit)
    print("kits, each with its picture and with another: " + ", ".join(f"{n} runs of {l}" for l, n in counts.items()))
    if not arguments.headers:
        print("untried: C++, as onnxruntime's headers are not to be had")
    print("untried: JavaScript, as onnxruntime-web is not on PyPI")
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
