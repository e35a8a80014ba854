"""The tables that contenders are asked for: the core job, from one list, and all that SQL can be asked for."""

import sys
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import census  # noqa: E402

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent

CORE = [
    line for line in (HERE / "core.txt").read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")
]

# What has rows only if the snapshot has more than models; those of the benchmark are of models alone.
OF_OTHER_KINDS = [
    "aggregate.account_facts",
    "aggregate.dataset_entities",
    "aggregate.datasets_by_task",
    "aggregate.papers_by_entity",
    "aggregate.spaces_by_sdk",
    "aggregate.top_datasets",
    "aggregate.top_papers",
    "aggregate.top_spaces",
]

ORACLE = PROJECT / "tests" / "oracle"


@cache
def all_tables() -> list[str]:
    """All of a snapshot of models that the oracle has a query for, but an optimum that it has from a function in
    Python.
    """
    others = [*CORE, *OF_OTHER_KINDS, "aggregate.size_clusters"]
    others += ["aggregate.crossovers", "aggregate.engagement_summary", "aggregate.gains"]
    return CORE + [
        table
        for table, contract in sorted(census.contracts().items())
        if table not in others
        and not contract.history
        and not table.endswith("_changes")
        and (ORACLE / f"{table.removeprefix('aggregate.')}.sql").exists()
    ]


def parameters() -> dict[str, object]:
    """The values that the queries of both jobs declare, and those of what they are made of."""
    return census.declared(["enrich.stated_sizes", "aggregate.carriers", *CORE])
