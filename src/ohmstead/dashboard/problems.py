"""Trouble, as the API tells it: problem+json with the words of the error and the id of the request.

Source: RFC 9457.
"""

import msgspec
import structlog
from litestar import Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap

from ohmstead.dashboard.shapes import FieldProblem, Problem
from ohmstead.errors import OhmsteadError, TooMany, Unavailable

log = structlog.get_logger("dashboard")

MEDIA_TYPE = "application/problem+json"
TITLES = {
    400: "Not acceptable input",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    405: "No such method here",
    409: "In conflict with what is there",
    413: "Too large",
    429: "Too many requests",
    500: "A fault of this server",
    503: "Not available now",
}
RETRY_S = 5

AnyRequest = Request[object, object, State]


class SlowDown(TooMany):
    """Too many tries; `retry_after_s` says when the next one counts."""

    def __init__(self, text: str, retry_after_s: int) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s


def request_id(request: AnyRequest) -> str:
    """The id that the door gave this request."""
    return str(request.scope.get("state", {}).get("request_id", ""))


def problem(
    request: AnyRequest, status: int, detail: str, errors: list[FieldProblem] | None = None
) -> Response[bytes]:
    """The answer that tells of it."""
    body = Problem(
        type="about:blank",
        title=TITLES.get(status, "Error"),
        status=status,
        detail=detail,
        request_id=request_id(request),
        errors=errors or [],
    )
    return Response(msgspec.json.encode(body), status_code=status, media_type=MEDIA_TYPE)


def _own(request: AnyRequest, error: OhmsteadError) -> Response[bytes]:
    answer = problem(request, error.status, str(error))
    if isinstance(error, SlowDown):
        answer.headers["Retry-After"] = str(error.retry_after_s)
    elif isinstance(error, Unavailable):
        answer.headers["Retry-After"] = str(RETRY_S)
    return answer


def _invalid(request: AnyRequest, error: ValidationException) -> Response[bytes]:
    said = error.extra if isinstance(error.extra, list) else []
    fields = [
        FieldProblem(field=str(each.get("key", "")), message=str(each.get("message", "")))
        for each in said
        if isinstance(each, dict)
    ]
    detail = "; ".join(f"{each.field}: {each.message}" for each in fields) or error.detail
    return problem(request, 400, detail, fields)


def _http(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    answer = problem(request, error.status_code, error.detail)
    answer.headers.update(error.headers or {})
    return answer


def _fault(request: AnyRequest, error: Exception) -> Response[bytes]:
    log.error("request failed", request=request_id(request), path=request.url.path, exc_info=error)
    return problem(request, 500, "Something went wrong here; try again, and name the request id.")


HANDLERS: ExceptionHandlersMap = {
    OhmsteadError: _own,
    ValidationException: _invalid,
    HTTPException: _http,
    Exception: _fault,
}
