"""A Hub of datasets, spaces, papers and accounts with all that is odd, each table what plain loops make of the rows."""

import json
import math
import random
from datetime import date

import pytest

from kinds_by_loops import Hub

DATE = "2025-10-01"
TABLES = [
    "account_facts",
    "dataset_entities",
    "datasets_by_task",
    "papers_by_entity",
    "spaces_by_sdk",
    "top_datasets",
    "top_papers",
    "top_spaces",
]
# The spellings of one account, listed ones, one of an entity's name that is not its account, one of an account of 2022.
ACCOUNTS = ["Verkiki", "verkiki", "VERKIKI", "google", "Google", "facebook", "Meta", "nvidia", "lab", "jane", "bigscience"]
ACCOUNTS += [f"user-{number}" for number in range(60)]
DAYS = [
    "2022-03-02T23:29:04.000Z",
    "2024-10-01T23:59:59.999Z",  # 365 days before the day of the snapshot
    "2024-10-02T00:00:00.000Z",
    "2024-12-31T23:59:59.999Z",
    "2025-01-01T00:30:00.000+02:00",  # of 2024, in UTC
    "2025-10-01T23:59:59.000Z",
    "2025-10-02T00:00:00.000Z",  # after the snapshot
    "2026-01-01T00:00:00.000Z",
]
TAGS = [
    "task_categories:text-generation",
    "task_categories:Text-Generation",
    "task_categories: robotics ",
    "task_categories:",
    "task_categories:unknown",
    "TASK_CATEGORIES:translation",
    "robotics",
    "modality:text",
    "modality:Image",
    "format:json",
    "size_categories:1K<n<10K",
    "language:en",
    "language:zh-CN",
    "language:jw",
    "language:code",
    "license:mit",
    "license:other",
    "license: Apache-2.0",
]


def some(draw: random.Random, value: object, often: float = 0.8) -> dict:
    """A member that is there, null or absent."""
    name, said = value
    return {} if draw.random() > often else {name: None if draw.random() < 0.1 else said}


def counters(draw: random.Random, *names: str) -> dict:
    # Few values, so that many are equal.
    values = [0, 0, 1, 2, 3, 1000, 2**53]
    return {key: value for name in names for key, value in some(draw, (name, draw.choice(values))).items()}


def repository(draw: random.Random, number: int) -> dict:
    account = draw.choice(ACCOUNTS)
    bare = draw.random() < 0.1
    row = {"id": f"thing-{number}" if bare else f"{account}/thing-{number}"}
    row |= some(draw, ("author", draw.choice([account, f" {account} ", ""])))
    row |= some(draw, ("createdAt", draw.choice(DAYS)))
    row |= some(draw, ("tags", draw.choices(TAGS, k=draw.randrange(7))))
    card = some(draw, ("language", draw.choice(["en", ["fr", "EN", False], [], "multilingual", [" sr-Latn-RS ", "eng"]])), 0.4)
    card |= some(draw, ("license", draw.choice(["My Own", ["cc-by-4.0", "mit"], "", []])), 0.4)
    return row | some(draw, ("cardData", card))


def world(seed: int) -> dict[str, list[dict]]:
    draw = random.Random(seed)
    datasets = [
        repository(draw, number) | counters(draw, "downloads", "downloadsAllTime", "likes", "trendingScore")
        for number in range(700)
    ]
    datasets += [{"id": "squad"}, {"id": "glue", "author": "nobody"}]
    spaces = []
    for number in range(500):
        uses = {kind: draw.choices(["a/one", "b/two", "A/one"], k=draw.randrange(4)) for kind in ("models", "datasets")}
        row = repository(draw, number) | counters(draw, "likes", "trendingScore")
        row |= some(draw, ("sdk", draw.choice(["gradio", "Gradio", " docker ", "static", ""])))
        spaces.append(row | {key: value for kind in uses.items() for key, value in some(draw, kind).items()})
    papers = []
    for number in range(300):
        paper = {"id": f"2501.{number:05}"} | counters(draw, "upvotes")
        paper |= some(draw, ("title", draw.choice([" A title ", "", "Another"])))
        paper |= some(draw, ("publishedAt", draw.choice(DAYS[:6])))
        paper |= some(draw, ("submittedOnDailyAt", draw.choice(DAYS[:6])), 0.5)
        paper |= some(draw, ("organization", {"name": draw.choice(ACCOUNTS)}), 0.2)
        row = {"paper": paper, "title": "Of the list"} | counters(draw, "numComments")
        row |= some(draw, ("organization", {"name": draw.choice([*ACCOUNTS, " lab ", "", "only-papers"])}), 0.5)
        papers.append(row | some(draw, ("submittedBy", {"name": draw.choice(["ann", " bob ", ""])})))
    facts = [
        {draw.choice(["name", "user"]): account}
        | some(draw, ("type", draw.choice(["user", "org", "ORGANIZATION", "team"])), 0.5)
        | some(draw, ("fullname", f"{account} & Co."))
        | some(draw, ("numFollowers", draw.choice([0, 7, 7, 12])))
        | some(draw, ("isVerified", draw.random() < 0.5))
        for account in ["verkiki", "google", "Meta", "lab", "JANE", "asked-for-and-has-nothing", *ACCOUNTS[20:50]]
    ]
    return {"datasets": datasets, "spaces": spaces, "papers": papers, "account_facts": facts}


@pytest.fixture(scope="module")
def made(census, tmp_path_factory):
    """The lake of a Hub, and the Hub."""
    files, folder = world(1), tmp_path_factory.mktemp("world")
    for kind, rows in files.items():
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{kind}_{DATE}.jsonl").write_text(lines, encoding="utf-8")
    lake = census("loops")
    lake.run("hub-api", f"{folder}/{{table}}_{{date}}.jsonl", DATE, *(f"+aggregate.{table}" for table in TABLES))
    return lake, Hub(files, date.fromisoformat(DATE))


def same(ours: object, theirs: object) -> bool:
    if isinstance(ours, float) and theirs is not None:
        return math.isclose(ours, theirs, rel_tol=1e-12)
    return ours == theirs


@pytest.mark.parametrize("table", TABLES)
def test_table_is_what_loops_make_of_the_rows(made, table):
    lake, hub = made
    ours, theirs = lake.read(f"aggregate.{table}", DATE), getattr(hub, table)()
    ours = ours.drop_columns(["observed_date"])
    assert {name for row in theirs for name in row} == set(ours.column_names)
    key = [name for name in ("universe", "period", "ranking", "year") if name in ours.column_names] + ["rank"]
    order = sorted(theirs, key=lambda row: [row[name] for name in key])
    assert ours.num_rows == len(order)
    for row, expected in zip(ours.to_pylist(), order):
        wrong = {name: (row[name], expected[name]) for name in row if not same(row[name], expected[name])}
        assert not wrong, f"{[row[name] for name in key]}: made and expected {wrong}"
