"""The repository as a home: documents that are true, locks that hold, files that can be read."""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import typer.main
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from ohmstead import __version__, cli

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
LOCKS = ("dev", "cloud", "gateway", "node", "oracles", "fuzz")

# Written so that this file does not hold what it looks for.
NOT_HERE: Mapping[str, str] = {
    "a registry's address": r"pypi[.]org|pythonhosted[.]org|npmjs[.]org|deb[.]debian[.]org",
    "a path of one machine": r"(?<![\w.$}/])/(?:work|home|root)/[a-z.]",
    "an unfinished place": r"\b(?:TO[D]O|FIX[M]E|XX[X])\b",
    "a word from outside the project": r"\bC[E]O\b|tool[ -]librar[y]",
}
LOCK = re.compile(r"package-lock[.]json$|requirements/[a-z]+[.]txt$")
PINNED = re.compile(r"^([A-Za-z0-9_.\[\]-]+)==([^\s;\\]+)", re.MULTILINE)


def tracked() -> list[Path]:
    """The files under version control that exist; all text of the tree where there is no git."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def text(path: Path) -> str:
    """What a file says; nothing for one that is not text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def pins(lock: str) -> dict[str, str]:
    """Name and version of everything in one of requirements/*.txt."""
    found = PINNED.findall((ROOT / "requirements" / f"{lock}.txt").read_text())
    return {canonicalize_name(name.partition("[")[0]): version for name, version in found}


def declared() -> list[Requirement]:
    """All dependencies of pyproject.toml, those of the extras and of the build included."""
    project = PROJECT["project"]
    extras = project["optional-dependencies"].values()
    groups = [project["dependencies"], PROJECT["build-system"]["requires"], *extras]
    return [Requirement(one) for group in groups for one in group]


# ---------------------------------------------------------------- documents


@pytest.mark.parametrize("name", sorted({one.name for one in declared()}))
def test_every_dependency_has_a_decision(name: str) -> None:
    """Style 15: a dependency needs a page that says why."""
    assert any(f"`{name}`" in text(page) for page in DECISIONS), f"no decision names `{name}`"


def test_the_packages_of_the_pages_have_a_decision() -> None:
    """The same for what web/package.json brings into the built pages."""
    package = json.loads((ROOT / "web" / "package.json").read_text())
    pages = "\n".join(map(text, DECISIONS)).lower()
    for name in package["dependencies"]:
        assert name.rpartition("/")[2] in pages, f"no decision names {name}"


def test_every_decision_is_in_the_index_and_has_its_parts() -> None:
    """docs/README.md is how a reader finds a page; each says what was decided and why."""
    index = text(ROOT / "docs" / "README.md")
    for number, page in enumerate(DECISIONS, start=1):
        said = text(page)
        assert page.name.startswith(f"{number:04}-")
        assert said.startswith(f"# {number}. ")
        title = said.splitlines()[0].partition(". ")[2]
        assert f"{number}. [{title}](decisions/{page.name})" in index
        for part in ("Context", "Decision", "Why", "What was left", "Consequences"):
            assert f"\n## {part}" in said, f"{page.name} lacks {part}"


def commands(group: object, words: str) -> Iterator[tuple[str, list[str]]]:
    """Every command below `group` with its options, depth first."""
    inside = getattr(group, "commands", None)
    options = [name for param in getattr(group, "params", ()) for name in param.opts]
    yield words, [name for name in options if name.startswith("--") and name != "--help"]
    for name, command in (inside or {}).items():
        yield from commands(command, f"{words} {name}")


@pytest.mark.parametrize("command", cli.COMMANDS, ids=lambda command: command.name)
def test_every_command_and_option_is_documented(command: cli.Subcommand) -> None:
    """docs/commands.md is complete: what `--help` offers, it explains."""
    document = text(ROOT / "docs" / "commands.md")
    app = typer.main.get_command(cli._loaded(command))
    for words, options in commands(app, f"ohmstead {command.name}"):
        last = words.partition("admin ")[2] or words
        assert last in document, f"docs/commands.md does not mention `{words}`"
        for option in options:
            assert f"`{option}" in document, f"docs/commands.md does not explain {words} {option}"


def test_no_option_is_documented_that_does_not_exist() -> None:
    """The other way round: docs/commands.md explains nothing that was taken away."""
    known = {"--help", "--version"}
    for command in cli.COMMANDS:
        app = typer.main.get_command(cli._loaded(command))
        known.update(option for _, options in commands(app, "") for option in options)
    assert set(re.findall(r"`(--[a-z-]+)", text(ROOT / "docs" / "commands.md"))) <= known


@pytest.mark.parametrize(
    "page",
    [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *DECISIONS],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_links_between_documents_resolve(page: Path) -> None:
    """A link that leads nowhere is worse than none."""
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text(page)):
        if "://" not in target and not target.startswith("docs/build/"):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_room_is_in_the_architecture() -> None:
    """ARCHITECTURE.md names each folder of the package; a new one is a decision (decision 27)."""
    document = text(ROOT / "ARCHITECTURE.md")
    for folder in (ROOT / "src" / "ohmstead").iterdir():
        if (folder / "__init__.py").exists():
            assert f"`{folder.name}/`" in document, f"{folder.name} is not explained"


