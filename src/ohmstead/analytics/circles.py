"""Circles in a graph: who is made of whom, and whether somebody is made of itself."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

Graph: TypeAlias = Mapping[str, Sequence[str]]
"""Each to those that it is made of."""


def circle(of: Graph, start: str) -> list[str] | None:
    """The way from `start` back to it, both named; None when there is none.

    >>> circle({"a": ["b", "c"], "c": ["d"], "d": ["a"]}, "a")
    ['a', 'c', 'd', 'a']
    """
    came: dict[str, str] = {}
    waiting = [start]
    while waiting:
        here = waiting.pop()
        for there in of.get(here, ()):
            if there == start:
                return [*_way(came, start, here), start]
            if there not in came:
                came[there] = here
                waiting.append(there)
    return None


def _way(came: Mapping[str, str], start: str, end: str) -> list[str]:
    found = [end]
    while found[-1] != start:
        found.append(came[found[-1]])
    return found[::-1]


def layers(of: Graph) -> list[list[str]]:
    """Everybody, in layers: each is made only of those in layers before its own.

    Those that a circle keeps from having a layer are left out.

    >>> layers({"a": ["b", "c"], "b": ["c"]})
    [['c'], ['b'], ['a']]
    """
    left = {name: set(parts) for name, parts in of.items()}
    left |= {part: set() for parts in of.values() for part in parts if part not in of}
    found: list[list[str]] = []
    users: dict[str, list[str]] = {}
    for name, parts in left.items():
        for part in parts:
            users.setdefault(part, []).append(name)
    free = [name for name, parts in left.items() if not parts]
    while free:
        found.append(free)
        after: list[str] = []
        for name in free:
            for user in users.get(name, ()):
                left[user].discard(name)
                if not left[user]:
                    after.append(user)
        free = after
    return found
