"""The core job in dbt: the DuckDB rival's SQL, a model for each of its steps, run by dbt-duckdb.

Layered as dbt's guides advise: staging for the source and the facts as they stand, intermediate for what is made of
them, marts for what is written. The models are laid out from the steps and the SQL of ../duckdb before dbt is started.
The database is in memory, which is quicker than a file.
"""

import argparse
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "duckdb")]

import common  # noqa: E402
import job as rival  # noqa: E402


def main():
    arguments = common.parser().parse_args()
    dates = arguments.dates
    with tempfile.TemporaryDirectory() as place:
        project = Path(place) / "census"
        lay_out(project, arguments.format)
        # Read once, as a project that stays where it is would be.
        manifest = dbt("parse", project, variables(arguments, dates[0]))
        for date in dates:
            (arguments.out / date).mkdir(parents=True)
            dbt("run", project, variables(arguments, date), manifest)
            # A database in memory ends with its connections; the next day has its own.
            DuckDBConnectionManager.close_all_connections()
    common.end()


def variables(arguments: argparse.Namespace, date: str) -> dict[str, object]:
    """All that differs from one run to the next."""
    raw = arguments.raw.replace("{date}", date)
    duck = duckdb.connect()
    duck.execute("SET VARIABLE raw = $1", [raw])
    declared = arguments.parameters | {"root": str(arguments.project), "raw": raw}
    return {
        "declared": declared,
        "date": date,
        "source": rival.source(duck, arguments.format),
        "out": str(arguments.out / date),
        "threads": os.cpu_count(),
    }


def dbt(command: str, project: Path, given: dict[str, object], manifest: Manifest | None = None) -> Manifest | None:
    where = ["--project-dir", str(project), "--profiles-dir", str(project)]
    quiet = ["--quiet", "--log-level-file", "none", "--no-write-json"]
    done = dbtRunner(manifest).invoke([command, *where, *quiet, "--vars", json.dumps(given)])
    if not done.success:
        raise SystemExit(done.exception or 1)
    return done.result


@dataclass
class Model:
    layer: str
    name: str
    query: str
    # What it reads, which dbt does not see in SQL that names tables without `ref`.
    after: list[str]
    config: dict[str, object]

    def text(self) -> str:
        config = f"{{{{ config(**{json.dumps(self.config)}) }}}}\n" if self.config else ""
        return config + "".join(f"-- depends_on: {{{{ ref('{other}') }}}}\n" for other in self.after) + self.query


def lay_out(project: Path, format: str):
    """A project with a model for each step that makes a table, a view or a file."""
    shutil.copytree(HERE / "project", project)
    library = f"{{% macro library() %}}{rival.sql('macros')}{{% endmacro %}}\n"
    (project / "macros" / "library.sql").write_text(library, encoding="utf-8")
    for model in models(format):
        path = project / "models" / model.layer / f"{model.name}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(model.text(), encoding="utf-8")


def models(format: str) -> Iterator[Model]:
    """A step that sets variables is run before each model that asks for one of them, itself or through a view; one that
    changes a table is run after the model before it, for which all later ones wait. No table is dropped: a dbt project
    keeps its tables.
    """
    steps = [step for step in rival.steps() if step[0] != "drop"]
    macros = {name: words(body) for name, body in re.findall(r"MACRO (\w+)(.*?);\n", rival.sql("macros"), re.DOTALL)}
    sources = next(place for place, (kind, _) in enumerate(steps) if kind == "write")
    made, waited_for, setters, views = [], set(), {}, {}
    for place, (kind, name) in enumerate(steps):
        if kind == "set":
            setters |= dict.fromkeys(re.findall(r"SET VARIABLE (\w+)", rival.sql(name)), name)
            continue
        query = text(name, format)
        asked = words(query)
        asked = asked.union(*(views[view] for view in asked & views.keys()))
        config: dict[str, object] = {}
        if kind == "view":
            config["materialized"] = "view"
            views[name] = asked
        before = sorted({step for variable, step in setters.items() if variable in asked})
        if before:
            config["pre_hook"] = [rival.sql(step) for step in before]
        asked = asked.union(*(macros[macro] for macro in asked & macros.keys()), *(words(rival.sql(s)) for s in before))
        after = [other for other in made if other in asked | waited_for]
        following = steps[place + 1] if place + 1 < len(steps) else None
        if following and following[0] == "set" and "SET VARIABLE" not in rival.sql(following[1]):
            config["post_hook"] = [rival.sql(following[1])]
            waited_for.add(name)
        layer = "marts" if kind == "write" else "staging" if place < sources else "intermediate"
        yield Model(layer, name.replace(".", "__"), query, after, config)
        if kind != "write":
            made.append(name)


def words(query: str) -> set[str]:
    """All that may be the name of a table."""
    return set(re.findall(r"\w+", re.sub(r"--.*", "", query)))


def text(name: str, format: str) -> str:
    """The query of a step; that of the source depends on the file, and is given to each run."""
    if name == "source":
        return "{{ var('source') }}"
    return rival.sql(f"ingested_{format}" if name == "ingested" else name)


if __name__ == "__main__":
    main()
