"""The core job in pandas: vectorised operations on integer codes, with texts and lists in Arrow's memory.

Written as pandas' user guide advises for speed and for large data: no `apply`, no loops over rows; only the columns
that are needed, read and written by pyarrow; texts that repeat as categories, so that grouping, joining and sorting
go by their codes, and whatever is asked of a text is asked once for each distinct one; groups by one integer key,
unsorted where the order does not matter; NumPy where plain arrays do; copies only on write. A thread of its own writes
the files, since Arrow holds no lock while it encodes.
"""

import sys
from datetime import date
from pathlib import Path

from published import publish
from read import reference, rows
from staged import staged
from write import Writer

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import common  # noqa: E402


def main():
    arguments = common.parser().parse_args()
    for day in arguments.dates:
        out = arguments.out / day
        out.mkdir(parents=True)
        with Writer(out) as write:
            facts = reference(arguments.project, date.fromisoformat(day))
            constants = common.constants(arguments.format, date.fromisoformat(day))
            ingest = rows(arguments.raw.replace("{date}", day), arguments.format, constants)
            write("ingest.models", ingest.columns)
            steps = staged(ingest, facts, arguments.parameters, write)
            publish(steps, ingest, facts, arguments.parameters, date.fromisoformat(day), write)
    common.end()


if __name__ == "__main__":
    main()
