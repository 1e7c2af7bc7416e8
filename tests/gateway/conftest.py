"""Fixtures of the gateway's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from tests.gateway.serving import served
from tests.gateway.setting import ID, TakingNetwork

from ohmstead.gateway.configuration import Configuration
from ohmstead.gateway.settings_api import SettingsApi


@pytest.fixture
def network() -> TakingNetwork:
    return TakingNetwork()


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    return Configuration(tmp_path / "settings", ID)


@pytest.fixture
async def settings_client(
    configuration: Configuration, network: TakingNetwork
) -> AsyncIterator[httpx.AsyncClient]:
    async with served(SettingsApi(configuration, network).routes()) as api:
        yield api.client
