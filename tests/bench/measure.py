"""One process from outside: how long it took, how much of the processors and of memory, what it left on the disk.

What is measured here must stay small in memory: the kernel counts the pages of the process that starts another
towards the peak of that other, until its program has been loaded.
"""

import os
import subprocess
import tempfile
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
    with tempfile.TemporaryFile() as said:
        begun = time.perf_counter()
        process = subprocess.Popen(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        output = said.read().decode(errors="replace")
    if process.returncode:
        raise Failed(f"{' '.join(command)}\nended with {process.returncode}\n{output}")
    return Measure(
        wall_seconds=seconds,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_bytes=usage.ru_maxrss * 1024,
        bytes_written=sum(size for file, size in files(written).items() if file not in before) if written else 0,
        load=os.getloadavg()[0],
        output=output,
    )


def files(place: Path) -> dict[tuple, int]:
    """The size of every table below a directory, under what is another when it is written anew."""
    found = {}
    for path in place.rglob("*.parquet"):
        state = path.stat()
        found[path, state.st_ino, state.st_mtime_ns] = state.st_size
    return found
