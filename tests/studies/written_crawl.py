"""A file in the form of the crawl of August 2024, with as much in it as the study printed, and nothing else of the Hub."""

import csv
import itertools
import math
import random
from collections.abc import Iterable
from pathlib import Path

MODELS = 29_017

# The first five accounts by models and the twentieth are printed; Microsoft is among the twenty, and the rest made up.
LEADERS = ["TheBloke", "facebook", "sd-concepts-library", "google", "bartowski", "microsoft"]
LEADERS += [f"maker-{place:02}" for place in range(7, 20)] + ["Qwen"]
LEADERS_MODELS = [3000, 900, 800, 700, 650, *range(600, 300, -20)]

# As the website shows them, and how many: the order of the first five is printed, and that a quarter has none.
TASKS = {"": 7254, "Text Generation": 9000, "Text-to-Image": 3000, "Text Classification": 2500}
TASKS |= {"Text2Text Generation": 2000, "Fill-Mask": 1500, "Token Classification": 1400, "Translation": 1300}

# Of each cluster the least and the most, as a page shows them, and the models.
CLUSTERS = [
    ("104K", "145M", 1377),
    ("146M", "725M", 1130),
    ("728M", "3.66B", 1807),
    ("3.74B", "20.9B", 4708),
    ("21.1B", "703B", 1390),
]


def number(text: str) -> float:
    return float(text[:-1]) * {"K": 1e3, "M": 1e6, "B": 1e9}[text[-1]]


def sizes() -> Iterable[str]:
    """Sizes whose five clusters of least squares are the printed ones.

    Clusters meet half way between their means, in the logarithm. So one mean gives the next, and the first here is
    such that every mean is within its cluster; all models but the least and the most are as large as it takes.
    """
    limits = [(math.log10(number(least)), math.log10(number(most))) for least, most, _ in CLUSTERS]
    meet = [(most + least) / 2 for (_, most), (least, _) in itertools.pairwise(limits)]
    second = 8.5
    third = 2 * meet[1] - second
    fourth = 2 * meet[2] - third
    means = [2 * meet[0] - second, second, third, fourth, 2 * meet[3] - fourth]
    for (least, most, models), (low, high), mean in zip(CLUSTERS, limits, means, strict=True):
        middle = (models * mean - low - high) / (models - 2)
        assert low < middle < high
        yield from [f"{least} params", f"{most} params"] + [str(round(10**middle))] * (models - 2)


def accounts() -> Iterable[str]:
    for account, models in zip(LEADERS, LEADERS_MODELS, strict=True):
        yield from [account] * models
    yield from (f"person-{place}" for place in itertools.count())


def write(path: Path) -> None:
    """One seed, so that a task or a size is of any account."""
    shuffled = random.Random(1)
    tasks = [task for task, models in TASKS.items() for _ in range(models)]
    tasks += ["Image Classification"] * (MODELS - len(tasks))
    known = list(sizes())
    known += [""] * (MODELS - len(known))
    shuffled.shuffle(tasks)
    shuffled.shuffle(known)
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["organization", "name", "task", "downloads", "likes", "url", "model_size", "tensor_type"])
        for place, (account, task, size) in enumerate(zip(accounts(), tasks, known, strict=False)):
            # Somebody with one model has more of both than the twenty have in the mean.
            downloads = {"microsoft": "50k", "person-0": "9.9M"}.get(account, "1.2k")
            likes = {"Qwen": "500", "person-0": "1,234"}.get(account, "7")
            name = f"model-{place}"
            url = f"https://huggingface.co/{account}/{name}"
            rows.writerow([account, name, task, downloads, likes, url, size, ""])
