"""What each kind of P1 meter prints.

*To add a kind of P1 meter: one text.*
"""

from ohmstead.simulate.p1_layout import Layout
from ohmstead.simulate.seal import BOTH, Seal

_PHASE_POWERS = """\
1-0:21.7.0({21_7_0:06.3f}*kW)
1-0:41.7.0({41_7_0:06.3f}*kW)
1-0:61.7.0({61_7_0:06.3f}*kW)
1-0:22.7.0({22_7_0:06.3f}*kW)
1-0:42.7.0({42_7_0:06.3f}*kW)
1-0:62.7.0({62_7_0:06.3f}*kW)
"""

_TARIFF_REGISTERS = """\
1-0:1.8.1({1_8_1:010.3f}*kWh)
1-0:1.8.2({1_8_2:010.3f}*kWh)
1-0:2.8.1({2_8_1:010.3f}*kWh)
1-0:2.8.2({2_8_2:010.3f}*kWh)
0-0:96.14.0({tariff:04d})
"""

_FAILURES = """\
0-0:96.7.21(00004)
0-0:96.7.9(00002)
1-0:99.97.0(0)(0-0:96.7.19)
1-0:32.32.0(00002)
1-0:52.32.0(00001)
1-0:72.32.0(00000)
1-0:32.36.0(00000)
1-0:52.36.0(00000)
1-0:72.36.0(00000)
"""

DSMR5 = Layout(
    r"ISK5\2OHMSTEAD-SIM",
    """\
1-3:0.2.8(50)
0-0:1.0.0({clock})
0-0:96.1.1({octets})
"""
    + _TARIFF_REGISTERS
    + """\
1-0:1.7.0({1_7_0:06.3f}*kW)
1-0:2.7.0({2_7_0:06.3f}*kW)
"""
    + _FAILURES
    + """\
0-0:96.13.0()
1-0:32.7.0({32_7_0:05.1f}*V)
1-0:52.7.0({52_7_0:05.1f}*V)
1-0:72.7.0({72_7_0:05.1f}*V)
1-0:31.7.0({31_7_0:04.2f}*A)
1-0:51.7.0({51_7_0:04.2f}*A)
1-0:71.7.0({71_7_0:04.2f}*A)
"""
    + _PHASE_POWERS
    + """\
0-1:24.1.0(003)
0-1:96.1.0({gas_serial})
0-1:24.2.1({gas_at})({gas:09.3f}*m3)
""",
)
"""A Dutch three-phase meter.  Source: P1 companion standard 5.0.2, section 6.12."""

DSMR4 = Layout(
    "KFM5OHMSTEAD-SIM",
    """\
1-3:0.2.8(42)
0-0:1.0.0({clock})
0-0:96.1.1({octets})
"""
    + _TARIFF_REGISTERS
    + """\
1-0:1.7.0({1_7_0:06.3f}*kW)
1-0:2.7.0({2_7_0:06.3f}*kW)
"""
    + _FAILURES
    + """\
0-0:96.13.1()
0-0:96.13.0()
1-0:31.7.0({31_7_0:03.0f}*A)
1-0:51.7.0({51_7_0:03.0f}*A)
1-0:71.7.0({71_7_0:03.0f}*A)
"""
    + _PHASE_POWERS
    + """\
0-1:24.1.0(003)
0-1:96.1.0({gas_serial})
0-1:24.2.1({gas_at})({gas:09.3f}*m3)
""",
)
"""The generation before, with whole amperes and no voltages.  Source: P1 companion standard 4.2."""

DSMR22 = Layout(
    r"ISK5\2OHMSTEAD-SIM22",
    """\
0-0:96.1.1({octets})
1-0:1.8.1({1_8_1:09.3f}*kWh)
1-0:1.8.2({1_8_2:09.3f}*kWh)
1-0:2.8.1({2_8_1:09.3f}*kWh)
1-0:2.8.2({2_8_2:09.3f}*kWh)
0-0:96.14.0({tariff:04d})
1-0:1.7.0({1_7_0:07.2f}*kW)
1-0:2.7.0({2_7_0:07.2f}*kW)
0-0:17.0.0(0999.00*kW)
0-0:96.3.10(1)
0-0:96.13.1()
0-0:96.13.0()
0-1:24.1.0(3)
0-1:96.1.0({gas_serial})
0-1:24.3.0({gas_at:.12})(00)(60)(1)(0-1:24.2.1)(m3)
({gas:09.3f})
0-1:24.4.0(1)
""",
    checksum=False,
)
"""The oldest kind: no clock, no checksum, gas on two lines.  Source: P1 companion standard 2.2."""

EMUCS = Layout(
    r"FLU5\2OHMSTEAD_SIM",
    """\
0-0:96.1.4(50217)
0-0:96.1.1({octets})
0-0:1.0.0({clock})
"""
    + _TARIFF_REGISTERS
    + """\
1-0:1.4.0({1_4_0:06.3f}*kW)
1-0:1.6.0({demand_at})({1_6_0:06.3f}*kW)
1-0:1.7.0({1_7_0:06.3f}*kW)
1-0:2.7.0({2_7_0:06.3f}*kW)
"""
    + _PHASE_POWERS
    + """\
1-0:32.7.0({32_7_0:05.1f}*V)
1-0:52.7.0({52_7_0:05.1f}*V)
1-0:72.7.0({72_7_0:05.1f}*V)
1-0:31.7.0({31_7_0:06.2f}*A)
1-0:51.7.0({51_7_0:06.2f}*A)
1-0:71.7.0({71_7_0:06.2f}*A)
0-0:96.3.10(1)
0-0:17.0.0(999.9*kW)
1-0:31.4.0(999*A)
0-0:96.13.0()
0-1:24.1.0(003)
0-1:96.1.1({gas_serial})
0-1:24.4.0(1)
0-1:24.2.3({gas_at})({gas:09.3f}*m3)
0-2:24.1.0(007)
0-2:96.1.1({water_serial})
0-2:24.2.1({water_at})({water:09.3f}*m3)
""",
)
"""A Belgian meter with gas, water and the quarter-hour demand.  Source: e-MUCS P1 1.4."""

