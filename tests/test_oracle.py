"""Real snapshots: every published table is what DuckDB makes of the same files, down to the last row."""

import csv

import pytest

from census import PROJECT
from compare import differences
from duck import PUBLISHED, TABLES, Oracle

SOURCES = {
    "hub-stats": ("hub_stats/models_{date}.parquet", ["2026-05-24"]),
    "radar": ("radar/models_{date}.jsonl.zst", ["2026-08-19", "2026-08-20", "2026-08-21", "2026-08-22"]),
    "census-2022-02": ("census_2022/models_{date}.jsonl.zst", ["2022-02-21"]),
    "census-2022-07": ("census_2022/models_{date}.csv.gz", ["2022-07-02"]),
    "starscreener": ("starscreener/{table}_{date}.json", ["2026-04-30", "2026-05-04"]),
    # Versions of the schema: the first, a list of nothing but nulls, the first with parameters, the last.
    "transformersjs": (
        "transformersjs_daily/models_{date}.parquet",
        ["2024-05-08", "2024-12-09", "2025-07-02", "2026-05-07"],
    ),
}
SNAPSHOTS = [(source, date) for source, (_, dates) in SOURCES.items() for date in dates]
NEWEST = [(source, dates[-1]) for source, (_, dates) in SOURCES.items()]

# Of earlier snapshots these tables, which every step before them goes into; of the newest of a source all.
FEW = {
    "accounts",
    "entities",
    "entity_types",
    "geography",
    "hub_totals",
    "missing_values",
    "modalities",
    "sizes",
    "tasks",
    "top_models",
}
ASKED = [(*snapshot, table) for snapshot in SNAPSHOTS for table in TABLES if snapshot in NEWEST or table in FEW]

# Tables before the published ones, compared too: what they get wrong need not show in a sum.
STEPS = {
    "normalize.models": (
        ["id"],
        """SELECT id, account, string_split(id, '/')[-1] AS name, NOT contains(id, '/') AS ownerless,
                  entity, entity_type, country, continent, eu_group
           FROM owned JOIN accounts_normalized USING (account) ORDER BY id""",
    ),
    "enrich.dataset_languages": (
        ["id", "value"],
        "SELECT id, value, language, origin FROM dataset_languages ORDER BY id, value",
    ),
    "normalize.accounts": (
        ["account"],
        """SELECT account, entity, entity_type, country, continent, eu_group, listed, account_type,
                  count(*) FILTER (kind = 'models') AS models, count(*) FILTER (kind = 'datasets') AS datasets,
                  count(*) FILTER (kind = 'spaces') AS spaces, count(*) FILTER (kind = 'papers') AS papers
           FROM accounts_normalized JOIN repositories USING (account) GROUP BY ALL ORDER BY account""",
    ),
    "enrich.stated_sizes": (
        ["id"],
        "SELECT id, parameters, parameters_source FROM own_sizes WHERE parameters IS NOT NULL ORDER BY id",
    ),
    "enrich.mixtures": (["id"], "FROM mixtures ORDER BY id"),
    "enrich.models": (["id"], "SELECT * EXCLUDE (frameworks) FROM models ORDER BY id"),
    "enrich.model_languages": (
        ["id", "value"],
        "SELECT id, value, language, origin FROM model_languages ORDER BY id, value",
    ),
    "enrich.model_frameworks": (
        ["id", "framework"],
        "SELECT id, framework FROM model_frameworks ORDER BY id, framework",
    ),
    "enrich.model_parents": (
        ["id", "base_model"],
        "SELECT id, base_model, relation, origin, position FROM model_parents ORDER BY id, position",
    ),
    "enrich.model_origins": (["id"], "FROM model_origins ORDER BY id"),
    "enrich.family_names": (["id"], "FROM family_names ORDER BY id"),
    "enrich.family_tags": (["tag"], "FROM family_tags ORDER BY tag"),
    "enrich.model_family_tags": (
        ["id", "tag"],
        "SELECT id, position, tag, family, is_architecture, shared FROM model_family_tags ORDER BY id, position, tag",
    ),
    "enrich.model_families": (["id"], "FROM model_families ORDER BY id"),
}


class Snapshots:
    """The lake of each source and the oracle of each snapshot, made when first asked for."""

    def __init__(self, census, real_data):
        self.census, self.real_data = census, real_data
        self.lakes, self.oracles = {}, {}

    def location(self, source: str) -> str:
        return f"{self.real_data}/{SOURCES[source][0]}"

    def lake(self, source: str):
        if source not in self.lakes:
            lake = self.census(source)
            self.lakes[source] = lake
            *earlier, newest = SOURCES[source][1]
            for dates, tables in ((earlier, FEW), ([newest], TABLES)):
                wanted = [f"+aggregate.{table}" for table in sorted(tables)] + [f"+{table}" for table in STEPS]
                if dates:
                    lake.run(source, self.location(source), ",".join(dates), *wanted)
        return self.lakes[source]

    def oracle(self, source: str, date: str) -> Oracle:
        if (source, date) not in self.oracles:
            self.oracles[source, date] = Oracle(source, self.location(source).format(date=date, table="models"), date)
        return self.oracles[source, date]


