"""How many telegrams a second each decoder reads, and what one costs: `python bench/wire_decode.py
[--json]`.

The telegrams are made here, with values that change from one to the next, and are of the size that
meters send.  Time is the CPU time of this process, the best of five runs.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.wire.telegrams import STAMP, hdlc, notification, p1, row

from ohmstead.wire import dlms
from ohmstead.wire.p1 import P1
from ohmstead.wire.recognise import Recogniser
from ohmstead.wire.telegram import Decoder, Telegram

COUNT = 400
RUNS = 5


def dsmr5(number: int) -> bytes:
    """A three-phase telegram of DSMR 5 with a gas meter, 34 lines."""
    phases = [
        f"1-0:{phase}{kind}.7.0({number % 7 + index:02d}.{number % 1000:03d}*{unit})"
        for kind, unit in (("1", "kW"), ("2", "kW"))
        for index, phase in enumerate("246")
    ]
    volts = [f"1-0:{c}2.7.0({229 + number % 5}.{number % 10}*V)" for c in "357"]
    amperes = [f"1-0:{c}1.7.0({number % 16:03d}*A)" for c in "357"]
    counts = [f"1-0:{c}.{d}.0({number % 9:05d})" for c in (32, 52, 72) for d in (32, 36)]
    return p1(
        [
            "1-3:0.2.8(50)",
            f"0-0:1.0.0(2507031415{number % 60:02d}S)",
            "0-0:96.1.1(4F484D3030303030303132333435)",
            *(
                f"1-0:{c}.8.{e}({number:06d}.{number % 1000:03d}*kWh)"
                for c in (1, 2)
                for e in (1, 2)
            ),
            "0-0:96.14.0(0002)",
            f"1-0:1.7.0({number % 20:02d}.123*kW)",
            "1-0:2.7.0(00.000*kW)",
            "0-0:96.7.21(00005)",
            "0-0:96.7.9(00003)",
            "1-0:99.97.0(1)(0-0:96.7.19)(190326095015W)(0000002014*s)",
            *counts,
            "0-0:96.13.0()",
            *volts,
            *amperes,
            *phases,
            "0-1:24.1.0(003)",
            "0-1:96.1.0(4741533030303030303132333435)",
            f"0-1:24.2.1(250703141000S)({number:05d}.456*m3)",
        ]
    )


def push(number: int) -> bytes:
    """A list of 27 values with scaler and unit in one HDLC frame, as Swedish meters send it."""

    def long(code: str, unit: int) -> bytes:
        return row(code, b"\x06" + (number * 997).to_bytes(4, "big"), 0, unit)

    def short(code: str, unit: int) -> bytes:
        return row(code, b"\x12" + (number % 2400).to_bytes(2, "big"), -1, unit)

    powers = [
        f"0100{c:02x}0700ff" for c in (1, 2, 3, 4, 21, 22, 23, 24, 41, 42, 43, 44, 61, 62, 63, 64)
    ]
    rows = [
        row("0000010000ff", b"\x09\x0c" + STAMP),
        *(long(code, 27) for code in powers),
        *(short(f"0100{c:02x}0700ff", 33) for c in (31, 51, 71)),
        *(short(f"0100{c:02x}0700ff", 35) for c in (32, 52, 72)),
        *(long(f"0100{c:02x}0800ff", 30) for c in (1, 2, 3, 4)),
    ]
    return hdlc(notification(rows))


def best(make: Callable[[], Decoder], telegrams: list[bytes]) -> float:
    """Seconds of CPU for all telegrams, fed one by one as a serial port hands them over."""
    runs = []
    for _ in range(RUNS):
        decoder = make()
        start = time.process_time()
        found = [one for telegram in telegrams for one in decoder.feed(telegram)]
        runs.append(time.process_time() - start)
        read = sum(isinstance(one, Telegram) for one in found)
        if read < len(telegrams):
            sys.exit(f"only {read} of {len(telegrams)} telegrams were read")
    return min(runs)


CASES: dict[str, tuple[Callable[[], Decoder], Callable[[int], bytes]]] = {
    "P1 DSMR 5": (P1, dsmr5),
    "P1 DSMR 5, recognised": (Recogniser, dsmr5),
    "DLMS list of 27, HDLC": (dlms.over_hdlc, push),
    "DLMS list of 27, recognised": (Recogniser, push),
}


def main() -> None:
    """Print the figures, as a table or as JSON."""
    figures = []
    for name, (make, telegram) in CASES.items():
        made = [telegram(number) for number in range(1, COUNT + 1)]
        seconds = best(make, made)
        figures.append(
            {
                "case": name,
                "bytes": round(sum(map(len, made)) / COUNT),
                "telegrams_per_s": round(COUNT / seconds),
                "cpu_us_per_telegram": round(seconds / COUNT * 1e6, 1),
            }
        )
    if "--json" in sys.argv:
        print(
            json.dumps(
                {"bench": "wire_decode", "python": sys.version.split()[0], "figures": figures}
            )
        )
        return
    print(f"{'':<30}{'bytes':>8}{'telegrams/s':>14}{'CPU µs each':>14}")
    for figure in figures:
        print("{case:<30}{bytes:>8}{telegrams_per_s:>14}{cpu_us_per_telegram:>14}".format(**figure))


if __name__ == "__main__":
    main()
