"""Sessions of MQTT clients that are away, and what the stream keeps for them.

A client that connects without a clean session leaves a consumer on the stream behind, and the
stream keeps every message that it has not acknowledged, for as long as the session exists.  The
server has no bound for this; `integrations/away.py` says which one we keep.
"""

import base64
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import msgspec
from nats.aio.client import Client

from ohmstead.broker.configuration import CONSUMER_USER
from ohmstead.broker.link import Link
from ohmstead.broker.stream import STORED, STREAM

SESSIONS = "$MQTT_sess"
_SESSION = "$MQTT.sess."
_ANSWER_S = 10.0
_OUT = "ext."
"""What the subjects of messages to integrations begin with."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What the stream keeps: messages for each integration, and the bytes of all it has."""

    messages: Mapping[str, int]
    stream_bytes: int
    most_bytes: int


class _Consumer(msgspec.Struct, frozen=True):
    name: str
    push_bound: bool = False


class _Consumers(msgspec.Struct, frozen=True):
    total: int = 0
    consumers: list[_Consumer] | None = None


class _State(msgspec.Struct, frozen=True):
    bytes: int = 0
    subjects: dict[str, int] | None = None


class _Config(msgspec.Struct, frozen=True):
    max_bytes: int = -1


class _Stream(msgspec.Struct, frozen=True):
    state: _State = _State()
    config: _Config = _Config()
    total: int = 0


class _Stored(msgspec.Struct, frozen=True):
    data: str = ""


class _Message(msgspec.Struct, frozen=True):
    message: _Stored | None = None


class _Session(msgspec.Struct, frozen=True):
    id: str


class _Purged(msgspec.Struct, frozen=True):
    purged: int = 0


class Sessions:
    """What is kept for whom: `async with Sessions(link)`.

    Every question raises nats.errors.Error or TimeoutError while the broker does not answer.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._ids: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        self._connection: Client = await self._link.connect(CONSUMER_USER, "sessions")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._connection.close()

    async def away(self) -> Sequence[str]:
        """The client ids of sessions for which messages are kept while nobody is connected."""
        bound: dict[str, bool] = {}
        offset = 0
        while True:
            page = msgspec.json.decode(
                await self._ask(f"CONSUMER.LIST.{STREAM}", {"offset": offset}), type=_Consumers
            )
            listed = page.consumers or []
            for each in listed:
                session, underscore, _ = each.name.rpartition("_")
                if underscore:  # ours have none
                    bound[session] = bound.get(session, False) or each.push_bound
            offset += len(listed)
            if not listed or offset >= page.total:
                break
        gone = [session for session, is_bound in bound.items() if not is_bound]
        self._ids = {session: id for session, id in self._ids.items() if session in bound}
        return [id for session in gone if (id := await self._client_id(session)) is not None]

    async def kept(self) -> Kept:
        """What is kept for integrations, by their ids."""
        found: Counter[str] = Counter()
        offset = 0
        while True:
            question = {"subjects_filter": f"{STORED}{_OUT}>", "offset": offset}
            page = msgspec.json.decode(
                await self._ask(f"STREAM.INFO.{STREAM}", question), type=_Stream
            )
            for id, messages in _by_integration(page.state.subjects or {}):
                found[id] += messages
            offset += len(page.state.subjects or {})
            if not page.state.subjects or offset >= page.total:
                return Kept(found, page.state.bytes, page.config.max_bytes)

    async def trim(self, integration: str, messages: int) -> int:
        """Keep only the newest `messages` of one integration; gives how many were dropped."""
        question = {"filter": f"{STORED}{_OUT}{integration}.>", "keep": messages}
        said = await self._ask(f"STREAM.PURGE.{STREAM}", question)
        return msgspec.json.decode(said, type=_Purged).purged

    async def _client_id(self, session: str) -> str | None:
        """Who left a session behind; None when it has just ended."""
        if session not in self._ids:
            said = await self._ask(
                f"STREAM.MSG.GET.{SESSIONS}", {"last_by_subj": f"{_SESSION}{session}"}
            )
            found = msgspec.json.decode(said, type=_Message).message
            if found is None:
                return None
            record = base64.b64decode(found.data)
            self._ids[session] = msgspec.json.decode(record, type=_Session).id
        return self._ids[session]

    async def _ask(self, what: str, question: Mapping[str, Any]) -> bytes:
        said = await self._connection.request(
            f"$JS.API.{what}", msgspec.json.encode(question), timeout=_ANSWER_S
        )
        return said.data


def _by_integration(subjects: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    for subject, messages in subjects.items():
        yield subject.removeprefix(STORED + _OUT).partition(".")[0], messages
