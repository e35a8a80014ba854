"""Opens the tables of Hub Census in Python. One file that may be copied; it needs pyarrow only.

    from hubcensus import open_lake

    lake = open_lake("../lake")                                # or https://…, hf://datasets/OWNER/NAME, s3://…
    lake.table("entities")                                     # its latest snapshot, a pyarrow.Table
    lake.table("entities", universe="top50", period="all_time")  # only the rows with these values
    lake.table("entities", date="2025-10-01")                  # one snapshot
    lake.table("entities", date="all")                         # every snapshot
    lake.table("entities").to_pandas()                         # polars.from_arrow(…) likewise

An address is that of a lake, which `hubcensus run` makes, or of what `hubcensus publish` made of one. Of the
latter there is a list, publication.json; so a web server, which cannot be asked what it has, can serve it. An
address `hf://` needs the package huggingface_hub besides.

Every row has its `snapshot_date`, a date.
"""

import datetime
import io
import json
import posixpath
import re
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq

RECORD = "publication.json"
# What a lake consists of: a file for each table and snapshot, and for each of these a manifest, last of all.
PARTITION = re.compile(r"(?P<stage>[^/]+)/(?P<name>[^/]+)/snapshot_date=(?P<date>[\d-]{10})/[^/]+\.parquet")
MANIFEST = re.compile(r"_manifests/(?P<stage>[^/]+)/(?P<name>[^/]+)/(?P<date>[\d-]{10})\.json")
SECONDS = 60

Date = datetime.date | str


class NoSuchTable(LookupError):
    """A table that is not there, or not for this date, and why as far as that is known."""


@contextmanager
def or_say_why() -> Iterator[None]:
    """Goes on where a table is missing, as some are of every source, and prints the reason."""
    try:
        yield
    except NoSuchTable as missing:
        print(f"Left out: {missing}.")


def open_lake(address: str | Path) -> "Lake":
    """The lake, or the published tables, at an address."""
    address = str(address)
    if address.startswith(("http://", "https://")):
        place: _Web | _Files = _Web(address)
    elif "://" in address:
        place = _Files(*pafs.FileSystem.from_uri(address))
    else:
        place = _Files(pafs.LocalFileSystem(), str(Path(address).expanduser().resolve()))
    record = place.read(RECORD)
    if record is not None:
        return Lake(place, _published(json.loads(record)))
    if isinstance(place, _Web):
        raise FileNotFoundError(f"{address} has no {RECORD}, and a web server cannot be listed; publish the lake first")
    tables = _listed(place)
    if not tables:
        raise FileNotFoundError(f"no tables in {address}: `make pipeline` makes some, HUBCENSUS_LAKE names others")
    return Lake(place, tables)


class Lake:
    """Tables by name, each with its snapshots."""

    def __init__(self, place: "_Web | _Files", tables: "dict[str, _Table]"):
        self._place = place
        self._tables = tables

    def tables(self) -> list[str]:
        """The names of all tables that have a snapshot, with their stage: aggregate.entities."""
        return sorted(name for name, table in self._tables.items() if table.files)

    def dates(self, name: str | None = None) -> list[datetime.date]:
        """The snapshots of a table, or of any, oldest first."""
        tables = self._tables.values() if name is None else [self._find(name)]
        return sorted({date for table in tables for date in table.files})

    def files(self, name: str, date: Date = "all") -> list[str]:
        """The addresses of a table's files, oldest first, for engines that read files by themselves."""
        return [self._place.address(path) for _, path in self._chosen(name, date)]

    def table(self, name: str, date: Date = "latest", columns: list[str] | None = None, **where: object) -> pa.Table:
        """A table: its latest snapshot, that of a date, or all; the rows in the order of the files.

        `where` keeps the rows that have these values, or one of a list of values.
        """
        return pa.concat_tables(
            (self._read(day, path, columns, where) for day, path in self._chosen(name, date)),
            promote_options="default",
        )

    def generated(self) -> str | None:
        """What the newest file says of itself if its rows describe nothing real."""
        newest = max(
            ((date, name, path) for name, table in self._tables.items() for date, path in table.files.items()),
        )
        with self._place.open(newest[2]) as file:
            said = (pq.read_schema(file).metadata or {}).get(b"hubcensus.generated")
        return said.decode() if said else None

    def __repr__(self) -> str:
        dates = self.dates()
        days = f"{len(dates)} snapshots, {dates[0]} to {dates[-1]}" if len(dates) > 1 else f"one snapshot, {dates[0]}"
        known = f"{len(self.tables())} tables of {days}"
        generated = self.generated()
        return f"{known}\n{generated}" if generated else known

    def _find(self, name: str) -> "_Table":
        """A table by its name, whose stage may be left out."""
        found = self._tables.get(name) or self._tables.get(f"aggregate.{name}") or self._tables.get(f"enrich.{name}")
        if found is None:
            raise NoSuchTable(f"there is no table {name} here")
        return found

    def _chosen(self, name: str, date: Date) -> list[tuple[datetime.date, str]]:
        table = self._find(name)
        if not table.files:
            raise NoSuchTable(f"no snapshot has the table {name}{table.why(max(table.skipped, default=None))}")
        if date == "all":
            return sorted(table.files.items())
        day = max(table.files) if date == "latest" else datetime.date.fromisoformat(str(date))
        if day not in table.files:
            raise NoSuchTable(f"the snapshot of {day} has no table {name}{table.why(day)}")
        return [(day, table.files[day])]

    def _read(self, date: datetime.date, path: str, columns: list[str] | None, where: dict) -> pa.Table:
        conditions = [(name, "in", _several(value)) for name, value in where.items()]
        with self._place.open(path) as file:
            read = pq.read_table(file, columns=columns, filters=conditions or None, partitioning=None)
        # The file's own column of the date goes by the name that it has everywhere else.
        read = read.drop_columns([name for name in ("observed_date",) if name in read.column_names])
        day = pa.repeat(pa.scalar(date, pa.date32()), read.num_rows)
        return read.append_column(pa.field("snapshot_date", pa.date32(), nullable=False), day)


