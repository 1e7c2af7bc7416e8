"""Before the API: how often a program may ask, by its token and by where it asks from.

Source: RFC 6585, section 4 (429), RFC 9110, 10.2.3 (Retry-After); the `RateLimit-*` headers as
draft-ietf-httpapi-ratelimit-headers had them up to its version 7, which is what clients read.
"""

from http import HTTPStatus

import msgspec

from ohmstead.access import secrets
from ohmstead.access.tokens import LONGEST, token_in
from ohmstead.clock import Clock
from ohmstead.dashboard import problems
from ohmstead.dashboard.attempts import network_of
from ohmstead.dashboard.door import App, Header, Message, Receive, Scope, Send
from ohmstead.dashboard.limits import OF_TOKEN, Allowance, Limits

OF_ADDRESS = 5
"""So many times that from one address, whatever the tokens."""
REFUSED = 60
"""Requests a minute from one address whose token is not good."""
CHALLENGE: Header = (b"www-authenticate", b'Bearer realm="ohmstead"')


class Limited:
    """The ASGI app in front of the API; requests without a token are not counted."""

    def __init__(self, inside: App, key: bytes, clock: Clock, of_token: int = OF_TOKEN) -> None:
        self._inside = inside
        self._key = key
        self._tokens = Limits(clock, of_token)
        self._addresses = Limits(clock, of_token * OF_ADDRESS)
        self._refused = Limits(clock, REFUSED)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or say when to come again."""
        header = b",".join(value for name, value in scope["headers"] if name == b"authorization")
        token = token_in(header.decode("latin-1"))
        if not token:
            await self._inside(scope, receive, _challenging(send))
            return
        address = network_of(scope["client"][0]).encode()
        digest = secrets.digest(self._key, token[:LONGEST])
        allowance = self._allowance(digest, address)
        headers = _headers(allowance)
        if allowance.retry_s is not None:
            await _too_many(scope, send, allowance, headers)
            return

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *headers]}
                if message["status"] == HTTPStatus.UNAUTHORIZED:
                    self._refused.take(address)
            await send(message)

        await self._inside(scope, receive, _challenging(counted))

    def _allowance(self, digest: bytes, address: bytes) -> Allowance:
        """The token's, unless its address has had its share or was refused too often."""
        refused = self._refused.look(address)
        if refused.retry_s is not None:
            return refused
        shared = self._addresses.take(address)
        return shared if shared.retry_s is not None else self._tokens.take(digest)


def _challenging(send: Send) -> Send:
    """`send`, where each 401 says how to come in.  Source: RFC 9110, 15.5.2."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start" and (
            message["status"] == HTTPStatus.UNAUTHORIZED
        ):
            message = {**message, "headers": [*message.get("headers", ()), CHALLENGE]}
        await send(message)

    return sent


def _headers(said: Allowance) -> tuple[Header, ...]:
    return (
        (b"ratelimit-limit", b"%d" % said.limit),
        (b"ratelimit-remaining", b"%d" % said.remaining),
        (b"ratelimit-reset", b"%d" % said.reset_s),
    )


async def _too_many(scope: Scope, send: Send, said: Allowance, headers: tuple[Header, ...]) -> None:
    detail = (
        f"more than {said.limit} requests a minute; try again in {said.retry_s} "
        f"second{'' if said.retry_s == 1 else 's'}"
    )
    body = msgspec.json.encode(problems.problem(429, detail, str(scope.get("request_id", ""))))
    start = [
        (b"content-type", problems.MEDIA_TYPE.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"retry-after", b"%d" % (said.retry_s or 1)),
        *headers,
    ]
    await send({"type": "http.response.start", "status": 429, "headers": start})
    await send({"type": "http.response.body", "body": body})
