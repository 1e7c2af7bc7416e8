"""What the meter sends, unprocessed, and by which scalers it is read.

Source: REST/MQTT 2.0, 6.4, and the newer firmware's `report/objects`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from ohmstead.gateway.http import About, Request, Response, Route, json
from ohmstead.gateway.meter import Meter
from ohmstead.wire.objects import applied, objects
from ohmstead.wire.telegram import Telegram


class Current(Struct, frozen=True):
    """The power of ten of one quantity, as it is applied."""

    obis: str
    scaler: int


class Objects(Struct, frozen=True):
    """The COSEM objects of the last telegram."""

    objects: list[dict[str, Any]]


class MeterApi:
    """A look at the last telegram."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def routes(self) -> Sequence[Route]:
        """`meter/scalers/current` and `report/objects`."""
        return (
            Route(
                "GET",
                "/api/v1/meter/scalers/current",
                self._scalers,
                About(
                    summary="The scalers that are applied; none for a meter that is not DLMS",
                    source="REST/MQTT 2.0, 6.4",
                    gives=list[Current],
                ),
            ),
            Route(
                "GET",
                "/api/v1/report/objects",
                self._objects,
                About(
                    summary="The COSEM objects of the last telegram; none when it is not DLMS",
                    source="newer firmware, report objects",
                    gives=Objects,
                ),
                licensed=True,
            ),
        )

    async def _scalers(self, request: Request) -> Response:
        del request
        telegram = self._meter.telegram
        if telegram is None or telegram.protocol != "DLMS":
            return json([])
        powers = self._powers(telegram)
        found = ((code, applied(telegram, code, powers)) for code in telegram.values)
        return json([Current(code, scaler) for code, scaler in found if scaler is not None])

    async def _objects(self, request: Request) -> Response:
        del request
        telegram = self._meter.telegram
        return json(Objects(objects(telegram, self._powers(telegram)) if telegram else []))

    def _powers(self, telegram: Telegram) -> Mapping[str, int]:
        """The scalers that are set and count, of the quantities that the telegram has."""
        scaling = self._meter.scaling
        set_for = ((code, scaling.applied(code, one)) for code, one in telegram.values.items())
        return {code: power for code, power in set_for if power is not None}
