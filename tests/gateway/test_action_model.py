"""The definition of actions.  Source: REST/MQTT 2.0, 6.6.1."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ohmstead.errors import BadInput
from ohmstead.gateway.action_http import Call, url
from ohmstead.gateway.action_modbus import Write
from ohmstead.gateway.action_model import (
    Definition,
    HttpReady,
    ModbusReady,
    checked,
    ready,
)
from ohmstead.gateway.http import converted

HTTP = {"url": "http://192.168.0.21/toggle"}
MODBUS = {"host": "192.168.0.22", "func": 16, "address": 10, "value": "0001"}


def defined(value: Any) -> Definition:
    return checked(converted(value, Definition))


def one(request: dict[str, Any], **const: Any) -> Definition:
    return defined({"const": const, "actions": [{"id": "1", "requests": [request]}]})


def http(**change: Any) -> dict[str, Any]:
    return {"http": HTTP | change}


def modbus(**change: Any) -> dict[str, Any]:
    return {"modbus": MODBUS | change}


@pytest.mark.corpus
def test_6_6_1_example_configuration(corpus: Path) -> None:
    """6.6.1: the example (as the device's documentation prints it, well-formed) comes back as it
    went in, and its constants are filled in.
    """
    file = corpus / "interop" / "captures" / "whatwatt-docs-actions-config.json"
    given = json.loads(file.read_text())
    definition = defined(given)
    assert json.loads(msgspec.json.encode(definition)) == given
    first, second, third, fourth = definition.actions
    made = [ready(request, definition.const) for a in definition.actions for request in a.requests]
    assert [len(a.requests) for a in (first, second, third, fourth)] == [2, 1, 1, 1]
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    self_url = url("http://192.168.0.21/api/v1/device/self")
    assert made == [
        HttpReady(Call(self_url, "POST", "action=toggle", form), 5.0),
        HttpReady(Call(url("http://192.168.99.151/toggle")), 5.0),
        HttpReady(Call(url("http://192.168.99.101/light/0?turn=on&brightness=20&temp=3000")), 5.0),
        HttpReady(Call(url("http://192.168.99.101/light/0"), "POST", "turn=off"), 2),
        ModbusReady("192.168.99.179", 1502, 1, Write(16, 10, b"\0\x14"), 2),
    ]


@pytest.mark.parametrize(
    "value, field",
    [
        ([], "object"),
        ({}, "actions"),
        ({"actions": {}}, "actions"),
        ({"actions": [{"requests": []}]}, "id"),
        ({"actions": [{"id": "", "requests": []}]}, r"actions\[0\].id"),
        ({"actions": [{"id": "x" * 32, "requests": []}]}, r"actions\[0\].id"),
        ({"actions": [{"id": "1"}]}, "requests"),
        ({"actions": [{"id": "1", "requests": []}] * 2}, r"actions\[1\].id"),
        ({"actions": [{"id": "1", "requests": [{}]}]}, r"actions\[0\].requests\[0\]: "),
        ({"actions": [{"id": "1", "requests": [http() | modbus()]}]}, "http or modbus"),
        ({"actions": [], "const": {"a": []}}, "const"),
        ({"actions": [], "const": {"a": {}}}, "const"),
        ({"actions": [{"id": 1, "requests": []}]}, "id"),
    ],
)
def test_6_6_1_a_definition_that_is_none_is_refused(value: Any, field: str) -> None:
    """6.6.1: 400, "Invalid request format", which names the field."""
    with pytest.raises(BadInput, match=field):
        defined(value)


@pytest.mark.parametrize(
    "request_, field",
    [
        (http(url=""), "url"),
        (http(url="http://h/" + "x" * 250), "url"),
        (http(url="http://${unknown}/"), r"requests\[0\]\.http\.url"),
        (http(method="PATCH"), "method"),
        (http(payload="x" * 1024), "payload"),
        (http(headers={str(n): "" for n in range(5)}), r"http\.headers"),
        (http(headers={"A": "x" * 253}), r"http\.headers"),
        (http(headers={"A": "b\nc"}), r"http\.headers"),
        (http(headers={"A": 1}), "headers"),
        (http(timeout=0.05), "timeout"),
        (http(timeout=11), "timeout"),
        (modbus(host="x.y"), "host"),
        (modbus(host="x" * 64), "host"),
        (modbus(port=0), "port"),
        (modbus(unit_id=256), "unit_id"),
        (modbus(func=3), "func"),
        (modbus(address=65536), "address"),
        (modbus(type="word"), "type"),
        (modbus(value=""), "value"),
        (modbus(value="00" * 247), "value"),
        (modbus(value=1), "value"),
        (modbus(value="xy"), r"requests\[0\]\.modbus\.value"),
        (modbus(type="short", value="${bri}"), r"modbus\.value"),
        (modbus(timeout=10.1), "timeout"),
    ],
)
def test_6_6_1_ranges(request_: dict[str, Any], field: str) -> None:
    """6.6.1, "Object Description", column "Range"."""
    with pytest.raises(BadInput, match=field):
        one(request_)


def test_6_6_1_what_is_as_the_default_is_does_not_appear() -> None:
    """6.6.1: "appears in the return JSON only if it is false", "... if it is different"."""
    full = {
        "actions": [
            {
                "id": "a",
                "enable": True,
                "requests": [http(enable=True, method="GET"), modbus(enable=False, timeout=0.5)],
            },
            {"id": "b", "enable": False, "requests": []},
        ]
    }
    assert json.loads(msgspec.json.encode(defined(full))) == {
        "actions": [
            {"id": "a", "requests": [{"http": HTTP}, modbus(enable=False, timeout=0.5)]},
            {"id": "b", "enable": False, "requests": []},
        ]
    }


@pytest.mark.parametrize(
    "const, expected",
    [
        ("x", "<x>"),
        (20, "<20>"),
        (1.5, "<1.5>"),
        (True, "<true>"),
        (None, "<null>"),
        ("${c}", "<${c}>"),
    ],
)
def test_6_6_1_constants_may_be_text_number_truth_or_null(const: Any, expected: str) -> None:
    """6.6.1, `.const`; a constant is not looked into for further ones."""
    request = one(http(method="POST", payload="<${c}>"), c=const).actions[0].requests[0]
    made = ready(request, {"c": const})
    assert isinstance(made, HttpReady)
    assert made.call.payload == expected


def test_6_6_1_constants_do_not_multiply_without_bound() -> None:
    """A definition of 8191 bytes must not become megabytes."""
    with pytest.raises(BadInput, match=r"requests\[0\]\.http\.is longer|longer than 8191"):
        one(http(method="POST", payload="${c}" * 200), c="x" * 100)
