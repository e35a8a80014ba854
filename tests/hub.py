"""The fixture Hub, as a process."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from census import PROJECT


@contextmanager
def serving(*options: str) -> Iterator[str]:
    """Its address, while it runs."""
    path = Path(os.environ.get("HUBCENSUS_FIXTURE_HUB", "target/debug/fixture-hub"))
    path = path if path.is_absolute() else PROJECT / path
    if not path.is_file():
        pytest.fail(f"{path} is not there; `cargo build --package hubcensus-fixture-hub` makes it")
    server = subprocess.Popen([path, *options], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        yield server.stdout.readline().strip().removeprefix("HF_ENDPOINT=")
    finally:
        server.terminate()
        server.wait()


def client(hub: str, home: Path, **more: str) -> dict[str, str]:
    """The environment in which the official client uses it, without a token and without Xet, which it has not."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING_FACE_"))}
    own = {"HF_ENDPOINT": hub, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    return kept | own | more
