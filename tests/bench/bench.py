"""The core job, by the pipeline and by other tools: first whether all write the same, then who is faster.

Contenders take turns in an order that rotates, each time as a fresh process that writes into an empty place. Nothing
is shown of a contender whose tables are not the pipeline's.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

from contenders import Input, Pipeline, Rival
from measure import Failed
from scenarios import SCENARIOS, Bench, oracle, started
from tables import HERE, PROJECT


def main() -> int:
    arguments = parsed()
    work = arguments.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    results = work / "results.jsonl"
    results.unlink(missing_ok=True)
    pipeline = Pipeline(arguments.binary.resolve())
    rivals = [Rival(name, python(arguments, name)) for name in arguments.rivals]
    duckdb = python(arguments, "duckdb")
    contenders = [pipeline, *rivals, *([oracle(duckdb)] if "every" in arguments.scenarios else [])]
    try:
        keep(results, {"about": about(contenders)})
        print("start", flush=True)
        started(contenders, arguments.rounds, lambda row: note(results, row))
        for models in arguments.models:
            for kind in arguments.formats:
                snapshots = Input(models, kind, work / "snapshots" / f"{models}-{kind}")
                rounds = arguments.rounds
                bench = Bench(pipeline, rivals, snapshots, work, rounds, lambda row: note(results, row), duckdb)
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
    parser.add_argument(
        "--rounds", type=int, default=4, help="a multiple of the number of contenders has each first equally often"
    )
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


def about(contenders: list[Pipeline | Rival]) -> dict[str, str]:
    """What figures depend on, as the report tells it."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    machine = f"{len(os.sched_getaffinity(0))} processors ({processor()}), {memory / 1e9:.0f} GB of memory"
    return {"machine": f"{machine}, {platform.system()} {platform.release()}"} | {
        contender.name: contender.versions() for contender in contenders
    }


def processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def keep(results: Path, row: dict):
    with results.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def note(results: Path, row: dict):
    """Keeps a figure as soon as it is there."""
    keep(results, row)
    print(
        f"  {row['contender']:<12} {row['wall_seconds']:8.2f} s  {row['cpu_seconds']:8.2f} s of processors"
        f"  {row['peak_bytes'] / 1e6:8.0f} MB  load {row['load']:.1f}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
