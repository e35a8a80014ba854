"""The published tables, worked out anew by DuckDB from a source's own files and the reference tables.

The SQL in oracle/ was written from the definitions of the tables, not from the pipeline's queries: two ways to one
number, so that a mistake in either shows.
"""

from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import duckdb

from census import PROJECT, contracts, declared, entries
from clusters import cluster_starts

ORACLE = Path(__file__).resolve().parent / "oracle"

# Tables that others are made of; what they get wrong shows there.
HELPERS = {table.split(".")[1] for table, entry in entries().items() if entry.get("intermediate")}

# What is learned and not worked out; it has tests of its own.
LEARNED = {"task_model_scores", "task_predictions"}

# What is published of one snapshot, and what compares it with earlier ones.
PUBLISHED = {
    table.removeprefix("aggregate."): contract
    for table, contract in contracts().items()
    if table.startswith("aggregate.")
}
ACROSS = {table for table, contract in PUBLISHED.items() if contract.history or table.endswith("_changes")}
SERIES = sorted(({"crossovers", "engagement_summary", "gains"} | ACROSS) - HELPERS)
TABLES = sorted(set(PUBLISHED) - set(SERIES) - HELPERS - LEARNED)

# The steps to them, in this order: facts, a source's rows, those that stay, and what is said of each.
STEPS = ["macros", "reference", "staging_{source}", "staging_kinds", "staging", "owned_kinds", "ingest", "size_in_name", "models"]
STEPS += ["kinds", "counted", "lineage", "attribution", "families", "breakdowns"]

# The kinds beyond models.
KINDS = ["datasets", "spaces", "papers", "account_facts"]

# What is kept of each snapshot for those after it, and the steps from there to what compares them.
KEPT = ["listing", "kind_extents", "models", "model_families", "model_origins", "ingest", "missing_values", "top_models"]
SERIES_STEPS = ["macros", "reference", "series", "followed", "changed", "windows"]

# Tables with values that are declared beside the query; here they are variables (census.declared).
WITH_PARAMETERS = ["enrich.stated_sizes", "enrich.model_languages", "enrich.model_parents", "enrich.models"]
WITH_PARAMETERS += ["aggregate.carriers", "aggregate.size_clusters", "aggregate.size_leaders"]

# DuckDB's types, as pyarrow calls what a file must have for them.
TYPES = {
    "VARCHAR": "string",
    "BIGINT": "int64",
    "DOUBLE": "double",
    "BOOLEAN": "bool",
    "DATE": "date32[day]",
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
        for name, value in declared(WITH_PARAMETERS).items():
            self.duck.execute(f"SET VARIABLE {name} = $1", [value])
        self.duck.create_function("cluster_starts", cluster_starts, ["BIGINT[]", "BIGINT"], "BIGINT[]")
        source = source.replace("-", "_")
        for step in STEPS:
            if step == "staging":
                self.stage_kinds(source, raw)
            else:
                self.duck.execute(sql("steps/" + step.format(source=source)))

    def stage_kinds(self, source: str, raw: Path):
        """The files of other kinds that lie beside that of the models, where the source has them."""
        for kind in KINDS:
            name = Path(raw).name.replace("models_", f"{kind}_")
            files = [Path(raw).with_name(name), Path(raw).with_name(name).with_suffix(".generated.jsonl")]
            found = [file for file in files if file.name != Path(raw).name and file.is_file()]
            step = f"steps/staging_{source}_{kind}"
            if found and (ORACLE / f"{step}.sql").is_file():
                self.duck.execute(f"SET VARIABLE {kind} = $1", [str(found[0])])
                self.duck.execute(sql(step))

    def table(self, name: str) -> Table:
        """A published table, by the query of its name."""
        return self.ask(sql(name))

    def ask(self, query: str) -> Table:
        relation = self.duck.sql(query)
        types = {column: str(type_) for column, type_ in zip(relation.columns, relation.types)}
        rows = [dict(zip(types, map(in_utc, row))) for row in relation.fetchall()]
        return Table({column: TYPES.get(type_, type_) for column, type_ in types.items()}, rows)


class Series(Oracle):
    """The snapshots of one lake, in the order of their dates; of one source, or of several one after the other."""

    def __init__(self, snapshots: list[tuple[str, Path, str]]):
        self.duck = duckdb.connect()
        self.duck.execute("SET TimeZone = 'UTC'; SET threads = 2; CREATE SCHEMA kept")
        self.duck.execute("SET VARIABLE root = $1", [str(PROJECT)])
        told = ["aggregate.crossovers", "aggregate.momentum", "aggregate.snapshots", "aggregate.windows"]
        for name, value in declared(told).items():
            self.duck.execute(f"SET VARIABLE {name} = $1", [value])
        for source, raw, date in snapshots:
            self.keep(Oracle(source, raw, date))

    def keep(self, oracle: Oracle):
        """Takes from one snapshot what later ones look back at."""
        for table in KEPT:
            query = sql(table).rstrip().rstrip(";") if table in PUBLISHED else f"FROM {table}"
            dated = f"SELECT getvariable('snapshot_date') AS snapshot_date, * FROM ({query})"
            self.duck.register("snapshot", oracle.duck.sql(dated).to_arrow_table())
            self.duck.execute(f"CREATE TABLE IF NOT EXISTS kept.{table} AS FROM snapshot LIMIT 0")
            self.duck.execute(f"INSERT INTO kept.{table} BY NAME FROM snapshot")
        oracle.duck.close()

    def at(self, date: str) -> "Series":
        """As one of its snapshots saw it: with those before, without those after."""
        self.duck.execute("SET VARIABLE snapshot_date = CAST($1 AS DATE)", [date])
        for step in SERIES_STEPS:
            self.duck.execute(sql(f"steps/{step}"))
        for table in ("momentum", "engagement"):
            self.duck.execute(f"CREATE OR REPLACE TABLE {table} AS {sql(table)}")
        return self


def in_utc(value: object) -> object:
    """A timestamp is UTC here, without saying so."""
    return value.replace(tzinfo=timezone.utc) if isinstance(value, datetime) else value


def sql(name: str) -> str:
    return (ORACLE / f"{name}.sql").read_text(encoding="utf-8")
