"""The protocol's JSON Schemas, as validators of whole messages."""

import json
from functools import cache
from pathlib import Path

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

FOLDER = Path(__file__).parents[3] / "proto/protocol"
BASE = "https://unmask.invalid/protocol/"


@cache
def contents(name):
    return json.loads((FOLDER / f"{name}.schema.json").read_text())


@cache
def _registry():
    found = [Resource.from_contents(json.loads(path.read_text())) for path in FOLDER.glob("*.schema.json")]
    return Registry().with_resources((resource.id(), resource) for resource in found)


@cache
def _validator(reference):
    return Draft202012Validator({"$ref": BASE + reference}, registry=_registry())


def methods():
    return contents("request")["$defs"]["method"]["enum"]


def error_types():
    return contents("error")["$defs"]["type"]["enum"]


def check_request(message):
    _validator("request.schema.json").validate(message)


def check_answer(message, method):
    _validator("answer.schema.json").validate(message)
    if "result" in message:
        _validator(f"{method}.schema.json#/$defs/result").validate(message["result"])
