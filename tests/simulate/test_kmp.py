"""A Kamstrup meter that does not exist answers as one that does."""

import pytest

from ohmstead.simulate import kmp as meter
from ohmstead.simulate.kmp import Register
from ohmstead.wire import kmp
from ohmstead.wire.kmp import Kmp
from ohmstead.wire.telegram import Telegram

VALUES = {1: Register(1234, 0, "kWh"), 1023: Register(-5, -1, "kW")}


def answered(request: bytes) -> dict[str, float | str]:
    """The values in the answer to `request`."""
    found = Kmp().feed(meter.answer(request, VALUES, 4711))
    return {
        key: value.value
        for telegram in found
        if isinstance(telegram, Telegram)
        for key, value in telegram.values.items()
        if ":" in key or "." not in key
    }


def test_a_meter_gives_what_it_is_asked_for() -> None:
    """KMP, 6.2: GetSerialNo, GetType, GetRegister; unknown registers are left out."""
    assert answered(kmp.request_serial()) == {"serial": "4711"}
    assert answered(kmp.request_registers(1023, 999, 1)) == {
        "register:1023": -0.5,
        "register:1": 1234,
    }
    assert answered(kmp.request_type()).keys() == {"type", "revision"}


@pytest.mark.parametrize(
    "request_",
    [
        b"",
        b"\x80\x0d",
        kmp.request_serial()[:-2] + b"\x00\x0d",
        kmp.request_serial(kmp.LOGGER_TOP),
        kmp.sealed(kmp.TO_METER, b"\x3f\x99"),
        meter.serial(1),
    ],
)
def test_a_meter_keeps_silent_about_what_it_does_not_know(request_: bytes) -> None:
    """KMP, 3.2: no reply to a wrong CRC, another address or an unknown command."""
    assert meter.answer(request_, VALUES, 1) == b""


def test_a_number_that_does_not_fit_is_not_sent() -> None:
    """KMP, 4.2: four bytes and six bits of exponent."""
    for register in (Register(2**32), Register(1, 64)):
        with pytest.raises(ValueError, match="does not fit"):
            meter.registers({1: register})
