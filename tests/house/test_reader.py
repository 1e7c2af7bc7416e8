"""Where and how the meter is read, by the settings.  Source: REST/MQTT 2.0, 6.3."""

import pytest

from ohmstead.gateway.source import Ask, Replay, Serial, Source, Tcp, source_of
from ohmstead.house.reader import asked, at_port, keys_of
from ohmstead.settings.meter_port import MeterPort
from ohmstead.wire.cipher import Keys

KEY = "00112233445566778899AABBCCDDEEFF"
KMP = Ask("kmp", 30.0)


@pytest.mark.parametrize(
    "protocol, if_type, if_mode, started, wanted",
    [
        ("auto", "auto", "auto", None, None),
        ("auto", "auto", "auto", KMP, KMP),
        ("auto", "p1", "pull", None, None),
        ("dsmr", "auto", "auto", KMP, None),
        ("hdlc", "auto", "auto", KMP, None),
        ("auto", "auto", "push", KMP, None),
        ("kmp", "auto", "push", None, None),
        ("kmp", "auto", "auto", None, Ask("kmp")),
        ("kmp", "auto", "pull", KMP, KMP),
        ("mep", "auto", "auto", KMP, Ask("mep")),
        ("auto", "mep", "auto", None, Ask("mep")),
        ("mbus", "auto", "auto", None, Ask("mbus")),
        ("mbtr", "auto", "auto", None, None),
    ],
)
def test_how_a_meter_is_asked(
    protocol: str, if_type: str, if_mode: str, started: Ask | None, wanted: Ask | None
) -> None:
    """6.3, `.if_type`; newer firmware, `.protocol` and `.if_mode`; auto is as it was started."""
    assert asked(protocol, if_type, if_mode, started) == wanted


def test_a_serial_line_is_searched_or_set() -> None:
    """6.3, `.auto_baudrate`: searched, but for what the start named; else as the settings say."""
    started = source_of("serial:/dev/ttyUSB0?parity=even&databits=7")
    assert at_port(started, MeterPort()) == started
    fixed = MeterPort(auto_baudrate=False, baudrate=2400, parity="odd", stop_bits="1.5")
    assert at_port(started, fixed) == Serial("/dev/ttyUSB0", 2400, "odd", 1.5, 7)


@pytest.mark.parametrize("url", ["tcp://h:1", "udp://0.0.0.0:2", "simulate:p1-dsmr5"])
def test_other_sources_have_no_line_to_set(url: str) -> None:
    """6.3: the serial settings are of a serial line; a meter behind a server can be asked."""
    started: Source = source_of(url)
    settings = MeterPort(auto_baudrate=False, baudrate=300, protocol="kmp")
    found = at_port(started, settings)
    assert found == (Tcp("h", 1, ask=Ask("kmp")) if isinstance(started, Tcp) else started)
    assert not isinstance(found, Replay)


def test_the_keys_of_the_settings_count_while_encryption_is_on() -> None:
    """6.3, `.encryption`: else those the gateway was started with."""
    started = Keys(bytes(16))
    assert keys_of(MeterPort(), started) is started
    assert keys_of(MeterPort(encryption_key=KEY), None) is None
    assert keys_of(MeterPort(encryption=True, authentication_key=KEY), started) is started
    plain = keys_of(MeterPort(encryption=True, encryption_key=KEY), started)
    assert plain == Keys(bytes.fromhex(KEY))
    both = MeterPort(encryption=True, encryption_key=KEY, authentication_key=KEY)
    assert keys_of(both, None) == Keys(bytes.fromhex(KEY), bytes.fromhex(KEY))
