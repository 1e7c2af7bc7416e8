"""Kamstrup's meters, asked by KMP: eight registers a question, only those that it has.

Source: Kamstrup, Description of the KMP protocol, sections 3 and 6.2; register lists of OMNIPOWER
and MULTICAL as independent readers have them.
"""

from ohmstead.gateway.ask import Answers, asked
from ohmstead.gateway.line import Line
from ohmstead.gateway.source import Setting
from ohmstead.wire import kmp
from ohmstead.wire.telegram import Refused, Telegram

OMNIPOWER = tuple(kmp.ELECTRICITY)
MULTICAL = (60, 63, 68, 72, 74, 80, 86, 87, 89, 99, 1003, 1004)
"""Heat and cold, volume, flow, power, temperatures, hours, state, date and time."""


class AskKmp:
    """A conversation in KMP."""

    settings = (
        Setting(9600, "none", 2),  # OMNIPOWER
        Setting(1200, "none", 2),  # MULTICAL
        Setting(9600),
        Setting(1200),
        Setting(2400, "none", 2),
    )

    def __init__(self) -> None:
        self._serial: Telegram | None = None
        self._requests: list[bytes] | None = None

    async def round(self, line: Line) -> Answers:
        """Who it is, once; then its registers.  Which of them it has, the first round shows."""
        if self._serial is None:
            self._serial = _telegram(await asked(line, kmp.request_serial(), kmp.Kmp().feed))
            if self._serial is None:
                return []
        everything = self._requests is None
        found: Answers = []
        answered: list[bytes] = []
        for request in self._requests or kmp.polls((*OMNIPOWER, *MULTICAL)):
            answer = await asked(line, request, kmp.Kmp().feed)
            if not answer:
                self._serial = None  # another meter may be there when one answers again
                self._requests = None
                return found
            if not everything or _telegram(answer):
                found += answer
                answered.append(request)
        if answered:
            self._requests = answered
            return [self._serial, *found]
        return [Refused("KMP: the meter has none of the registers that are known here", 0)]


def _telegram(answers: Answers) -> Telegram | None:
    return next((found for found in answers if isinstance(found, Telegram)), None)
