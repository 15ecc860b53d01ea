"""Measures Unmask against PyTorch, onnxruntime and OpenVINO: float32 ViT-B/16 at 224 pixels, from pixels to
the class token's vector, side by side.

    python bench/peers/run.py --batch 1 --batch 8 --threads 2 --json build/bench-peers/result.json

Every peer is a warm process of its own; the driver takes turns among them, one forward pass each, in an order that
rotates from round to round. What the machine does to one round it does to all: the ratios hold where times drift.
PyTorch and onnxruntime take part in several settings, and the fastest of all is the one that counts.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from statistics import median

from exported import files
from lockstep import Worker, WorkerFailed

HERE = Path(__file__).parent
PEERS = ["torch-eager", "torch-compile", "torch-onednn", "onnxruntime", "onnxruntime-fused", "openvino"]


def options():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--unmask", default=".build/release/unmask", help="the program (default: %(default)s)")
    p.add_argument("--without-unmask", action="store_true", help="measure the peers alone")
    p.add_argument("--peer", action="append", choices=PEERS, help="repeatable (default: all)")
    p.add_argument("--batch", type=int, action="append", help="repeatable (default: 1 and 8)")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--rounds", type=int, default=15)
    p.add_argument("--keep", type=float, default=0.25, help="also time Unmask's encoder with this share of patches")
    p.add_argument("--files", type=Path, default=Path("build/bench-peers"), help="where exported models are kept")
    p.add_argument("--json", type=Path, help="write every single time here")
    o = p.parse_args()
    o.batch, o.peer = o.batch or [1, 8], o.peer or PEERS
    if not o.without_unmask and not Path(o.unmask).is_file():
        p.error(f"there is no {o.unmask}: run `swift build -c release` first, or give --without-unmask")
    return o


def commands(o, batch):
    """{name: command} of all workers."""
    size = ["--batch", str(batch), "--threads", str(o.threads)]
    found = {}
    if not o.without_unmask:
        found["unmask"] = [o.unmask, "bench", "--arch", "vit-b/16", *size, "--lockstep"]
        found[masked_name(o)] = [*found["unmask"], "--keep", str(o.keep)]
    for peer in o.peer:
        found[peer] = [sys.executable, str(HERE / "worker.py"), peer, *size, "--files", str(o.files)]
    return found


def masked_name(o):
    return f"unmask --keep {o.keep:g}"


def export(o, batch):
    if not all(file.exists() for file in files(o.files, batch).values()):
        command = [sys.executable, "-W", "ignore", str(HERE / "model.py"), "--batch", str(batch), "--out", str(o.files)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def measure(o, batch):
    """{name: seconds of each round}; a worker that cannot run here is named and left out."""
    export(o, batch)
    environment = {name: str(o.threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    workers = []
    try:
        for name, command in commands(o, batch).items():
            try:
                workers.append(Worker(name, command, environment))
            except WorkerFailed as failure:
                if name == "unmask":
                    raise
                print(f"left out: {failure}", file=sys.stderr)
        for round_ in range(o.rounds):
            first = round_ % len(workers)
            for worker in workers[first:] + workers[:first]:
                worker.turn()
    finally:
        for worker in workers:
            worker.close()
    return {worker.name: worker.seconds for worker in workers}


def report(o, batch, seconds):
    """Prints the table; returns the ratios."""
    peers = [name for name in seconds if name in PEERS]
    if not peers:
        sys.exit("no peer ran: nothing to compare with (what each lacked is said above)")
    fastest = min(peers, key=lambda name: median(seconds[name]))
    print(f"\nbatch {batch}, {o.threads} threads, {o.rounds} rounds\n")
    print(f"{'':22}{'median ms':>11}{'best ms':>11}{'images/s':>11}{'relative':>11}")
    for name in sorted(seconds, key=lambda name: median(seconds[name])):
        middle = median(seconds[name])
        rate = batch / middle
        speed = f"{median(seconds[fastest]) / middle:10.2f}x"
        print(f"{name:22}{middle * 1e3:11.1f}{min(seconds[name]) * 1e3:11.1f}{rate:11.2f}{speed}")
    ratios = {"fastest_peer": fastest}
    if "unmask" in seconds:
        ratios["unmask_over_fastest_peer"] = median(seconds[fastest]) / median(seconds["unmask"])
        print(f"\nUnmask is {ratios['unmask_over_fastest_peer']:.2f} times the fastest peer ({fastest})")
    if masked_name(o) in seconds:
        ratios["masked_over_full"] = median(seconds["unmask"]) / median(seconds[masked_name(o)])
        print(f"with {o.keep:g} of the patches it is {ratios['masked_over_full']:.2f} times as fast as with all")
    return ratios


def machine():
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    facts = dict(line.replace("\t", "").split(":", 1) for line in lines if ":" in line)
    return {
        "cpu": facts.get("model name", platform.processor()).strip(),
        "flags": sorted(f for f in facts.get("flags", "").split() if f.startswith(("avx", "fma", "amx"))),
        "cores": len(os.sched_getaffinity(0)),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "versions": {p: version(p) for p in ("torch", "transformers", "onnx", "onnxruntime", "openvino")},
    }


def main():
    o = options()
    found = {"machine": machine(), "threads": o.threads, "rounds": o.rounds, "batches": {}}
    print(json.dumps(found["machine"], indent=1))
    for batch in o.batch:
        try:
            seconds = measure(o, batch)
        except WorkerFailed as failure:
            sys.exit(f"no measurement: {failure}")
        found["batches"][batch] = {"seconds": seconds} | report(o, batch, seconds)
    if o.json:
        o.json.parent.mkdir(parents=True, exist_ok=True)
        o.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
