"""Fuzzes one decoder: `python fuzz/one.py DECODER [option of libFuzzer...] [CORPUS...]`.

Runs in .venv-fuzz; `make fuzz` starts it.  A file that libFuzzer left behind is tried again by
naming it.
"""

import sys
from pathlib import Path

import atheris

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

with atheris.instrument_imports(include=["ohmstead.wire"]):
    from fuzz import harness


def main() -> None:
    """Hand the decoder over to libFuzzer."""
    name = sys.argv.pop(1)
    if name not in harness.TARGETS:
        sys.exit(f"there is no decoder {name!r}; there are {', '.join(harness.TARGETS)}")
    atheris.Setup(sys.argv, lambda given: harness.one(name, given))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
