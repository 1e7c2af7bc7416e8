"""The page that shows the catalogue: docs/surfaces.md."""

import runpy
from pathlib import Path

from ohmstead.reading.catalogue import ALL, IDENTITIES, MEDIA

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_of_all_surfaces_is_what_the_catalogue_says() -> None:
    """Style, habits: a stale copy is remade by docs/make_surfaces.py."""
    made = runpy.run_path(str(DOCS / "make_surfaces.py"))["page"]()
    assert (DOCS / "surfaces.md").read_text(encoding="utf-8") == made


def test_the_page_names_everything_in_the_catalogue() -> None:
    """The page leaves no line of the catalogue out."""
    page = (DOCS / "surfaces.md").read_text(encoding="utf-8")
    assert not [q.obis for q in ALL if f"| `{q.obis}` | " not in page]
    assert not [t.obis for t in IDENTITIES if f"| `{t.obis}` | " not in page]
    assert not [m.kind for m in MEDIA if f"| `{m.kind}` | " not in page]
