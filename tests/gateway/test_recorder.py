"""The recorder.  Source: REST/MQTT 2.0, 6.2 (`services.sd`) and 6.13; interop 1.1."""

import asyncio
import csv
import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.surfaces.test_report import a_device

from ohmstead.clock import SetClock
from ohmstead.gateway import recorder as room
from ohmstead.gateway.board import Board
from ohmstead.gateway.recorder import Recorder, State
from ohmstead.reading.reading import Reading
from ohmstead.settings.device import SdCard
from ohmstead.surfaces import sd_card
from ohmstead.surfaces.device import Device

START = datetime(2025, 3, 30, 10, 0, tzinfo=UTC)
READING = Reading("m", START, {"1.7.0": 0.037})


class Recording:
    """A recorder, its settings and its clock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.setting = SdCard(enable=True)
        self.board = Board()
        self.clock = SetClock(START)
        self.recorder = Recorder(folder, self.board, a_device, lambda: self.setting, self.clock)

    async def at(self, *seconds: float) -> None:
        """A reading so many seconds after the start each."""
        for number, second in enumerate(seconds):
            at = START + timedelta(seconds=second)
            self.clock.set(at)
            await self.recorder.take(replace(READING, at=at, number=number))

    def rows(self, day: str = "20250330") -> list[dict[str, str]]:
        with (self.folder / f"{day}.CSV").open(newline="") as file:
            return list(csv.DictReader(file))

    def seconds(self) -> list[int]:
        start = datetime(2025, 3, 30, 12, 0)
        times = [datetime.fromisoformat(row["TIME"][:-1]) for row in self.rows()]
        return [int((time - start).total_seconds()) for time in times]


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    return Recording(tmp_path / "sdcard")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own with room for very little."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if os.getuid() or subprocess.run(mounting, capture_output=True, check=False).returncode:
        pytest.skip("a small disk cannot be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def filled(disk: Path) -> Path:
    """Writes until the disk takes no more; gives the file that fills it."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(1024)):
            pass
    return ballast


async def test_rows_of_a_day_under_one_header(recording: Recording) -> None:
    """6.13: `YYYYMMDD.CSV`, the header once, then a row each."""
    await recording.at(0, 15, 30)
    content = (recording.folder / "20250330.CSV").read_bytes()
    assert content.startswith(sd_card.HEADER)
    assert content.count(b"RID,") == 1
    assert [row["RID"] for row in recording.rows()] == ["0", "1", "2"]
    assert recording.rows()[0]["IPAP_T"] == "0.037"


async def test_a_file_is_a_local_day(recording: Recording) -> None:
    """6.13: a file is a day of the device's zone; 22:00 UTC is midnight in summer."""
    await recording.at(43185, 43200)
    assert len(recording.rows("20250330")) == 1
    assert len(recording.rows("20250331")) == 1


@pytest.mark.parametrize(
    "frequency, every, expected",
    [
        (15, 1.0, [0, 15, 30, 45, 60]),
        (15, 15.0, [0, 15, 30, 45, 60]),
        (15, 20.0, [0, 20, 40, 60]),
        (1, 1.0, list(range(62))),
        (60, 6.8, [0, 61]),
    ],
)
async def test_a_row_every_so_many_seconds(
    recording: Recording, frequency: int, every: float, expected: list[int]
) -> None:
    """6.2, `.services.sd.frequency`: seconds between rows; a meter that is slower sets the pace."""
    recording.setting = SdCard(enable=True, frequency=frequency)
    await recording.at(*(number * every for number in range(int(60 / every) + 2)))
    assert [second for second in recording.seconds() if second <= 61] == expected


async def test_a_meter_that_is_a_little_early_keeps_its_rows(recording: Recording) -> None:
    """6.2: readings every 14.99 s make a row each 15 s, not every second one."""
    await recording.at(*(number * 14.99 for number in range(20)))
    assert len(recording.rows()) == 20


async def test_a_clock_that_is_put_back_does_not_stop_the_rows(recording: Recording) -> None:
    """Not documented: a clock set right by an hour costs no hour of rows."""
    await recording.at(3600, 3615, 0, 5, 15)
    assert recording.seconds() == [3600, 3615, 0, 15]


async def test_nothing_is_recorded_until_it_is_switched_on(tmp_path: Path) -> None:
    """6.2, `.services.sd.enable`: false by default; then no card is made."""
    recording = Recording.__new__(Recording)
    recording.folder = tmp_path / "sdcard"
    recording.setting = SdCard()
    recording.clock = SetClock(START)
    recording.recorder = Recorder(
        recording.folder, Board(), a_device, lambda: recording.setting, recording.clock
    )
    await recording.at(0)
    assert not recording.folder.exists()
    assert recording.recorder.state.state == State.OFF
    assert not recording.recorder.state.installed
    recording.setting = SdCard(enable=True)
    recording.recorder.heed()
    assert recording.recorder.state.installed
    assert recording.recorder.state.size_mb > 0
    await recording.at(1)
    recording.setting = SdCard()
    await recording.at(20)
    assert len(recording.rows()) == 1
    assert recording.recorder.state.state == State.OFF


