"""The core job in DuckDB: one process, one database in memory, every table written as the pipeline writes it.

Tuned as DuckDB's guides to performance advise: each file is read once, into tables that hold only what later steps
need; no correlated subqueries; numbers in place of names in joins, groups and sorts; tables that are kept in the order
in which they are written, so that the wide ones are sorted once.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

import duckdb

SQL = Path(__file__).resolve().parent / "sql"
STEPS = Path(__file__).resolve().parent / "steps.txt"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--raw", required=True, help="with {date} in it")
    parser.add_argument("--format", choices=["parquet", "ndjson"], required=True)
    parser.add_argument("--dates", required=True, help="with commas between")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--parameters", type=json.loads, required=True, help="name and value, as JSON")
    parser.add_argument("--timings", action="store_true", help="say how long each step takes")
    arguments = parser.parse_args()
    for date in arguments.dates.split(","):
        duck = connect(arguments.project, arguments.parameters)
        duck.execute("SET VARIABLE raw = $1", [arguments.raw.replace("{date}", date)])
        duck.execute("SET VARIABLE snapshot_date = CAST($1 AS DATE)", [date])
        out = arguments.out / date
        out.mkdir(parents=True)
        for kind, name in steps():
            begun, busy = time.perf_counter(), time.process_time()
            run(duck, kind, name, arguments.format, out)
            if arguments.timings:
                seconds, cpu = time.perf_counter() - begun, time.process_time() - busy
                print(f"{seconds:8.3f} s  {cpu:8.3f} s of processors  {kind:6} {name}")
        if date != arguments.dates.split(",")[-1]:
            duck.close()
    # Every file is closed; what is in memory need not be freed piece by piece.
    sys.stdout.flush()
    os._exit(0)


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
