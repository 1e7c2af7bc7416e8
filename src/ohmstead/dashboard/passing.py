"""What the pages need of the relay and the broker, which live in other rooms."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ohmstead.errors import Unavailable


class Sent(Protocol):
    """A message that was published."""

    @property
    def at(self) -> datetime: ...
    @property
    def topic(self) -> str: ...
    @property
    def payload(self) -> str: ...
    @property
    def test(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class ToSend:
    """A message to publish for a test."""

    topic: str
    payload: bytes
    retain: bool


class Passing(Protocol):
    """Passing on, as it goes now."""

    @property
    def kept(self) -> str:
        """What is kept for clients that are away, in words."""
        ...

    @property
    def kept_messages(self) -> int:
        """How many messages of an integration are kept for them."""
        ...

    @property
    def kept_days(self) -> int:
        """For how long."""
        ...

    def recent(self, integration: str) -> Sequence[Sent]:
        """The last messages of an integration, the newest first."""
        ...

    async def send(self, integration: str, messages: Sequence[ToSend]) -> Sequence[Sent]:
        """Publish at once; Unavailable while the broker does not take it."""
        ...

    async def connections(self, username: str) -> int | None:
        """How many clients of a user are connected; None while nobody knows."""
        ...


class Nothing:
    """A dashboard without a relay beside it: nothing was sent, and nothing can be."""

    kept = ""
    kept_messages = kept_days = 0

    def recent(self, integration: str) -> Sequence[Sent]:  # noqa: ARG002
        return ()

    async def send(self, integration: str, messages: Sequence[ToSend]) -> Sequence[Sent]:  # noqa: ARG002
        raise Unavailable("the relay does not run; messages cannot be sent")

    async def connections(self, username: str) -> int | None:  # noqa: ARG002
        return None
