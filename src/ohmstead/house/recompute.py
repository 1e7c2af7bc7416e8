"""What `ohmstead admin energy recompute` does: meters one after the other, and how it goes."""

from collections.abc import Callable, Sequence
from datetime import date

from ohmstead.errors import BadInput, OhmsteadError
from ohmstead.house.archive import Shown
from ohmstead.house.export import chosen
from ohmstead.house.installation import Installation
from ohmstead.store.meters import Meter
from ohmstead.store.recompute import Recomputed, Recomputing

Say = Callable[[str], None]


async def recompute(
    installation: Installation,
    ids: Sequence[str],
    site: int | None,
    everything: bool,
    days: tuple[date | None, date | None],
    say: Say,
) -> list[Shown]:
    """Make the energy of these meters anew; what of one cannot be is said, and the others made."""
    first, last = days
    if first is not None and last is not None and first >= last:
        raise BadInput(f"{first} is not before {last}: the last day is not part of what is made")
    found = await chosen(installation, ids, site, everything)
    measured = [each for each in found if each.formula is None or ids]
    work, rows = Recomputing(installation.database), list[Shown]()
    for n, meter in enumerate(measured, start=1):
        try:
            rows.append(_shown(meter, await work.of(meter, first, last), None))
        except OhmsteadError as trouble:
            if len(measured) == 1:
                raise
            rows.append(_shown(meter, None, str(trouble)))
        say(f"{n} of {len(measured)} meters: {meter.id}, {_words(rows[-1])}")
    return rows


def _shown(meter: Meter, of: Recomputed | None, trouble: str | None) -> Shown:
    zone = meter.site.zone
    times = (None, None, None) if of is None else (of.first, of.last, of.archived)
    first, last, archived = (None if t is None else t.astimezone(zone).isoformat() for t in times)
    return {
        "meter": meter.id,
        "from": first,
        "to": last,
        "quarters": 0 if of is None else of.quarters,
        "archived_before": archived,
        "trouble": trouble,
    }


def _words(row: Shown) -> str:
    if row["trouble"]:
        return str(row["trouble"])
    kept = f"; before {row['archived_before']} archived" if row["archived_before"] else ""
    return (f"{row['quarters']} quarters of an hour" if row["from"] else "no readings") + kept
