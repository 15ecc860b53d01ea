"""A server that answers as a test tells it."""

import json
import socket
import tempfile
import threading


class ScriptedServer:
    """Calls `answer(message)` for every request and sends what it returns: an answer's members, None for no answer, or
    `ScriptedServer.HANG_UP`. `requests` is what came."""

    HANG_UP = object()

    def __init__(self, answer):
        self._folder = tempfile.TemporaryDirectory(prefix="unmask-")
        self.path = self._folder.name + "/socket"
        self.requests = []
        self._answer = answer
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.close()
        self._folder.cleanup()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client, client.makefile("rb") as stream:
            for line in stream:
                message = json.loads(line)
                for length in message.get("bytes", []):
                    stream.read(length)
                self.requests.append(message)
                answer = self._answer(message)
                if answer is self.HANG_UP:
                    client.shutdown(socket.SHUT_RDWR)
                    return
                if answer is not None:
                    client.sendall(json.dumps({"id": message.get("id")} | answer).encode() + b"\n")
