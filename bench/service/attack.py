"""Eight attacks on a server that serves honest clients meanwhile: what they still get of the throughput that they had,
whether everything that was asked has an answer, and whether the memory comes back.

    python bench/service/attack.py                       all
    python bench/service/attack.py --only bombs probes   some
"""

import contextlib
import http.client
import os
import resource
import shutil
import socket
import subprocess
import threading
import time

from bombs import bombs
from harness import FILES, SAMPLES, SMALL_MODEL, Server, Trial, load, mebibytes, options  # finds the client, too

import unmask  # isort: skip

SHARE = 0.8  # of the throughput before, where an attack is not entitled to some of the engine
SILENT = 4200


def main():
    o = options(__doc__, lambda p: p.add_argument("--only", nargs="+", choices=list(ATTACKS), default=list(ATTACKS)))
    trial = Trial("attacks on a server at work", o)
    for name in o.only:
        ATTACKS[name](o, trial)
    trial.finish()


# What is asked while an attack goes on.


class Attackers:
    """Threads that do one thing over and over, each with a client of its own, and count what becomes of it."""

    def __init__(self, o, *works, every=0.0):
        self.answers, self._lock, self._ended = {}, threading.Lock(), threading.Event()
        self._began, self._processor = 0.0, 0.0
        self._threads = [threading.Thread(target=self._run, args=(work, every), daemon=True) for work in works]

    def _run(self, work, every):
        while not self._ended.is_set():
            try:
                kinds = work()
            except unmask.UnmaskError as error:
                kinds = [type(error).__name__]
            except OSError as error:
                kinds = [f"no answer: {type(error).__name__}"]
            with self._lock:
                for kind in kinds:
                    self.answers[kind] = self.answers.get(kind, 0) + 1
            if self._ended.wait(every):
                return

    @property
    def own_share(self):
        """Of all processors' time since the attack began: what the attackers themselves take, on this same machine."""
        seconds = (time.monotonic() - self._began) * len(os.sched_getaffinity(0))
        return (time.process_time() - self._processor) / seconds

    def __enter__(self):
        self._began, self._processor = time.monotonic(), time.process_time()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        for thread in self._threads:
            thread.join(60)
        self.hanging = sum(thread.is_alive() for thread in self._threads)

    @property
    def unanswered(self):
        lost = ("no answer", "ConnectionFailed", "CallTimeout", "ProtocolError")
        return self.hanging + sum(count for kind, count in self.answers.items() if kind.startswith(lost))


def kinds(reply):
    """What became of each image of an answer."""
    return [item["error"]["type"] if "error" in item else "done" for item in reply.unwrap()["results"]]


def honest(o, server, seconds):
    """Small images over eight connections that are opened anew."""
    arguments = ["--image", SAMPLES, "--connections", 8, "--in-flight", 4, "--duration", seconds, "--patience", 20]
    try:
        return load(o, server, *arguments)
    except SystemExit:  # nobody answers
        return {"images_per_s": 0.0, "lost": 1, "unexpected": 0, "refused": {}, "latency_ms": {"p99": 0.0}}


