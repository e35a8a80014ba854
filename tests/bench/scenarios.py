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
from tables import EVERY, HERE, PROJECT

DAYS = [f"2025-09-{day:02}" for day in range(1, 31)]
TODAY = "2025-10-01"

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
        row |= {"contender": contender, "round": turn} | asdict(figures) | more
        del row["output"]
        self.note(row)

    def compared(self, dates: list[str], project: Path = PROJECT):
        """Has every rival write its tables once, and ends everything if one of them is not the pipeline's."""
        lake = self.place("hubcensus")
        measure(self.pipeline.command(self.snapshots, dates, lake, project), PROJECT)
        for rival in self.rivals:
            out = self.place(rival.name)
            measure(rival.command(self.snapshots, dates, out, project), PROJECT)
            for date in dates:
                where = ["--lake", str(lake), "--rival", str(out / date), "--date", date]
                tables = [word for table in rival.tables() for word in ("--table", table)]
                command = [sys.executable, str(HERE / "compare.py"), *where, *tables]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode:
                    raise Failed(f"{rival.name}, {date}: not the same tables\n{done.stdout}{done.stderr}")
            print(f"  {rival.name}: {len(rival.tables())} tables are the same", flush=True)

    def in_turn(self, scenario: str, dates: list[str], project: Path = PROJECT, lake: Path | None = None):
        """Rounds of all contenders; the pipeline into a copy of `lake`, if it is to find one."""
        for turn in range(1, self.rounds + 1):
            out = self.place("hubcensus")
            if lake:
                copy(lake, out)
            figures = measure(self.pipeline.command(self.snapshots, dates, out, project), PROJECT, out)
            self.keep(scenario, self.pipeline.name, turn, figures)
            for rival in self.rivals:
                out = self.place(rival.name)
                figures = measure(rival.command(self.snapshots, dates, out, project), PROJECT, out)
                self.keep(scenario, rival.name, turn, figures, missing=len(rival.missing()))

    def lake(self, dates: list[str]) -> Path:
        """A lake that has these snapshots already, made where it is copied to: a lake knows its files by their paths."""
        made = self.place("hubcensus")
        measure(self.pipeline.command(self.snapshots, dates, made), PROJECT)
        lake = self.work / "lakes" / f"{self.snapshots.models}-{self.snapshots.format}-{len(dates)}"
        shutil.rmtree(lake, ignore_errors=True)
        lake.parent.mkdir(parents=True, exist_ok=True)
        return made.rename(lake)


def one(bench: Bench):
    bench.generate([TODAY])
    bench.compared([TODAY])
    bench.in_turn("one", [TODAY])


def every(bench: Bench):
    """All tables that SQL can be asked for, by the pipeline and by DuckDB; the other rivals have only the core job."""
    rivals = [Rival("duckdb_every", asked=EVERY)]
    bench = replace(bench, pipeline=Pipeline(bench.pipeline.binary, EVERY), rivals=rivals)
    bench.generate([TODAY])
    bench.compared([TODAY])
    bench.in_turn("every", [TODAY])


def after_thirty(bench: Bench):
    """The rivals know nothing of earlier snapshots: the core job asks none."""
    bench.generate([*DAYS, TODAY])
    bench.compared([TODAY])
    bench.in_turn("after_thirty", [TODAY], lake=bench.lake(DAYS))


def thirty(bench: Bench):
    bench.generate([*DAYS, TODAY])
    bench.compared(DAYS[:2])
    bench.in_turn("thirty", DAYS)


def nothing(bench: Bench):
    """All tables of thirty snapshots are there; the rivals keep no books, and are not asked to do everything again."""
    bench = replace(bench, pipeline=Pipeline(bench.pipeline.binary, []))
    bench.generate([*DAYS, TODAY])
    lake, out = bench.lake(DAYS), bench.place("hubcensus")
    copy(lake, out)
    for turn in range(1, bench.rounds + 1):
        figures = measure(bench.pipeline.command(bench.snapshots, DAYS, out), PROJECT, out)
        bench.keep("nothing", bench.pipeline.name, turn, figures)


def reference(bench: Bench):
    """One row of a reference table is another; the rivals make everything again."""
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
    """DuckDB decodes the columns that are read and encodes those that are written, once each; nothing between."""
    bench.generate([TODAY])
    lake = bench.place("hubcensus")
    measure(bench.pipeline.command(bench.snapshots, [TODAY], lake), PROJECT)
    for turn in range(1, bench.rounds + 1):
        out = bench.place("floor")
        where = ["--lake", str(lake), "--out", str(out), "--date", TODAY, "--format", bench.snapshots.format]
        command = [sys.executable, str(RIVALS / "duckdb" / "floor.py"), "--raw", bench.snapshots.location, *where]
        figures = measure(command, PROJECT, out)
        # Only it knows which part of its time counts: what it writes has first to be read from the lake.
        figures.wall_seconds, figures.cpu_seconds = json.loads(figures.output)
        bench.keep("floor", "duckdb", turn, figures)


def binary(bench: Bench):
    """What comes before any data."""
    for scenario, words in {"help": ["--help"], "check": ["check", "--project", str(PROJECT)]}.items():
        for turn in range(1, bench.rounds + 1):
            figures = measure([str(bench.pipeline.binary), *words], PROJECT)
            bench.keep(scenario, bench.pipeline.name, turn, figures)


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
