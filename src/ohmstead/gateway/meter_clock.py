"""The meter's clock, put right.  Source: REST/MQTT 2.0, 6.3, `.time_offset` and
`.sync_time_offset_with_ntp`."""

from datetime import datetime, timedelta

STEP_S = 2
"""How far the meter's clock may be off before a following offset is set anew: telegrams take a
moment, and each new offset is kept on disk."""
LEAST_HOLD_S = 60.0
"""How long a following offset holds at least."""


class MeterClock:
    """The offset of a meter's clock: as set, or following the clock of this machine."""

    def __init__(self, offset_s: int = 0, *, follows: bool = False) -> None:
        self.offset_s = offset_s
        """Added to what the meter says."""
        self._follows = follows
        self._set_at: datetime | None = None

    def use(self, offset_s: int, *, follows: bool) -> None:
        """New settings, from the next telegram on."""
        self.offset_s = offset_s
        self._follows = follows

    def right(self, said: datetime | None, received: datetime) -> datetime | None:
        """The moment the meter means by what it `said` (aware), in a telegram of this moment."""
        if said is None:
            return None
        if self._follows:
            self._follow(received - said, received)
        try:
            return said + timedelta(seconds=self.offset_s)
        except OverflowError:
            return said

    def _follow(self, off: timedelta, received: datetime) -> None:
        held = self._set_at and abs((received - self._set_at).total_seconds()) < LEAST_HOLD_S
        if not held and abs(off.total_seconds() - self.offset_s) >= STEP_S:
            self.offset_s = round(off.total_seconds())
            self._set_at = received
