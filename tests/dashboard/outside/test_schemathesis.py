"""schemathesis on both APIs of the cloud: what their descriptions allow, and what they do not.

Source: OpenAPI 3.1; RFC 9457.  `OHMSTEAD_EXAMPLES=50` sends so many random requests to each
operation, those that touch every bound of the description, and both to the pages' own API, whose
every answer is held to its description by the tests beside this one anyway.
"""

import asyncio
import json
import os
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from tests.dashboard.conftest import World
from tests.dashboard.test_tokens import token_of
from tests.gateway.outside.gateway import CLIENTS_S, client_program

from ohmstead.access.tokens import Scope
from ohmstead.dashboard.api import app
from ohmstead.dashboard.parts import Accounts
from ohmstead.house.http import HttpServer, listen

EXAMPLES = os.environ.get("OHMSTEAD_EXAMPLES", "")
ALONE = "/api/(tokens|session|account|live|people/|password|sign-up|activation|link)"
"""What would end the token that asks, or stays open: these have tests of their own."""
LEFT_OUT = (
    "positive_data_acceptance",  # a schema does not know which time zones and tariffs there are
    "negative_data_rejection",  # bodies may come in another word than their own, on purpose
)
DESCRIBED = ("/api/v1/schema/openapi.json", "/schema/openapi.json")

Answers = Counter[tuple[str, str, int]]
"""How often each method and path answered which status."""


def tried(base: str, described: str, token: str, folder: Path) -> Answers:
    """What was answered; every answer is as described."""
    done = subprocess.run(
        [
            *(client_program("schemathesis"), "run", f"{base}{described}", "--url", base),
            *("--header", f"Authorization: Bearer {token}"),
            *("--phases", "coverage,fuzzing" if EXAMPLES else "fuzzing"),
            *("--max-examples", EXAMPLES or "1", "--generation-deterministic", "--workers", "1"),
            *("--exclude-path-regex", ALONE, "--exclude-checks", ",".join(LEFT_OUT)),
            *("--suppress-health-check", "all", "--continue-on-failure", "--no-color"),
            *("--report", "har", "--report-har-path", str(folder / "report.har")),
        ],
        check=False,
        capture_output=True,
        text=True,
        timeout=None if EXAMPLES else CLIENTS_S,
        cwd=folder,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    entries = json.loads((folder / "report.har").read_text())["log"]["entries"]
    return Counter(
        (
            one["request"]["method"],
            one["request"]["url"].removeprefix(base).partition("?")[0],
            one["response"]["status"],
        )
        for one in entries
    )


@pytest.mark.timeout(0 if EXAMPLES else 300)
@pytest.mark.parametrize("described", DESCRIBED if EXAMPLES else DESCRIBED[:1])
async def test_whatever_is_sent_is_answered_as_described(
    world: World, tmp_path: Path, described: str
) -> None:
    """No undocumented status, body or media type; nothing that nobody foresaw."""
    await world.meter()
    token = await token_of(world, await world.user("root@example.org"), Scope.ADMIN)
    inside = app(
        world.database, world.hub, b"k" * 32, world.clock, accounts=Accounts(token_rate=1_000_000)
    )
    async with HttpServer(inside, listen("127.0.0.1", 0, "the test")) as server:
        base = f"http://127.0.0.1:{server.port}"
        answers = await asyncio.to_thread(tried, base, described, token, tmp_path)
    assert len(answers) > 10
    assert 200 in {status for _, _, status in answers}
    assert not {one for one in answers if one[2] >= 500}
