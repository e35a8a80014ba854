"""The classifiers of a model's task: the baseline by counting, those with one right answer anew with numpy."""

import csv
import math
import re
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

SOURCE, PLACE, DATE = "hub-stats", "hub_stats/models_{date}.parquet", "2026-05-24"
TRAIN_LIMIT, MIN_MODELS, MAX_TASKS, TEST_SHARE = 10_000, 20, 50, 0.2
FEATURES, LEAST_MODELS = 300, 3
REFERENCE = Path(__file__).parents[1] / "data/reference"
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


def parts(models):
    """The models to learn from and those held out, each in its order."""
    # What is known by the model's type or a correction is not learned from.
    known = [model for model in models if model["task_source"] == "pipeline_tag" and model["task"] != "other"]
    known.sort(key=lambda model: (draw(model["id"], 2), model["id"]))
    sides = {False: [], True: []}
    for model in known:
        sides[(draw(model["id"], 1) >> 11) / 2**53 < TEST_SHARE].append(model)
    return sides[False][:TRAIN_LIMIT], sides[True][: math.ceil(TRAIN_LIMIT * TEST_SHARE / (1 - TEST_SHARE))]


def chosen(train, test):
    """The tasks of the study."""
    learned, asked = (Counter(model["task"] for model in part) for part in (train, test))
    return sorted(task for task, models in learned.items() if models >= MIN_MODELS and asked[task])


def test_the_baseline_is_what_always_saying_the_most_common_task_scores(lake, models):
    known = [
        (model["id"], model["task"])
        for model in models
        if model["task_source"] == "pipeline_tag" and model["task"] != "other"
    ]
    sides = parts(models)
    tasks = set(chosen(*sides))
    train, test = ([model["task"] for model in side] for side in sides)
    learned = Counter(train)
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


@pytest.fixture(scope="module")
def evidence(lake, models):
    """What is seen of the models to learn from and of those held out, and the places of their tasks."""
    tags = {model["id"]: model["tags"] or [] for model in lake.read("ingest.models", DATE).to_pylist()}
    sides = parts(models)
    tasks = chosen(*sides)
    train, test = ([model for model in side if model["task"] in tasks] for side in sides)

    def tokens(model):
        kinds = {f"{kind}={model[kind]}" for kind in ("account", "library", "license") if model[kind] is not None}
        return kinds | {tag for tag in tags[model["id"]] if tag is not None}

    names = set()
    for file, column in (("pipeline_tags", "pipeline_tag"), ("task_synonyms", "token")):
        with (REFERENCE / f"{file}.csv").open(encoding="utf-8") as rows:
            names |= {"".join(words(row[column])) for row in csv.DictReader(rows) if row[column] != "other"}

    def leaks(token):
        run = words(token.split("=", 1)[-1])
        return any("".join(run[i:j]) in names for i in range(len(run)) for j in range(i + 1, len(run) + 1))

    models_by_task = Counter(model["task"] for model in train)
    having = defaultdict(Counter)
    for model in train:
        for token in tokens(model):
            having[token][model["task"]] += 1

    def information(token):
        """Mutual information of the token and the task."""
        with_it, all_models = having[token].total(), len(train)

        def term(joint, side, task):
            return joint / all_models * math.log(joint * all_models / (side * task)) if joint else 0

        return sum(
            term(having[token][task], with_it, models) + term(models - having[token][task], all_models - with_it, models)
            for task, models in sorted(models_by_task.items())
        )

    telling = [(-information(token), token) for token in having if having[token].total() >= LEAST_MODELS]
    telling = sorted((score, token) for score, token in telling if score < -1e-9 and not leaks(token))
    columns = {token: column for column, (_, token) in enumerate(telling[:FEATURES])}

    def numbers(model):
        month = model["created_at"] and model["created_at"].year * 12 + model["created_at"].month
        counts = (model["likes"], model["downloads_30d"], model["downloads_all_time"])
        values = [math.log10(model["parameters"]) if model["parameters"] else None]
        values += [None if count is None else math.log1p(count) for count in counts]
        return [math.nan if value is None else value for value in [*values, month]]

    seen = np.array([numbers(model) for model in train], dtype=float)
    present = np.where(np.isnan(seen), 0, 1)
    mean = np.nansum(seen, axis=0) / np.maximum(present.sum(axis=0), 1)
    deviation = np.sqrt(np.nansum((seen - mean) ** 2, axis=0) / np.maximum(present.sum(axis=0), 1))
    deviation[deviation == 0] = 1

    def matrix(part):
        flags = np.zeros((len(part), len(columns)))
        for row, model in enumerate(part):
            flags[row, [columns[token] for token in tokens(model) if token in columns]] = 1
        values = np.array([numbers(model) for model in part], dtype=float)
        scaled = np.nan_to_num(np.clip((values - mean) / deviation, -10, 10)).astype(np.float32).astype(float)
        return np.hstack([flags, np.isnan(values), scaled])

    places = {task: place for place, task in enumerate(tasks)}
    answers = [np.array([places[model["task"]] for model in part]) for part in (train, test)]
    return matrix(train), answers[0], matrix(test), answers[1], len(tasks)


