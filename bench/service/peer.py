"""Unmask side by side with what a Python user would write today: LitServe with dynamic batching in front of OpenVINO,
the same weights (through PyTorch and ONNX), the same images, two threads. Both run throughout; they take turns, the one
that waits is frozen.

Throughput is of a closed loop of 32 connections; p99 of an open loop at the same rate for both, 60 % of what the slower
one can do. One load generator (exchange.py) serves both, each in its own protocol: files as raw frames to Unmask, as
base64 in JSON over HTTP to LitServe, vectors back as a frame and as JSON numbers.
"""

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import exchange
import numpy as np
from exported import fashion_vit, vit_b_16
from harness import FILES, SAMPLES, SMALL_MODEL, Server, Trial, engine_alone, options
from unmask._wire import encode_request
from vit_b_16 import checkpoint, photographs

CONNECTIONS, ROUNDS, SHARE = 32, 5, 0.6


def main():
    o = options(__doc__)
    trial = Trial("beside LitServe + OpenVINO", o)
    compare(trial, o, "the shipped small model", fashion_vit(), SMALL_MODEL, SAMPLES, 32,
            ["--size", 28, "--channels", 1, "--mean", 0.286, "--std", 0.353], {"pooling": "mean"}, 5.0)  # fmt: skip
    compare(trial, o, "ViT-B/16", vit_b_16(), checkpoint(o), photographs(), 8,
            ["--size", 224, "--channels", 3], {"pooling": "cls"}, 1.5)  # fmt: skip
    trial.finish()


def compare(trial, o, name, onnx, model, images, batch, size, params, target):
    seconds = o.seconds or 8
    work, peak = arithmetic(o, model, batch)
    files = [path.read_bytes() for path in sorted(Path(images).glob("*.*g"))]
    params = {"images": [{"frame": 0}], "encoding": "frame"} | params
    ours = [b"".join(encode_request(1, "embed", params, [file])) for file in files]
    theirs = [post(json.dumps({"image": base64.b64encode(file).decode()}).encode()) for file in files]
    with Server(o, "--batch", batch, model=model) as unmask, LitServe(onnx, batch, size) as litserve:
        sides = {"unmask": (exchange.Unmask, unmask, ours), "litserve": (exchange.HTTP, litserve, theirs)}
        agree(trial, name, sides)
        for _, server, _ in sides.values():
            freeze(server)
        flow = rounds(sides, seconds)
        rate = SHARE * min(median(run["per_s"] for run in runs) for runs in flow.values())
        calm = rounds(sides, seconds, rate)
    speed = {side: median(run["per_s"] for run in runs) for side, runs in flow.items()}
    tail = {side: median(run["p99"] for run in runs) for side, runs in calm.items()}
    for side in sides:
        trial.figure(f"{name}: {side}, images/s of each round", [round(run["per_s"], 1) for run in flow[side]])
        trial.figure(f"{name}: {side}, p50 and p99 at {rate:.1f}/s",
                     [round(median(run[q] for run in calm[side]), 2) for q in ("p50", "p99")], "ms")  # fmt: skip
        trial.figure(f"{name}: {side}, processors that the generator took", median(run["client_cpu"] for run in flow[side]))
    ratio = speed["unmask"] / speed["litserve"]
    trial.figure(f"{name}: throughput, Unmask over LitServe + OpenVINO", ratio)
    trial.figure(f"{name}: p99 at equal load, Unmask over LitServe + OpenVINO", tail["unmask"] / tail["litserve"])
    trial.check(f"{name}: every answer is good", not any(run["bad"] for runs in (flow, calm) for run in sum(runs.values(), [])))
    share = target * speed["litserve"] * work / peak
    if share > 1:
        # No program could: it is said, and not counted as a failure of this one.
        trial.figure(f"{name}: {target} times its throughput would take, of the processor's peak", share)
    else:
        trial.check(f"{name}: at least {target} times the throughput", ratio >= target)
    trial.check(f"{name}: lower p99 at equal load", tail["unmask"] < tail["litserve"])


def arithmetic(o, model, batch):
    """What an image takes, in GFLOP, and what the processor can do, in GFLOP/s, both in float32."""
    found = engine_alone(o, model, batch, rounds=20)
    return found["gflops"] / found["images_per_s"], found["peak_gflops"]


def rounds(sides, seconds, rate=None):
    """{side: [result of each round]}, in turns; who begins alternates."""
    results = {side: [] for side in sides}
    for number in range(ROUNDS):
        for side in sorted(sides, reverse=number % 2 == 1):
            protocol, server, requests = sides[side]
            thaw(server)
            exchange.run(protocol, server.path, requests, connections=CONNECTIONS, seconds=1)
            results[side].append(
                exchange.run(protocol, server.path, requests, connections=CONNECTIONS, seconds=seconds, rate=rate)
            )
            freeze(server)
    return results


def agree(trial, name, sides):
    """Both give the same vector for the first file, else there is nothing to compare."""
    vectors = []
    for protocol, server, requests in sides.values():
        body = exchange.run(protocol, server.path, requests[:1], connections=1, seconds=0.5)["body"]
        vectors.append(np.frombuffer(body, "<f4") if protocol is exchange.Unmask else json.loads(body)["embedding"])
    cosine = np.dot(*vectors) / np.linalg.norm(vectors[0]) / np.linalg.norm(vectors[1])
    trial.check(f"{name}: both give the same vector (cosine {cosine:.6f})", cosine > 0.999)


def post(body):
    head = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def freeze(server):
    os.killpg(server.process.pid, signal.SIGSTOP)


def thaw(server):
    os.killpg(server.process.pid, signal.SIGCONT)


class LitServe:
    """peer_server.py in a process group of its own."""

    def __init__(self, onnx, batch, size):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.path = ("127.0.0.1", port)
        script = Path(__file__).with_name("peer_server.py")
        command = [sys.executable, str(script), "--model", str(onnx), "--port", str(port)]
        command += map(str, ["--batch", batch, *size])
        self._log = open(FILES / "litserve.log", "w+")
        self.process = subprocess.Popen(
            command, stdout=self._log, stderr=self._log, start_new_session=True, cwd=FILES,
            env=os.environ | {"OMP_NUM_THREADS": "2"},
        )  # fmt: skip
        end = time.monotonic() + 120
        while not self._is_ready(port):
            if self.process.poll() is not None or time.monotonic() > end:
                self._log.seek(0)
                sys.exit(f"LitServe did not start: {self._log.read()[-2000:]}")
            time.sleep(0.3)

    @staticmethod
    def _is_ready(port):
        try:
            with socket.create_connection(("127.0.0.1", port), 5) as connection:
                connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                return b" 200 " in connection.recv(100)
        except OSError:
            return False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        thaw(self)
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)  # its workers
        except ProcessLookupError:
            pass
        self.process.wait()


if __name__ == "__main__":
    main()
