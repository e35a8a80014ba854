"""What all rivals have in common: the command line under which contenders.py asks for the job, and its end."""

import argparse
import json
import os
import sys
from datetime import date, timedelta
from pathlib import Path


def parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser()
    common.add_argument("--project", type=Path, required=True)
    common.add_argument("--raw", required=True, help="with {date} in it")
    common.add_argument("--format", choices=["parquet", "ndjson"], required=True)
    common.add_argument("--dates", type=lambda text: text.split(","), required=True, help="with commas between")
    common.add_argument("--out", type=Path, required=True)
    common.add_argument("--parameters", type=json.loads, required=True, help="name and value, as JSON")
    return common


def constants(format: str, day: date) -> dict[str, date | str | None]:
    """What ingest.models says in every row, of the source that has this format. The archive of one day has the counters
    of the day before; the items of the API do not say of when theirs are.
    """
    archive = format == "parquet"
    return {
        "counters_date": day - timedelta(days=1) if archive else None,
        "source": "hub-stats" if archive else "hub-api",
        "coverage": "census",
        "part": None,
    }


def end():
    """Every file is closed; what is in memory need not be freed piece by piece."""
    sys.stdout.flush()
    os._exit(0)
