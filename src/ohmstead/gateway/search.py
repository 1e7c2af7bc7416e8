"""The search for the setting of a serial line: listen with one after the other until the meter is
understood.

Source: REST/MQTT 2.0, 6.3, `.auto_baudrate`: "The device will try to determine the serial port
settings".
"""

import itertools
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog

from ohmstead.errors import BadInput
from ohmstead.gateway.line import CannotSet, Line, Tell, pieces
from ohmstead.gateway.source import Serial, Setting
from ohmstead.wire.cipher import Keys
from ohmstead.wire.recognise import HARDLY, Recogniser
from ohmstead.wire.telegram import (
    NO_DATA,
    NOT_RECOGNIZED,
    RECOGNITION,
    Telegram,
)

CANDIDATES: tuple[Setting, ...] = (
    Setting(115_200),  # P1 from DSMR 4 on, Swiss P1
    Setting(2400, "even"),  # wired M-Bus customer ports: Landis+Gyr, Iskraemeco, Kaifa, Aidon
    Setting(2400),  # Kamstrup, Aidon
    Setting(9600),  # optical heads on SML meters, MEP
    Setting(9600, "even", databits=7),  # P1 of DSMR 2.2 and 3, IEC 62056-21
    Setting(9600, "even"),  # M-Bus at its fastest, Sagemcom in Austria
    Setting(9600, "none", 2),  # Kamstrup OMNIPOWER
    Setting(1200, "none", 2),  # Kamstrup MULTICAL
    Setting(19_200),
    Setting(4800),
    Setting(4800, "even", databits=7),
    Setting(300, "even", databits=7),  # IEC 62056-21, first words
    Setting(300, "even"),  # M-Bus, slowest
    Setting(38_400),
    Setting(57_600),
    Setting(115_200, "even"),
    Setting(115_200, "even", databits=7),
    Setting(19_200, "even"),
    Setting(19_200, "even", databits=7),
    Setting(2400, "even", databits=7),
    Setting(4800, "even"),
    Setting(2400, "odd"),
    Setting(9600, "odd"),
    Setting(115_200, "odd"),
)
"""The settings that meters use, the most usual first."""

QUIET_S = 0.25
"""Silence that ends what a meter says in one go: eight characters at 300 baud."""
TELEGRAMS = 2
"""What a meter says is given so many chances with a setting that looks hopeful: the first may have
been cut off by the change, or be one of several in turn."""
SHORTEST_DWELL_S, LONGEST_DWELL_S = 12.0, 75.0
"""How long a silent line is listened to with one setting: a little more than the 10 s at which slow
meters push; longer in each round, up to the slowest meters' minute."""
ENOUGH = 4096
"""Bytes without a telegram that are enough to know that a setting is wrong."""
LOST = 32_768
"""Bytes without a telegram after which the setting that was right is no longer believed."""

_log = structlog.get_logger("gateway.search")


@dataclass(frozen=True, slots=True)
class Times:
    """How patient a search is, in seconds."""

    quiet_s: float = QUIET_S
    shortest_dwell_s: float = SHORTEST_DWELL_S
    longest_dwell_s: float = LONGEST_DWELL_S


class Notebook:
    """The setting that was right last time, on disk: a new start begins with it."""

    def __init__(self, file: Path | None) -> None:
        self._file = file

    def read(self) -> Setting | None:
        """What is written; None where nothing, or nothing that makes sense, is."""
        if self._file is None:
            return None
        try:
            return Setting(**json.loads(self._file.read_text("ascii")))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, setting: Setting) -> None:
        """Notes it; a disk that does not take it costs another search."""
        if self._file is not None:
            with suppress(OSError):
                self._file.write_text(json.dumps(asdict(setting)) + "\n", "ascii")


def candidates(at: Serial) -> tuple[Setting, ...]:
    """The settings that `at` leaves open, the most usual first; one where it leaves none.

    >>> [str(setting) for setting in candidates(Serial("/dev/x", baudrate=9600, parity="even"))]
    ['9600 7E1', '9600 8E1']
    """
    wanted = {
        name: value
        for name in ("baudrate", "parity", "stopbits", "databits")
        if (value := getattr(at, name)) is not None
    }
    if len(wanted) == 4:
        return (Setting(**wanted),)
    found = [one for one in CANDIDATES if wanted.items() <= asdict(one).items()]
    made = (Setting(**{**asdict(one), **wanted}) for one in CANDIDATES)
    return tuple(dict.fromkeys(found or made))


