"""How many telegrams a second our decoders read, and other libraries in the same bytes:
`python bench/wire_decode.py [--json]`.

The telegrams are those of simulated meters, one after the other as they would send them.  Everybody
is measured in one process on one core, in .venv-oracles (`make oracles`), by the CPU time of that
process; the best of several runs counts.  We recognise, check and decrypt, and give each value its
unit and code.  The libraries are told what the telegram is; those for DLMS give the bare data, and
dlms-cosem is handed the APDU without its frames.  Every telegram must be read.
"""

import contextlib
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from tests.wire.apdus import apdu_of
from tests.wire.oracles import LIBRARIES, Cannot, Given, bytes_for, leaves
from tests.wire.telegrams import KEYS, STAMP, hdlc, notification, row, sealed

from ohmstead.simulate import Simulated
from ohmstead.wire.cipher import Keys
from ohmstead.wire.recognise import Recogniser
from ohmstead.wire.telegram import Telegram

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ROOT / ".venv-oracles" / "bin" / "python"
MEASURING_S = 900
COUNT, RUNS = 100, 5
START = datetime(2025, 7, 3, 12, 15, tzinfo=UTC)

KINDS = {
    "p1-dsmr5": "P1 DSMR 5",
    "p1-lu": "P1 encrypted (Luxembourg)",
    "rows": "DLMS, HDLC, rows",
    "rows-sealed": "DLMS, HDLC, rows, with tag",
    "hdlc-kamstrup-sealed": "DLMS, HDLC, flat list, with tag",
    "hdlc-segments-sealed": "DLMS, HDLC segments, no tag",
    "hdlc-blocks": "DLMS, HDLC, blocks, push list",
    "hdlc-blocks-sealed": "DLMS, HDLC, blocks, with tag",
    "wrapper-rows": "DLMS, wrapper, rows",
    "apdu-flat": "DLMS, APDU alone, flat list",
    "kmp": "KMP registers",
    "mbus": "EN 13757-3 records",
    "sml": "SML",
}
"""Simulated meter (`rows`: one whose list all libraries can read) -> what it stands for."""
POWERS = (1, 2, 3, 4, 21, 22, 23, 24, 41, 42, 43, 44, 61, 62, 63, 64)


def rows(number: int) -> list[bytes]:
    """27 rows of value, scaler and unit, and the clock, as Swedish meters send them."""

    def long(code: str, unit: int) -> bytes:
        return row(code, b"\x06" + (number * 997).to_bytes(4, "big"), 0, unit)

    def short(code: str, unit: int) -> bytes:
        return row(code, b"\x12" + (number % 2400).to_bytes(2, "big"), -1, unit)

    return [
        row("0000010000ff", b"\x09\x0c" + STAMP),
        *(long(f"0100{c:02x}0700ff", 27) for c in POWERS),
        *(short(f"0100{c:02x}0700ff", 33) for c in (31, 51, 71)),
        *(short(f"0100{c:02x}0700ff", 35) for c in (32, 52, 72)),
        *(long(f"0100{c:02x}0800ff", 30) for c in (1, 2, 3, 4)),
    ]


def _simulated(name: str) -> tuple[str, Keys | None, list[bytes]]:
    meter = Simulated(name)
    sent = [meter.telegram(START + timedelta(seconds=10 * n)) for n in range(COUNT)]
    if name == "kmp":  # serial number, type, then registers: the last reply counts
        sent = [b"@" + one.rsplit(b"@", 1)[1] for one in sent]
    if name == "mbus":  # without the acknowledgement in front
        sent = [one[one.index(b"h") :] for one in sent]
    return meter.model.protocol, meter.model.keys, sent


def _in_rows(name: str) -> tuple[str, Keys | None, list[bytes]]:
    said = [notification(rows(number)) for number in range(1, COUNT + 1)]
    if name == "rows":
        return "DLMS", None, [hdlc(one) for one in said]
    return "DLMS", KEYS, [hdlc(one[:3] + sealed(one[3:], long=True)) for one in said]


