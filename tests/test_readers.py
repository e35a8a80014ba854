"""Every file of every table, as the readers see it that people use: pandas, Polars, DuckDB, pyarrow, datasets.

On a small generated lake of two snapshots. What is expected of a file is what its table's contract promises, read from
the pipeline files.
"""

import datetime
import math
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from census import ARROW, DATES, Census, contracts, fill
from duck import TABLES

FILE = "snapshot_date={date}/part-00000.parquet"
FILES = [(table, date) for table in contracts() for date in DATES]

POLARS = {
    "utf8": pl.String(),
    "int64": pl.Int64(),
    "float64": pl.Float64(),
    "boolean": pl.Boolean(),
    "date32": pl.Date(),
    "timestamp": pl.Datetime("us", "UTC"),
    "list<utf8>": pl.List(pl.String()),
}
DUCKDB = {
    "utf8": "VARCHAR",
    "int64": "BIGINT",
    "float64": "DOUBLE",
    "boolean": "BOOLEAN",
    "date32": "DATE",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "list<utf8>": "VARCHAR[]",
}
DATASETS = {
    "utf8": "Value('string')",
    "int64": "Value('int64')",
    "float64": "Value('float64')",
    "boolean": "Value('bool')",
    "date32": "Value('date32')",
    "timestamp": "Value('timestamp[us, tz=UTC]')",
    "list<utf8>": "List(Value('string'))",
}


# Tables that are made from one that looks back, and look back through it.
MADE_OF_CHANGES = {"aggregate.crossovers", "aggregate.gains"}

# Tables of windows of which the days between the two snapshots are no part.
OF_OTHER_WINDOWS = {f"aggregate.gains_over_{days}_days" for days in (30, 90, 365)} | {"aggregate.rank_persistence"}


def promised(table: str) -> dict[str, str]:
    """Columns of a file: those of the contract, and the snapshot's date for readers that lose the path."""
    return contracts()[table].types | {"observed_date": "date32"}


@pytest.fixture
def file(lake, request) -> Path:
    table, date = request.param
    path = lake.file(table, date)
    looks_back = contracts()[table].history or table in MADE_OF_CHANGES or table.endswith("_changes")
    if path is None and (date == DATES[0] and looks_back or table in OF_OTHER_WINDOWS):
        pytest.skip(f"{table} has nothing to look back on at {date}")
    assert path is not None, f"{table} was skipped for {date}, though a sample has everything"
    assert path == lake.root / table.replace(".", "/") / FILE.format(date=date)
    return path


def rows_of(lake: Census, table: str, date: str) -> int:
    path = lake.file(table, date)
    return pq.read_metadata(path).num_rows if path else 0


each_file = pytest.mark.parametrize(
    ("file", "table", "date"), [((t, d), t, d) for t, d in FILES], indirect=["file"], ids=[f"{t}-{d}" for t, d in FILES]
)


def test_nothing_else_is_among_the_tables(lake):
    stages = {table.split(".")[0] for table in contracts()}
    assert {path.name for path in lake.root.iterdir() if not path.name.startswith("_")} == stages
    paths = [path for stage in stages for path in (lake.root / stage).rglob("*") if path.is_file()]
    found = {str(path.relative_to(lake.root)) for path in paths}
    assert found == {str(lake.file(*one).relative_to(lake.root)) for one in FILES if lake.file(*one)}


@each_file
def test_pyarrow(file, table, date):
    schema = pq.read_schema(file)
    assert [(field.name, field.type) for field in schema] == [(n, ARROW[type_]) for n, type_ in promised(table).items()]
    nullable = {field.name for field in schema if field.nullable}
    assert nullable == contracts()[table].nullable
    for name, type_ in promised(table).items():
        if type_ == "list<utf8>":
            assert pa.types.is_list(schema.field(name).type)

    rows = pq.ParquetFile(file).read()
    rows.validate(full=True)
    assert all(rows[name].null_count == 0 for name in schema.names if name not in nullable)
    assert set(rows["observed_date"].to_pylist()) <= {datetime.date.fromisoformat(date)}
    assert rows.num_rows > 0 or table.removeprefix("aggregate.") not in TABLES


@each_file
def test_the_file_itself(file, table, date):
    metadata = pq.read_metadata(file)
    sort = contracts()[table].sort
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        assert group.num_rows <= 1 << 20
        assert [metadata.schema.column(one.column_index).path for one in group.sorting_columns] == sort
        assert not any(one.descending or one.nulls_first for one in group.sorting_columns)
        for column in map(group.column, range(group.num_columns)):
            assert column.compression == "ZSTD"
            assert column.has_column_index and column.has_offset_index, f"{column.path_in_schema} has no page index"
            # A column of nothing but nulls has no smallest value.
            assert column.is_stats_set
            assert column.statistics.has_min_max or column.statistics.null_count == column.num_values

    said = {key.decode(): value.decode() for key, value in metadata.metadata.items()}
    assert said["hubcensus.table"] == table
    assert said["hubcensus.snapshot_date"] == date
    assert len(said["hubcensus.definition"]) == 64
    assert len(said["hubcensus.contract"]) == 64
    # The facts of accounts come as JSON, whose file can say so by its name alone.
    by_name = table in {"ingest.account_facts", "normalize.accounts", "aggregate.account_facts"}
    note = "Generated, as the name" if by_name else "Generated by hubcensus"
    assert said["hubcensus.generated"].startswith(note)
    if table == "ingest.account_facts":
        assert said["hubcensus.source"] == "hub-api"
        assert said["hubcensus.coverage"].startswith("sample: ")
    else:
        assert said["hubcensus.source"] == "hub-stats"
        assert said["hubcensus.coverage"] == "census"
    assert len(said) == 7, f"what else is in {said}? Not a clock, it must not be"


