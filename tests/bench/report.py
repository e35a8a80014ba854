"""The figures of a benchmark: a table in Markdown, and all of them as Parquet.

What a figure does not say by itself stands with it: how fair it is, and to whom.
"""

import argparse
import json
import statistics
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from contenders import IMPORTS
from scenarios import SCENARIOS, START
from tables import CORE, all_tables

OURS = "hubcensus"
HEAD = [
    "scenario",
    "models",
    "format",
    "contender",
    "wall, s (min – max)",
    "ours/theirs",
    "start-up in it, s",
    "processors, s",
    "ours/theirs",
    "peak, MB",
    "ours/theirs",
    "written, MB",
]
# Texts to the left, numbers to the right.
RULE = ["---", "---:", "---", "---"] + ["---:"] * (len(HEAD) - 4)

Rows = list[dict]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("out", type=Path, help="without an ending")
    arguments = parser.parse_args()
    rows = [json.loads(line) for line in arguments.results.read_text(encoding="utf-8").splitlines()]
    about = next(row["about"] for row in rows if "about" in row)
    rows = [row for row in rows if "about" not in row]
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    table = pa.table({name: [row.get(name) for row in rows] for name in columns})
    pq.write_table(table, arguments.out.with_suffix(".parquet"), compression="zstd")
    text = "\n".join(lines(about, rows)) + "\n"
    arguments.out.with_suffix(".md").write_text(text, encoding="utf-8")
    print(text)


def lines(about: dict[str, str], rows: Rows) -> Iterator[str]:
    starts = grouped([row for row in rows if row["scenario"] == START], "contender")
    groups = grouped([row for row in rows if row["scenario"] != START], "scenario", "models", "format")
    yield from caveats([scenario for scenario, *_ in groups])
    yield ""
    yield from start_up(starts)
    yield ""
    yield from figures(groups, starts)
    yield ""
    yield from turns(rows, groups)
    yield ""
    yield f"Measured on {about['machine']}, with:"
    yield ""
    yield from (f"- {contender}: {versions}" for contender, versions in about.items() if contender != "machine")


def caveats(scenarios: list[str]) -> Iterator[str]:
    yield "What to know before any figure:"
    yield ""
    yield (
        "- The data is generated (`hubcensus sample`): it holds to totals and shares that a study published, and is "
        "not a snapshot of the Hub. On real snapshots the figures are others."
    )
    yield (
        "- The rivals are programs in Python, started anew for each figure, and pay for Python's start-up and for what "
        "they import each time; the pipeline is a binary and does not. At small sizes that is much of their time: it "
        "was measured in the same run, and stands below and beside each time."
    )
    if "every" in scenarios:
        tables, core = len(all_tables()), len(CORE)
        yield (
            f"- `every` does not show how fast DuckDB could be. Of its {tables} tables the rival makes {core} "
            f"by SQL that is tuned for DuckDB, and {tables - core} by the oracle's SQL (`tests/oracle`), which was "
            "written to be read and to be right, not to be fast."
        )
    yield (
        "- The rivals' programs (`tests/bench/rivals`) were written for this benchmark, along with the pipeline, and "
        "not by those who make the tools. That each writes the pipeline's tables, row for row, was shown before "
        "anything was timed, and again of what the last round wrote. What the pipeline does beside (contracts, manifests, files "
        "that are forced to the disk) is in its figures; the rivals do none of it."
    )
    for scenario in dict.fromkeys(scenarios):
        yield f"- `{scenario}`: {' '.join(SCENARIOS[scenario].__doc__.split())}"


def start_up(starts: dict[tuple, Rows]) -> Iterator[str]:
    """What each contender takes before it does anything."""
    yield "| start-up | wall, s (min – max) | processors, s | peak, MB |"
    yield "| --- | ---: | ---: | ---: |"
    for (contender,), rounds in starts.items():
        if contender == OURS:
            name = f"{contender}: `hubcensus --version`"
        else:
            name = f"{contender}: `python -c 'import {', '.join(IMPORTS[contender])}'`"
        peak = f"{median(rounds, 'peak_bytes') / 1e6:,.0f}"
        yield row_of([name, spread(rounds), f"{median(rounds, 'cpu_seconds'):.2f}", peak])


