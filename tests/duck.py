"""The published tables, worked out anew by DuckDB from a source's own files and the reference tables.

The SQL in oracle/ was written from the definitions of the tables, not from the pipeline's queries: two ways to one
number, so that a mistake in either shows.
"""

from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import duckdb

from census import PROJECT, parameters

ORACLE = Path(__file__).resolve().parent / "oracle"

# What is published, with the columns by which a row is told from another.
TABLES = {
    "hub_totals": ["universe", "period"],
    "missing_values": ["column_name"],
    "entities": ["universe", "period", "entity"],
    "accounts": ["universe", "period", "account"],
    "geography": ["universe", "period", "level", "place"],
    "entity_types": ["universe", "period", "entity_type"],
    "modalities": ["universe", "period", "modality"],
    "tasks": ["universe", "period", "task"],
    "sizes": ["universe", "period", "scheme", "size_class"],
    "top_models": ["ranking", "rank"],
}

# The steps to them, in this order: facts, a source's rows, those that stay, and what is said of each.
STEPS = ["reference", "staging_{source}", "ingest", "size_in_name", "models", "counted"]

# DuckDB's types, as pyarrow calls what a file must have for them.
TYPES = {
    "VARCHAR": "string",
    "BIGINT": "int64",
    "DOUBLE": "double",
    "BOOLEAN": "bool",
    "TIMESTAMP": "timestamp[us, tz=UTC]",
    "VARCHAR[]": "list<string>",
}


@dataclass
class Table:
    """Rows in their order."""

    types: dict[str, str]
    rows: list[dict]


class Oracle:
    """One snapshot of one source."""

    def __init__(self, source: str, raw: Path, date: str):
        self.duck = duckdb.connect()
        self.duck.execute("SET TimeZone = 'UTC'; SET threads = 2; SET preserve_insertion_order = true")
        self.duck.execute("SET VARIABLE root = $1", [str(PROJECT)])
        self.duck.execute("SET VARIABLE raw = $1", [str(raw)])
        self.duck.execute("SET VARIABLE snapshot_date = CAST($1 AS DATE)", [date])
        for name, value in parameters("enrich.models").items():
            self.duck.execute(f"SET VARIABLE {name} = $1", [value])
        for step in STEPS:
            self.duck.execute(sql(step.format(source=source.replace("-", "_"))))

    def table(self, name: str) -> Table:
        """A published table, by the query of its name."""
        return self.ask(sql(name))

    def ask(self, query: str) -> Table:
        relation = self.duck.sql(query)
        types = {column: str(type_) for column, type_ in zip(relation.columns, relation.types)}
        rows = [dict(zip(types, map(in_utc, row))) for row in relation.fetchall()]
        return Table({column: TYPES.get(type_, type_) for column, type_ in types.items()}, rows)


def in_utc(value: object) -> object:
    """A timestamp is UTC here, without saying so."""
    return value.replace(tzinfo=timezone.utc) if isinstance(value, datetime) else value


def sql(name: str) -> str:
    return (ORACLE / f"{name}.sql").read_text(encoding="utf-8")
