"""Tables across snapshots: every one is what DuckDB makes of the same files, of one day after the other."""

import shutil

import pytest

from census import execute
from compare import differences
from duck import PUBLISHED, SERIES, Series

RADAR = "radar/models_{date}.jsonl.zst"
STARSCREENER = "starscreener/{table}_{date}.json"
TRANSFORMERSJS = "transformersjs_daily/models_{date}.parquet"
HUB_STATS = "hub_stats/models_{date}.parquet"
CENSUS_2022_02 = "census_2022/models_{date}.jsonl.zst"
CENSUS_2022_07 = "census_2022/models_{date}.csv.gz"

# Lakes: which source's file each snapshot is from, in the order of their dates.
LAKES = {
    "radar": [("radar", RADAR, ["2026-08-19", "2026-08-20", "2026-08-21", "2026-08-22"])],
    "starscreener": [
        ("starscreener", STARSCREENER, ["2026-04-30", "2026-05-01", "2026-05-02", "2026-05-03", "2026-05-04"])
    ],
    # Two days a week apart, gaps of months, then days running on which but few places in the source's list of trends
    # are other than the day before (27, 29 and 30 April, 3 May), with a day left out here and there.
    "transformersjs": [
        (
            "transformersjs",
            TRANSFORMERSJS,
            ["2024-05-08", "2024-05-15", "2024-12-09", "2025-07-02", "2026-04-24", "2026-04-26"]
            + ["2026-04-27", "2026-04-28", "2026-04-29", "2026-04-30", "2026-05-02", "2026-05-03"],
        )
    ],
    # Two sources that state not the same: the second has neither likes nor dates.
    "census": [
        ("census-2022-02", CENSUS_2022_02, ["2022-02-21"]),
        ("census-2022-07", CENSUS_2022_07, ["2022-07-02"]),
    ],
    # Sources that list different parts of the Hub: nothing is told of what differs between them.
    "parts": [
        ("starscreener", STARSCREENER, ["2026-05-04"]),
        ("hub-stats", HUB_STATS, ["2026-05-24"]),
        ("radar", RADAR, ["2026-08-19", "2026-08-20"]),
    ],
}
# A generated sample with downloads of all time, which no real series has: windows of a week, a month and three, and a
# step of one day.
SAMPLE = ["2025-07-01", "2025-09-03", "2025-09-21", "2025-09-30", "2025-10-01"]
LAKES["generated"] = [("hub-stats", "{table}_{date}.parquet", SAMPLE)]
SNAPSHOTS = [(lake, date) for lake, sources in LAKES.items() for _, _, dates in sources for date in dates]


class Lakes:
    """Each lake and its oracle, made when first asked for."""

    def __init__(self, census, real_data, generated):
        self.census = census
        self.folders = {lake: generated if lake == "generated" else real_data for lake in LAKES}
        self.lakes, self.oracles, self.seen = {}, {}, {}

    def lake(self, name: str):
        if name not in self.lakes:
            self.lakes[name] = self.census(name)
            if name == "generated":
                items = f"{self.folders[name]}/{{table}}_{{date}}.generated.jsonl"
                self.lakes[name].run("hub-api", items, ",".join(SAMPLE), "ingest.account_facts")
            for source, location, dates in LAKES[name]:
                wanted = [f"+aggregate.{table}" for table in SERIES]
                self.lakes[name].run(source, f"{self.folders[name]}/{location}", ",".join(dates), *wanted)
        return self.lakes[name]

    def oracle(self, name: str, date: str) -> Series:
        """As of that day; the last day asked for is kept."""
        if name not in self.oracles:
            self.oracles[name] = Series(
                [
                    (source, self.folders[name] / location.format(date=date, table="models"), date)
                    for source, location, dates in LAKES[name]
                    for date in dates
                ]
            )
        if self.seen.get(name) != date:
            self.seen[name] = date
            self.oracles[name].at(date)
        return self.oracles[name]


@pytest.fixture(scope="session")
def lakes(binary, census, real_data, tmp_path_factory) -> Lakes:
    generated = tmp_path_factory.mktemp("series")
    execute(binary, "sample", "--models", 1500, "--dates", ",".join(SAMPLE), "--out", generated)
    return Lakes(census, real_data, generated)


@pytest.mark.parametrize("table", SERIES)
@pytest.mark.parametrize(("name", "date"), SNAPSHOTS)
def test_tables_across_snapshots(lakes, name, date, table):
    made = lakes.lake(name).read(f"aggregate.{table}", date)
    wrong = differences(made, lakes.oracle(name, date).table(table), PUBLISHED[table].key)
    assert not wrong, f"aggregate.{table} of {name} {date}: {wrong}"


def test_a_day_that_came_again(census, real_data, tmp_path):
    """A source that serves the day before once more: nothing moves, and the day after moves from there."""
    served = real_data / STARSCREENER.format(date="2026-05-03", table="models")
    days = ["2026-05-03", "2026-05-04", "2026-05-05"]
    for day, file in zip(days, [served, served, real_data / STARSCREENER.format(date="2026-05-04", table="models")]):
        shutil.copy(file, tmp_path / f"models_{day}.json")
    lake = census("again")
    wanted = [f"+aggregate.{table}" for table in SERIES]
    lake.run("starscreener", f"{tmp_path}/models_{{date}}.json", ",".join(days), *wanted)
    assert lake.read("aggregate.snapshot_changes", days[1]).num_rows == 0
    oracle = Series([("starscreener", tmp_path / f"models_{day}.json", day) for day in days])
    for day in days:
        oracle.at(day)
        for table in SERIES:
            made = lake.read(f"aggregate.{table}", day)
            wrong = differences(made, oracle.table(table), PUBLISHED[table].key)
            assert not wrong, f"aggregate.{table} of {day}: {wrong}"