def figures(groups: dict[tuple, Rows], starts: dict[tuple, Rows]) -> Iterator[str]:
    yield row_of(HEAD)
    yield row_of(RULE)
    for (scenario, models, kind), rows in groups.items():
        contenders = grouped(rows, "contender")
        ours = contenders.get((OURS,))
        for (contender,), rounds in contenders.items():
            name = contender
            if rounds[0].get("missing"):
                name += f" (without {rounds[0]['missing']} tables)"
            # The floor counts its time from within.
            start = None if scenario == "floor" else starts.get((contender,))
            peak = median(rounds, "peak_bytes")
            cells = [scenario, f"{models:,}", kind, name]
            cells += [spread(rounds), ratio(ours, rounds, "wall_seconds"), part(start, rounds)]
            cells += [f"{median(rounds, 'cpu_seconds'):.2f}", ratio(ours, rounds, "cpu_seconds")]
            cells += [f"{peak / 1e6:,.0f}" if peak else "", ratio(ours, rounds, "peak_bytes")]
            yield row_of([*cells, f"{median(rounds, 'bytes_written') / 1e6:,.1f}"])


def turns(rows: Rows, groups: dict[tuple, Rows]) -> Iterator[str]:
    """In which order contenders ran, which is the same wherever they are."""
    orders: dict[str, list[str]] = {}
    for (scenario, *_), figures in groups.items():
        if any("place" in row for row in figures):
            found = orders.setdefault(order(figures), [])
            found += [f"`{scenario}`"] if f"`{scenario}`" not in found else []
    loads = [row["load"] for row in rows]
    yield (
        f"Medians; rounds: {max(row['round'] for row in rows)}; contenders in turn, in an order that rotates. Load "
        f"while they ran: {min(loads):.1f} to {max(loads):.1f}."
    )
    for told, scenarios in orders.items():
        yield ""
        yield f"Order in {', '.join(scenarios)}:"
        yield ""
        yield told


def order(rows: Rows) -> str:
    rounds = {turn: sorted(ran, key=lambda row: row["place"]) for (turn,), ran in grouped(rows, "round").items()}
    told = [f"{turn}. " + ", ".join(row["contender"] for row in ran) for turn, ran in rounds.items()]
    firsts = [ran[0]["contender"] for ran in rounds.values()]
    contenders = sorted({row["contender"] for row in rows})
    counts = {contender: firsts.count(contender) for contender in contenders}
    if len(set(counts.values())) == 1:
        each = "Each was first equally often."
    else:
        said = ", ".join(f"{contender} {times}" for contender, times in counts.items())
        each = f"Not each was first equally often ({said}): {len(contenders)} contenders, rounds: {len(rounds)}."
    return "\n".join([*told, "", each])


def grouped(rows: Rows, *names: str) -> dict[tuple, Rows]:
    """Rows by these values, in the order in which they came."""
    groups: dict[tuple, Rows] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in names), []).append(row)
    return groups


def row_of(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def spread(rounds: Rows) -> str:
    wall = [row["wall_seconds"] for row in rounds]
    return f"{statistics.median(wall):.3f} ({min(wall):.3f} – {max(wall):.3f})"


def median(rounds: Rows, figure: str) -> float:
    return statistics.median(row[figure] for row in rounds)


def part(start: Rows | None, rounds: Rows) -> str:
    """How much of the time was the start."""
    if not start:
        return ""
    seconds = median(start, "wall_seconds")
    return f"{seconds:.3f} ({seconds / median(rounds, 'wall_seconds'):.0%})"


def ratio(ours: Rows | None, theirs: Rows, figure: str) -> str:
    if not ours or ours is theirs or not median(theirs, figure):
        return ""
    return f"{median(ours, figure) / median(theirs, figure):.2f}"


if __name__ == "__main__":
    main()
