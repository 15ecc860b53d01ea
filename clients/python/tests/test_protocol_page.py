"""The examples of docs/protocol.md, as they stand there, but for the places where the server listens."""

import json
import re
import socket
import subprocess
import sys
import time

import pytest
from conftest import ROOT, program

PAGE = (ROOT / "docs/protocol.md").read_text()
TRY = PAGE[PAGE.index("## Try it") : PAGE.index("## Lines and frames")]
SERVE, SHELL = re.findall(r"```sh\n(.*?)```", TRY, re.S)
(PYTHON,) = re.findall(r"```python\n(.*?)```", TRY, re.S)


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """Runs the page's own server; gives what turns the page's places into this server's."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    path = str(tmp_path_factory.mktemp("page") / "socket")

    def moved(text):
        return text.replace("/tmp/unmask.sock", path).replace("7007", port)

    command = ["bash", "-c", "exec " + moved(SERVE).replace("unmask", program(), 1)]
    server = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 600
    while socket.socket(socket.AF_UNIX).connect_ex(path) != 0:
        assert server.poll() is None and time.monotonic() < end, "the server did not start"
        time.sleep(0.02)
    yield moved
    server.terminate()
    server.wait(600)


def test_the_shell_examples(here):
    output = subprocess.run(
        ["bash", "-ec", here(SHELL)], cwd=ROOT, stdout=subprocess.PIPE, timeout=600, check=True
    ).stdout
    hello, embed, classify = (json.loads(line)["result"] for line in output.splitlines())
    assert hello["server"] == "unmask"
    assert embed["failed"] == 0 and len(embed["results"][0]["embedding"]) == embed["results"][0]["shape"][0]
    assert classify["results"][0]["labels"][0]["label"] == "Bag"


def test_the_python_example(here):
    output = subprocess.run(
        [sys.executable, "-c", here(PYTHON)], cwd=ROOT, stdout=subprocess.PIPE, timeout=600, check=True
    ).stdout
    assert re.fullmatch(rb"\{'model'.*\} \((-?[0-9.e-]+, ){3}-?[0-9.e-]+\)\n", output), output
