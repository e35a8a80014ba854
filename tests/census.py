"""The binary as a user has it, and what it left in a lake."""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

PROJECT = Path(__file__).resolve().parent.parent

# The pipeline files are long, and without C it takes seconds to read them.
YAML = {"Loader": getattr(yaml, "CSafeLoader", yaml.SafeLoader)}

# The snapshots of the sample that tests share.
DATES = ["2025-09-21", "2025-10-01"]

# The types of a contract, as pyarrow names them.
ARROW = {
    "utf8": pa.string(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "boolean": pa.bool_(),
    "date32": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "list<utf8>": pa.list_(pa.string()),
}


def execute(binary: Path, *arguments: object, **environment: str) -> str:
    """Runs the binary; what it printed, or a failure with all that it said."""
    command = [str(binary), *map(str, arguments)]
    done = subprocess.run(
        command, cwd=PROJECT, env=os.environ | environment, capture_output=True, text=True, timeout=1800
    )
    assert done.returncode == 0, f"{' '.join(command)}\nended with {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def run_block(text: str, folder: Path, environment: dict[str, str]) -> None:
    """Runs a block of Python as a reader pastes it, up to its last line: Arrow's threads may abort an interpreter that
    ends while they still run, which a prompt and a notebook do not."""
    ending = "\nimport os as _os, sys as _sys\n_sys.stdout.flush()\n_os._exit(0)\n"
    command = [sys.executable, "-c", text + ending]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"


class Contract:
    """What a pipeline file promises of a table."""

    def __init__(self, table: str, entry: dict):
        self.table = table
        self.key: list[str] = entry["key"]
        self.sort: list[str] = entry["sort"]
        self.types: dict[str, str] = {name: column["type"] for name, column in entry["columns"].items()}
        self.nullable = {name for name, column in entry["columns"].items() if column.get("nullable")}
        # Whether it looks at other snapshots than its own, which the first one has none of.
        self.history = bool(entry.get("history"))


@cache
def entries() -> dict[str, dict]:
    """What the pipeline files say of every table that has partitions."""
    found = {}
    for path in sorted((PROJECT / "pipelines").rglob("*.yaml")):
        file = yaml.load(path.read_text(encoding="utf-8"), **YAML)
        tables = file.get("jobs") or (file.get("tables") if file["stage"] == "ingest" else None) or []
        found |= {f"{file['stage']}.{one['name']}": one for entry in tables for one in expanded(entry)}
    return found


@cache
def contracts() -> dict[str, Contract]:
    """The contract of every table that has partitions."""
    return {table: Contract(table, entry) for table, entry in entries().items()}


def parameters(table: str) -> dict[str, object]:
    """The values that a job declares beside its query, to be set without touching it."""
    return {name: parameter["value"] for name, parameter in entries()[table].get("parameters", {}).items()}


def declared(tables: list[str]) -> dict[str, object]:
    """The values of several jobs. What two of them call by one name must be one value."""
    values: dict[str, object] = {}
    for table in tables:
        for name, value in parameters(table).items():
            other = values.setdefault(name, value)
            assert other == value, f"{table} sets {name} to {value!r}, another job to {other!r}"
    return values


def expanded(entry: dict) -> list[dict]:
    """An entry without a matrix; one for each value of it with one."""
    texts = [yaml.safe_dump(entry, sort_keys=False, allow_unicode=True)]
    for name, values in entry.get("matrix", {}).items():
        texts = [text.replace("{%s}" % name, str(value)) for text in texts for value in values]
    return [yaml.load(text, **YAML) for text in texts]


class Census:
    """A lake, and the binary that fills it."""

    def __init__(self, binary: Path, lake: Path):
        self.binary = binary
        self.root = lake

    def run(self, source: str, location: str, dates: str, *more: str, **environment: str) -> str:
        """`hubcensus run` from a source into this lake; `more` may name the tables to make."""
        where = ["--source", source, "--from", location, "--dates", dates, "--lake", self.root]
        return execute(self.binary, "run", *where, *more, **environment)

    def file(self, table: str, date: str) -> Path | None:
        """The file of a partition; None if the table was skipped for that snapshot, which its manifest says."""
        manifest = self.manifest(table, date)
        if manifest.get("skipped"):
            return None
        return self.root / manifest["file"]["path"]

    def manifest(self, table: str, date: str) -> dict:
        stage, name = table.split(".")
        path = self.root / "_manifests" / stage / name / f"{date}.json"
        assert path.is_file(), f"{table} has no manifest for {date} in {self.root}"
        return json.loads(path.read_text(encoding="utf-8"))

    def read(self, table: str, date: str) -> pa.Table | None:
        """A partition as its file has it, without the hive column of the path."""
        path = self.file(table, date)
        return pq.ParquetFile(path).read() if path else None

    def files(self) -> dict[str, bytes]:
        """Every partition and every manifest, by its place."""
        paths = sorted(path for path in self.root.rglob("*") if path.suffix in (".parquet", ".json"))
        names = {str(path.relative_to(self.root)): path for path in paths}
        return {name: path.read_bytes() for name, path in names.items() if not name.startswith("_cache")}


def fill(lake: Census, sample: str, dates: str, *more: str, **environment: str) -> None:
    """Makes tables of a sample, by the place of its files, in a lake; accounts, which the archive does not have, from the
    API's items."""
    items = sample.replace(".parquet", ".generated.jsonl")
    lake.run("hub-api", items, dates, "ingest.account_facts", *more, **environment)
    lake.run("hub-stats", sample, dates, *more, **environment)
