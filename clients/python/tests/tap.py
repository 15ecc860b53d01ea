"""A socket between client and server that holds every message that passes against the schemas."""

import json
import socket
import threading

import schemas


class Tap:
    """Listens at `path` and passes everything on to `target`, unchanged. `problems` is what did not fit; `methods` and
    `error_types` are what has been seen."""

    def __init__(self, path, target):
        self.path, self.target = path, target
        self.problems, self.methods, self.error_types = [], set(), set()
        self.is_strict = True  # off where a test sends what the schemas forbid
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self.target)
            asked = {}
            for source, sink, check in ((client, server, self._request), (server, client, self._answer)):
                threading.Thread(target=self._pass_on, args=(source, sink, check, asked), daemon=True).start()

    def _pass_on(self, source, sink, check, asked):
        try:
            with source.makefile("rb") as stream:
                for line in stream:
                    message = json.loads(line)
                    frames = [stream.read(length) for length in message.get("bytes", [])]
                    check(message, asked)
                    sink.sendall(line + b"".join(frames))
        except (OSError, ValueError) as problem:
            if not isinstance(problem, OSError):
                self.problems.append(problem)
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _request(self, message, asked):
        if "id" in message:
            asked[message["id"]] = message["method"]
        self.methods.add(message["method"])
        if self.is_strict:
            self._check(schemas.check_request, message)

    def _answer(self, message, asked):
        self.error_types |= _error_types(message)
        self._check(schemas.check_answer, message, asked.pop(message["id"], None))

    def _check(self, check, *message):
        try:
            check(*message)
        except Exception as problem:  # whatever it is, the test that sent it is to fail
            self.problems.append(problem)


def _error_types(message):
    items = message.get("result", {}).get("results", [])
    return {item["error"]["type"] for item in [message, *items] if "error" in item}
