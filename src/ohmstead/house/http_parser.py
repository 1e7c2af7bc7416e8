"""The parser of requests, which passes over the wish to go on in another protocol."""

import re
from collections.abc import Callable
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_BEGIN = re.compile(rb"[A-Z]+ [^\r\n]+ HTTP/1\.1\r\n")
_WISH = re.compile(rb"\r\nupgrade:", re.IGNORECASE)
_PASSED_OVER = b"\r\nignored:"
"""In no place the letter of the wish, so that one cut in two is another word, too."""
_END = b"\r\n\r\n"


class Parser(httptools.HttpRequestParser):
    """As its parent, but a request that could go on in another protocol keeps its body.

    Java's own client asks for HTTP/2 with the first request of a connection without TLS, and the
    parent takes what follows the headers of such a request for the other protocol, and throws it
    away.  We speak no other, and a server may pass over the wish.  Source: RFC 9110, 7.8.
    """

    _last: bytes | None = None
    """What came last of headers that go on; None between them."""

    def feed_data(self, data: Any) -> None:
        """What came of the connection."""
        if self._last is not None or _BEGIN.match(data):
            before = self._last or b""
            head, end, rest = (before + data).partition(_END)
            head = _WISH.sub(_PASSED_OVER, head)  # of the same length
            self._last = None if end else head[-len(_PASSED_OVER) :]
            data = (head + end + rest)[len(before) :]
        super().feed_data(data)


def with_it(protocol: Callable[..., Any] = HttpToolsProtocol) -> Callable[..., Any]:
    """What makes the same connections as `protocol`, with this parser in each."""

    def made(*arguments: Any, **named: Any) -> Any:
        connection = protocol(*arguments, **named)
        connection.parser = Parser(connection)
        connection.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
        return connection

    return made
