"""The map of registers that counts while nobody made another.

Source: the device's later documentation, "Default configuration": laid out as in a PAC2200, with
zeros where that meter has a value and a smart meter has none.
"""

from ohmstead.surfaces.registers import Block, Register, Type


def _registers(kind: Type, scaler: int, ids: str) -> tuple[Register, ...]:
    """Registers of one type; a padding (`0`) has no scaler, `0*4` stands for four."""
    found: list[Register] = []
    for word in ids.split():
        id, _, times = word.partition("*")
        register = Register(id, kind, 0 if id == "0" else scaler)
        found += [register] * int(times or 1)
    return tuple(found)


DEFAULT: tuple[Block, ...] = (
    Block(
        1,
        _registers("float", 0, "32.7.0 52.7.0 72.7.0 0*3 current.l1 current.l2 current.l3 0*3")
        + _registers("float", 3, "power.active.l1 power.active.l2 power.active.l3")
        + _registers("float", 3, "power.reactive.l1 power.reactive.l2 power.reactive.l3 0*3"),
    ),
    Block(55, _registers("float", 3, "0*4 9.7.0 power.active power.reactive 13.7.0")),
    Block(205, _registers("int", 0, "0*3 96.14.0 0*4")),
    Block(
        501,
        _registers("float", 3, "1.7.0 3.7.0 2.7.0 4.7.0 0*4") + _registers("int", 0, "0*2"),
    ),
    Block(549, _registers("float", 3, "1.8.0 3.8.0 2.8.0 4.8.0")),
    Block(
        801,
        _registers("double", 3, "1.8.1 1.8.2 2.8.1 2.8.2 3.8.1 3.8.2 4.8.1 4.8.2 0*32"),
    ),
)
"""W, var, VA, Wh, varh, V and A.  Quirk: the power factor is scaled too, to thousandths."""

SMART_GRID_READY = Block(
    1001,
    (
        *_registers("double", 0, "96.1.0"),
        *_registers("int", 0, "report.timestamp"),
        *_registers("float", 3, "0*3 21.7.0 41.7.0 61.7.0 22.7.0 42.7.0 62.7.0"),
        *_registers("float", 3, "23.7.0 43.7.0 63.7.0 24.7.0 44.7.0 64.7.0"),
    ),
)
"""What the SmartGridready description of the device asks for beside the default map: the meter's
id and time, and power by phase.  It can be read while the default map counts, and is not listed in
it: the published map has no such block."""
