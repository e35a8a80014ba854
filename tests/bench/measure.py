"""One process from outside: how long it took, how much of the processors and of memory, what it left on the disk.

The kernel counts the pages of the process that starts another towards the peak of that other, until its program has
been loaded. So each process that is measured is started by a small one, which is this file run as a program: nothing
that the benchmark itself has in memory shows in a figure. What needs less than that small process (some 15 MB) is
given its size.
"""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path


class Failed(Exception):
    """A contender that did not end well, with all that it said."""


@dataclass
class Measure:
    wall_seconds: float
    # User and system time of the process and of all that it waited for.
    cpu_seconds: float
    # Of the largest process, if there are several.
    peak_bytes: int
    bytes_written: int
    # How many processes wanted a processor while it ran; more than there are processors disturbs.
    load: float
    output: str


def measure(command: list[str], cwd: Path, written: Path | None = None) -> Measure:
    """Runs a command; `written` is where it leaves its files."""
    before = files(written) if written else {}
    # What others wrote goes to the disk now, and not in this one's time.
    os.sync()
    starter = [sys.executable, "-I", "-S", __file__, *command]
    # Its own output is the figures; what the command says, on either stream, comes by the other.
    done = subprocess.run(starter, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    output = done.stderr.decode(errors="replace")
    # Nothing is counted of what could not be started.
    counted = json.loads(done.stdout or '{"code": "no start"}')
    code = counted.pop("code")
    if code:
        raise Failed(f"{' '.join(command)}\nended with {code}\n{output}")
    return Measure(
        **counted,
        bytes_written=sum(size for file, size in files(written).items() if file not in before) if written else 0,
        output=output,
    )


def files(place: Path) -> dict[tuple, int]:
    """The size of every table below a directory, under what is another when it is written anew."""
    found = {}
    for path in place.rglob("*.parquet"):
        state = path.stat()
        found[path, state.st_ino, state.st_mtime_ns] = state.st_size
    return found


def start(command: list[str]):
    """Runs a command, and prints the code that it ended with (a signal as a negative one) and what was counted."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=sys.stderr.fileno())
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    counted = {
        "code": process.returncode,
        "wall_seconds": seconds,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_bytes": usage.ru_maxrss * 1024,
        "load": os.getloadavg()[0],
    }
    print(json.dumps(counted))


if __name__ == "__main__":
    start(sys.argv[1:])
