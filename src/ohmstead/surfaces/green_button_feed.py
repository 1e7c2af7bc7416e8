"""The Atom feed of a Green Button file, followed piece by piece.

Source: NAESB REQ.21 (ESPI) 3.3, espi.xsd; Atom: RFC 4287.  A document type is refused: it could
define entities that grow without end, and no Green Button file has one.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from ohmstead.errors import BadInput

TOKEN_MOST = 1_000_000
"""Bytes of one tag or text."""
TEXT_MOST, DEEPEST, KINDS_MOST, POINTS_MOST = 1000, 50, 1000, 10_000
_POINT = re.compile(r"UsagePoint/([^/]+)")


@dataclass(frozen=True, slots=True)
class Kind:
    """A ReadingType: what the values of a meter reading are."""

    said: Mapping[str, int]

    def get(self, name: str) -> int:
        """The number of an element, 0 where it is not said."""
        return self.said.get(name, 0)


@dataclass
class Feed:
    """What a feed has: its usage points and kinds of readings, by where they are."""

    points: dict[str, str] = field(default_factory=dict)
    """Of those with intervals: id -> title."""
    titles: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, Kind] = field(default_factory=dict)
    of_reading: dict[str, str] = field(default_factory=dict)
    """Where a MeterReading is -> where its kind is."""


@dataclass
class _Entry:
    links: dict[str, list[str]] = field(default_factory=dict)
    title: str = ""

    def one(self, rel: str) -> str:
        return self.links.get(rel, [""])[0]


@dataclass
class Interval:
    """An IntervalReading: the line where it begins, and what its elements say."""

    line: int
    said: dict[str, str] = field(default_factory=dict)


Found = Callable[[Interval, str, Kind | None], None]
"""Told each interval with the usage point and the kind of its block."""


class Parser:
    """Follows a feed once, and tells `found` of each interval as it ends."""

    def __init__(self, feed: Feed, found: Found) -> None:
        self._feed, self._found = feed, found
        self._path: list[str] = []
        self._text: list[str] = []
        self._entry = _Entry()
        self._kind: dict[str, int] = {}
        self._interval: Interval | None = None
        self._last_kind: Kind | None = None
        self._last_point = ""
        self._block: tuple[str, Kind | None] = ("", None)
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._fed = 0

    def feed(self, piece: bytes) -> None:
        """Follow the next piece; an empty one is the end.  BadInput says where it is not XML."""
        try:
            self._parser.Parse(piece, not piece)
        except expat.ExpatError as trouble:
            raise BadInput(
                f"line {trouble.lineno} is no XML: {expat.ErrorString(trouble.code)}"
            ) from None
        self._fed += len(piece)
        if self._fed - self._parser.CurrentByteIndex > TOKEN_MOST:
            raise BadInput(f"line {self._parser.CurrentLineNumber} has a tag or text without end")

    def _doctype(self, *_said: object) -> None:
        raise BadInput("the file has a document type (DTD), which no Green Button file has")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(" ")[2]
        self._path.append(name)
        self._text = []
        if len(self._path) > DEEPEST:
            raise BadInput(f"line {self._parser.CurrentLineNumber} is nested too deep")
        if name == "entry":
            self._entry = _Entry()
        elif name == "link":
            rel = attributes.get("rel", "")
            self._entry.links.setdefault(rel, []).append(attributes.get("href", ""))
        elif name == "ReadingType":
            self._kind = {}
        elif name == "IntervalBlock":
            self._block = self._of_block()
        elif name == "IntervalReading":
            self._interval = Interval(self._parser.CurrentLineNumber)

    def _characters(self, text: str) -> None:
        if sum(map(len, self._text)) < TEXT_MOST:
            self._text.append(text[:TEXT_MOST])

    def _end(self, _tag: str) -> None:
        name, text = self._path.pop(), "".join(self._text).strip()
        self._text = []
        above = self._path[-1] if self._path else ""
        if name == "IntervalReading" and self._interval is not None:
            self._found(self._interval, *self._block)
            self._interval = None
        elif self._interval is not None:
            if above in ("IntervalReading", "timePeriod"):
                self._interval.said.setdefault(name, text)
        elif name == "ReadingType":
            self._end_kind()
        elif above == "ReadingType":
            self._kind[name] = _int(text)
        elif name == "title" and above == "entry":
            self._entry.title = text
        elif name == "entry":
            self._end_entry()

    def _end_kind(self) -> None:
        kind = Kind(self._kind)
        self._feed.kinds[self._entry.one("self") or str(len(self._feed.kinds))] = kind
        self._last_kind = kind
        if len(self._feed.kinds) > KINDS_MOST:
            raise BadInput(f"the feed has more than {KINDS_MOST} kinds of readings")

    def _end_entry(self) -> None:
        here = self._entry.one("self")
        if re.search(r"UsagePoint/[^/]+/?$", here):
            self._last_point = _point_of(here)
            self._feed.titles[self._last_point] = self._entry.title
        elif re.search(r"MeterReading/[^/]+/?$", here):
            for to in self._entry.links.get("related", ()):
                if "ReadingType" in to:
                    self._feed.of_reading[here.rstrip("/")] = to

    def _of_block(self) -> tuple[str, Kind | None]:
        """The usage point and the kind of the block that begins: by its links, or by its place."""
        places = (self._entry.one("self"), self._entry.one("up"))
        point = next((_point_of(each) for each in places if _point_of(each)), self._last_point)
        self._feed.points[point] = self._feed.titles.get(point, "")
        if len(self._feed.points) > POINTS_MOST:
            raise BadInput(f"the feed has more than {POINTS_MOST} usage points")
        kinds = self._feed.kinds
        for reading, to in self._feed.of_reading.items():
            if to in kinds and any(each.startswith(reading + "/") for each in places):
                return point, kinds[to]
        return point, next(iter(kinds.values())) if len(kinds) == 1 else self._last_kind


def look(pieces: Iterable[bytes]) -> Feed:
    """What a feed has; BadInput when it is none, or not whole."""
    feed = Feed()
    parser = Parser(feed, lambda _interval, _point, _kind: None)
    for piece in pieces:
        if piece:
            parser.feed(piece)
    parser.feed(b"")
    if not feed.points:
        raise BadInput("this file has no Green Button intervals: no IntervalBlock is in it")
    if not feed.kinds:
        raise BadInput("this file does not say what its values are: no ReadingType is in it")
    return feed


def _point_of(place: str) -> str:
    found = _POINT.search(place)
    return found[1] if found else ""


def _int(text: str) -> int:
    """A number of a ReadingType; what is none counts as not said."""
    return int(text) if re.fullmatch(r"-?\d{1,9}", text) else 0