def measure(o, trial, name, server, attack, share=SHARE, before=None):
    """Honest clients before, during and after an attack, a context that gives `Attackers` or nothing. The machine's speed
    drifts, so that what they had without it is the mean of before and after; where `before` was measured on another server,
    what hurts this one does not end, and it alone is that."""
    seconds = o.seconds or 6
    elsewhere = before is not None
    before = before or honest(o, server, seconds)
    resident = server.resident()
    with attack as attackers:
        time.sleep(0.5)
        during = honest(o, server, seconds)
        at_worst = server.resident() if server.process.poll() is None else 0
        own = attackers.own_share if attackers else 0.0
    alive = server.process.poll() is None
    trial.check(f"{name}: the server lives", alive)
    afterwards = settled(server, resident) if alive else 0
    after = honest(o, server, seconds)
    runs = (before, during, after)
    trial.figure(f"{name}: honest before, during, after", [run["images_per_s"] for run in runs], "images/s")
    trial.figure(f"{name}: honest p99 before, during, after", [run["latency_ms"]["p99"] for run in runs], "ms")
    if attackers:
        trial.figure(f"{name}: what became of the attack", attackers.answers)
        trial.check(f"{name}: everything that was asked has an answer", attackers.answers and not attackers.unanswered)
    without = [before] if elsewhere or not alive else [before, after]
    kept = during["images_per_s"] / max(sum(run["images_per_s"] for run in without) / len(without), 1e-9)
    trial.figure(f"{name}: share that is kept", kept)
    trial.figure(f"{name}: the attackers' own share of the processors", own)
    # What they compute would be another machine's work; what they make the server do is not.
    trial.check(f"{name}: honest clients keep {share:.0%} of what the attackers leave", kept >= share * (1 - own))
    trial.check(f"{name}: honest clients lose nothing", during["lost"] == during["unexpected"] == 0)
    if alive:
        trial.figure(f"{name}: memory before, at the end, after", [mebibytes(b) for b in (resident, at_worst, afterwards)], "MiB")
        trial.check(f"{name}: memory comes back", afterwards <= 1.25 * resident + 2**25)
        trial.check(f"{name}: afterwards it serves", after["lost"] == 0)


def settled(server, resident):
    """The memory when it has come back, or after the half minute that an idle server takes to give it back."""
    end = time.monotonic() + 45
    while server.resident() > 1.25 * resident + 2**25 and time.monotonic() < end:
        time.sleep(0.5)
    return server.resident()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# The attacks.


def image_bombs(o, trial):
    def attacker(name, data):
        client = unmask.Client(server.path)
        return lambda: kinds(client.call("embed", {"images": [{"frame": 0}]}, [data], timeout=120))

    with Server(o) as server:
        attack = Attackers(o, *[attacker(*bomb) for bomb in bombs().items()])
        measure(o, trial, "bombs", server, attack)


def silent_connections(o, trial):
    """Whoever connects and says nothing takes no place from those who ask, on any of the doors."""
    ports = {"http": free_port(), "tcp": free_port()}

    @contextlib.contextmanager
    def silence(path):
        opened = []
        for port in (ports["http"], None):
            for index in range(SILENT):
                connection = socket.socket(socket.AF_INET if port or index % 2 else socket.AF_UNIX)
                connection.setblocking(False)
                with contextlib.suppress(OSError):
                    connection.connect(("127.0.0.1", port or ports["tcp"]) if port or index % 2 else path)
                opened.append(connection)
                if index % 100 == 0:
                    time.sleep(0.01)  # room in the backlog
        try:
            yield None
            started = time.monotonic()
            trial.check("silence: /healthz answers meanwhile", probe(ports["http"], "/healthz") == 200)
            trial.figure("silence: /healthz took", time.monotonic() - started, "s")
        finally:
            for connection in opened:
                connection.close()

    with Server(o, "--http", f"127.0.0.1:{ports['http']}", "--tcp", f"127.0.0.1:{ports['tcp']}") as server:
        measure(o, trial, "silence", server, silence(server.path))


