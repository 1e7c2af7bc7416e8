"""What the gateway that runs knows about itself and its updates."""

import os
from importlib.resources import files
from pathlib import Path

from ohmstead import __version__
from ohmstead.gateway.release import pinned
from ohmstead.gateway.update import Running, Updates
from ohmstead.settings.gateway import GatewayOptions
from ohmstead.surfaces.device import Update

BUILD = "build.txt"
"""Beside the package's code; `hatch_build.py` puts it there."""


def build() -> str:
    """The commit that was built, and when it was made; "" for a checkout."""
    try:
        return files("ohmstead").joinpath(BUILD).read_text("ascii").strip()
    except FileNotFoundError:
        return ""


def updates_of(options: GatewayOptions, folder: Path) -> Updates:
    """The updates of a gateway that is started with these options."""
    running = Running(
        version=__version__,
        keys=pinned(),
        launched=options.launched,
        environment=os.environ.copy(),
    )
    return Updates(folder, running)


def shown(updates: Updates) -> Update | None:
    """How updates stand, for the device's description; None where there are none."""
    if not updates.capable:
        return None
    state = updates.state
    if state.on_trial:
        words = "TRIAL"
    elif state.rolled_back:
        words = "ROLLED BACK"
    else:
        words = "CONFIRMED" if state.current else "NONE"
    return Update(
        state=words,
        release=state.current,
        rolled_back=state.rolled_back,
        trouble=state.why,
    )
