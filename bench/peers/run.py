"""Measures Unmask against PyTorch, onnxruntime and OpenVINO: Vision Transformers at 224 pixels, from pixels to the class
token's vector, side by side: in float32, as peers come, and in int8.

    python bench/peers/run.py --arch vit-b/16 --batch 1 --batch 8 --threads 2 --json build/bench-peers/result.json

Every peer is a warm process of its own; the driver takes turns among them, one forward pass each, in an order that
rotates from round to round. What the machine does to one round it does to all: the ratios hold where times drift.
PyTorch and onnxruntime take part in several settings, and the fastest of all is the one that counts. “start” is from nothing
to the first result, a Python peer's imports included; “resident” is what the process has in memory once warm.
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

from exported import ARCHITECTURES, files
from lockstep import WorkerFailed, take_turns

HERE = Path(__file__).parent
# Peers that are held against each precision of ours. “As it comes” counts as bf16: it is what they take where they can.
RIVALS = {
    "f32": ["torch-eager", "torch-compile", "torch-onednn", "onnxruntime", "onnxruntime-fused", "openvino"],
    "bf16": ["openvino-default", "torch-bf16"],
    "int8": ["openvino-int8", "onnxruntime-int8"],
}
PEERS = [peer for peers in RIVALS.values() for peer in peers]


def options():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--unmask", default=".build/release/unmask", help="the program (default: %(default)s)")
    p.add_argument("--without-unmask", action="store_true", help="measure the peers alone")
    p.add_argument("--peer", action="append", choices=PEERS, help="repeatable (default: all)")
    p.add_argument("--arch", choices=ARCHITECTURES, action="append", help="repeatable (default: vit-b/16)")
    p.add_argument("--batch", type=int, action="append", help="repeatable (default: 1 and 8)")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--rounds", type=int, default=15)
    p.add_argument("--keep", type=float, default=0.25, help="also time Unmask's encoder with this share of patches")
    p.add_argument("--files", type=Path, default=Path("build/bench-peers"), help="where exported models are kept")
    p.add_argument("--json", type=Path, help="write every single time here")
    o = p.parse_args()
    o.arch, o.batch, o.peer = o.arch or ["vit-b/16"], o.batch or [1, 8], o.peer or PEERS
    if not o.without_unmask and not Path(o.unmask).is_file():
        p.error(f"there is no {o.unmask}: run `swift build -c release` first, or give --without-unmask")
    return o


def commands(o, arch, batch):
    """{name: command} of all workers."""
    size = ["--batch", str(batch), "--threads", str(o.threads)]
    found = {}
    if not o.without_unmask:
        model = ["--model", str(files(o.files, arch, batch)["folder"]), "--pooling", "cls"]
        found["unmask"] = [o.unmask, "bench", *model, *size, "--lockstep"]
        found[masked_name(o)] = [*found["unmask"], "--keep", str(o.keep)]
        for precision in ("bf16", "int8"):
            found[f"unmask {precision}"] = [*found["unmask"], "--precision", precision]
    for peer in o.peer:
        of_arch = ["--arch", arch, *size, "--files", str(o.files)]
        found[peer] = [sys.executable, str(HERE / "worker.py"), peer, *of_arch]
    return found


def masked_name(o):
    return f"unmask --keep {o.keep:g}"


def export(o, arch, batch):
    if not all(file.exists() for file in files(o.files, arch, batch).values()):
        of_arch = ["--arch", arch, "--batch", str(batch), "--out", str(o.files)]
        command = [sys.executable, "-W", "ignore", str(HERE / "model.py"), *of_arch]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def measure(o, arch, batch):
    """The workers after all rounds; one that cannot run here is named and left out."""
    export(o, arch, batch)
    return take_turns(commands(o, arch, batch), o.threads, o.rounds)


def report(o, arch, batch, workers):
    """Prints the table; returns the ratios."""
    seconds = {worker.name: worker.seconds for worker in workers}
    peers = [name for name in seconds if name in PEERS]
    if not peers:
        sys.exit("no peer ran: nothing to compare with (what each lacked is said above)")
    plain = [name for name in peers if name in RIVALS["f32"]] or peers
    fastest = min(plain, key=lambda name: median(seconds[name]))
    print(f"\n{arch}, batch {batch}, {o.threads} threads, {o.rounds} rounds\n")
    columns = ("median ms", "best ms", "images/s", "relative", "start s", "resident MiB")
    print(f"{'':22}" + "".join(f"{column:>13}" for column in columns))
    for worker in sorted(workers, key=lambda worker: median(worker.seconds)):
        middle = median(worker.seconds)
        numbers = f"{middle * 1e3:13.1f}{min(worker.seconds) * 1e3:13.1f}{batch / middle:13.2f}"
        numbers += f"{median(seconds[fastest]) / middle:12.2f}x"
        print(f"{worker.name:22}{numbers}{worker.start:13.2f}{worker.resident / 2**20:13.0f}")
    ratios = {}
    print()
    for precision, rivals in RIVALS.items():
        ours = "unmask" if precision == "f32" else f"unmask {precision}"
        present = [name for name in rivals if name in seconds]
        if ours not in seconds or not present:
            continue
        best = min(present, key=lambda name: median(seconds[name]))
        ratio = median(seconds[best]) / median(seconds[ours])
        over_own = median(seconds["unmask"]) / median(seconds[ours])
        ratios[precision] = {"fastest_peer": best, "over_fastest_peer": ratio, "over_own_f32": over_own}
        own = "" if precision == "f32" else f", {over_own:.2f} times its own float32"
        print(f"Unmask in {precision} is {ratio:.2f} times the fastest peer ({best}){own}")
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
    found = {"machine": machine(), "threads": o.threads, "rounds": o.rounds, "runs": []}
    print(json.dumps(found["machine"], indent=1))
    for arch in o.arch:
        for batch in o.batch:
            try:
                workers = measure(o, arch, batch)
            except WorkerFailed as failure:
                sys.exit(f"no measurement: {failure}")
            times = {w.name: {"seconds": w.seconds, "start": w.start, "resident": w.resident} for w in workers}
            run = {"arch": arch, "batch": batch, "workers": times, "ratios": report(o, arch, batch, workers)}
            found["runs"].append(run)
    if o.json:
        o.json.parent.mkdir(parents=True, exist_ok=True)
        o.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
