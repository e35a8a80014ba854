"""What the tests start from: the binary, real snapshots if there are any, lakes that were made with it."""

import os
from pathlib import Path

import pytest

from census import DATES, PROJECT, Census, execute, fill

REAL_DATA = "HUBCENSUS_REAL_DATA"


@pytest.fixture(scope="session")
def binary() -> Path:
    path = Path(os.environ.get("HUBCENSUS_BIN", "target/debug/hubcensus"))
    path = path if path.is_absolute() else PROJECT / path
    assert path.is_file(), f"{path} is not there; `make build` makes it, HUBCENSUS_BIN names another"
    return path


@pytest.fixture(scope="session")
def census(binary: Path, tmp_path_factory: pytest.TempPathFactory):
    """A function that gives a new lake by name."""
    return lambda name: Census(binary, tmp_path_factory.mktemp(name) / "lake")


@pytest.fixture(scope="session")
def sample(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where the files of two generated snapshots are."""
    out = tmp_path_factory.mktemp("sample")
    execute(binary, "sample", "--models", 5000, "--dates", ",".join(DATES), "--out", out)
    return f"{out}/{{table}}_{{date}}.parquet"


@pytest.fixture(scope="session")
def lake(census, sample: str) -> Census:
    """All tables of them. Several files of tests read it, and none writes to it."""
    made = census("lake")
    fill(made, sample, ",".join(DATES))
    return made


@pytest.fixture(scope="session")
def place(binary: Path, lake: Census, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is published of it: the first snapshot, then both, as a scheduled run does it."""
    to = tmp_path_factory.mktemp("published") / "out"
    execute(binary, "publish", "--to", to, "--lake", lake.root, "--dates", DATES[0])
    printed = execute(binary, "publish", "--to", to, "--lake", lake.root)
    assert "2 snapshots" in printed and "enerated" in printed
    return to


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The directory of real snapshots; they are no part of the project."""
    if not os.environ.get(REAL_DATA):
        pytest.skip(f"{REAL_DATA} is not set, so there are no real snapshots to read")
    path = Path(os.environ[REAL_DATA])
    assert path.is_dir(), f"{REAL_DATA} names {path}, which is not there"
    return path
