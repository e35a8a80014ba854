"""Two tables, row for row, and a difference that a person can read."""

import math

import pyarrow as pa

from duck import Table

SHOWN = 10


def same(ours: object, theirs: object) -> bool:
    if isinstance(ours, float) and isinstance(theirs, float):
        return math.isclose(ours, theirs, rel_tol=1e-12, abs_tol=0.0)
    return type(ours) is type(theirs) and ours == theirs


def differences(made: pa.Table | None, expected: Table, key: list[str]) -> str:
    """Empty if the table that was made is the one expected, its columns, types and order included."""
    if made is None:
        return "" if not expected.rows else f"skipped, but DuckDB has {len(expected.rows)} rows"
    made = made.drop_columns(["observed_date"])
    types = {field.name: str(field.type).replace("list<element: ", "list<") for field in made.schema}
    if list(types.items()) != list(expected.types.items()):
        return f"columns\n  made:   {types}\n  DuckDB: {expected.types}"
    rows = made.to_pylist()
    if len(rows) == len(expected.rows) and all(
        same(row[column], other[column]) for row, other in zip(rows, expected.rows) for column in types
    ):
        return ""
    return "\n".join(said(rows, expected.rows, key, list(types)))


def said(rows: list[dict], others: list[dict], key: list[str], columns: list[str]):
    def keyed(table: list[dict]) -> dict[tuple, dict]:
        return {tuple(row[column] for column in key): row for row in table}

    made, expected = keyed(rows), keyed(others)
    yield f"{len(rows)} rows made, {len(others)} by DuckDB"
    only = {"only made": made.keys() - expected.keys(), "only by DuckDB": expected.keys() - made.keys()}
    for what, keys in only.items():
        if keys:
            yield f"{what}: {len(keys)}"
            source = made if what == "only made" else expected
            yield from (f"  {source[one]}" for one in sorted(keys, key=str)[:SHOWN])
    unlike = [
        (one, [column for column in columns if not same(made[one][column], expected[one][column])])
        for one in made
        if one in expected
    ]
    unlike = [(one, wrong) for one, wrong in unlike if wrong]
    if unlike:
        yield f"differ: {len(unlike)}"
        for one, wrong in unlike[:SHOWN]:
            yield f"  {one}: " + ", ".join(
                f"{column} {made[one][column]!r}, DuckDB {expected[one][column]!r}" for column in wrong
            )
    if not unlike and not any(only.values()):
        if len(made) < len(rows) or len(expected) < len(others):
            yield f"one {key} more than once"
            return
        place = next(i for i, pair in enumerate(zip(rows, others)) if any(pair[0][c] != pair[1][c] for c in key))
        yield f"the same rows in another order, first at row {place + 1}: made {rows[place]}, DuckDB {others[place]}"
