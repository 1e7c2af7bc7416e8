"""Whole gateways that ask virtual meters, over real sockets and pseudo-terminals.

Source: ports, "pull meters are asked"; `ohmstead simulate`.
"""

from pathlib import Path

import pytest
from tests.house.program import MEMORY_KB, program, report_of
from tests.simulate.living import living

from ohmstead.house.simulate import SimulateOptions
from ohmstead.simulate.ports import port as port_of

CASES = [
    ("kmp", "listen://127.0.0.1:0", "ask=kmp", (), "KMP"),
    ("mep", "listen://127.0.0.1:0", "ask=mep", (), "MEP"),
    ("mep-keyed", "pty", "ask=mep", ("5649525455414C204D45544552203031",), "MEP"),
    ("mbus", "pty", "ask=mbus&address=1", (), "MBUS"),
    ("mbus", "listen://127.0.0.1:0", "ask=mbus&address=FFFFFFFF", (), "MBUS"),
    ("mbus-sealed", "listen://127.0.0.1:0", "ask=mbus", ("000102030405060708090A0B0C0D0E0F",),
     "MBUS"),
    ("iec", "pty", "ask=iec", (), "IEC"),
    ("iec", "listen://127.0.0.1:0", "ask=iec", (), "IEC"),
]  # fmt: skip


@pytest.mark.parametrize(
    "model, port, ask, key, protocol", CASES, ids=[f"{case[0]}-{case[1][:3]}" for case in CASES]
)
async def test_a_meter_that_only_answers_is_read(
    model: str, port: str, ask: str, key: tuple[str, ...], protocol: str, tmp_path: Path
) -> None:
    """Every protocol that is asked gives power and energy; the keys are in no log."""
    options = SimulateOptions(model, port_of(port), seed=3)
    with living(options) as where, pytest.MonkeyPatch.context() as patch:
        source = f"serial:{where}" if port == "pty" else where.replace("listen://", "tcp://")
        if key:
            patch.setenv("OHMSTEAD_KEY", key[0])
        async with program(tmp_path / "gw", "--source", f"{source}?{ask}&every=1") as gateway:
            report = await report_of(await gateway.url(), at_least=2)
            log, resident_kb = gateway.said(), gateway.resident_kb()
    assert report["meter"]["status"] == "OK"
    assert report["meter"]["protocol"] == protocol
    assert report["report"]["energy"]["active"]["positive"]["total"] > 0
    power = report["report"]["instantaneous_power"]["active"]
    assert power["positive"]["total"] + power["negative"]["total"] > 0
    assert resident_kb < MEMORY_KB
    assert not [one for one in key if one in log]
