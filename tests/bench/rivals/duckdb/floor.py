"""The least that the core job could cost DuckDB: decoding the columns read, encoding the columns written, once each.

Prints the seconds, and the seconds of processors, of these two alone: that what is encoded comes from files too does
not count.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from job import connect, source  # noqa: E402
from tables import CORE, PROJECT, parameters  # noqa: E402

# Columns that a staged table carries as another has them.
CARRIED = {
    "normalize.models": "id",
    "enrich.models": "id, account, entity, entity_type, country, continent, eu_group, created_at, last_modified, "
    "downloads_30d, downloads_all_time, likes, trending_score",
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--raw", required=True)
    parser.add_argument("--format", choices=["parquet", "ndjson"], required=True)
    parser.add_argument("--lake", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--date", required=True)
    arguments = parser.parse_args()
    duck = connect(PROJECT, parameters())
    duck.execute("SET VARIABLE raw = $1", [arguments.raw.replace("{date}", arguments.date)])
    seconds = [0.0, 0.0]
    timed(duck, decoding(duck, arguments.format), seconds)
    duck.execute("RESET disabled_optimizers")
    for table in CORE:
        stage, name = table.split(".")
        file = arguments.lake / stage / name / f"snapshot_date={arguments.date}" / "part-00000.parquet"
        without = f"observed_date, {CARRIED[table]}" if table in CARRIED else "observed_date"
        duck.execute(f"CREATE TEMP TABLE written AS SELECT * EXCLUDE ({without}) FROM read_parquet('{file}')")
        path = arguments.out / f"{table}.parquet"
        timed(duck, f"COPY written TO '{path}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)", seconds)
        duck.execute("DROP TABLE written")
    print(json.dumps(seconds))


def decoding(duck: duckdb.DuckDBPyConnection, kind: str) -> str:
    """A query that has every column of the source in its hands and does nothing with it.

    Leaves DuckDB without what would tell it from the file that a column has no nulls: it would count its rows without
    reading it.
    """
    duck.execute("SET disabled_optimizers = 'statistics_propagation'")
    if kind == "ndjson":
        reader = source(duck, kind)
        reader = reader[reader.index("read_json") :]
    else:
        reader = "read_parquet(getvariable('raw'))"
    columns = [column for column, *_ in duck.execute(f"SELECT * FROM {reader} LIMIT 0").description]
    return "SELECT " + ", ".join(f'count("{column}")' for column in columns) + f" FROM {reader}"


def timed(duck: duckdb.DuckDBPyConnection, query: str, seconds: list[float]):
    begun, busy = time.perf_counter(), time.process_time()
    duck.execute(query).fetchall()
    seconds[0] += time.perf_counter() - begun
    seconds[1] += time.process_time() - busy


if __name__ == "__main__":
    main()
