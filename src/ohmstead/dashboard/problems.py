"""What went wrong, as `application/problem+json`.  Source: RFC 9457, section 3."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec

from ohmstead.dashboard.shapes import FieldProblem, Problem
from ohmstead.errors import BadInput, NotSignedIn, OhmsteadError, TooMany, Unavailable

MEDIA_TYPE = "application/problem+json"
SECRET = frozenset({"password", "current_password", "token", "code"})
"""Fields whose value no answer repeats."""
RETRY_S = 5
"""When to come again after a 503."""
LONGEST_ECHO = 60
OF_BODY = re.compile(r"(?:missing required|unknown) field `([^`]{1,60})`")
ALIASES: Mapping[str, str] = {"first": "from", "last": "to"}
"""Parameters that the routes have to name otherwise than their callers do."""
NO_PAGE = "is not the `next` of any page; leave `after` out to begin anew"
"""Of a cursor that nobody was given."""
MISSING = re.compile(r"Missing required \w+ parameter '([^']{1,60})'")
"""How the framework says that a parameter is missing."""

MEANINGS: Mapping[int, str] = {
    400: "A field is missing or its value is not acceptable; `errors` names it.",
    401: "Nobody is signed in, or the credentials are wrong.",
    403: "Not allowed: not for this role, from another site, or over plain http from elsewhere.",
    404: "There is no such thing, or it is not yours to see.",
    409: "What was asked for clashes with something that exists.",
    413: "The body has more bytes than are taken here.",
    429: "Too many tries, or requests; `Retry-After` says in how many seconds to come again.",
    500: "Something unforeseen; the server's log has more under `request_id`.",
    503: "A part that is needed is away; `Retry-After` says when to come again.",
}

_log = structlog.get_logger(__name__)


class Misfit(BadInput):
    """A field whose value is not acceptable."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class CodeAsked(NotSignedIn):
    """The password is right; a code of the second step is missing or wrong (`errors` names it)."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.field = "code"
        self.message = message


class Slower(TooMany):
    """Too many tries; come again in `retry_s`."""

    def __init__(self, message: str, retry_s: int) -> None:
        super().__init__(message)
        self.retry_s = retry_s


def answers(*statuses: int) -> dict[int, ResponseSpec]:
    """What a route may answer instead, for its description; 403, 429 and 500 always."""
    return {
        status: ResponseSpec(
            data_container=Problem,
            description=MEANINGS[status],
            media_type=MEDIA_TYPE,
            generate_examples=False,
        )
        for status in sorted({*statuses, 403, 429, 500})
    }


def problem(
    status: int, detail: str, request_id: str, errors: list[FieldProblem] | None = None
) -> Problem:
    """The body of an answer that is a problem."""
    return Problem(
        type="about:blank",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        request_id=request_id,
        errors=errors or [],
    )


def request_id(request: Request[Any, Any, Any]) -> str:
    """The id that the door gave this request."""
    return str(request.scope.get("request_id", ""))


def _answer(
    request: Request[Any, Any, Any],
    status: int,
    detail: str,
    errors: list[FieldProblem] | None = None,
    headers: dict[str, str] | None = None,
) -> Response[Problem]:
    body = problem(status, detail, request_id(request), errors)
    return Response(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def of_ours(request: Request[Any, Any, Any], error: OhmsteadError) -> Response[Problem]:
    """The answer to an error of Ohmstead, which knows its status."""
    if error.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return of_unforeseen(request, error)
    errors = (
        [FieldProblem(field=error.field, message=error.message)]
        if isinstance(error, Misfit | CodeAsked)
        else []
    )
    headers = {}
    if isinstance(error, Slower):
        headers["Retry-After"] = str(error.retry_s)
    elif isinstance(error, Unavailable | TooMany):
        headers["Retry-After"] = str(RETRY_S)
    detail = str(error)
    if isinstance(error, Unavailable) and error.__cause__ is not None:
        _log.warning("a part is away", request_id=request_id(request), why=detail)
        detail = "the database is away for the moment; try again in a few seconds"
    return _answer(request, error.status, detail, errors, headers)


def of_framework(request: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    """The answer to what the framework refuses: bad fields, unknown paths, wrong methods."""
    status = error.status_code
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return of_unforeseen(request, error)
    headers = dict(error.headers or {})
    path = request.scope["path"]
    if isinstance(error, ValidationException) and isinstance(error.extra, list) and error.extra:
        errors = [_misfit(request, each) for each in error.extra]
        detail = "; ".join(f"{each.field}: {each.message}" for each in errors)
        return _answer(request, status, detail, errors, headers)
    details = {
        404: f"there is nothing at {path}",
        405: f"{request.method} is not for {path}",
        413: "the body has more bytes than are taken here",
    }
    missing = MISSING.match(error.detail) if isinstance(error, ValidationException) else None
    if missing:
        errors = [FieldProblem(field=missing[1], message="it is missing")]
        return _answer(request, status, f"{missing[1]}: it is missing", errors, headers)
    return _answer(request, status, details.get(status, error.detail), None, headers)


def of_unforeseen(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """The answer to what nobody foresaw: the log has it whole, the client its number."""
    number = request_id(request)
    _log.error("request failed", request_id=number, path=request.scope["path"], exc_info=error)
    return _answer(request, 500, f"something unforeseen; the log has more under {number}")


def _misfit(request: Request[Any, Any, Any], said: Mapping[str, Any]) -> FieldProblem:
    """The field, what was expected, and the value that came, where it is no secret."""
    message = str(said.get("message", ""))
    field = str(said.get("key", "")).removeprefix("data.")
    if field in ("", "data"):  # the body as a whole: the text knows which field
        inside = OF_BODY.search(message)
        field = inside[1] if inside else "body"
    if said.get("source") == "query":
        field = ALIASES.get(field, field)
    value = request.query_params.get(field) if said.get("source") == "query" else None
    if field == "after" and value is not None:
        message = f"{shown(value)} {NO_PAGE}"
    elif value is not None and field not in SECRET:
        message = f"{shown(value)} is not acceptable: {message}"
    return FieldProblem(field=field, message=message)


def shown(value: object) -> str:
    """A value as a message repeats it, cut short."""
    text = repr(value)
    return text if len(text) <= LONGEST_ECHO else f"{text[:LONGEST_ECHO]}…"
