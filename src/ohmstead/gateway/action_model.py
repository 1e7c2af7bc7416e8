"""The definition of actions: which requests each of them makes.  Source: REST/MQTT 2.0, 6.6.1.

A definition is read, checked and shown as it was given; `Action.requests` become ready calls
(`ready`) when an action is executed.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from ohmstead.errors import BadInput
from ohmstead.gateway import action_http, action_modbus

LONGEST_DEFINITION = 8191
DEFAULT_TIMEOUT_S = 5.0
"""Quirk 17: the document's table says 4 s for HTTP, the newer documentation 5 s, as for Modbus."""
MODBUS_PORT = 502
MOST_HEADERS = 4
LONGEST_HEADER = 253
LONGEST_FILLED = 8191
"""Characters of a text once its constants stand in it."""

Scalar = str | int | float | bool | None
Timeout = Annotated[int, Meta(ge=1, le=10)] | Annotated[float, Meta(ge=0.1, le=10)]

_CONSTANT = re.compile(r"\$\{([^${}]*)\}")


class Http(Struct, frozen=True, omit_defaults=True):
    """One HTTP or HTTPS request."""

    url: Annotated[str, Meta(min_length=1, max_length=255)]
    enable: bool = True
    method: action_http.Method = "GET"
    payload: Annotated[str, Meta(max_length=1023)] = ""
    headers: dict[str, str] = {}
    timeout: Timeout | None = None
    """Seconds."""


class Modbus(Struct, frozen=True, omit_defaults=True):
    """One write to a Modbus TCP device."""

    host: Annotated[str, Meta(min_length=4, max_length=63)]
    func: action_modbus.Function
    address: Annotated[int, Meta(ge=0, le=65535)]
    value: Annotated[str, Meta(min_length=1, max_length=492)]
    enable: bool = True
    port: Annotated[int, Meta(ge=1, le=65535)] = MODBUS_PORT
    unit_id: Annotated[int, Meta(ge=0, le=255)] = 0
    type: action_modbus.Type = "hex"
    timeout: Timeout | None = None
    """Seconds."""


class Request(Struct, frozen=True, omit_defaults=True):
    """One of the two."""

    http: Http | None = None
    modbus: Modbus | None = None

    @property
    def enabled(self) -> bool:
        """Whether it is made."""
        one = self.http or self.modbus
        return one is not None and one.enable


class Action(Struct, frozen=True, omit_defaults=True):
    """Requests that are made one after the other."""

    id: Annotated[str, Meta(min_length=1, max_length=31)]
    requests: list[Request]
    enable: bool = True


class Definition(Struct, frozen=True, omit_defaults=True):
    """All actions, and the constants in them."""

    actions: list[Action]
    const: dict[str, Scalar] = {}

    def get(self, action_id: str) -> Action | None:
        """The action of this id."""
        return next((one for one in self.actions if one.id == action_id), None)


@dataclass(frozen=True, slots=True)
class HttpReady:
    """An HTTP request with its constants filled in."""

    call: action_http.Call
    timeout_s: float


@dataclass(frozen=True, slots=True)
class ModbusReady:
    """A Modbus write with its constants filled in."""

    host: str
    port: int
    unit: int
    write: action_modbus.Write
    timeout_s: float


Ready = HttpReady | ModbusReady


def _spelled(value: Scalar) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _filler(const: Mapping[str, Scalar]) -> Callable[[str], str]:
    """What puts constants in the place of `${name}`; a name that is not defined stays."""

    def filled(written: str) -> str:
        said = _CONSTANT.sub(
            lambda found: _spelled(const[found[1]]) if found[1] in const else found[0], written
        )
        if len(said) > LONGEST_FILLED:
            raise BadInput(f"is longer than {LONGEST_FILLED} characters with its constants")
        return said

    return filled


def _http_ready(http: Http, filled: Callable[[str], str]) -> HttpReady:
    if len(http.headers) > MOST_HEADERS:
        raise BadInput(f"headers: {len(http.headers)} are given; {MOST_HEADERS} are possible")
    headers = {name: filled(value) for name, value in http.headers.items()}
    for name, value in http.headers.items():
        action_http.header(name, headers[name])
        if len(name) + len(value) > LONGEST_HEADER:
            raise BadInput(f"headers: {name!r} and its value exceed {LONGEST_HEADER} characters")
    call = action_http.Call(
        action_http.url(filled(http.url)), http.method, filled(http.payload), headers
    )
    return HttpReady(call, http.timeout or DEFAULT_TIMEOUT_S)


def _modbus_ready(modbus: Modbus, filled: Callable[[str], str]) -> ModbusReady:
    write = action_modbus.write(modbus.func, modbus.address, modbus.type, filled(modbus.value))
    timeout_s = modbus.timeout or DEFAULT_TIMEOUT_S
    return ModbusReady(filled(modbus.host), modbus.port, modbus.unit_id, write, timeout_s)


def ready(request: Request, const: Mapping[str, Scalar]) -> Ready:
    """The request as it is made; BadInput says what about it cannot be."""
    filled = _filler(const)
    if (request.http is None) == (request.modbus is None):
        raise BadInput("a request is either http or modbus")
    if request.http is not None:
        return _http_ready(request.http, filled)
    assert request.modbus is not None  # noqa: S101  (one of the two, as was just seen)
    return _modbus_ready(request.modbus, filled)


def _problems(definition: Definition) -> Iterator[str]:
    seen: set[str] = set()
    for index, action in enumerate(definition.actions):
        where = f"actions[{index}]"
        if action.id in seen:
            yield f"{where}.id: there is another action {action.id!r}"
        seen.add(action.id)
        for number, request in enumerate(action.requests):
            try:
                ready(request, definition.const)
            except BadInput as error:
                part = ".http." if request.http else ".modbus." if request.modbus else ": "
                yield f"{where}.requests[{number}]{part}{error}"


def checked(definition: Definition) -> Definition:
    """The same; BadInput names the first field that cannot be."""
    for problem in _problems(definition):
        raise BadInput(problem)
    return definition
