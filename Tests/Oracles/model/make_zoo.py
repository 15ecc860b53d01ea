"""Writes zoo cases, and prints by family what Unmask made of them: make_zoo.py write | table.

A case is a model of every architecture, with few blocks and random weights, and what PyTorch makes of it at every block.
ZooTests leaves its verdict in each case's folder: right, refused (by name), or wrong.
"""

import argparse
import json
import random
import shutil
import sys
from collections import defaultdict
from pathlib import Path

import torchvision_shim  # noqa: F401, isort: skip
import zoo_timm
import zoo_transformers
from case import Output

FAMILIES = [zoo_timm, zoo_transformers]


def cases():
    return [(family, *name) for family in FAMILIES for name in family.names()]


def write(arguments):
    out = Output(arguments.out, arguments.seed)
    chosen = [c for c in cases() if arguments.only in c[2]]
    if arguments.sample:
        chosen = random.Random(arguments.seed).sample(chosen, min(arguments.sample, len(chosen)))
    chosen = chosen[arguments.start : arguments.start + arguments.count] if arguments.count else chosen
    for family, module, name in chosen:
        if not family.is_small(name):
            print("left out, above 400 million parameters:", name)
            continue
        family.write(out, module, name)
    return 0 if chosen else 3


def collect(arguments):
    """Keeps the verdicts and drops the weights."""
    kept = Path(arguments.verdicts)
    verdicts = json.loads(kept.read_text()) if kept.exists() else {}
    for file in sorted(Path(arguments.out).glob("cases/*/verdict.json")):
        case = json.loads((file.parent / "case.json").read_text())
        verdicts[case["name"]] = {"family": case["family"]} | json.loads(file.read_text())
    kept.write_text(json.dumps(verdicts, indent=1) + "\n")
    shutil.rmtree(arguments.out, ignore_errors=True)
    return 0


def table(arguments):
    verdicts = json.loads(Path(arguments.verdicts).read_text())
    rows = defaultdict(lambda: defaultdict(list))
    for name, verdict in verdicts.items():
        rows[verdict["family"]][verdict["verdict"]].append((name, verdict["detail"]))
    print("| family | right | refused by name | wrong |\n|---|---|---|---|")
    for family, kinds in rows.items():
        print("|", family, "|", " | ".join(str(len(kinds[k])) for k in ("right", "refused", "wrong")), "|")
    for kind in ("refused", "wrong"):
        for family, kinds in rows.items():
            for name, detail in kinds[kind]:
                print(f"{kind}: {name}: {detail}")
    return 1 if any(kinds["wrong"] for kinds in rows.values()) or not verdicts else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=["write", "collect", "table"])
    parser.add_argument("--out", default="build/zoo")
    parser.add_argument("--verdicts", default="build/zoo-verdicts.json")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="cases whose name has this")
    parser.add_argument("--sample", type=int, default=0, help="so many cases, chosen by the seed")
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--count", type=int, default=0, help="so many cases from --start on; exit 3 behind the last")
    arguments = parser.parse_args()
    return {"write": write, "collect": collect, "table": table}[arguments.step](arguments)


if __name__ == "__main__":
    sys.exit(main())
