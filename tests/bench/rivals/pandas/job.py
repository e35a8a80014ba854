"""The core job in pandas: vectorised operations on integer codes, with texts and lists in Arrow's memory.

Written as pandas' user guide advises for speed and for large data: no `apply`, no loops over rows; only the columns
that are needed, read and written by pyarrow; texts that repeat as categories, so that grouping, joining and sorting
go by their codes, and whatever is asked of a text is asked once for each distinct one; groups by one integer key,
unsorted where the order does not matter; NumPy where plain arrays do; copies only on write. A thread of its own writes
the files, since Arrow holds no lock while it encodes.
"""

import argparse
import json
import os
from datetime import date
from pathlib import Path

from published import publish
from read import reference, rows
from staged import staged
from write import Writer


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
        with Writer(out) as write:
            facts = reference(arguments.project, date.fromisoformat(day))
            ingest = rows(arguments.raw.replace("{date}", day), arguments.format)
            write("ingest.models", ingest.columns)
            steps = staged(ingest, facts, arguments.parameters, write)
            publish(steps, ingest, facts, arguments.parameters, date.fromisoformat(day), write)
    # Every file is closed; what is in memory need not be freed piece by piece.
    os._exit(0)


if __name__ == "__main__":
    main()
