"""`POST /load`: an update, uploaded as a form with a file.

Source: REST/MQTT 2.0, 6.14 (`curl -i -F file=@FILE http://DEVICE/load`, answered with plain text);
statuses as in the vendor's OpenAPI.  The form is RFC 7578.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing

from multipart import (
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
    parse_options_header,
)

from ohmstead.errors import BadInput, OhmsteadError, TooLarge, WrongKind
from ohmstead.gateway.http import TEXT, About, Request, Response, Route, answer_to, text
from ohmstead.gateway.release import LARGEST, LONGEST_MANIFEST
from ohmstead.gateway.update import Updates

PATH = "/load"
PART = "file"
"""The name of the form's part that is the bundle."""
LONGEST = LARGEST + LONGEST_MANIFEST + 65_536
"""Bytes of a form."""
ANSWER_S = 0.3
"""So long after the answer, which must reach its client first, the new version is started."""


class UpdateApi:
    """Takes updates from the network."""

    def __init__(self, updates: Updates, leave: Callable[[], None]) -> None:
        """`leave` ends this gateway, so that its launcher starts the new version."""
        self._updates = updates
        self._leave = leave
        self._installed = asyncio.Event()

    def routes(self) -> Sequence[Route]:
        """`/load`, at the root as on the device."""
        about = About(
            summary="Installs a signed release, which runs at once and is taken back when it does"
            " not come up",
            source="REST/MQTT 2.0, 6.14",
            form=PART,
            media=TEXT,
            plain_errors=True,
            statuses=(200, 409, 415, 503),
        )
        return (Route("POST", PATH, self._load, about, streamed=True, too_long=413),)

    async def run(self) -> None:
        """Tidies up, and makes way some moments after an update was installed."""
        await self._updates.tidy()
        await self._installed.wait()
        await asyncio.sleep(ANSWER_S)
        self._leave()

    async def _load(self, request: Request) -> Response:
        """The documented kind of answer is text; who asks for JSON gets errors as elsewhere."""
        try:
            return await self._taken(request)
        except OhmsteadError as error:
            if "application/json" in request.headers.get("accept", ""):
                return answer_to(error)
            return text(f"{error}\n", error.status)

    async def _taken(self, request: Request) -> Response:
        self._updates.check()
        async with aclosing(bundle(request)) as arriving:
            manifest = await self._updates.install(arriving)
        if manifest is None:
            return text("This release runs already; nothing was changed.\n")
        self._installed.set()
        return text(f"Release {manifest.version} is installed; the device restarts.\n")


async def bundle(request: Request) -> AsyncGenerator[bytes, None]:
    """The file in the form that `request` brings, as it arrives.  WrongKind, TooLarge or BadInput
    when there is no such form, or it has not that one file and nothing else."""
    media, options = parse_options_header(request.headers.get("content-type", ""))
    if media != "multipart/form-data":
        raise WrongKind(
            "the body must be a form with a file, multipart/form-data:"
            " curl -F file=@BUNDLE http://DEVICE/load"
        )
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said) > LONGEST:
        raise TooLarge(f"the form has {said} bytes; at most {LONGEST} are taken")
    try:
        with PushMultipartParser(options.get("boundary", ""), max_segment_count=1) as parser:
            async for piece in _file(request, parser):
                yield piece
    except ParserLimitReached as error:
        raise BadInput(f"the form must hold the part {PART!r} and nothing else: {error}") from error
    except MultipartError as error:
        raise BadInput(f"the form is not as RFC 7578 has it: {error}") from error


async def _file(request: Request, parser: PushMultipartParser) -> AsyncIterator[bytes]:
    taken = 0
    assert request.chunks is not None  # noqa: S101  (the route is streamed)
    async for chunk in request.chunks:
        taken += len(chunk)
        if taken > LONGEST:
            raise TooLarge(f"the form is longer than the {LONGEST} bytes that are taken")
        if not chunk:
            continue
        for event in parser.parse(chunk):
            if isinstance(event, MultipartSegment):
                if event.name != PART:
                    raise BadInput(f"the form's part is named {event.name!r}; it must be {PART!r}")
            elif event:
                yield bytes(event)
