"""What the tests start from: the binary, real snapshots if there are any, lakes that were made with it."""

import os
from pathlib import Path

import pytest

from census import PROJECT, Census

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
def real_data() -> Path:
    """The directory of real snapshots; they are no part of the project."""
    if not os.environ.get(REAL_DATA):
        pytest.skip(f"{REAL_DATA} is not set, so there are no real snapshots to read")
    path = Path(os.environ[REAL_DATA])
    assert path.is_dir(), f"{REAL_DATA} names {path}, which is not there"
    return path
