"""The queue on disk.  Source: walking skeleton, gateway: "a bounded store-and-forward queue"."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ohmstead.errors import Conflict
from ohmstead.gateway.queue import Bounds, Queue
from ohmstead.gateway.records import REPORT, Tally, written

SMALL = Bounds(count=10, total_bytes=1000, segment_bytes=200)
WIDE = Bounds(segment_bytes=200)


def drained(queue: Queue) -> list[bytes]:
    found = []
    while entry := queue.next():
        found.append(entry.payload)
    return found


def reopened(queue: Queue, folder: Path, bounds: Bounds = WIDE) -> Queue:
    queue.close()
    return Queue(folder, bounds)


def named(numbers: range) -> list[bytes]:
    return [b"report %d" % n for n in numbers]


def filled(folder: Path, numbers: range, bounds: Bounds = WIDE) -> Queue:
    queue = Queue(folder, bounds)
    for payload in named(numbers):
        queue.append(payload)
    return queue


def test_reports_come_out_in_the_order_they_went_in(tmp_path: Path) -> None:
    """In order, across several files."""
    queue = filled(tmp_path, range(50))
    assert len(list(tmp_path.glob("*.reports"))) > 3
    assert drained(queue) == named(range(50))
    assert queue.next() is None
    queue.append(b"more")
    assert drained(queue) == [b"more"]
    queue.close()


def test_what_is_not_acknowledged_survives_a_restart(tmp_path: Path) -> None:
    """What the broker has not acknowledged survives a restart and is sent later, in order."""
    queue = filled(tmp_path, range(50))
    entries = [queue.next() for _ in range(20)]
    last = entries[-1]
    assert last is not None
    queue.done(last.number)
    queue = reopened(queue, tmp_path)
    assert queue.waiting == 30
    assert drained(queue) == named(range(20, 50))
    assert queue.tally == Tally(sent=20)
    queue.close()


def test_what_was_given_out_and_not_acknowledged_is_given_again(tmp_path: Path) -> None:
    """A connection that breaks: nothing leaves the queue before its PUBACK."""
    queue = filled(tmp_path, range(9))
    assert len(drained(queue)) == 9
    queue.done(3)
    queue.rewind()
    assert drained(queue) == named(range(3, 9))
    queue.close()


def test_settled_files_go_and_numbers_go_on(tmp_path: Path) -> None:
    """The disk does not fill with what was sent; a number is never used twice."""
    queue = filled(tmp_path, range(50))
    queue.done(50)
    assert len(list(tmp_path.glob("*.reports"))) == 1
    for _ in range(3):
        queue = reopened(queue, tmp_path)
        assert len(list(tmp_path.glob("*.reports"))) == 1
    assert queue.append(b"next") == 51
    assert (queue.waiting, queue.waiting_bytes, queue.tally.sent) == (1, 4, 50)
    queue.close()


def test_a_full_queue_drops_the_oldest_and_counts_it(tmp_path: Path) -> None:
    """Bound by count: the oldest goes; what is on its way then does no harm when acknowledged."""
    queue = filled(tmp_path, range(25), SMALL)
    assert (queue.waiting, queue.tally.dropped) == (10, 15)
    assert queue.waiting_bytes == sum(map(len, named(range(15, 25))))
    queue.done(3)
    assert queue.tally == Tally(dropped=15)
    queue = reopened(queue, tmp_path, SMALL)
    assert queue.tally.dropped == 15
    assert drained(queue) == named(range(15, 25))
    queue.close()


def test_a_queue_is_bound_by_bytes_too(tmp_path: Path) -> None:
    """Bound by bytes: payloads that wait, and the disk they take, marks included."""
    queue = Queue(tmp_path, SMALL)
    for _ in range(200):
        queue.append(bytes(300))
    assert (queue.waiting, queue.waiting_bytes, queue.tally.dropped) == (3, 900, 197)
    assert sum(file.stat().st_size for file in tmp_path.glob("*.reports")) < 2000
    queue.close()


def test_a_smaller_bound_holds_at_the_next_start(tmp_path: Path) -> None:
    """A bound that was lowered drops the oldest at the start."""
    queue = reopened(filled(tmp_path, range(30)), tmp_path, SMALL)
    assert (queue.waiting, queue.tally.dropped) == (10, 20)
    queue.close()


def test_one_owner_only(tmp_path: Path) -> None:
    """Two gateways with one folder would send everything twice: the second is told."""
    queue = Queue(tmp_path)
    with pytest.raises(Conflict, match="another gateway"):
        Queue(tmp_path)
    queue.close()
    Queue(tmp_path).close()


def test_a_disk_that_is_full_takes_nothing_and_breaks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ENOSPC, also in the middle of a record: the error is told, the rest stays whole."""
    queue = filled(tmp_path, range(3))
    real = os.pwrite

    def half(file: int, data: bytes, offset: int) -> int:
        return real(file, data[: len(data) // 2], offset)

    def none(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    for broken in (half, none):
        monkeypatch.setattr(os, "pwrite", broken)
        with pytest.raises(OSError, match=r"disk took|No space"):
            queue.append(b"lost")
        queue.done(1)  # its mark is not written either: no error, it is only sent twice
    monkeypatch.setattr(os, "pwrite", real)
    queue.append(b"kept")
    queue = reopened(queue, tmp_path)
    assert drained(queue)[-3:] == [*named(range(1, 3)), b"kept"]
    assert queue.tally.damaged == 0
    queue.close()


@given(cut=st.integers(0, 2000), settled=st.integers(0, 20))
@settings(max_examples=60, deadline=None)
def test_a_torn_end_never_stops_it(
    cut: int, settled: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A kill at any byte of the last file: every report whose bytes are there comes, in order."""
    folder = tmp_path_factory.mktemp("torn")
    queue = filled(folder, range(20), Bounds(segment_bytes=10**6))
    queue.done(settled)
    queue.close()
    (file,) = folder.glob("*.reports")
    whole = file.read_bytes()
    data = whole[:cut]
    file.write_bytes(data)
    queue = Queue(folder)
    found = drained(queue)
    numbered = enumerate(named(range(20)), 1)
    present = [payload for n, payload in numbered if written(REPORT, n, payload) in data]
    assert found == (present if cut < len(whole) else named(range(settled, 20)))
    assert queue.append(b"goes on")
    assert drained(queue) == [b"goes on"]
    queue.close()


@given(hits=st.lists(st.tuples(st.integers(0, 900), st.integers(1, 255)), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_damaged_bytes_never_stop_it(
    hits: list[tuple[int, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Bytes changed anywhere: it opens, and what comes out is what went in, in order."""
    folder = tmp_path_factory.mktemp("damaged")
    filled(folder, range(20), Bounds(segment_bytes=300)).close()
    for place, change in hits:
        for file in folder.glob("*.reports"):
            data = bytearray(file.read_bytes())
            if place < len(data):
                data[place] ^= change
            file.write_bytes(data)
    queue = Queue(folder)
    remaining = iter(named(range(20)))
    found = drained(queue)
    assert all(payload in remaining for payload in found)
    assert queue.waiting == len(found)
    queue.close()


def test_a_report_the_disk_no_longer_gives_back_is_passed_over(tmp_path: Path) -> None:
    """Bytes that rot while it runs: the report is counted as damaged and no longer waits."""
    queue = filled(tmp_path, range(3), Bounds())
    (file,) = tmp_path.glob("*.reports")
    file.write_bytes(file.read_bytes().replace(b"report 2", b"report X"))
    assert drained(queue) == named(range(2))
    assert (queue.waiting, queue.tally.damaged) == (2, 1)
    queue.close()


def test_a_file_that_cannot_be_read_is_set_aside(tmp_path: Path) -> None:
    """A failing disk: the gateway starts without that file, and keeps it for a look."""
    filled(tmp_path, range(3)).close()
    (tmp_path / "00000000000000000900.reports").mkdir()
    queue = Queue(tmp_path)
    assert drained(queue) == named(range(3))
    assert [file.name for file in tmp_path.glob("*.unreadable")]
    assert queue.tally.damaged == 1
    queue.close()


WRITER = """
import sys
from pathlib import Path
from ohmstead.gateway.queue import Bounds, Queue
queue = Queue(Path(sys.argv[1]), Bounds(segment_bytes=5000))
for number in range(10**6):
    queue.append(b"%d" % number)
    if number % 3 == 2:
        queue.done(queue.next().number)
    print(number, flush=True)
"""


def test_a_kill_loses_nothing_that_was_taken(tmp_path: Path) -> None:
    """kill -9 of the writer: every report it had taken, and not settled, is there in order."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        taken = -1
        for line in writer.stdout:
            taken = int(line)
            if taken == 2000:
                writer.send_signal(signal.SIGKILL)
        assert writer.wait(timeout=10) == -signal.SIGKILL
    queue = Queue(tmp_path)
    found = [int(payload) for payload in drained(queue)]
    assert found == list(range(found[0], found[-1] + 1))
    assert found[-1] >= taken
    assert queue.tally.sent == found[0]
    queue.close()


def test_flushing_is_needed_once_a_write(tmp_path: Path) -> None:
    """A flush costs a wait for the disk: none is made for nothing."""
    queue = Queue(tmp_path)
    queue.append(b"one")
    flush = queue.flusher()
    assert flush is not None
    flush()
    assert queue.flusher() is None
    queue.close()
