"""What could not be read: kept, counted, bounded."""

from tests.store.conftest import NOW

from ohmstead.store.database import Database
from ohmstead.store.dead_letters import PAYLOAD_BYTES, DeadLetter, DeadLetters
from ohmstead.store.facts import Facts
from ohmstead.store.meters import Counts, Meters


async def test_letters_are_kept_and_counted(database: Database) -> None:
    """Nothing that arrived is lost without a trace; a stream counts what was refused of it."""
    letters = DeadLetters(database)
    await letters.keep([])
    some = [
        DeadLetter(NOW, "mqtt", "no JSON\0", b"\x00\xff", topic="up/A848FA010203", stream=4),
        DeadLetter(NOW, "mqtt", "unknown device", b"{}"),
        DeadLetter(NOW, "http", "too old", b"x" * (PAYLOAD_BYTES + 1), stream=4),
    ]
    await letters.keep(some)
    kept = await letters.newest()
    assert [letter.reason for letter in kept] == [
        "too old",
        "unknown device",
        "no JSON\N{REPLACEMENT CHARACTER}",
    ]
    assert kept[2].payload == b"\x00\xff"
    assert len(kept[0].payload) == PAYLOAD_BYTES
    assert await Meters(database).counts(4) == Counts(refused=2)
    await letters.keep(some[:1])
    assert await Meters(database).counts(4) == Counts(refused=3)


async def test_the_oldest_letters_leave(database: Database) -> None:
    """A bound on everything: only the newest stay."""
    letters = DeadLetters(database, bound=3)
    for n in range(4):
        await letters.keep([DeadLetter(NOW, "mqtt", f"{n}.{m}", b"") for m in range(2)])
    assert await letters.count() == 3
    assert [letter.reason for letter in await letters.newest(2)] == ["3.1", "3.0"]


async def test_facts_are_told_from_one_program_to_another(database: Database) -> None:
    """The cloud writes the broker's address, the admin command reads it."""
    facts = Facts(database)
    assert await facts.get("mqtt_uri") is None
    await facts.set("mqtt_uri", "mqtts://a:1")
    await facts.set("mqtt_uri", "mqtts://b:2")
    assert await facts.get("mqtt_uri") == "mqtts://b:2"
    assert await facts.keep_first("mqtt_uri", "mqtts://c:3") == "mqtts://b:2"
    assert await facts.keep_first("key", "k") == "k"
