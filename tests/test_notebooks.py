"""The notebooks, run to their end as a reader has them: on the sample's lake, on what is published of it, and on one of
two real sources.

Running them needs the packages of `notebooks/requirements.txt`, which `make notebooks-test` installs; how they are stored
is tested with what all tests have.
"""

import json
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest

from census import DATES, PROJECT, Census, contracts, execute

FOLDER = PROJECT / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
NAMES = [path.stem for path in NOTEBOOKS]
CHART = "application/vnd.vegalite.v5+json"

# How the notebooks name a table: lake.table("entities"), table("entities"), series("entities"), view("aggregate.entities").
TABLE = re.compile(r'(?:\btable|series|view|lake\.dates|lake\.files)\(\s*((?:"[a-z_.]+"(?:,\s*)?)+)')


def cells(path: Path) -> list[dict]:
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def source(cell: dict) -> str:
    return "".join(cell["source"])


def used() -> set[str]:
    """The tables that the notebooks name, with their stages."""
    code = "\n".join(source(cell) for path in NOTEBOOKS for cell in cells(path) if cell["cell_type"] == "code")
    names = {name for match in TABLE.finditer(code) for name in re.findall(r'"([^"]+)"', match[1])}
    return {name if "." in name else f"aggregate.{name}" for name in names}


