"""Speaks to a live `unmask serve --http` with OpenAI's and Cohere's own clients, sends forms and images with httpx, and
reads its metrics with Prometheus's own parser.

check_http.py UNMASK: the vectors must equal those of `unmask embed` to the bit. Versions are in requirements.txt.
"""

import base64
import gzip
import json
import pathlib
import subprocess
import sys
import urllib.request
import zlib

import cohere
import httpx
import numpy as np
from live_server import serving
from openai import BadRequestError, NotFoundError, OpenAI
from prometheus_client.parser import text_string_to_metric_families

ROOT = pathlib.Path(__file__).parents[3]
MODEL = ROOT / "models/fashion-vit.safetensors"
IMAGES = sorted((ROOT / "models/samples").glob("*.png"))
ADDRESS = "127.0.0.1:17703"


def data_uri(path):
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()


def expected(unmask):
    lines = subprocess.run(
        [unmask, "embed", *IMAGES, "--model", MODEL, "--normalize"], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    return [np.float32(json.loads(line)["embedding"]) for line in lines]


def check_embeddings(client, vectors):
    for encoding in ("float", "base64", None):
        options = {} if encoding is None else {"encoding_format": encoding}
        answer = client.embeddings.create(
            model="fashion-vit", input=[data_uri(image) for image in IMAGES],
            extra_body={"modality": "image"}, **options)
        assert len(answer.data) == len(IMAGES)
        for entry, vector in zip(answer.data, vectors):
            found = entry.embedding
            if isinstance(found, str):
                found = np.frombuffer(base64.b64decode(found), "<f4")
            assert np.array_equal(np.float32(found), vector), f"{encoding}: image {entry.index} differs"


def post(path, question, coding=None):
    body = json.dumps(question).encode()
    packed = {None: bytes, "gzip": gzip.compress, "deflate": zlib.compress}[coding](body)
    headers = {"content-type": "application/json"} | ({"content-encoding": coding} if coding else {})
    return json.load(urllib.request.urlopen(urllib.request.Request(f"http://{ADDRESS}{path}", packed, headers)))


def check_shapes(vectors):
    """One image in the forms that clients of vLLM, Infinity and Jina send, and as Python's base64 writes it."""
    image = IMAGES[0].read_bytes()
    spellings = [base64.b64encode, base64.urlsafe_b64encode, base64.encodebytes]
    texts = [spell(image).decode() for spell in spellings]
    texts += [text.rstrip("=\n") for text in texts]
    uri = data_uri(IMAGES[0])
    part = {"type": "image_url", "image_url": {"url": uri}}
    inputs = [{"image": text} for text in texts] + ["data:image/png;base64," + text for text in texts]
    inputs += [part, {"image_url": uri}, {"image": uri}, {"bytes": texts[0]}, {"url": uri}]
    questions = [{"input": inputs}] + [{"messages": [{"role": "user", "content": [part]}]}]
    for coding in (None, "gzip", "deflate"):
        for question in questions:
            for path, member in (("/v1/embeddings", "embedding"), ("/pooling", "data")):
                for entry in post(path, question, coding)["data"]:
                    assert np.array_equal(np.float32(entry[member]), vectors[0]), f"{path} {coding} {entry['index']}"
    return len(inputs) + 1


def check_models(client):
    assert [model.id for model in client.models.list()] == ["fashion-vit"]
    assert client.models.retrieve("fashion-vit").object == "model"
    try:
        client.models.retrieve("other")
    except NotFoundError as error:
        assert error.code == "model_not_found", error.code
    else:
        raise AssertionError("a model that is not there was found")


def check_cohere(vectors):
    uris = [data_uri(image) for image in IMAGES]
    options = {"base_url": f"http://{ADDRESS}", "api_key": "none"}
    for client in (cohere.Client(**options), cohere.ClientV2(**options)):
        answer = client.embed(
            model="fashion-vit", images=uris, input_type="image", embedding_types=["float", "base64"])
        assert np.array_equal(np.float32(answer.embeddings.float_), vectors)
        decoded = [np.frombuffer(base64.b64decode(text), "<f4") for text in answer.embeddings.base64]
        assert np.array_equal(decoded, vectors)
        assert [(image.width, image.height, image.format) for image in answer.images] == [(28, 28, "png")] * len(uris)
        try:
            client.embed(model="fashion-vit", texts=["a cat"], input_type="search_query", embedding_types=["float"])
        except cohere.BadRequestError as error:
            assert "is text" in error.body["message"], error.body
        else:
            raise AssertionError("text was embedded")
    plain = cohere.Client(**options).embed(model="fashion-vit", images=uris, input_type="image")
    assert plain.response_type == "embeddings_floats" and np.array_equal(np.float32(plain.embeddings), vectors)
    inputs = [{"content": [{"type": "image_url", "image_url": {"url": uri}}]} for uri in uris]
    answer = cohere.ClientV2(**options).embed(
        model="fashion-vit", inputs=inputs, input_type="search_document", embedding_types=["float"])
    assert np.array_equal(np.float32(answer.embeddings.float_), vectors)


def check_methods(vectors):
    """Images alone and in forms, and the protocol's own messages: the same vectors, and one right label each."""
    base = f"http://{ADDRESS}"
    options = {"normalize": "true"}
    for image, vector in zip(IMAGES, vectors):
        content = image.read_bytes()
        answer = httpx.post(f"{base}/v1/embed", params=options, content=content)
        assert np.array_equal(np.float32(answer.json()["results"][0]["embedding"]), vector), image
        answer = httpx.post(
            f"{base}/v1/embed", params=options, content=content, headers={"accept": "application/octet-stream"})
        assert np.array_equal(np.frombuffer(answer.content, "<f4"), vector), image
        label = httpx.post(f"{base}/v1/classify", params={"top_k": 1}, content=content).json()["results"][0]["labels"][0]
        assert label["label"].replace("/", "-").replace(" ", "-").lower() == image.stem, (label, image)
    files = [("image", (image.name, image.read_bytes(), "image/png")) for image in IMAGES]
    answer = httpx.post(f"{base}/v1/embed", data=options, files=files).json()
    assert np.array_equal(np.float32([item["embedding"] for item in answer["results"]]), vectors)
    pair = {"a": IMAGES[0].read_bytes(), "b": IMAGES[1].read_bytes()}
    cosine = httpx.post(f"{base}/v1/compare", files=pair).json()["cosine"]
    assert abs(cosine - np.float64(vectors[0]) @ np.float64(vectors[1])) < 1e-6, cosine
    params = {"images": [{"frame": 0}], "normalize": True, "encoding": "frame"}
    line = json.dumps({"id": 1, "method": "embed", "params": params, "bytes": [len(pair["a"])]})
    answer = httpx.post(f"{base}/rpc", content=line.encode() + b"\n" + pair["a"]).content
    said, vector = answer.split(b"\n", 1)
    assert json.loads(said)["id"] == 1 and np.array_equal(np.frombuffer(vector, "<f4"), vectors[0])


def check_errors(client):
    good = data_uri(IMAGES[0])
    mixed = client.embeddings.create(model="fashion-vit", input=[good, "data:image/png;base64,AAAA"]).data
    assert mixed[0].embedding is not None and mixed[1].embedding is None
    assert mixed[1].error["code"] == "image_unsupported"
    for failure, model, image in [(NotFoundError, "other", good), (BadRequestError, "fashion-vit", "https://a.b/c.jpg")]:
        try:
            client.embeddings.create(model=model, input=image)
        except failure as error:
            assert error.code in ("model_not_found", "invalid_params"), error.code
        else:
            raise AssertionError(f"{model} {image[:20]}: accepted")


def check_metrics():
    text = urllib.request.urlopen(f"http://{ADDRESS}/metrics").read().decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    requests = {sample.labels["method"]: sample.value for sample in families["unmask_requests"].samples}
    assert requests["embed"] == 6, requests
    assert families["unmask_stage_duration_seconds"].type == "histogram"
    return sum(len(family.samples) for family in families.values())


def main(unmask):
    vectors = expected(unmask)
    with serving(unmask, [MODEL], ADDRESS):
        client = OpenAI(base_url=f"http://{ADDRESS}/v1", api_key="none", max_retries=0)
        check_embeddings(client, vectors)
        check_errors(client)
        samples = check_metrics()
        forms = check_shapes(vectors)
        check_models(client)
        check_cohere(vectors)
        check_methods(vectors)
    print(
        f"{len(IMAGES)} images equal to the bit in 3 encodings through OpenAI's client, and through Cohere's of both "
        f"versions, and alone, in a form and behind a line; {forms} forms of one in 3 codings; {samples} samples of metrics")


main(sys.argv[1])
