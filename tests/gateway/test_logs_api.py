"""The log as the pages show it.  Source: docs/gateway-pages.md, "The log"."""

import structlog
from tests.gateway.serving import served

from ohmstead.gateway.logs_api import KEPT, LONGEST, Logs, Ring

LOGS = "/api/v1/logs"


def logger(ring: Ring) -> structlog.typing.BindableLogger:
    """A log of its own that goes through `ring`, as the command's does."""
    processors = [structlog.processors.add_log_level, ring, structlog.processors.KeyValueRenderer()]
    return structlog.wrap_logger(structlog.ReturnLogger(), processors=processors)


async def test_events_come_once_with_what_belongs_to_them() -> None:
    """A page asks for what is newer than what it has, and gets just that, in order."""
    ring = Ring()
    log = logger(ring)
    log.info("gateway runs", port=8080)
    log.warning("telegram refused", why="checksum")
    async with served(Logs(ring).routes()) as api:
        said = (await api.client.get(LOGS)).json()
        assert [(one["level"], one["event"], one["fields"]) for one in said["records"]] == [
            ("info", "gateway runs", {"port": "8080"}),
            ("warning", "telegram refused", {"why": "checksum"}),
        ]
        log.info("third")
        newer = (await api.client.get(LOGS, params={"after": said["last"]})).json()
        assert [one["event"] for one in newer["records"]] == ["third"]
        later = (await api.client.get(LOGS, params={"after": newer["last"] + 1000})).json()
        assert len(later["records"]) == 3  # it has been started anew since: everything is new


async def test_what_is_named_like_a_secret_is_not_shown() -> None:
    """Rule: secrets stand in no log; a slip does not reach a browser all the same."""
    ring = Ring()
    log = logger(ring)
    log.info(
        "slips",
        password="hunter2",
        encryption_key="00FF",
        auth_token="abc",
        claim="WXYZ",
        at="mqtts://ada:hunter2@broker:8883",
    )
    async with served(Logs(ring).routes()) as api:
        whole = (await api.client.get(LOGS)).text
        for secret in ("hunter2", "00FF", "abc", "WXYZ"):
            assert secret not in whole
        assert "broker:8883" in whole


async def test_it_is_bounded() -> None:
    """The oldest events make room, long values are cut, a trace stays in the log alone."""
    ring = Ring()
    log = logger(ring)
    for number in range(KEPT + 20):
        log.info("event", number=number)
    log.error(
        "long", why="x" * 10_000, exc_info=ValueError("inner"), **{f"f{n}": n for n in range(99)}
    )
    async with served(Logs(ring).routes()) as api:
        said = (await api.client.get(LOGS)).json()
    assert len(said["records"]) == KEPT
    last = said["records"][-1]
    assert len(last["fields"]["why"]) == LONGEST + 1
    assert len(last["fields"]) <= 12
    assert "inner" not in str(last)


async def test_a_number_that_is_none_is_refused_by_name() -> None:
    """REST/MQTT 2.0, Appendix A: 400 says which parameter."""
    async with served(Logs(Ring()).routes()) as api:
        for wrong in ("x", "-1", "1" * 30, ""):
            answer = await api.client.get(LOGS, params={"after": wrong})
            assert answer.status_code == 400
            assert answer.json()["message"].startswith("after: ")
