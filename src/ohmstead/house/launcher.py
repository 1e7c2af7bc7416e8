"""The launcher: starts the gateway, and goes back when a new release of it does not come up.

`python -m ohmstead.house.launcher DATA ARGUMENT...` runs `ohmstead ARGUMENT...` as its child, out
of the release that counts or out of the installation itself.  Signals go to the child, and its end
is the launcher's own: seen from outside it is the gateway.

It belongs to the installation and is never updated, so it is small, imports little, and what it
agrees with a release must stay: the file of `gateway.versions`, and the descriptor in
`OHMSTEAD_LAUNCHER`, on which the child writes a line once it runs.
"""

import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from ohmstead import __version__
from ohmstead.errors import Unavailable
from ohmstead.gateway.versions import (
    State,
    Versions,
    confirmed,
    rolled_back,
    set_aside,
    started,
)

VARIABLE = "OHMSTEAD_LAUNCHER"
"""Of the environment: the descriptor on which the child says that it runs."""
READY_S = 120.0
"""A release that does not run within that is taken back."""
PROVEN_S = 30.0
"""A release that ends within that, once it runs, is taken back."""
STOP_S = 15.0
"""A child that was told to stop and has not, is killed."""
MOST_STARTS = 3
"""So often a release on trial is started: the power may go while it starts."""
PASSED_ON = (signal.SIGTERM, signal.SIGINT)
PR_SET_PDEATHSIG = 1  # prctl(2)


def become(data: Path, arguments: Sequence[str]) -> None:
    """Turns this process into the launcher of a gateway with these arguments; does not return."""
    sys.stdout.flush()
    sys.stderr.flush()
    command = [sys.executable, "-P", "-m", __name__, str(data), *arguments]
    os.execv(sys.executable, command)  # noqa: S606  (no shell is wanted)


