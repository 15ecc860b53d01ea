"""Speaks the Open Inference Protocol to a live `unmask serve --http` with Triton's own client, and as curl would.

check_v2.py UNMASK: tensors must equal the answers of the line protocol to the bit. Versions are in requirements.txt.
"""

import base64
import json
import pathlib
import struct
import sys
import urllib.error
import urllib.request

import numpy as np
from live_server import serving
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException

ROOT = pathlib.Path(__file__).parents[3]
MODELS = [ROOT / f"models/fashion-{kind}.safetensors" for kind in ("vit", "mae")]
IMAGES = [path.read_bytes() for path in sorted((ROOT / "models/samples").glob("*.png"))]
ADDRESS = "127.0.0.1:17706"
VIT, MAE = "fashion-vit", "fashion-mae"


def ask(method, **params):
    """The line protocol's own answer."""
    sizes = [len(image) for image in IMAGES]
    params = {"images": [{"frame": index} for index in range(len(IMAGES))]} | params
    line = json.dumps({"id": 1, "method": method, "params": params, "bytes": sizes}).encode()
    body = line + b"\n" + b"".join(IMAGES)
    answer = json.load(urllib.request.urlopen(urllib.request.Request(f"http://{ADDRESS}/rpc", body)))
    return answer["result"]


def vectors(**params):
    return np.float32([
        np.float32(item["embedding"]).reshape(item["shape"]) for item in ask("embed", **params)["results"]])


def scores(**params):
    """Of every class, in their order."""
    found = [sorted(item["labels"], key=lambda label: label["index"]) for item in ask("classify", **params)["results"]]
    member = "logit" if params.get("scores") == "logits" else "probability"
    return np.float32([[label[member] for label in labels] for labels in found])


def post(path, body, headers=()):
    request = urllib.request.Request(f"http://{ADDRESS}{path}", body, dict(headers))
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def encoded(binary=True, images=IMAGES):
    elements = images if binary else [base64.b64encode(image) for image in images]
    tensor = InferInput("image", [len(images)], "BYTES")
    return tensor.set_data_from_numpy(np.array(elements, dtype=object), binary_data=binary)


def check_server(client):
    assert client.is_server_live() and client.is_server_ready()
    server = client.get_server_metadata()
    assert server["name"] == "unmask" and "binary_tensor_data" in server["extensions"], server
    index = client.get_model_repository_index()
    assert [(entry["name"], entry["state"]) for entry in index] == [(VIT, "READY"), (MAE, "READY")], index
    for version in ("", "1"):
        assert client.is_model_ready(VIT, version) and not client.is_model_ready("other", version)
        model = client.get_model_metadata(VIT, version)
        assert model["versions"] == ["1"] and [tensor["name"] for tensor in model["inputs"]] == ["image", "pixels"]
        assert model["inputs"][1]["shape"][0] == -1 and model["inputs"][1]["datatype"] == "UINT8"
        shapes = {tensor["name"]: tensor["shape"] for tensor in model["outputs"]}
        assert shapes == {"embedding": [-1, vectors(model=VIT).shape[1]], "scores": [-1, 10]}, shapes
        config = client.get_model_config(VIT, version)
        assert config["max_batch_size"] > 0 and [tensor["name"] for tensor in config["output"]] == list(shapes)
    assert [tensor["name"] for tensor in client.get_model_metadata(MAE)["outputs"]] == ["embedding"]
    assert not client.is_model_ready(VIT, "2")


def check_tensors(client):
    """Every way in and out: as JSON and as bytes, compressed or not."""
    expected = {
        "embedding": vectors(model=VIT), "scores": scores(model=VIT, top_k=10), "tokens": vectors(model=VIT, pooling="tokens")}
    for binary_in in (True, False):
        for binary_out in (True, False):
            for coding in (None, "gzip", "deflate"):
                outputs = [InferRequestedOutput(name, binary_data=binary_out) for name in expected]
                answer = client.infer(
                    VIT, [encoded(binary_in)], outputs=outputs, request_id="7", model_version="1",
                    request_compression_algorithm=coding)
                assert answer.get_response()["id"] == "7" and answer.get_response()["model_version"] == "1"
                for name, tensor in expected.items():
                    found = answer.as_numpy(name)
                    assert found.dtype == np.float32 and np.array_equal(found, tensor), (name, binary_in, binary_out, coding)
    plain = client.infer(VIT, [encoded()])
    assert [tensor["name"] for tensor in plain.get_response()["outputs"]] == ["embedding", "scores"]
    assert all(np.array_equal(plain.as_numpy(name), expected[name]) for name in ("embedding", "scores"))
    stamp = ask("embed", model=VIT)["stamp"]
    found = plain.get_output("embedding")["parameters"]
    assert {name: found[name] for name in stamp} == stamp, found
    return len(expected) * 12


def check_parameters(client):
    for name, parameters in [
        (VIT, {"normalize": True}), (VIT, {"pooling": "cls", "dimensions": 8}), (VIT, {"output": "blocks.0"}),
        (MAE, {"keep": 0.5, "seed": 3}),
    ]:
        answer = client.infer(
            name, [encoded()], outputs=[InferRequestedOutput("embedding")], parameters=parameters, timeout=60_000_000)
        assert np.array_equal(answer.as_numpy("embedding"), vectors(model=name, **parameters)), parameters
    answer = client.infer(VIT, [encoded()], outputs=[InferRequestedOutput("scores")], parameters={"scores": "logits"})
    assert np.array_equal(answer.as_numpy("scores"), scores(model=VIT, top_k=10, scores="logits"))