def test_files_named_in_the_architecture_exist() -> None:
    """Its walks name files; a renamed file must take its mention along."""
    document = text(ROOT / "ARCHITECTURE.md")
    for name in set(re.findall(r"`([a-z_0-9]+/[a-z_0-9/]+\.(?:py|sql|ts|svelte))`", document)):
        found = [ROOT / name, ROOT / "src" / "ohmstead" / name]
        assert any(path.exists() for path in found), f"ARCHITECTURE.md names {name}"


# ---------------------------------------------------------------- contracts


def test_every_room_of_the_core_is_under_the_core_contract() -> None:
    """Design, "Who may import whom" 2: reading, wire, surfaces, access, analytics."""
    contracts = {one["id"]: one for one in PROJECT["tool"]["importlinter"]["contracts"]}
    for room in ("reading", "wire", "surfaces", "access", "analytics"):
        if (ROOT / "src" / "ohmstead" / room).is_dir():
            assert f"ohmstead.{room}" in contracts["core"]["source_modules"]


def test_every_room_but_store_is_kept_from_the_database() -> None:
    """Design, "Who may import whom" 3: the driver is imported only in store."""
    contracts = {one["id"]: one for one in PROJECT["tool"]["importlinter"]["contracts"]}
    rooms = {
        f"ohmstead.{path.stem}"
        for path in (ROOT / "src" / "ohmstead").iterdir()
        if (path / "__init__.py").exists() or path.suffix == ".py"
    }
    exempt = {"ohmstead.store", "ohmstead.__init__", "ohmstead.__main__"}
    assert rooms - exempt == set(contracts["database"]["source_modules"])


LEAN = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"{name} is not in requirements/gateway.txt", name=name)

absent = set(sys.argv[1:])
sys.meta_path.insert(0, Absent())
import ohmstead.cli.gateway
import ohmstead.house.gateway
print(*(name for name in sys.modules if name.startswith("ohmstead.")))
"""


def test_a_gateway_needs_only_its_lean_list_and_loads_nothing_of_the_cloud() -> None:
    """Decision 21: requirements/gateway.txt is enough for `ohmstead gateway`."""
    lean = {*pins("gateway"), "ohmstead"}
    absent = [
        module
        for module, owners in packages_distributions().items()
        if not lean & set(map(canonicalize_name, owners)) and not module.startswith("_")
    ]
    ran = subprocess.run(
        [sys.executable, "-c", LEAN, *absent],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    cloud = ("store", "broker", "collector", "analytics", "dashboard", "simulate")
    assert not [name for name in ran.stdout.split() if name.split(".")[1] in cloud]


# ---------------------------------------------------------------- locks and files


def test_the_lock_holds_what_is_declared() -> None:
    """Decision 25: an installation gets exactly what was tested."""
    locked = pins("dev")
    for one in declared():
        if one.name != "dask":  # the extra `batch` is for clusters; no test needs it
            version = locked.get(canonicalize_name(one.name))
            assert version, f"requirements/dev.txt lacks {one.name}; run make lock"
            assert Version(version) in one.specifier, f"{one.name} {version}; run make lock"


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_hashes_and_no_address(lock: str) -> None:
    """Decision 25: every file by its hash, and no registry named, so that any mirror works."""
    said = (ROOT / "requirements" / f"{lock}.txt").read_text()
    for entry in re.split(r"\n(?=\S)", said):
        if PINNED.match(entry):
            assert "--hash=sha256:" in entry, entry
    assert "://" not in said
    assert "--index" not in said


@pytest.mark.parametrize("lock", ["cloud", "gateway"])
def test_the_lean_locks_agree_with_the_tested_one(lock: str) -> None:
    """What is installed in the field is what the tests ran with."""
    assert pins(lock).items() <= pins("dev").items()


@pytest.mark.parametrize("what", NOT_HERE)
def test_nothing_tracked_holds(what: str) -> None:
    """The repository is read by strangers on other machines."""
    pattern = re.compile(NOT_HERE[what])
    found = [
        f"{path.relative_to(ROOT)}:{number}: {match[0]}"
        for path in tracked()
        for number, line in enumerate(text(path).splitlines(), start=1)
        if (match := pattern.search(line))
    ]
    assert not found, f"{what}: {found[:20]}"


def test_python_files_stay_readable() -> None:
    """Style 2: a module has about 300 lines; past 400 it is two."""
    long = {
        str(path.relative_to(ROOT)): lines
        for path in tracked()
        if path.suffix == ".py" and (lines := text(path).count("\n")) >= 400
    }
    assert not long, f"split these: {long}"


def test_no_large_file_is_tracked() -> None:
    """A picture in the history stays there for ever: 200 kB at most, lock files apart."""
    large = {
        str(path.relative_to(ROOT)): path.stat().st_size
        for path in tracked()
        if path.stat().st_size > 200_000 and not LOCK.search(str(path))
    }
    assert not large


def test_the_version_is_in_the_changelog() -> None:
    """Style 15: a changelog line with each visible change."""
    said = text(ROOT / "CHANGELOG.md")
    assert "## [Unreleased]" in said or f"## [{__version__}]" in said
