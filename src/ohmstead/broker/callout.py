"""Who may connect to the broker, and what each may publish and subscribe to.

The server asks on `$SYS.REQ.USER.AUTH` at every sign-in and waits five seconds for the answer, so
two of us listen (one queue group).  What it is told holds until the connection ends: when the
rights of a user change, end its connections (`broker/connections.py`).
Source: NATS documentation, "Auth Callout"; NATS JWT version 2.
"""

import asyncio
import re
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import msgspec
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from ohmstead.broker import keys, topics
from ohmstead.broker.configuration import ACCOUNT, CALLOUT_TIMEOUT_S, CALLOUT_USER
from ohmstead.broker.keys import AccountKey
from ohmstead.broker.link import Link
from ohmstead.clock import Clock

log = structlog.get_logger(__name__)

SUBJECT, QUEUE = "$SYS.REQ.USER.AUTH", "callout"
RESPONDERS = 2
AT_ONCE = 64
"""Sign-ins that one responder works on at the same time; further ones wait."""
REMEMBERED = 50_000
"""Client ids whose users are known, for telling whose attempt to break out one was."""
_AUTHORISE_S = CALLOUT_TIMEOUT_S - 1.0
_SUFFIX = r"(:[A-Za-z0-9]{1,64})?"
_SESSION = "$MQTT.sub.>"
"""Where the server delivers QoS 1 messages to a subscriber; reading others' is not possible."""


@dataclass(frozen=True, slots=True)
class Login:
    """What somebody signs in with; not written to any log."""

    username: str
    password: str
    client_id: str
    host: str


@dataclass(frozen=True, slots=True)
class Grant:
    """The MQTT topics (filters with `+` and `#`) somebody may publish on and subscribe to."""

    publish: tuple[str, ...] = ()
    subscribe: tuple[str, ...] = ()
    any_client: bool = False
    """Whether the client id may be another than the user name, or it with `:` and letters."""


Authorise = Callable[[Login], Awaitable[Grant | None]]


class _ServerId(msgspec.Struct, frozen=True):
    id: str = ""


class _ClientInfo(msgspec.Struct, frozen=True):
    host: str = ""
    type: str = ""
    mqtt_id: str = ""


class _ConnectOptions(msgspec.Struct, frozen=True):
    user: str = ""
    password: str = msgspec.field(default="", name="pass")


class _Request(msgspec.Struct, frozen=True):
    user_nkey: str
    server_id: _ServerId = _ServerId()
    client_info: _ClientInfo = _ClientInfo()
    connect_opts: _ConnectOptions = _ConnectOptions()


class _Claims(msgspec.Struct, frozen=True):
    nats: _Request


def is_own(client_id: str, username: str) -> bool:
    """Whether a client id belongs to a user: the name itself, or with `:` and alphanumerics.

    Client ids share one name space and the newcomer ends the connection of the one before, so
    nobody may take the id of somebody else.

    >>> is_own("gw-1", "gw-1"), is_own("gw-1:a7", "gw-1"), is_own("gw-2", "gw-1")
    (True, True, False)
    """
    return re.fullmatch(re.escape(username) + _SUFFIX, client_id) is not None


def permissions(grant: Grant) -> dict[str, object]:
    """A grant as the permissions of a NATS user; what is not granted is denied."""
    publish = [topics.subject(each) for each in grant.publish]
    subscribe = topics.watched(grant.subscribe)
    return {
        "pub": {"allow": publish} if publish else {"deny": [">"]},
        "sub": {"allow": [*subscribe, _SESSION]} if subscribe else {"deny": [">"]},
    }


