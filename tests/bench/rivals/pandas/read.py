"""What comes in: the snapshot's rows and the reference tables.

Read as pandas' user guide advises: by pyarrow, only the columns that are needed, texts that repeat as categories, which
Parquet hands over as it has them. JSON is read by pyarrow with a declared schema, as `read_json` does without one.
"""

from collections.abc import Callable
from datetime import date
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from codes import Lists, Texts, series
from lines import card_columns, entries, header_columns, ndjson

Facts = dict[str, pd.DataFrame]
WORD = pa.dictionary(pa.int32(), pa.string())
TIME = pa.timestamp("us", tz="UTC")
# The columns of ingest.models; what a source does not have is null.
COLUMNS = {
    "id": pa.string(),
    "repo_id": pa.string(),
    "author": WORD,
    "created_at": TIME,
    "last_modified": TIME,
    "downloads_30d": pa.int64(),
    "downloads_all_time": pa.int64(),
    "likes": pa.int64(),
    "trending_score": pa.float64(),
    "pipeline_tag": WORD,
    "library": WORD,
    "license": WORD,
    "languages": pa.list_(WORD),
    "tags": pa.list_(WORD),
    "base_models": pa.list_(WORD),
    "base_model_relation": WORD,
    "card_base_models": pa.list_(WORD),
    "safetensors_parameters": pa.list_(pa.string()),
    "safetensors_total": pa.int64(),
    "gguf_total": pa.int64(),
    "gguf_architecture": WORD,
    "stated_parameters": pa.int64(),
    "storage_bytes": pa.int64(),
    "gated": WORD,
    "private": pa.bool_(),
    "disabled": pa.bool_(),
    "removed": pa.bool_(),
    "sha": pa.string(),
}
# And those that are the same in all rows.
CONSTANTS = {"counters_date": pa.date32(), "source": WORD, "coverage": WORD, "part": WORD}
COUNTS = [name for name, kind in COLUMNS.items() if kind == pa.int64()]


class Ingest:
    """The rows that stay, sorted by id; their place is their number from here on.

    `safetensors_parameters` comes in as lists of types and counts: what is added up need not be read from texts.
    """

    def __init__(self, raw: dict[str, pa.ChunkedArray], constants: dict[str, date | str | None]):
        order = kept(raw)
        self.height = len(order)
        # Each column is given up as soon as it has its order.
        found = {name: whole(raw.pop(name)).take(order) for name in list(raw)}
        self.safetensors = Entries(found.pop("safetensors"))
        found["safetensors_parameters"] = self.safetensors.texts()
        self.columns = {name: found.get(name, pa.nulls(self.height, kind)) for name, kind in COLUMNS.items()}
        self.constants = constants
        for name, kind in CONSTANTS.items():
            self.columns[name] = pa.repeat(pa.scalar(constants[name], kind), self.height)
        self.lists: Callable[[str], Lists] = Cached(lambda name: Lists(self.columns[name]))
        self.texts: Callable[[str], Texts] = Cached(lambda name: Texts(self.columns[name]))

    def number(self, name: str) -> np.ndarray:
        """Null as 0."""
        return pc.fill_null(self.columns[name], 0).to_numpy()

    @cached_property
    def ids(self) -> pd.Series:
        return series(self.columns["id"])

    @cached_property
    def folded(self) -> pa.Array:
        """Ids without regard to case."""
        return pc.utf8_lower(self.columns["id"])

    def tagged(self, words: list[str]) -> np.ndarray:
        """Whether a model has one of these tags."""
        tags, found = self.lists("tags"), np.zeros(self.height, dtype=bool)
        found[tags.rows[np.append(tags.words.isin(words).to_numpy(dtype=bool), False)[tags.codes]]] = True
        return found


class Cached(dict):
    def __init__(self, make: Callable):
        self.make = make

    def __missing__(self, name: str):
        self[name] = self.make(name)
        return self[name]

    __call__ = dict.__getitem__


class Entries:
    """The data types of each model that has safetensors, flat: whose, which type, how many elements."""

    def __init__(self, array: pa.ListArray):
        flat = array.flatten()
        self.array, self.types = array, flat.field("type").dictionary
        self.codes = flat.field("type").indices.to_numpy()
        self.counts = flat.field("count").to_numpy()
        self.lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)
        self.rows = np.repeat(np.arange(len(array)), self.lengths)

    def texts(self) -> pa.ListArray:
        """`dtype=count` for each."""
        flat = pc.binary_join_element_wise(
            self.types.take(pa.array(self.codes)), pa.array(self.counts).cast("string"), "="
        )
        offsets = np.concatenate(([0], np.cumsum(self.lengths))).astype(np.int32)
        return pa.ListArray.from_arrays(pa.array(offsets), flat, mask=self.array.is_null())

    def sums(self, counts: np.ndarray) -> np.ndarray:
        """What each row has of them."""
        so_far = np.concatenate(([0], np.cumsum(counts)))
        ends = np.cumsum(self.lengths)
        return so_far[ends] - so_far[ends - self.lengths]


def rows(raw: str, kind: str, constants: dict[str, date | str | None]) -> Ingest:
    return Ingest(parquet(raw) if kind == "parquet" else ndjson(raw), constants)


