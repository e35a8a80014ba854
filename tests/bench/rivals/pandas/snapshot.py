"""What all published tables go by: cells, entities, places, and the steps that most tables take.

Frames hold numbers only, which are in the order of what they stand for: grouping goes by one integer key, as pandas
groups fastest, and sorting by numbers. Names come in as categories when a table is written.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
from codes import arrow, dictionary, first_of_each, place_in_run
from read import Facts, Ingest
from staged import Staged, Write

PERIODS = {"all_time": "downloads_all_time", "last_30d": "downloads_30d"}
COUNTERS = list(PERIODS)
UNIVERSES = ["all", "top50"]
LEVELS = {"continent": "continent", "country": "country", "eu": "eu_group"}
CLASS = ["scheme", "position", "size_class"]


def share(part: np.ndarray | pd.Series, whole: np.ndarray | pd.Series) -> np.ndarray:
    """Not a number where the whole is nothing."""
    part, whole = np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole != 0)


def key_of(frame: pd.DataFrame, columns: Sequence[str]) -> tuple[np.ndarray, list[int]]:
    """One integer for the numbers in several columns, and how many each may have."""
    parts = [frame[column].to_numpy() for column in columns]
    sizes = [int(part.max()) + 1 if len(part) else 1 for part in parts]
    key = np.zeros(len(frame), dtype=np.int64)
    for part, size in zip(parts, sizes, strict=True):
        key *= size
        key += part
    return key, sizes


def summed(frame: pd.DataFrame, columns: Sequence[str], values: Sequence[str]) -> pd.DataFrame:
    """In the order of the columns."""
    key, sizes = key_of(frame, columns)
    sums = frame[list(values)].groupby(pd.Index(key)).sum()
    rest, found = sums.index.to_numpy(), {}
    for column, size in zip(reversed(columns), reversed(sizes), strict=True):
        rest, found[column] = np.divmod(rest, size)
    return pd.DataFrame({column: found[column] for column in columns}).assign(
        **{value: sums[value].to_numpy() for value in values}
    )


def of(frame: pd.DataFrame, columns: Sequence[str], value: str = "downloads") -> np.ndarray:
    """What all rows that have these in common have together."""
    key, _ = key_of(frame, columns)
    return frame[value].groupby(key, sort=False).transform("sum").to_numpy()


class Snapshot:
    def __init__(self, staged: Staged, ingest: Ingest, facts: Facts, write: Write):
        self.staged, self.ingest, self.facts, self.write = staged, ingest, facts, write
        self.periods = [name for name, column in PERIODS.items() if ingest.columns[column].null_count < ingest.height]
        self.entity_of_account = staged.accounts["entity_no"].to_numpy()
        self.entity = self.entity_of_account[staged.account]
        self.counted = pd.DataFrame(
            {name: ingest.number(column) for name, column in PERIODS.items()} | {"likes": ingest.number("likes")}
        )
        self.counted["models"] = 1
        self.entities = self.entity_sums()
        self.flags = self.entities["flags"].to_numpy()
        self.model_flags = self.flags[self.entity]
        self.names: dict[str, pa.Array] = {
            "universe": pa.array(UNIVERSES),
            "period": pa.array(self.periods),
            "level": pa.array(list(LEVELS)),
            "account": arrow(staged.accounts["account"]),
            "entity": arrow(staged.entities["entity"]),
        }
        for frame, columns in (
            (staged.entities, ["entity_type", "country", "continent", "eu_group"]),
            (staged.kinds, ["task", "modality", "architecture"]),
        ):
            for column in columns:
                self.names[column] = arrow(frame[column].cat.categories)
        self.kinds = pd.DataFrame(
            {column: staged.kinds[column].cat.codes.astype("int64") for column in ("task", "modality", "architecture")}
        )
        self.cells = self.cells_of_models()
        self.places = self.places_of_cells()
        wholes = self.places[["models", "downloads"]].groupby(self.places["u"]).sum()
        self.all_models, self.all_downloads = (wholes[column].to_numpy() for column in ("models", "downloads"))

    def entity_sums(self) -> pd.DataFrame:
        """A row for each entity, with what it has, its first model, and whether it is of the first 50, one bit for each
        period."""
        created = self.ingest.columns["created_at"].cast(pa.timestamp("us")).to_numpy(zero_copy_only=False)
        groups = self.counted.groupby(self.entity)
        sums = groups[[*COUNTERS, "likes", "models"]].sum()
        dates = pd.Series(created).groupby(self.entity)
        sums["first_created"], sums["last_created"] = dates.min(), dates.max()
        # Rows are in the order of ids, so that the first of the largest is the first by name.
        sums[[f"top_{period}" for period in COUNTERS]] = groups[COUNTERS].idxmax().to_numpy()
        sums["flags"] = 0
        for bit, period in enumerate(COUNTERS):
            first = np.argsort(-sums[period].to_numpy(), kind="stable")[:50]
            sums.iloc[first, sums.columns.get_loc("flags")] += 1 << bit
        kinds = self.staged.entities
        for column in ("entity_type", *LEVELS.values()):
            sums[column] = kinds[column].cat.codes.to_numpy().astype(np.int64)
        return sums.assign(accounts=kinds["accounts"].to_numpy(), entity=np.arange(len(sums)), entities=1)

    def cells_of_models(self) -> pd.DataFrame:
        """What models of one account, task and size class have together."""
        numbers = {"account": self.staged.account, "kind": self.staged.kind, "size": self.staged.size}
        frame = self.counted.assign(**numbers)
        cells = summed(frame, list(numbers), [*COUNTERS, "likes", "models"])
        cells["entity"] = self.entity_of_account[cells["account"].to_numpy()]
        return cells

    def places_of_cells(self) -> pd.DataFrame:
        """Of entities of one kind and country, in each universe: few rows, for all that is not told by entity or
        account."""
        entity = self.cells["entity"].to_numpy()
        kinds = ["entity_type", "country", "flags"]
        frame = self.cells.assign(**{column: self.entities[column].to_numpy()[entity] for column in kinds})
        places = self.each_universe(summed(frame, [*kinds, "kind", "size"], [*COUNTERS, "models"]))
        country = self.entities[list(LEVELS.values())].drop_duplicates("country").set_index("country")
        kind = places["kind"].to_numpy()
        return places.join(country, on="country").assign(
            **{column: self.kinds[column].to_numpy()[kind] for column in self.kinds.columns}
        )

    def each_universe(self, frame: pd.DataFrame) -> pd.DataFrame:
        """An aggregate of both periods' counters: one row for each universe and period. `u` is the number of both."""
        parts = []
        flags = frame["flags"].to_numpy()
        rest = frame.drop(columns=["flags", *COUNTERS])
        for universe in UNIVERSES:
            for period in self.periods:
                part = rest.assign(downloads=frame[period], u=len(parts))
                parts.append(part if universe == "all" else part[flags & (1 << COUNTERS.index(period)) > 0])
        return pd.concat(parts, ignore_index=True)

    def ranked(self, frame: pd.DataFrame, within: Sequence[str] = ()) -> pd.DataFrame:
        """In the order in which it is written. What has the same downloads stays in the order in which it comes."""
        group, _ = key_of(frame, ["u", *within])
        order = np.lexsort((-frame["downloads"].to_numpy(), group))
        frame = frame.take(order)
        return frame.assign(
            rank=place_in_run(first_of_each(group[order])),
            downloads_share=share(frame["downloads"], self.all_downloads[frame["u"].to_numpy()]),
        )

    def at_levels(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Each row by its country, its continent, and its country or the European Union."""
        names = {column: self.names[column].to_pandas() for column in LEVELS.values()}
        number, words = pd.factorize(pd.concat(names.values(), ignore_index=True), sort=True)
        self.names["place"] = arrow(pd.Index(words))
        ends = np.cumsum([len(one) for one in names.values()])
        numbers = dict(zip(names, np.split(number, ends[:-1]), strict=True))
        return pd.concat(
            [
                frame.assign(level=level, place=numbers[column][frame[column].to_numpy()])
                for level, column in enumerate(LEVELS.values())
            ],
            ignore_index=True,
        )

    def totals(self, stay: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Models and downloads of some models in each universe and period."""
        frame = self.counted[[*COUNTERS, "models"]].assign(flags=self.model_flags)[stay]
        sums = self.each_universe(summed(frame, ["flags"], [*COUNTERS, "models"]).assign(one=0))
        totals = (
            sums[["models", "downloads"]].groupby(sums["u"]).sum().reindex(range(len(self.all_models)), fill_value=0)
        )
        return totals["models"].to_numpy(), totals["downloads"].to_numpy()

    def publish(self, table: str, frame: pd.DataFrame, columns: str, keys: str = "universe period", **computed):
        """Writes the keys and what is named, in this order: what was computed for it, else the frame's, under its name
        if that is a number."""
        universe, period = np.divmod(frame["u"].to_numpy(), len(self.periods))
        written = {}
        for column in [*keys.split(), *columns.split()]:
            if column in computed:
                written[column] = computed[column]
            else:
                values = {"universe": universe, "period": period}.get(column)
                values = frame[column].to_numpy() if values is None else values
                written[column] = dictionary(values, self.names[column]) if column in self.names else values
        self.write(f"aggregate.{table}", written)