def check_classification(client):
    labels = [item["labels"] for item in ask("classify", model=VIT, top_k=3)["results"]]
    for binary in (True, False):
        answer = client.infer(
            VIT, [encoded()], outputs=[InferRequestedOutput("scores", binary_data=binary, class_count=3)])
        found = answer.as_numpy("scores")
        assert found.shape == (len(IMAGES), 3) and answer.get_output("scores")["datatype"] == "BYTES"
        for texts, best in zip(found, labels):
            for text, label in zip(texts, best):
                score, index, name = (text.decode() if isinstance(text, bytes) else text).split(":", 2)
                assert (np.float32(score), int(index), name) == (
                    np.float32(label["probability"]), label["index"], label["label"]), text


def check_pixels(client):
    size = client.get_model_metadata(VIT)["inputs"][1]["shape"][1:]
    pixels = np.random.default_rng(1).integers(0, 256, [3, *size], dtype=np.uint8)
    raw = [{"pixels": {"base64": base64.b64encode(image).decode()}, "shape": size} for image in pixels]
    expected = vectors(model=VIT, images=raw, recipe="none")
    for binary in (True, False):
        tensor = InferInput("pixels", list(pixels.shape), "UINT8")
        tensor.set_data_from_numpy(pixels, binary_data=binary)
        answer = client.infer(VIT, [tensor], outputs=[InferRequestedOutput("embedding")])
        assert np.array_equal(answer.as_numpy("embedding"), expected), binary
    nested = {"inputs": [{
        "name": "pixels", "datatype": "UINT8", "shape": list(pixels.shape), "data": pixels.tolist()}]}
    status, _, answer = post(f"/v2/models/{VIT}/infer", json.dumps(nested).encode())
    assert status == 200 and np.array_equal(np.float32(json.loads(answer)["outputs"][0]["data"]), expected.ravel())


def refused(says, act, *arguments, **options):
    try:
        act(*arguments, **options)
    except InferenceServerException as error:
        assert isinstance(error.message(), str) and says in error.message(), error
    else:
        raise AssertionError(f"taken: {says}")


def check_refusals(client):
    """What is not there is named, in the form that Triton's client reads."""
    embedding = [InferRequestedOutput("embedding")]
    damaged = [IMAGES[0], IMAGES[1][:200], IMAGES[2]]
    shared = InferInput("image", [1], "BYTES")
    shared.set_shared_memory("region", 100)
    cases = [
        ("\"other\"", client.infer, "other", [encoded()]),
        ("no version \"2\"", client.infer, VIT, [encoded()], "2"),
        ("\"embedding\", \"scores\", \"tokens\"", client.infer, VIT, [encoded()], "", [InferRequestedOutput("logits")]),
        ("image 1 of 3", client.infer, VIT, [encoded(images=damaged)], "", embedding),
        ("array of one tensor", client.infer, VIT, [encoded(), encoded()]),
        ("shares no memory", client.infer, VIT, [shared]),
        ("shares no memory", client.get_system_shared_memory_status),
        ("shares no memory", client.get_cuda_shared_memory_status),
        ("load and unload", client.load_model, VIT), ("load and unload", client.unload_model, VIT),
        ("/metrics", client.get_inference_statistics, VIT), ("no traces", client.get_trace_settings),
        ("log_level", client.get_log_settings),
    ]
    for says, act, *arguments in cases:
        refused(says, act, *arguments)
    refused("parameters.sequence_", client.infer, VIT, [encoded()], sequence_id=1)
    refused("parameters.smell", client.infer, VIT, [encoded()], parameters={"smell": 1})
    question = json.dumps({"inputs": [{
        "name": "image", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": len(IMAGES[0]) + 4}}]}).encode()
    tensor = struct.pack("<I", len(IMAGES[0])) + IMAGES[0]
    length = {"Inference-Header-Content-Length": str(len(question))}
    assert post(f"/v2/models/{VIT}/infer", question + tensor, length)[0] == 200
    for body, headers in [
        (question + tensor[:-1], length), (question + tensor + b"a", length), (question + tensor, {}),
        (question + tensor, {"Inference-Header-Content-Length": "99999999999999999999"}),
        (question + tensor, {"Inference-Header-Content-Length": "-1"}),
    ]:
        status, _, answer = post(f"/v2/models/{VIT}/infer", body, headers)
        assert status == 400 and isinstance(json.loads(answer)["error"], str), answer
    return len(cases) + 7


def main(unmask):
    with serving(unmask, MODELS, ADDRESS):
        with InferenceServerClient(ADDRESS) as client:
            check_server(client)
            tensors = check_tensors(client)
            check_parameters(client)
            check_classification(client)
            check_pixels(client)
            refusals = check_refusals(client)
    print(f"Triton's client: {tensors} tensors of {len(IMAGES)} images equal to the bit, {refusals} refusals in its own form")


main(sys.argv[1])