@each_file
def test_rows_are_in_the_order_of_the_contract(file, table, date):
    contract = contracts()[table]
    rows = pl.read_parquet(file, hive_partitioning=False)
    order = rows.select(contract.sort)
    assert order.equals(order.sort(contract.sort, nulls_last=True, maintain_order=True), null_equal=True)
    assert not order.is_duplicated().any(), "the order leaves rows to chance"
    assert rows.select(contract.key).null_count().sum_horizontal().item() == 0
    assert not rows.select(contract.key).is_duplicated().any()


@each_file
def test_polars(file, table, date):
    rows = pl.read_parquet(file, hive_partitioning=False)
    assert dict(rows.schema) == {name: POLARS[type_] for name, type_ in promised(table).items()}
    assert rows.height == pq.read_metadata(file).num_rows


@each_file
def test_pandas(file, table, date):
    rows = pd.read_parquet(file, partitioning=None)
    nullable = contracts()[table].nullable
    assert list(rows.columns) == list(promised(table))
    for name, type_ in promised(table).items():
        column = rows[name]
        if name not in nullable:
            assert not column.isna().any(), f"{name} has nulls"
        match type_:
            case "utf8":
                assert pd.api.types.is_string_dtype(column)
            case "int64":  # pandas has no null among integers unless asked for it
                assert column.dtype == "int64" or (name in nullable and column.dtype == "float64")
            case "float64":
                assert column.dtype == "float64"
            case "boolean":
                assert column.dtype == "bool" or (name in nullable and column.dtype == "object")
            case "timestamp":
                assert str(column.dtype) == "datetime64[us, UTC]"
            case "date32":
                assert all(isinstance(value, datetime.date) for value in column.dropna())
            case "list<utf8>":
                assert all(isinstance(value, np.ndarray) for value in column.dropna())


@pytest.mark.parametrize("table", contracts())
def test_duckdb_reads_all_snapshots_at_once(lake, table):
    if table in OF_OTHER_WINDOWS and not any(lake.file(table, date) for date in DATES):
        pytest.skip(f"{table} has nothing to look back on")
    duck = duckdb.connect()
    files = str(lake.root / table.replace(".", "/") / "*" / "*.parquet")
    duck.execute(f"CREATE VIEW rows AS SELECT * FROM read_parquet('{files}', hive_partitioning = true)")
    found = {name: type_ for name, type_, *_ in duck.execute("DESCRIBE rows").fetchall()}
    assert found == {name: DUCKDB[type_] for name, type_ in promised(table).items()} | {"snapshot_date": "DATE"}
    dates = duck.execute(
        "SELECT snapshot_date, count(*) FILTER (snapshot_date <> observed_date) FROM rows GROUP BY 1 ORDER BY 1"
    ).fetchall()
    assert dates == [(datetime.date.fromisoformat(date), 0) for date in DATES if rows_of(lake, table, date)]


@pytest.mark.parametrize("table", contracts())
def test_datasets_reads_all_snapshots_at_once(lake, table, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    import datasets

    datasets.disable_progress_bars()
    if not any(rows_of(lake, table, date) for date in DATES):
        pytest.skip("datasets makes nothing of files without rows")
    files = sorted(map(str, (lake.root / table.replace(".", "/")).glob("*/*.parquet")))
    rows = datasets.load_dataset("parquet", data_files=files, split="train", cache_dir=str(tmp_path))
    found = {name: str(feature) for name, feature in rows.features.items()}
    assert found == {name: DATASETS[type_] for name, type_ in promised(table).items()}
    assert rows.num_rows == sum(pq.read_metadata(file).num_rows for file in files)


def test_readers_agree_on_values(lake):
    """One row of each kind of value, through four readers."""
    path = lake.file("enrich.models", DATES[1])
    arrow = pq.ParquetFile(path).read().to_pylist()
    polars = pl.read_parquet(path, hive_partitioning=False).to_dicts()
    assert polars == arrow
    pandas = pd.read_parquet(path, partitioning=None)
    assert [value.to_pydatetime() for value in pandas["created_at"]] == [row["created_at"] for row in arrow]
    assert math.isclose(pandas["trending_score"].sum(), sum(row["trending_score"] or 0 for row in arrow))
    duck = duckdb.sql(f"SELECT epoch_us(created_at) FROM '{path}'").fetchall()
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    microsecond = datetime.timedelta(microseconds=1)
    assert [value for (value,) in duck] == [(row["created_at"] - epoch) // microsecond for row in arrow]


def test_the_same_input_gives_the_same_bytes(lake, census, sample):
    """In another lake, later and in another time zone, on one processor, the later snapshot first: manifests too."""
    again = census("again")
    for date in reversed(DATES):
        fill(again, sample, date, "--cores", "1", TZ="Pacific/Auckland", LC_ALL="C")
    assert again.files() == lake.files()


def test_manifests_say_that_the_data_is_generated(lake):
    for table, date in FILES:
        assert lake.manifest(table, date)["facts"].get("generated"), f"{table} {date} could be taken for real"
