"""The tables of the core job, from the one list that all contenders go by."""

from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent

CORE = [
    line for line in (HERE / "core.txt").read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")
]
