"""Where tests keep their files (tests/memory.py)."""

import os
import subprocess
from pathlib import Path

import pytest
from tests import memory


def test_what_a_killed_run_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    """By the number in a folder's name (tests/memory.py)."""
    ended = subprocess.Popen(["true"])
    ended.wait()
    used, left = (tmp_path / f"{memory.NAME}{pid}-x" for pid in (os.getpid(), ended.pid))
    other = tmp_path / f"{memory.NAME}old"
    for path in (used, left, other):
        (path / "data").mkdir(parents=True)
    memory.sweep(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([used, other])


def test_a_folder_is_there_until_the_block_ends() -> None:
    """PostgreSQL's own user may enter it."""
    with memory.folder() as path:
        assert path.stat().st_mode & 0o777 == 0o755
        (path / "a file").write_text("x")
    assert not path.exists()


def test_the_disk_is_taken_where_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with little free memory must not lose it to files of tests."""
    monkeypatch.setattr(memory, "ROOM", 1 << 60)
    assert memory.memory() is None


def test_free_memory_is_what_the_kernel_says(tmp_path: Path) -> None:
    """proc(5): MemAvailable, in kB."""
    told = tmp_path / "meminfo"
    told.write_text("MemTotal:  100 kB\nMemAvailable:     24 kB\n")
    assert memory.free(told) == 24 << 10
