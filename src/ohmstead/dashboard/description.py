"""The API's description: for programs as OpenAPI, for people as a page without any script."""

import html
from collections.abc import Mapping
from typing import Any

from litestar import Request
from litestar.enums import MediaType
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin
from litestar.openapi.spec import Components, License, SecurityScheme

from ohmstead import __version__
from ohmstead.dashboard.problems import MEDIA_TYPE
from ohmstead.dashboard.sessions import BEARER, COOKIE

PATHS = ("/schema", "/schema/", "/schema/page.css", "/schema/openapi.json")
"""Where it is; nothing else is under /schema."""
STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
section { border-top: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
code { font-family: ui-monospace, monospace; }
table { border-collapse: collapse; } td { padding: 0.1rem 1rem 0.1rem 0; vertical-align: top; }
"""


class StylePlugin(OpenAPIRenderPlugin):
    """The style of the page, a file of its own as the Content-Security-Policy asks."""

    def __init__(self) -> None:
        super().__init__(path="/page.css", media_type=MediaType.CSS)

    def render(
        self,
        request: Request[Any, Any, Any],  # noqa: ARG002
        openapi_schema: dict[str, Any],  # noqa: ARG002
    ) -> bytes:
        """The same for every request."""
        return STYLE.encode()


class PagePlugin(OpenAPIRenderPlugin):
    """The page for people: each route, what it takes and what it answers; it is at `base`."""

    def __init__(self, base: str = "/schema") -> None:
        super().__init__(path="/", media_type=MediaType.HTML)
        self._base = base

    def render(
        self,
        request: Request[Any, Any, Any],  # noqa: ARG002
        openapi_schema: dict[str, Any],
    ) -> bytes:
        """The page."""
        return page(plain(openapi_schema), self._base).encode()


class PlainJsonPlugin(JsonRenderPlugin):
    """The OpenAPI document for programs."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The document, as `plain` makes it."""
        return self.render_json(request, plain(openapi_schema))


CONFIG = OpenAPIConfig(
    title="Ohmstead",
    version=__version__,
    description="The JSON API of Ohmstead's pages. Times are UTC, powers kW, energies kWh.",
    license=License(name="Apache-2.0", identifier="Apache-2.0"),
    components=Components(
        security_schemes={
            COOKIE: SecurityScheme(
                type="apiKey",
                name=COOKIE,
                security_scheme_in="cookie",
                description="The session that POST /api/session begins.",
            ),
            BEARER: SecurityScheme(
                type="http",
                scheme="bearer",
                description="A token for programs; its scope may be less than its owner's rights.",
            ),
        }
    ),
    render_plugins=[PagePlugin(), StylePlugin(), PlainJsonPlugin()],
    use_handler_docstrings=True,
)


def plain(document: Any) -> Any:
    """The framework's document without what would mislead a reader of it.

    A choice of one is that one, so that its limits stand beside its type; an error that is not in
    our shape is one that the framework supposes and no route gives.

    >>> plain({"maxLength": 3, "oneOf": [{"type": "string"}]})
    {'maxLength': 3, 'type': 'string'}
    """
    if isinstance(document, list):
        return [plain(each) for each in document]
    if not isinstance(document, dict):
        return document
    choices = document.get("oneOf", ())
    if len(choices) == 1:
        rest = {name: each for name, each in document.items() if name != "oneOf"}
        return plain({**rest, **choices[0]})
    return {name: plain(each) for name, each in document.items() if not _supposed(name, each)}


def _supposed(status: str, answer: Any) -> bool:
    """Whether this is an answer to a failed request that is not one of ours."""
    return status == "400" and MEDIA_TYPE not in answer["content"]


def page(description: Mapping[str, Any], base: str = "/schema") -> str:
    """The page of an OpenAPI document, which itself is at `base`/openapi.json."""
    info = description["info"]
    parts = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width, initial-scale=1'>",
        f"<title>{html.escape(info['title'])} API</title>",
        "<link rel='icon' href='/icon.svg' type='image/svg+xml'>",
        "<link rel='stylesheet' href='/schema/page.css'></head><body>",
        f"<h1>{html.escape(info['title'])} API {html.escape(info['version'])}</h1>",
        f"<p>{html.escape(info['description'])}",
        f"For programs: <a href='{base}/openapi.json'>openapi.json</a>.</p>",
    ]
    for path, methods in description["paths"].items():
        parts += (_route(path, method, route) for method, route in methods.items())
    return "\n".join([*parts, "</body></html>"])


def _route(path: str, method: str, route: Mapping[str, Any]) -> str:
    takes = [
        (each["name"], each["in"], each.get("description", ""))
        for each in route.get("parameters", ())
    ]
    body = route.get("requestBody", {}).get("content", {})
    takes += [(_named(content), "body", kind) for kind, content in body.items()]
    gives = [
        (status, ", ".join(map(_named, each.get("content", {}).values())), each["description"])
        for status, each in route["responses"].items()
    ]
    return (
        f"<section><h2><code>{method.upper()} {html.escape(path)}</code></h2>"
        f"<p>{html.escape(route.get('summary', ''))}: "
        f"{html.escape(route.get('description', ''))}</p>"
        f"{_table('Takes', takes)}{_table('Answers', gives)}</section>"
    )


def _named(content: Mapping[str, Any]) -> str:
    schema = content.get("schema", {})
    return str(schema.get("$ref", "").rpartition("/")[2] or schema.get("type", ""))


def _table(title: str, rows: list[tuple[str, str, str]]) -> str:
    if not rows:
        return ""
    cells = ("".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) for row in rows)
    lines = "".join(f"<tr>{row}</tr>" for row in cells)
    return f"<h3>{title}</h3><table>{lines}</table>"
