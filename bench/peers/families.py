"""Measures a backbone of each family against onnxruntime and OpenVINO in float32, and OpenVINO as it comes: from pixels to the vector
that timm's model gives, side by side in turns as run.py takes them.

    build/venv/bin/python bench/peers/families.py --unmask .build/release/unmask --json build/bench-families/result.json

Weights are random. Each peer reads what torch's exporter makes of timm's model at a fixed batch, and Unmask timm's own folder; before
it is timed, each peer's vector is held against torch's, and Unmask's against torch's on a picture. Takes Tests/Oracles/requirements.txt.
"""

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import worker
from lockstep import answer_turns, take_turns

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "Tests/Oracles/model"))


@dataclass(frozen=True)
class Family:
    architecture: str
    size: int
    batches: tuple[int, ...] = (1, 8)


FAMILIES = {
    "hiera-b": Family("hiera_base_224", 224),
    "eva02-b": Family("eva02_base_patch14_224", 224),
    "dinov2-b-reg": Family("vit_base_patch14_reg4_dinov2", 224),
    "dinov2-b-reg-518": Family("vit_base_patch14_reg4_dinov2", 518, (1,)),
    "convnextv2-t": Family("convnextv2_tiny", 224),
    "beit-b": Family("beit_base_patch16_224", 224),
    "sam-b-1024": Family("samvit_base_patch16", 1024, (1,)),
    "vit-b": Family("vit_base_patch16_224", 224),
}
RIVALS = ["onnxruntime", "openvino"]
PEERS = [*RIVALS, "openvino-default"]


def options():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--unmask", default=".build/release/unmask")
    p.add_argument("--family", choices=FAMILIES, action="append", help="repeatable (default: all)")
    p.add_argument("--batch", type=int, action="append", help="repeatable (default: 1 and 8, where the family has both)")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--rounds", type=int, default=9)
    p.add_argument("--files", type=Path, default=Path("build/bench-families"), help="where exported models are kept")
    p.add_argument("--json", type=Path, help="write every single time here")
    p.add_argument("--worker", choices=PEERS, help="be this peer, of what --files has")
    return p.parse_args()


def export(family, batch, folder):
    """The model as timm saves it, as torch exports it, and an answer to hold others against."""
    if (folder / "vectors.npy").exists():
        return
    import torchvision_shim  # noqa: F401  (before timm)
    import timm
    import torch
    import zoo_stages
    import zoo_timm
    from PIL import Image
    from weights import randomise

    arguments = {"num_classes": 0, "img_size": family.size}
    if "conv" in family.architecture:
        del arguments["img_size"]
    model = timm.create_model(family.architecture, **arguments).eval()
    randomise(model, torch.Generator().manual_seed(0))
    zoo_stages.balance(model)
    folder.mkdir(parents=True, exist_ok=True)
    zoo_timm.save(model, folder, arguments)
    cfg = model.pretrained_cfg
    side = family.size
    picture = np.random.default_rng(1).integers(0, 256, (side, side, 3), np.uint8)
    Image.fromarray(picture).save(folder / "picture.png")
    mean, std = (np.array(cfg[name], np.float32) for name in ("mean", "std"))
    pixels = ((picture.astype(np.float32) / 255 - mean) / std).transpose(2, 0, 1)[None].repeat(batch, 0)
    pixels = np.ascontiguousarray(pixels, np.float32)
    with torch.no_grad():
        vectors = model(torch.from_numpy(pixels)).numpy()
        # Torch's newer exporter does not convert Hiera's maximum over units, nor SAM's relations.
        torch.onnx.export(model, (torch.from_numpy(pixels),), folder / "model.onnx", opset_version=18,
                          dynamo=not family.architecture.startswith(("hiera", "samvit")), input_names=["pixels"],
                          output_names=["vectors"])
    np.save(folder / "pixels.npy", pixels)
    np.save(folder / "vectors.npy", vectors)


def work(o):
    forward = worker.PEERS[o.worker](o, np.load(o.files / "pixels.npy"), o.files / "model.onnx")
    expected = np.load(o.files / "vectors.npy")
    answer_turns(forward, lambda first: worker.check(o.worker, first, expected))


def check_own(o, folder):
    """Unmask's vector of the picture, whose pixels the recipe leaves as they are."""
    done = subprocess.run(
        [o.unmask, "embed", folder / "picture.png", "--model", folder, "--resize", "squash", "--threads", str(o.threads)],
        capture_output=True, check=True, text=True)
    found = np.array(json.loads(done.stdout.splitlines()[0])["embedding"], np.float32)
    expected = np.load(folder / "vectors.npy")[0]
    deviation = np.abs(found - expected).max() / np.abs(expected).max()
    if not deviation <= 1e-3:
        sys.exit(f"{folder}: Unmask's vector is {deviation:.2g} of the largest number away from torch's")


def measure(o, name, batch):
    folder = o.files / f"{name}-b{batch}"
    export(FAMILIES[name], batch, folder)
    check_own(o, folder)
    size = ["--threads", str(o.threads)]
    commands = {"unmask": [o.unmask, "bench", "--model", str(folder), "--batch", str(batch), *size, "--lockstep"]}
    for peer in PEERS:
        commands[peer] = [sys.executable, __file__, "--worker", peer, "--files", str(folder), *size]
    return {one.name: one.seconds for one in take_turns(commands, o.threads, o.rounds)}


def main():
    o = options()
    if o.worker:
        return work(o)
    from run import machine

    found = {"machine": machine(), "threads": o.threads, "rounds": o.rounds, "runs": []}
    print(json.dumps(found["machine"], indent=1))
    print(f"\n{'':18}{'batch':>6}{'unmask':>10}" + "".join(f"{peer:>18}" for peer in PEERS) + f"{'over fastest':>14}")
    for name in o.family or FAMILIES:
        for batch in FAMILIES[name].batches:
            if o.batch and batch not in o.batch:
                continue
            seconds = measure(o, name, batch)
            rates = {each: batch / median(times) for each, times in seconds.items()}
            ratio = rates["unmask"] / max(rates[peer] for peer in RIVALS if peer in rates)
            shown = "".join(f"{rates[peer]:18.2f}" if peer in rates else f"{'-':>18}" for peer in PEERS)
            print(f"{name:18}{batch:6}{rates['unmask']:10.2f}{shown}{ratio:13.2f}x", flush=True)
            found["runs"].append({"family": name, "batch": batch, "seconds": seconds, "over_fastest_float32": ratio})
    if o.json:
        o.json.parent.mkdir(parents=True, exist_ok=True)
        o.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
