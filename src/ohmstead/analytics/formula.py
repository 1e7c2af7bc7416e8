"""Formulas over meters: `grid + sun - 0.5 * 'hall-2' - 3%`, read and written.

docs/virtual-meters.md has the grammar.  A formula is read into a tree (`parse`), which is written
back in one spelling (`written`); formula_terms counts the tree together into factors.
"""

import math
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import NoReturn, TypeAlias

from ohmstead.errors import BadInput

LONGEST, DEEPEST = 20_000, 50
"""Characters of a formula, and how deep its parentheses go."""
HYPHENS_MOST = 50
"""In an id, which has at most 100 characters."""
SHOWN = 60
"""How much of a formula a message repeats."""
FUNCTIONS = ("sum", "untracked")
PLAIN = re.compile(r"(?!(\d+(\.\d+)?|\.\d+)(kW)?\Z)[\w.:]+")
"""An id that needs no quotes."""
_TOKEN = re.compile(
    r"""\s*(?:(?P<number>(?:\d+(?:\.\d+)?|\.\d+)(?![\w.:]))|(?P<word>[\w.:]+(?:-[\w.:]+)*)
    |(?P<quoted>'(?:[^']|'')*'|"(?:[^"]|"")*")|(?P<code>\[[^\]]*\])|(?P<sign>[-+*/()?%,]))""",
    re.VERBOSE,
)
_NUMBER = re.compile(r"(\d+(?:\.\d+)?|\.\d+)(kW)?")
_CODE = re.compile(r"\[\s*(\d{1,3}\.8\.\d{1,2})\s*\]")


@dataclass(frozen=True, slots=True)
class Number:
    """A factor."""

    value: float


@dataclass(frozen=True, slots=True)
class Percent:
    """A hundredth; in a sum, of everything to its left."""

    value: float


@dataclass(frozen=True, slots=True)
class Load:
    """A power that is always there, kW."""

    kw: float


@dataclass(frozen=True, slots=True)
class Measured:
    """What a meter counts: the quantity that is asked for, or `quantity` (OBIS code) alone.

    An `optional` one counts as nothing where nothing is known of it.
    """

    meter: str
    quantity: str | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Untracked:
    """What a meter counts less what the meters below it count."""

    meter: str


@dataclass(frozen=True, slots=True)
class Sum:
    """Parts, each added (`+`) or taken away (`-`)."""

    parts: tuple[tuple[str, "Node"], ...]


@dataclass(frozen=True, slots=True)
class Product:
    """Parts, each multiplied by (`*`) or divided by (`/`)."""

    parts: tuple[tuple[str, "Node"], ...]


Leaf: TypeAlias = Measured | Untracked
Node: TypeAlias = Number | Percent | Load | Measured | Untracked | Sum | Product


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def parse(text: str, known: Collection[str] = ()) -> Node:
    """The tree of a formula; BadInput says at which character it is not understood.

    An id with `-` in it needs quotes unless `known` has it.

    >>> parse("2 * a - b?").parts[1]
    ('-', Measured(meter='b', quantity=None, optional=True))
    """
    if len(text) > LONGEST:
        raise BadInput(f"a formula has at most {LONGEST} characters, this one has {len(text)}")
    return _Parser(text, known).whole()


