"""Tables into files, on a thread of their own: pandas works on the next table while Arrow encodes the last one.

pandas' documentation leaves Parquet to pyarrow. Categories are handed over as dictionaries, which need no hashing.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

Column = pa.Array | np.ndarray | pd.Series | pd.Categorical


class Writer:
    def __init__(self, out: Path):
        self.out = out
        self.pool = ThreadPoolExecutor(1)
        self.writing: list[Future] = []

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, kind, *_):
        self.pool.shutdown()
        if kind is None:
            for done in self.writing:
                done.result()

    def __call__(self, table: str, columns: dict[str, Column]):
        self.writing.append(self.pool.submit(write, self.out / f"{table}.parquet", columns))


def write(path: Path, columns: dict[str, Column]):
    table = pa.table({name: arrow(column) for name, column in columns.items()})
    # Dictionaries for categories only: what differs from row to row would be hashed for nothing.
    words = [path_of(field) for field in table.schema if is_category(field.type)]
    pq.write_table(
        table, path, compression="zstd", compression_level=1, use_dictionary=words or False, store_schema=False
    )


def is_category(kind: pa.DataType) -> bool:
    return pa.types.is_dictionary(kind.value_type if pa.types.is_list(kind) else kind)


def path_of(field: pa.Field) -> str:
    """As Parquet names it."""
    return f"{field.name}.list.element" if pa.types.is_list(field.type) else field.name


def arrow(column: Column) -> pa.Array:
    """A share that is not a number is null."""
    if isinstance(column, np.ndarray) and column.dtype.kind == "f":
        return pa.array(column, mask=np.isnan(column))
    if isinstance(column, pa.DictionaryArray) and len(column.dictionary) > len(column):
        return column.dictionary_decode()
    return pa.array(column)
