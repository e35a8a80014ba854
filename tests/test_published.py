"""The tables against the figures that studies of the Hub printed (`studies/`, `data/published/`).

Every figure is asserted, or the reason is given why it cannot be; what a query names is in the contract. A reason that no
longer holds fails as a figure without one does.
"""

import csv
import re
from functools import cache

import duckdb
import pytest

from census import Census, contracts, execute
from studies import COLUMNS, PUBLISHED, Asked, Figure, Follows, NotYet, OtherDate, studies, written_crawl
from studies.october_2025 import SAMPLE, WIDER, WITHIN

STUDIES = studies()
FIGURES = [(study.of(figure), figure) for study in STUDIES.values() for figure in study.figures]

# Real snapshots, by date: source, and place in the directory of them.
REAL = {
    "2022-02-21": ("census-2022-02", "census_2022/models_{date}.jsonl.zst"),
    "2026-04-30": ("starscreener", "starscreener/models_{date}.json"),
    "2026-05-24": ("hub-stats", "hub_stats/models_{date}.parquet"),
}
WRITTEN = {"2024-08-01": "crawl-2024"}
SAMPLE_DATE = "2025-10-01"

# How a query names a table: with the stage before it, for a schema of that name would be one more thing to declare.
TABLE = re.compile(r"\b(aggregate|enrich)_(\w+)")
TYPES = {
    "utf8": "VARCHAR",
    "int64": "BIGINT",
    "float64": "DOUBLE",
    "boolean": "BOOLEAN",
    "date32": "DATE",
    "timestamp": "TIMESTAMP",
    "list<utf8>": "VARCHAR[]",
}


def tables_of(query: str) -> set[str]:
    return {f"{stage}.{name}" for stage, name in TABLE.findall(query)}


def fill(snapshot: str, lake: Census, request, directory) -> str:
    """Makes the tables of a snapshot that figures are asked of; its date."""
    asked = [answer.query for answer, _ in FIGURES if isinstance(answer, Asked) and answer.snapshot == snapshot]
    tables = [f"+{table}" for table in sorted(tables_of(" ".join(asked)))]
    if snapshot == SAMPLE:
        more = ["--models", 20_000, "--dates", SAMPLE_DATE, "--seed", 7, "--only-models"]
        execute(lake.binary, "sample", *more, "--out", directory)
        lake.run("hub-stats", f"{directory}/models_{{date}}.parquet", SAMPLE_DATE, *tables)
        return SAMPLE_DATE
    if snapshot in WRITTEN:
        written_crawl.write(directory / f"models_{snapshot}.csv")
        lake.run(WRITTEN[snapshot], f"{directory}/models_{{date}}.csv", snapshot, *tables)
    else:
        source, location = REAL[snapshot]
        lake.run(source, str(request.getfixturevalue("real_data") / location), snapshot, *tables)
    return snapshot


@pytest.fixture(scope="session")
def tables(request, census, tmp_path_factory):
    """A function that gives the tables of a snapshot as views, made when they are first asked for."""

    @cache
    def of(snapshot: str) -> duckdb.DuckDBPyConnection:
        lake = census(f"published-{snapshot}")
        date = fill(snapshot, lake, request, tmp_path_factory.mktemp("published"))
        duck = duckdb.connect()
        for manifest in lake.root.glob(f"_manifests/*/*/{date}.json"):
            stage, name = manifest.parts[-3:-1]
            path = lake.file(f"{stage}.{name}", date)
            if path:
                duck.execute(f"CREATE VIEW {stage}_{name} AS SELECT * FROM '{path}'")
        return duck

    return of


@pytest.fixture(scope="module")
def contract() -> duckdb.DuckDBPyConnection:
    """Every table that the pipeline files promise, without rows."""
    duck = duckdb.connect()
    for table, promised in contracts().items():
        columns = ", ".join(f'"{name}" {TYPES[kind]}' for name, kind in promised.types.items())
        duck.execute(f"CREATE TABLE {table.replace('.', '_', 1)} ({columns})")
    return duck


def of_kind(*kinds: type) -> dict[str, list]:
    found = [(answer, figure) for answer, figure in FIGURES if isinstance(answer, kinds)]
    return {"argvalues": found, "ids": [str(figure) for _, figure in found]}


@pytest.mark.parametrize(("answer", "figure"), **of_kind(Asked))
def test_figure_that_a_snapshot_answers(tables, answer: Asked, figure: Figure):
    found = tables(answer.snapshot).execute(figure.query(answer.query), [figure.value_name]).fetchall()
    assert len(found) == 1 and found[0][0] is not None, f"the tables have no answer: {found}"
    least, most = answer.limits(figure)
    assert least <= found[0][0] <= most


@pytest.mark.parametrize(("answer", "figure"), **of_kind(Follows))
def test_figure_that_others_give(answer: Follows, figure: Figure):
    least, most = answer.limits(figure)
    assert least <= answer.value() <= most


def test_every_figure_has_an_answer_or_a_reason():
    assert sorted(STUDIES) == sorted(path.stem for path in PUBLISHED.iterdir())
    assert [str(figure) for answer, figure in FIGURES if answer is None] == []


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
def test_no_answer_and_no_reason_is_left_over(study):
    assert study.answers.keys() & study.unanswered.keys() == set()
    used = {study.key(figure) for figure in study.figures}
    assert (study.answers.keys() | study.unanswered.keys()) - used == set()


def test_no_tolerance_is_left_over():
    october = STUDIES["2025-10"].figures
    assert set(WIDER) <= {figure.keys[0] for figure in october}
    assert set(WITHIN) <= {figure.measure for figure in october}


@pytest.mark.parametrize(("answer", "figure"), **of_kind(Asked, OtherDate))
def test_query_names_what_the_contract_has(contract, answer: Asked | OtherDate, figure: Figure):
    assert tables_of(answer.query) <= contracts().keys()
    assert len(contract.execute(figure.query(answer.query), [figure.value_name]).description) == 1


@pytest.mark.parametrize(("answer", "figure"), **of_kind(NotYet))
def test_what_a_figure_waits_for_is_not_there(answer: NotYet, figure: Figure):
    assert not answer.is_there(), f"{answer} is there now: give the figure its query"


@pytest.mark.parametrize("path", sorted(PUBLISHED.iterdir()), ids=lambda path: path.name)
def test_file_is_written_as_curated_data_are(path):
    text = path.read_text(encoding="utf-8")
    header, *rows = csv.reader(text.splitlines())
    assert header == COLUMNS
    keys = [[part.encode() for part in row[:3]] for row in rows]
    assert keys == sorted(keys) and len(keys) == len({tuple(key) for key in keys})
    assert all(all(row) for row in rows) and text.endswith("\n") and "\r" not in text


def test_every_one_of_the_fifty_entities_is_known(tables):
    query = "SELECT entity_type FROM aggregate_entities WHERE universe = 'top50' AND period = 'all_time'"
    kinds = [kind for (kind,) in tables(SAMPLE).execute(query).fetchall()]
    assert len(kinds) == 50
    assert "unknown" not in kinds
