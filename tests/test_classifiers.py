"""The classifiers of a model's task: what of their tables can be worked out without training any."""

import math
from collections import Counter

import pytest

SOURCE, PLACE, DATE = "hub-stats", "hub_stats/models_{date}.parquet", "2026-05-24"
TRAIN_LIMIT, MIN_MODELS, MAX_TASKS, TEST_SHARE = 10_000, 20, 50, 0.2
MASK = 2**64 - 1


@pytest.fixture(scope="module")
def lake(census, real_data):
    lake = census("classifiers")
    wanted = ["+aggregate.task_model_scores", "+aggregate.task_predictions"]
    lake.run(SOURCE, f"{real_data}/{PLACE}", DATE, *wanted)
    return lake


@pytest.fixture(scope="module")
def models(lake):
    return lake.read("enrich.models", DATE).to_pylist()


def draw(id: str, question: int) -> int:
    """FNV-1a over the bytes of the id, finished as SplitMix64 is; seed 0."""
    hash = 0xCBF29CE484222325
    for byte in id.encode():
        hash = (hash ^ byte) * 0x100000001B3 & MASK
    z = (hash + question * 0x9E3779B97F4A7C15) & MASK
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
    return z ^ (z >> 31)


def test_the_baseline_is_what_always_saying_the_most_common_task_scores(lake, models):
    # What is known by the model's type or a correction is not learned from.
    stated = [model for model in models if model["task_source"] == "pipeline_tag"]
    known = [(model["id"], model["task"]) for model in stated if model["task"] != "other"]
    held = {id: (draw(id, 1) >> 11) / 2**53 < TEST_SHARE for id, _ in known}
    first = sorted(known, key=lambda model: (draw(model[0], 2), model[0]))
    train = [task for id, task in first if not held[id]][:TRAIN_LIMIT]
    test = [task for id, task in first if held[id]][: math.ceil(TRAIN_LIMIT * TEST_SHARE / (1 - TEST_SHARE))]
    learned = Counter(train)
    tasks = {task for task, models in learned.items() if models >= MIN_MODELS and task in set(test)}
    assert 1 < len(tasks) <= MAX_TASKS
    asked = Counter(task for task in test if task in tasks)
    guess = max(sorted(tasks), key=lambda task: learned[task])
    right, all = asked[guess], sum(asked.values())

    rows = lake.read("aggregate.task_model_scores", DATE).to_pylist()
    (row,) = [row for row in rows if row["classifier"] == "majority baseline"]
    assert row["train_models"] == sum(learned[task] for task in tasks)
    assert row["test_models"] == all
    assert row["tasks"] == len(tasks)
    left_out = {task for _, task in known} - tasks
    assert row["tasks_left_out"] == len(left_out)
    assert row["models_left_out"] == sum(task in left_out for _, task in known)
    assert row["accuracy"] == pytest.approx(right / all, rel=1e-12)
    assert row["macro_precision"] == pytest.approx(right / all / len(tasks), rel=1e-12)
    assert row["macro_recall"] == pytest.approx(1 / len(tasks), rel=1e-12)
    f1 = 2 * (right / all) / (right / all + 1)
    assert row["macro_f1"] == pytest.approx(f1 / len(tasks), rel=1e-12)


def test_at_least_five_of_different_families_and_the_best_learned_something(lake):
    rows = lake.read("aggregate.task_model_scores", DATE).to_pylist()
    names = {row["classifier"] for row in rows}
    assert names >= {"random forest", "gradient boosting", "logistic regression", "naive Bayes", "majority baseline"}
    assert [row["macro_f1"] for row in rows] == sorted((row["macro_f1"] for row in rows), reverse=True)
    (baseline,) = [row for row in rows if row["classifier"] == "majority baseline"]
    assert rows[0]["accuracy"] > baseline["accuracy"] and rows[0]["macro_f1"] > 2 * baseline["macro_f1"]


def test_every_model_without_a_task_has_one_guess_by_the_best(lake, models):
    rows = lake.read("aggregate.task_predictions", DATE).to_pylist()
    assert [row["id"] for row in rows] == sorted(model["id"] for model in models if model["task"] == "unknown")
    assert rows
    best = lake.read("aggregate.task_model_scores", DATE).to_pylist()[0]["classifier"]
    assert {row["classifier"] for row in rows} == {best}
    assert {row["task"] for row in rows} <= {model["task"] for model in models} - {"unknown", "other"}
    assert all(0 < row["confidence"] <= 1 for row in rows)
    whose = {model["id"]: (model["account"], model["entity"]) for model in models}
    assert all((row["account"], row["entity"]) == whose[row["id"]] for row in rows)


def test_the_same_models_give_the_same_bytes(lake, census, real_data):
    again = census("classifiers_again")
    again.run(SOURCE, f"{real_data}/{PLACE}", DATE, "+aggregate.task_predictions", HUBCENSUS_CORES="1")
    table = "aggregate.task_predictions"
    assert again.file(table, DATE).read_bytes() == lake.file(table, DATE).read_bytes()
