"""What the trials share: a server to try, load, and checks that are printed and remembered."""

import argparse
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "clients/python/src"))

# The user's own cache is none of a trial's.
os.environ["UNMASK_CACHE"] = ""

SMALL_MODEL = ROOT / "models/fashion-vit.safetensors"
SAMPLES = ROOT / "models/samples"
FILES = ROOT / "build/trials"


def options(description, extend=lambda parser: None):
    """The command line of every trial, and what a trial adds to it."""
    p = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--unmask", default=str(ROOT / ".build/release/unmask"), help="the program (default: %(default)s)")
    p.add_argument("--seconds", type=float, help="how long each measurement takes, where it is not the trial's own")
    p.add_argument("--json", type=Path, help="write all figures here")
    extend(p)
    o = p.parse_args()
    if not Path(o.unmask).is_file():
        p.error(f"there is no {o.unmask}: make build, or name the program with --unmask")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # so that servers are stopped, too
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return o


class Trial:
    """Figures and checks. `finish()` ends the program: 0 where all held, else 1."""

    def __init__(self, name, o):
        self.name, self.o = name, o
        self.figures, self.failed = {}, []
        print(f"\n== {name}", flush=True)

    def figure(self, name, value, unit=""):
        self.figures[name] = value
        shown = f"{value:,.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else f"{value}"
        print(f"   {name:<58} {shown} {unit}".rstrip(), flush=True)

    def check(self, what, holds):
        print(f"   {'ok    ' if holds else 'FAILED'} {what}", flush=True)
        if not holds:
            self.failed.append(what)

    def finish(self):
        if self.o.json:
            self.o.json.parent.mkdir(parents=True, exist_ok=True)
            self.o.json.write_text(json.dumps({"trial": self.name, "failed": self.failed} | self.figures, indent=1) + "\n")
        sys.exit(1 if self.failed else 0)


class Server:
    """`unmask serve` on a Unix socket, in a process group of its own."""

    def __init__(self, o, *arguments, model=SMALL_MODEL, path=None, log=None):
        self._folder = tempfile.TemporaryDirectory(prefix="unmask-")
        self.path = path or self._folder.name + "/socket"
        self._log = open(self._folder.name + "/log", "w+")
        command = [o.unmask, "serve", "--socket", self.path, "--model", str(model), *map(str, arguments)]
        started = time.monotonic()
        self.process = subprocess.Popen(command, stderr=self._log if log is None else log, start_new_session=True)
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() - started > 60:
                sys.exit(f"the server did not start: {self.log()}")
            time.sleep(0.005)
        self.seconds_to_start = time.monotonic() - started

    def _answers(self):
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(self.path) == 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def log(self):
        self._log.seek(0)
        return self._log.read()[-2000:]

    def resident(self):
        """Bytes."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Watch:
    """Samples a server's memory while something else goes on: `[(seconds, bytes)]`."""

    def __init__(self, server, every=0.5):
        self.samples, self._ended = [], threading.Event()
        self._thread = threading.Thread(target=self._run, args=(server, every), daemon=True)

    def _run(self, server, every):
        started = time.monotonic()
        while not self._ended.wait(every):
            self.samples.append((time.monotonic() - started, server.resident()))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()


def load(o, server, *arguments):
    """Runs `unmask bench serve` and returns what it says; its exit code is in `code`."""
    command = [o.unmask, "bench", "serve", "--json", "--socket", server.path, *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode > 1:
        sys.exit(f"bench serve ended with {done.returncode}: {' '.join(command)}")
    return json.loads(done.stdout) | {"code": done.returncode}


def engine_alone(o, model, batch, rounds):
    """Runs `unmask bench` and returns what it says: the engine without decoding and sockets."""
    command = [o.unmask, "bench", "--model", str(model), "--batch", str(batch), "--rounds", str(rounds), "--json"]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def mebibytes(bytes_):
    return bytes_ / 2**20
