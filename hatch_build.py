"""Puts the built pages, the build's name and the key of releases into wheel and sdist.

Editable installs build nothing: there `make setup` does it.  Node is asked for only where this
machine has none and the pages are not built yet, as they are in an sdist.

The key whose releases the built package takes (docs/updates.md) is the file that
OHMSTEAD_RELEASE_KEY names, else `release_key.pub` beside pyproject.toml; without either it takes
none.
"""

import base64
import binascii
import os
import subprocess
import tempfile
from collections.abc import Mapping
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


def pages_of(root: str) -> ModuleType:
    """web/build.py as a module; web/ is no package, because it holds pages and not Python."""
    spec = spec_from_file_location("ohmstead_web_build", Path(root) / "web" / "build.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(
            f"{root}/web/build.py is missing; build from a complete checkout or sdist"
        )
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


KEY_VARIABLE, KEY_FILE = "OHMSTEAD_RELEASE_KEY", "release_key.pub"
KEY_BEGINS, KEY_ENDS = "-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----"
ED25519 = bytes.fromhex("302a300506032b6570032100")  # what stands before the key: RFC 8410, 10.1


def release_key(root: str, environ: Mapping[str, str]) -> str | None:
    """The public keys to pin, as PEM; None without any.  ValueError when the file holds others:
    a private key must never get into a package."""
    named = environ.get(KEY_VARIABLE)
    file = Path(named) if named else Path(root) / KEY_FILE
    if not named and not file.exists():
        return None
    blocks = [block.strip() for block in file.read_text().split(KEY_ENDS)]
    if len(blocks) < 2 or blocks.pop() or not all(_is_ed25519(block) for block in blocks):
        raise ValueError(f"{file} must hold public Ed25519 keys as PEM, and nothing else")
    return "".join(f"{block}\n{KEY_ENDS}\n" for block in blocks)


def _is_ed25519(block: str) -> bool:
    if not block.startswith(KEY_BEGINS):
        return False
    try:
        key = base64.b64decode("".join(block.removeprefix(KEY_BEGINS).split()), validate=True)
    except binascii.Error:
        return False
    return len(key) == len(ED25519) + 32 and key.startswith(ED25519)


def build_name(root: str) -> str | None:
    """The commit and its time, as the device names its builds (`11b8102-68dfd692`); None outside a
    checkout: an sdist brings the file along."""

    def git(*arguments: str) -> str:
        ran = subprocess.run(
            ["git", "-C", root, *arguments], capture_output=True, text=True, check=True
        )
        return ran.stdout.strip()

    try:
        if Path(git("rev-parse", "--show-toplevel")) != Path(root).resolve():
            return None
        commit, at = git("log", "-1", "--abbrev=7", "--format=%h %ct").split()
    except (OSError, subprocess.CalledProcessError):
        return None
    return f"{commit}-{int(at):08x}"


class PagesHook(BuildHookInterface[Any]):
    """Builds the pages before hatchling collects the files."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """What pip must fetch for this build: Node, where it is needed and missing."""
        pages = pages_of(self.root)
        return [] if pages.current() or pages.node_on_path() else [pages.NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Builds the pages and names them as artifacts, since git ignores them."""
        if version == "editable":
            return
        self._made = tempfile.TemporaryDirectory()
        self._put(build_data, "build.txt", build_name(self.root))
        if self.target_name == "wheel":
            self._put(build_data, "release_key.txt", release_key(self.root, os.environ))
        pages_of(self.root).build()
        build_data["artifacts"].append("/src/ohmstead/pages/")

    def _put(self, build_data: dict[str, Any], name: str, content: str | None) -> None:
        """Lets the package hold a file that is made for this build."""
        if content is None:
            return
        made = Path(self._made.name) / name
        made.write_text(content)
        folder = "ohmstead" if self.target_name == "wheel" else "src/ohmstead"
        build_data["force_include"][str(made)] = f"{folder}/{name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Takes away what was made for this build."""
        del build_data, artifact_path
        if version != "editable":
            self._made.cleanup()
