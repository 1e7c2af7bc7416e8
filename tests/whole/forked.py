"""`ohmstead admin …` many times, each in a process of its own forked from one that has loaded it.

Loading takes a second of the processor, the rest of such a command nearly nothing.  What a test is
about is started as people start it; this is for what it needs first.

Run by itself it reads a line of JSON for each command, `[arguments, environment, folder]`, and
answers with the exit status in a line; `folder` then has what was printed in `out` and `err`.
"""

import json
import os
import sys
from pathlib import Path


def _run(arguments: list[str], environment: dict[str, str], folder: Path) -> int:
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.environ.clear()
    os.environ.update(environment)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
    sys.argv = ["ohmstead", *arguments]
    main()
    sys.exit(0)


if __name__ == "__main__":
    import ohmstead.cli.admin
    from ohmstead.cli import main

    assert ohmstead.cli.admin.app
    for line in sys.stdin:
        words, variables, place = json.loads(line)
        print(_run(words, variables, Path(place)), flush=True)