class _Table:
    """Where the files of a table are, and why some snapshots have none."""

    def __init__(self) -> None:
        self.files: dict[datetime.date, str] = {}
        self.skipped: dict[datetime.date, str | _Reason] = {}

    def why(self, date: datetime.date | None) -> str:
        reason = str(self.skipped.get(date, "")) if date else ""
        return f": {reason}" if reason else ""


class _Files:
    """A directory, or an object store."""

    def __init__(self, system: pafs.FileSystem, root: str):
        self.system = system
        self.root = root.rstrip("/")

    def address(self, path: str) -> str:
        return posixpath.join(self.root, path)

    def open(self, path: str) -> pa.NativeFile:
        if not isinstance(self.system, pafs.PyFileSystem):
            return self.system.open_input_file(self.address(path))
        # Of a file system in Python (hf://) files are fetched whole: a thread of Arrow that still holds such a file when
        # the interpreter ends aborts it.
        with self.system.open_input_stream(self.address(path)) as stream:
            return pa.BufferReader(stream.read_buffer())

    def read(self, path: str) -> bytes | None:
        if self.system.get_file_info(self.address(path)).type != pafs.FileType.File:
            return None
        with self.system.open_input_stream(self.address(path)) as stream:
            return stream.read()

    def below(self, path: str) -> list[str]:
        """The files below a directory, relative to the root; none if it is not there."""
        selector = pafs.FileSelector(self.address(path), allow_not_found=True, recursive=True)
        found = [info.path for info in self.system.get_file_info(selector) if info.type == pafs.FileType.File]
        return sorted(posixpath.relpath(path, self.root) for path in found)


class _Web:
    """A web server: files are fetched whole."""

    def __init__(self, root: str):
        self.root = root.rstrip("/")

    def address(self, path: str) -> str:
        return f"{self.root}/{path}"

    def open(self, path: str) -> io.BytesIO:
        with urllib.request.urlopen(self.address(path), timeout=SECONDS) as answer:
            return io.BytesIO(answer.read())

    def read(self, path: str) -> bytes | None:
        try:
            return self.open(path).getvalue()
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise


def _published(record: dict) -> dict[str, _Table]:
    """The tables of a publication. Some have several entries: one for each set of columns they had."""
    tables: dict[str, _Table] = {}
    for entry in record["tables"].values():
        table = tables.setdefault(entry["table"], _Table())
        table.files |= {datetime.date.fromisoformat(date): file["path"] for date, file in entry["files"].items()}
        skipped = entry.get("skipped", {})
        table.skipped |= {datetime.date.fromisoformat(date): reason for date, reason in skipped.items()}
    return tables


def _listed(place: _Files) -> dict[str, _Table]:
    """The tables of a lake. A file without a manifest is not finished; a manifest without a file says why there is none."""
    there = place.below("")
    files = {_partition(match): path for path in there if (match := PARTITION.fullmatch(path))}
    tables: dict[str, _Table] = {}
    for path in there:
        if not (match := MANIFEST.fullmatch(path)):
            continue
        name, date = _partition(match)
        table = tables.setdefault(name, _Table())
        if (name, date) in files:
            table.files[date] = files[name, date]
        else:
            table.skipped[date] = _Reason(place, path)
    return tables


def _partition(match: re.Match) -> tuple[str, datetime.date]:
    return f"{match['stage']}.{match['name']}", datetime.date.fromisoformat(match["date"])


class _Reason:
    """Why a table was skipped, read when somebody asks: a lake has many manifests."""

    def __init__(self, place: _Files, path: str):
        self.place = place
        self.path = path

    def __str__(self) -> str:
        return json.loads(self.place.read(self.path) or b"{}").get("skipped", "")


def _several(value: object) -> list:
    return list(value) if isinstance(value, Iterable) and not isinstance(value, str) else [value]