_NORDIC_POWERS = """\
1-0:1.7.0({1_7_0:08.3f}*kW)
1-0:2.7.0({2_7_0:08.3f}*kW)
1-0:3.7.0({3_7_0:08.3f}*kvar)
1-0:4.7.0({4_7_0:08.3f}*kvar)
1-0:21.7.0({21_7_0:08.3f}*kW)
1-0:22.7.0({22_7_0:08.3f}*kW)
1-0:41.7.0({41_7_0:08.3f}*kW)
1-0:42.7.0({42_7_0:08.3f}*kW)
1-0:61.7.0({61_7_0:08.3f}*kW)
1-0:62.7.0({62_7_0:08.3f}*kW)
1-0:23.7.0({23_7_0:08.3f}*kvar)
1-0:24.7.0({24_7_0:08.3f}*kvar)
1-0:43.7.0({43_7_0:08.3f}*kvar)
1-0:44.7.0({44_7_0:08.3f}*kvar)
1-0:63.7.0({63_7_0:08.3f}*kvar)
1-0:64.7.0({64_7_0:08.3f}*kvar)
1-0:32.7.0({32_7_0:05.1f}*V)
1-0:52.7.0({52_7_0:05.1f}*V)
1-0:72.7.0({72_7_0:05.1f}*V)
1-0:31.7.0({31_7_0:05.1f}*A)
1-0:51.7.0({51_7_0:05.1f}*A)
1-0:71.7.0({71_7_0:05.1f}*A)
"""

SWEDISH = Layout(
    "LGF5OHMSTEAD-SIM",
    """\
0-0:1.0.0({clock})
1-0:1.8.0({1_8_0:012.3f}*kWh)
1-0:2.8.0({2_8_0:012.3f}*kWh)
1-0:3.8.0({3_8_0:012.3f}*kvarh)
1-0:4.8.0({4_8_0:012.3f}*kvarh)
"""
    + _NORDIC_POWERS,
)
"""A Swedish meter: totals without tariffs, reactive values, no serial number.

Source: Energiföretagen, Branschrekommendation för lokalt kundgränssnitt för elmätare 2.0.
"""

SWISS = Layout(
    r"LGZ5\2OHMSTEAD-SIM",
    """\
1-3:0.2.8(50)
0-0:1.0.0({clock})
0-0:42.0.0({octets})
0-0:96.1.0({octets})
1-0:1.8.0({1_8_0:010.3f}*kWh)
"""
    + _TARIFF_REGISTERS
    + """\
1-0:2.8.0({2_8_0:010.3f}*kWh)
1-0:3.8.0({3_8_0:010.3f}*kvarh)
1-0:4.8.0({4_8_0:010.3f}*kvarh)
1-0:13.7.0({13_7_0:.3f})
1-0:14.7.0({14_7_0:05.2f}*Hz)
"""
    + _NORDIC_POWERS,
)
"""A Swiss meter with a P1 port: totals and tariffs, reactive values, power factor, frequency."""

LUXEMBOURGISH = Layout(
    r"Lux5\2OHMSTEAD-SIM",
    """\
1-3:0.2.8(42)
0-0:1.0.0({clock})
0-0:42.0.0({octets})
1-0:1.8.0({1_8_0:010.3f}*kWh)
1-0:2.8.0({2_8_0:010.3f}*kWh)
1-0:3.8.0({3_8_0:010.3f}*kvarh)
1-0:4.8.0({4_8_0:010.3f}*kvarh)
1-0:1.7.0({1_7_0:06.3f}*kW)
1-0:2.7.0({2_7_0:06.3f}*kW)
1-0:3.7.0({3_7_0:06.3f}*kvar)
1-0:4.7.0({4_7_0:06.3f}*kvar)
0-0:17.0.0(999.9*kW)
"""
    + _FAILURES
    + """\
1-0:32.7.0({32_7_0:05.1f}*V)
1-0:52.7.0({52_7_0:05.1f}*V)
1-0:72.7.0({72_7_0:05.1f}*V)
"""
    + _PHASE_POWERS,
    seal=Seal("SAG", BOTH, long_length=True),
)
"""Luxembourg's Smarty: encrypted, with an authentication key that everybody knows."""

AUSTRIAN = Layout(
    r"SAG5\2OHMSTEAD-SIM",
    """\
1-3:0.2.8(50)
0-0:1.0.0({clock})
0-0:96.1.0({octets})
1-0:1.8.0({w1_8_0:09d}*Wh)
1-0:1.8.1({w1_8_1:09d}*Wh)
1-0:1.8.2({w1_8_2:09d}*Wh)
1-0:1.7.0({w1_7_0:06d}*W)
1-0:2.8.0({w2_8_0:09d}*Wh)
1-0:2.8.1({w2_8_1:09d}*Wh)
1-0:2.8.2({w2_8_2:09d}*Wh)
1-0:2.7.0({w2_7_0:06d}*W)
1-0:3.8.0({w3_8_0:09d}*varh)
1-0:3.7.0({w3_7_0:06d}*var)
1-0:4.8.0({w4_8_0:09d}*varh)
1-0:4.7.0({w4_7_0:06d}*var)
""",
    seal=Seal("SAG", BOTH, long_length=True),
)
"""Austria's T210-D-R: encrypted, watts and watt-hours, an authentication key that few are told."""