@pytest.fixture(scope="session")
def snapshots(census, real_data) -> Snapshots:
    return Snapshots(census, real_data)


@pytest.mark.parametrize(("source", "date", "table"), ASKED)
def test_published_tables(snapshots, source, date, table):
    made = snapshots.lake(source).read(f"aggregate.{table}", date)
    wrong = differences(made, snapshots.oracle(source, date).table(table), PUBLISHED[table].key)
    assert not wrong, f"aggregate.{table} of {source} {date}: {wrong}"


@pytest.mark.parametrize("table", STEPS)
@pytest.mark.parametrize(("source", "date"), SNAPSHOTS)
def test_tables_before_them(snapshots, source, date, table):
    key, query = STEPS[table]
    expected = snapshots.oracle(source, date).ask(query)
    made = snapshots.lake(source).read(table, date)
    wrong = differences(made, expected, key)
    assert not wrong, f"{table} of {source} {date}: {wrong}"


# The census of February 2022: the oldest models had no owner in their id. Who has them today, by how their names begin;
# the first that fits.
CENSUS = ("census-2022-02", "2022-02-21")
OWNERS = [
    (("gpt2", "openai-gpt", "roberta-base-openai-detector", "roberta-large-openai-detector"), "openai-community"),
    (("bert-",), "google-bert"),
    (("albert-",), "albert"),
    (("t5-",), "google-t5"),
    (("roberta-", "xlm-"), "FacebookAI"),
    (("distil",), "distilbert"),
    (("xlnet-",), "xlnet"),
    (("transfo-xl-wt103",), "transfo-xl"),
    (("camembert-base",), "almanach"),
    (("ctrl",), "Salesforce"),
]


def owner(name: str) -> str:
    return next(account for beginnings, account in OWNERS if name.startswith(beginnings))


def account(id: str) -> str:
    return id.split("/")[0] if "/" in id else owner(id)


def test_ownerless_models_have_their_owner(snapshots):
    oracle = snapshots.oracle(*CENSUS)
    names = [row["id"] for row in oracle.ask("SELECT id FROM staged WHERE NOT contains(id, '/')").rows]
    assert len(names) == 68
    models = {row["id"]: row for row in snapshots.lake(CENSUS[0]).read("normalize.models", CENSUS[1]).to_pylist()}
    assert {name: models[name]["account"] for name in names} == {name: owner(name) for name in names}
    assert sum(row["ownerless"] for row in models.values()) == 68


@pytest.mark.parametrize(("source", "date"), SNAPSHOTS)
def test_little_rests_on_rows_that_nobody_has_read(snapshots, source, date):
    """By the tables' own checks; that they can warn is shown where the binary is tested."""
    counts = {}
    for table in ("aggregate.account_measures", "aggregate.entity_measures"):
        counts |= snapshots.lake(source).manifest(table, date)["facts"].get("counts", {})
    assert "warning:downloads_that_rest_on_unread_rows" not in counts
    assert "warning:unread_countries_of_the_first_fifty" not in counts


@pytest.mark.parametrize("entity", ["Google", "Meta", "Hugging Face", "OpenAI"])
def test_entities_add_up_over_their_accounts(snapshots, entity):
    """From the census' own file: ids by their beginning, no table of the pipeline in between."""
    with open(PROJECT / "data/reference/accounts.csv", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["entity"] == entity]
    then = [row for row in rows if row["valid_from"] <= CENSUS[1] and CENSUS[1] <= (row["valid_to"] or CENSUS[1])]
    accounts = {row["account"].lower() for row in then}
    source = snapshots.oracle(*CENSUS).ask("SELECT id, coalesce(downloads_30d, 0) AS downloads FROM staged").rows
    theirs = [row for row in source if account(row["id"]).lower() in accounts]
    assert any("/" not in row["id"] for row in theirs)

    lake = snapshots.lake(CENSUS[0])
    made, parts = (
        [row for row in lake.read(table, CENSUS[1]).to_pylist() if row["entity"] == entity and row["universe"] == "all"]
        for table in ("aggregate.entities", "aggregate.accounts")
    )
    assert [row["period"] for row in made] == ["last_30d"]
    assert made[0]["models"] == sum(row["models"] for row in parts) == len(theirs)
    assert made[0]["downloads"] == sum(row["downloads"] for row in parts) == sum(row["downloads"] for row in theirs)
    assert made[0]["accounts"] == len(parts) > 1
