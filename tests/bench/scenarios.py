"""What is measured: one snapshot, every table of it, one after thirty, thirty at once, nothing new, and the rest."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from contenders import RIVALS, Input, Pipeline, Rival
from measure import Failed, Measure, measure
from order import rotated
from tables import HERE, PROJECT, all_tables

DAYS = [f"2025-09-{day:02}" for day in range(1, 31)]
TODAY = "2025-10-01"

# Under what the figures of `started` are kept.
START = "start"

# The row that `reference` changes: an account with models goes to another entity, which nearly every table shows.
CHANGED = ("data/reference/accounts.csv", "google-t5,Google,", "google-t5,Hugging Face,")


@dataclass
class Bench:
    pipeline: Pipeline
    rivals: list[Rival]
    snapshots: Input
    work: Path
    rounds: int
    note: Callable[[dict], None]
    # The Python of what is DuckDB's beside the rivals.
    duckdb: str = sys.executable

    def generate(self, dates: list[str]):
        """The snapshots themselves, once for all contenders; `models` is how many the last date has."""
        if all(self.snapshots.file(date).exists() for date in dates):
            return
        span = dates[0] if len(dates) == 1 else f"{dates[0]}..{dates[-1]}"
        command = [
            str(self.pipeline.binary),
            "sample",
            "--project",
            str(PROJECT),
            "--models",
            str(self.snapshots.models),
        ]
        where = ["--dates", span, "--shape", self.snapshots.shape, "--out", str(self.snapshots.directory)]
        subprocess.run([*command, *where], check=True, stdout=subprocess.DEVNULL)

    def place(self, name: str) -> Path:
        """An empty directory."""
        path = self.work / "out" / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        return path

    def keep(self, scenario: str, contender: str, turn: int, figures: Measure, **more: object):
        row = {"scenario": scenario, "models": self.snapshots.models, "format": self.snapshots.format}
        self.note(row | figured(contender, turn, figures) | more)

    def compared(self, dates: list[str], project: Path = PROJECT):
        """Has every contender write its tables once, and ends everything if one's are not the pipeline's."""
        for contender in [self.pipeline, *self.rivals]:
            measure(contender.command(self.snapshots, dates, self.place(contender.name), project), PROJECT)
        for rival in self.rivals:
            self.same(rival, dates)
            print(f"  {rival.name}: {len(rival.tables())} tables are the same", flush=True)

    def same(self, rival: Rival, dates: list[str]):
        """Fails if what a rival wrote last is not what the pipeline wrote last."""
        lake, out = (self.work / "out" / name for name in (self.pipeline.name, rival.name))
        for date in dates:
            where = ["--lake", str(lake), "--rival", str(out / date), "--date", date]
            tables = [word for table in rival.tables() for word in ("--table", table)]
            command = [sys.executable, str(HERE / "compare.py"), *where, *tables]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise Failed(f"{rival.name}, {date}: not the same tables\n{done.stdout}{done.stderr}")

    def in_turn(
        self,
        scenario: str,
        dates: list[str],
        project: Path = PROJECT,
        lake: Path | None = None,
        compared: list[str] | None = None,
    ):
        """Rounds of all contenders, whose order rotates; the pipeline into a copy of `lake`, if it is to find one.

        What the last round wrote is compared: it is what was timed, and it may have begun with a lake, which the
        comparison before did not. `compared` are those of the dates that are.
        """
        for turn in range(1, self.rounds + 1):
            for place, contender in enumerate(rotated([self.pipeline, *self.rivals], turn), 1):
                out = self.place(contender.name)
                if lake and contender is self.pipeline:
                    copy(lake, out)
                figures = measure(contender.command(self.snapshots, dates, out, project), PROJECT, out)
                if not figures.bytes_written:
                    raise Failed(f"{scenario}: {contender.name} wrote nothing, so its time is of nothing")
                missing = {"missing": len(contender.missing())} if isinstance(contender, Rival) else {}
                self.keep(scenario, contender.name, turn, figures, place=place, **missing)
        for rival in self.rivals:
            self.same(rival, compared or dates)

    def lake(self, dates: list[str]) -> Path:
        """A lake that has these snapshots already, made where it is copied to: a lake knows its files by their paths."""
        made = self.place("hubcensus")
        measure(self.pipeline.command(self.snapshots, dates, made), PROJECT)
        lake = self.work / "lakes" / f"{self.snapshots.models}-{self.snapshots.format}-{len(dates)}"
        shutil.rmtree(lake, ignore_errors=True)
        lake.parent.mkdir(parents=True, exist_ok=True)
        return made.rename(lake)


def started(contenders: list[Pipeline | Rival], rounds: int, note: Callable[[dict], None]):
    """What it costs to start each contender, which is in each of its other figures."""
    for contender in contenders:
        # Once before, so that neither the disk nor Python's compiler is measured.
        measure(contender.start(), PROJECT)
    for turn in range(1, rounds + 1):
        for place, contender in enumerate(rotated(contenders, turn), 1):
            figures = measure(contender.start(), PROJECT)
            note({"scenario": START} | figured(contender.name, turn, figures) | {"place": place})


def figured(contender: str, turn: int, figures: Measure) -> dict[str, object]:
    row = {"contender": contender, "round": turn} | asdict(figures)
    del row["output"]
    return row


# The first sentences of these are in the report.


def one(bench: Bench):
    """The core job on one snapshot, into an empty place."""
    bench.generate([TODAY])
    bench.compared([TODAY])
    bench.in_turn("one", [TODAY])


def every(bench: Bench):
    """All tables of one snapshot that SQL can be asked for, by the pipeline and by DuckDB; the other rivals have only
    the core job.
    """
    bench = replace(bench, pipeline=Pipeline(bench.pipeline.binary, all_tables()), rivals=[oracle(bench.duckdb)])
    bench.generate([TODAY])
    bench.compared([TODAY])
    bench.in_turn("every", [TODAY])


def oracle(python: str) -> Rival:
    return Rival("duckdb_every", python, all_tables())


def after_thirty(bench: Bench):
    """The core job on one snapshot, by the pipeline into a lake that has thirty earlier ones; the rivals know nothing
    of these, and the core job asks nothing of them.
    """
    bench.generate([*DAYS, TODAY])
    bench.compared([TODAY])
    bench.in_turn("after_thirty", [TODAY], lake=bench.lake(DAYS))


def thirty(bench: Bench):
    """The core job on thirty snapshots in one call, so that Python is started once for all of them."""
    bench.generate([*DAYS, TODAY])
    bench.compared(DAYS[:2])
    bench.in_turn("thirty", DAYS, compared=[DAYS[0], DAYS[-1]])


def nothing(bench: Bench):
    """All tables of thirty snapshots are there, so that there is nothing to do; the rivals keep no books, and are not
    asked to do everything again.
    """
    bench = replace(bench, pipeline=Pipeline(bench.pipeline.binary, []))
    bench.generate([*DAYS, TODAY])
    lake, out = bench.lake(DAYS), bench.place("hubcensus")
    copy(lake, out)
    for turn in range(1, bench.rounds + 1):
        figures = measure(bench.pipeline.command(bench.snapshots, DAYS, out), PROJECT, out)
        if figures.bytes_written:
            raise Failed(f"nothing: the pipeline made tables again\n{figures.output}")
        bench.keep("nothing", bench.pipeline.name, turn, figures)


def reference(bench: Bench):
    """One row of a reference table is another: the pipeline makes again what depends on it, the rivals, which know
    nothing of what they made before, everything.
    """
    bench.generate([TODAY])
    lake = bench.lake([TODAY])
    project = bench.place("project")
    for part in ("pipelines", "data"):
        shutil.copytree(PROJECT / part, project / part)
    name, before, after = CHANGED
    text = (project / name).read_text(encoding="utf-8")
    if before not in text:
        raise Failed(f"{name} has no row that begins with {before}")
    (project / name).write_text(text.replace(before, after), encoding="utf-8")
    bench.compared([TODAY], project)
    bench.in_turn("reference", [TODAY], project, lake)


def floor(bench: Bench):
    """The least that the core job could cost DuckDB: it decodes the columns that are read and encodes those that are
    written, once each, with nothing between; only the time of these two is counted, neither Python's start nor memory.
    """
    bench.generate([TODAY])
    lake = bench.place("hubcensus")
    measure(bench.pipeline.command(bench.snapshots, [TODAY], lake), PROJECT)
    for turn in range(1, bench.rounds + 1):
        out = bench.place("floor")
        where = ["--lake", str(lake), "--out", str(out), "--date", TODAY, "--format", bench.snapshots.format]
        command = [bench.duckdb, str(RIVALS / "duckdb" / "floor.py"), "--raw", bench.snapshots.location, *where]
        figures = measure(command, PROJECT, out)
        # Only it knows which part of its time counts, and no part of its memory does: what it writes has first to be
        # read from the lake.
        figures.wall_seconds, figures.cpu_seconds = json.loads(figures.output)
        figures.peak_bytes = 0
        bench.keep("floor", "duckdb", turn, figures)


def binary(bench: Bench):
    """What comes before any data: the pipeline's help, and its check of its files."""
    for words in (["--help"], ["check", "--project", str(PROJECT)]):
        for turn in range(1, bench.rounds + 1):
            figures = measure([str(bench.pipeline.binary), *words], PROJECT)
            bench.keep("binary", f"{bench.pipeline.name} {words[0]}", turn, figures)


SCENARIOS: dict[str, Callable[[Bench], None]] = {
    "one": one,
    "every": every,
    "after_thirty": after_thirty,
    "thirty": thirty,
    "nothing": nothing,
    "reference": reference,
    "floor": floor,
    "binary": binary,
}


def copy(lake: Path, to: Path):
    """A lake of its own: partitions are never written in place, so that they can be shared; all else is copied."""
    shutil.rmtree(to)
    shutil.copytree(
        lake, to, copy_function=lambda a, b: os.link(a, b) if a.endswith(".parquet") else shutil.copy2(a, b)
    )
