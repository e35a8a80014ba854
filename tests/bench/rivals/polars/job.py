"""The core job in Polars: lazy frames on the streaming engine, each file read once, every table written as the pipeline
writes it.

Written as Polars' user guide advises: expressions only, no Python function on values, no row-wise loops; filters and
columns left to the optimiser; what several tables need is collected once and kept narrow.
"""

import sys
from datetime import date
from pathlib import Path

import polars as pl
from published import publish
from read import reference, rows
from staged import staged

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import common  # noqa: E402


def main():
    arguments = common.parser().parse_args()
    for day in arguments.dates:
        out = arguments.out / day
        out.mkdir(parents=True)

        def write(table: str, frame: pl.LazyFrame | pl.DataFrame, out: Path = out):
            frame.lazy().sink_parquet(
                out / f"{table}.parquet", compression="zstd", compression_level=1, engine="streaming"
            )

        facts = reference(arguments.project, date.fromisoformat(day))
        constants = common.constants(arguments.format, date.fromisoformat(day))
        ingest = rows(arguments.raw.replace("{date}", day), arguments.format, constants)
        write("ingest.models", ingest.drop("n"))
        steps = staged(ingest, facts, arguments.parameters, write)
        publish(steps, ingest, facts, arguments.parameters, date.fromisoformat(day), write)
    common.end()


if __name__ == "__main__":
    main()
