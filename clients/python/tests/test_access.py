"""TLS and the token, against a live server with both."""

import asyncio
import json
import socket
import ssl
import subprocess
from types import SimpleNamespace

import pytest
import unmask
from conftest import Server, program

TOKEN = "0123456789abcdefghijklmnopqrstuvwxyz"


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    """A server on TCP with a certificate that signs itself, and a token."""
    folder = tmp_path_factory.mktemp("secure")
    certificate, key, token = folder / "certificate.pem", folder / "key.pem", folder / "token"
    token.write_text(TOKEN + "\n")
    token.chmod(0o600)
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*made, *names, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    files = ["--token-file", token, "--tls-certificate", certificate, "--tls-key", key]
    server = Server(folder, "--tcp", f"localhost:{port}", *files)
    yield SimpleNamespace(address=f"localhost:{port}", certificate=certificate, token=token)
    server.stop()


def test_a_token_gives_the_right_to_administer(secure):
    with unmask.Client(secure.address, tls=secure.certificate, token=TOKEN) as client:
        assert client.hello()["admin"] is True
        assert client.log_level()["level"]
    with unmask.Client(secure.address, tls=secure.certificate) as client:
        assert client.hello()["admin"] is False
        with pytest.raises(unmask.Unauthorized):
            client.log_level()
    with unmask.Client(secure.address, tls=secure.certificate, token="x" * 36) as client:
        with pytest.raises(unmask.Unauthorized):
            client.hello()


def test_the_asynchronous_client_too(secure, samples):
    async def embed():
        async with unmask.AsyncClient(secure.address, tls=secure.certificate, token=TOKEN) as client:
            return (await client.hello())["admin"], (await client.embed(samples)).array().shape

    assert asyncio.run(embed()) == (True, (10, 128))


def test_a_certificate_that_is_not_trusted_is_refused(secure):
    no_retries = unmask.RetryPolicy(repetitions=0)
    with unmask.Client(secure.address, tls=True, retry=no_retries) as client:
        with pytest.raises(unmask.ConnectionFailed, match="certificate"):
            client.hello()
    host, port = secure.address.split(":")
    other_name = unmask.TCPAddress("127.0.0.1", int(port))
    context = ssl.create_default_context(cafile=secure.certificate)
    with unmask.Client(other_name, tls=context, retry=no_retries) as client, pytest.raises(unmask.ConnectionFailed):
        client.hello()


def test_the_command_line_too(secure):
    where = ["--tcp", secure.address, "--tls-ca", secure.certificate]
    command = [program(), "call", "hello", *where, "--token-file", secure.token]
    assert json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["admin"] is True
    load = [program(), "bench", "serve", "--json", "--method", "log_level", "--params", "{}", "--count", "20"]
    report = json.loads(subprocess.run([*load, *where, "--token-file", secure.token], capture_output=True).stdout)
    assert report["answered"] == 20
    report = json.loads(subprocess.run([*load, *where], capture_output=True).stdout)
    assert list(report["refused"]) == ["unauthorized"]
    untrusted = subprocess.run([program(), "call", "hello", "--tcp", secure.address, "--tls"], capture_output=True)
    assert untrusted.returncode == 2 and b"error" in untrusted.stderr