def probe(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()


def full_log(o, trial):
    """Nobody reads the log, or nothing can be written to it: a line each request."""
    detailed = ["--log-level", "debug"]
    with Server(o, *detailed) as server:
        before = honest(o, server, o.seconds or 6)
    unread, written = os.pipe()
    full = os.open("/dev/full", os.O_WRONLY)
    for name, log in [("an unread log", written), ("a full disk", full)]:
        with Server(o, *detailed, log=log) as server:
            measure(o, trial, name, server, contextlib.nullcontext(), before=before)
    for descriptor in (unread, written, full):
        os.close(descriptor)


def shrinking_model(o, trial):
    """A model's file is cut short and written again while it is read again and again."""
    FILES.mkdir(parents=True, exist_ok=True)
    path = FILES / "shrinking.safetensors"
    shutil.copy(SMALL_MODEL, path)
    whole = SMALL_MODEL.read_bytes()

    def shrink():
        with open(path, "r+b") as file:
            file.truncate(len(whole) // 3)
            time.sleep(0.01)
            file.seek(0)
            file.write(whole)
        return []

    def reload():
        client.call("load", {"name": "shrinking", "path": str(path)}, timeout=60)
        return ["loaded"]

    with Server(o, "--model", f"shrinking={path}") as server:
        client = unmask.Client(server.path)
        # Loading is work that its owner asks for: it may have a processor.
        measure(o, trial, "a shrinking model", server, Attackers(o, shrink, reload, every=0.05), share=0.5)


def no_memory(o, trial):
    """An address space that ends soon: what does not fit is refused, and nothing dies of it."""

    @contextlib.contextmanager
    def walled(server, attackers):
        pid = server.process.pid
        used = int(open(f"/proc/{pid}/statm").read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.prlimit(pid, resource.RLIMIT_AS, (used + 2**26, resource.RLIM_INFINITY))
        try:
            with attackers:
                yield attackers
        finally:
            resource.prlimit(pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def attacker():
        import io

        from PIL import Image

        file = io.BytesIO()
        Image.radial_gradient("L").resize((6000, 5000)).convert("RGB").save(file, "PNG", compress_level=1)
        client, data = unmask.Client(server.path), file.getvalue()
        return lambda: kinds(client.call("embed", {"images": [{"frame": 0}]}, [data], timeout=120))

    with Server(o) as server:
        attackers = Attackers(o, attacker(), attacker(), every=0.2)
        # Images of 30 megapixels that do fit are work like any other.
        measure(o, trial, "no memory", server, walled(server, attackers), share=0.4)


@contextlib.contextmanager
def flood(o, server, *where):
    """All that `bench serve` can ask at priority high."""
    command = [o.unmask, "bench", "serve", "--image", str(SAMPLES), "--params", '{"encoding":"frame","priority":"high"}']
    command += ["--connections", "16", "--in-flight", "4", "--images-per-request", "8", "--duration", "600", *where]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield None
    finally:
        process.kill()
        process.wait()


def priority_flood(o, trial):
    """Whoever may state high has 16 parts of 20 beside those who state nothing; who may not is refused."""
    port = free_port()
    with Server(o, "--tcp", f"127.0.0.1:{port}") as server:
        measure(o, trial, "a flood of high by the owner", server, flood(o, server, "--socket", server.path), share=0.12)

        def stranger():
            client.call("embed", {"images": [{"frame": 0}], "priority": "high"}, [sample], timeout=60)
            return ["done"]

        client, sample = unmask.Client(f"127.0.0.1:{port}"), next(SAMPLES.glob("*.png")).read_bytes()
        attack = Attackers(o, *[stranger] * 4, every=0.005)
        measure(o, trial, "high by a stranger", server, attack)
        trial.check("high by a stranger: is refused by name", set(attack.answers) == {"Unauthorized"})


def probes(o, trial):
    """`ready` and /readyz without a pause, with several models."""
    port = free_port()
    models = [part for index in range(4) for part in ("--model", f"model{index}={SMALL_MODEL}")]
    with Server(o, *models, "--http", f"127.0.0.1:{port}") as server:
        client = unmask.Client(server.path)

        def ready():
            return ["ready" if client.ready()["ready"] else "not ready"]

        def readyz():
            status = probe(port, "/readyz")
            return [f"/readyz {status}" if status else "no answer: /readyz"]

        attack = Attackers(o, *[ready, readyz] * 3, every=0.01)
        measure(o, trial, "probes", server, attack)
        trial.check("probes: it was ready all the time", set(attack.answers) == {"ready", "/readyz 200"})


def big_model(o, trial):
    """A model of 340 MB is loaded and unloaded while another one serves."""
    from vit_b_16 import checkpoint

    path = checkpoint(o)
    with Server(o) as server:
        client = unmask.Client(server.path)

        def turn():
            client.call("load", {"name": "big", "path": str(path)}, timeout=120)
            client.call("unload", {"name": "big", "forget": True}, timeout=120)
            return ["loaded"]

        measure(o, trial, "loading a big model", server, Attackers(o, turn))


ATTACKS = {
    "bombs": image_bombs,
    "silence": silent_connections,
    "log": full_log,
    "shrinking": shrinking_model,
    "memory": no_memory,
    "priority": priority_flood,
    "probes": probes,
    "loading": big_model,
}

if __name__ == "__main__":
    main()
