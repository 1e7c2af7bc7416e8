"""What tests share: the corpus folder, the browser, and a rule for components that are missing."""

import asyncio
import os
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import structlog
import uvicorn.server
from hypothesis import HealthCheck, settings
from tests import memory

HERE = Path(__file__).parent
CI = os.environ.get("CI", "").lower() in {"true", "1"}
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")

# No test may change the network of the machine it runs on: those about it start a bus of their own.
os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = "unix:path=/nonexistent/system_bus_socket"

# A loaded machine is no reason to fail, and in CI the same examples are tried each time, so that
# what fails there fails anywhere.  `make test ARGS="--hypothesis-profile=thorough"` tries more.
settings.register_profile(
    "quick",
    max_examples=50,
    deadline=None,
    derandomize=CI,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "thorough", settings.get_profile("quick"), max_examples=1000, derandomize=False
)
settings.load_profile("quick")

# As the commands write them: a trace of a failure in colours takes half a second to draw.
structlog.configure(
    processors=[structlog.processors.format_exc_info, structlog.dev.ConsoleRenderer(colors=False)]
)


class _Soon:
    """asyncio for uvicorn, which looks ten times a second whether it shall end: here a hundred."""

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    @staticmethod
    async def sleep(delay: float) -> None:
        await asyncio.sleep(delay / 10)


vars(uvicorn.server)["asyncio"] = _Soon()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """The folders of `tmp_path` are in memory, too, unless `--basetemp` says where."""
    if config.option.basetemp is None:
        memory.sweep()
        folder = memory.made_folder()
        config.option.basetemp = str(folder)
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


pytest_plugins = ["tests.postgres", "tests.collecting"] if (HERE / "postgres.py").exists() else []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI nothing may be missing: a skipped test is a failed one, unless it is `optional`."""
    report = yield
    expected = hasattr(report, "wasxfail") or item.get_closest_marker("optional")
    if CI and report.skipped and not expected:
        report.outcome = "failed"
        report.longrepr = f"skipped, which only an `optional` test may be in CI: {report.longrepr}"
    return report


BY_ITSELF = ("cluster", "kills")
"""Markers of tests that run only when they are asked for, as their targets in the Makefile do."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A test that asks for the corpus carries its marker, so `-m 'not corpus'` leaves it out.

    Those that take minutes run by themselves.
    """
    asked = str(config.getoption("-m"))
    long = [i for i in items for m in BY_ITSELF if m not in asked and i.get_closest_marker(m)]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]
    for item in items:
        if "corpus" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.corpus)


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of recorded telegrams and vendor documents, which is not part of this repository.

    It is `$OHMSTEAD_CORPUS`, or `shared` beside the checkout.
    """
    folder = Path(os.environ.get("OHMSTEAD_CORPUS") or HERE.parent.parent / "shared")
    if not (folder / "telegrams").is_dir():
        pytest.skip(f"no corpus of telegrams in {folder}; set OHMSTEAD_CORPUS to its folder")
    return folder


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The browser that page tests drive: `$OHMSTEAD_CHROMIUM`, or the machine's own.

    Chromium without its windows comes first: a page costs half of what it does in a whole browser.
    """
    named = os.environ.get("OHMSTEAD_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, BROWSERS)), None)
    if not found:
        pytest.skip("no Chromium on this machine; install the package 'chromium-headless-shell'")
    return Path(found)
