"""Draws what run.py measured as SVG: images a second of every worker, by architecture and batch.

    python bench/peers/plot.py build/bench-peers/result.json docs/pictures/peers.svg
"""

import argparse
import json
from html import escape
from pathlib import Path
from statistics import median

BAR, GAP, LEFT, WIDTH, RIGHT = 16, 6, 170, 460, 90
OURS, THEIRS = "#1b6ca8", "#b8b8b8"


def panel(run, top):
    """The SVG of one run, and where it ends."""
    rates = {name: run["batch"] / median(worker["seconds"]) for name, worker in run["workers"].items()}
    longest = max(rates.values())
    lines = [f'<text x="8" y="{top + 14}" class="title">{escape(run["arch"])}, batch {run["batch"]}</text>']
    y = top + 24
    for name, rate in sorted(rates.items(), key=lambda item: -item[1]):
        color = OURS if name.startswith("unmask") else THEIRS
        length = WIDTH * rate / longest
        lines.append(f'<text x="{LEFT - 8}" y="{y + 12}" text-anchor="end">{escape(name)}</text>')
        lines.append(f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" fill="{color}"/>')
        lines.append(f'<text x="{LEFT + length + 6:.1f}" y="{y + 12}">{rate:.1f}</text>')
        y += BAR + GAP
    return lines, y + 14


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("result", type=Path)
    p.add_argument("picture", type=Path)
    o = p.parse_args()
    found = json.loads(o.result.read_text())
    machine = found["machine"]
    newest = [flag for flag in machine["flags"] if flag.startswith("amx") or flag in ("avx512_vnni", "avx512_bf16", "avx_vnni")]
    said = f"images/s; {machine['cpu']}, {found['threads']} threads; {' '.join(newest) or 'no VNNI, BF16 or AMX'}"
    lines, y = [f'<text x="8" y="18">{escape(said)}</text>'], 34
    for run in found["runs"]:
        more, y = panel(run, y)
        lines += more
    style = "text{font:12px sans-serif;fill:#222}.title{font-weight:bold}"
    size = f'width="{LEFT + WIDTH + RIGHT}" height="{y}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size}><style>{style}</style>'
    paper = f'<rect {size} fill="white"/>'
    o.picture.parent.mkdir(parents=True, exist_ok=True)
    o.picture.write_text("\n".join([head, paper, *lines, "</svg>"]) + "\n")


if __name__ == "__main__":
    main()
