"""Whether a contender's files are the pipeline's, column for column and row for row, in the same order.

Runs as a process of its own: what it holds in memory must not count for what is measured (see measure.py).
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tables import CORE

# Shares are divisions of equal integers; sums of them do not occur.
TOLERANCE = 1e-12
SHOWN = 3


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lake", type=Path, required=True, help="where the pipeline wrote")
    parser.add_argument("--rival", type=Path, required=True, help="where the contender wrote")
    parser.add_argument("--date", required=True)
    parser.add_argument("--table", action="append", help="only this table, and those given likewise")
    arguments = parser.parse_args()
    wrong = 0
    for table in arguments.table or CORE:
        for line in differences(ours(arguments.lake, table, arguments.date), arguments.rival / f"{table}.parquet"):
            print(f"{table}: {line}")
            wrong += 1
    return 1 if wrong else 0


def ours(lake: Path, table: str, date: str) -> Path:
    stage, name = table.split(".")
    return lake / stage / name / f"snapshot_date={date}" / "part-00000.parquet"


def differences(made: Path, other: Path) -> Iterator[str]:
    """One line for each column that is not the same; nothing if the files are."""
    if not other.exists():
        yield "not written"
        return
    ours, theirs = pq.ParquetFile(made), pq.ParquetFile(other)
    columns = [name for name in ours.schema_arrow.names if name != "observed_date"]
    if columns != theirs.schema_arrow.names:
        yield f"columns {theirs.schema_arrow.names} where there should be {columns}"
        return
    if ours.metadata.num_rows != theirs.metadata.num_rows:
        yield f"{theirs.metadata.num_rows} rows where there should be {ours.metadata.num_rows}"
        return
    if not ours.metadata.num_rows:
        yield "no rows, so that nothing is compared"
        return
    key = columns[:6]
    for column in columns:
        here, there = column_of(ours, column), column_of(theirs, column)
        if here.type != there.type:
            yield f"{column}: {there.type} where there should be {here.type}"
            continue
        unlike = np.flatnonzero(~same(here, there))
        if len(unlike):
            yield f"{column}: {len(unlike)} values differ: " + "; ".join(
                f"{there[row].as_py()!r} where there should be {here[row].as_py()!r} at row {row} "
                f"{[column_of(ours, name)[row].as_py() for name in key]}"
                for row in map(int, unlike[:SHOWN])
            )


def column_of(file: pq.ParquetFile, column: str) -> pa.Array:
    """A column under the one type that several spellings of it have."""
    values = file.read(columns=[column]).column(column).combine_chunks()
    return values.cast(plain(values.type))


def plain(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return plain(kind.value_type)
    if pa.types.is_string(kind) or pa.types.is_string_view(kind) or pa.types.is_large_string(kind):
        return pa.large_string()
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us")
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pa.large_list(pa.field("element", plain(kind.value_type)))
    return kind


def same(here: pa.Array, there: pa.Array) -> np.ndarray:
    """Row for row: null beside null, the same list, numbers but for the last digits of a fraction."""
    nulls = numpy(pc.and_(pc.is_null(here), pc.is_null(there)))
    filled = numpy(pc.and_(pc.is_valid(here), pc.is_valid(there)))
    if pa.types.is_large_list(here.type):
        return nulls | (filled & same_lists(here, there))
    if pa.types.is_floating(here.type):
        a, b = here.to_numpy(zero_copy_only=False), there.to_numpy(zero_copy_only=False)
        return nulls | (filled & np.isclose(a, b, rtol=TOLERANCE, atol=0.0, equal_nan=True))
    return nulls | numpy(pc.fill_null(pc.equal(here, there), False))


def same_lists(here: pa.Array, there: pa.Array) -> np.ndarray:
    lengths = numpy(
        pc.equal(pc.fill_null(pc.list_value_length(here), -1), pc.fill_null(pc.list_value_length(there), -1))
    )
    if not lengths.all():
        return lengths
    values = same(pc.list_flatten(here), pc.list_flatten(there))
    ends = np.cumsum(pc.fill_null(pc.list_value_length(here), 0).to_numpy(zero_copy_only=False))
    wrong = np.concatenate(([0], np.cumsum(~values)))
    before = np.concatenate(([0], ends[:-1]))
    return wrong[ends] == wrong[before]


def numpy(array: pa.Array) -> np.ndarray:
    return array.to_numpy(zero_copy_only=False).astype(bool)


if __name__ == "__main__":
    sys.exit(main())
