"""The core job in DuckDB: one process, one database in memory, every table written as the pipeline writes it.

Tuned as DuckDB's guides to performance advise: each file is read once, into tables that hold only what later steps
need; no correlated subqueries; numbers in place of names in joins, groups and sorts; tables that are kept in the order
in which they are written, so that the wide ones are sorted once.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import common  # noqa: E402

SQL = Path(__file__).resolve().parent / "sql"
STEPS = Path(__file__).resolve().parent / "steps.txt"


def main():
    days(steps(), run)


def days(steps: list[tuple], run: Callable):
    """Runs the steps for each date that is asked for, in a database of its own."""
    asked = common.parser()
    asked.add_argument("--timings", action="store_true", help="say how long each step takes")
    arguments = asked.parse_args()
    for date in arguments.dates:
        duck = connect(arguments.project, arguments.parameters)
        duck.execute("SET VARIABLE raw = $1", [arguments.raw.replace("{date}", date)])
        duck.execute("SET VARIABLE snapshot_date = CAST($1 AS DATE)", [date])
        out = arguments.out / date
        out.mkdir(parents=True)
        for kind, name, *more in steps:
            begun, busy = time.perf_counter(), time.process_time()
            run(duck, kind, name, *more, arguments.format, out)
            if arguments.timings:
                seconds, cpu = time.perf_counter() - begun, time.process_time() - busy
                print(f"{seconds:8.3f} s  {cpu:8.3f} s of processors  {kind:6} {name}")
        if date != arguments.dates[-1]:
            duck.close()
    common.end()


def steps() -> list[tuple[str, str]]:
    lines = STEPS.read_text(encoding="utf-8").splitlines()
    return [tuple(line.split()) for line in lines if line and not line.startswith("#")]


def sql(name: str) -> str:
    return (SQL / f"{name}.sql").read_text(encoding="utf-8")


def connect(project: Path, parameters: dict[str, object]) -> duckdb.DuckDBPyConnection:
    duck = duckdb.connect()
    duck.execute("SET TimeZone = 'UTC'")
    duck.execute("SET VARIABLE root = $1", [str(project)])
    for name, value in parameters.items():
        duck.execute(f"SET VARIABLE {name} = $1", [value])
    duck.execute(sql("macros"))
    return duck


def run(duck: duckdb.DuckDBPyConnection, kind: str, name: str, format: str, out: Path):
    """`table` and `view` are of the database, `drop` ends one, `write` is a file, `set` is run as it stands."""
    if kind == "set":
        duck.execute(sql(name))
    elif kind == "write":
        path = out / f"{name}.parquet"
        duck.execute(f"COPY ({sql(name)}) TO '{path}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)")
    elif kind == "drop":
        duck.execute(f"DROP TABLE {name}")
    elif name == "source":
        duck.execute(f"CREATE TEMP VIEW source AS {source(duck, format)}")
    else:
        query = sql(f"ingested_{format}") if name == "ingested" else sql(name)
        duck.execute(f"CREATE TEMP {kind.upper()} {name} AS {query}")


def source(duck: duckdb.DuckDBPyConnection, format: str) -> str:
    if format == "ndjson":
        return sql("source_ndjson")
    types = "SELECT unnest(safetensors.parameters) FROM read_parquet(getvariable('raw')) LIMIT 0"
    names = [column for column, *_ in duck.execute(types).description]
    entries = ", ".join(f"'{name}=' || safetensors.parameters.\"{name}\"" for name in names)
    return sql("source_parquet").replace("{entries}", entries)


if __name__ == "__main__":
    main()
