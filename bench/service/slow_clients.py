"""2,000 idle connections and 200 that trickle a byte a second: the others must not notice, and a connection must cost
little memory."""

import socket
import threading

from harness import SAMPLES, Server, Trial, load, mebibytes, options

IDLE, SLOW = 2000, 200
REQUEST = b'{"id":1,"method":"embed","params":{"images":[{"path":"some/where/on/this/machine.jpg"}]}}\n'


def main():
    o = options(__doc__)
    trial = Trial("2,000 idle connections and 200 slow ones", o)
    seconds = o.seconds or 15
    with Server(o) as server:
        capacity = load(o, server, "--image", SAMPLES, "--connections", 8, "--in-flight", 4, "--duration", 4)
        others = ["--image", SAMPLES, "--rate", capacity["requests_per_s"] / 3, "--connections", 8]
        alone = load(o, server, *others, "--duration", seconds)
        resident = server.resident()
        idle = [connect(server.path) for _ in range(IDLE)]
        settle(o, server)
        with_idle = server.resident()
        slow = [connect(server.path) for _ in range(SLOW)]
        ended = threading.Event()
        threading.Thread(target=trickle, args=(slow, ended), daemon=True).start()
        crowded = load(o, server, *others, "--duration", seconds)
        with_slow = server.resident()
        ended.set()
        served = alive(idle[0]) and alive(idle[-1])
        for connection in idle + slow:
            connection.close()
        afterwards = load(o, server, *others, "--duration", 3)
    trial.figure("others alone: p50, p99", quantiles(alone), "ms")
    trial.figure("others in the crowd: p50, p99", quantiles(crowded), "ms")
    trial.figure("memory of an idle connection", (with_idle - resident) / IDLE / 1024, "KiB")
    trial.figure("memory: alone, with idle, with slow", [mebibytes(b) for b in (resident, with_idle, with_slow)], "MiB")
    trial.check("others lose nothing and are refused nothing", crowded["lost"] == 0 and not crowded["refused"])
    trial.check("others' throughput within 2 %", crowded["requests_per_s"] >= 0.98 * alone["requests_per_s"])
    trial.check("others' p50 within 1.25 times", crowded["latency_ms"]["p50"] <= 1.25 * alone["latency_ms"]["p50"])
    trial.check("others' p99 within 1.5 times + 2 ms", crowded["latency_ms"]["p99"] <= 1.5 * alone["latency_ms"]["p99"] + 2)
    trial.check("an idle connection costs at most 32 KiB", (with_idle - resident) / IDLE <= 32 * 1024)
    trial.check("idle connections are served when they ask", served)
    trial.check("the server goes on when they have all gone", afterwards["lost"] == 0 and not afterwards["refused"])
    trial.finish()


def connect(path):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)  # waits for room where the server has yet to accept the ones before
    connection.settimeout(10)
    return connection


def settle(o, server):
    """All connections have been accepted when a later one is answered."""
    load(o, server, "--method", "health", "--params", "{}", "--count", 10, "--warm-up", 0.5)


def trickle(connections, ended):
    sent = 0
    while not ended.wait(1):
        for connection in connections:
            try:
                connection.sendall(REQUEST[sent % len(REQUEST) :][:1])
            except OSError:
                pass  # dropped in time, as it should be
        sent += 1


def alive(connection):
    connection.sendall(b'{"id":1,"method":"health"}\n')
    return b'"status":"ok"' in connection.recv(4096)


def quantiles(result):
    return [result["latency_ms"]["p50"], result["latency_ms"]["p99"]]


if __name__ == "__main__":
    main()
