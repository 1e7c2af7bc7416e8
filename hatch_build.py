"""Puts the built pages into wheel and sdist.

Editable installs build nothing: there `make setup` does it.  Node is asked for only where this
machine has none and the pages are not built yet, as they are in an sdist.
"""

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
        pages_of(self.root).build()
        build_data["artifacts"].append("/src/ohmstead/pages/")
