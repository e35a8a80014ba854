"""A generated sample against the figures that the study of October 2025 printed.

Whoever changes the generator, the reference tables or a definition sees here whether the tables still tell the story of
the study. The figures are percentages of the downloads of all time of the 50 entities, unless the measure says of what.
"""

import csv
import re

import duckdb
import pytest

from census import PROJECT, execute

DATE = "2025-10-01"
FIGURES = PROJECT / "data/published/2025-10.csv"

# Percentage points by which a sample of 20,000 models may miss a printed figure.
TOLERANCE = 1.5
# The study counts one large company outside China for Asia without naming its country, which the reference table
# leaves open; and four individuals of North America of whom it does not say who lives in which country.
WIDER = {
    ("downloads_share", "continent", "Asia"): 2.5,
    ("downloads_share", "continent", "North America"): 3.5,
    ("downloads_share", "country", "US"): 3.5,
}

# Those of a part of the fifty, of which the sample has fewer models.
WITHIN = {
    "downloads_share_of_entity_type": 4.0,
    "downloads_share_of_language_stated": 2.0,
}

GEOGRAPHY = """SELECT 100 * downloads_share FROM aggregate_geography
               WHERE universe = 'top50' AND period = 'all_time' AND level = '{dimension}' AND place = $1"""
BREAKDOWN = """SELECT 100 * downloads_share FROM aggregate_{table}
               WHERE universe = 'top50' AND period = 'all_time' AND {dimension} = $1"""
CELLS = """SELECT 100 * sum(downloads) FILTER (CAST({dimension} AS VARCHAR) = $1) / sum(downloads) FROM aggregate_cells
           WHERE universe = 'top50' AND period = 'all_time'"""
TOTALS = "SELECT 100 * {column} FROM aggregate_hub_totals WHERE kind = 'models' AND universe = '{universe}' AND period = 'all_time'"

BY_TYPE = """SELECT 100 * share_of_type FROM aggregate_entity_types_by_geography
             WHERE universe = 'top50' AND period = 'all_time' AND level = '{level}' AND entity_type = '{within}' AND place = $1"""
PLACES = """SELECT entities FROM aggregate_geography
            WHERE universe = 'top50' AND period = 'all_time' AND level = '{level}' AND place = $1"""
IN_CLASS = """
        SELECT 100 * sum(downloads_all_time) FILTER ({column} = $1) / sum(downloads_all_time) FROM enrich_models
        WHERE entity IN (SELECT entity FROM aggregate_entities WHERE universe = 'top50' AND period = 'all_time')
          AND CASE '{within}' WHEN '≥1B' THEN parameters >= 1000000000 ELSE size_class = '{within}' END
          -- the study has the sizes of those models that state them
          AND parameters_source NOT IN ('base', 'name')"""
LANGUAGE = """SELECT 100 * {column} FROM aggregate_languages
              WHERE universe = 'top50' AND period = 'all_time' AND language = {value}"""

# How each kind of figure is read from the tables: by measure and dimension. $1 is the value that it is of.
ANSWERS = {
    ("downloads_share", "country"): GEOGRAPHY.format(dimension="country"),
    ("downloads_share", "continent"): GEOGRAPHY.format(dimension="continent"),
    ("downloads_share", "eu"): GEOGRAPHY.format(dimension="eu"),
    ("downloads_share", "entity_type"): BREAKDOWN.format(table="entity_types", dimension="entity_type"),
    ("downloads_share", "modality"): BREAKDOWN.format(table="modalities", dimension="modality"),
    ("downloads_share", "task"): BREAKDOWN.format(table="tasks", dimension="task"),
    ("downloads_share", "architecture"): CELLS.format(dimension="architecture"),
    ("downloads_share", "language_applies"): CELLS.format(dimension="language_applies"),
    ("downloads_share", "size known"): """
        SELECT 100 * known_downloads / sum(downloads) FROM aggregate_sizes
        WHERE universe = 'top50' AND period = 'all_time' AND scheme = 'fine' AND $1 = 'true' GROUP BY known_downloads""",
    ("downloads_share_of_hub", "universe"): TOTALS.format(column="top50_entities_share", universe="all")
    + " AND $1 = 'top50'",
    ("models_share_of_hub", "universe"): TOTALS.format(column="models_share", universe="top50") + " AND $1 = 'top50'",
    ("cumulative_share_of_known_downloads", "parameters below"): """
        SELECT 100 * cumulative_share FROM aggregate_sizes
        WHERE universe = 'top50' AND period = 'all_time' AND scheme = 'coarse'
          AND size_class = CASE $1 WHEN '100000000' THEN '<100M' WHEN '200000000' THEN '100–200M'
                                   WHEN '500000000' THEN '200–500M' WHEN '1000000000' THEN '500M–1B' END""",
    **{("downloads_share_of_size_class", f"{column} in {{within}}"): IN_CLASS.replace("{column}", column)
       for column in ("entity", "country", "continent")},
    **{("downloads_share_of_entity_type", f"{level} in {{within}}"): BY_TYPE.replace("{level}", level)
       for level in ("country", "continent", "eu")},
    **{("entities", level): PLACES.format(level=level) for level in ("country", "continent", "eu")},
    ("entities", "entity_type"): """
        SELECT entities FROM aggregate_entity_types
        WHERE universe = 'top50' AND period = 'all_time' AND entity_type = $1""",
    ("downloads_share_of_language_applies", "language"): LANGUAGE.format(column="share_of_applicable", value="$1"),
    ("downloads_share_of_language_stated", "language"): LANGUAGE.format(column="share_of_stated", value="$1"),
    ("downloads_share_of_language_applies", "language stated"):
        LANGUAGE.format(column="share_of_applicable", value="CASE $1 WHEN 'none' THEN 'unknown' END"),
    ("share_of_country", "entity in {within}"): """
        SELECT 100 * sum(downloads) FILTER (entity = $1) / sum(downloads) FROM aggregate_entities
        WHERE universe = 'top50' AND period = 'all_time' AND country = '{within}'""",
    ("share_of_entity", "account"): """
        SELECT 100 * share_of_entity FROM aggregate_accounts
        WHERE universe = 'top50' AND period = 'all_time' AND account = $1""",
}

