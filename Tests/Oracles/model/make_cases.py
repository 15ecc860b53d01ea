"""Makes parity cases: random checkpoints in foreign formats, and what PyTorch computes with them at every block.

    python Tests/Oracles/model/make_cases.py --out Tests/UnmaskModelTests/Fixtures --sizes tiny --seed 7
    python Tests/Oracles/model/make_cases.py --out build/parity --sizes tiny --sizes base --seed $RANDOM

docs/parity.md describes the cases. Versions: Tests/Oracles/requirements.txt.
"""

import argparse
from pathlib import Path

import torchvision_shim  # noqa: F401  (before transformers and timm)

import families
import hf_mae
import hf_vit
import mae_pth
import merging
import spellings
import timm_vit
import torch
from case import Output
from transformers.utils import logging


def options():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--out", type=Path, required=True, help="folder that gets `checkpoints` and `cases`")
    p.add_argument("--sizes", action="append", choices=["tiny", "base", "large"], required=True, help="repeatable")
    p.add_argument("--seed", type=int, default=7)
    p.add_argument("--only", default="", help="make only cases whose name contains this")
    p.add_argument("--threads", type=int, default=2)
    return p.parse_args()


def main():
    o = options()
    torch.set_num_threads(o.threads)
    logging.disable_progress_bar()
    out = Output(o.out, o.seed, o.only)
    for size in o.sizes:
        for family in (hf_mae, hf_vit, timm_vit, mae_pth, spellings, merging, families):
            family.cases(size, out)


if __name__ == "__main__":
    main()
