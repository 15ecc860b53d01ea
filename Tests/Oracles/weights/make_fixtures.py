"""Makes the fixtures of Tests/UnmaskWeightsTests: small files of every format, and what they should read as.

    python Tests/Oracles/weights/make_fixtures.py

Made with Python 3.11, torch 2.15.0, numpy 2.4.6, safetensors 0.8.0. Every random number comes from seed 20260101: run
again, it gives the same tensors, though not the same bytes (legacy files name storages by their address).

A fixture `NAME` of tensors has an oracle: `expected/NAME.json` with names, element types and shapes in the order of the
source, and `expected/NAME.bin` with the elements of all of them, little-endian and row-major, as torch has them.
"""

import argparse
import gzip
import json
import os
import pathlib
import pickle
import shutil
import struct
import warnings
from collections import OrderedDict

import numpy
import safetensors.torch
import torch

HERE = pathlib.Path(__file__).resolve().parent
FIXTURES = HERE.parent.parent / "UnmaskWeightsTests" / "Fixtures"
TYPES = {
    torch.float32: "f32", torch.float16: "f16", torch.bfloat16: "bf16", torch.float64: "f64", torch.int8: "i8",
    torch.uint8: "u8", torch.int16: "i16", torch.uint16: "u16", torch.int32: "i32", torch.uint32: "u32",
    torch.int64: "i64", torch.uint64: "u64", torch.bool: "bool",
}
warnings.filterwarnings("ignore")


