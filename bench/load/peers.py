"""Other databases that take readings: how they are started, and where they listen."""

import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.whole.programs import free_ports

READY_S = 60.0


@contextmanager
def started(command: list[str], ready: str, folder: Path, env: dict[str, str]) -> Iterator[int]:
    """Another program, once `ready` (a URL) answers; its process id."""
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=log, env={**os.environ, **env}
        )
    try:
        end = time.monotonic() + READY_S
        while True:
            try:
                urllib.request.urlopen(ready, timeout=1)
                break
            except urllib.error.HTTPError:
                break
            except OSError:
                if time.monotonic() > end or process.poll() is not None:
                    raise
                time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)


def victoria(folder: Path) -> tuple[list[str], str, str]:
    (port,) = free_ports(1)
    at = f"127.0.0.1:{port}"
    command = ["victoria-metrics", f"-storageDataPath={folder / 'vm'}", f"-httpListenAddr={at}"]
    return command, f"http://{at}/health", f"http://{at}/write"


def influx(folder: Path) -> tuple[list[str], str, str]:
    http, rpc = free_ports(2)
    file = folder / "influx.conf"
    file.write_text(
        f'reporting-disabled = true\nbind-address = "127.0.0.1:{rpc}"\n'
        f'[meta]\n dir = "{folder}/meta"\n[data]\n dir = "{folder}/data"\n'
        f' wal-dir = "{folder}/wal"\n query-log-enabled = false\n'
        "[monitor]\n store-enabled = false\n"
        f'[http]\n bind-address = "127.0.0.1:{http}"\n log-enabled = false\n'
    )
    at = f"http://127.0.0.1:{http}"
    return ["influxd", "-config", str(file)], f"{at}/ping", f"{at}/write?db=bench"


def peer_cases(folder: Path, names: list[str]) -> Iterator[tuple[str, list[str], str, str]]:
    for name, made in (("victoria-metrics", victoria), ("influxd", influx)):
        if name in names and shutil.which(name):
            own = folder / name
            own.mkdir(exist_ok=True)
            yield (name, *made(own))
