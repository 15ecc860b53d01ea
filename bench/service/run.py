"""Runs all trials of the service, each a program of its own, and says which held.

    python bench/service/run.py                 all
    python bench/service/run.py soak endings    some; each can also be run alone: python bench/service/soak.py
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
TRIALS = ["corrupt_images", "endings", "slow_clients", "attack", "http_share", "soak", "overload", "throughput", "peer"]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("trial", nargs="*", help=f"default: {' '.join(TRIALS)}")
    p.add_argument("--unmask", default=".build/release/unmask", help="the program (default: %(default)s)")
    p.add_argument("--out", type=Path, default=Path("build/trials/results"), help="a JSON file of each trial's figures")
    o = p.parse_args()
    failed = []
    for name in o.trial or TRIALS:
        started = time.monotonic()
        command = [sys.executable, HERE / f"{name}.py", "--unmask", o.unmask, "--json", o.out / f"{name}.json"]
        if subprocess.run(command).returncode:
            failed.append(name)
        print(f"   {time.monotonic() - started:.0f} s", flush=True)
    print(f"\nfailed: {' '.join(failed)}" if failed else "\nall trials held")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
