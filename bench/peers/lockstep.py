"""Workers that run one forward pass when told, and are frozen in between."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path


class WorkerFailed(Exception):
    pass


class Worker:
    """A process that prints `first` with its first result, `ready` once warm, then seconds for each line it reads.

    Stopped (SIGSTOP) except in its turn, so that no thread pool that spins after its work takes time from another
    worker: each can keep the settings that are fastest for it.
    """

    def __init__(self, name, command, environment):
        self.name = name
        self.command = command
        self.seconds = []
        self.errors = tempfile.TemporaryFile(mode="w+")
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self.errors}
        began = time.monotonic()
        self.process = subprocess.Popen(command, text=True, bufsize=1, env=os.environ | environment, **pipes)
        self.start = None  # seconds from nothing to the first result
        while (line := self._line()) != "ready":
            if line == "first":
                self.start = time.monotonic() - began
        self.resident = self._resident()
        self._signal(signal.SIGSTOP)

    def turn(self):
        self._signal(signal.SIGCONT)
        self.process.stdin.write("\n")
        self.seconds.append(float(self._line()))
        self._signal(signal.SIGSTOP)

    def close(self):
        self._signal(signal.SIGCONT)
        self.process.stdin.close()
        self.process.wait(timeout=30)

    def _resident(self):
        """Bytes in memory once warm, files that are mapped included."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def _signal(self, number):
        self.process.send_signal(number)

    def _line(self):
        line = self.process.stdout.readline()
        if line:
            return line.strip()
        self.errors.seek(0)
        last = (self.errors.read().strip().splitlines() or ["it said nothing"])[-1]
        raise WorkerFailed(f"{self.name} ended with {self.process.wait()}: {last}")


def take_turns(commands, threads, rounds):
    """The workers of {name: command} after so many rounds, one forward pass each in an order that rotates; one that cannot run here
    is named and left out, but for `unmask`."""
    environment = {name: str(threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    workers = []
    try:
        for name, command in commands.items():
            try:
                workers.append(Worker(name, command, environment))
            except WorkerFailed as failure:
                if name == "unmask":
                    raise
                print(f"left out: {failure}", file=sys.stderr)
        for turn in range(rounds):
            first = turn % len(workers)
            for worker in workers[first:] + workers[:first]:
                worker.turn()
    finally:
        for worker in workers:
            worker.close()
    return workers


def answer_turns(forward, check):
    """Is a worker: `check` is given the first result, and may end it."""
    first = forward()
    print("first", flush=True)
    check(first)
    for _ in range(3):
        forward()
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        forward()
        print(time.perf_counter() - start, flush=True)