# Why no table of a generated sample answers the others.
OF_ANOTHER_SCALE = "a number of models, values or the first thousand of a Hub of two million is another of a sample of 20,000"
ONE_MODEL = "the sample invents its models and has none of that name"
PRODUCT = "the product of two other figures, the share and the downloads of all, which are asserted"
OPEN = "the country of four individuals, which no document gives, is left open"
UNANSWERED = {
    ("downloads", "universe"): OF_ANOTHER_SCALE,
    ("downloads_share", "universe"): OF_ANOTHER_SCALE,
    ("models", "universe"): OF_ANOTHER_SCALE,
    ("models", "size known"): OF_ANOTHER_SCALE,
    ("languages", "language"): OF_ANOTHER_SCALE,
    ("values that are no code", "language"): OF_ANOTHER_SCALE,
    ("share_of_entity", "model"): ONE_MODEL,
    ("downloads", "language_applies"): PRODUCT,
    ("downloads", "size known"): PRODUCT,
    ("downloads_share_of_hub", "universe", "top 1,000 models"): OF_ANOTHER_SCALE,
    ("downloads_share_of_entity_type", "country in individual", "US"): OPEN,
    ("downloads_share_of_entity_type", "continent in individual", "North America"): OPEN,
    ("downloads_share_of_size_class", "country in ≥1B", "US"): OPEN,
    ("entities", "country", "US"): OPEN,
    ("entities", "continent", "North America"): OPEN,
    ("entities", "continent", "unknown"): OPEN,
    ("entities", "continent", "Asia"): "one large company outside China is counted for Asia without its country being named",
    ("entities", "eu", "EU"): "13 are those of Germany and France; two more have their seat in Finland and Spain",
    ("entities", "entity_type", "company"): "the study's counts of kinds add up to 51: it counts one company twice",
}


def answer(figure: dict) -> str | None:
    """The query that answers a figure, if the tables do."""
    measure, dimension = figure["measure"], figure["dimension"]
    within = re.fullmatch("(.* in )(.*)", dimension)
    if within:
        query = ANSWERS.get((measure, within[1] + "{within}"))
        return query and query.replace("{within}", within[2])
    return ANSWERS.get((measure, dimension))


def figures() -> list[dict]:
    with FIGURES.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if not unanswered(row)]


def unanswered(figure: dict) -> bool:
    of = (figure["measure"], figure["dimension"])
    return of in UNANSWERED or (*of, figure["value_name"]) in UNANSWERED


@pytest.fixture(scope="session")
def tables(binary, census, tmp_path_factory) -> duckdb.DuckDBPyConnection:
    out = tmp_path_factory.mktemp("published")
    execute(binary, "sample", "--models", 20_000, "--dates", DATE, "--seed", 7, "--out", out)
    lake = census("published-lake")
    asked = sorted(set(re.findall(r"(?:aggregate|enrich)_\w+", " ".join(ANSWERS.values()))))
    asked = [table.replace("_", ".", 1) for table in asked]
    lake.run("hub-stats", f"{out}/models_{{date}}.parquet", DATE, *(f"+{table}" for table in asked))
    duck = duckdb.connect()
    for table in asked:
        duck.execute(f"CREATE VIEW {table.replace('.', '_', 1)} AS SELECT * FROM '{lake.file(table, DATE)}'")
    return duck


def name(figure: dict) -> str:
    return "-".join(figure[column] for column in ("measure", "dimension", "value_name"))


@pytest.mark.parametrize("figure", figures(), ids=name)
def test_printed_figure(tables, figure):
    query = answer(figure)
    assert query, "no table answers it, and UNANSWERED does not say why"
    found = tables.execute(query, [figure["value_name"]]).fetchall()
    assert len(found) == 1 and found[0][0] is not None, f"the tables have no answer: {found}"
    expected = float(figure["value"])
    match figure["unit"]:
        case "percent":
            usual = WITHIN.get(figure["measure"], TOLERANCE)
            tolerance = WIDER.get((figure["measure"], figure["dimension"], figure["value_name"]), usual)
        case "downloads":
            tolerance = expected * TOLERANCE / 100
        case _:
            tolerance = 0
    assert found[0][0] == pytest.approx(expected, abs=tolerance)


def test_every_one_of_the_fifty_entities_is_known(tables):
    query = "SELECT entity_type FROM aggregate_entities WHERE universe = 'top50' AND period = 'all_time'"
    kinds = [kind for (kind,) in tables.execute(query).fetchall()]
    assert len(kinds) == 50
    assert "unknown" not in kinds