def raw_bytes(tensor):
    tensor = tensor.detach().contiguous()
    return tensor.reshape(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b""


def expect(name, tensors):
    """Writes what a fixture should read as, in the given order."""
    (FIXTURES / "expected").mkdir(exist_ok=True)
    facts = [{"name": key, "type": TYPES[tensor.dtype], "shape": list(tensor.shape)} for key, tensor in tensors.items()]
    (FIXTURES / "expected" / f"{name}.json").write_text(json.dumps(facts, indent=1))
    (FIXTURES / "expected" / f"{name}.bin").write_bytes(b"".join(raw_bytes(tensor) for tensor in tensors.values()))


def every_type(generator):
    tensors = {}
    for dtype, name in TYPES.items():
        if dtype.is_floating_point:
            tensors[f"{name}.weight"] = torch.randn(3, 5, generator=generator).to(dtype)
        elif dtype == torch.bool:
            tensors[f"{name}.weight"] = torch.rand(3, 5, generator=generator) < 0.5
        else:
            tensors[f"{name}.weight"] = torch.randint(0, 100, (3, 5), generator=generator).to(dtype)
    tensors["scalar"] = torch.tensor(1.5)
    tensors["empty"] = torch.zeros(0, 4)
    tensors["名前 \"quoted\"\n"] = torch.arange(3.0)
    return tensors


def save_safetensors(generator):
    tensors = every_type(generator)
    path = FIXTURES / "types.safetensors"
    safetensors.torch.save_file(tensors, path, metadata={"format": "pt", "quote": "\"\\/\n\té", "empty": ""})
    expect("types.safetensors", tensors)

    shards = FIXTURES / "sharded"
    shards.mkdir()
    parts = {
        "model-00001-of-00002.safetensors": {"a": torch.randn(4, 4, generator=generator), "b": torch.arange(6)},
        "model-00002-of-00002.safetensors": {"c": torch.randn(2, 3, generator=generator).half()},
    }
    for name, part in parts.items():
        safetensors.torch.save_file(part, shards / name, metadata={"format": "pt"})
    weight_map = {key: name for name, part in parts.items() for key in part}
    index = {"metadata": {"total_size": 124, "kind": "test"}, "weight_map": weight_map}
    (shards / "model.safetensors.index.json").write_text(json.dumps(index, indent=2))
    expect("sharded", {key: tensor for part in parts.values() for key, tensor in part.items()})


def state_dict(generator):
    storage = torch.randn(6, 4, generator=generator)
    tagged = torch.randn(3, generator=generator)
    tagged.tag = "attributes make torch write a tensor in another way"
    tagged_parameter = torch.nn.Parameter(torch.randn(3, generator=generator))
    tagged_parameter.tag = 1
    return OrderedDict([
        ("patch_embed.proj.weight", torch.randn(8, 3, 2, 2, generator=generator)),
        ("shared", storage),
        ("shared.row", storage[2]),
        ("shared.transposed", storage.t()),
        ("shared.columns", storage[:, 1:3]),
        ("permuted", torch.randn(2, 3, 4, generator=generator).permute(2, 0, 1)),
        ("expanded", torch.randn(3, 1, generator=generator).expand(3, 5)),
        ("parameter", torch.nn.Parameter(torch.randn(4, generator=generator))),
        ("parameter.tagged", tagged_parameter),
        ("tensor.tagged", tagged),
        ("half", torch.randn(7, generator=generator).half()),
        ("bfloat16", torch.randn(7, generator=generator).bfloat16()),
        ("double", torch.randn(3, generator=generator).double()),
        ("counts", torch.arange(5)),
        ("flags", torch.tensor([True, False, True])),
        ("scalar", torch.tensor(0.25)),
        ("empty", torch.zeros(0, 3)),
    ])


def save_torch(generator):
    state = state_dict(generator)
    for name, options in {"state.pth": {}, "state-legacy.pth": {"_use_new_zipfile_serialization": False}}.items():
        torch.save(state, FIXTURES / name, **options)
        expect(name, state)
    for protocol in (3, 4, 5):
        name = f"state-protocol{protocol}.pth"
        torch.save({"a": state["half"], "b": state["shared"]}, FIXTURES / name, pickle_protocol=protocol)
        expect(name, {"a": state["half"], "b": state["shared"]})
    wide = {"u16": torch.arange(4).to(torch.uint16), "u64": torch.arange(4).to(torch.uint64)[1:]}
    torch.save(wide, FIXTURES / "untyped.pth")
    expect("untyped.pth", wide)

    # What main_pretrain.py of facebookresearch/mae saves, trained a step so that the optimizer has state.
    layer = torch.nn.Linear(4, 3)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    optimizer = torch.optim.AdamW(layer.parameters(), lr=1e-3)
    layer(torch.ones(2, 4)).sum().backward()
    optimizer.step()
    arguments = argparse.Namespace(
        model="mae_vit_tiny", norm_pix_loss=True, mask_ratio=0.75, epochs=400, output_dir=pathlib.PurePosixPath("out"),
        blr=numpy.float64(1.5e-4), betas=(0.9, 0.95), seed=2**70, resume=None)
    checkpoint = {
        "model": layer.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 399,
        "scaler": {"scale": 65536.0, "growth_factor": 2.0, "_growth_tracker": 7}, "args": arguments,
    }
    for name, options in {"mae.pth": {}, "mae-legacy.pth": {"_use_new_zipfile_serialization": False}}.items():
        torch.save(checkpoint, FIXTURES / name, **options)
        expect(name, layer.state_dict())

    parallel = {f"module.{key}": value for key, value in layer.state_dict().items()}
    torch.save({"state_dict": parallel, "note": "ü"}, FIXTURES / "parallel.pth")
    expect("parallel.pth", layer.state_dict())

    class Whole(torch.nn.Linear):
        pass

    Whole.__module__, Whole.__qualname__ = "__main__", "Whole"
    globals()["Whole"] = Whole
    torch.save(Whole(2, 2), FIXTURES / "module.pth")
    torch.save(torch.zeros(2), FIXTURES / "tensor.pth")
    torch.save({"model": {"w": torch.zeros(2, 2).to_sparse()}}, FIXTURES / "sparse.pth")
    torch.save({"w": torch.zeros(2, dtype=torch.complex64)}, FIXTURES / "complex.pth")


def save_pickles():
    class Call:
        def __reduce__(self):
            return os.system, ("touch /tmp/unmask-was-here",)

    torch.save({"model": {"w": torch.ones(2)}, "evil": Call()}, FIXTURES / "call-beside.pth")
    expect("call-beside.pth", {"w": torch.ones(2)})
    torch.save(Call(), FIXTURES / "call.pth")
    (FIXTURES / "plain.pickle").write_bytes(pickle.dumps({"w": [1.0]}, protocol=2))


def save_conversions(generator):
    """Pairs of files: float64 or float32 numbers, and what torch makes of them."""
    folder = FIXTURES / "conversion"
    folder.mkdir()
    # Every float16 and bfloat16 number, the ties between neighbours, and a little to each side of them.
    patterns = torch.arange(0, 0x7C00, 31, dtype=torch.int32)
    halves = patterns.to(torch.int16).view(torch.float16).double()
    upper = (patterns + 1).to(torch.int16).view(torch.float16).double()
    ties = (halves + upper) / 2
    edges = torch.tensor([
        0.0, 65504.0, 65519.99, 65520.0, 65536.0, 1e30, 3.3895e38, 3.3961e38, 3.4e38, 2.0**-24, 2.0**-25, 2.0**-26,
        1.5 * 2.0**-25, 6.0976e-5, 1.1754e-38, 1e-40, 1.4e-45, 9.2e-41, 4.6e-41, float("inf"), float("nan"),
    ], dtype=torch.float64)
    random = torch.randn(300, generator=generator).double() * torch.logspace(-45, 38, 300, dtype=torch.float64)
    values = torch.cat([halves, ties, edges, random])
    values = torch.cat([values, -values]).float()
    values = torch.cat([values, torch.nextafter(values, torch.tensor(float("inf"))),
                        torch.nextafter(values, torch.tensor(0.0))])
    (folder / "f32.bin").write_bytes(raw_bytes(values))
    (folder / "f32-to-f16.bin").write_bytes(raw_bytes(values.half()))
    (folder / "f32-to-bf16.bin").write_bytes(raw_bytes(values.bfloat16()))
    # NumPy rounds float64 to float16 once, where going through float32 would round twice: 1 + 2⁻¹¹ + 2⁻⁴⁰ is above a tie.
    doubles = numpy.concatenate([
        values.double().numpy()[::7], 1 + 2.0**-11 + numpy.array([2.0**-40, -(2.0**-40), 0.0]),
        numpy.array([65519.999999999, 65520.0, 1e39, 1e300, 1e-300, 5e-324, 2.0**-25 + 2.0**-60, 2.0**-25]),
    ])
    (folder / "f64.bin").write_bytes(doubles.tobytes())
    with numpy.errstate(all="ignore"):
        (folder / "f64-to-f16.bin").write_bytes(doubles.astype(numpy.float16).tobytes())
        (folder / "f64-to-f32.bin").write_bytes(doubles.astype(numpy.float32).tobytes())


def save_arrays():
    array = (numpy.arange(24, dtype=numpy.float32) / 7).reshape(4, 2, 3)
    numpy.save(FIXTURES / "array-f4.npy", array)
    for name in ("f8", "u1", "i1", "i4", "i8"):
        numpy.save(FIXTURES / f"array-{name}.npy", numpy.arange(6).astype(name).reshape(2, 3))
    numpy.save(FIXTURES / "array-fortran.npy", numpy.asfortranarray(array))
    numpy.save(FIXTURES / "array-scalar.npy", numpy.float32(2.5))
    with open(FIXTURES / "array-version2.npy", "wb") as file:
        numpy.lib.format.write_array(file, array, version=(2, 0))

    images = numpy.random.default_rng(20260101).integers(0, 256, (5, 4, 3), dtype=numpy.uint8)
    images_idx = struct.pack(">BBBBIII", 0, 0, 8, 3, *images.shape) + images.tobytes()
    labels_idx = struct.pack(">BBBBI", 0, 0, 8, 1, 5) + bytes(range(5))
    (FIXTURES / "images.idx").write_bytes(images_idx)
    (FIXTURES / "images.idx.gz").write_bytes(gzip.compress(images_idx, mtime=0))
    (FIXTURES / "labels.idx").write_bytes(labels_idx)
    # 10 MB of zeros behind the header of a small image.
    bomb = struct.pack(">BBBBIII", 0, 0, 8, 3, 1, 2, 2) + bytes(10_000_000)
    (FIXTURES / "bomb.idx.gz").write_bytes(gzip.compress(bomb, mtime=0))


def main():
    shutil.rmtree(FIXTURES, ignore_errors=True)
    FIXTURES.mkdir()
    generator = torch.Generator().manual_seed(20260101)
    save_safetensors(generator)
    save_torch(generator)
    save_pickles()
    save_conversions(generator)
    save_arrays()
    total = sum(path.stat().st_size for path in FIXTURES.rglob("*") if path.is_file())
    print(f"{FIXTURES}: {total} bytes")


if __name__ == "__main__":
    main()
