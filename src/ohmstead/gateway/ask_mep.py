"""NES meters, asked by MEP for one table after the other.

Source: ETSI TS 104 001 (OSGP), clause 9.
"""

from ohmstead.errors import BadInput
from ohmstead.gateway.ask import TRIES, Answers, heard
from ohmstead.gateway.line import Line
from ohmstead.gateway.source import Setting
from ohmstead.wire.mep import AGAIN, ONCE, MepClient
from ohmstead.wire.mep_requests import KEY, key_of

HEXADECIMAL = 2 * KEY


def key_from(written: str) -> bytes:
    """A MEP key: the 16 or 20 letters that a utility gives, or their 32 hexadecimal digits.

    BadInput, which never shows it.
    """
    if len(written) == HEXADECIMAL:
        try:
            return bytes.fromhex(written)
        except ValueError:
            raise BadInput("the MEP key has 32 characters and is not hexadecimal") from None
    return key_of(written)


class AskMep:
    """A conversation in MEP; without a key the digest is zero, which some meters take."""

    settings = (Setting(9600), Setting(9600, "even"), Setting(2400))

    def __init__(self, key: bytes | None) -> None:
        self._client = MepClient(key)
        self._known = False

    async def round(self, line: Line) -> Answers:
        """What does not change, once, and then every table that does."""
        found: Answers = []
        for _ in range(len(AGAIN) if self._known else len(ONCE) + len(AGAIN)):
            answer, moved_on = await self._table(line)
            found += answer
            if not moved_on:
                return found
        self._known = True
        return found

    async def _table(self, line: Line) -> tuple[Answers, bool]:
        """One table, and whether it was answered; a wrong sequence number is put right by asking
        again."""
        table, found = self._client.table, Answers()

        def over(answers: Answers) -> bool:
            return bool(answers) or self._client.table != table

        for _ in range(TRIES):
            await line.write(self._client.ask())
            found += await heard(line, self._client.feed, over)
            if self._client.table != table:
                return found, True
        return found, False
