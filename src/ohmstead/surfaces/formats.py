"""The formats of exports, once: what each is called, how its files end, and who writes it.

*To add a format: one line here.*  The code is named as text and fetched when it is asked for, so
that nobody loads what writes Parquet for a line of CSV.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType

from ohmstead.errors import BadInput
from ohmstead.surfaces.table import Sheet, Writer


@dataclass(frozen=True, slots=True)
class Format:
    """How rows are written.

    `suffix` is of a file's name; `binary` is what no terminal should get; `bare` is a format whose
    rows of energy have no times in UTC beside the local ones; `single` holds one meter alone.
    """

    name: str
    suffix: str
    media_type: str
    writer: str
    energy: bool = True
    readings: bool = True
    binary: bool = False
    bare: bool = False
    single: bool = False

    @property
    def tabular(self) -> bool:
        """Whether every column is written, not only those that the format knows."""
        return self.energy and self.readings

    def write(self, sheet: Sheet) -> Writer:
        """A writer of this format."""
        module, _, name = self.writer.partition(":")
        made: Writer = getattr(import_module(f"ohmstead.surfaces.{module}"), name)(sheet)
        return made


EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ALL: tuple[Format, ...] = (
    Format("csv", "csv", "text/csv; charset=utf-8", "table_text:CsvWriter"),
    Format("json", "json", "application/json", "table_text:JsonWriter", bare=True),
    Format("ndjson", "ndjson", "application/x-ndjson", "table_text:LinesWriter", bare=True),
    Format(
        "parquet",
        "parquet",
        "application/vnd.apache.parquet",
        "table_parquet:ParquetWriter",
        binary=True,
    ),
    Format("xlsx", "xlsx", EXCEL, "table_excel:ExcelWriter", binary=True),
    Format(
        "green-button",
        "xml",
        "application/atom+xml",
        "green_button:GreenButtonWriter",
        readings=False,
    ),
    Format(
        "sd-card",
        "csv",
        "text/csv; charset=utf-8",
        "table_sd_card:SdCardWriter",
        energy=False,
        single=True,
    ),
)
BY_NAME: Mapping[str, Format] = MappingProxyType({each.name: each for each in ALL})
OF_ENERGY: tuple[str, ...] = tuple(each.name for each in ALL if each.energy)
OF_READINGS: tuple[str, ...] = tuple(each.name for each in ALL if each.readings)


def fits(format: Format, meters: int) -> None:
    """BadInput when `format` cannot hold so many meters."""
    if format.single and meters > 1:
        raise BadInput(f"{format.name} holds one meter: name one instead of {meters}")


def named(name: str, among: tuple[str, ...]) -> Format:
    """The format of this name; BadInput when it is not one of `among`."""
    if name not in among:
        raise BadInput(f"{name!r} is not a format here; take one of {', '.join(among)}")
    return BY_NAME[name]
