"""The core job, by the pipeline and by other tools: first whether all write the same, then who is faster.

Contenders take turns, each time as a fresh process that writes into an empty place. Nothing is shown of a contender
whose tables are not the pipeline's.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from contenders import Input, Pipeline, Rival
from measure import Failed
from scenarios import SCENARIOS, Bench
from tables import HERE, PROJECT


def main() -> int:
    arguments = parsed()
    work = arguments.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    results = work / "results.jsonl"
    results.unlink(missing_ok=True)
    pipeline = Pipeline(arguments.binary.resolve())
    rivals = [Rival(name, python(arguments, name)) for name in arguments.rivals]
    try:
        for models in arguments.models:
            for kind in arguments.formats:
                snapshots = Input(models, kind, work / "snapshots" / f"{models}-{kind}")
                bench = Bench(pipeline, rivals, snapshots, work, arguments.rounds, lambda row: note(results, row))
                for scenario in arguments.scenarios:
                    print(f"{scenario}, {models:,} models, {kind}", flush=True)
                    SCENARIOS[scenario](bench)
    except Failed as failure:
        print(failure, file=sys.stderr)
        return 1
    report = [sys.executable, str(HERE / "report.py"), str(results), str(arguments.out)]
    return subprocess.run(report, check=False).returncode


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    target = PROJECT / "target"
    parser.add_argument("--binary", type=Path, default=target / "release" / "hubcensus")
    parser.add_argument("--models", type=listed(int), default=[200_000], help="sizes, with commas between")
    parser.add_argument("--formats", type=listed(str), default=["parquet"], help="parquet, ndjson")
    parser.add_argument("--scenarios", type=listed(str), default=["one"], help=", ".join(SCENARIOS))
    parser.add_argument(
        "--rivals", type=listed(str), default=["duckdb", "polars", "pandas"], help="directories of rivals/"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--work", type=Path, default=target / "bench", help="for snapshots, lakes and figures")
    parser.add_argument("--out", type=Path, default=target / "bench" / "report", help="without an ending")
    parser.add_argument(
        "--python", action="append", default=[], metavar="RIVAL=PYTHON", help="a Python that one rival needs"
    )
    return parser.parse_args()


def listed(kind: type):
    return lambda text: [kind(part.replace("_", "")) if kind is int else part for part in text.split(",") if part]


def python(arguments: argparse.Namespace, name: str) -> str:
    return dict(given.split("=", 1) for given in arguments.python).get(name, sys.executable)


def note(results: Path, row: dict):
    """Keeps a figure as soon as it is there."""
    with results.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    print(
        f"  {row['contender']:<12} {row['wall_seconds']:8.2f} s  {row['cpu_seconds']:8.2f} s of processors"
        f"  {row['peak_bytes'] / 1e6:8.0f} MB  load {row['load']:.1f}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
