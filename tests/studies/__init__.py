"""Figures that studies of the Hub printed, and what the tables say of each.

`data/published/` has the figures, a file for each study, and this package a module for each file: `ANSWERS` says how a
figure is asserted, `UNANSWERED` why it cannot be. Both are by measure and dimension, or by those and the value that the
figure is of, which goes before. In a query `$1` is that value; a dimension such as `country in company` is also found as
`country in {within}`, and `{within}` stands for its end in the query.
"""

import csv
import importlib
import math
import pkgutil
import re
from collections.abc import Callable
from dataclasses import dataclass

from census import PROJECT, entries

PUBLISHED = PROJECT / "data/published"
COLUMNS = ["measure", "dimension", "value_name", "value", "unit", "source"]


@dataclass(frozen=True)
class Figure:
    study: str
    measure: str
    dimension: str
    value_name: str
    value: float
    unit: str

    def __str__(self) -> str:
        return "-".join((self.study, self.measure, self.dimension, self.value_name))

    @property
    def within(self) -> str | None:
        """What the dimension is limited to, if it is."""
        found = re.fullmatch(".* in (.*)", self.dimension)
        return found and found[1]

    @property
    def keys(self) -> list[tuple[str, ...]]:
        """Under what it can stand in ANSWERS and UNANSWERED, the most particular first."""
        of = (self.measure, self.dimension)
        keys = [(*of, self.value_name), of]
        if self.within:
            template = (self.measure, self.dimension.removesuffix(self.within) + "{within}")
            keys += [(*template, self.value_name), template]
        return keys

    def query(self, template: str) -> str:
        return template.replace("{within}", self.within or "")


# What a figure may be found as: the least and the most.
Limits = Callable[[Figure], tuple[float, float]]


def as_printed(figure: Figure) -> tuple[float, float]:
    """The value itself, or what its measure says that the value limits."""
    if figure.measure.endswith(" above"):
        return math.nextafter(figure.value, math.inf), math.inf
    if figure.measure.endswith(" at least"):
        return figure.value, math.inf
    if figure.measure.endswith(" at most"):
        return -math.inf, figure.value
    return figure.value, figure.value


def give_or_take(tolerance: float) -> Limits:
    return lambda figure: (figure.value - tolerance, figure.value + tolerance)


def within_factor(factor: float) -> Limits:
    return lambda figure: (figure.value / factor, figure.value * factor)


@dataclass(frozen=True)
class Asked:
    """A query of a snapshot's tables answers it; of which snapshot, test_published.py says by name."""

    query: str
    snapshot: str
    limits: Limits = as_printed


@dataclass(frozen=True)
class Follows:
    """It follows from other printed figures."""

    value: Callable[[], float]
    limits: Limits = as_printed


@dataclass(frozen=True)
class NotMetadata:
    """No table can have it: it is about what the Hub's metadata do not say."""

    needs: str


@dataclass(frozen=True)
class OtherDate:
    """A query answers it, of a snapshot that is not there: one of the study's date, or of all that the study covers."""

    query: str
    because: str = "no snapshot of that date is at hand"


@dataclass(frozen=True)
class NotYet:
    """It needs a table, a column or a value of a column that the pipeline does not have yet."""

    table: str
    because: str
    column: str | None = None
    value: str | None = None

    def is_there(self) -> bool:
        columns = entries().get(self.table, {}).get("columns", {})
        if self.column is None:
            return self.table in entries()
        if self.value is None:
            return self.column in columns
        checks = columns[self.column].get("checks", [])
        allowed = [self.value in check["values"] for check in checks if "values" in check]
        allowed += [re.search(check["matches"], self.value) is not None for check in checks if "matches" in check]
        return all(allowed)


@dataclass(frozen=True)
class Otherwise:
    """The tables answer the question, knowingly not as the study does."""

    because: str


Answer = Asked | Follows
Reason = NotMetadata | OtherDate | NotYet | Otherwise


@dataclass(frozen=True)
class Study:
    name: str
    figures: list[Figure]
    answers: dict[tuple[str, ...], Answer]
    unanswered: dict[tuple[str, ...], Reason]

    def key(self, figure: Figure) -> tuple[str, ...] | None:
        """Under which key the study's module has the figure."""
        return next((key for key in figure.keys if key in self.answers or key in self.unanswered), None)

    def of(self, figure: Figure) -> Answer | Reason | None:
        key = self.key(figure)
        return self.answers.get(key) or self.unanswered.get(key)


def figures(name: str) -> list[Figure]:
    with (PUBLISHED / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [Figure(name, *(row[key] for key in COLUMNS[:3]), float(row["value"]), row["unit"]) for row in rows]


def printed(name: str, measure: str, dimension: str, value_name: str) -> float:
    """A figure of a study, by name."""
    of = (measure, dimension, value_name)
    return next(figure.value for figure in figures(name) if (figure.measure, figure.dimension, figure.value_name) == of)


def studies() -> dict[str, Study]:
    """The modules of this package that are of a file, by its name."""
    modules = [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    return {
        module.FILE: Study(module.FILE, figures(module.FILE), module.ANSWERS, module.UNANSWERED)
        for module in modules
        if hasattr(module, "FILE")
    }
