"""MEP replies: tables into the bytes that a NES meter sends.  The mirror of wire/mep.

Source: ETSI TS 104 001 (OSGP), clause 9; ANSI C12.19, tables 23, 28 and 52.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ohmstead.errors import BadInput
from ohmstead.wire.mep import CODES, NO_AUTHENTICATION, OK, WRONG_SEQUENCE
from ohmstead.wire.mep_requests import DIGEST, SEQUENCE, digest, question
from ohmstead.wire.mep_tables import BOTH_WAYS, ENERGY, POWER, POWER_WORDS, TIER_WORDS, TIERS

NO_SUCH_TABLE = 0x05


def words(values: Mapping[int, int], count: int) -> bytes:
    """Numbers at their places among `count` words, the rest zero."""
    return b"".join(
        values.get(place, 0).to_bytes(4, "little", signed=True) for place in range(count)
    )


def power_table(values: Mapping[str, float]) -> bytes:
    """BT28 with these values (OBIS -> W, var, VA, A, V, Hz)."""
    placed = {
        word: round(values[code] * 10**-scaler) for word, code, _, scaler in POWER if code in values
    }
    return words(placed, POWER_WORDS)


def energy_table(totals: Mapping[str, int], tiers: Sequence[Mapping[str, int]] = ()) -> bytes:
    """BT23 with these totals and tiers (`1.8` and so on -> Wh or varh)."""
    placed: dict[int, int] = {}
    for number, block in enumerate((totals, *tiers[:TIERS])):
        first = TIER_WORDS * number
        placed |= {first + word: block.get(code, 0) for word, code, _ in ENERGY}
        placed[first + BOTH_WAYS] = block.get("1.8", 0) + block.get("2.8", 0)
    return words(placed, TIER_WORDS * (1 + TIERS))


def clock_table(at: datetime) -> bytes:
    """BT52 with this moment, UTC."""
    moment = bytes([at.year - 2000, at.month, at.day, at.hour, at.minute, at.second])
    return moment + bytes([0x10 | at.isoweekday() % 7])


def maker_table(maker: str, model: str, version: tuple[int, int], serial: str) -> bytes:
    """BT01 with these texts."""
    texts = maker.ljust(4)[:4] + model.ljust(8)[:8]
    return texts.encode() + bytes((1, 0, *version)) + serial.ljust(16)[:16].encode()


def reply(code: int, body: bytes = b"", key: bytes | None = None) -> bytes:
    """A reply with a digest over itself (no reader checks it), zero without a key."""
    whole = bytes([code]) + body
    whole += digest(whole, key) if key else bytes(DIGEST)
    return len(whole).to_bytes(2, "big") + whole


def table(data: bytes, key: bytes | None = None) -> bytes:
    """The reply that brings a table."""
    return reply(OK, len(data).to_bytes(2, "big") + data, key)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a meter says, and the sequence number that it wants next."""

    data: bytes
    sequence: int


def answer(
    request: bytes, tables: Mapping[int, bytes], sequence: int, key: bytes | None = None
) -> Answer:
    """What a meter with these tables, waiting for this sequence number, says to one request.

    Without a key it takes any digest.
    """
    try:
        asked = question(request)
    except BadInput:
        return Answer(reply(next(iter(CODES)), key=key), sequence)
    if key and digest(request[2:-DIGEST], key) != request[-DIGEST:]:
        return Answer(reply(NO_AUTHENTICATION, key=key), sequence)
    if asked.sequence != sequence:
        wanted = sequence.to_bytes(SEQUENCE, "big")
        return Answer(reply(WRONG_SEQUENCE, wanted, key), sequence)
    following = (sequence + 1) % (1 << 8 * SEQUENCE)
    data = tables.get(asked.table, b"")
    last = None if asked.count is None else asked.offset + asked.count
    part = data[asked.offset : last]
    said = table(part, key) if part else reply(NO_SUCH_TABLE, key=key)
    return Answer(said, following)
