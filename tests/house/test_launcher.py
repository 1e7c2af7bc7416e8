"""The launcher: what counts is started, what does not come up is taken back.

Source: docs/updates.md, "What happens" 7 and "The launcher".
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import ohmstead
from ohmstead.errors import Unavailable
from ohmstead.gateway.versions import LONGEST_WHY, State, Versions, confirmed, switched
from ohmstead.house.launcher import MOST_STARTS, Launcher

WAIT_S = 30
OLD, NEW = "1.0-" + "a" * 12, "2.0-" + "b" * 12
OVER = f"{ohmstead.__version__} {sys.implementation.cache_tag}"

LAUNCH = """
import sys
from pathlib import Path
from ohmstead.house import launcher
data, ready_s, proven_s = sys.argv[1:]
sys.argv = ["launcher", data]
whole = launcher.Launcher
launcher.Launcher = lambda data, _: whole(
    data, ["-m", "stub"], ready_s=float(ready_s), proven_s=float(proven_s))
launcher.main()
"""

# A gateway's stand-in: it writes down that it starts, and does what its version does.
STUB = """
import os, signal, sys, time
name = {name!r}
told = open({told!r}, "a", buffering=1)
told.write(f"{{name}} starts {{os.getpid()}}\\n")
def ready():
    os.write(int(os.environ["OHMSTEAD_LAUNCHER"]), b"ready\\n")
    told.write(f"{{name}} runs\\n")
def stop(number, _):
    told.write(f"{{name}} was told {{number}}\\n")
    sys.exit(5)
signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGINT, stop)
def serve():
    ready()
    while True:
        signal.pause()
{does}
"""
SERVES = "serve()"
ENDS = "sys.exit(3)"
ENDS_SOON = "ready(); sys.exit(4)"
HANGS = "signal.pause()"
IS_KILLED = "ready(); os.kill(os.getpid(), signal.SIGKILL)"
SWITCHES = f"""
from pathlib import Path
from ohmstead.gateway.versions import Versions, switched
versions = Versions(Path({{data!r}}))
if not versions.read().rolled_back:
    ready()
    versions.write(switched(versions.read(), {NEW!r}))
    sys.exit(0)
