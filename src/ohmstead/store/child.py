"""Become another user, die with the parent, then become another program.

    python -I -S child.py UID GID PARENT_PID SIGNAL PROGRAM [ARGUMENT ...]

Runs as a file of its own, before the server it starts: it imports nothing of Ohmstead, so that an
interpreter and a package under a closed folder are read while the process may still read them.
UID -1 stays the same user.  SIGNAL is what the program gets when the thread that started it ends
(prctl(2), PR_SET_PDEATHSIG): set after setuid, which would clear it.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def become(uid: int, gid: int, parent: int, at_parents_end: int, command: list[str]) -> None:
    """Replace this process by `command`; does not return."""
    os.umask(0o077)
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, at_parents_end, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:  # it ended before the line above
        sys.exit(f"the process {parent} that started this one is gone")
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, a server should not
        signal.signal(number, signal.SIG_DFL)
    os.execv(command[0], command)  # noqa: S606  (no shell is the point)


if __name__ == "__main__":
    become(*(int(word) for word in sys.argv[1:5]), sys.argv[5:])  # type: ignore[call-arg,arg-type]
