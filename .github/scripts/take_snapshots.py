"""Takes the snapshots that are lacking.

    take_snapshots.py

Of the live Hub (SOURCE=hub-api) only today's can be taken. Of an archive every day up to yesterday can: the last two
weeks are looked through for days that were missed. DATES, if set, says which instead: 2026-08-22, 2026-08-19..2026-08-22,
or several with commas between.

Writes for the steps that follow: `dates`, the snapshots to make tables of, and `new`, those to publish. These are the
former and those that the lake has and that are not published, as where a run ended between the two. Where something is
published and the lake is new, the last published snapshot is taken again, for changes need one to compare with, and is
not published again.

A lake in a store keeps what was made of a day before a table of it failed. Such a day is half made: it counts as lacking,
and is taken again. Of the live Hub it cannot be: `rest` has the days whose tables are completed from what the lake has.
"""

import datetime
import json
import os
import re
import subprocess
import sys
from pathlib import Path

DAY = datetime.timedelta(days=1)
LOOK_BACK = 14
LIVE = "hub-api"
# How `plan` tells of a table that is not there.
ABSENT = re.compile(r"(\d{4}-\d\d-\d\d)  \S+ +(?:make: (?:.*, )?not there yet|cannot: .*)")

Dates = list[datetime.date]


def parsed(text: str) -> Dates:
    """A set of dates, as the program takes it."""
    dates: set[datetime.date] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("..")
        date, end = datetime.date.fromisoformat(first), datetime.date.fromisoformat(last or first)
        while date <= end:
            dates.add(date)
            date += DAY
    return sorted(dates)


def wanted(source: str, known: set[datetime.date], today: datetime.date) -> Dates:
    """The snapshots that a run without DATES takes, where those that are known need not be taken."""
    if source == LIVE:
        return [] if today in known else [today]
    newest = today - DAY
    if not known:
        return [newest]
    days = [newest - DAY * back for back in reversed(range(LOOK_BACK))]
    return [day for day in days if day > min(known) and day not in known]


def of_lake(binary: str, lake: str) -> set[datetime.date]:
    """The snapshots that a lake has; none if there is no lake yet."""
    query = "SELECT DISTINCT snapshot_date FROM aggregate.snapshots"
    command = [binary, "query", query, "--dates", "all", "--lake", lake, "--format", "csv"]
    asked = subprocess.run(command, capture_output=True, text=True)
    if asked.returncode != 0:
        if "there is no lake at" in asked.stderr:
            return set()
        raise SystemExit(asked.stderr)
    return {datetime.date.fromisoformat(line) for line in asked.stdout.split()[1:]}


def half_made(binary: str, lake: str, days: set[datetime.date]) -> set[datetime.date]:
    """Those of the days of a lake of which a table is not there."""
    if not days:
        return set()
    command = [binary, "plan", "aggregate", "--lake", lake, "--dates", ",".join(map(str, sorted(days)))]
    asked = subprocess.run(command, capture_output=True, text=True)
    if not asked.stdout:
        raise SystemExit(asked.stderr)
    found = (ABSENT.match(line) for line in asked.stdout.splitlines())
    return {datetime.date.fromisoformat(match[1]) for match in found if match}


def of_place(place: str) -> set[datetime.date]:
    """The snapshots that are published. The record at an address is not read: all that the lake has is published once
    more then, which writes only what is not there."""
    record = Path(place) / "publication.json"
    if "://" in place or not record.is_file():
        return set()
    return {datetime.date.fromisoformat(date) for date in json.loads(record.read_text(encoding="utf-8"))["snapshots"]}


def capture(binary: str, source: str, date: datetime.date) -> bool:
    command = [binary, "capture", source, "--kinds", os.environ.get("KINDS") or "models"]
    if snapshots := os.environ.get("SNAPSHOTS"):
        command += ["--to", snapshots]
    if source != LIVE:
        command += ["--dates", str(date)]
    return subprocess.run(command).returncode == 0


def output(**values: Dates) -> None:
    """Hands dates to the steps that follow."""
    lines = [f"{name}={','.join(map(str, dates))}" for name, dates in values.items()]
    print("\n".join(lines))
    if path := os.environ.get("GITHUB_OUTPUT"):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))


def main() -> int:
    binary, source = os.environ["HUBCENSUS_BIN"], os.environ["SOURCE"]
    today = datetime.datetime.now(datetime.UTC).date()
    lake = os.environ["LAKE"]
    found, published = of_lake(binary, lake), of_place(os.environ["PLACE"])
    # What was published was whole; and a table that came to the project since is none of an old day.
    recent = {day for day in found - published if day >= today - DAY * LOOK_BACK}
    half = half_made(binary, lake, recent)
    made = found - half
    given = os.environ.get("DATES")
    asked = parsed(given) if given else wanted(source, made | published, today)
    if source == LIVE and any(date != today for date in asked):
        print(f"::error::Of the live Hub only today's snapshot can be taken, {today}; take others from an archive")
        return 1
    last = max(published, default=today)
    before = [last] if asked and not made and source != LIVE and last < min(asked) else []
    taken = [date for date in [*before, *asked] if capture(binary, source, date)]
    for date in sorted({*before, *asked} - set(taken)):
        print(f"::warning::{source} of {date} could not be taken; the log of this step says why")
    if asked and not set(asked) & set(taken):
        print(f"::error::None of {', '.join(map(str, asked))} could be taken from {source}: nothing is published")
        return 1
    rest = sorted(half - {today}) if source == LIVE else []
    left = half - set(taken) - set(rest)
    for date in sorted(left):
        print(f"::warning::{lake} has a part of the tables of {date}: they are not published")
    output(dates=taken, rest=rest, new=sorted((set(asked) & set(taken)) | set(rest) | (made - published)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
