"""Makes masking.json (MAE's random masking of given noise) and philox.json (noise and masks from seeds).

    python Tests/Oracles/model/make_masks.py --out Tests/UnmaskModelTests/Fixtures

masking.json comes from torch. philox.json comes from the Python that docs/masking.md shows, which is run here; its
generator must first pass the known answers that Random123 publishes for Philox4x32-10 (kat_vectors).
"""

import argparse
import json
from importlib.metadata import version
from pathlib import Path

import torch
from masks import Masking

ROOT = Path(__file__).parents[3]
SEED = 7
RATIOS = [0, 0.1, 0.25, 0.3, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 0.99]
KNOWN_ANSWERS = [
    {"key": [0, 0], "counter": [0, 0, 0, 0], "words": [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]},
    {
        "key": [0xFFFFFFFF] * 2,
        "counter": [0xFFFFFFFF] * 4,
        "words": [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD],
    },
    {
        "key": [0xA4093822, 0x299F31D0],
        "counter": [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
        "words": [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
    },
]


def documented_functions():
    """`mae_noise` and `mae_mask` as docs/masking.md shows them."""
    page = (ROOT / "docs/masking.md").read_text()
    functions = {}
    exec(page.split("```python\n")[1].split("```")[0], functions)
    return functions["mae_noise"], functions["mae_mask"]


def masking():
    generator = torch.Generator().manual_seed(SEED)
    noises = [torch.rand(1, n, generator=generator) for n in (1, 5, 16, 49, 196)]
    noises.append(torch.randint(0, 4, (1, 20), generator=generator) / 4)  # ties: the lower index comes first
    found = []
    for noise in noises:
        for ratio in (0, 0.5, 0.75):
            m = Masking(noise, ratio)
            arrays = {k: v[0].tolist() for k, v in m.arrays().items()}
            found.append({"ratio": ratio} | arrays)
    keep = [{"patches": n, "ratio": r, "keep": int(n * (1 - r))} for n in (1, 9, 10, 16, 49, 196, 256) for r in RATIOS]
    return {"seed": SEED, "torch": version("torch"), "masks": found, "keep": keep}


def philox():
    mae_noise, mae_mask = documented_functions()
    zero = mae_noise(0, 4)
    assert zero == [(word >> 8) * 2.0**-24 for word in KNOWN_ANSWERS[0]["words"]], zero
    masks = []
    for seed in (0, 7, 2**32 - 1, 2**32, 0x299F31D0A4093822, 2**64 - 1):
        for count in (1, 6, 49):
            noise = mae_noise(seed, count)
            ids_keep, ids_restore, mask = mae_mask(noise, 0.75)
            arrays = {"noise": noise, "ids_keep": ids_keep, "ids_restore": ids_restore, "mask": mask}
            masks.append({"seed": str(seed), "patches": count, "ratio": 0.75} | arrays)
    return {"known_answers": KNOWN_ANSWERS, "masks": masks}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--out", type=Path, required=True)
    out = p.parse_args().out
    for name, contents in {"masking": masking(), "philox": philox()}.items():
        (out / f"{name}.json").write_text(json.dumps(contents) + "\n")


if __name__ == "__main__":
    main()
