"""What `ohmstead admin tariff` does: each function gives the objects it prints."""

import json
import sys
import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from ohmstead.analytics import price_list, tariff_check
from ohmstead.analytics.tariff import Tariff, document
from ohmstead.clock import Clock
from ohmstead.errors import BadInput, Conflict, NotFound
from ohmstead.house.installation import Installation, on_the_machine
from ohmstead.store.audit import By
from ohmstead.store.meters import Meter, Meters
from ohmstead.store.prices import Prices
from ohmstead.store.sites import Organisations, zone_named
from ohmstead.store.tariffs import Contract, Kept, Tariffs

Shown: TypeAlias = Mapping[str, Any]
FILE_MOST = 64 * 1024 * 1024
STEPS: Mapping[str, int] = {"15min": 900, "30min": 1800, "hour": 3600}


def text_in(file: Path) -> str:
    """What a file says, `-` for standard input; BadInput."""
    try:
        given = sys.stdin.buffer if str(file) == "-" else file.open("rb")
        with given:
            read = given.read(FILE_MOST + 1)
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}") from error
    if len(read) > FILE_MOST:
        raise BadInput(f"{file} is larger than {FILE_MOST >> 20} MiB")
    try:
        return read.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{file} is not UTF-8 (byte {error.start})") from error


def tariff_in(file: Path) -> Tariff:
    """The tariff that a file holds, as JSON or TOML; BadInput says what is wrong with it."""
    written = text_in(file)
    try:
        if written.lstrip().startswith("{"):
            given = json.loads(written, parse_float=Decimal)
        else:
            given = tomllib.loads(written, parse_float=Decimal)
    except (json.JSONDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"{file} is neither JSON nor TOML: {error}") from error
    except RecursionError as error:
        raise BadInput(f"{file} is nested too deeply") from error
    return tariff_check.read(given)


class TariffAdmin:
    """The work of `ohmstead admin tariff` on one open installation."""

    def __init__(self, installation: Installation, clock: Clock) -> None:
        database = installation.database
        self._clock = clock
        self._tariffs, self._prices = Tariffs(database), Prices(database)
        self._meters, self._organisations = Meters(database), Organisations(database)

    @property
    def _by(self) -> By:
        return By(on_the_machine(), self._clock.now())

    async def add(self, file: Path, organisation: int | None) -> Shown:
        """A new tariff, of an organisation or of everybody."""
        tariff = tariff_in(file)
        if organisation is not None:
            await self._organisations.get(organisation)
        return of_tariff(await self._tariffs.add(tariff, organisation, by=self._by))

    async def change(self, written: str, file: Path) -> Shown:
        """Another document for a tariff."""
        tariff, kept = tariff_in(file), await self._named(written)
        return of_tariff(await self._tariffs.replace(kept.id, tariff, by=self._by))

    async def all(self) -> list[Shown]:
        """All tariffs."""
        return [of_tariff(each) for each in await self._tariffs.all()]

    async def show(self, written: str) -> Shown:
        """One with its document, its prices, and who has it."""
        kept = await self._named(written)
        return {
            **of_tariff(kept),
            "document": document(kept.tariff),
            "prices": await self._series(kept.id),
            "contracts": [
                of_contract(each) for each in await self._tariffs.contracts(tariff=kept.id)
            ],
        }

    async def remove(self, written: str) -> Shown:
        """Remove one that no meter ever had."""
        kept = await self._named(written)
        await self._tariffs.remove(kept.id, by=self._by)
        return {"removed": kept.id}

    async def assign(self, meter: str, written: str, first: date, last: date | None) -> Shown:
        """Give a meter a tariff."""
        found = await self._meters.get(meter)
        kept = await self._named(written, found)
        return of_contract(await self._tariffs.assign(found, kept.id, first, last, by=self._by))

    async def unassign(self, meter: str, last: date | None, contract: int | None) -> Shown:
        """End what a meter has, today unless said; or take away a contract that has not begun."""
        found = await self._meters.get(meter)
        today = self._clock.now().astimezone(found.site.zone).date()
        if contract is not None:
            gone = await self._tariffs.withdraw(found, contract, today, by=self._by)
            return {"removed": gone.id}
        end = last or today + timedelta(days=1)
        return of_contract(await self._tariffs.end(found, end, by=self._by))

    async def contracts(self, meter: str | None) -> list[Shown]:
        """All contracts, or those of a meter."""
        found = None if meter is None else await self._meters.get(meter)
        return [of_contract(each) for each in await self._tariffs.contracts(meter=found)]

    async def import_prices(
        self, written: str, file: Path, series: str, timezone: str | None, every: str | None
    ) -> Shown:
        """Keep the prices of a CSV file."""
        kept = await self._named(written)
        zone = None if timezone is None else ZoneInfo(zone_named(timezone))
        prices = price_list.of_csv(text_in(file), zone)
        step_s = None if every is None else STEPS[every]
        found = price_list.quarters(prices, step_s)
        changed = await self._prices.keep(kept.id, series, found, by=self._by)
        return {
            "tariff": kept.id,
            "series": series,
            "prices": len(prices),
            "quarters": len(found),
            "changed": changed,
        }

    async def prices(self, written: str) -> list[Shown]:
        """What prices a tariff has."""
        return await self._series((await self._named(written)).id)

    async def _series(self, id: int) -> list[Shown]:
        return [
            {
                "series": each.series,
                "first": f"{each.first:%Y-%m-%dT%H:%M:%SZ}",
                "last": f"{each.last:%Y-%m-%dT%H:%M:%SZ}",
                "quarters": each.quarters,
            }
            for each in await self._prices.series(id)
        ]

    async def _named(self, written: str, meter: Meter | None = None) -> Kept:
        """The tariff of this number or name; of a meter's organisation, where one is given."""
        if written.isdecimal() and len(written) < 10:
            return await self._tariffs.get(int(written))
        of = meter.site.organisation if meter else None
        found = [
            each
            for each in await self._tariffs.all(of)
            if each.tariff.name.lower() == written.strip().lower()
        ]
        if not found:
            raise NotFound(f"there is no tariff {written!r}; `ohmstead admin tariff list` has them")
        if len(found) > 1:
            numbers = ", ".join(str(each.id) for each in found)
            raise Conflict(f"there are several tariffs {written!r}; say one by number: {numbers}")
        return found[0]


def of_tariff(kept: Kept) -> Shown:
    """A tariff as lists show it."""
    last = kept.tariff.versions[-1].last
    return {
        "id": kept.id,
        "name": kept.tariff.name,
        "org": kept.organisation,
        "currency": kept.tariff.currency,
        "from": kept.tariff.versions[0].first.isoformat(),
        "to": last.isoformat() if last else None,
        "versions": len(kept.tariff.versions),
        "meters": kept.meters,
    }


def of_contract(contract: Contract) -> Shown:
    """A contract as lists show it; `to` is the day after its last."""
    return {
        "id": contract.id,
        "meter": contract.meter,
        "tariff": contract.tariff,
        "name": contract.name,
        "from": contract.first.isoformat(),
        "to": contract.last.isoformat() if contract.last else None,
    }
