"""What `ohmstead admin meter` says of senders: counts, warnings, and settings that follow them."""

from collections.abc import Sequence
from dataclasses import asdict

from ohmstead.clock import Clock
from ohmstead.house.admin import Shown, of_meter
from ohmstead.house.installation import Installation, on_the_machine
from ohmstead.store.audit import By, record
from ohmstead.store.meter_settings import MeterSettings
from ohmstead.store.meters import Meter, Meters
from ohmstead.store.senders import Senders


class SenderAdmin:
    """The work on one open installation."""

    def __init__(self, installation: Installation, clock: Clock) -> None:
        database = installation.database
        self._database, self._by = database, By(on_the_machine(), clock.now())
        self._meters, self._settings = Meters(database), MeterSettings(database)
        self._senders = Senders(database)

    async def all(self) -> list[Shown]:
        """Every meter, with what was discarded and whether anything is to be put right."""
        meters = await self._meters.all()
        known = await self._senders.of([meter.stream for meter in meters])
        return [
            {
                **of_meter(meter),
                "late": known[meter.stream].late,
                "duplicate": known[meter.stream].duplicate,
                "warnings": len(known[meter.stream].warnings(meter)),
            }
            for meter in meters
        ]

    async def show(self, id: str) -> Shown:
        """One meter with its counts and its warnings."""
        meter = await self._meters.get(id)
        sending = (await self._senders.of([meter.stream]))[meter.stream]
        return {
            **await self._of(meter),
            "counts": asdict(await self._meters.counts(meter.stream)),
            "unknown_fields": _listed(sending.unknown_fields),
            "warnings": _listed(sending.warnings(meter)),
        }

    async def add(  # noqa: PLR0913  (one argument a property)
        self,
        id: str,
        site: int,
        type: str,
        every_s: float,
        reading: str,
        *,
        name: str | None,
        unit: str | None,
        wh_per_pulse: float | None,
        counter_digits: int | None = None,
    ) -> Shown:
        """A new meter that is measured."""
        made = await self._settings.add(
            id,
            site,
            type,
            every_s,
            reading,
            name=name,
            unit=unit,
            wh_per_pulse=wh_per_pulse,
            counter_digits=counter_digits,
        )
        await self._told("meter added", made)
        return await self._of(made)

    async def change(
        self,
        id: str,
        *,
        interval_s: float | None,
        reading: str | None,
        unit: str | None,
        wh_per_pulse: float | None,
        name: str | None,
        counter_digits: int | None = None,
    ) -> Shown:
        """Change what is not None."""
        changed = await self._settings.change(
            id,
            interval_s=interval_s,
            reading=reading,
            unit=unit,
            wh_per_pulse=wh_per_pulse,
            name=name,
            counter_digits=counter_digits,
        )
        await self._told("meter changed", changed)
        return await self._of(changed)

    async def _told(self, action: str, meter: Meter) -> None:
        """Tell the audit log what was done here."""
        await record(
            self._database,
            actor=self._by.name,
            organisation=meter.site.organisation,
            action=action,
            subject=meter.id,
            at=self._by.at,
        )

    async def _of(self, meter: Meter) -> Shown:
        pulse = await self._settings.wh_per_pulse(meter.stream)
        digits = {} if meter.counter_digits is None else {"counter_digits": meter.counter_digits}
        return {**of_meter(meter), "unit": meter.unit, "wh_per_pulse": pulse, **digits}


def _listed(said: Sequence[str]) -> list[str]:
    return list(said)
