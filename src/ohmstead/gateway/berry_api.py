"""The place for a Berry script, of newer firmware: the text is kept and given back, never run.

Source: the newer firmware's Berry page.  Who asks to run a script is told that it will not be.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from ohmstead.errors import BadInput, NotFound, Unavailable
from ohmstead.gateway.http import (
    NO_CONTENT,
    TEXT,
    About,
    Query,
    Request,
    Response,
    Route,
    json,
)
from ohmstead.gateway.kept import Kept

PATH = "/api/v1/berry"
SOURCE = "newer firmware, Berry"
FILE = "berry.be"
LONGEST_SCRIPT = 8191

NOT_RUN = "Berry scripts are kept here, not run: use actions, or a program that reads this API."


class Run(Struct, frozen=True):
    """Whether a script runs."""

    run: bool


class Berry:
    """One script, as text."""

    def __init__(self, folder: Path) -> None:
        self._kept = Kept(folder / FILE)

    def routes(self) -> Sequence[Route]:
        """The script, its state, and the console that says nothing."""
        return (
            Route(
                "GET",
                PATH,
                self._get,
                About(
                    summary="The script that is kept",
                    source=SOURCE,
                    media=TEXT,
                    statuses=(200, 404, 503),
                ),
            ),
            Route(
                "POST",
                PATH,
                self._keep,
                About(
                    summary="Keeps a script, without running it",
                    source=SOURCE,
                    takes=str,
                    media=TEXT,
                    statuses=(200, 503),
                ),
                longest_body=LONGEST_SCRIPT,
            ),
            Route(
                "PUT",
                PATH,
                self._run,
                About(
                    summary="Whether a script runs: none does, and none can be started",
                    source=SOURCE,
                    query=(Query("run", "true or false", schema={"enum": ["true", "false"]}),),
                    gives=Run,
                    statuses=(200, 400, 503),
                ),
            ),
            Route(
                "DELETE",
                PATH,
                self._delete,
                About(summary="Forgets the script", source=SOURCE, statuses=(204, 503)),
            ),
            Route(
                "GET",
                f"{PATH}/console",
                self._console,
                About(
                    summary="What a script prints: there is none", source=SOURCE, statuses=(503,)
                ),
            ),
        )

    async def _get(self, request: Request) -> Response:
        del request
        script = await asyncio.to_thread(self._kept.read)
        if script is None:
            raise NotFound("no script is kept")
        return Response(200, script, TEXT)

    async def _keep(self, request: Request) -> Response:
        try:
            request.body.decode()
        except UnicodeDecodeError as error:
            raise BadInput(f"the script is not text in UTF-8: {error.reason}") from error
        if not request.body:
            raise BadInput("the body is empty; it is the whole script")
        await asyncio.to_thread(self._kept.write, request.body)
        return Response(200, request.body, TEXT)

    async def _run(self, request: Request) -> Response:
        wanted = request.query.get("run", "false")
        if wanted not in ("true", "false"):
            raise BadInput(f"run={wanted} must be true or false")
        if wanted == "true":
            raise Unavailable(NOT_RUN)
        return json(Run(run=False))

    async def _delete(self, request: Request) -> Response:
        del request
        await asyncio.to_thread(self._kept.remove)
        return NO_CONTENT

    async def _console(self, request: Request) -> Response:
        del request
        raise Unavailable(NOT_RUN)
