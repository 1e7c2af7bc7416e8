"""Other people's decoders on the same recordings: where they can read them, they must say the same.

The libraries live in an environment of their own (`make oracles`).  A disagreement is in order only
if docs/decoders.md has a line that gives its reason; a line that no recording needs is wrong too.
"""

import json
import math
import re
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from tests.wire.apdus import apdu_of
from tests.wire.oracles import LIBRARIES, Given, leaves
from tests.wire.telegrams import heard
from tests.wire.test_corpus import keys_of

from ohmstead.reading import units
from ohmstead.wire import cipher, cosem
from ohmstead.wire.axdr import Reader, Unreadable
from ohmstead.wire.layouts import repaired
from ohmstead.wire.recognise import Recogniser
from ohmstead.wire.telegram import Telegram, Value

ROOT = Path(__file__).resolve().parent.parent.parent
PYTHON = ROOT / ".venv-oracles" / "bin" / "python"
ANSWERING_S = 100
DOCUMENT = ROOT / "docs" / "decoders.md"
TABLE = re.compile(r"<!-- disagreements -->\n(.*?)\n<!-- end -->", re.DOTALL)

pytestmark = pytest.mark.optional

SPELLED = {"seconds": "s", "none": None, "C": "°C", "bat. time": "-", "date time": None}
"""How libraries spell what we spell otherwise, or say of values without a unit."""


@dataclass(frozen=True)
class Line:
    """A disagreement that has a reason."""

    library: str
    recordings: str
    """Patterns of their names, separated by commas."""
    what: str
    """How the disagreement begins."""

    def fits(self, library: str, recording: str, what: str) -> bool:
        """Whether it is this one."""
        named = any(fnmatch(recording, one.strip()) for one in self.recordings.split(","))
        return named and self.library == library and what.startswith(self.what)


def lines() -> list[Line]:
    """The table in docs/decoders.md."""
    table = TABLE.search(DOCUMENT.read_text(encoding="utf-8"))
    assert table, "docs/decoders.md has no table of disagreements"
    rows = [[cell.strip().strip("`") for cell in row.split("|")] for row in table[1].splitlines()]
    found = [Line(*row[1:4]) for row in rows[2:]]
    assert all(row[4] for row in rows[2:]), "a disagreement without a reason"
    return found


def recordings(corpus: Path) -> list[dict[str, Any]]:
    """All recordings of undamaged telegrams."""
    folders = [path for path in (corpus / "telegrams").iterdir() if path.name != "bad"]
    files = sorted(file for folder in folders for file in folder.glob("*.json"))
    return [json.loads(file.read_text()) for file in files]


def data_of(recording: dict[str, Any]) -> list[Any]:
    """Our reading of the data that a DLMS recording carries."""
    raw, keys = bytes.fromhex(recording["raw_hex"]), keys_of(recording)
    apdu = apdu_of(raw, recording["framing"])
    if keys and apdu[0] in cipher.CIPHERED:
        apdu = cipher.opened(cipher.sealed(apdu), keys)[0]
    try:
        return list(leaves(cosem.read(Reader(apdu))[1]))
    except Unreadable:
        return list(leaves(cosem.read(Reader(next(repaired(apdu))))[1]))


def values_of(recording: dict[str, Any]) -> Mapping[str, Value]:
    """Our reading of any other recording."""
    recogniser = Recogniser(keys_of(recording))
    found = heard(recogniser, [bytes.fromhex(recording["raw_hex"])])
    return [one for one in found if isinstance(one, Telegram)][-1].values


@pytest.fixture(scope="module")
def answers(corpus: Path) -> dict[str, dict[str, Any]]:
    """What every library says about every recording: recording -> library -> answer."""
    if not PYTHON.exists():
        pytest.skip("the libraries to compare with are not installed; `make oracles` does it")
    given = [
        Given(
            one["name"],
            one["protocol"],
            one["framing"],
            one["raw_hex"],
            one.get("encryption_key"),
            one.get("authentication_key"),
            _apdu(one),
        )
        for one in recordings(corpus)
    ]
    ran = subprocess.run(
        [PYTHON, Path(__file__).with_name("oracles.py")],
        input=json.dumps([asdict(one) for one in given]),
        capture_output=True,
        text=True,
        timeout=ANSWERING_S,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    said: dict[str, dict[str, Any]] = json.loads(ran.stdout)
    return said


def _apdu(recording: Mapping[str, Any]) -> str | None:
    if recording["protocol"] != "DLMS":
        return None
    return apdu_of(bytes.fromhex(recording["raw_hex"]), recording["framing"]).hex()


def same(ours: Value, theirs: Any, unit: str | None) -> bool:
    """Whether two readings of one value agree; texts are not compared, everybody spells them
    otherwise."""
    if isinstance(ours.value, str) or isinstance(theirs, str):
        return True
    number, kept = units.kept(ours.value, ours.unit)
    other, other_kept = units.kept(theirs, SPELLED.get(unit, unit) if unit else None)
    return math.isclose(number, other, rel_tol=1e-9) and (kept or None) == (other_kept or None)


def differences(recording: dict[str, Any], answer: Mapping[str, Any]) -> list[str]:
    """How a library's answer differs from ours."""
    if "cannot" in answer:
        return [f"cannot: {answer['cannot']}"]
    says = answer["says"]
    if recording["protocol"] == "DLMS":
        ours = data_of(recording)
        if len(ours) != len(says):
            return [f"data: {len(says)} elements, ours are {len(ours)}"]
        return [
            f"data: element {number} is {theirs!r}, ours is {mine!r}"
            for number, (mine, theirs) in enumerate(zip(ours, says, strict=True))
            if mine != theirs
        ]
    values = values_of(recording)
    found = []
    for key, (theirs, unit) in says.items():
        mine = next((values[one] for one in key.split("|") if one in values), None)
        if mine is None:
            if theirs is not None and not isinstance(theirs, str):
                found.append(f"value: {key} is {theirs} {unit}, ours is missing")
        elif not same(mine, theirs, unit):
            found.append(f"value: {key} is {theirs} {unit}, ours is {mine.value} {mine.unit}")
    return found


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_says_what_we_say(
    library: str, corpus: Path, answers: Mapping[str, Mapping[str, Any]]
) -> None:
    """Every recording that a library reads; what it says otherwise has its reason in
    docs/decoders.md."""
    known = [line for line in lines() if line.library == library]
    unexplained, needed, agreed = [], set(), []
    for recording in recordings(corpus):
        name, answer = recording["name"], answers[recording["name"]].get(library)
        if answer is None:
            continue
        found = differences(recording, answer)
        if not found:
            agreed.append(name)
        for one in found:
            reasons = {line for line in known if line.fits(library, name, one)}
            needed |= reasons
            if not reasons:
                unexplained.append(f"{name}: {one}")
    print(f"{library} agrees on {len(agreed)}: {' '.join(agreed)}")
    assert not unexplained, "\n".join(unexplained)
    assert agreed, f"{library} agrees on nothing"
    assert not set(known) - needed, "lines of docs/decoders.md that nothing needs any more"
