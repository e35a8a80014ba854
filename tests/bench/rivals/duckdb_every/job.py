"""Every table of a snapshot that SQL can be asked for, in DuckDB: the core job by ../duckdb, the rest by the oracle.

One process, one database in memory. The oracle's queries were written to be compared with, not to be quick; here they
are given tables of the core job in place of steps of their own, under the names that they know.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb

HERE = Path(__file__).resolve().parent
ORACLE = HERE.parents[2] / "oracle"
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "duckdb")]

import job as core  # noqa: E402


def main():
    core.days(list(steps()), run)


def run(duck: duckdb.DuckDBPyConnection, kind: str, name: str, sql: Path | None, format: str, out: Path):
    """A step of the core job, or one of those here."""
    if sql is None:
        core.run(duck, kind, name, format, out)
    else:
        duck.execute(statement(kind, name, sql.read_text(encoding="utf-8"), out))


def steps() -> Iterator[tuple[str, str, Path | None]]:
    """Kind and name of each step, and where its SQL is, if it is not one of the core job."""
    lines = (HERE / "steps.txt").read_text(encoding="utf-8").splitlines()
    own = [line.split() for line in lines if line and not line.startswith("#")]
    kept = {name for kind, name, *_ in own if kind == "keep"}
    before = {words[2]: words for words in own if len(words) == 3}
    for kind, name in core.steps():
        if kind == "drop" and name in before:
            yield before[name][0], before[name][1], HERE / "sql" / f"{before[name][1]}.sql"
        if kind != "drop" or name not in kept:
            yield kind, name, None
    for kind, name in (words for words in own if len(words) == 2 and words[0] != "keep"):
        yield kind, name, place(kind, name)


def place(kind: str, name: str) -> Path | None:
    if kind == "drop":
        return None
    if kind == "step":
        return ORACLE / "steps" / f"{name}.sql"
    return ORACLE / f"{name.split('.')[1]}.sql" if kind == "write" else HERE / "sql" / f"{name}.sql"


def statement(kind: str, name: str, sql: str, out: Path) -> str:
    if kind == "step":
        return sql
    if kind == "write":
        query = sql.rstrip().removesuffix(";")
        return f"COPY ({query}) TO '{out / name}.parquet' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"
    return f"CREATE TEMP {kind.upper()} {name} AS {sql}"


if __name__ == "__main__":
    main()
