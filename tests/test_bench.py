"""The benchmark itself, on a small Hub: whether what it measures runs, and whether all contenders write the same. And
its parts: in which order contenders run, what is counted of each, and what the report makes of it.
"""

import ast
import json
import subprocess
import sys
from collections import Counter
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from census import PROJECT

BENCH = PROJECT / "tests" / "bench"
# After the tests' own modules, of which one has the name of one there.
sys.path += [str(BENCH), str(BENCH / "rivals" / "duckdb")]

import floor  # noqa: E402
from contenders import IMPORTS, Input, Pipeline, Rival  # noqa: E402
from measure import Failed, measure  # noqa: E402
from order import rotated  # noqa: E402
from scenarios import Bench  # noqa: E402
from tables import CORE, all_tables  # noqa: E402

# The generator's known models alone are some 2,500.
MODELS = "3_000"


def bench(binary: Path, place: Path, *options: str) -> str:
    command = [sys.executable, str(BENCH / "bench.py"), "--binary", str(binary)]
    where = ["--models", MODELS, "--rounds", "1", "--work", str(place), "--out", str(place / "report"), *options]
    done = subprocess.run([*command, *where], cwd=PROJECT, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


RIVALS = ("duckdb", "polars", "pandas")


@pytest.mark.parametrize("kind", ["parquet", "ndjson"])
def test_all_contenders_write_the_same(binary: Path, tmp_path: Path, kind: str):
    said = bench(binary, tmp_path, "--formats", kind)
    for rival in RIVALS:
        assert f"  {rival}: {len(CORE)} tables are the same" in said
    report = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert f"- hubcensus: hubcensus 0.1.0 ({binary.resolve()})" in report
    for contender in ("hubcensus", *RIVALS):
        assert f"| one | 3,000 | {kind} | {contender} |" in report
    for rival in RIVALS:
        assert f"| {rival}: `python -c 'import {', '.join(IMPORTS[rival])}'` |" in report
        assert f"· {rival} {version(rival)}" in report


def test_duckdb_writes_every_table_the_same(binary: Path, tmp_path: Path):
    every, core = len(all_tables()), len(CORE)
    assert f"  duckdb_every: {every} tables are the same" in bench(binary, tmp_path, "--scenarios", "every")
    report = (tmp_path / "report.md").read_text(encoding="utf-8")
    makes = f"Of its {every} tables the rival makes {core} by SQL that is tuned for DuckDB, and {every - core} by the oracle's SQL"
    assert makes in report


def test_what_a_changed_fact_leads_to_is_what_the_rivals_make_anew(binary: Path, tmp_path: Path):
    said = bench(binary, tmp_path, "--scenarios", "reference", "--rivals", "duckdb")
    assert f"  duckdb: {len(CORE)} tables are the same" in said


def test_the_order_of_four():
    assert [" ".join(rotated("abcd", turn)) for turn in range(1, 6)] == [
        "a b d c",
        "b c a d",
        "c d b a",
        "d a c b",
        "a b d c",
    ]


@pytest.mark.parametrize("contenders", ["a", "ab", "abc", "abcd", "abcde", "abcdef"])
def test_each_is_at_each_place_and_after_each_other_equally_often(contenders: str):
    count = len(contenders)
    orders = [rotated(contenders, turn) for turn in range(1, 2 * count + 1)]
    for half in (orders[:count], orders[count:]):
        assert all(sorted(at) == list(contenders) for at in zip(*half))
    neighbours = Counter(pair for order in orders for pair in zip(order, order[1:]))
    assert len(neighbours) == count * (count - 1)
    assert set(neighbours.values()) <= {2}


def test_what_the_benchmark_has_in_memory_is_not_counted(tmp_path: Path):
    ballast = b"x" * 200_000_000
    assert measure(["true"], tmp_path).peak_bytes < 40_000_000
    takes = measure([sys.executable, "-c", "held = b'x' * 100_000_000"], tmp_path).peak_bytes
    assert 100_000_000 < takes < 150_000_000
    assert len(ballast) == 200_000_000


def test_time_and_processors_are_those_of_the_process(tmp_path: Path):
    waits = measure(["sleep", "0.3"], tmp_path)
    assert waits.wall_seconds >= 0.3 > 0.1 > waits.cpu_seconds
    works = "import time\nwhile time.process_time() < 0.3: pass"
    assert measure([sys.executable, "-c", works], tmp_path).cpu_seconds >= 0.3


def test_only_what_was_written_counts(tmp_path: Path):
    (tmp_path / "before.parquet").write_bytes(b"123")
    (tmp_path / "again.parquet").write_bytes(b"12345")
    writes = "printf 1234567 > new.parquet; rm again.parquet; printf 12 > again.parquet; printf 1 > other.txt"
    assert measure(["sh", "-c", writes], tmp_path, tmp_path).bytes_written == 7 + 2


@pytest.mark.parametrize(
    ("command", "ended"),
    [("echo out; echo err >&2; exit 3", "ended with 3\nout\nerr"), ("echo out; kill -9 $$", "ended with -9\nout")],
)
def test_what_does_not_end_well_says_so(tmp_path: Path, command: str, ended: str):
    with pytest.raises(Failed, match=ended):
        measure(["sh", "-c", command], tmp_path)


def test_what_cannot_be_started_is_not_measured(tmp_path: Path):
    with pytest.raises(Failed, match="FileNotFoundError"):
        measure([str(tmp_path / "not-there")], tmp_path)


DATE = "2025-10-01"
TABLE = "ingest.models"
IDS = ["a/x", "b/y"]

# Leaves the first file as the table that is asked for, and from the third call on the second one.
WRITER = """
mkdir -p "$(dirname "$1")" && printf . >> "$2.calls"
if [ "$(wc -c < "$2.calls")" -gt 2 ]; then cp "$3" "$1"; else cp "$2" "$1"; fi
"""


def writer(out: Path, table: str, ids: list[str], then: list[str]) -> list[str]:
    files = []
    for name, values in (("first", ids), ("then", then)):
        files.append(out.parent.parent / f"{out.name}-{name}.parquet")
        pq.write_table(pa.table({"id": pa.array(values, pa.string())}), files[-1])
    return ["sh", "-c", WRITER, "sh", str(out / table), *map(str, files)]


class Ours(Pipeline):
    ids = IDS

    def command(self, snapshots: Input, dates: list[str], out: Path, project: Path = PROJECT) -> list[str]:
        return writer(out, f"ingest/models/snapshot_date={DATE}/part-00000.parquet", self.ids, self.ids)


class Theirs(Rival):
    ids = then = IDS

    def command(self, snapshots: Input, dates: list[str], out: Path, project: Path = PROJECT) -> list[str]:
        return writer(out, f"{DATE}/{TABLE}.parquet", self.ids, self.then)


def fought(place: Path, ours: Pipeline, theirs: Rival) -> list[dict]:
    """Both write the table three times: once to be compared, and in two rounds."""
    rows: list[dict] = []
    contest = Bench(ours, [theirs], Input(2, "parquet", place / "snapshots"), place, 2, rows.append)
    contest.compared([DATE])
    contest.in_turn("one", [DATE])
    return rows


@pytest.fixture
def ours() -> Pipeline:
    return Ours(Path("true"), [TABLE])


@pytest.fixture
def theirs() -> Rival:
    return Theirs("duckdb", asked=[TABLE])


def test_contenders_run_in_the_order_that_is_noted(tmp_path: Path, ours: Pipeline, theirs: Rival):
    assert [(row["round"], row["place"], row["contender"]) for row in fought(tmp_path, ours, theirs)] == [
        (1, 1, "hubcensus"),
        (1, 2, "duckdb"),
        (2, 1, "duckdb"),
        (2, 2, "hubcensus"),
    ]


def test_what_was_timed_is_compared_and_not_only_what_was_written_before(
    tmp_path: Path, ours: Pipeline, theirs: Rival
):
    theirs.then = ["a/x", "b/z"]
    with pytest.raises(Failed, match="'b/z' where there should be 'b/y'"):
        fought(tmp_path, ours, theirs)


def test_tables_without_rows_show_nothing(tmp_path: Path, ours: Pipeline, theirs: Rival):
    ours.ids = theirs.ids = []
    with pytest.raises(Failed, match=f"{TABLE}: no rows, so that nothing is compared"):
        fought(tmp_path, ours, theirs)


def test_the_time_of_nothing_is_not_kept(tmp_path: Path):
    class Idle(Pipeline):
        def command(self, *_: object) -> list[str]:
            return ["true"]

    rows: list[dict] = []
    contest = Bench(Idle(Path("true")), [], Input(2, "parquet", tmp_path), tmp_path, 1, rows.append)
    with pytest.raises(Failed, match="one: hubcensus wrote nothing"):
        contest.in_turn("one", [DATE])
    assert rows == []


def test_the_floor_reads_every_column(tmp_path: Path):
    # None of them has nulls, which the file says.
    columns = {"id": ["a/x", "b/y"], "createdAt": [datetime(2025, 1, 1)] * 2, "likes": [1, 2], "tags": [["t"], ["u"]]}
    pq.write_table(pa.table(columns), tmp_path / "models.parquet")
    duck = duckdb.connect()
    duck.execute("SET VARIABLE raw = $1", [str(tmp_path / "models.parquet")])
    [(_, plan)] = duck.execute(f"EXPLAIN (FORMAT json) {floor.decoding(duck, 'parquet')}").fetchall()
    nodes = json.loads(plan)
    while nodes[0]["children"]:
        nodes = nodes[0]["children"]
    assert nodes[0]["extra_info"]["Projections"] == list(columns)


def test_what_is_measured_as_the_start_is_what_the_rival_imports():
    local = {path.stem for path in BENCH.rglob("*.py")}
    for rival, imports in IMPORTS.items():
        found = set()
        for path in (BENCH / "rivals" / rival).glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    found |= {one.name for one in node.names}
                elif isinstance(node, ast.ImportFrom):
                    found.add(node.module)
        roots = sys.stdlib_module_names | (local - {"duckdb", "pandas", "polars"})
        assert {name for name in found if name.split(".")[0] not in roots} == set(imports), rival


def test_every_duckdb_is_the_same():
    def pins(path: Path) -> dict[str, str]:
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
        return dict(line.split("==") for line in lines if ";" not in line)

    ours, dbt = pins(PROJECT / "tests" / "requirements.txt"), pins(BENCH / "rivals" / "dbt" / "requirements.txt")
    assert dbt["duckdb"] == ours["duckdb"]


def figure(scenario: str, contender: str, turn: int, place: int, wall: float, cpu: float, peak: float) -> dict:
    row = {"scenario": scenario, "models": 1_000, "format": "parquet", "contender": contender, "round": turn}
    row |= {"place": place, "wall_seconds": wall, "cpu_seconds": cpu, "peak_bytes": peak * 1e6}
    return row | {"bytes_written": 2_500_000, "load": 1.0}


def reported(place: Path, rows: list[dict]) -> str:
    about = {"machine": "2 processors", "hubcensus": "hubcensus 0", "duckdb": "Python 3 · duckdb 9"}
    results = place / "results.jsonl"
    results.write_text("".join(json.dumps(row) + "\n" for row in [{"about": about}, *rows]), encoding="utf-8")
    command = [sys.executable, str(BENCH / "report.py"), str(results), str(place / "report")]
    subprocess.run(command, check=True, capture_output=True)
    return (place / "report.md").read_text(encoding="utf-8")


def test_the_report_says_what_its_figures_do_not(tmp_path: Path):
    starts = [figure("start", "hubcensus", 1, 1, 0.01, 0.01, 20), figure("start", "duckdb", 1, 2, 0.5, 0.25, 40)]
    for row in starts:
        del row["models"], row["format"]
    rows = [
        *(figure("one", "hubcensus", turn, turn, wall, 3.0, 100) for turn, wall in ((1, 1.0), (2, 1.5))),
        *(figure("one", "duckdb", turn, 3 - turn, wall, 4.0, 400) for turn, wall in ((1, 2.0), (2, 3.0))),
    ]
    report = reported(tmp_path, [*starts, *rows])
    assert "- The data is generated (`hubcensus sample`)" in report
    assert "pay for Python's start-up" in report
    assert "`every`" not in report
    assert "| duckdb: `python -c 'import duckdb'` | 0.500 (0.500 – 0.500) | 0.25 | 40 |" in report
    ours = "| one | 1,000 | parquet | hubcensus | 1.250 (1.000 – 1.500) |  | 0.010 (1%) | 3.00 |  | 100 |  | 2.5 |"
    assert ours in report
    # 1.25 / 2.5, 3 / 4, 100 / 400; half a second of 2.5 is the start.
    theirs = "duckdb | 2.500 (2.000 – 3.000) | 0.50 | 0.500 (20%) | 4.00 | 0.75 | 400 | 0.25 | 2.5 |"
    assert f"| one | 1,000 | parquet | {theirs}" in report
    assert "Order in `one`:\n\n1. hubcensus, duckdb\n2. duckdb, hubcensus\n\nEach was first equally often." in report
    assert "- duckdb: Python 3 · duckdb 9" in report
    kept = pq.read_table(tmp_path / "report.parquet")
    assert kept.select(["scenario", "contender", "place"]).to_pylist()[-1] == {
        "scenario": "one",
        "contender": "duckdb",
        "place": 1,
    }


def test_the_report_says_what_every_times_and_that_an_order_is_uneven(tmp_path: Path):
    rows = [figure("every", "hubcensus", 1, 1, 1.0, 1.0, 1), figure("every", "duckdb_every", 1, 2, 2.0, 2.0, 2)]
    report = reported(tmp_path, rows)
    assert "the oracle's SQL (`tests/oracle`), which was written to be read and to be right, not to be fast" in report
    assert "Not each was first equally often (duckdb_every 0, hubcensus 1): 2 contenders, rounds: 1." in report
