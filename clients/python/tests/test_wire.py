"""Lines and frames without a socket, and the closed lists."""

import json

import pytest
import schemas
import unmask
from jsonschema import ValidationError
from unmask import _errors
from unmask._wire import ReplyReader, encode_request


def wire(id, frames):
    line = {"id": id, "result": {"results": [{"embedding": {"frame": i}} for i in range(len(frames))]}}
    return json.dumps(line | {"bytes": [len(frame) for frame in frames]}).encode() + b"\n" + b"".join(frames)


@pytest.mark.parametrize("size", [1, 2, 5, 7, 64, 10_000])
def test_answers_survive_any_slicing(size):
    frames = [[b"\n{}\n", b""], [b"x" * 300], [b"\x00\xff" * 9, b"\n", b"}"]]
    stream = b"".join(wire(id, list_) for id, list_ in enumerate(frames)) + b'{"id":"s","result":{}}\r\n'
    reader, replies = ReplyReader(1 << 20), []
    for start in range(0, len(stream), size):
        replies += reader.feed(stream[start : start + size])
    assert [reply.id for reply in replies] == [0, 1, 2, "s"]
    assert [list(reply.frames) for reply in replies] == [*frames, []]


def test_a_reply_may_not_be_larger_than_agreed():
    with pytest.raises(unmask.ProtocolError):
        ReplyReader(100).feed(wire(1, [b"x" * 101]))
    with pytest.raises(unmask.ProtocolError):
        ReplyReader(100).feed(b" " * 101)


def test_requests_are_one_line_and_their_frames():
    line, *frames = encode_request(7, "embed", {"text": "a\nb"}, [b"12", memoryview(b"345")])
    assert line.count(b"\n") == 1 and line.endswith(b"\n")
    assert json.loads(line) == {"id": 7, "method": "embed", "params": {"text": "a\nb"}, "bytes": [2, 3]}
    assert b"".join(frames) == b"12345"


def test_every_error_type_has_its_exception():
    assert sorted(_errors.BY_TYPE) == sorted(schemas.error_types())
    error = _errors.service_error({"type": "of_tomorrow", "code": 1, "message": "?"})
    assert type(error) is unmask.ServiceError and error.type == "of_tomorrow"


def test_every_method_has_one_of_both_clients():
    names = {
        "index.search": "search",
        "index.info": "indexes",
        "index.add": "add",
        "index.delete": "delete",
        "index.picture": "picture",
        "index.map": "map",
        "head.load": "load_head",
        "head.unload": "unload_head",
    }
    for method in set(schemas.methods()) - {"cancel"}:  # a pending reply's, a task's
        method = names.get(method, method)
        assert hasattr(unmask.Client, method) and hasattr(unmask.AsyncClient, method)


@pytest.mark.parametrize(
    "request_",
    [
        {"method": "embed", "params": {}},
        {"method": "embed", "params": {"images": [{"frame": 0, "path": "x"}]}},
        {"method": "nope"},
        {"method": "health", "params": {"verbose": True}},
        {"id": True, "method": "health"},
        {"method": "embed", "params": {"images": [{"pixels": {"frame": 0}}]}},
    ],
)
def test_the_schemas_refuse(request_):
    with pytest.raises(ValidationError):
        schemas.check_request(request_)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("/tmp/s", unmask.UnixAddress("/tmp/s")),
        ("localhost:7700", unmask.TCPAddress("localhost", 7700)),
        ("[::1]:80", unmask.TCPAddress("::1", 80)),
        ("localhost", None),
        ("localhost:0", None),
        (":80", None),
    ],
)
def test_addresses(text, address):
    if address is None:
        with pytest.raises(ValueError, match="expected HOST:PORT"):
            unmask.Client(text)
    else:
        assert unmask.Client(text).address == address