serve()
"""


@dataclass
class Bench:
    """A data folder, versions of a stand-in in it, and a launcher."""

    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.data = self.folder / "data"
        self.versions = Versions(self.data)
        self.told = self.folder / "told"
        self.told.touch()

    def put(self, release: str, does: str) -> None:
        """A version; "" is the installation."""
        site = self.versions.site(release) if release else self.folder / "installation"
        site.mkdir(parents=True)
        does = does.format(data=str(self.data))
        source = STUB.format(name=release or "installation", told=str(self.told), does=does)
        (site / "stub.py").write_text(source)

    def launch(self, *, ready_s: float = WAIT_S, proven_s: float = 0.1) -> subprocess.Popen[bytes]:
        """A launcher that runs."""
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-P", "-c", LAUNCH, str(self.data), str(ready_s), str(proven_s)],
                env=dict(os.environ, PYTHONPATH=str(self.folder / "installation")),
                stdout=log,
                stderr=log,
            )
        self.processes.append(process)
        return process

    def until(self, found: Callable[[], bool]) -> None:
        """Waits for something to become so."""
        late = time.monotonic() + WAIT_S
        while not found():
            assert time.monotonic() < late, (self.said(), (self.folder / "log").read_text())
            time.sleep(0.01)

    def said(self) -> list[str]:
        """What the versions wrote down, without their process numbers."""
        return [line.split(" starts")[0] for line in self.told.read_text().splitlines()]

    def until_said(self, line: str, times: int = 1) -> None:
        """Waits for a line."""
        self.until(lambda: self.said().count(line) >= times)

    def end(self, process: subprocess.Popen[bytes], how: int = signal.SIGTERM) -> int:
        """Its exit status."""
        process.send_signal(how)
        return process.wait(timeout=WAIT_S)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    found = Bench(tmp_path)
    yield found
    for process in found.processes:
        process.kill()
        process.wait(timeout=WAIT_S)


def on_trial(bench: Bench, does: str, before: str = SERVES) -> None:
    """A new release on trial above the installation."""
    bench.put("", before)
    bench.put(NEW, does)
    bench.versions.write(switched(State(), NEW))


@pytest.mark.parametrize(
    "does, status", [(ENDS, 3), (ENDS_SOON, 4), (IS_KILLED, -signal.SIGKILL)], ids=str
)
def test_without_releases_it_ends_as_the_gateway_ends(bench: Bench, does: str, status: int) -> None:
    """It "ends as its child ends": with its status or signal, and without a second start."""
    bench.put("", does)
    assert bench.launch().wait(timeout=WAIT_S) == status
    assert bench.said().count("installation") == 1


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_signals_are_passed_on(bench: Bench, how: signal.Signals) -> None:
    """ "It passes signals on": a service is stopped as ever."""
    bench.put("", SERVES)
    process = bench.launch()
    bench.until_said("installation runs")
    assert bench.end(process, how) == 5
    assert bench.said()[-1] == f"installation was told {how.value}"


def test_the_gateway_ends_with_a_launcher_that_is_killed(bench: Bench) -> None:
    """Two gateways at one meter would be worse than none: the child is killed with it (Linux)."""
    bench.put("", SERVES)
    process = bench.launch()
    bench.until_said("installation runs")
    child = int(bench.told.read_text().split(" starts ")[1].split()[0])
    assert bench.end(process, signal.SIGKILL) == -signal.SIGKILL

    def gone() -> bool:
        try:
            return "Z" in Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True

    bench.until(gone)


def test_a_release_that_comes_up_is_confirmed(bench: Bench) -> None:
    """7: TRIAL, then CONFIRMED; the next start is nothing special any more."""
    bench.put("", SWITCHES)
    bench.put(NEW, SERVES)
    process = bench.launch()
    bench.until(lambda: bench.versions.read() == State(current=NEW, over=OVER))
    assert bench.end(process) == 5
    assert bench.said() == [
        "installation", "installation runs", NEW, f"{NEW} runs", f"{NEW} was told 15"
    ]  # fmt: skip
    process = bench.launch()
    bench.until_said(f"{NEW} runs", 2)
    assert bench.end(process) == 5


@pytest.mark.parametrize(
    "does, why",
    [
        (ENDS, "it ended with status 3, before it ran"),
        (ENDS_SOON, "it ended with status 4, soon after it ran"),
        (IS_KILLED, "it ended with status -9, soon after it ran"),
        ("nonsense here", "it ended with status 1, before it ran"),
    ],
)
def test_a_release_that_does_not_come_up_is_taken_back(bench: Bench, does: str, why: str) -> None:
    """7: it ends before it ran, or soon after: the one before runs, and the state says why."""
    bench.put("", SWITCHES)
    bench.put(NEW, does)
    process = bench.launch(proven_s=WAIT_S)
    bench.until_said("installation runs", 2)
    assert bench.versions.read() == State(over=OVER, rolled_back=NEW, why=why)
    assert bench.end(process) == 5


def test_a_release_that_hangs_is_taken_back(bench: Bench) -> None:
    """7: when it does not run in time, the launcher ends it."""
    on_trial(bench, HANGS)
    process = bench.launch(ready_s=0.5)
    bench.until_said("installation runs")
    assert bench.versions.read().why == "it did not run within 0.5 s"
    assert bench.end(process) == 5


def test_the_release_before_runs_again_and_not_the_installation(bench: Bench) -> None:
    """7: "the one before": a release that was confirmed."""
    bench.put("", SERVES)
    bench.put(OLD, SERVES)
    bench.put(NEW, ENDS)
    bench.versions.write(switched(State(current=OLD, over=OVER), NEW))
    process = bench.launch()
    bench.until_said(f"{OLD} runs")
    assert bench.versions.read().current == OLD
    assert bench.end(process) == 5
    assert "installation" not in bench.said()


def test_a_confirmed_release_that_ends_is_not_taken_back(bench: Bench) -> None:
    """A crash months later is a crash: whoever supervises the launcher starts it again."""
    bench.put("", SERVES)
    bench.put(NEW, ENDS)
    state = State(current=NEW, over=OVER)
    bench.versions.write(state)
    assert bench.launch().wait(timeout=WAIT_S) == 3
    assert bench.versions.read() == state


def test_power_that_goes_while_a_release_starts(bench: Bench) -> None:
    """ "A release on trial is started three times at most": then the one before runs."""
    on_trial(bench, HANGS)
    for start in range(1, MOST_STARTS + 1):
        process = bench.launch()
        bench.until_said(NEW, start)
        assert bench.versions.read().starts == start
        bench.end(process, signal.SIGKILL)
    process = bench.launch()
    bench.until_said("installation runs")
    assert bench.versions.read().why == "it was started 3 times and did not stay"
    assert bench.end(process) == 5


def test_who_stops_a_release_on_trial_does_not_count_as_its_failure(bench: Bench) -> None:
    """It ran, and was told to end: it stays on trial."""
    on_trial(bench, SERVES)
    process = bench.launch(proven_s=WAIT_S)
    bench.until_said(f"{NEW} runs")
    assert bench.end(process) == 5
    assert bench.versions.read() == State(current=NEW, starts=0, over=OVER)


def chosen(bench: Bench) -> State:
    """What a launcher would start now."""
    return Launcher(bench.data, ["-m", "stub"])._chosen()


@pytest.mark.parametrize("over", ["0.0.1 cpython-311", "", f"{ohmstead.__version__} pypy39"])
def test_an_installation_that_was_changed_by_hand_counts(bench: Bench, over: str) -> None:
    """ "Releases above it are set aside": another version of it, or another Python."""
    bench.put(NEW, SERVES)
    bench.versions.write(State(current=NEW, over=over))
    assert chosen(bench).current == ""
    assert bench.versions.read().rolled_back == NEW


def test_files_that_are_gone_are_no_reason_not_to_start(bench: Bench) -> None:
    """ "Remove `versions` from the data folder", or a part of it: the installation runs."""
    bench.versions.write(State(current=NEW, over=OVER))
    assert chosen(bench) == State(rolled_back=NEW, why="its files are gone")
    bench.put(NEW, ENDS)
    bench.versions.write(switched(State(current=OLD, over=OVER), NEW))
    state = bench.versions.read()
    launcher = Launcher(bench.data, ["-m", "stub"])
    assert launcher._given_up(state, "no").current == ""


@pytest.mark.parametrize("content", [b"", b"{", b'{"current": "../../x"}', b"\xff" * 100, b"[]"])
def test_a_state_that_cannot_be_read_is_no_reason_not_to_start(
    bench: Bench, content: bytes
) -> None:
    """The installation runs."""
    bench.versions.folder.mkdir(parents=True)
    (bench.versions.folder / "state.json").write_bytes(content)
    assert chosen(bench) == State()


def test_a_disk_that_takes_nothing_is_no_reason_not_to_start(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start that cannot be counted is not made: the release before runs meanwhile."""
    bench.put(OLD, SERVES)
    bench.put(NEW, SERVES)
    bench.versions.write(switched(State(current=OLD, over=OVER), NEW))

    def full(_: Versions, __: State) -> None:
        raise Unavailable("the disk is full")

    monkeypatch.setattr(Versions, "write", full)
    assert chosen(bench).current == OLD
    assert bench.versions.read().current == NEW


def test_reasons_are_short_and_states_survive_the_file(bench: Bench) -> None:
    """The state is written and read as it is, however long a reason is."""
    bench.put(NEW, SERVES)
    state = Launcher(bench.data, [])._given_up(switched(State(), NEW), "x" * 9999)
    assert len(state.why) == LONGEST_WHY
    assert bench.versions.read() == state
    assert not confirmed(state).on_trial
