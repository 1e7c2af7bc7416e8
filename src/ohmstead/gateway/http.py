"""What the local API is made of: requests, responses, and the routes between them.

A feature offers `routes() -> Sequence[Route]`; `gateway.api.Api` serves them.  Source of statuses
and headers: REST/MQTT 2.0, 6.1, and the vendor's OpenAPI.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar, runtime_checkable

import msgspec

from ohmstead.errors import BadInput, OhmsteadError

T = TypeVar("T")

JSON = "application/json; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
EVENTS = "text/event-stream"

LONGEST_BODY = 8192
"""Bytes of a request's body.  Source: REST/MQTT 2.0, 4: "cannot exceed 8 kB"."""

LARGEST_EXACT = 2**53
"""Beyond it a float no longer tells neighbouring integers apart."""

Method = Literal["GET", "POST", "PUT", "DELETE"]

WORDS = {
    400: "bad_request",
    401: "unauthorized",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "payload_too_large",
    415: "unsupported_media_type",
    416: "range_not_satisfiable",
    429: "too_many_requests",
    500: "internal_error",
    503: "service_unavailable",
}
"""The short key of an error.  Source: the vendor's OpenAPI, schema Error."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request, its body read: at most `Route.longest_body` bytes."""

    method: str
    path: str
    """Percent-decoded, as it was sent: a slash at its end is kept."""
    query: Mapping[str, str] = field(default_factory=dict)
    """The last value of each name; decoded, so commas may have come as `%2C`."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    body: bytes = b""
    client: str = ""
    """The host that asks."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """What stands in the places of the route's pattern."""
    chunks: AsyncIterator[bytes] | None = None
    """The body as it arrives, of a route that is `streamed`; `body` is empty then."""

    def json(self, kind: type[T]) -> T:
        """The body as a `kind`, whatever its Content-Type says; BadInput names the field."""
        return converted(self.value(), kind)

    def value(self) -> Any:
        """The body as plain JSON; BadInput when it is none."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise BadInput(f"the body is not JSON: {error}") from error


_AT = re.compile(r"^(.*?)(?: - at `(key in )?\$\.?([^`]*)`)?$", re.DOTALL)


def converted(value: object, kind: type[T]) -> T:
    """`value`, out of JSON, as a `kind`; BadInput names the field.

    >>> converted({"port": 70000}, msgspec.defstruct("M", [("port", int)])).port
    70000
    >>> converted({"port": "x"}, msgspec.defstruct("M", [("port", int)]))
    Traceback (most recent call last):
    ohmstead.errors.BadInput: port: Expected `int`, got `str`
    """
    try:
        return msgspec.convert(_whole(value), kind)
    except msgspec.ValidationError as error:
        raise BadInput(named(str(error))) from error


def _whole(value: object) -> object:
    """JSON knows one kind of number: 30.0 is 30, however deep it stands.

    >>> _whole([{"scaler": 3.0}, 0.5])
    [{'scaler': 3}, 0.5]
    """
    if isinstance(value, dict):
        return {name: _whole(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_whole(one) for one in value]
    if isinstance(value, float) and abs(value) < LARGEST_EXACT and value.is_integer():
        return int(value)
    return value


def named(complaint: str) -> str:
    """msgspec's complaint with its field first.

    >>> named("Expected `int` >= 1 - at `$.services.report_interval`")
    'services.report_interval: Expected `int` >= 1'
    """
    found = _AT.match(complaint)
    return f"{found[3]}: {found[1]}" if found and found[3] else complaint


@dataclass(frozen=True, slots=True)
class Response:
    """What is answered: a status and a body, at once or bit by bit."""

    status: int = 200
    body: bytes | AsyncIterator[bytes] = b""
    """An iterator is sent as it gives (a stream of events, a file) and closed when the client
    goes away; without a `content-length` among the headers it is sent chunked."""
    media: str = ""
    """Of the body; "" for none."""
    headers: Sequence[tuple[str, str]] = ()
    """Besides Content-Type, Content-Length, nosniff and no-store, which `Api` adds.  A header
    given here replaces the one that would be added."""


def json(value: object, status: int = 200, *, headers: Sequence[tuple[str, str]] = ()) -> Response:
    """`value` as JSON."""
    return Response(status, msgspec.json.encode(value), JSON, headers)


def text(words: str, status: int = 200, *, headers: Sequence[tuple[str, str]] = ()) -> Response:
    """`words` as plain text."""
    return Response(status, words.encode(), TEXT, headers)


NO_CONTENT = Response(204)


def trouble(status: int, message: str, *, headers: Sequence[tuple[str, str]] = ()) -> Response:
    """An error as the device says it: `{"error": KEY, "message": TEXT}`."""
    return json({"error": WORDS.get(status, "error"), "message": message}, status, headers=headers)


def answer_to(error: OhmsteadError) -> Response:
    """The answer an error means."""
    return trouble(error.status, str(error))


Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Query:
    """One parameter after the question mark."""

    name: str
    about: str
    required: bool = False
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    """The JSON schema of its value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What the OpenAPI says about a route."""

    summary: str
    source: str = ""
    """The section, like `REST/MQTT 2.0, 6.6.2`."""
    takes: Any = None
    """The type of the JSON body it wants; None for no body."""
    gives: Any = None
    """The type of the JSON body it answers; None for none (or for `media`)."""
    form: str = ""
    """The name of the file in the form it wants (multipart/form-data); "" for no form."""
    media: str = ""
    """The media type of its answer, where that is not (or not always) JSON."""
    plain_errors: bool = False
    """Whether its errors are plain text, unless JSON is asked for."""
    query: Sequence[Query] = ()
    statuses: Sequence[int] = (200,)
    """All it may answer, without 400 (where something is taken), 401 and 500, which are added."""


@dataclass(frozen=True, slots=True)
class Route:
    """Who answers a method at a path.

    `path` is literal but for `{name}` (one part) and `{name*}` (all the rest, slashes too, or
    nothing).  A slash at the end of a literal path does not matter.  GET answers HEAD too.
    The handler raises the errors of `ohmstead.errors`; each becomes the status it knows.
    """

    method: Method
    path: str
    handler: Handler
    about: About | None = None
    longest_body: int = LONGEST_BODY
    too_long: Literal[400, 413] = 400
    """The status of a body that is too long."""
    streamed: bool = False
    """The body is not read before: the handler reads `request.chunks` and counts for itself."""
    licensed: bool = False
    """Not there on a device without a licence, where licences are imitated."""


@dataclass(frozen=True, slots=True)
class Found:
    """A route and what its path's places hold; or the methods that a path has instead."""

    route: Route | None
    parameters: Mapping[str, str] = field(default_factory=dict)
    methods: tuple[str, ...] = ()