class Search:
    """The right setting of one line, sought and then listened with."""

    def __init__(
        self,
        settings: Sequence[Setting],
        tell: Tell,
        *,
        keys: Keys | None = None,
        notebook: Notebook | None = None,
        times: Times | None = None,
    ) -> None:
        if not settings:
            raise BadInput("no setting of the serial line is left to try")
        self._settings = list(settings)
        self._tell = tell
        self._keys = keys
        self._notebook = notebook or Notebook(None)
        self._times = times or Times()
        self._decoder = Recogniser(keys)
        known = self._notebook.read()
        if known in self._settings:
            self._prefer(known)

    def _prefer(self, setting: Setting) -> None:
        self._settings.remove(setting)
        self._settings.insert(0, setting)

    @property
    def first(self) -> Setting:
        """The setting to open the line with."""
        return self._settings[0]

    async def pieces(self, line: Line, name: str) -> AsyncGenerator[bytes, None]:
        """What the meter says, from the first telegram that was understood on, until the line ends;
        OSError when it breaks during the search."""
        if len(self._settings) == 1:
            await line.set(self.first)
            self._tell(None)
            async with aclosing(pieces(line, name)) as found:
                async for piece in found:
                    yield piece
            return
        while first := await self._found(line, name):
            yield first
            unread = 0
            async with aclosing(pieces(line, name)) as found:
                async for piece in found:
                    yield piece
                    unread = 0 if self._understood(piece) else unread + len(piece)
                    if unread > LOST:
                        _log.warning("meter no longer understood, searching again", line=name)
                        break
                else:
                    return

    def _understood(self, piece: bytes) -> bool:
        """Whether `piece` completes a telegram, or one that lacks nothing but its key."""
        return any(
            isinstance(one, Telegram) or one.status is not None for one in self._decoder.feed(piece)
        )

    async def _found(self, line: Line, name: str) -> bytes:
        """The bytes with which a setting proved right; empty when the line ended before one did."""
        self._tell(NO_DATA)
        dwell_s = self._times.shortest_dwell_s
        for _ in itertools.count():
            heard = False
            for setting in tuple(self._settings):
                if not await self._set(line, setting):
                    continue
                said = await self._tried(line, dwell_s)
                if said is None:
                    return b""
                if said.understood:
                    _log.info("meter understood", line=name, setting=str(setting))
                    self._prefer(setting)
                    self._notebook.write(setting)
                    self._tell(None)
                    return said.data
                heard = heard or bool(said.data)
            self._tell(NOT_RECOGNIZED if heard else NO_DATA)
            dwell_s = min(2 * dwell_s, self._times.longest_dwell_s)
        return b""

    async def _set(self, line: Line, setting: Setting) -> bool:
        """Whether the port can do this setting; one that it cannot is not tried again."""
        try:
            await line.set(setting)
        except CannotSet:
            if len(self._settings) == 1:
                raise
            self._settings.remove(setting)
            return False
        return True

    async def _tried(self, line: Line, dwell_s: float) -> "_Said | None":
        """What is heard with the setting that is set; None when the line ended."""
        self._decoder = Recogniser(self._keys)
        kept, telegrams, speaking = bytearray(), 0, False
        while True:
            try:
                piece = await line.read(self._times.quiet_s if speaking else dwell_s)
            except TimeoutError:
                telegrams += speaking
                hopeful = self._decoder.held > HARDLY and telegrams < TELEGRAMS
                if not speaking or not hopeful:
                    return _Said(bytes(kept), understood=False)
                speaking = False
                continue
            if not piece:
                return None
            if not kept:
                self._tell(RECOGNITION)
            speaking = True
            kept += piece
            if self._understood(piece):
                return _Said(bytes(kept), understood=True)
            if len(kept) >= ENOUGH or self._decoder.status == NOT_RECOGNIZED:
                return _Said(bytes(kept), understood=False)


@dataclass(frozen=True, slots=True)
class _Said:
    data: bytes
    understood: bool
