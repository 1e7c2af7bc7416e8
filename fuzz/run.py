"""Fuzzes the decoders one after the other and says what came of it.

`python fuzz/run.py [DECODER...]`, all of them if none is named.  SECONDS (600) for each, JOBS (1)
at a time, from the environment.  Corpora, logs, findings and the table of results stay in
build/fuzz.  The exit status is 1 when something was found.
"""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
BUILD = ROOT / "build" / "fuzz"
PYTHON = ROOT / ".venv-fuzz" / "bin" / "python"
LONGEST = 8192
"""Bytes of an input."""
GRACE_S = 120

DONE = re.compile(r"#(\d+)\s+DONE\s+cov: (\d+) ft: (\d+) corp: (\d+)/")
HEAD = f"{'decoder':<12}{'executions':>12}{'a second':>10}{'branches':>10}{'inputs':>8}  findings"


def fuzzed(name: str, seconds: int) -> tuple[str, int]:
    """Fuzzes one decoder; its line of the table, and how many findings there are."""
    findings = BUILD / "findings"
    findings.mkdir(parents=True, exist_ok=True)
    known = set(findings.glob(f"{name}-*"))
    log = BUILD / f"{name}.log"
    with log.open("wb") as written:
        subprocess.run(
            [
                PYTHON, HERE / "one.py", name, f"-max_total_time={seconds}",
                f"-max_len={LONGEST}", "-timeout=120", "-report_slow_units=120",
                "-rss_limit_mb=2048",
                f"-artifact_prefix={findings}/{name}-", BUILD / "corpus" / name,
            ],
            stdout=written, stderr=subprocess.STDOUT, timeout=seconds + GRACE_S, check=False,
        )  # fmt: skip
    new = sorted(path.name for path in set(findings.glob(f"{name}-*")) - known)
    done = DONE.search(log.read_text(errors="replace"))
    if not done:
        return f"{name:<12}  ended early, see {log.relative_to(ROOT)}: {' '.join(new)}", 1
    runs, branches, _, inputs = map(int, done.groups())
    line = f"{name:<12}{runs:>12}{runs // seconds:>10}{branches:>10}{inputs:>8}  {len(new)}"
    return line, len(new)


def main() -> None:
    """Run them and print the table."""
    all_names = sorted(path.name for path in (BUILD / "corpus").iterdir() if path.is_dir())
    names = sys.argv[1:] or all_names
    if unknown := set(names) - set(all_names):
        sys.exit(f"no seeds for {', '.join(sorted(unknown))}; there are {', '.join(all_names)}")
    seconds, jobs = int(os.environ.get("SECONDS") or 600), int(os.environ.get("JOBS") or 1)
    lines, found = [f"{seconds} s a decoder", HEAD], 0
    print(*lines, sep="\n", flush=True)
    with ThreadPoolExecutor(jobs) as pool:
        for line, count in pool.map(lambda name: fuzzed(name, seconds), names):
            print(line, flush=True)
            lines.append(line)
            found += count
    (BUILD / "results.txt").write_text("\n".join(lines) + "\n")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
