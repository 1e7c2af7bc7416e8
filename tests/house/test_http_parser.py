"""A request that could go on in another protocol.  Source: RFC 9110, 7.8; RFC 7540, 3.2 (`h2c`)."""

import weakref

from ohmstead.house.http_parser import Parser

BODY = b'{"x": "\r\nUpgrade: h2c\r\n\r\n"}'
HEAD = (
    b"POST /measurements/v2/unifiedjson/ HTTP/1.1",
    b"Connection: Upgrade, HTTP2-Settings",
    b"Content-Length: %d" % len(BODY),
    b"Host: localhost:8080",
    b"HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA",
    b"Upgrade: h2c",
    b"",
    b"",
)


class Heard:
    """What a parser says of one request after the other."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.names: list[bytes] = []

    def on_message_begin(self) -> None:
        self.bodies.append(b"")

    def on_header(self, name: bytes, value: bytes) -> None:
        del value
        self.names.append(name.lower())

    def on_body(self, body: bytes) -> None:
        self.bodies[-1] += body


def test_a_wish_for_another_protocol_costs_no_body() -> None:
    """RFC 9110, 7.8: a server may pass over `Upgrade`; Java's own client offers `h2c` at first."""
    whole = b"\r\n".join(HEAD) + BODY
    halves = [(whole[:cut], whole[cut:], whole) for cut in range(len(whole))]
    for pieces in (*halves, [bytes([byte]) for byte in whole * 2]):
        heard = Heard()
        parser = Parser(heard)
        for piece in filter(None, pieces):
            parser.feed_data(piece)
        assert heard.bodies == [BODY, BODY], pieces[0]
        assert heard.names.count(b"content-length") == 2


def test_a_body_stays_as_it_is() -> None:
    """RFC 9112, 6: what follows the headers is the sender's, whatever it looks like."""
    heard = Heard()
    parser = Parser(heard)
    parser.feed_data(b"POST /x HTTP/1.1\r\nContent-Length: 16\r\n\r\n")
    parser.feed_data(b"a\r\nUpgrade: b\r\n\n")
    assert heard.bodies == [b"a\r\nUpgrade: b\r\n\n"]


def test_a_parser_is_freed_with_its_connection() -> None:
    """Senders open a connection for each packet: what refers to itself would be looked for."""
    parser = Parser(Heard())
    gone = weakref.ref(parser)
    parser.feed_data(b"\r\n".join(HEAD))
    del parser
    assert gone() is None