def made() -> list[dict[str, Any]]:
    """The telegrams of each kind, and how to read them."""
    cases = []
    for name in KINDS:
        protocol, keys, sent = (_in_rows if name.startswith("rows") else _simulated)(name)
        cases.append(
            {
                "name": name,
                "protocol": protocol,
                "key": keys.encryption.hex() if keys else None,
                "other_key": (keys.authentication or b"").hex() if keys else None,
                "sent": [one.hex() for one in sent],
            }
        )
    return cases


def best(read: Callable[[bytes], Any], telegrams: list[bytes]) -> float:
    """Telegrams a second; `read` raises where it does not read one."""
    seconds = []
    for _ in range(RUNS):
        start = time.process_time()
        for telegram in telegrams:
            read(telegram)
        seconds.append(time.process_time() - start)
    return len(telegrams) / min(seconds)


def ours(recogniser: Recogniser) -> Callable[[bytes], Telegram]:
    """Our way to read a telegram: fed as a port feeds it."""

    def read(raw: bytes) -> Telegram:
        (found,) = recogniser.feed(raw)
        if not isinstance(found, Telegram):
            raise ValueError(found.reason)
        return found

    return read


def measured(case: dict[str, Any]) -> dict[str, Any]:
    """Our figure and everybody else's for one kind."""
    telegrams = [bytes.fromhex(one) for one in case["sent"]]
    keys = None
    if case["key"]:
        other = bytes.fromhex(case["other_key"]) or None
        keys = Keys(bytes.fromhex(case["key"]), other)
    read = ours(Recogniser(keys))
    first = read(telegrams[0])
    figures: dict[str, Any] = {
        "kind": KINDS[case["name"]],
        "bytes": round(sum(map(len, telegrams)) / len(telegrams)),
        "values": len(first.values),
        "ours": round(best(read, telegrams)),
        "others": {},
    }
    for library, reader in LIBRARIES.items():
        given = [_given(case, raw, first.framing) for raw in telegrams]
        with contextlib.redirect_stdout(io.StringIO()):
            try:
                theirs = reader(given[0])
                handed = [bytes_for(library, one) for one in given]
                if library in ("gurux-dlms", "dlms-cosem"):
                    assert {len(list(leaves(theirs(one)))) for one in handed}
                figures["others"][library] = round(best(theirs, handed))
            except Cannot:
                continue
            except Exception as error:
                print(f"{case['name']}: {library}: {error!r}", file=sys.stderr)
                figures["others"][library] = "cannot"
    return figures


def _given(case: dict[str, Any], raw: bytes, framing: str) -> Given:
    apdu = apdu_of(raw, framing).hex() if case["protocol"] == "DLMS" else None
    return Given(
        case["name"], case["protocol"], framing, raw.hex(), case["key"], case["other_key"], apdu
    )


def table(figures: list[dict[str, Any]]) -> None:
    """Print one line for each library that claims to read a kind."""
    print(f"{'':<32}{'bytes':>6}{'values':>8}{'ours/s':>9}   {'':<12}{'theirs/s':>9}{'ratio':>8}")
    for one in figures:
        head = f"{one['kind']:<32}{one['bytes']:>6}{one['values']:>8}{one['ours']:>9}"
        for library, speed in one["others"].items() or {"": ""}.items():
            known = isinstance(speed, int)
            ratio = f"{speed:>9}{one['ours'] / speed:>8.1f}" if known else f"{speed:>9}"
            print(f"{head:<55}   {library:<12}{ratio}".rstrip())
            head = ""


def main() -> None:
    """Make the telegrams here, measure in the environment that has the libraries."""
    if "--measure" in sys.argv:
        json.dump([measured(case) for case in json.load(sys.stdin)], sys.stdout)
        return
    if not PYTHON.exists():
        sys.exit("the libraries to compare with are not installed; `make oracles` does it")
    ran = subprocess.run(
        [PYTHON, __file__, "--measure"],
        input=json.dumps(made()),
        stdout=subprocess.PIPE,
        text=True,
        timeout=MEASURING_S,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )
    figures = json.loads(ran.stdout)
    if "--json" in sys.argv:
        python = sys.version.split()[0]
        print(json.dumps({"bench": "wire_decode", "python": python, "figures": figures}))
    else:
        table(figures)


if __name__ == "__main__":
    main()
