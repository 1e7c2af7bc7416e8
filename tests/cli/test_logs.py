"""What a program writes to its log."""

import subprocess
import sys

PROGRAM = """
import structlog
from ohmstead.cli import logs

def check(password):
    raise ValueError("no such thing")

logs.to_stderr()
given = "dear" + "-secret"
try:
    check(given)
except ValueError as trouble:
    structlog.get_logger().error("request failed", request_id="r7", exc_info=trouble)
"""


def test_an_error_is_logged_with_its_places_and_without_its_values() -> None:
    """One line: what a 500's request id leads to says where it broke, and no password."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True
    )
    [line] = done.stderr.splitlines()
    assert "request_id=r7" in line
    assert "ValueError: no such thing" in line
    assert "in check" in line
    assert "dear-secret" not in line
