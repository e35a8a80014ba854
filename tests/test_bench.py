"""The benchmark itself, on a small Hub: whether what it measures runs, and whether all contenders write the same."""

import subprocess
import sys
from pathlib import Path

import pytest

from census import PROJECT

# The generator's known models alone are some 2,500.
MODELS = "3_000"


def bench(binary: Path, place: Path, *options: str) -> str:
    command = [sys.executable, str(PROJECT / "tests" / "bench" / "bench.py"), "--binary", str(binary)]
    where = ["--models", MODELS, "--rounds", "1", "--work", str(place), "--out", str(place / "report"), *options]
    done = subprocess.run([*command, *where], cwd=PROJECT, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


RIVALS = ("duckdb", "polars", "pandas")


@pytest.mark.parametrize("kind", ["parquet", "ndjson"])
def test_all_contenders_write_the_same(binary: Path, tmp_path: Path, kind: str):
    said = bench(binary, tmp_path, "--formats", kind)
    for rival in RIVALS:
        assert f"  {rival}: 37 tables are the same" in said
    report = (tmp_path / "report.md").read_text(encoding="utf-8")
    for contender in ("hubcensus", *RIVALS):
        assert f"| one | 3,000 | {kind} | {contender} |" in report


def test_duckdb_writes_every_table_the_same(binary: Path, tmp_path: Path):
    assert "  duckdb_every: 56 tables are the same" in bench(binary, tmp_path, "--scenarios", "every")


def test_what_a_changed_fact_leads_to_is_what_the_rivals_make_anew(binary: Path, tmp_path: Path):
    said = bench(binary, tmp_path, "--scenarios", "reference", "--rivals", "duckdb")
    assert "  duckdb: 37 tables are the same" in said
