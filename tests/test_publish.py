"""A published dataset as its readers have it: `datasets`, pandas, Polars, DuckDB; its card and its descriptions.

Of two generated snapshots. What is expected of the tables is what the lake's manifests and contracts say.
"""

import datetime
import glob
import hashlib
import json
import re
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import yaml

from census import DATES, Census, contracts, entries, execute, run_block

TABLES = [table for table in contracts() if table.startswith("aggregate.")]


@pytest.fixture(scope="module")
def offline(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setenv("HF_DATASETS_OFFLINE", "1")
        patch.setenv("HF_HOME", str(tmp_path_factory.mktemp("home")))
        import datasets

        getattr(datasets, "disable_progress_bars", getattr(datasets, "disable_progress_bar", None))()
        yield datasets


def rows_of(lake: Census, table: str) -> dict[str, int]:
    """Rows of a table by date, as its manifests have them."""
    manifests = {date: lake.manifest(table, date) for date in DATES}
    return {date: manifest["file"]["rows"] for date, manifest in manifests.items() if not manifest.get("skipped")}


def files(place: Path) -> dict[str, bytes]:
    return {str(path.relative_to(place)): path.read_bytes() for path in place.rglob("*") if path.is_file()}


def front(place: Path) -> dict:
    return yaml.safe_load((place / "README.md").read_text(encoding="utf-8").split("---\n")[1])


def record(place: Path) -> dict:
    return json.loads((place / "publication.json").read_text(encoding="utf-8"))


def test_every_table_with_rows_is_a_configuration(lake, place):
    configs = {config["config_name"]: config for config in front(place)["configs"]}
    filled = {table.split(".")[1] for table in TABLES if sum(rows_of(lake, table).values())}
    assert set(configs) == filled
    assert [name for name, config in configs.items() if config.get("default")] == ["entities"]
    for config in configs.values():
        (files,) = config["data_files"]
        assert files["split"] == "train"
        assert all(list(place.glob(pattern)) for pattern in files["path"])


def said(table: pa.Table) -> dict[str, tuple]:
    """Of each column its type, its nulls, and its sum, or how many different values it has."""
    found = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        of = re.sub(r"list<\w+: ", "list<", str(column.type).replace("large_", ""))
        if of == "null":
            of = None  # Nothing but nulls: a reader need not know of what.
        if pa.types.is_integer(column.type):
            summed = pc.sum(column).as_py()
        elif pa.types.is_floating(column.type):
            summed = pytest.approx(pc.sum(column).as_py() or 0, rel=1e-9, abs=1e-9)
        else:
            summed = len(set(map(str, column.to_pylist())))
        found[name] = (of, column.null_count, summed)
    return found


def readers(path: str) -> dict[str, pa.Table]:
    """What is read from a path, which may have stars."""
    frame = pd.concat([pd.read_parquet(file, dtype_backend="pyarrow") for file in sorted(glob.glob(path))])
    relation = duckdb.sql(f"FROM read_parquet('{path}', union_by_name = true, hive_partitioning = false)")
    # Times in UTC; the session's zone is what the reader shows.
    duckdb.sql("SET TimeZone = 'UTC'")
    return {
        "pandas": pa.Table.from_pandas(frame, preserve_index=False),
        "polars": pl.read_parquet(path, hive_partitioning=False, missing_columns="insert").to_arrow(),
        "duckdb": (getattr(relation, "to_arrow_table", None) or relation.fetch_arrow_table)(),
    }


@pytest.mark.parametrize("table", TABLES)
def test_readers_find_the_rows_of_the_lake(lake, place, offline, table, tmp_path):
    """One snapshot and all of them: as many rows, columns of the same types, the same sums."""
    expected = rows_of(lake, table)
    name = table.split(".")[1]
    if not expected:
        assert not (place / "latest" / f"{name}.parquet").exists()
        pytest.skip("skipped for both snapshots")
    newest = max(expected)
    latest, everything = place / "latest" / f"{name}.parquet", place / "aggregate" / name / "*" / "*.parquet"
    assert latest.read_bytes() == lake.file(table, newest).read_bytes()
    for path, dates in ((latest, [newest]), (everything, list(expected))):
        files = [pq.read_table(lake.file(table, date), partitioning=None) for date in dates]
        whole = pa.concat_tables(files)
        found = readers(str(path))
        if path == everything and whole.num_rows:
            loaded = offline.load_dataset(str(place), name, split="train", cache_dir=str(tmp_path))
            found["datasets"] = pa.Table.from_batches(loaded.data.table.to_batches(), loaded.data.table.schema)
        for reader, read in found.items():
            assert read.num_rows == whole.num_rows == sum(expected[date] for date in dates), reader
            assert said(read) == said(whole), reader
        assert set(map(str, whole["observed_date"].to_pylist())) == {date for date in dates if expected[date]}


INGEST = """stage: ingest
tables:
  - name: books
    description: Books that a shop has.
    key: [isbn]
    sort: [isbn]
    columns:
      isbn: {type: utf8, description: What names a book.}
      copies: {type: int64, nullable: true, description: How many.}
sources:
  - name: till
    description: What the tills say.
    table: books
    coverage: census
    license: CC-BY-4.0
    location: "data/till_{date}.jsonl"
    format: ndjson
    columns: {isbn: {type: utf8}, copies: {type: int64}}
    query: SELECT isbn, copies FROM source
"""
AGGREGATE = """stage: aggregate
jobs:
  - name: stock
    description: Copies by book.
    query: SELECT isbn, copies FROM ingest.books
    key: [isbn]
    sort: [isbn]
    columns:
      isbn: {type: utf8, description: What names a book.}
      copies: {type: int64, nullable: true, description: How many.}
"""


def test_a_column_that_was_added_later_is_null_in_earlier_snapshots(binary, offline, tmp_path):
    """The lake of the later run has the later snapshot alone, as on a machine that keeps nothing."""

    def publish(date: str, rows: str, aggregate: str) -> str:
        project = tmp_path / date
        files = {"pipelines/ingest/books.yaml": INGEST, "pipelines/aggregate/stock.yaml": aggregate}
        for path, text in (files | {f"data/till_{date}.jsonl": rows}).items():
            (project / path).parent.mkdir(parents=True, exist_ok=True)
            (project / path).write_text(text)
        where = ["--project", project, "--lake", project / "lake"]
        location = project / "data" / "till_{date}.jsonl"
        execute(binary, "run", "--source", "till", "--from", location, "--dates", date, *where)
        return execute(binary, "publish", "--to", tmp_path / "out", *where)

    publish("2024-03-01", '{"isbn": "b1", "copies": 3}\n{"isbn": "b2", "copies": null}\n', AGGREGATE)
    wider = AGGREGATE.replace("SELECT isbn, copies", "SELECT isbn, copies > 1 AS several, copies")
    wider += "      several: {type: boolean, nullable: true, description: Whether there are several.}\n"
    printed = publish("2024-03-02", '{"isbn": "b1", "copies": 1}\n{"isbn": "b3", "copies": 9}\n', wider)
    assert "stock: `several` (boolean) was added." in printed
    assert "source    till, licence: CC-BY-4.0" in printed
    out = tmp_path / "out"
    loaded = offline.load_dataset(str(out), "stock", split="train", cache_dir=str(tmp_path / "cache"))
    first, second = datetime.date(2024, 3, 1), datetime.date(2024, 3, 2)
    assert sorted((row["observed_date"], row["isbn"], row["copies"], row["several"]) for row in loaded) == [
        (first, "b1", 3, None),
        (first, "b2", None, None),
        (second, "b1", 1, False),
        (second, "b3", 9, True),
    ]
    assert "- stock: `several` (boolean) was added." in (out / "SCHEMA_CHANGES.md").read_text()
    assert front(out)["license"] == ["cc-by-4.0"]


def test_sums_are_those_of_the_files(place):
    lines = (place / "SHA256SUMS").read_text().splitlines()
    sums = {path: sum_ for sum_, path in (line.split("  ") for line in lines)}
    files = {str(path.relative_to(place)) for path in (place / "aggregate").rglob("*.parquet")}
    assert set(sums) == files
    for path, expected in sums.items():
        assert hashlib.sha256((place / path).read_bytes()).hexdigest() == expected
    recorded = [file for table in record(place)["tables"].values() for file in table["files"].values()]
    assert {file["path"]: file["sha256"] for file in recorded} == sums
    assert all((place / file["path"]).stat().st_size == file["bytes"] for file in recorded)


def test_croissant(place):
    document = json.loads((place / "croissant.json").read_text())
    assert document["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    files = {one["@id"]: one for one in document["distribution"] if one["@type"] == "cr:FileObject"}
    sets = {one["@id"]: one for one in document["distribution"] if one["@type"] == "cr:FileSet"}
    for path, file in files.items():
        assert file["sha256"] == hashlib.sha256((place / path).read_bytes()).hexdigest()
    assert {one["@id"] for one in document["recordSet"]} == set(record(place)["tables"])
    for one in document["recordSet"]:
        promised = contracts()[f"aggregate.{one['@id']}"].types
        assert [field["@id"] for field in one["field"]] == [f"{one['@id']}/{c}" for c in [*promised, "observed_date"]]
        assert all(field["source"]["fileSet"]["@id"] in sets for field in one["field"])


def test_data_package(place):
    document = json.loads((place / "datapackage.json").read_text())
    for resource in document["resources"]:
        contract = contracts()[f"aggregate.{resource['name']}"]
        bytes_ = (place / resource["path"]).read_bytes()
        assert resource["hash"] == f"sha256:{hashlib.sha256(bytes_).hexdigest()}"
        assert resource["bytes"] == len(bytes_)
        assert resource["schema"]["primaryKey"] == contract.key
        fields = [field["name"] for field in resource["schema"]["fields"]]
        assert fields == pq.read_schema(place / resource["path"]).names == [*contract.types, "observed_date"]
        for field in resource["schema"]["fields"][:-1]:
            assert field["constraints"]["required"] == (field["name"] not in contract.nullable)


def test_the_card_answers(place):
    card = (place / "README.md").read_text(encoding="utf-8")
    assert "> **Generated data.** Generated by hubcensus" in card
    assert f"from {DATES[0]} to **{DATES[1]}**" in card
    assert f"| {DATES[1]} (generated) | models | census | hub-stats | " in card
    # Tables of changes need a snapshot before theirs.
    assert "- momentum: The table was added." in card
    assert "its licence does not apply" in card
    for name in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", card):
        assert name.startswith("https://") or (place / name).is_file(), name


def test_the_card_lists_tables_for_readers_first(place):
    card = (place / "README.md").read_text(encoding="utf-8")
    tables = card.split("\n## Tables\n")[1].split("\n## ")[0]
    heading, listed = "", {}
    for line in tables.splitlines():
        if line.startswith("### "):
            heading = line.removeprefix("### ")
        elif match := re.match(r"\| \[([^\]]+)\]\(COLUMNS\.md#", line):
            listed.setdefault(heading, []).append(match[1])
    names = [name for section in listed.values() for name in section]
    assert sorted(names) == sorted(record(place)["tables"])
    # A file of pipelines/aggregate/ says in which section its tables are.
    assert next(iter(listed)) == "Entities and accounts" and "Other tables" not in listed
    assert list(listed)[-1] == "On the way: what other tables are made of"
    helpers = {name.split(".")[1] for name, entry in entries().items() if entry.get("intermediate")}
    assert set(listed["On the way: what other tables are made of"]) == helpers & set(names)
    assert {"account_measures", "cells"} <= helpers
    assert all(section == sorted(section) for section in listed.values())


def test_the_code_of_the_card_runs(place, tmp_path):
    card = (place / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", card, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 4
    for block in blocks:
        environment = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
        run_block(block, place, environment)


def test_metadata_of_files_names_no_place(lake, place):
    for path in place.rglob("*.parquet"):
        said = pq.read_metadata(path).metadata
        assert all(key.startswith(b"hubcensus.") for key in said), said
        assert not any(str(lake.root).encode() in value or b"snapshots/" in value for value in said.values())


def test_the_same_lake_gives_the_same_bytes(binary, lake, place, tmp_path):
    again = tmp_path / "again"
    for dates in (DATES[0], "all"):
        execute(binary, "publish", "--to", again, "--lake", lake.root, "--dates", dates, TZ="Pacific/Auckland")
    assert files(again) == files(place)
