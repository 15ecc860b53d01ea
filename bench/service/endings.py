"""kill -9 in the middle of work leaves a socket file behind: the next server must start cleanly on it. SIGTERM under
load: every request that was accepted must be answered, and the process must end by itself with 0."""

import json
import os
import signal
import socket
import tempfile
import threading
import time

from harness import SAMPLES, Server, Trial, load, options

CONNECTIONS = 8


def main():
    o = options(__doc__)
    trial = Trial("kill -9, and SIGTERM under load", o)
    with tempfile.TemporaryDirectory(prefix="unmask-") as folder:
        path = folder + "/socket"
        with Server(o, path=path) as server:
            talkers = talk(path, server)
            time.sleep(1)
            os.killpg(server.process.pid, signal.SIGKILL)
            server.process.wait()
            for talker in talkers:
                talker.join()
        trial.figure("answered before kill -9", sum(len(talker.answers) for talker in talkers))
        trial.check("the socket file is left behind", os.path.exists(path))
        with Server(o, path=path) as server:
            trial.figure("start on the socket file that was left behind", server.seconds_to_start, "s")
            again = load(o, server, "--image", SAMPLES, "--count", 100, "--warm-up", 0)
            trial.check("the next server answers", again["answered"] == 100)

            talkers = talk(path, server)
            time.sleep(1)
            told = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            code = server.process.wait(40)
            took = time.monotonic() - told
            for talker in talkers:
                talker.join()
        report(trial, talkers, told, code, took)
        trial.check("the socket file is gone", not os.path.exists(path))
    trial.finish()


def report(trial, talkers, told, code, took):
    # What was written a moment before the signal was in the server's hands when it came.
    accepted = [(talker, id) for talker in talkers for id, sent in talker.sent.items() if sent < told - 0.05]
    later = [(talker, id) for talker in talkers for id, sent in talker.sent.items() if sent >= told - 0.05]
    found = [talker.answers.get(id, []) for talker, id in accepted]
    trial.figure("accepted before SIGTERM", len(accepted))
    trial.figure("sent later: answered, refused, cut off", tally(later))
    trial.figure("from SIGTERM to the end", took, "s")
    trial.check("every accepted request has exactly one answer", all(len(answers) == 1 for answers in found))
    trial.check("and it is a result", all(answers == ["result"] for answers in found))
    trial.check("later ones have at most one, a result or shutting_down", all(
        talker.answers.get(id, []) in ([], ["result"], ["shutting_down"]) for talker, id in later))  # fmt: skip
    trial.check("exit code 0", code == 0)


def tally(requests):
    answers = [talker.answers.get(id, ["cut off"])[0] for talker, id in requests]
    return [answers.count(kind) for kind in ("result", "shutting_down", "cut off")]


def talk(path, server):
    talkers = [Talker(path) for _ in range(CONNECTIONS)]
    for talker in talkers:
        talker.start()
    return talkers


class Talker(threading.Thread):
    """Sends without pause, up to eight requests under way, until the connection ends. Remembers when each was sent and
    everything that was answered."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.sent, self.answers = {}, {}
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.connect(path)
        self._image = next(iter(sorted(SAMPLES.glob("*.png")))).read_bytes()
        self._room = threading.Semaphore(8)

    def run(self):
        threading.Thread(target=self._send, daemon=True).start()
        try:
            with self._connection.makefile("rb") as stream:
                for line in stream:
                    answer = json.loads(line)
                    stream.read(sum(answer.get("bytes", [])))
                    kind = "result" if "result" in answer else answer["error"]["type"]
                    self.answers.setdefault(answer["id"], []).append(kind)
                    self._room.release()
        except OSError:
            pass  # killed
        self._room.release()
        self._connection.close()

    def _send(self):
        id = 0
        params = {"images": [{"frame": 0}], "encoding": "frame"}
        while True:
            self._room.acquire()
            id += 1
            line = json.dumps({"id": id, "method": "embed", "params": params, "bytes": [len(self._image)]})
            try:
                self._connection.sendall(line.encode() + b"\n" + self._image)
            except OSError:
                return
            self.sent[id] = time.monotonic()


if __name__ == "__main__":
    main()
