"""In what order tests run (tests/collecting.py)."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.collecting import dealt


def _items(*files: tuple[str, int]) -> list[Any]:
    return [SimpleNamespace(path=Path(file), number=n) for file, many in files for n in range(many)]


def test_each_worker_begins_with_long_tests_of_whole_files() -> None:
    """As xdist deals: the first half to the first of two (pytest-xdist, `--dist worksteal`)."""
    items = _items(("wire/a.py", 6), ("web/b.py", 3), ("web/c.py", 1), ("whole/d.py", 2))
    ordered = dealt(items, 2)
    assert [each.path.name[0] for each in ordered] == list("bbbaaacddaaa")
    assert sorted(map(id, ordered)) == sorted(map(id, items))


def test_no_test_is_lost_where_there_are_few() -> None:
    """More workers than tests, and more long tests than a worker's share."""
    for files in ([("web/b.py", 1)], [("web/b.py", 9), ("wire/a.py", 1)], [("wire/a.py", 2)], []):
        items = _items(*files)
        assert sorted(map(id, dealt(items, 4))) == sorted(map(id, items))
