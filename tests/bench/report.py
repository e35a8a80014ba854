"""The figures of a benchmark: a table in Markdown, and all of them as Parquet."""

import argparse
import json
import statistics
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

OURS = "hubcensus"
HEAD = (
    "| scenario | models | format | contender | wall, s (min – max) | ours/theirs | processors, s | peak, MB "
    "| ours/theirs | written, MB |"
)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("out", type=Path, help="without an ending")
    arguments = parser.parse_args()
    rows = [json.loads(line) for line in arguments.results.read_text(encoding="utf-8").splitlines()]
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    table = pa.table({name: [row.get(name) for row in rows] for name in columns})
    pq.write_table(table, arguments.out.with_suffix(".parquet"), compression="zstd")
    text = "\n".join(lines(rows)) + "\n"
    arguments.out.with_suffix(".md").write_text(text, encoding="utf-8")
    print(text)


def lines(rows: list[dict]):
    yield HEAD
    yield "| --- | ---: | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    groups: dict[tuple, dict[str, list[dict]]] = {}
    for row in rows:
        what = (row["scenario"], row["models"], row["format"])
        groups.setdefault(what, {}).setdefault(row["contender"], []).append(row)
    for (scenario, models, kind), contenders in groups.items():
        ours = contenders.get(OURS)
        for contender, rounds in contenders.items():
            wall = [row["wall_seconds"] for row in rounds]
            name = contender
            if rounds[0].get("missing"):
                name += f" (without {rounds[0]['missing']} tables)"
            cells = [scenario, f"{models:,}", kind, name]
            cells.append(f"{statistics.median(wall):.3f} ({min(wall):.3f} – {max(wall):.3f})")
            cells.append(ratio(ours, rounds, "wall_seconds"))
            cells.append(f"{median(rounds, 'cpu_seconds'):.2f}")
            cells.append(f"{median(rounds, 'peak_bytes') / 1e6:,.0f}")
            cells.append(ratio(ours, rounds, "peak_bytes"))
            cells.append(f"{median(rounds, 'bytes_written') / 1e6:,.1f}")
            yield "| " + " | ".join(cells) + " |"
    loads = [row["load"] for row in rows]
    yield ""
    yield (
        f"Medians of {max(row['round'] for row in rows)} rounds, contenders in turn. Load while they ran: "
        f"{min(loads):.1f} to {max(loads):.1f}."
    )


def median(rounds: list[dict], figure: str) -> float:
    return statistics.median(row[figure] for row in rounds)


def ratio(ours: list[dict] | None, theirs: list[dict], figure: str) -> str:
    if not ours or ours is theirs or not median(theirs, figure):
        return ""
    return f"{median(ours, figure) / median(theirs, figure):.2f}"


if __name__ == "__main__":
    main()