class Callout:
    """Answers sign-ins for as long as it is open: `async with Callout(...)`."""

    def __init__(
        self,
        link: Link,
        key: AccountKey,
        clock: Clock,
        authorise: Authorise,
        *,
        responders: int = RESPONDERS,
        on_wrong_client: Callable[[Login], None] = lambda _: None,
    ) -> None:
        """`on_wrong_client` is told who came with a good password and a client id of another."""
        self._link, self._key, self._clock, self._authorise = link, key, clock, authorise
        self._responders, self._on_wrong_client = responders, on_wrong_client
        self._users: OrderedDict[str, str] = OrderedDict()
        self._connections: list[Client] = []
        self._room = asyncio.Semaphore(AT_ONCE)
        self._answering: set[asyncio.Task[None]] = set()
        self.granted = self.refused = 0
        """Sign-ins answered either way since the start."""

    def user_of(self, client_id: str) -> str | None:
        """Who signed in with this client id last, as far as is remembered."""
        return self._users.get(client_id)

    async def __aenter__(self) -> Self:
        try:
            for number in range(self._responders):
                connection = await self._link.connect(CALLOUT_USER, f"callout {number + 1}")
                self._connections.append(connection)
                await connection.subscribe(SUBJECT, queue=QUEUE, cb=self._asked)
                await connection.flush()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._close()

    async def _close(self) -> None:
        for task in tuple(self._answering):
            task.cancel()
        await asyncio.gather(*self._answering, return_exceptions=True)
        for connection in self._connections:
            await connection.close()
        self._connections.clear()

    async def _asked(self, msg: Msg) -> None:
        """Answer beside the others: one slow password check does not hold up the next sign-in."""
        await self._room.acquire()
        task = asyncio.create_task(self._answer(msg), name="callout answer")
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _answer(self, msg: Msg) -> None:
        try:
            request = msgspec.json.decode(keys.claims_of(msg.data), type=_Claims).nats
            await msg.respond(await self._decided(request))
        except (ValueError, msgspec.MsgspecError, NatsError) as trouble:
            log.error("sign-in not answered", trouble=repr(trouble))
        finally:
            self._room.release()

    async def _decided(self, request: _Request) -> bytes:
        login = Login(
            username=request.connect_opts.user,
            password=request.connect_opts.password,
            client_id=request.client_info.mqtt_id,
            host=request.client_info.host,
        )
        grant, why = await self._grant(login, request.client_info.type)
        if grant is None:
            self.refused += 1
            log.warning("sign-in refused", user=login.username, host=login.host, why=why)
            answer = {"error": why}
        else:
            self.granted += 1
            self._users[login.client_id] = login.username
            self._users.move_to_end(login.client_id)
            if len(self._users) > REMEMBERED:
                self._users.popitem(last=False)
            answer = {"jwt": self._user_token(request.user_nkey, login.username, grant)}
        claims = {"type": "authorization_response", "version": 2, **answer}
        audience = request.server_id.id
        return self._token(request.user_nkey, claims, audience=audience).encode()

    async def _grant(self, login: Login, kind: str) -> tuple[Grant | None, str]:
        if kind != "mqtt" or not login.username:
            return None, "not over MQTT, or without a user name"
        try:
            async with asyncio.timeout(_AUTHORISE_S):
                grant = await self._authorise(login)
        except TimeoutError:
            return None, "the check took too long"
        except Exception as trouble:  # an answer is owed whatever happened to who decides
            log.exception("sign-in could not be checked", user=login.username)
            return None, f"the check failed: {type(trouble).__name__}"
        if grant is None:
            return None, "unknown user or wrong password"
        if not grant.any_client and not is_own(login.client_id, login.username):
            self._on_wrong_client(login)
            return None, f"client id {login.client_id!r} is not the user name"
        return grant, ""

    def _user_token(self, user_key: str, name: str, grant: Grant) -> str:
        claims = {
            **permissions(grant),
            "subs": -1,
            "data": -1,
            "payload": -1,
            "allowed_connection_types": ["MQTT"],
            "type": "user",
            "version": 2,
        }
        return self._token(user_key, claims, audience=ACCOUNT, name=name)

    def _token(
        self, subject: str, claims: Mapping[str, object], *, audience: str, name: str = ""
    ) -> str:
        return self._key.token(
            {
                "jti": secrets.token_hex(16),
                "iat": int(self._clock.now().timestamp()),
                "iss": self._key.public,
                "sub": subject,
                "aud": audience,
                **({"name": name} if name else {}),
                "nats": claims,
            }
        )