async def test_a_card_that_is_pulled_out_is_not_made_again(recording: Recording) -> None:
    """6.13: a card that is not mounted; a new folder would be on another disk."""
    await recording.at(0)
    recording.folder.rename(recording.folder.with_name("pulled"))
    await recording.at(15)
    assert recording.recorder.state.state == State.NOT_MOUNTED
    assert not recording.recorder.state.installed
    recording.folder.with_name("pulled").rename(recording.folder)
    await recording.at(30)
    assert recording.recorder.state.state == State.RECORDING
    assert recording.seconds() == [0, 30]


async def test_a_full_disk_stops_recording_and_loses_nothing(small_disk: Path) -> None:
    """The device's promise and ours: FULL is shown, older rows are whole, recording resumes."""
    recording = Recording(small_disk / "sdcard")
    await recording.at(0, 15)
    ballast = filled(small_disk)
    number = 2
    while recording.recorder.state.state != State.FULL:
        await recording.at(number * 15)
        number += 1
    before = (recording.folder / "20250330.CSV").read_bytes()
    assert before.endswith(b"\n")
    assert all(None not in row and None not in row.values() for row in recording.rows())
    await recording.at(number * 15)
    assert (recording.folder / "20250330.CSV").read_bytes() == before
    assert "full" in recording.recorder.state.trouble
    ballast.unlink()
    await recording.at((number + 1) * 15)
    assert recording.recorder.state.state == State.RECORDING
    assert (recording.folder / "20250330.CSV").read_bytes().startswith(before)
    assert len(recording.rows()) == number


async def test_a_full_disk_leaves_no_empty_file(small_disk: Path) -> None:
    """A new day on a full card: no file without a header stays."""
    recording = Recording(small_disk / "sdcard")
    filled(small_disk)
    await recording.at(0)
    assert recording.recorder.state.state == State.FULL
    assert not list(recording.folder.iterdir())


async def test_a_torn_row_is_taken_away(recording: Recording) -> None:
    """A loss of power in the middle of a row: the next one begins a line of its own."""
    await recording.at(0, 15)
    file = recording.folder / "20250330.CSV"
    whole = file.read_bytes()
    for torn in (b'2,"2025-03-30T12', b"\0\0\0"):
        file.write_bytes(whole + torn)
        again = Recording(recording.folder)
        await again.at(30)
        assert file.read_bytes().startswith(whole)
        assert len(again.rows()) == 3
        assert all(None not in row and None not in row.values() for row in again.rows())
    file.write_bytes(sd_card.HEADER[:20])
    await Recording(recording.folder).at(0)
    assert file.read_bytes().startswith(sd_card.HEADER)
    assert len(recording.rows()) == 1


async def test_a_long_line_that_is_not_ours_is_left(recording: Recording) -> None:
    """Only what a row of ours may have left is cut off."""
    file = recording.folder / "20250330.CSV"
    recording.folder.mkdir(exist_ok=True)
    file.write_bytes(b"x" * 100_000)
    await recording.at(0)
    assert file.read_bytes().startswith(b"x" * 100_000 + b"\n0,")


async def test_a_link_in_place_of_the_file_is_not_followed(recording: Recording) -> None:
    """Nothing on the card leads what is written elsewhere."""
    target = recording.folder.parent / "elsewhere"
    recording.folder.mkdir(exist_ok=True)
    (recording.folder / "20250330.CSV").symlink_to(target)
    await recording.at(0)
    assert not target.exists()
    assert recording.recorder.state.state == State.FAILING


async def test_rows_come_from_the_board(recording: Recording) -> None:
    """The recorder runs until the board is closed, and delays nobody who posts."""
    taken = asyncio.Event()

    def present() -> Device:
        taken.set()
        return a_device()

    setting = SdCard(enable=True)
    recorder = Recorder(
        recording.folder, recording.board, present, lambda: setting, SetClock(START)
    )
    running = asyncio.create_task(recorder.run())
    recording.board.post(READING)
    async with asyncio.timeout(10):
        await taken.wait()
        recording.board.close()
        await running
    assert len(recording.rows()) == 1


async def test_flushing_is_bounded(recording: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    """A card wears out by flushes: one in ten seconds at most, whatever the frequency."""
    flushed: list[int] = []
    monkeypatch.setattr(room.os, "fdatasync", flushed.append)
    recording.setting = SdCard(enable=True, frequency=1)
    await recording.at(*range(21))
    assert len(recording.rows()) == 21
    assert len(flushed) == 3
