"""Asking a durable consumer for messages: what is there now, or the next one that comes."""

import asyncio
import secrets
from dataclasses import dataclass
from datetime import datetime

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg

from ohmstead.broker.stream import CONSUMER, STREAM, Limits

_NEXT = f"$JS.API.CONSUMER.MSG.NEXT.{STREAM}."
_NO_ANSWER_S = 2.0
_NOBODY_THERE = "503"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery of one message."""

    sequence: int
    """Place of the message in the stream."""
    count: int
    """The consumer's own count of deliveries: without a gap if all of them arrived."""
    stored_at: datetime
    subject: str
    payload: bytes
    reply: str
    """Where the acknowledgement goes."""


def _delivery(msg: Msg) -> Delivery:
    told = msg.metadata
    return Delivery(
        sequence=told.sequence.stream,
        count=told.sequence.consumer,
        stored_at=told.timestamp,
        subject=msg.subject,
        payload=msg.data,
        reply=msg.reply,
    )


class Pull:
    """One consumer's inbox; one question at a time, each bounded in messages, bytes and time.

    A delivery that comes late, to a question given up already, is kept for the next answer.
    """

    def __init__(self, connection: Client, limits: Limits, consumer: str = CONSUMER) -> None:
        self._connection = connection
        self._next = _NEXT + consumer
        self._limits = limits
        self._inbox = f"_INBOX.{secrets.token_hex(12)}"
        self._asked = 0
        self._wanted = 0
        self._arrived: list[Delivery] = []
        self._answered = asyncio.Event()

    async def open(self) -> None:
        """Listen for answers."""
        await self._connection.subscribe(f"{self._inbox}.*", cb=self._receive)

    def forget(self) -> None:
        """Drop what arrived and was not taken: the server will deliver it again."""
        self._arrived.clear()

    async def take(self, most: int, wait_s: float) -> list[Delivery]:
        """Up to `most` deliveries that are there; if none is, those that begin within `wait_s`."""
        got = await self._ask(most, {"no_wait": True}, _NO_ANSWER_S)
        if got or wait_s <= 0:
            return got
        got = await self._ask(1, {"expires": int(wait_s * 1e9)}, wait_s + _NO_ANSWER_S)
        if got and most > len(got):
            got += await self._ask(most - len(got), {"no_wait": True}, _NO_ANSWER_S)
        return got

    async def _ask(self, most: int, how: dict[str, object], wait_s: float) -> list[Delivery]:
        self._asked += 1
        self._wanted = most
        self._answered.clear()
        question = {"batch": most, "max_bytes": self._limits.batch_bytes, **how}
        await self._connection.publish(self._next, msgspec.json.encode(question), self._reply)
        try:
            async with asyncio.timeout(wait_s):
                await self._answered.wait()
        except TimeoutError:
            pass  # away for now; what did arrive is given, the rest is asked for again
        got, self._arrived = self._arrived, []
        return got

    @property
    def _reply(self) -> str:
        return f"{self._inbox}.{self._asked}"

    async def _receive(self, msg: Msg) -> None:
        if msg.reply and msg.reply.startswith("$JS.ACK."):
            self._arrived.append(_delivery(msg))
            if len(self._arrived) >= self._wanted:
                self._answered.set()
        elif msg.subject == self._reply:  # a status: nothing (more) is coming to this question
            if (msg.headers or {}).get("Status") == _NOBODY_THERE:
                return  # no such consumer just now; the question's own time limit paces the next
            self._answered.set()