def words(text):
    return [word.lower() for word in re.split(r"[\W_]+", text) if word]


def scores(truth, guesses, tasks):
    pairs = [(truth == task, guesses == task) for task in range(tasks)]
    right = np.array([float((is_task & guessed).sum()) for is_task, guessed in pairs])
    asked, given = (np.array([float(side.sum()) for side in sides]) for sides in zip(*pairs))
    return {
        "accuracy": float((truth == guesses).mean()),
        "macro_precision": float(np.mean(right / np.maximum(given, 1))),
        "macro_recall": float(np.mean(right / np.maximum(asked, 1))),
        "macro_f1": float(np.mean(2 * right / (asked + given))),
    }


def row_of(lake, classifier):
    rows = lake.read("aggregate.task_model_scores", DATE).to_pylist()
    (row,) = [row for row in rows if row["classifier"] == classifier]
    return row


def test_naive_bayes_is_what_counting_gives(lake, evidence):
    train, answers, test, truth, tasks = evidence
    has, asked = train > 0, test > 0
    logarithms = []
    for task in range(tasks):
        of_task = has[answers == task]
        share = (of_task.sum(axis=0) + 0.1) / (len(of_task) + 0.2)
        prior = math.log(len(of_task) / len(train))
        logarithms.append(prior + asked @ np.log(share) + (1 - asked) @ np.log(1 - share))
    expected = scores(truth, np.argmax(logarithms, axis=0), tasks)
    row = row_of(lake, "naive Bayes")
    assert {name: row[name] for name in expected} == pytest.approx(expected, rel=1e-9)


def test_the_ridge_classifier_is_the_least_squares(lake, evidence):
    train, answers, test, truth, tasks = evidence
    train, test = (np.hstack([part, np.ones((len(part), 1))]) for part in (train, test))
    penalty = np.eye(train.shape[1])
    penalty[-1, -1] = 0
    weights = np.linalg.solve(train.T @ train + penalty, train.T @ np.eye(tasks)[answers])
    expected = scores(truth, np.argmax(test @ weights, axis=1), tasks)
    row = row_of(lake, "ridge classifier")
    assert {name: row[name] for name in expected} == pytest.approx(expected, rel=1e-9)


def test_logistic_regression_is_near_its_only_optimum(lake, evidence):
    train, answers, test, truth, tasks = evidence
    train, test = (np.hstack([part, np.ones((len(part), 1))]) for part in (train, test))
    width = train.shape[1]
    penalty = np.ones((width, tasks))
    penalty[-1] = 0
    weights = np.zeros((width, tasks))

    def probabilities(part):
        values = np.exp(part @ weights - (part @ weights).max(axis=1, keepdims=True))
        return values / values.sum(axis=1, keepdims=True)

    # Newton's steps; the same constant added to all tasks changes nothing, hence a trace of a penalty on it, too.
    for _ in range(20):
        given = probabilities(train)
        slope = train.T @ (given - np.eye(tasks)[answers]) + penalty * weights
        if np.abs(slope).max() < 1e-3:
            break
        curvature = np.diag((penalty + 1e-6).T.ravel())
        for one in range(tasks):
            for other in range(one + 1):
                weight = given[:, one] * ((one == other) - given[:, other])
                block = np.s_[one * width : (one + 1) * width, other * width : (other + 1) * width]
                part = train.T @ (train * weight[:, None])
                curvature[block] += part
                if one != other:
                    curvature[block[::-1]] += part
        weights -= np.linalg.solve(curvature, slope.T.ravel()).reshape(tasks, width).T
    assert np.abs(slope).max() < 1e-3
    expected = scores(truth, np.argmax(probabilities(test), axis=1), tasks)
    row = row_of(lake, "logistic regression")
    assert row["accuracy"] == pytest.approx(expected["accuracy"], abs=0.005)
    assert row["macro_f1"] == pytest.approx(expected["macro_f1"], abs=0.03)


def test_different_families_and_the_best_learned_something(lake):
    rows = lake.read("aggregate.task_model_scores", DATE).to_pylist()
    names = {row["classifier"] for row in rows}
    trees = {"random forest", "extra trees", "gradient boosting"}
    assert names == trees | {"logistic regression", "ridge classifier", "naive Bayes", "majority baseline"}
    assert [row["macro_f1"] for row in rows] == sorted((row["macro_f1"] for row in rows), reverse=True)
    (baseline,) = [row for row in rows if row["classifier"] == "majority baseline"]
    # Trees may ask what linear classifiers cannot, and none of them guesses.
    assert all(row["macro_f1"] > 3 * baseline["macro_f1"] for row in rows if row["classifier"] in trees)
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
