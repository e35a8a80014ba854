"""What all rivals have in common: the command line under which contenders.py asks for the job, and its end."""

import argparse
import json
import os
import sys
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


def end():
    """Every file is closed; what is in memory need not be freed piece by piece."""
    sys.stdout.flush()
    os._exit(0)