def kept(raw: dict[str, pa.ChunkedArray]) -> np.ndarray:
    """Which rows stay, in the order of their ids; of several with one id the first of the file."""
    ids = series(raw["id"])
    stay = ids.notna() & (ids.str.strip(" ") != "") & ~ids.str.startswith("/") & ~ids.str.endswith("/")
    stay &= series(pc.count_substring(raw["id"], "/")) <= 1
    for name in COUNTS:
        if name in raw:
            stay &= ~(series(raw[name]) < 0).fillna(False)
    for name in ("created_at", "last_modified"):
        time = series(raw[name])
        stay &= ((time >= pd.Timestamp("2015-01-01", tz="UTC")) & (time < pd.Timestamp("2100-01-01", tz="UTC"))).fillna(
            True
        )
    stay = stay.fillna(False).to_numpy(dtype=bool)
    order = ids.argsort().to_numpy() if stay.all() else np.flatnonzero(stay)[ids[stay].argsort()]
    ids = ids.iloc[order]
    again = (ids.iloc[1:].array == ids.iloc[:-1].array).to_numpy(dtype=bool)
    return order[np.concatenate(([True], ~again))] if again.any() else order


def whole(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def parquet(raw: str) -> dict[str, pa.ChunkedArray]:
    words = ["author", "pipeline_tag", "library_name", "tags.list.element"]
    nested = ["baseModels.relation", "baseModels.models.list.element.id"]
    table = pq.read_table(raw, memory_map=True, read_dictionary=words + nested)
    base, safetensors = (whole(table[name]) for name in ("baseModels", "safetensors"))
    models = pc.struct_field(base, "models")
    found = {
        "created_at": table["createdAt"].cast(TIME),
        "last_modified": table["lastModified"].cast(TIME),
        "downloads_30d": table["downloads"],
        "downloads_all_time": table["downloadsAllTime"],
        "trending_score": table["trendingScore"].cast(pa.float64()),
        "library": table["library_name"],
        "base_models": pa.ListArray.from_arrays(
            models.offsets, pc.struct_field(models.values, "id"), mask=models.is_null()
        ),
        "base_model_relation": pc.struct_field(base, "relation"),
        "safetensors": entries(pc.struct_field(safetensors, "parameters")),
        "safetensors_total": pc.struct_field(safetensors, "total"),
    }
    found |= {name: table[name] for name in ("id", "author", "likes", "tags", "pipeline_tag")}
    return found | card_columns(whole(table["cardData"])) | header_columns(whole(table["gguf"]))


def reference(project: Path, day: date) -> dict[str, pd.DataFrame]:
    """The curated facts, those with dates as they hold on the day."""
    columns = {
        "accounts": ["account", "entity", "valid_from", "valid_to"],
        "active_parameters": ["id", "parameters"],
        "countries": ["country", "continent", "eu_from", "eu_to"],
        "entities": ["entity", "entity_type", "country", "valid_from", "valid_to"],
        "frameworks": ["tag", "framework"],
        "language_aliases": ["value", "language"],
        "language_lists": ["code"],
        "languages": ["code", "language", "name", "macrolanguage"],
        "legacy_owners": ["kind", "id", "account"],
        "libraries": ["library", "name", "registered"],
        "licenses": ["license", "family", "official"],
        "model_families": ["tag"],
        "model_type_tasks": ["model_type", "pipeline_tag", "replaces"],
        "non_language_tags": ["tag"],
        "pipeline_tags": ["pipeline_tag", "task", "modality", "hub_modality", "architecture", "language_applies"],
        "relation_corrections": ["id", "base_model", "relation"],
        "size_bounds": ["bound", "parameters"],
        "size_classes": ["scheme", "position", "size_class", "min_parameters"],
        "size_corrections": ["id", "parameters"],
        "task_corrections": ["id", "pipeline_tag"],
    }
    facts = {
        # A country's code may be NA.
        name: pd.read_csv(
            project / f"data/reference/{name}.csv", usecols=used, dtype=str, keep_default_na=False, na_values=[""]
        )
        for name, used in columns.items()
    }
    facts["legacy_owners"] = facts["legacy_owners"][facts["legacy_owners"]["kind"] == "models"]
    # Those of any day: no other account goes under the name of one.
    facts["entity_names"] = facts["entities"][["entity"]].drop_duplicates()
    for name in ("entities", "accounts"):
        facts[name] = facts[name][holds(facts[name], "valid_from", "valid_to", day)]
    countries = facts["countries"]
    countries["in_eu"] = countries["eu_from"].notna() & holds(countries, "eu_from", "eu_to", day)
    numbers = ["position", "min_parameters"]
    facts["size_classes"][numbers] = facts["size_classes"][numbers].astype("int64")
    for name in ("active_parameters", "size_bounds", "size_corrections"):
        facts[name] = facts[name].astype({"parameters": "int64"})
    return facts


def holds(facts: pd.DataFrame, first: str, last: str, day: date) -> pd.Series:
    text = day.isoformat()
    return (facts[first].fillna("0001-01-01") <= text) & (facts[last].fillna("9999-12-31") >= text)
