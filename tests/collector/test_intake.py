"""What becomes of each message, with a real database."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from tests.collector.conftest import MAC, NOW, Place, Said, at, report

from ohmstead.collector.intake import Stored
from ohmstead.errors import Unavailable
from ohmstead.store.committer import Committer, Outcome, Row
from ohmstead.store.dead_letters import DeadLetter, DeadLetters
from ohmstead.store.devices import Devices


async def test_a_report_is_stored_and_shown(place: Place) -> None:
    """The walk: report in, row out, and whoever watches is told."""
    intake = place.intake()
    await intake.take([Said(report(at(0))), Said(report(at(10), 2.5))])
    assert await place.stored() == [at(0), at(10)]
    assert intake.counts == {"accepted": 2}
    assert [(s.meter, s.stream, s.at, s.values["1.7.0"]) for s in place.live] == [
        ("grid", place.device.stream, at(0), 1.5),
        ("grid", place.device.stream, at(10), 2.5),
    ]


async def test_late_ones_are_stored_but_not_shown_and_twice_is_once(place: Place) -> None:
    """The contract: late telemetry is stored and counted late; a moment is stored once."""
    intake = place.intake()
    await intake.take([Said(report(at(20)))])
    await intake.take([Said(report(at(10))), Said(report(at(20), 9.0)), Said(report(at(10)))])
    assert await place.stored() == [at(10), at(20)]
    assert intake.counts == {"accepted": 1, "late": 1, "duplicate": 2}
    assert [s.at for s in place.live] == [at(20)]


@pytest.mark.parametrize(
    "said, reason, kind",
    [
        (Said(b"{"), "not a JSON object", "refused"),
        (Said(b'{"report": {"id": 1}}'), "has no time", "refused"),
        (Said(b" " * 65_537), "65537 bytes", "refused"),
        (Said(report(at(3601))), "in the future", "refused"),
        (Said(report(at(0)), topic="up/A848FA0102"), "not up/<MAC>", "refused"),
        (Said(report(at(0)), topic="up/A848FA010203/x"), "not up/<MAC>", "refused"),
        (Said(report(at(0)), topic="up/FFFFFFFFFFFF"), "no such device", "unknown"),
    ],
)
async def test_what_cannot_be_taken_is_kept_with_its_reason(
    place: Place, said: Said, reason: str, kind: str
) -> None:
    """The contract: a dead letter with its reason, counted, and the others go on."""
    intake = place.intake()
    await intake.take([Said(report(at(1))), said, Said(report(at(2)))])
    assert await place.stored() == [at(1), at(2)]
    assert intake.counts == {"accepted": 2, kind: 1}
    (told,) = await place.reasons()
    assert reason in told


async def test_an_hour_ahead_is_still_taken(place: Place) -> None:
    """The contract: refused is what lies more than one hour in the future."""
    intake = place.intake()
    await intake.take([Said(report(at(3600)))])
    assert intake.counts == {"accepted": 1}


async def test_a_time_outside_the_kept_months_is_refused(place: Place) -> None:
    """A wrong clock must not make database parts without end; the store's reason is kept."""
    intake = place.intake()
    later = NOW + timedelta(days=400)
    await intake.take([Said(report(later), received_at=later)])
    assert intake.counts == {"refused": 1}
    assert "outside the months" in (await place.reasons())[0]


async def test_a_device_added_meanwhile_is_found(place: Place) -> None:
    """Devices are added while the cloud runs; the directory is asked again for an unknown one."""
    intake = place.intake()
    await intake.take([Said(report(at(0)))])
    await Devices(place.database).remove(MAC)
    other = "A848FA0102FF"
    await Devices(place.database).add(other, "grid", b"digest")
    place.clock.set(at(2))
    await intake.take([Said(report(at(5)), topic=f"up/{other}")])
    place.clock.set(at(40))
    await intake.take([Said(report(at(6)))])
    assert await place.stored() == [at(0), at(5)]
    assert intake.counts == {"accepted": 2, "unknown": 1}


class Poisoned:
    """A committer that fails on one reading, as a fault of ours would."""

    def __init__(self, place: Place, *, poison: float) -> None:
        self.real = Committer(place.database, place.clock)
        self.poison = poison

    async def commit(self, rows: Sequence[Row]) -> Outcome:
        if any(row.values.get("1.7.0") == self.poison for row in rows):
            raise ArithmeticError("poison")
        return await self.real.commit(rows)


async def test_one_bad_reading_does_not_hold_up_the_others(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never block the stream: what cannot be stored at all becomes a dead letter."""
    monkeypatch.setattr("ohmstead.collector.intake._TRIES_AFTER_S", (0.0, 0.0))
    intake = place.intake(committer=Poisoned(place, poison=66.0))
    await intake.take([Said(report(at(n), 66.0 if n == 1 else 1.0)) for n in range(3)])
    assert await place.stored() == [at(0), at(2)]
    assert intake.counts == {"accepted": 2, "refused": 1}
    assert "poison" in (await place.reasons())[0]


async def test_when_nothing_can_be_stored_nothing_is_given_up(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of the whole is no reason to call every reading bad."""
    monkeypatch.setattr("ohmstead.collector.intake._TRIES_AFTER_S", (0.0,))
    intake = place.intake(committer=Poisoned(place, poison=1.0))
    with pytest.raises(ArithmeticError):
        await intake.take([Said(report(at(n), 1.0)) for n in range(3)])
    assert (await place.reasons(), intake.counts) == ([], {})


async def test_a_database_that_is_away_is_waited_for(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unavailable is no fault of the message: each step is done once when it is back."""
    monkeypatch.setattr("ohmstead.collector.intake._RETRY_S", (0.0, 0.0))
    away = 2

    class Letters(DeadLetters):
        async def keep(self, letters: Sequence[DeadLetter]) -> None:
            nonlocal away
            away -= 1
            if away > 0:
                raise Unavailable("away")
            await super().keep(letters)

    intake = place.intake(letters=Letters(place.database))
    await intake.take([Said(report(at(0))), Said(b"{")])
    assert intake.counts == {"accepted": 1, "refused": 1}
    assert len(await place.reasons()) == 1


async def test_whoever_watches_cannot_stop_the_storing(place: Place) -> None:
    """A fault in the live view loses no reading and stores none twice."""

    def fails(new: Sequence[Stored]) -> None:
        raise LookupError("nobody there")

    intake = place.intake(on_stored=fails)
    await intake.take([Said(report(at(0)))])
    assert intake.counts == {"accepted": 1}
