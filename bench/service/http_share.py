"""HTTP beside the line protocol, on one server with both shipped models.

Speed: the same images in base64 as vectors, 32 connections in turns, a closed loop, then an open one at half the load. Right: 10,000
mixed requests over 64 connections, methods and forms of bodies by chance, one in five of them broken; each must get its own right
answer, which the line protocol gave before, or its own refusal.
"""

import asyncio
import base64
import json
import random
import socket
from statistics import median

import exchange
from harness import ROOT, SAMPLES, SMALL_MODEL, Server, Trial, options  # finds the client, too

import unmask  # isort: skip
from unmask._wire import encode_request  # noqa: E402

CONNECTIONS, ROUNDS, COUNT, CROWD = 32, 5, 10_000, 64
FIRST = "fashion-vit"


def main():
    o = options(__doc__)
    trial = Trial("HTTP beside the line protocol", o)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    second = ROOT / "models/fashion-mae.safetensors"
    with Server(o, "--model", second, "--http", f"127.0.0.1:{port}", model=SMALL_MODEL) as server:
        with unmask.Client(server.path) as client:
            client.ready()  # when it answers, all its doors are open
        speed(o, trial, server.path, ("127.0.0.1", port))
        mixed(trial, server.path, ("127.0.0.1", port))
        with unmask.Client(server.path) as client:
            trial.check("afterwards the server is well", client.health()["status"] == "ok")
    trial.finish()


def uri(file):
    return "data:image/png;base64," + base64.b64encode(file).decode()


def post(path, body, kind="application/json", more=()):
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *more]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


# ---- Speed


def speed(o, trial, path, address):
    seconds = o.seconds or 6
    files = [p.read_bytes() for p in sorted(SAMPLES.glob("*.png"))]
    bare = [base64.b64encode(file).decode() for file in files]
    # Both give numbers in base64.
    params = [{"images": [{"base64": text}], "encoding": "base64"} for text in bare]
    lines = [b"".join(encode_request(1, "embed", each)) for each in params]
    bodies = [{"model": FIRST, "input": uri(file), "encoding_format": "base64"} for file in files]
    posts = [post("/v1/embeddings", json.dumps(body).encode()) for body in bodies]
    sides = {"line": (exchange.Unmask, path, lines), "http": (exchange.HTTP, address, posts)}

    def rounds(rate=None):
        found = {side: [] for side in sides}
        for number in range(ROUNDS):
            for side in sorted(sides, reverse=number % 2 == 1):
                protocol, place, requests = sides[side]
                exchange.run(protocol, place, requests, connections=CONNECTIONS, seconds=1)
                found[side].append(
                    exchange.run(protocol, place, requests, connections=CONNECTIONS, seconds=seconds, rate=rate))
        return found

    flow = rounds()
    rates = {side: median(run["per_s"] for run in runs) for side, runs in flow.items()}
    calm = rounds(min(rates.values()) / 2)
    tails = {side: median(run["p99"] for run in runs) for side, runs in calm.items()}
    for side in sides:
        trial.figure(f"{side}, images/s of each round", [round(run["per_s"]) for run in flow[side]])
        trial.figure(f"{side}, p99 at half load", tails[side], "ms")
    trial.check("every answer is good", not any(run["bad"] for runs in (*flow.values(), *calm.values()) for run in runs))
    trial.figure("throughput, HTTP over line protocol", rates["http"] / rates["line"])
    trial.check("at least 95 % of the line protocol's", rates["http"] >= 0.95 * rates["line"])
    trial.check("p99 within a millisecond of it at half load", tails["http"] <= tails["line"] + 1)


# ---- Right


