"""Meters with an optical head after IEC 62056-21: asked, or printing unasked."""

from collections.abc import Iterable
from dataclasses import dataclass

from ohmstead.simulate import iec62056_21 as iec
from ohmstead.simulate.occasion import Occasion
from ohmstead.simulate.pulls import Conversation, Pull, digits

LETTERS, RATE, MODEL = "OHM", "5", "VIRTUAL"
END = b"\r\n"
STARTS = (b"/?", b"\x06")


def lines(on: Occasion) -> list[str]:
    """The data lines: who, when, energies, powers, voltages, currents."""
    values, local = on.moment.values, on.moment.local
    found = [
        "F.F(00000000)",
        f"0.0.0({digits(on.serial)})",
        f"0.9.1({local:%H%M%S})",
        f"0.9.2({local:%y%m%d})",
    ]
    energies = ("1.8.0", "1.8.1", "1.8.2", "2.8.0", "2.8.1", "2.8.2")
    found += [f"{key}({values[key]:010.3f}*kWh)" for key in energies]
    found += [f"{key}({values[key]:010.3f}*kvarh)" for key in ("3.8.0", "4.8.0")]
    found += [f"{key}({values[key]:07.3f}*kW)" for key in ("1.7.0", "2.7.0")]
    found += [f"{key}({values[key]:05.1f}*V)" for key in ("32.7.0", "52.7.0", "72.7.0")]
    found += [f"{key}({values[key]:06.2f}*A)" for key in ("31.7.0", "51.7.0", "71.7.0")]
    return found


@dataclass(frozen=True, slots=True)
class Printed:
    """A meter that prints its readout by itself; `named`: with an identification line."""

    named: bool = True

    def telegram(self, on: Occasion) -> bytes:
        """The readout, without a check."""
        ident = iec.identification(LETTERS, RATE, MODEL) if self.named else b""
        return ident + (END if self.named else b"") + iec.unchecked(lines(on))


@dataclass(frozen=True, slots=True)
class SignedOn(Pull):
    """A meter of mode C: request, identification, acknowledgement, readout with its check."""

    def conversation(self) -> Conversation:
        """A reader at the optical head."""
        return _Talk()

    def usual(self, on: Occasion) -> Iterable[bytes]:
        """A sign-on at the rate the meter names."""
        _ = on
        return [b"/?!\r\n", b"\x060" + RATE.encode("ascii") + b"0\r\n"]


class _Talk(Conversation):
    def __init__(self) -> None:
        super().__init__()
        self._named = False

    def _request(self) -> bytes | None:
        end = self._buffer.find(END)
        if end < 0:
            return None
        start = max(self._buffer.rfind(mark, 0, end) for mark in STARTS)
        return self._taken(max(start, 0), end + len(END))

    def _reply(self, request: bytes, on: Occasion) -> bytes:
        called = request[2:-3].strip() if request.startswith(STARTS[0]) else None
        if called is not None:
            own = digits(on.serial).lstrip("0").encode("ascii")
            self._named = not called or called.lstrip(b"0") == own
            if not self._named:
                return b""
        elif not self._named:
            return b""
        else:
            self._named = False
        ident = iec.identification(LETTERS, RATE, MODEL)
        said, _ = iec.answer(request, ident, lines(on))
        return said
