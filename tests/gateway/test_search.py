"""The setting of a serial line, found by listening.  Source: REST/MQTT 2.0, 6.3."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from tests.wire.telegrams import hdlc, p1

from ohmstead.gateway.line import CannotSet
from ohmstead.gateway.search import CANDIDATES, Notebook, Search, Times, candidates
from ohmstead.gateway.source import Serial, Setting
from ohmstead.wire.telegram import NO_DATA, NOT_RECOGNIZED, RECOGNITION

WAIT_S = 10
QUICK = Times(quiet_s=0.005, shortest_dwell_s=0.02, longest_dwell_s=0.04)
SEALED = hdlc(b"\xe6\xe7\x00" + bytes.fromhex("db084f484d000000000181553000000001") + bytes(80))
"""A ciphered telegram: its key is nobody's."""


def garbled(data: bytes, setting: Setting, right: Setting) -> bytes:
    """What a receiver with `setting` makes of bytes sent with `right`: the same rate with another
    parity or length breaks every byte, another rate gives fewer or more of other bytes."""
    if (setting.baudrate, setting.parity, setting.databits) == (
        right.baudrate,
        right.parity,
        right.databits,
    ):
        return data
    if setting.baudrate > right.baudrate:
        return bytes(byte & 0xE0 for byte in data for _ in range(2))
    if setting.baudrate < right.baudrate:
        return bytes(byte | 0x81 for byte in data[::4])
    return bytes(byte ^ 0x80 if byte.bit_count() % 2 else byte >> 1 for byte in data)


class Wire:
    """A line on which a meter pushes `telegram`, again and again, with the setting `right`."""

    def __init__(
        self, telegram: bytes, right: Setting, *, every_s: float = 0.01, cannot: int = 0
    ) -> None:
        self.right = right
        self.tried: list[Setting] = []
        self.ended = False
        self._telegram = telegram
        self._every_s = every_s
        self._cannot = cannot
        self._setting = Setting()

    async def read(self, timeout_s: float) -> bytes:
        if timeout_s < self._every_s:
            await asyncio.sleep(timeout_s)
            raise TimeoutError
        await asyncio.sleep(self._every_s)
        return b"" if self.ended else garbled(self._telegram, self._setting, self.right)

    async def write(self, data: bytes) -> None:
        raise AssertionError("a meter that pushes is not spoken to")

    async def written(self) -> None:
        pass

    async def set(self, setting: Setting, *, keep: bool = False) -> None:
        if setting.baudrate == self._cannot:
            raise CannotSet(f"no {setting}")
        self.tried.append(setting)
        self._setting = setting

    async def close(self) -> None:
        pass


async def heard(pieces: AsyncGenerator[bytes, None], count: int = 2) -> list[bytes]:
    found: list[bytes] = []
    async with asyncio.timeout(WAIT_S):
        async for piece in pieces:
            found.append(piece)
            if len(found) == count:
                break
    await pieces.aclose()
    return found


@pytest.mark.parametrize("right", CANDIDATES, ids=str)
async def test_every_setting_that_meters_use_is_found(right: Setting) -> None:
    """6.3, `.auto_baudrate`: "determine the serial port settings such as baudrate, parity"."""
    line, told = Wire(p1(), right), list[str | None]()
    search = Search(CANDIDATES, told.append, times=QUICK)
    found = await heard(search.pieces(line, "line"))
    assert b"".join(found) == p1() * 2  # nothing garbled reaches the meter
    assert garbled(b"x/1", line.tried[-1], right) == b"x/1"
    assert told[0] == NO_DATA
    assert told[-1] is None
    assert set(told[1:-1]) == {RECOGNITION}


async def test_a_key_that_is_missing_does_not_hide_the_setting() -> None:
    """2.3, KEY REQUIRED: what is framed and ciphered proves the setting as well."""
    right = Setting(2400, "even")
    line = Wire(SEALED, right)
    search = Search(CANDIDATES, lambda _: None, times=QUICK)
    assert (await heard(search.pieces(line, "line"), 1))[0] == SEALED
    assert line.tried[-1] == right


