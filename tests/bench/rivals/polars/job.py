"""The core job in Polars: lazy frames on the streaming engine, each file read once, every table written as the pipeline
writes it.

Written as Polars' user guide advises: expressions only, no Python function on values, no row-wise loops; filters and
columns left to the optimiser; what several tables need is collected once and kept narrow.
"""

import argparse
import json
import os
from datetime import date
from pathlib import Path

import polars as pl
from published import publish
from read import reference, rows
from staged import staged


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--raw", required=True, help="with {date} in it")
    parser.add_argument("--format", choices=["parquet", "ndjson"], required=True)
    parser.add_argument("--dates", required=True, help="with commas between")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--parameters", type=json.loads, required=True, help="name and value, as JSON")
    arguments = parser.parse_args()
    for day in arguments.dates.split(","):
        out = arguments.out / day
        out.mkdir(parents=True)

        def write(table: str, frame: pl.LazyFrame | pl.DataFrame, out: Path = out):
            frame.lazy().sink_parquet(
                out / f"{table}.parquet", compression="zstd", compression_level=1, engine="streaming"
            )

        facts = reference(arguments.project, date.fromisoformat(day))
        ingest = rows(arguments.raw.replace("{date}", day), arguments.format)
        write("ingest.models", ingest.drop("n"))
        steps = staged(ingest, facts, arguments.parameters, write)
        publish(steps, ingest, facts, arguments.parameters, date.fromisoformat(day), write)
    # Every file is closed; what is in memory need not be freed piece by piece.
    os._exit(0)


if __name__ == "__main__":
    main()
