"""NES meters, which give the tables that a request names, to whoever knows the key."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC

from ohmstead.simulate import mep
from ohmstead.simulate.occasion import Occasion
from ohmstead.simulate.pulls import Conversation, Pull, digits, in_base_units
from ohmstead.wire import mep_tables as tables
from ohmstead.wire.mep_requests import DIGEST, FIXED, SEQUENCE, read_table

FIRST_SEQUENCE = 0x00C0_0001
"""What a conversation begins with; a reader learns it from the first answer."""
LENGTH = 2
ACTUAL = bytes(10)
"""BT21: nothing stands before the readings of BT23 and BT28."""
COUNTED_BY_TIER = ("1.8", "2.8")
USUAL = (tables.BT21, tables.BT01, tables.ET03, tables.BT52, tables.BT28, tables.BT23)


@dataclass(frozen=True, slots=True)
class Mep(Pull):
    """A meter with three phases."""

    def conversation(self) -> Conversation:
        """A reader that reads tables."""
        return _Talk()

    def usual(self, on: Occasion) -> Iterable[bytes]:
        """Every table once."""
        for turn, table in enumerate(USUAL):
            yield read_table(table, FIRST_SEQUENCE + turn, key(on))


def key(on: Occasion) -> bytes | None:
    """What the digests are made with; None: any digest will do."""
    return on.keys.encryption if on.keys else None


def contents(on: Occasion) -> Mapping[int, bytes]:
    """The tables by number."""
    values = in_base_units(on)
    totals = {code: round(values[f"{code}.0"]) for _, code, _ in tables.ENERGY}
    tiers = [{code: round(values[f"{code}.{tier}"]) for code in COUNTED_BY_TIER} for tier in (1, 2)]
    totals |= {code: sum(tier[code] for tier in tiers) for code in COUNTED_BY_TIER}
    return {
        tables.BT01: mep.maker_table("NES", "OHMSIM", (1, 0), digits(on.serial, 12)),
        tables.BT21: ACTUAL,
        tables.BT23: mep.energy_table(totals, tiers),
        tables.BT28: mep.power_table(values),
        tables.BT52: mep.clock_table(on.moment.local.astimezone(UTC)),
        tables.ET03: digits(on.serial, 12).ljust(30).encode("ascii"),
    }


class _Talk(Conversation):
    def __init__(self) -> None:
        super().__init__()
        self._sequence = FIRST_SEQUENCE

    def _request(self) -> bytes | None:
        while len(self._buffer) > LENGTH:
            fixed = FIXED.get(self._buffer[LENGTH])
            body = fixed + SEQUENCE + DIGEST if fixed else 0
            if not body or int.from_bytes(self._buffer[:LENGTH], "big") != body:
                del self._buffer[0]
            elif len(self._buffer) < LENGTH + body:
                return None
            else:
                return self._taken(0, LENGTH + body)
        return None

    def _reply(self, request: bytes, on: Occasion) -> bytes:
        said = mep.answer(request, contents(on), self._sequence, key(on))
        self._sequence = said.sequence
        return said.data