class Launcher:
    """Runs one gateway, in whatever version counts."""

    def __init__(
        self,
        data: Path,
        command: Sequence[str],
        *,
        ready_s: float = READY_S,
        proven_s: float = PROVEN_S,
    ) -> None:
        """`command` is what Python is called with, to run the gateway."""
        self._versions = Versions(data)
        self._command = [sys.executable, "-P", *command]
        self._ready_s, self._proven_s = ready_s, proven_s
        self._stopping = False
        self._child: subprocess.Popen[bytes] | None = None
        self._word: int | None = None
        self._ready = False
        self._back = False
        """Whether the release that was running is given up."""
        self._selector = selectors.DefaultSelector()
        self._libc = ctypes.CDLL(None)
        # The installation, and the Python that its packages are for.
        self._over = f"{__version__} {sys.implementation.cache_tag}"

    def run(self) -> int:
        """Until the gateway ends by itself or is told to; gives its status as Popen does."""
        woken, wake = os.pipe()
        for end in (woken, wake):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake)
        self._selector.register(woken, selectors.EVENT_READ)
        for number in PASSED_ON:
            signal.signal(number, self._told)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only to be woken
        while True:
            state = self._chosen()
            before, self._back = self._versions.read(), False
            status = self._life(state)
            now = self._versions.read()
            switched = now.on_trial and now != before
            if self._stopping or not (switched or self._back):
                return status

    def _told(self, number: int, _: FrameType | None) -> None:
        self._stopping = True
        if self._child:
            self._child.send_signal(number)

    # ------------------------------------------------------------ which version

    def _chosen(self) -> State:
        """What is to run now; a release on trial is counted before it is started."""
        state = self._versions.read()
        if not self._versions.there(state.current):
            return self._kept(set_aside(state, "its files are gone"))
        if state.on_trial:
            return self._counted(state)
        if state.current and state.over != self._over:
            return self._kept(set_aside(state, f"the installation changed to {self._over}"))
        return state

    def _counted(self, state: State) -> State:
        if (state.starts or 0) >= MOST_STARTS:
            return self._given_up(state, f"it was started {state.starts} times and did not stay")
        counted = started(state, self._over)
        try:
            self._versions.write(counted)
        except Unavailable as error:
            _say("error", "release not tried", release=state.current, why=str(error))
            return State(current=state.previous, over=state.over)
        return counted

    def _kept(self, state: State) -> State:
        """`state`, written if the disk takes it."""
        try:
            self._versions.write(state)
        except Unavailable as error:
            _say("error", "state of the versions not written", why=str(error))
        if state.rolled_back:
            running = state.current or "the installation"
            _say("error", "release given up", release=state.rolled_back, why=state.why, now=running)
        return state

    def _given_up(self, state: State, why: str) -> State:
        self._back = True
        back = rolled_back(state, why)
        if not self._versions.there(back.current):
            back = set_aside(state, why)
        return self._kept(back)

    # ------------------------------------------------------------ one life of the gateway

    def _life(self, state: State) -> int:
        child = self._start(state)
        if state.on_trial:
            self._try(child, state)
        while child.poll() is None:
            self._wait(None)
        self._forget()
        return child.returncode

    def _start(self, state: State) -> subprocess.Popen[bytes]:
        word, says = os.pipe()
        environment = dict(os.environ, **{VARIABLE: str(says)})
        if state.current:
            before = os.environ.get("PYTHONPATH")
            path = [str(self._versions.site(state.current)), *([before] if before else [])]
            environment["PYTHONPATH"] = os.pathsep.join(path)
            _say("info", "release starts", release=state.current, start=state.starts)
        self._ready, self._word = False, word
        self._child = subprocess.Popen(
            self._command,
            env=environment,
            pass_fds=[says],
            preexec_fn=self._end_with_us(),  # noqa: PLW1509  (there are no threads here)
        )
        os.close(says)
        self._selector.register(word, selectors.EVENT_READ)
        if self._stopping:  # told while it was being started
            self._child.terminate()
        return self._child

    def _end_with_us(self) -> Callable[[], None]:
        """The child is killed with us, at once: it is made for that, and its port must be free."""
        prctl = getattr(self._libc, "prctl", None)  # Linux
        return (lambda: prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)) if prctl else lambda: None

    def _forget(self) -> None:
        self._child = None
        self._close_word()

    def _close_word(self) -> None:
        if self._word is not None:
            self._selector.unregister(self._word)
            os.close(self._word)
            self._word = None

    def _wait(self, deadline: float | None) -> None:
        """Until something happened: a signal, the child's word, its end, or the deadline."""
        timeout_s = None if deadline is None else max(0.0, deadline - time.monotonic())
        for key, _ in self._selector.select(timeout_s):
            said = os.read(key.fd, 4096)
            if key.fd == self._word:
                self._ready = self._ready or bool(said)
                self._close_word()

    # ------------------------------------------------------------ a release on trial

    def _try(self, child: subprocess.Popen[bytes], state: State) -> None:
        """Confirms the release that was started, or gives it up and ends it."""
        deadline = time.monotonic() + self._ready_s
        while child.poll() is None and not self._ready and time.monotonic() < deadline:
            self._wait(deadline)
        if child.poll() is None and not self._ready and not self._stopping:
            self._end(child)
            self._given_up(state, f"it did not run within {self._ready_s:g} s")
            return
        deadline = time.monotonic() + self._proven_s
        while child.poll() is None and not self._stopping and time.monotonic() < deadline:
            self._wait(deadline)
        if self._stopping:
            if self._ready:  # it was told to end: that is nobody's fault, and no start of it
                uncounted = (state.starts or 1) - 1
                self._kept(State(state.current, state.previous, uncounted, state.over))
        elif child.poll() is None:
            self._confirm(state)
        else:
            when = "soon after it ran" if self._ready else "before it ran"
            self._given_up(state, f"it ended with status {child.returncode}, {when}")

    def _confirm(self, state: State) -> None:
        try:
            self._versions.write(confirmed(state))
        except Unavailable as error:  # it is tried once more at the next start
            _say("error", "state of the versions not written", why=str(error))
            return
        _say("info", "release confirmed", release=state.current)

    def _end(self, child: subprocess.Popen[bytes]) -> None:
        child.terminate()
        deadline = time.monotonic() + STOP_S
        while child.poll() is None and time.monotonic() < deadline:
            self._wait(deadline)
        if child.poll() is None:
            child.kill()


def _say(level: str, event: str, **more: object) -> None:
    """A line of the log, as the gateway writes them; its library would double our memory."""
    at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    words = "".join(f' {name}="{_quoted(value)}"' for name, value in more.items())
    sys.stderr.write(f'timestamp={at} level={level} event="{event}"{words}\n')
    sys.stderr.flush()


def _quoted(value: object) -> str:
    return str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def main() -> None:
    """Runs until the gateway ends, and ends as it did."""
    data, *arguments = sys.argv[1:]
    status = Launcher(Path(data), ["-m", "ohmstead", *arguments]).run()
    if status < 0:
        if -status != signal.SIGKILL:
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    sys.exit(status)


if __name__ == "__main__":
    main()
