"""A real system bus for tests: the distribution's `dbus-daemon`, at an address of its own."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

START_S = 20.0
CONFIGURATION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
  </policy>
</busconfig>
"""


class SystemBus:
    """A bus that may be stopped, and started again at the same address."""

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "bus"
        self._file = folder / "bus.conf"
        self._file.write_text(CONFIGURATION.replace("{socket}", str(self._socket)))
        self.address = f"unix:path={self._socket}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it; when this returns it listens."""
        program = shutil.which("dbus-daemon")
        if not program:
            pytest.skip("no dbus-daemon on this machine; install the package 'dbus'")
        self._process = subprocess.Popen(
            [program, f"--config-file={self._file}", "--nofork", "--nopidfile", "--print-address"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdout
        assert self._process.stdout.readline()  # the address: said when it listens

    def stop(self) -> None:
        """Ends it; everybody's connection breaks."""
        process, self._process = self._process, None
        if process:
            process.kill()
            process.wait(timeout=START_S)
            assert process.stdout
            process.stdout.close()
            self._socket.unlink(missing_ok=True)


@contextmanager
def system_bus() -> Iterator[SystemBus]:
    """A bus, in a folder whose name is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="bus") as folder:
        bus = SystemBus(Path(folder))
        bus.start()
        try:
            yield bus
        finally:
            bus.stop()
