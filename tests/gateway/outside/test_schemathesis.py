"""schemathesis, which sends what the gateway's description of itself allows, and what it does not.

Source: REST/MQTT 2.0, 6.1 (the statuses there are) and OpenAPI 3.1.
`OHMSTEAD_EXAMPLES=200` sends so many random requests to each operation besides those that touch
every bound of the description once.
"""

import base64
import json
import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.gateway.outside.gateway import CLIENTS_S, Gateway, client_program, gateway
from tests.house.program import WAIT_S

PASSWORD = "correct-horse"
ENDLESS = "/(live|console|reboot|restore)$"
"""Streams, and what makes the gateway begin anew: they have tests of their own."""
EXAMPLES = os.environ.get("OHMSTEAD_EXAMPLES", "")
LEFT_OUT = (
    "not_a_server_error",  # 503 is documented, and looked at below
    "positive_data_acceptance",  # a schema cannot say that certificate and key come together
)

Answers = Counter[tuple[str, str, int]]
"""How often each method and path answered which status."""


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with gateway(tmp_path_factory.mktemp("schemathesis")) as found:
        yield found


def tried(device: Gateway, folder: Path, *options: str, password: str | None = None) -> Answers:
    """What was answered; every answer is as described."""
    described = folder / "openapi.json"
    credentials = base64.b64encode(f":{PASSWORD}".encode()).decode()
    got = device.get("openapi.json", headers={"authorization": f"Basic {credentials}"})
    described.write_bytes(got.content)
    if password is not None:
        options = (*options, "--header", f"Authorization: Basic {credentials}")
    done = subprocess.run(
        [
            *(client_program("schemathesis"), "run", str(described), "--url", device.url),
            *("--phases", "coverage,fuzzing" if EXAMPLES else "coverage"),
            *("--max-examples", EXAMPLES or "1", "--generation-deterministic", "--workers", "1"),
            *("--exclude-path-regex", ENDLESS, "--exclude-checks", ",".join(LEFT_OUT)),
            *("--suppress-health-check", "all", "--continue-on-failure", "--no-color"),
            *("--report", "har", "--report-har-path", str(folder / "report.har"), *options),
        ],
        check=False,
        capture_output=True,
        text=True,
        timeout=CLIENTS_S if not EXAMPLES else None,
        cwd=folder,
        env={
            **os.environ,
            "SCHEMATHESIS_HOOKS": "hooks",
            "PYTHONPATH": str(Path(__file__).parent),
        },
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    entries = json.loads((folder / "report.har").read_text())["log"]["entries"]
    return Counter(
        (
            one["request"]["method"],
            one["request"]["url"].removeprefix(device.url).partition("?")[0],
            one["response"]["status"],
        )
        for one in entries
    )


@pytest.mark.timeout(0 if EXAMPLES else 300)
def test_whatever_is_sent_is_answered_as_described(device: Gateway, tmp_path: Path) -> None:
    """No undocumented status, body or media type; nothing that should not have happened; and what
    the description does not allow is refused."""
    answers = tried(device, tmp_path)
    assert len(answers) > 100
    assert {status for _, _, status in answers} >= {200, 204, 400, 404, 405, 503}
    unforeseen = {one: count for one, count in answers.items() if one[2] >= 500 and one[2] != 503}
    assert not unforeseen, device.program.said()[-3000:]
    away = {path for _, path, status in answers if status == 503}
    documented = ("/api/v1/wifi/", "/api/v1/eth/", "/api/v1/berry", "/sdcard", "/load")
    assert all(path.startswith(documented) for path in away)


@pytest.mark.timeout(0 if EXAMPLES else 300)
def test_2_3_behind_a_password_all_is_as_before(device: Gateway, tmp_path: Path) -> None:
    """2.3: whoever has the password is answered as described; whoever has not is told so."""
    device.put("settings", {"system": {"protection": True, "password": PASSWORD}})
    reading = ("--include-method", "GET", "--mode", "positive")
    answers = tried(device, tmp_path, *reading, password=PASSWORD)
    assert 200 in {status for _, _, status in answers}
    assert 401 not in {status for _, _, status in answers}
    described = json.loads((tmp_path / "openapi.json").read_text())["paths"]
    with httpx.Client(base_url=device.url, timeout=WAIT_S) as client:
        for path, operations in described.items():
            for method, about in operations.items():
                answer = client.request(method, path.replace("{path}", "x"))
                assert answer.status_code == 401, (method, path)
                assert "401" in about["responses"]
                assert answer.json()["error"] == "unauthorized"
                assert answer.headers["www-authenticate"].startswith("Digest realm=")
