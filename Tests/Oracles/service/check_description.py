"""Asks a live `unmask serve --http` what its own OpenAPI document allows and much that it does not, by schemathesis.

check_description.py UNMASK [SEED]: every answer has to have a status, a type and a form that the document states, none may be
a fault of the server's, and a method that a path does not take is refused as HTTP has it. What is right by its form may
still be wrong (base64 that is no image), and some of what the document does not have is taken (forms of images that other
APIs' clients send), so neither is asked for. With SAMPLE in the environment it asks less.
"""

import os
import pathlib
import secrets
import subprocess
import sys
import tempfile

from live_server import serving

MODELS = [pathlib.Path(__file__).parents[3] / f"models/fashion-{kind}.safetensors" for kind in ("vit", "mae")]
ADDRESS = "127.0.0.1:17705"
CHECKS = [
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "unsupported_method",
]


def main(unmask, seed=None):
    with serving(unmask, MODELS, ADDRESS), tempfile.TemporaryDirectory() as folder:
        # That a server is busy, or a deadline of a millisecond passes, is no fault.
        pathlib.Path(folder, "schemathesis.toml").write_text(
            'checks.not_a_server_error.expected-statuses = ["2xx", "4xx", "503", "504"]\n')
        phases = "fuzzing" if "SAMPLE" in os.environ else "examples,coverage,fuzzing"
        command = [
            pathlib.Path(sys.executable).with_name("st"), "run", f"http://{ADDRESS}/openapi.json", "--checks", ",".join(CHECKS),
            "--phases", phases, "--max-examples", "30", "--seed", seed or str(secrets.randbelow(1 << 31)),
            # Nor is a machine that is slow at making questions.
            "--suppress-health-check", "all", "--request-timeout", "120", "--warnings", "off", "--no-color"]
        # It keeps a database of what it found where it is run.
        sys.exit(subprocess.run(command, cwd=folder).returncode)


main(*sys.argv[1:])
