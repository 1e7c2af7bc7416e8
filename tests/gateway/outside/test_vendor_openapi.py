"""Our description of the API beside the vendor's.  Source: interop, `vendor-openapi.yaml`.

What differs on purpose stands here, each with its reason; everything else must be the same.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.gateway.outside.gateway import Gateway, gateway, saw

Json = dict[str, Any]

PATHS = {"/sdcard": "/sdcard/{path}"}
"""Ours has one route for the card, with a path that may be empty."""
STATUSES = {
    ("post", "/api/v1/actions", "413"): "REST/MQTT 2.0, 6.6.1 has 400 for what is too long",
    ("get", "/api/v1/live", "503"): "a newer client takes the place of the older: interop, 1.5",
}
FIELDS = {
    r"\d+: \.details is missing": "an error is told in its message, without details",
    r"actions .*\.id: maxLength 15, ours 31": "REST/MQTT 2.0, 6.6.1 allows 31: quirk 17",
    r"wifi/scan 200: .*(minimum|maximum|maxLength)": "a machine may see 5 GHz, too",
    r"wifi/sta/settings .*\.password: maxLength 64, ours None": "its pattern says 8 to 64",
}


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with gateway(tmp_path_factory.mktemp("openapi")) as found:
        yield found


@pytest.fixture(scope="module")
def ours(device: Gateway) -> Json:
    found: Json = device.get("openapi.json").json()
    return found


@pytest.fixture(scope="module")
def vendors(corpus: Path) -> Json:
    (found,) = saw({"client": "read_yaml", "file": str(corpus / "interop" / "vendor-openapi.yaml")})
    assert isinstance(found, dict)
    return found


def operations(description: Json) -> Iterator[tuple[str, str, Json]]:
    """Method, path and operation."""
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            if method != "parameters":
                yield method, path, operation


def operation(description: Json, method: str, path: str) -> Json | None:
    found: Json | None = description["paths"].get(PATHS.get(path, path), {}).get(method)
    return found


def choices(schema: Json, whole: Json) -> list[Json]:
    """What a schema allows, behind its references, without null."""
    while "$ref" in schema:
        schema = whole["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        return [found for one in schema["anyOf"] for found in choices(one, whole)]
    return [] if schema.get("type") == "null" else [schema]


NAMES = {str: "string", int: "integer", bool: "boolean"}


def kinds(schema: Json) -> set[str]:
    """The types it allows; those of an enumeration are its values'."""
    said = schema.get("type") or {NAMES[type(one)] for one in schema.get("enum", ())}
    found = {said} if isinstance(said, str) else set(said)
    return found | ({"integer"} if "number" in found else set())


def missing(theirs: Json, mine: Json, whole: Json, at: str) -> Iterator[str]:
    """What their schema says and ours does not."""
    allowed = choices(mine, whole)
    ours = allowed[0] if allowed else {}
    for name, below in theirs.get("properties", {}).items():
        if name not in ours.get("properties", {}):
            yield f"{at}.{name} is missing"
        else:
            yield from missing(below, ours["properties"][name], whole, f"{at}.{name}")
    if "items" in theirs:
        yield from missing(theirs["items"], ours.get("items", {}), whole, f"{at}[]")
    found = set().union(*map(kinds, allowed))
    if "type" in theirs and theirs["type"] not in found:
        yield f"{at} is {theirs['type']}, ours {sorted(found)}"
    if set(theirs.get("enum", ())) - set(ours.get("enum", ())):
        yield f"{at}: one of {theirs['enum']}, ours {ours.get('enum')}"
    for bound in ("minimum", "maximum", "maxLength"):
        if bound in theirs and theirs[bound] != ours.get(bound):
            yield f"{at}: {bound} {theirs[bound]}, ours {ours.get(bound)}"


def bodies(operation: Json) -> Iterator[tuple[str, str, Json]]:
    """Where a body stands, its media type and its schema."""
    for media, body in operation.get("requestBody", {}).get("content", {}).items():
        yield "takes", media, body["schema"]
    for status, answer in operation["responses"].items():
        for media, body in answer.get("content", {}).items():
            yield status, media, body.get("schema", {})


def test_vendor_openapi_every_path_method_and_status(vendors: Json, ours: Json) -> None:
    """Each is in ours, with its parameters and the headers that come with a status."""
    gaps = []
    for method, path, theirs in operations(vendors):
        mine = operation(ours, method, path)
        if mine is None:
            gaps.append(f"{method} {path}")
            continue
        wanted = {parameter["name"] for parameter in theirs.get("parameters", ())}
        if not wanted <= {parameter["name"] for parameter in mine["parameters"]}:
            gaps.append(f"{method} {path}: {wanted}")
        for status, answer in theirs["responses"].items():
            said = mine["responses"].get(status, {})
            if (method, path, status) in STATUSES:
                assert not said
            elif not said or answer.get("headers", {}).keys() - said.get("headers", {}).keys():
                gaps.append(f"{method} {path}: {status}")
    assert not gaps


def test_vendor_openapi_every_field(vendors: Json, ours: Json) -> None:
    """Each field of a body is in ours, of the same type, with the same bounds."""
    gaps: set[str] = set()
    for method, path, theirs in operations(vendors):
        mine = operation(ours, method, path)
        assert mine is not None
        known = {(where, media): schema for where, media, schema in bodies(mine)}
        for where, media, schema in bodies(theirs):
            if (method, path, where) in STATUSES:
                continue
            found = known.get((where, media)) or known.get((where, "*/*"))
            said = [f" {media}"] if found is None else missing(schema, found, ours, "")
            gaps.update(f"{method} {path} {where}: {gap}" for gap in said)
    unforeseen = sorted(gap for gap in gaps if not any(re.search(one, gap) for one in FIELDS))
    assert not unforeseen, "\n".join(unforeseen)
    for one in FIELDS:
        assert any(re.search(one, gap) for gap in gaps), f"no longer different: {one}"
