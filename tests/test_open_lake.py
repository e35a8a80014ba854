"""`notebooks/hubcensus.py`, by which notebooks load tables: of a lake, of a published place in a directory, of one on a web
server. That of the Hub is in `test_scheduled_run.py`, which publishes there."""

import datetime
import functools
import http.server
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from census import DATES, PROJECT, Census, contracts

sys.path.insert(0, str(PROJECT / "notebooks"))
hubcensus = pytest.importorskip("hubcensus")

DAYS = [datetime.date.fromisoformat(date) for date in DATES]


def rows(lake: Census, name: str, date: str) -> pa.Table:
    read = lake.read(name, date)
    assert read is not None, name
    return read


def test_the_latest_snapshot_of_a_table(lake: Census) -> None:
    read = hubcensus.open_lake(lake.root).table("entities")
    expected = rows(lake, "aggregate.entities", DATES[-1])
    assert read.drop_columns(["snapshot_date"]) == expected.drop_columns(["observed_date"])
    assert read.schema.field("snapshot_date").type == pa.date32()
    assert set(read["snapshot_date"].to_pylist()) == {datetime.date(2025, 10, 1)}


def test_one_snapshot_and_all(lake: Census) -> None:
    opened = hubcensus.open_lake(str(lake.root))
    assert opened.dates() == DAYS
    expected = {date: rows(lake, "aggregate.geography", date).num_rows for date in DATES}
    for date, day in zip(DATES, DAYS, strict=True):
        assert opened.table("geography", date=date).num_rows == expected[date]
        assert opened.table("geography", date=day).num_rows == expected[date]
    every = opened.table("aggregate.geography", date="all")
    assert every.num_rows == sum(expected.values())
    assert every["snapshot_date"].to_pylist() == sorted(every["snapshot_date"].to_pylist())


def test_rows_of_some_values(lake: Census) -> None:
    expected = [
        row["place"]
        for row in rows(lake, "aggregate.geography", DATES[-1]).to_pylist()
        if (row["universe"], row["period"]) == ("top50", "all_time") and row["level"] in ("country", "eu")
    ]
    where = {"universe": "top50", "period": "all_time", "level": ["country", "eu"]}
    read = hubcensus.open_lake(lake.root).table("geography", columns=["place"], **where)
    assert read.column_names == ["place", "snapshot_date"]
    assert read["place"].to_pylist() == expected


def test_what_is_missing_says_why(lake: Census, capsys: pytest.CaptureFixture) -> None:
    opened = hubcensus.open_lake(lake.root)
    with pytest.raises(hubcensus.NoSuchTable, match=r"no table momentum.*there is no comparable snapshot"):
        opened.table("momentum", date=DATES[0])
    with pytest.raises(hubcensus.NoSuchTable, match=r"^the snapshot of 2020-01-01 has no table entities$"):
        opened.table("entities", date="2020-01-01")
    with hubcensus.or_say_why():
        opened.table("nonsense")
    assert capsys.readouterr().out == "Left out: there is no table nonsense here.\n"


def test_a_file_without_its_manifest_is_not_finished(lake: Census, tmp_path: Path) -> None:
    copy = tmp_path / "lake"
    for part in ("aggregate/entities", "_manifests/aggregate/entities"):
        shutil.copytree(lake.root / part, copy / part)
    (copy / "_manifests" / "aggregate" / "entities" / f"{DATES[-1]}.json").unlink()
    assert hubcensus.open_lake(copy).dates("entities") == DAYS[:-1]


def test_generated_data_says_so(lake: Census) -> None:
    assert "not real data" in hubcensus.open_lake(lake.root).generated()
    assert "not real data" in repr(hubcensus.open_lake(lake.root))


def test_a_place_without_tables(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="make pipeline"):
        hubcensus.open_lake(tmp_path)


@pytest.fixture(scope="module")
def web(place: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=place)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_published_directory(lake: Census, place: Path) -> None:
    check_published(hubcensus.open_lake(place), lake)


@pytest.mark.parametrize("end", ["", "/"])
def test_a_published_place_on_the_web(lake: Census, web: str, end: str) -> None:
    check_published(hubcensus.open_lake(web + end), lake)


def test_a_web_server_without_a_record(web: str) -> None:
    with pytest.raises(FileNotFoundError, match=r"publication\.json"):
        hubcensus.open_lake(f"{web}/aggregate")


def check_published(opened, lake: Census) -> None:
    """Its tables are those of the lake that have rows or a file, under the names and with the dates of the lake."""
    files = {table: [date for date in DATES if lake.file(table, date)] for table in contracts()}
    assert opened.tables() == sorted(
        table for table, dates in files.items() if dates and table.startswith("aggregate.")
    )
    assert opened.dates("momentum") == DAYS[1:]
    expected = rows(lake, "aggregate.entities", DATES[-1]).drop_columns(["observed_date"])
    assert opened.table("entities").drop_columns(["snapshot_date"]) == expected
    assert [opened.table("entities", date=date).num_rows for date in DATES] == [
        rows(lake, "aggregate.entities", date).num_rows for date in DATES
    ]
    why = r"2025-09-21 has no table momentum: .*there is no comparable snapshot"
    with pytest.raises(hubcensus.NoSuchTable, match=why):
        opened.table("momentum", date=DATES[0])
