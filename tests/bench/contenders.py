"""Who is measured, and how each is asked for the core job."""

import sys
from dataclasses import dataclass
from pathlib import Path

from tables import CORE, HERE, PROJECT

RIVALS = HERE / "rivals"


@dataclass(frozen=True)
class Input:
    """Snapshots that were generated for the measurement."""

    models: int
    format: str
    directory: Path

    @property
    def source(self) -> str:
        return {"parquet": "hub-stats", "ndjson": "hub-api-items"}[self.format]

    @property
    def shape(self) -> str:
        return {"parquet": "hub-stats", "ndjson": "api-items"}[self.format]

    @property
    def location(self) -> str:
        name = {"parquet": "models_{date}.parquet", "ndjson": "models_{date}.generated.jsonl"}[self.format]
        return str(self.directory / name)

    def file(self, date: str) -> Path:
        return Path(self.location.replace("{date}", date))


class Pipeline:
    """The binary itself. `every` asks for all tables but those that SQL cannot be asked for."""

    name = "hubcensus"

    def __init__(self, binary: Path, every: bool = False):
        self.binary = binary
        self.every = every

    def selectors(self) -> list[str]:
        return [] if self.every else [f"+{table}" for table in CORE]

    def command(self, snapshots: Input, dates: list[str], out: Path, project: Path = PROJECT) -> list[str]:
        where = ["--project", str(project), "--lake", str(out)]
        what = ["--source", snapshots.source, "--from", snapshots.location, "--dates", ",".join(dates)]
        return [str(self.binary), "run", *where, *what, *self.selectors()]


class Rival:
    """A program in `rivals/`, run by a Python that has what it needs."""

    def __init__(self, name: str, python: str = sys.executable):
        self.name = name
        self.python = python
        self.program = RIVALS / name / "job.py"

    def command(self, snapshots: Input, dates: list[str], out: Path, project: Path = PROJECT) -> list[str]:
        where = ["--project", str(project), "--out", str(out)]
        what = ["--raw", snapshots.location, "--format", snapshots.format, "--dates", ",".join(dates)]
        return [self.python, str(self.program), *where, *what]

    def missing(self) -> set[str]:
        """Tables that it is not asked for, so that its figures are for less than the whole job."""
        path = RIVALS / self.name / "missing.txt"
        return set(path.read_text(encoding="utf-8").split()) if path.exists() else set()

    def tables(self) -> list[str]:
        return [table for table in CORE if table not in self.missing()]
