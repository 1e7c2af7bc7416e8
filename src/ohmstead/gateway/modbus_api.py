"""`/api/v1/modbus`: which value stands in which register.

Source: the device's later documentation, "Modbus" (this endpoint is not in REST/MQTT 2.0).
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import structlog

from ohmstead.errors import BadInput, NotFound
from ohmstead.gateway.http import NO_CONTENT, About, Query, Request, Response, Route, json
from ohmstead.gateway.kept import Kept
from ohmstead.surfaces import registers
from ohmstead.surfaces.register_maps import DEFAULT, SMART_GRID_READY
from ohmstead.surfaces.registers import Block, Image

PATH = "/api/v1/modbus"
SOURCE = "Modbus, configuration of registers (not in REST/MQTT 2.0)"
LONGEST_FILE = 1_000_000
"""A map of 8 kB grows when its defaults are written out."""

Blocks = tuple[Block, ...]

_log = structlog.get_logger("gateway.modbus")


class ModbusApi:
    """The map of registers: the published one, or one of its user's own, kept in a file."""

    def __init__(self, folder: Path) -> None:
        """The own map is kept in `folder`."""
        self._kept = Kept(folder / "modbus.json", LONGEST_FILE)
        self._writing = asyncio.Lock()
        self._own = self._read()
        self._image = self._made()

    @property
    def image(self) -> Image:
        """The map that counts, to be read from."""
        return self._image

    @property
    def blocks(self) -> Blocks:
        """The blocks of the map that counts."""
        return DEFAULT if self._own is None else self._own

    def _made(self) -> Image:
        return Image((*DEFAULT, SMART_GRID_READY) if self._own is None else self._own)

    def _read(self) -> Blocks | None:
        content = self._kept.read()
        if content is None:
            return None
        try:
            return registers.parse(content)
        except BadInput as error:
            aside = self._kept.set_aside()
            _log.error("register map not understood, set aside", file=str(aside), why=str(error))
            return None

    def routes(self) -> Sequence[Route]:
        """GET, POST and DELETE."""
        return (
            Route(
                "GET",
                PATH,
                self._get,
                About(
                    summary="The register map of the Modbus server",
                    source=SOURCE,
                    gives=list[dict[str, Any]],
                    query=(
                        Query(
                            "address_format",
                            "dec or hex: with the address and size of every register, and the"
                            " factory's map where there is no own one",
                            schema={"enum": ["dec", "hex"]},
                        ),
                    ),
                    statuses=(200, 400, 404),
                ),
            ),
            Route(
                "POST",
                PATH,
                self._post,
                About(
                    summary="Replaces the register map",
                    source=SOURCE,
                    takes=Blocks,
                    gives=list[dict[str, Any]],
                    statuses=(200, 503),
                ),
            ),
            Route(
                "DELETE",
                PATH,
                self._delete,
                About(
                    summary="Takes the register map back to the factory's",
                    source=SOURCE,
                    statuses=(204, 503),
                ),
            ),
        )

    async def _get(self, request: Request) -> Response:
        """Without `address_format` only a map that was posted: "404 if no configuration is set or
        it has been deleted"; with it the map that counts, as the published sample shows."""
        form = request.query.get("address_format")
        if form == "dec":
            return json(registers.detailed(self.blocks))
        if form == "hex":
            return json(registers.detailed(self.blocks, registers.hexadecimal))
        if form is not None:
            raise BadInput(f"address_format: {form[:20]!r} is neither dec nor hex")
        if self._own is None:
            raise NotFound(
                "there is no register map of your own; the factory's is shown with"
                " ?address_format=dec"
            )
        return json(registers.compact(self._own))

    async def _post(self, request: Request) -> Response:
        blocks = registers.checked(request.json(Blocks))
        shown = registers.compact(blocks)
        async with self._writing:
            await asyncio.to_thread(self._kept.write, msgspec.json.encode(shown))
            self._own = blocks
            self._image = self._made()
        return json(shown)

    async def _delete(self, request: Request) -> Response:
        del request
        await self.reset()
        return NO_CONTENT

    async def reset(self) -> None:
        """Back to the factory's map."""
        async with self._writing:
            await asyncio.to_thread(self._kept.remove)
            self._own = None
            self._image = self._made()
