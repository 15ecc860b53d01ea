"""Writes an index of synthetic vectors with structure, as docs/retrieval.md says the format is:

    python synthetic.py FOLDER --rows 1000000 --dimension 768

Rows lie about centres, which lie in a subspace of a twelfth of the dimensions, as features of pictures do. `vectors` is what
the benchmarks of other programs read.
"""

import argparse
import ctypes
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
SHARD = 8192


def checksum():
    """`unmask_checksum` of Sources/CUnmaskMapping, over an array."""
    folder = tempfile.mkdtemp()
    source = ROOT / "Sources/CUnmaskMapping/unmask_checksum.c"
    subprocess.run(["clang", "-O2", "-shared", "-fPIC", "-I", source.parent / "include", source, "-o", f"{folder}/sum.so"],
                   check=True)
    function = ctypes.CDLL(f"{folder}/sum.so").unmask_checksum
    function.restype, function.argtypes = ctypes.c_uint64, [ctypes.c_char_p, ctypes.c_size_t]
    return lambda data: f"{function(data, len(data)):016x}"


def shards(rows, dimension, seed=0):
    """float32 [<= SHARD, dimension], of length 1, one after another."""
    numbers = np.random.default_rng(seed)
    basis = numbers.standard_normal((max(2, dimension // 12), dimension), dtype=np.float32)
    centres = numbers.standard_normal((max(16, rows // 500), len(basis)), dtype=np.float32) @ basis
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    for start in range(0, rows, SHARD):
        count = min(SHARD, rows - start)
        noise = numbers.standard_normal((count, dimension), dtype=np.float32) * np.float32(0.6 / dimension**0.5)
        block = centres[numbers.integers(len(centres), size=count)] + noise
        yield (block / np.linalg.norm(block, axis=1, keepdims=True)).astype("<f4")


def rounded(block):
    scales = (np.abs(block).max(axis=1) / np.float32(127)).astype("<f4")
    whole = np.clip(np.rint(block / scales[:, None]), -127, 127).astype(np.int8)
    lost = np.linalg.norm(block.astype(np.float64) - scales[:, None].astype(np.float64) * whole, axis=1)
    return whole.tobytes() + scales.tobytes() + np.nextafter(lost.astype("<f4"), np.float32(9)).tobytes()


def write(folder, rows, dimension):
    folder, sums, entries, row = Path(folder), checksum(), [], 0
    folder.mkdir(parents=True)

    def extent(name, data):
        (folder / name).write_bytes(data)
        return {"bytes": len(data), "checksum": sums(data)}

    for number, block in enumerate(shards(rows, dimension)):
        lines = "".join(
            f'{{"row":{row + place},"path":"made/{row + place}.jpg","content":"{row + place:064x}","bytes":1,"modified":1}}\n'
            for place in range(len(block)))
        row += len(block)
        entry = {"rows": len(block), "records": len(block), "vectors": extent(f"{number:06}.f32", block.tobytes()),
                 "lines": extent(f"{number:06}.jsonl", lines.encode())}
        if len(block) == SHARD:
            entry["rounded"] = extent(f"{number:06}.i8", rounded(block))
        entries.append(entry)
    manifest = {
        "format": "unmask-index", "version": 1, "byte_order": "little", "stamp": {"model": "synthetic"},
        "dimension": dimension, "shard_rows": SHARD, "complete": True, "shards": entries,
        "errors": {"bytes": 0, "checksum": sums(b"")}, "deleted": []}
    body = json.dumps(manifest)
    (folder / "index.json").write_text(f'{{"checksum":"{sums(body.encode())}","manifest":{body}}}\n')


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dimension", type=int, default=768)
    options = parser.parse_args()
    write(options.folder, options.rows, options.dimension)
