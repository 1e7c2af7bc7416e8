"""The parser of requests, which passes over the wish to go on in another protocol."""

import re
from collections.abc import Callable
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_WISH = b"\r\nupgrade:"
_WISHES = re.compile(_WISH, re.IGNORECASE)
_PASSED_OVER = b"\r\nignored:"
_END = b"\r\n\r\n"


class Parser(httptools.HttpRequestParser):
    """As its parent, but a request that could go on in another protocol keeps its body.

    Java's own client asks for HTTP/2 with the first request of a connection without TLS, and the
    parent takes what follows the headers of such a request for the other protocol, and throws it
    away.  We speak no other, and a server may pass over the wish.  Source: RFC 9110, 7.8.
    """

    def __init__(self, connection: Any) -> None:
        told = _Told(connection)
        super().__init__(told)
        self._told = told
        self._kept = b""
        """The end of a head that goes on, where that may be part of a wish."""

    def feed_data(self, data: Any) -> None:
        """What came of the connection."""
        if self._told.between:
            whole = self._kept + data
            end = whole.find(_END)
            self._told.between = end < 0
            self._kept = _open(whole) if end < 0 else b""
            head = whole if end < 0 else whole[:end]
            if _WISHES.search(head):  # of the same length
                whole = _WISHES.sub(_PASSED_OVER, head) + whole[len(head) :]
            data = whole[: len(whole) - len(self._kept)] if self._kept else whole
        super().feed_data(data)


class _Told:
    """A connection as its parser has it: what ends a message is noted.

    It knows nothing of the parser: what refers to itself is freed late, and at some cost.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.between = True
        """What comes next is a head, or goes on with one."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def on_message_complete(self) -> None:
        self.between = True
        complete = getattr(self._connection, "on_message_complete", None)
        if complete is not None:
            complete()


def _open(head: bytes) -> bytes:
    """The end of a head that is not whole yet, where a wish or the end of all may have begun."""
    for size in range(len(_WISH) - 1, 0, -1):
        last = head[-size:].lower()
        if _WISH.startswith(last) or _END.startswith(last):
            return head[-size:]
    return b""


def with_it(protocol: Callable[..., Any] = HttpToolsProtocol) -> Callable[..., Any]:
    """What makes the same connections as `protocol`, with this parser in each."""

    def made(*arguments: Any, **named: Any) -> Any:
        connection = protocol(*arguments, **named)
        connection.parser = Parser(connection)
        connection.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
        return connection

    return made
