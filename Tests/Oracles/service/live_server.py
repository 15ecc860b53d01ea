"""A live `unmask serve` with an HTTP port, for as long as a check needs it."""

import contextlib
import subprocess
import tempfile
import time
import urllib.error
import urllib.request


@contextlib.contextmanager
def serving(unmask, models, address, *options):
    """Serves on an address of all machines or of this one; it has to end well."""
    with tempfile.TemporaryDirectory() as folder:
        named = [part for model in models for part in ("--model", model)]
        server = subprocess.Popen(
            [unmask, "serve", *named, "--socket", f"{folder}/socket", "--http", address, *options],
            stderr=subprocess.DEVNULL)
        try:
            _wait_until_ready(server, address.replace("0.0.0.0", "127.0.0.1"))
            yield
        finally:
            server.terminate()
            assert server.wait(60) == 0, "the server did not end well"


def _wait_until_ready(server, address):
    for _ in range(300):
        assert server.poll() is None, "the server ended"
        try:
            return urllib.request.urlopen(f"http://{address}/readyz")
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise AssertionError("the server did not become ready")
