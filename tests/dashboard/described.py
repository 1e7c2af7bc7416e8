"""Holds every answer that a test gets to what the OpenAPI says of it."""

import json
import re
from collections.abc import Mapping
from typing import Any

import httpx

from ohmstead.dashboard.api import management_routes
from ohmstead.dashboard.openapi import dumped

DOCUMENT: dict[str, Any] = json.loads(dumped())
MANAGEMENT: dict[str, Any] = json.loads(dumped(management_routes()))
ROUTES: list[tuple[re.Pattern[str], dict[str, Any], dict[str, Any]]] = [
    (re.compile(re.sub(r"{\w+}", "[^/]+", path)), operations, document)
    for document in (DOCUMENT, MANAGEMENT)
    for path, operations in sorted(document["paths"].items(), key=lambda each: "{" in each[0])
]
TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}


async def as_described(answer: httpx.Response) -> None:
    """AssertionError when a described route answers with another status, type or shape.

    What is no route, or another method of one, is not described; its answers are 404 and 405.
    """
    path = answer.request.url.raw_path.decode().partition("?")[0]
    method = answer.request.method.lower()
    found = ((each, document) for route, each, document in ROUTES if route.fullmatch(path))
    operations, document = next(found, ({}, DOCUMENT))
    operation = operations.get(method)
    if operation is None:
        return
    status = str(answer.status_code)
    assert status in operation["responses"], f"{method} {path} answers {status}"
    content = operation["responses"][status].get("content", {})
    await answer.aread()
    if answer.content:
        kind = answer.headers["content-type"]
        assert kind in content, f"{method} {path} answers {status} with {kind}"
        if content[kind]["schema"].get("format") == "binary":
            return  # a file, whose own tests read it
        fits(answer.json(), content[kind]["schema"], f"{method} {path}", document)


def fits(
    value: object, schema: Mapping[str, Any], where: str, document: Mapping[str, Any] = DOCUMENT
) -> None:
    """AssertionError when `value` is not what `schema` says.  Source: JSON Schema 2020-12."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        fits(value, document["components"]["schemas"][name], where, document)
    elif choices := schema.get("oneOf") or schema.get("anyOf"):
        assert any(_fits(value, choice, where, document) for choice in choices), (
            f"{where}: {value!r}"
        )
    else:
        _plain(value, schema, where, document)


def _fits(
    value: object, schema: Mapping[str, Any], where: str, document: Mapping[str, Any]
) -> bool:
    try:
        fits(value, schema, where, document)
    except AssertionError:
        return False
    return True


def _plain(
    value: object, schema: Mapping[str, Any], where: str, document: Mapping[str, Any]
) -> None:
    assert value in schema.get("enum", [value]), f"{where}: {value!r}"
    if "const" in schema:
        assert value == schema["const"], f"{where}: {value!r}"
    said = schema.get("type", [])
    names = said if isinstance(said, list) else [said]
    kinds = tuple(kind for name in names for kind in TYPES[name])
    assert not kinds or isinstance(value, kinds), f"{where}: {value!r} is not {said}"
    if isinstance(value, list):
        for each in value:
            fits(each, schema.get("items", {}), f"{where}[]", document)
    if isinstance(value, dict):
        known, more = schema.get("properties", {}), schema.get("additionalProperties", {})
        assert set(schema.get("required", ())) <= set(value), f"{where}: {sorted(value)}"
        for name, each in value.items():
            assert name in known or "additionalProperties" in schema or not known, where + name
            fits(each, known.get(name, more or {}), f"{where}.{name}", document)
