"""The description of the API, made of its routes and the types that they take and give."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from ohmstead.gateway.http import About, Method, Request, Response, Route, json
from ohmstead.settings import form

PATH = "/api/v1/openapi.json"
ERROR = {"$ref": "#/components/schemas/Error"}
MEANINGS = {
    200: "Done",
    202: "Accepted: it is done meanwhile",
    204: "Done; there is nothing to say",
    206: "A part of it",
    400: "Not acceptable: the message names the field",
    401: "The password is needed",
    404: "There is no such thing",
    405: "Not with this method",
    409: "It is busy with that",
    413: "Too large",
    415: "Of the wrong kind",
    416: "There is no such part",
    429: "Too many at once, or too many wrong passwords",
    500: "This should not have happened",
    503: "Not there for now",
}
SCHEMES: dict[str, Any] = {
    "basicAuth": {"type": "http", "scheme": "basic"},
    "digestAuth": {"type": "http", "scheme": "digest"},
}
HEADERS: dict[int, dict[str, str]] = {
    202: {"Location": "Where its outcome can be asked for"},
    401: {"WWW-Authenticate": "The challenge; with stale=true an old nonce was used"},
    405: {"Allow": "The methods there are"},
}
"""Headers that come with a status."""
ERROR_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"error": {"type": "string"}, "message": {"type": "string"}},
    "required": ["error", "message"],
}

Json = dict[str, Any]


class OpenApi:
    """Answers with the description of all routes, its own too."""

    def __init__(self, routes: Sequence[Route], version: str) -> None:
        self._routes = (*routes, *self.routes())
        self._version = version

    def routes(self) -> Sequence[Route]:
        """The description itself."""
        about = About(summary="This description", source="OpenAPI 3.1", gives=dict[str, Any])
        return (Route("GET", PATH, self._get, about),)

    async def _get(self, request: Request) -> Response:
        del request
        return json(self.document())

    def document(self) -> Json:
        """The description as an object."""
        described = [(route, route.about) for route in self._routes if route.about]
        kinds = [kind for _, about in described for kind in (about.takes, about.gives) if kind]
        plain = [kind for kind in kinds if not _is_form(kind)]
        schemas, components = msgspec.json.schema_components(
            plain, ref_template="#/components/schemas/{name}"
        )
        by_kind = {id(kind): schema for kind, schema in zip(plain, schemas, strict=True)}
        for kind in kinds:
            if _is_form(kind):
                components[kind.__name__] = form.schema(kind)
                components[f"{kind.__name__}Given"] = form.schema(kind, given=True)
                by_kind[id(kind)] = {"$ref": f"#/components/schemas/{kind.__name__}"}
        paths: Json = {}
        for route, about in described:
            path = re.sub(r"\{(\w+)\*\}", r"{\1}", route.path)
            paths.setdefault(path, {})[route.method.lower()] = _operation(route, about, by_kind)
        return {
            "openapi": "3.1.0",
            "info": {
                "title": "Ohmstead gateway",
                "version": self._version,
                "description": "The local API of a whatwatt Go (REST/MQTT 2.0), and its additions.",
            },
            "security": [{}, {"digestAuth": []}, {"basicAuth": []}],
            "paths": paths,
            "components": {
                "schemas": {**components, "Error": ERROR_SCHEMA},
                "securitySchemes": SCHEMES,
            },
        }


def _is_form(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, form.Form)


def _operation(route: Route, about: About, schemas: dict[int, Json]) -> Json:
    answer: Json = {
        "operationId": _name(route.method, route.path),
        "summary": about.summary,
        "description": f"Source: {about.source}." if about.source else "",
        "parameters": [*_places(route.path), *_queries(about)],
        "responses": {
            str(status): _answer(status, about, schemas) for status in _statuses(route, about)
        },
    }
    if about.takes:
        taken = schemas[id(about.takes)]
        if _is_form(about.takes):
            taken = {"$ref": f"#/components/schemas/{about.takes.__name__}Given"}
        content: Json = {"application/json": {"schema": taken}}
        if about.takes is str:
            content = {"text/plain": {"schema": {"type": "string", "minLength": 1}}}
        answer["requestBody"] = {"required": True, "content": content}
    if about.form:
        answer["requestBody"] = {"required": True, "content": _form(about.form)}
    return answer


def _form(file: str) -> Json:
    schema = {
        "type": "object",
        "properties": {file: {"type": "string", "format": "binary"}},
        "required": [file],
        "additionalProperties": False,
    }
    return {"multipart/form-data": {"schema": schema}}


def _name(method: Method, path: str) -> str:
    """
    >>> _name("GET", "/api/v1/meter/settings"), _name("DELETE", "/sdcard/{path*}")
    ('get_meter_settings', 'delete_sdcard_path')
    """
    plain = re.sub(r"[^A-Za-z0-9]+", "_", path.removeprefix("/api/v1")).strip("_")
    return f"{method.lower()}_{plain}"


def _places(path: str) -> list[Json]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"\{(\w+)\*?\}", path)
    ]


def _queries(about: About) -> list[Json]:
    return [
        {
            "name": query.name,
            "in": "query",
            "required": query.required,
            "description": query.about,
            "schema": dict(query.schema),
        }
        for query in about.query
    ]


def _statuses(route: Route, about: About) -> list[int]:
    taken = {route.too_long, 400} if route.method in ("POST", "PUT") else set()
    return sorted({*about.statuses, *taken, 401, 429, 500, *([404] if route.licensed else [])})


def _answer(status: int, about: About, schemas: dict[int, Json]) -> Json:
    answer: Json = {"description": MEANINGS[status]}
    if status in HEADERS:
        answer["headers"] = {
            name: {"description": what, "schema": {"type": "string"}}
            for name, what in HEADERS[status].items()
        }
    if status >= 400:
        answer["content"] = {"application/json": {"schema": ERROR}}
        if about.plain_errors:
            answer["content"]["text/plain"] = {"schema": {"type": "string"}}
    elif status != 204 and (about.media or about.gives):
        answer["content"] = {}
        if about.gives:
            answer["content"]["application/json"] = {"schema": schemas[id(about.gives)]}
        if about.media:
            answer["content"][about.media.partition(";")[0]] = {"schema": {"type": "string"}}
    return answer
