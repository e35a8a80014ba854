"""A generated Hub of all kinds: models, datasets, spaces, papers and accounts, each table what DuckDB makes of the files."""

from pathlib import Path

import pytest

from census import DATES
from compare import differences
from duck import PUBLISHED, TABLES, Oracle
from test_oracle import STEPS

DATE = DATES[-1]


@pytest.fixture(scope="module")
def hub(lake, sample):
    """The lake of a generated snapshot, and what DuckDB makes of it."""
    return lake, Oracle("hub-stats", Path(sample.format(table="models", date=DATE)), DATE)


@pytest.mark.parametrize("table", TABLES)
def test_published_tables(hub, table):
    lake, oracle = hub
    wrong = differences(lake.read(f"aggregate.{table}", DATE), oracle.table(table), PUBLISHED[table].key)
    assert not wrong, f"aggregate.{table}: {wrong}"


@pytest.mark.parametrize("table", STEPS)
def test_tables_before_them(hub, table):
    lake, oracle = hub
    key, query = STEPS[table]
    wrong = differences(lake.read(table, DATE), oracle.ask(query), key)
    assert not wrong, f"{table}: {wrong}"


def test_the_four_unknowns_are_there(hub):
    """What the Hub says of accounts that nobody has looked up, and of whom it says nothing."""
    lake, _ = hub
    accounts = lake.read("normalize.accounts", DATE).to_pylist()
    kinds = {row["entity_type"] for row in accounts if not row["listed"]}
    assert kinds == {"unlisted", "unlisted user", "unlisted organisation"}
    assert {row["entity_type"] for row in accounts if row["account"].startswith("lab-")} == {
        "unlisted",
        "unlisted organisation",
    }
    assert all(row["country"] == row["entity_type"] for row in accounts if not row["listed"])
    assert all(row["country"] == "international" for row in accounts if row["entity"] == "Big Science")