async def test_what_nobody_understands_is_said_and_sought_on() -> None:
    """2.3, NOT RECOGNIZED: all settings were tried, bytes came, none made sense; and it goes on."""
    line, told = Wire(b"\x55\xaa\x33" * 50, Setting()), list[str | None]()
    seen = asyncio.Event()

    def tell(state: str | None) -> None:
        told.append(state)
        if told.count(NOT_RECOGNIZED) == 2:
            seen.set()

    search = Search(CANDIDATES[:4], tell, times=QUICK)
    seeking = asyncio.create_task(heard(search.pieces(line, "line")))
    await asyncio.wait_for(seen.wait(), WAIT_S)
    line._telegram, line.right = p1(), CANDIDATES[2]
    assert await asyncio.wait_for(seeking, WAIT_S) == [p1()] * 2


async def test_a_silent_line_has_no_data() -> None:
    """2.3, NO DATA: nothing comes, with no setting; a meter that wakes up later is found."""
    line, told = Wire(p1(), CANDIDATES[1], every_s=60), list[str | None]()
    silent = asyncio.Event()

    def tell(state: str | None) -> None:
        told.append(state)
        if len(told) > 3:
            silent.set()

    search = Search(CANDIDATES[:3], tell, times=QUICK)
    seeking = asyncio.create_task(heard(search.pieces(line, "line")))
    await asyncio.wait_for(silent.wait(), WAIT_S)
    assert set(told) == {NO_DATA}
    line._every_s = 0.01
    assert await asyncio.wait_for(seeking, WAIT_S) == [p1()] * 2


async def test_the_setting_that_was_right_is_tried_first_the_next_time(tmp_path: Path) -> None:
    """What worked is kept from one start to the next."""
    right, notebook = CANDIDATES[4], Notebook(tmp_path / "line")
    for tries in (5, 1):
        line = Wire(p1(), right)
        search = Search(CANDIDATES, lambda _: None, notebook=notebook, times=QUICK)
        assert len(await heard(search.pieces(line, "line"))) == 2
        assert len(line.tried) == tries
    (tmp_path / "line").write_text("{spoilt")
    assert notebook.read() is None
    assert Notebook(None).read() is None


async def test_another_meter_is_sought_again() -> None:
    """A meter was exchanged: what is no longer understood is searched anew."""
    line = Wire(p1(), CANDIDATES[0])
    search = Search(CANDIDATES[:3], lambda _: None, times=QUICK)
    pieces = search.pieces(line, "line")
    async with asyncio.timeout(WAIT_S):
        assert await anext(pieces) == p1()
        line.right = CANDIDATES[1]
        line._telegram = p1() * 8
        while await anext(pieces) != p1() * 8:
            pass
    await pieces.aclose()
    assert line.tried[-1] == CANDIDATES[1]


async def test_a_setting_that_the_port_cannot_do_is_passed_over() -> None:
    """A port without 115200, say: the others are tried."""
    line = Wire(p1(), CANDIDATES[1], cannot=115_200)
    search = Search(CANDIDATES, lambda _: None, times=QUICK)
    assert await heard(search.pieces(line, "line")) == [p1()] * 2
    alone = Search(CANDIDATES[:1], lambda _: None)
    with pytest.raises(CannotSet):
        await heard(alone.pieces(line, "line"))


async def test_a_line_that_ends_ends_the_search() -> None:
    """Unplugged in the middle of the search: whoever opens the line again begins anew."""
    line = Wire(p1(), CANDIDATES[3])
    line.ended = True
    search = Search(CANDIDATES, lambda _: None, times=QUICK)
    assert await heard(search.pieces(line, "line")) == []


@pytest.mark.parametrize(
    "at, expected",
    [
        (Serial("/dev/x", 9600, "none", 1, 8), ["9600 8N1"]),
        (Serial("/dev/x", 9600), ["9600 8N1", "9600 7E1", "9600 8E1", "9600 8N2", "9600 8O1"]),
        (Serial("/dev/x", 600, "even", databits=7), ["600 7E1", "600 7E2"]),
        (Serial("/dev/x", 115_200, "none", 2, 8), ["115200 8N2"]),
    ],
)
def test_what_the_address_says_is_not_searched(at: Serial, expected: list[str]) -> None:
    """6.3: what the address leaves open is searched, the rest is as it says."""
    assert [str(one) for one in candidates(at)] == expected


def test_everything_open_is_everything() -> None:
    """Without options all settings that meters use are tried, P1's and the M-Bus's first."""
    found = candidates(Serial("/dev/x"))
    assert found == CANDIDATES
    assert len(set(found)) == len(found)
    assert [str(one) for one in found[:2]] == ["115200 8N1", "2400 8E1"]