class Table:
    """All routes, by path and method."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self.routes = tuple(routes)
        self._patterns = [(_pattern(route.path), route) for route in self.routes]

    def find(self, method: str, path: str) -> Found | None:
        """Who answers; None when there is nothing at `path`."""
        wanted = "GET" if method == "HEAD" else method
        methods: dict[str, None] = {}
        for pattern, route in self._patterns:
            match = pattern.fullmatch(path)
            if match is None:
                continue
            if route.method == wanted:
                return Found(route, match.groupdict())
            methods[route.method] = None
        if not methods:
            return None
        also = ("HEAD",) if "GET" in methods else ()
        return Found(None, methods=(*methods, *also))


def _pattern(path: str) -> re.Pattern[str]:
    """
    >>> _pattern("/sdcard/{path*}").fullmatch("/sdcard/A/")["path"]
    'A/'
    >>> bool(_pattern("/api/v1/system").fullmatch("/api/v1/system/"))
    True
    """
    literal = re.escape(path).replace(r"\{", "{").replace(r"\}", "}").replace(r"\*", "*")
    rest = re.sub(r"/\{(\w+)\*\}$", r"(?:/(?P<\1>.*))?", literal)
    one = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", rest)
    return re.compile(one if rest != literal else f"{one.rstrip('/')}/*", re.DOTALL)


class Feature(Protocol):
    """A part of the API."""

    def routes(self) -> Sequence[Route]:
        """What it answers."""
        ...


@runtime_checkable
class Running(Protocol):
    """A part that also works when nobody asks."""

    def run(self) -> Coroutine[None, None, None]:
        """Works until it is cancelled."""
        ...
