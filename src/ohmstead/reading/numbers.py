"""Many numbers of one reading as bytes, in the order of a table of fields.

What comes by the thousand a second is not taken apart one by one: whoever stores it takes the bytes
of many readings together, and whoever looks at one finds an ordinary mapping.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isnan

MOST = 1e21
"""No number that somebody sends is larger: none that is measured is, and no sum may overflow."""


@dataclass(frozen=True, slots=True, eq=False)
class Fields:
    """A table of fields: the catalogue key of each, once, and what its number is divided by.

    The quotient is in the catalogue's unit.
    """

    keys: tuple[str, ...]
    per: tuple[float, ...]
    packed: struct.Struct

    @staticmethod
    def of(keys: Sequence[str], per: Sequence[float]) -> "Fields":
        """The table with these keys; ValueError where one stands twice."""
        if len(set(keys)) < len(keys):
            raise ValueError("a key stands twice")
        return Fields(tuple(keys), tuple(per), struct.Struct(f"={len(keys)}d"))


class Numbers(Mapping[str, float]):
    """The numbers of a reading by catalogue key, in the catalogue's unit.

    `said` are as many doubles (of this machine) as the table has fields; what was not said is NaN
    there, and no key here.

    >>> fields = Fields.of(("1.8.0", "32.7.0"), (1000.0, 1.0))
    >>> Numbers(fields, fields.packed.pack(1500.0, float("nan")))
    {'1.8.0': 1.5}
    """

    __slots__ = ("_looked_at", "fields", "said")

    def __init__(self, fields: Fields, said: bytes) -> None:
        self.fields, self.said = fields, said
        self._looked_at: dict[str, float] | None = None

    def _named(self) -> dict[str, float]:
        if self._looked_at is None:
            fields = self.fields
            numbers = fields.packed.unpack(self.said)
            self._looked_at = {
                key: number / per
                for key, number, per in zip(fields.keys, numbers, fields.per, strict=True)
                if not isnan(number)
            }
        return self._looked_at

    def __getitem__(self, key: str) -> float:
        return self._named()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._named())

    def __len__(self) -> int:
        return len(self._named())

    def __repr__(self) -> str:
        return repr(self._named())
