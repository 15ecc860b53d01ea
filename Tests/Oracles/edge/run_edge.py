"""Exports models for every target, converts and runs the files there, and prints a table, for `make edge`.

run_edge.py --unmask BINARY --python PYTHON [--litert PYTHON] [--small] [--only TARGET …] [--models MODEL …]
    [--images 8] [--resume FILE]

A cell is a target, a model's part, a precision and a way of preparing images. It is right (`unmask export --verify` ran the
file in onnxruntime and in the target's own runtime and passed its gate), refused by name before anything was written, or
untried. Everything else, a wrong answer with exit 0 above all, fails the run. With --resume, cells that the file holds are
not run again, and those that are run are added to it.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import onnx

import edge_table
import random_vit
from edge_cases import GATE, ROUNDED_GATE, SLOW, TARGETS, TRIED, UNTRIED, cases

ROOT = Path(__file__).resolve().parents[3]
PHOTOS = "/usr/share/backgrounds"
SAMPLES = ROOT / "models/samples"
# Pictures of a cell that takes many seconds for each.
SLOW_IMAGES = 1


class Edge:
    def __init__(self, arguments, folder):
        self.unmask, self.images, self.folder = arguments.unmask, arguments.images, Path(folder)
        self.pythons = {target: arguments.python for target in TARGETS} | {"litert": arguments.litert}
        self.models = {n: ROOT / f"models/{n}.safetensors" for n in ["fashion-vit", "fashion-mae"]}
        if not arguments.small:
            for seed, size in enumerate(["tiny", "small"]):
                random_vit.write(self.folder / size, size, seed=seed)
                self.models["vit-" + size] = self.folder / size

    def run(self, target, case):
        """What became of a cell, as a record of `edge_table`."""
        record = {"target": target, "case": case.label, "precision": case.precision, "state": "untried", "why": ""}
        record |= {"cells": {}, "milliseconds": {}, "versions": {}, "failures": []}
        if self.pythons[target] is None:
            return record | {"why": f"{target}: no Python with its converter"}
        pictures = PHOTOS if case.model.startswith("vit-") else SAMPLES
        images = SLOW_IMAGES if (target, case.precision) in SLOW else self.images
        out, report = self.folder / "model.onnx", self.folder / "report.json"
        words = [self.unmask, "export", self.models[case.model], "-o", out, "--target", target, "--part", case.part]
        words += ["--precision", case.precision, *case.options, "--verify", pictures, "--verify-images", images]
        words += ["--report", report, "--python", self.pythons[target]]
        words += ["--convert"] if target in ["mnn", "ncnn", "litert"] else []
        words += ["--calibrate", pictures, "--calibration-images", 16] if case.precision == "int8" else []
        for file in [out, report]:
            file.unlink(missing_ok=True)
        done = subprocess.run(list(map(str, words)), capture_output=True, text=True)
        if done.returncode and f"--target {target}" in done.stderr and not out.exists():
            return record | {"state": "refused", "why": done.stderr.strip().splitlines()[0].removeprefix("Error: ")}
        if done.returncode:
            return record | {"state": "failed", "failures": [done.stderr.strip()[-600:]]}
        return record | judged(target, case, json.loads(report.read_text()), out)


def judged(target, case, report, out):
    """What `unmask export` let pass is held to the table's own gates."""
    onnx.checker.check_model(str(out), full_check=case.precision not in ["int8-weights", "int4-weights"])
    untried, failures, cells, milliseconds, versions = "; ".join(report.get("untried", [])), [], {}, {}, {}
    if untried and target not in UNTRIED:
        failures.append(f"untried: {untried}")
    for backend in report["backends"]:
        gate = min(GATE[case.precision], ROUNDED_GATE if "as it comes" in backend["name"] or case.options else 1)
        for output in backend["outputs"]:
            if not output["cosine"] >= gate:
                failures.append(f"{backend['name']}: {output['name']} has a cosine of {output['cosine']}")
        name, _, version = backend["name"].rpartition(" ")
        if (name == "onnxruntime") == (target == "onnxruntime") and not name.startswith("unmask"):
            column = edge_table.column(target, name)
            cells[column], milliseconds[column], versions[name] = edge_table.cell(backend), backend["milliseconds"], version
    state = "failed" if failures else "untried" if untried else "right"
    record = {"state": state, "why": untried, "cells": cells, "milliseconds": milliseconds}
    return record | {"versions": versions, "failures": failures}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--unmask", required=True)
    parser.add_argument("--python", required=True)
    parser.add_argument("--litert")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--only", nargs="*", help="targets")
    parser.add_argument("--models", nargs="*")
    parser.add_argument("--images", type=int, default=8, help="pictures a cell")
    parser.add_argument("--resume", type=Path)
    arguments = parser.parse_args()
    records = []
    if arguments.resume and arguments.resume.exists():
        records = [json.loads(line) for line in arguments.resume.read_text().splitlines()]
    known = {edge_table.key(record) for record in records}
    with tempfile.TemporaryDirectory() as folder:
        edge = Edge(arguments, folder)
        for target in arguments.only or (TRIED if arguments.small else TARGETS):
            for case in cases(arguments.small):
                if arguments.models and case.model not in arguments.models:
                    continue
                if (target, case.label, case.precision) in known or (arguments.small and target == "litert"):
                    continue
                start = time.time()
                records.append(edge.run(target, case))
                line = [*edge_table.key(records[-1]), records[-1]["state"], *records[-1]["cells"].values()]
                print(" | ".join(line), f"({time.time() - start:.0f} s)", file=sys.stderr, flush=True)
                if arguments.resume:
                    with arguments.resume.open("a") as file:
                        file.write(json.dumps(records[-1]) + "\n")
    print(edge_table.table(records))
    failures = [f"{' '.join(edge_table.key(record))}: {text}" for record in records for text in record["failures"]]
    if failures:
        sys.exit("\n".join(failures))


if __name__ == "__main__":
    main()