def mixed(trial, path, address):
    rng = random.Random(11)
    files = [p.read_bytes() for p in sorted(SAMPLES.glob("*.png"))]
    with unmask.Client(path) as client:
        cases = [case for index, file in enumerate(files) for case in good(client, index, file, files[index - 1])]
    broken = list(refused(files, rng))
    chosen = [rng.choice(broken if rng.random() < 0.2 else cases) for _ in range(COUNT)]
    wrong, answered = asyncio.run(crowd(address, chosen))
    trial.figure("mixed requests answered", answered)
    trial.figure("kinds of good ones, and of broken ones", [len(cases) // len(files), len(broken)])
    trial.figure("good ones answered by status 200", sum(case[0].startswith("good") for case in chosen))
    for name, found in wrong[:5]:
        print(f"   {name}: {found[:200]!r}")
    trial.check("each has its own right answer", not wrong and answered == COUNT)


def good(client, index, file, other):
    """(name, request, whether the body of a 200 is right)."""
    name = f"good {index}"
    text = uri(file)
    vector = client.embed([file]).unwrap()[0].tobytes()
    labels = [(label.label, label.probability) for label in client.classify([file], top_k=3).unwrap()[0]]
    picture = client.reconstruct([file], model="fashion-mae", seed=index, ratio=0.5).unwrap()[0].png
    cosine = client.compare(file, other).cosine
    form = '--b\r\nContent-Disposition: form-data; name="image"; filename="x.png"\r\nContent-Type: image/png\r\n\r\n'.encode()
    form += file + b'\r\n--b\r\nContent-Disposition: form-data; name="top_k"\r\n\r\n3\r\n--b--\r\n'

    def classified(body):
        found = json.loads(body)["results"][0]["labels"]
        return [(label["label"], label["probability"]) for label in found] == labels

    # OpenAI's are of length 1.
    unit = client.embed([file], normalize=True).unwrap()[0].tobytes()

    def embedded(body):
        return base64.b64decode(json.loads(body)["data"][0]["embedding"]) == unit

    yield name, post("/v1/embed", file, "image/png", ["Accept: application/octet-stream"]), lambda body: body == vector
    yield name, post("/v1/classify?top_k=3", file, "application/octet-stream"), classified
    yield name, post("/v1/classify", form, "multipart/form-data; boundary=b"), classified
    yield name, post("/v1/embeddings", json.dumps({"model": FIRST, "input": text, "encoding_format": "base64"}).encode()), embedded
    yield name, post(f"/v1/reconstruct?model=fashion-mae&seed={index}&ratio=0.5", file, "image/png", ["Accept: image/png"]), (
        lambda body: body == picture)
    yield name, post("/v1/compare", json.dumps({"a": text, "b": uri(other)}).encode()), (
        lambda body: abs(json.loads(body)["cosine"] - cosine) < 1e-6)
    yield name, b"GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", lambda body: FIRST in body.decode()


def refused(files, rng):
    """(name, request, which status is right)."""
    file = files[0]
    cut, noise = file[: len(file) // 2], rng.randbytes(500)
    yield "cut", post("/v1/classify", cut, "image/png"), (400, 415)
    yield "noise", post("/v1/embed", noise, "image/jpeg"), (400, 415)
    yield "no JSON", post("/v1/embeddings", b'{"input": '), (400,)
    yield "no image", post("/v1/embeddings", json.dumps({"model": FIRST, "input": "!"}).encode()), (400,)
    yield "no such path", post("/v1/nothing", b"{}"), (404,)
    yield "no such method", b"DELETE /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", (405,)
    yield "no such model", post("/v1/classify?model=nobody", file, "image/png"), (400, 404)
    yield "no such parameter", post("/v1/classify?shades=3", file, "image/png"), (400,)
    yield "no such range", post("/v1/classify?top_k=0", file, "image/png"), (400,)
    yield "no such type", post("/v1/classify", file, "text/html"), (400,)
    yield "no such answer", post("/v1/classify", file, "image/png", ["Accept: image/png"]), (400,)
    yield "no decoder", post("/v1/reconstruct?model=fashion-vit", file, "image/png"), (400,)
    yield "no end of a form", post("/v1/classify", b"--b\r\nContent-Disposition: form-data", "multipart/form-data; boundary=b"), (400,)
    yield "from elsewhere", post("/v1/classify", file, "image/png", ["Origin: http://elsewhere.invalid"]), (403,)


async def crowd(address, cases):
    wrong, answered = [], 0

    async def one(part):
        nonlocal answered
        reader, writer = await asyncio.open_connection(*address)
        for name, request, right in part:
            if writer.is_closing() or reader.at_eof():
                reader, writer = await asyncio.open_connection(*address)
            writer.write(request)
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 120)
            status = int(head.split(b" ", 2)[1])
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            body = await reader.readexactly(length)
            answered += 1
            holds = status == 200 and right(body) if callable(right) else status in right
            if not holds:
                wrong.append((name, head[:60] + body))
            if b"connection: close" in head.lower():
                writer.close()
        writer.close()

    await asyncio.gather(*(one(cases[turn::CROWD]) for turn in range(CROWD)))
    return wrong, answered


if __name__ == "__main__":
    main()
