"""Actions over HTTP: definition, execution and outcome.  Source: REST/MQTT 2.0, 6.6."""

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path

import msgspec
import structlog
from msgspec import Struct

from ohmstead.clock import Clock
from ohmstead.errors import BadInput, NotFound
from ohmstead.gateway.action_model import LONGEST_DEFINITION, Definition, checked, ready
from ohmstead.gateway.actions import KEPT, Outcome, Runner, Send
from ohmstead.gateway.http import NO_CONTENT, About, Query, Request, Response, Route, json
from ohmstead.gateway.kept import Kept

ACTIONS = "/api/v1/actions"
CALL = f"{ACTIONS}/call"
STATUS = f"{ACTIONS}/status"

_ID = re.compile(r"[0-9]{1,18}")
_NONE = "no actions have been set, or they were deleted"

_log = structlog.get_logger("gateway.actions")


class Called(Struct, frozen=True):
    """What a call answers."""

    status_ids: list[int]
    """Under which the outcomes can be asked for, one a request."""


class Actions:
    """The definition, kept in a file of the gateway's folder, and the runner of what it says."""

    def __init__(self, folder: Path, clock: Clock, send: Send | None = None) -> None:
        """`send` makes a request in the place of the network, in tests."""
        self._kept = Kept(folder / "actions.json", LONGEST_DEFINITION)
        self._runner = Runner(clock, send)
        self._writing = asyncio.Lock()
        self._definition = self._read()

    def _read(self) -> Definition | None:
        said = self._kept.read()
        if said is None:
            return None
        try:
            return checked(msgspec.json.decode(said, type=Definition))
        except (msgspec.DecodeError, UnicodeDecodeError, BadInput) as error:
            aside = self._kept.set_aside()
            _log.error("actions not understood, set aside", file=str(aside), why=str(error))
            return None

    async def run(self) -> None:
        """Executes what is called, until it is cancelled."""
        await self._runner.run()

    def routes(self) -> Sequence[Route]:
        """GET, POST and DELETE of the definition; call; status."""
        name = {"type": "string", "minLength": 1}
        which = Query("id", "The action.", required=True, schema=name)
        numbers = {"type": "string", "pattern": "^[0-9]{1,18}(,[0-9]{1,18})*$"}
        given = "What `call` gave, with commas between them."
        ids = Query("id", given, required=True, schema=numbers)
        return (
            Route(
                "GET",
                ACTIONS,
                self._show,
                About(
                    summary="The definition of the actions",
                    source="REST/MQTT 2.0, 6.6.1",
                    gives=Definition,
                    statuses=(200, 404),
                ),
                licensed=True,
            ),
            Route(
                "POST",
                ACTIONS,
                self._define,
                About(
                    summary="Defines all actions anew",
                    source="REST/MQTT 2.0, 6.6.1",
                    takes=Definition,
                    gives=Definition,
                    statuses=(200, 503),
                ),
                longest_body=LONGEST_DEFINITION,
                licensed=True,
            ),
            Route(
                "DELETE",
                ACTIONS,
                self._delete,
                About(
                    summary="Deletes all actions",
                    source="REST/MQTT 2.0, 6.6.1",
                    statuses=(204, 503),
                ),
                licensed=True,
            ),
            Route(
                "POST",
                CALL,
                self._call,
                About(
                    summary="Executes an action, and does not wait for its end",
                    source="REST/MQTT 2.0, 6.6.2",
                    gives=Called,
                    query=(which,),
                    statuses=(202, 404, 409, 429),
                ),
                licensed=True,
            ),
            Route(
                "GET",
                STATUS,
                self._status,
                About(
                    summary=f"How requests of actions ended; the last {KEPT} are remembered",
                    source="REST/MQTT 2.0, 6.6.3",
                    gives=list[Outcome],
                    query=(ids,),
                    statuses=(200, 400, 404),
                ),
                licensed=True,
            ),
        )

    async def _show(self, _: Request) -> Response:
        if self._definition is None:
            raise NotFound(_NONE)
        return json(self._definition)

    async def _define(self, request: Request) -> Response:
        definition = checked(request.json(Definition))
        async with self._writing:
            await asyncio.to_thread(self._kept.write, msgspec.json.encode(definition))
            self._definition = definition
        return json(definition)

    async def _delete(self, _: Request) -> Response:
        async with self._writing:
            await asyncio.to_thread(self._kept.remove)
            self._definition = None
        return NO_CONTENT

    async def _call(self, request: Request) -> Response:
        name = request.query.get("id", "")
        if not name:
            raise BadInput("id: which action? call?id=ACTION")
        action = self._definition.get(name) if self._definition else None
        if self._definition is None or action is None:
            raise NotFound(f"there is no action {name!r}" if self._definition else _NONE)
        if not action.enable:
            raise BadInput(f"action {name!r} is disabled")
        requests = [ready(r, self._definition.const) for r in action.requests if r.enabled]
        if not requests:
            raise BadInput(f"all requests of action {name!r} are disabled")
        ids = self._runner.call(name, requests)
        where = f"{STATUS}?id={','.join(map(str, ids))}"
        headers = [("location", where), ("cache-control", "no-store, no-cache")]
        return json(Called(ids), 202, headers=headers)

    async def _status(self, request: Request) -> Response:
        written = request.query.get("id", "")
        ids = [one.strip() for one in written.split(",")]
        if not all(_ID.fullmatch(one) for one in ids):
            raise BadInput(f"id: {written!r} is not a number of `call`, or several with commas")
        found = self._runner.outcomes(map(int, ids))
        if not found:
            raise NotFound(f"no outcome {written} is remembered; the last {KEPT} are")
        return json(found)
