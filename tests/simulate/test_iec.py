"""A meter that prints its readout, and does not exist."""

from ohmstead.simulate import iec62056_21 as meter


def test_the_check_is_over_all_behind_stx() -> None:
    """IEC 62056-21, 6.3.1: BCC after ISO 1155, with ETX and without STX."""
    sent = meter.checked(["1.8.0(1*kWh)"])
    check = 0
    for byte in sent[1:-1]:
        check ^= byte
    assert (sent[0], sent[-2], sent[-1]) == (2, 3, check)


def test_a_meter_answers_what_it_is_asked_and_nothing_else() -> None:
    """IEC 62056-21, 6.4.3: request, identification, acknowledgement, readout at the rate
    chosen."""
    ident = meter.identification("OHM", "5", "X")
    assert meter.answer(b"/?!\r\n", ident, []) == (ident, None)
    assert meter.answer(b"/?123!\r\n", ident, []) == (ident, None)
    assert meter.answer(b"\x06040\r\n", ident, ["F.F(0)"]) == (meter.checked(["F.F(0)"]), 4800)
    assert meter.answer(b"/!\r\n", ident, []) == (b"", None)
