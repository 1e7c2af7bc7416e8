"""A process that takes packets, as the cloud starts it: `python -m ohmstead.cli.push_worker`."""

import signal

import uvloop

from ohmstead.cli import logs
from ohmstead.cli.memory import settled
from ohmstead.house.push_worker import run


def main() -> None:
    """Run until standard input ends; Ctrl-C is for the cloud, which then closes it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logs.to_stderr()
    uvloop.run(run(settled))


if __name__ == "__main__":
    main()