class _Parser:
    """Reads one formula, from left to right."""

    def __init__(self, text: str, known: Collection[str]) -> None:
        self._text = text
        self._tokens = list(_tokens(text, known))
        self._next = 0
        self._depth = 0

    def whole(self) -> Node:
        found = self._sum()
        if self._next < len(self._tokens):
            self._unexpected("an operator like +, or the end,")
        return found

    def _sum(self) -> Node:
        found = [("+", self._product())]
        while sign := self._taken("+-"):
            found.append((sign, self._product()))
        first = found[0][1]
        if len(found) == 1:
            return first
        if isinstance(first, Sum) and len(first.parts) == 1:
            found[0] = first.parts[0]  # -a + b
        return Sum(tuple(found))

    def _product(self) -> Node:
        found = [("*", self._signed())]
        while sign := self._taken("*/"):
            found.append((sign, self._signed()))
        return Product(tuple(found)) if len(found) > 1 else found[0][1]

    def _signed(self) -> Node:
        if not (sign := self._taken("+-")):
            return self._part()
        self._deeper()
        found = self._signed()
        self._depth -= 1
        return found if sign == "+" else Sum((("-", found),))

    def _part(self) -> Node:
        token = self._tokens[self._next] if self._next < len(self._tokens) else None
        if token is None or (token.kind in ("sign", "code") and token.text != "("):
            self._unexpected("a meter, a number or (")
        self._next += 1
        if token.kind == "number":
            return self._number(token)
        if token.kind == "sign":
            return self._inside()
        if token.kind == "word" and self._is("("):
            return self._function(token)
        id = token.text if token.kind == "word" else _unquoted(token.text)
        return Measured(id, self._code(), bool(self._taken("?")))

    def _number(self, token: _Token) -> Node:
        value = float(token.text)
        if not math.isfinite(value):
            raise BadInput(f"{token.text[:20]}… is too large a number for a formula")
        if self._taken("%"):
            return Percent(value)
        if self._is("kW"):
            self._next += 1
            return Load(value)
        return Number(value)

    def _inside(self) -> Node:
        self._deeper()
        found = self._sum()
        self._wanted(")")
        self._depth -= 1
        return found

    def _function(self, name: _Token) -> Node:
        """`untracked(meter)`, or `sum(a, b, c)`, which is (a + b + c)."""
        if name.text not in FUNCTIONS:
            raise BadInput(f"there is no function {name.text}(): take {' or '.join(FUNCTIONS)}")
        self._wanted("(")
        self._deeper()
        found = [("+", self._sum())]
        while self._taken(","):
            found.append(("+", self._sum()))
        self._wanted(")")
        self._depth -= 1
        if name.text == "sum":
            return Sum(tuple(found)) if len(found) > 1 else found[0][1]
        of = found[0][1]
        if len(found) > 1 or not isinstance(of, Measured) or of.quantity or of.optional:
            raise BadInput("untracked() takes one meter, the one that the others are below")
        return Untracked(of.meter)

    def _code(self) -> str | None:
        if self._next == len(self._tokens) or self._tokens[self._next].kind != "code":
            return None
        written = self._tokens[self._next].text
        self._next += 1
        if not (code := _CODE.fullmatch(written)):
            raise BadInput(f"{written} is not the code of a counter; it looks like [2.8.0]")
        return code[1]

    def _is(self, text: str) -> bool:
        """Whether `text` is next, and not as an id between quotes."""
        return self._next < len(self._tokens) and self._tokens[self._next].text == text

    def _taken(self, signs: str) -> str:
        """The next token if it is one of `signs`, which is then behind us; empty otherwise."""
        if self._next == len(self._tokens) or self._tokens[self._next].text not in tuple(signs):
            return ""
        self._next += 1
        return self._tokens[self._next - 1].text

    def _wanted(self, sign: str) -> None:
        if not self._taken(sign):
            self._unexpected(sign)

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise BadInput(f"a formula is nested at most {DEEPEST} deep")

    def _unexpected(self, wanted: str) -> NoReturn:
        found = self._tokens[self._next] if self._next < len(self._tokens) else None
        raise BadInput(
            f"the formula {_short(self._text)} "
            + (f"has {found.text!r} at character {found.at + 1}" if found else "ends too early")
            + f": {wanted} was expected"
        )


def _tokens(text: str, known: Collection[str]) -> Iterator[_Token]:
    at = 0
    end = len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            hint = "; an id with other characters than letters, digits, _ . : stands between quotes"
            raise BadInput(
                f"the formula {_short(text)} has {text[at]!r} at character {at + 1}, "
                f"which is not understood{hint}"
            )
        kind, start = found.lastgroup, found.start(found.lastgroup)
        if kind == "word":
            yield from _words(found[kind], start, known)
        else:
            yield _Token(kind, found[kind], start)
        at = found.end()


def _words(text: str, at: int, known: Collection[str]) -> Iterator[_Token]:
    """`a-b` is the meter of that id if there is one, else `a` less `b`."""
    parts = text.split("-")
    while parts:
        taken = min(len(parts), HYPHENS_MOST)
        while taken > 1 and "-".join(parts[:taken]) not in known:
            taken -= 1
        word = "-".join(parts[:taken])
        number = _NUMBER.fullmatch(word) if word not in known else None
        yield _Token("number" if number else "word", number[1] if number else word, at)
        if number and number[2]:
            yield _Token("word", number[2], at + len(number[1]))
        at += len(word)
        parts = parts[taken:]
        if parts:
            yield _Token("sign", "-", at)
            at += 1


def _unquoted(text: str) -> str:
    return text[1:-1].replace(text[0] * 2, text[0])


def _short(text: str) -> str:
    return repr(text if len(text) <= SHOWN else text[:SHOWN] + "…")


def written(node: Node) -> str:
    """A formula in one spelling, which `parse` reads as the same tree whatever meters there are.

    >>> written(parse("(a+b)*.5"))
    '(a + b) * 0.5'
    """
    match node:
        case Number(value):
            return plain(value)
        case Percent(value):
            return f"{plain(value)}%"
        case Load(kw):
            return f"{plain(kw)} kW"
        case Untracked(meter):
            return f"untracked({_quoted(meter)})"
        case Measured(meter, quantity, optional):
            code = f"[{quantity}]" if quantity else ""
            return f"{_quoted(meter)}{code}{'?' if optional else ''}"
        case Sum(parts) | Product(parts):
            (sign, first), *rest = parts
            begin = "-" + _within(first, node, minus=True) if sign == "-" else _within(first, node)
            return begin + "".join(f" {each} {_within(part, node)}" for each, part in rest)


def _within(part: Node, whole: Node, *, minus: bool = False) -> str:
    """A part, in parentheses where it would come apart without them."""
    product = isinstance(part, Product) and (minus or isinstance(whole, Product))
    text = written(part)
    return f"({text})" if product or isinstance(part, Sum) else text


def _quoted(id: str) -> str:
    return id if PLAIN.fullmatch(id) else "'" + id.replace("'", "''") + "'"


def plain(value: float) -> str:
    """Digits that read as the same number, without an exponent."""
    text = format(Decimal(repr(value)), "f")
    return text.removesuffix(".0")