def test_there_are_four() -> None:
    assert NAMES == ["1-first-look", "2-figures-of-the-study", "3-sql", "4-over-time"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_is_stored_without_what_it_output(path: Path) -> None:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) >= (4, 5), "cells have no ids before 4.5"
    assert set(notebook["metadata"]) <= {"kernelspec", "language_info"}
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(ids) == len(set(ids))
    for cell in notebook["cells"]:
        assert cell["metadata"] == {}, cell["id"]
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [], cell["id"]
            assert cell["execution_count"] is None, cell["id"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_opens_with_where_the_lake_is(path: Path) -> None:
    title, lake, *_ = cells(path)
    assert title["cell_type"] == "markdown"
    assert source(title).startswith("# ")
    assert 'LAKE = os.environ.get("HUBCENSUS_LAKE", "../lake")\nlake = open_lake(LAKE)' in source(lake)


def test_names_tables_that_there_are() -> None:
    names = used()
    assert len(names) >= 20, names
    assert names <= set(contracts()), names - set(contracts())


# What they output.


def needed() -> list[str]:
    """Selectors of the tables that the notebooks read, and of what these are made from."""
    return [f"+{name}" for name in sorted(used())]


@pytest.fixture(scope="module")
def small(binary: Path, census, tmp_path_factory: pytest.TempPathFactory) -> Census:
    """A lake of two generated snapshots."""
    out = tmp_path_factory.mktemp("small")
    dates = ",".join(DATES)
    execute(binary, "sample", "--models", 1500, "--dates", dates, "--out", out)
    lake = census("small")
    lake.run("hub-stats", f"{out}/{{table}}_{{date}}.parquet", dates, *needed())
    return lake


@pytest.fixture(scope="module")
def real(census, real_data: Path) -> Census:
    """A lake of a census of one source, and of two days of a sample of another."""
    lake = census("real")
    lake.run("hub-stats", f"{real_data}/hub_stats/models_{{date}}.parquet", "2026-05-24", *needed())
    lake.run("radar", f"{real_data}/radar/models_{{date}}.jsonl.zst", "2026-08-21..2026-08-22", *needed())
    return lake


def rows(lake: Census, name: str, date: str) -> pa.Table:
    read = lake.read(name, date)
    assert read is not None, name
    return read


class Ran:
    """What a notebook output."""

    def __init__(self, path: Path):
        import nbformat
        from nbclient import NotebookClient

        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        place = {"metadata": {"path": str(FOLDER)}}
        NotebookClient(notebook, timeout=600, kernel_name="python3", resources=place).execute()
        self.outputs: dict[str, list] = {
            cell["id"]: [dict(output) for output in cell["outputs"]]
            for cell in notebook.cells
            if cell["cell_type"] == "code"
        }

    def charts(self, cell: str) -> list[dict]:
        return [output["data"][CHART] for output in self.outputs[cell] if CHART in output.get("data", {})]

    def all_charts(self) -> int:
        return sum(len(self.charts(cell)) for cell in self.outputs)

    def left_out(self) -> dict[str, str]:
        texts = {cell: "".join(o.get("text", "") for o in outputs) for cell, outputs in self.outputs.items()}
        return {cell: text.removeprefix("Left out: ").strip() for cell, text in texts.items() if "Left out" in text}

    def said(self, but: str = "") -> str:
        return json.dumps({cell: out for cell, out in self.outputs.items() if cell != but}, sort_keys=True, default=str)


def ran(lake: Path, names: list[str] = NAMES) -> dict[str, Ran]:
    """Notebooks, run with the tables of a lake, two at a time."""
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(2) as pool:
        patch.setenv("HUBCENSUS_LAKE", str(lake))
        patch.setenv("PYTHONDONTWRITEBYTECODE", "1")
        return dict(zip(names, pool.map(Ran, [FOLDER / f"{name}.ipynb" for name in names]), strict=True))


@pytest.fixture(scope="module")
def needs_jupyter() -> None:
    pytest.importorskip("nbclient", reason="`make notebooks-test` installs what runs notebooks")


@pytest.fixture(scope="module")
def on_sample(needs_jupyter: None, small: Census) -> dict[str, Ran]:
    return ran(small.root)


@pytest.fixture(scope="module")
def on_real(needs_jupyter: None, real: Census) -> dict[str, Ran]:
    return ran(real.root)


def data(chart: dict) -> list[dict]:
    """The rows of a chart that has one data set."""
    (found,) = chart["datasets"].values()
    return found


def test_the_sample_has_everything(on_sample: dict[str, Ran]) -> None:
    assert {name: ran.left_out() for name, ran in on_sample.items()} == {name: {} for name in NAMES}
    assert {name: ran.all_charts() for name, ran in on_sample.items()} == dict(zip(NAMES, [1, 11, 0, 6], strict=True))


def test_published_tables_give_the_same(on_sample: dict[str, Ran], small: Census, binary: Path, tmp_path: Path) -> None:
    """Where all that the notebooks read is published, they output the same as of the lake, but for its own description."""
    execute(binary, "publish", "--to", tmp_path / "published", "--lake", small.root, *sorted(used()))
    for name, again in ran(tmp_path / "published").items():
        assert again.said(but="lake") == on_sample[name].said(but="lake"), name
        assert "Generated by hubcensus" in json.dumps(again.outputs["lake"])


def test_no_output_names_the_machine(on_sample: dict[str, Ran], small: Census) -> None:
    for name, ran in on_sample.items():
        assert str(small.root) not in ran.said(), name
        assert str(PROJECT) not in ran.said(), name


def test_generated_data_stands_on_every_chart(on_sample: dict[str, Ran]) -> None:
    for name, ran in on_sample.items():
        for cell in ran.outputs:
            for chart in ran.charts(cell):
                assert "generated data" in json.dumps(chart["title"]), (name, cell)


def test_the_figure_of_entities_has_their_downloads(on_sample: dict[str, Ran], small: Census) -> None:
    (chart,) = on_sample["2-figures-of-the-study"].charts("entities")
    drawn = {row["entity"]: row["downloads"] for row in data(chart)}
    assert len(drawn) == 50
    counted: dict[str, int] = {}
    for model in rows(small, "enrich.models", DATES[-1]).to_pylist():
        counted[model["entity"]] = counted.get(model["entity"], 0) + (model["downloads_all_time"] or 0)
    assert drawn == dict(sorted(counted.items(), key=lambda one: (-one[1], one[0]))[:50])


def test_the_figure_of_countries_is_whole(on_sample: dict[str, Ran]) -> None:
    countries, union = map(data, on_sample["2-figures-of-the-study"].charts("geography"))
    for places in (countries, union):
        assert sum(row["downloads_share"] for row in places) == pytest.approx(1)
    named = {row["label"]: row["downloads"] for row in countries}
    grouped = {row["label"]: row["downloads"] for row in union}
    assert named["United States"] == grouped["United States"]
    inside = [
        row["downloads"] for row in countries if row["label"] in ("Germany", "France", "Spain", "Finland", "Italy")
    ]
    assert grouped["European Union"] >= sum(inside) > 0


def test_a_click_on_the_legend_selects(on_sample: dict[str, Ran]) -> None:
    (chart,) = on_sample["2-figures-of-the-study"].charts("sizes")
    (selection,) = [param for param in chart["params"] if param.get("bind") == "legend"]
    assert selection["select"] == {"type": "point", "fields": ["entity_type"]}
    assert {"filter": {"param": selection["name"]}} in chart["layer"][0]["transform"]


def test_the_tree_is_that_of_the_parents(on_sample: dict[str, Ran], small: Census) -> None:
    (chart,) = on_sample["2-figures-of-the-study"].charts("tree")
    nodes = next(rows for rows in chart["datasets"].values() if "model" in rows[0])
    base = next(node["model"] for node in nodes if node["level"] == 0)
    pairs = {(row["base_model"], row["id"]) for row in rows(small, "enrich.model_parents", DATES[-1]).to_pylist()}
    parents = {child: {parent for parent, one in pairs if one == child} for _, child in pairs}
    by_level: dict[int, set[str]] = {}
    for node in nodes:
        if node["how"] != "more":
            by_level.setdefault(node["level"], set()).add(node["model"])
    assert by_level[0] == {base}
    assert len(by_level) >= 2
    for level in range(1, len(by_level)):
        for model in by_level[level]:
            assert parents[model] & by_level[level - 1], model
    # What is not drawn is counted.
    children = {child for parent, child in pairs if parent == base}
    more = [node["model"] for node in nodes if node["how"] == "more" and node["level"] == 1]
    left = len(children) - len(by_level[1])
    assert more == ([f"and {left:,} more"] if left else [])


def test_gains_are_those_between_the_two_snapshots(on_sample: dict[str, Ran], small: Census) -> None:
    """Of entities whose models stand in both, the gain is the difference of their downloads."""
    (chart,) = on_sample["4-over-time"].charts("momentum")
    before, after = ({row["id"]: row for row in rows(small, "enrich.models", date).to_pylist()} for date in DATES[-2:])
    drawn = {row["entity"]: row["gained"] for row in data(chart)}
    assert len(drawn) >= 10
    for entity, gained in drawn.items():
        models = [model for model in after.values() if model["entity"] == entity]
        if all(model["id"] in before for model in models):
            expected = sum(
                model["downloads_all_time"] - before[model["id"]]["downloads_all_time"]
                for model in models
                if model["downloads_all_time"] is not None and before[model["id"]]["downloads_all_time"] is not None
            )
            assert gained == expected, entity


def test_two_real_sources(on_real: dict[str, Ran]) -> None:
    """Radar counts the last thirty days only, and has what the notebooks ask for but a week; the census before it is not compared."""
    left_out = {name: ran.left_out() for name, ran in on_real.items()}
    # Two days running are no week.
    of_week = left_out["4-over-time"]
    assert left_out == {name: {} for name in NAMES} | {"4-over-time": of_week}
    assert set(of_week) == {"momentum", "sizes", "crossings"}
    assert all("7 days or more before" in reason for reason in of_week.values())
    (entities,) = on_real["2-figures-of-the-study"].charts("entities")
    assert entities["encoding"]["x"]["title"] == "Downloads, last 30 days"
    assert "radar, snapshot of 2026-08-22" in json.dumps(entities["title"])
    shares, _ = on_real["4-over-time"].charts("shares")
    assert {row["snapshot_date"][:10] for row in data(shares)} == {"2026-08-21", "2026-08-22"}
    for name, ran in on_real.items():
        assert "generated data" not in ran.said(), name


def test_one_snapshot_leaves_out_what_needs_two(needs_jupyter: None, real: Census, tmp_path: Path) -> None:
    """The census alone: what a first snapshot does not have is named, with the reason, and the rest is drawn."""
    alone = tmp_path / "lake"
    for path in real.root.rglob("*2026-05-24*"):
        place = alone / path.relative_to(real.root)
        place.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, place)
        elif path.suffix == ".json":
            shutil.copy2(path, place)
    reasons = ran(alone, ["4-over-time"])["4-over-time"].left_out()
    assert set(reasons) == {"shares", "momentum", "sizes", "changes", "crossings"}
    assert reasons["shares"] == "hub-stats has one snapshot here, and change needs two."
    assert "there is no snapshot before it" in reasons["changes"]
    assert all("7 days or more before" in reasons[cell] for cell in ("momentum", "sizes", "crossings"))
