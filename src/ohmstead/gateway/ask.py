"""Meters that only answer: asked in rounds, at a bounded pace; each round makes one reading.

*To add a protocol: a file `ask_*` with its `Asker`, and one line in `asking.asker`.*
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Protocol

import structlog

from ohmstead.gateway.backoff import Backoff
from ohmstead.gateway.line import Line, Tell
from ohmstead.gateway.port import name_of, opened
from ohmstead.gateway.search import Notebook
from ohmstead.gateway.source import Ask, Listen, Serial, Setting, Tcp
from ohmstead.wire.telegram import Refused, Telegram

Answers = list[Telegram | Refused]
Feed = Callable[[bytes], Answers]
Asked = Serial | Tcp | Listen

FIRST_BYTE_S = 2.0
"""How long a meter may think before it answers; at 300 baud the M-Bus gives it 1.2 s."""
PAUSE_S = 0.7
"""Silence after which an answer that is not whole will not become so."""
LONGEST_ANSWER_S = 30.0
TRIES = 3
"""How often one question is asked before the round is given up."""
REST_S = 0.5
"""What a meter rests at least between two rounds, however long they take."""
SILENT_ROUNDS = 5
"""After so many rounds without an answer a network connection is made anew."""

_log = structlog.get_logger("gateway.ask")


class Ended(OSError):
    """The line ended in the middle of a conversation."""


class Asker(Protocol):
    """How one kind of meter is asked."""

    @property
    def settings(self) -> Sequence[Setting]:
        """What its serial line may be set to, the most usual first."""
        ...

    async def round(self, line: Line) -> Answers:
        """All that there is to ask, once; what was answered.  OSError when the line breaks."""
        ...


async def heard(
    line: Line, feed: Feed, over: Callable[[Answers], bool] = bool, first_s: float = FIRST_BYTE_S
) -> Answers:
    """What `feed` makes of what comes now, until that is `over` (there is any) or no more comes."""
    found: Answers = []
    wait_s = first_s
    try:
        async with asyncio.timeout(LONGEST_ANSWER_S):
            while not over(found):
                piece = await line.read(wait_s)
                if not piece:
                    raise Ended("it ended")
                wait_s = PAUSE_S
                found += feed(piece)
    except TimeoutError:
        return found
    return found


async def asked(line: Line, request: bytes, feed: Feed, tries: int = TRIES) -> Answers:
    """The answer to `request`, which is repeated while there is none; empty if there never is."""
    for _ in range(tries):
        await line.write(request)
        if found := await heard(line, feed):
            return found
    return []


async def rounds(
    at: Asked,
    ask: Ask,
    asker: Asker,
    tell: Tell,
    *,
    notebook: Notebook | None = None,
    backoff: Backoff | None = None,
) -> AsyncGenerator[Answers, None]:
    """What the meter at `at` answers, round after round; an empty list for a round without answer.

    While nothing answers, a serial line is set to the next of the asker's settings each round.
    """
    notes = notebook or Notebook(None)
    settings = _settings(at, asker, notes)
    async with opened(at, tell, backoff, settings[0]) as those:
        async for line in those:
            silent = 0
            try:
                while silent < SILENT_ROUNDS or isinstance(at, Serial):
                    begun_s = asyncio.get_running_loop().time()
                    if len(settings) > 1:
                        await line.set(settings[0])
                    answers = await asker.round(line)
                    yield answers
                    if answers:
                        notes.write(settings[0])
                        settings, silent = settings[:1], 0
                    else:
                        settings = [*settings[1:], settings[0]]
                        silent += 1
                    spent_s = asyncio.get_running_loop().time() - begun_s
                    await asyncio.sleep(max(ask.every_s - spent_s, REST_S))
            except OSError as error:
                why = str(error) or type(error).__name__
                _log.warning("meter connection ended", line=name_of(at), why=why)


def _settings(at: Asked, asker: Asker, notes: Notebook) -> list[Setting]:
    """What to set the line to, first what was right last time and what the address says."""
    if not isinstance(at, Serial):
        return [asker.settings[0]]
    wanted = {
        name: value
        for name in ("baudrate", "parity", "stopbits", "databits")
        if (value := getattr(at, name)) is not None
    }
    found = list(dict.fromkeys(_with(setting, wanted) for setting in asker.settings))
    known = notes.read()
    if known in found:
        found.remove(known)
        found.insert(0, known)
    return found


def _with(setting: Setting, wanted: dict[str, object]) -> Setting:
    said = {
        name: wanted.get(name, getattr(setting, name))
        for name in ("baudrate", "parity", "stopbits", "databits")
    }
    return Setting(**said)  # type: ignore[arg-type]


def asked_at(at: object) -> tuple[Asked, Ask] | None:
    """The source and how it is asked; None for one that pushes."""
    if isinstance(at, Serial | Tcp | Listen) and at.ask is not None:
        return at, at.ask
    return None
