"""Who is measured, and how each is asked for the core job."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tables import CORE, HERE, PROJECT, parameters

RIVALS = HERE / "rivals"

# What the programs of each rival import beside Python's own: no more is measured as the time to start them.
IMPORTS = {
    "duckdb": ["duckdb"],
    "duckdb_every": ["duckdb"],
    "polars": ["polars"],
    "pandas": ["numpy", "pandas", "pyarrow", "pyarrow.compute", "pyarrow.json", "pyarrow.parquet"],
    "dbt": ["duckdb", "dbt.adapters.duckdb.connections", "dbt.cli.main", "dbt.contracts.graph.manifest"],
}

# Whose version is told with the figures; without one of its own here, the package is named as the rival.
PACKAGES = {
    "duckdb_every": ["duckdb"],
    "pandas": ["pandas", "numpy", "pyarrow"],
    "dbt": ["dbt-core", "dbt-duckdb", "duckdb"],
}

VERSIONS = """
import platform, sys
from importlib.metadata import version
print("Python", platform.python_version(), *(f"· {name} {version(name)}" for name in sys.argv[1:]))
"""


@dataclass(frozen=True)
class Input:
    """Snapshots that were generated for the measurement."""

    models: int
    format: str
    directory: Path

    @property
    def source(self) -> str:
        return {"parquet": "hub-stats", "ndjson": "hub-api"}[self.format]

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
    """The binary itself, asked for some tables and all that they need."""

    name = "hubcensus"

    def __init__(self, binary: Path, asked: list[str] = CORE):
        self.binary = binary
        self.asked = asked

    def start(self) -> list[str]:
        """What does nothing but start it."""
        return [str(self.binary), "--version"]

    def versions(self) -> str:
        # The path tells a build for debugging from one for use.
        return f"{said(self.start())} ({self.binary})"

    def command(self, snapshots: Input, dates: list[str], out: Path, project: Path = PROJECT) -> list[str]:
        where = ["--project", str(project), "--lake", str(out)]
        what = ["--source", snapshots.source, "--from", snapshots.location, "--dates", ",".join(dates)]
        return [str(self.binary), "run", *where, *what, *(f"+{table}" for table in self.asked)]


class Rival:
    """A program in `rivals/`, run by a Python that has what it needs."""

    def __init__(self, name: str, python: str = sys.executable, asked: list[str] = CORE):
        self.name = name
        self.python = python
        self.asked = asked
        self.program = RIVALS / name / "job.py"

    def start(self) -> list[str]:
        """What does nothing but start its Python and import what it needs."""
        return [self.python, "-c", f"import {', '.join(IMPORTS[self.name])}"]

    def versions(self) -> str:
        packages = PACKAGES.get(self.name, [self.name])
        return said([self.python, "-c", VERSIONS, *packages])

    def command(self, snapshots: Input, dates: list[str], out: Path, project: Path = PROJECT) -> list[str]:
        where = ["--project", str(project), "--out", str(out)]
        what = ["--raw", snapshots.location, "--format", snapshots.format, "--dates", ",".join(dates)]
        # What the queries declare beside themselves; read for them, as the pipeline's files are not theirs to read.
        return [self.python, str(self.program), *where, *what, "--parameters", json.dumps(parameters())]

    def missing(self) -> set[str]:
        """Tables that it is not asked for, so that its figures are for less than the whole job."""
        path = RIVALS / self.name / "missing.txt"
        return set(path.read_text(encoding="utf-8").split()) if path.exists() else set()

    def tables(self) -> list[str]:
        return [table for table in self.asked if table not in self.missing()]


def said(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
