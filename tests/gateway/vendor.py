"""The vendor's document and recorded answers, read where they are: nothing of them is copied."""

import json
import re
from pathlib import Path
from typing import Any

DOCUMENT = "seeds/002_c62ac66f0e8fd59b.txt"


def examples(corpus: Path, section: str) -> list[Any]:
    """The JSON examples of a section of the document (`6.2.`), those that are JSON.

    A page break cuts a few in two; those are left out, as is what is no JSON.
    """
    text = (corpus / DOCUMENT).read_text()
    start = [match.start() for match in re.finditer(rf"^{re.escape(section)} ", text, re.M)][-1]
    end = re.compile(r"^\d+\.\d+\.(?:\d+\.)? [A-Z]", re.M).search(text, start + len(section) + 1)
    body = text[start : end.start() if end else None]
    found = []
    for block in re.findall(r"```\n(.*?)```", body, re.S):
        try:
            found.append(json.loads(block))
        except ValueError:
            continue
    return found


def captured(corpus: Path, pattern: str) -> dict[str, Any]:
    """Recorded or published JSON of the device, by file name."""
    files = sorted((corpus / "interop" / "captures").glob(pattern))
    return {file.name: json.loads(file.read_text()) for file in files}
