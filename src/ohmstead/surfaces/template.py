"""Templates of messages: text in which `${name}` stands for a variable.

Source: REST/MQTT 2.0, 4.1.1.  Only `${name}` is replaced; whatever else stands in a template, a
dollar sign or a brace without a partner among it, is sent as it was written (quirk 9).
"""

import re
from collections.abc import Mapping

from ohmstead.reading import catalogue
from ohmstead.reading.reading import Reading
from ohmstead.surfaces import variables
from ohmstead.surfaces.device import Device
from ohmstead.surfaces.variables import UNKNOWN

VARIABLE = re.compile(r"\$\{([^${}]*)\}")
_OBIS = re.compile(r"(s?\d{1,3})[._](\d{1,3})[._](\d{1,3})")
_VOLUME = re.compile(r"vol\[\d{1,3}\]\.(bus|meter_id|date_time|cumulative)")

_CODES = frozenset(quantity.template for quantity in catalogue.TEMPLATES)
_MISPRINTS: Mapping[str, str] = {"plug.voltage.pl": "plug.voltage.p1"}  # quirk 2
_ABSENT: Mapping[str, str] = {
    **{f"eth.{name}": "" for name in ("mac", "ip", "mask", "gw", "dns")},
    "eth.state": "down",
}
"""The variables of an interface that is not connected, which the list of variables leaves out."""
_VOLUME_ABSENT = {"bus": UNKNOWN, "meter_id": "", "date_time": "", "cumulative": UNKNOWN}


def canonical(name: str) -> str:
    """A variable's name as `/api/v1/variables` lists it; a name nobody knows comes back unchanged.

    Quirk 7: the document's table writes `1.8.0` and `71_7.0`, its samples `1_8_0`.

    >>> canonical("1.8.0"), canonical("s71_7.0"), canonical("energy.in"), canonical("1_7_1")
    ('1_8_0', 's71_7_0', 'energy.in', '1_7_1')
    """
    code = _OBIS.fullmatch(name)
    if code:
        underscored = "_".join(code.groups())
        return underscored if underscored in _CODES else name
    return _MISPRINTS.get(name, name)


def _absent(name: str, written: str) -> str:
    """What stands for a variable that is not listed: nothing known, or the text as written."""
    volume = _VOLUME.fullmatch(name)
    if volume:
        return _VOLUME_ABSENT[volume[1]]
    return _ABSENT.get(name, written)


class Template:
    """A text with variables, taken apart once.

    >>> Template('{"P_In": ${1_7_0}, "x": ${1_7_1}}').filled({"1_7_0": "0.036"})
    '{"P_In": 0.036, "x": ${1_7_1}}'
    """

    __slots__ = ("_literals", "_variables")

    def __init__(self, written: str) -> None:
        pieces = VARIABLE.split(written)
        self._literals = tuple(pieces[::2])
        self._variables = tuple(
            (name := canonical(said), _absent(name, f"${{{said}}}")) for said in pieces[1::2]
        )
        """Each variable's listed name, and what stands there when it is not listed."""

    def filled(self, values: Mapping[str, str]) -> str:
        """The text with the variables' `values` in it (name as listed -> text)."""
        said = [self._literals[0]]
        for (name, absent), literal in zip(self._variables, self._literals[1:], strict=True):
            said += (values.get(name, absent), literal)
        return "".join(said)

    def read(self, text: str) -> dict[str, str] | None:
        """The way back: what stands in `text` for each variable, or None if it is another text.

        Each value reaches to the first place where the template's next words stand.

        >>> Template("P=${1_7_0} kW").read("P=0.036 kW")
        {'1_7_0': '0.036'}
        """
        if not text.startswith(self._literals[0]):
            return None
        values: dict[str, str] = {}
        place, last = len(self._literals[0]), len(self._variables) - 1
        for number, (name, _) in enumerate(self._variables):
            literal = self._literals[number + 1]
            end = text.find(literal, place) if number < last else len(text) - len(literal)
            if end < place or not text.startswith(literal, end):
                return None
            values[name] = text[place:end]
            place = end + len(literal)
        return values

    def render(self, reading: Reading | None, device: Device) -> str:
        """The text as it stands for `reading`.

        A number that the meter does not send is `null`, a text it does not send is empty; a name
        nobody knows stays as it was written, `${...}` around it.  Source: 4.1.1, note.
        """
        listed = variables.document(reading, device)
        return self.filled({name: value for one in listed for name, value in one.items()})
