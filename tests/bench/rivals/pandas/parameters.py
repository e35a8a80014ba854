"""How many parameters a model has: by a correction or its own metadata, else by its base model, else by its name.

Zero stands for what is not known.
"""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from bridges import RELATIONS, Parents
from codes import arrow, matches, through
from names import sizes_in_names
from read import Facts, Ingest

PACKED = ["I32", "U32", "U8"]
# Unless they are packed, what such elements hold are masks of attention.
MASKS = ["BOOL", "U8"]
SOURCES = ["correction", "safetensors", "gguf", "stated", "base", "name", "fixture", "unknown"]
CORRECTION, BASE, NAME, FIXTURE, UNKNOWN = (
    SOURCES.index(one) for one in ("correction", "base", "name", "fixture", "unknown")
)


def parameters_of(
    ingest: Ingest, name: pd.Series, adapter: np.ndarray, parents: Parents, facts: Facts, declared: dict
) -> tuple[np.ndarray, np.ndarray]:
    """How many, and the number of where it was found among SOURCES. `adapter` says what is one by library or tags."""
    bounds = facts["size_bounds"].set_index("bound")["parameters"]
    base, relation = np.full((2, ingest.height), -1)
    first = parents.position == 1
    base[parents.rows[first]], relation[parents.rows[first]] = parents.codes[first], parents.relations[first]
    adapter = adapter | (relation == RELATIONS.get_loc("adapter"))
    fixture = matches(ingest.columns["id"], declared["fixture_names"])
    storage = ingest.number("storage_bytes")
    asks_name = ~fixture & (~adapter | (storage > 0))
    own, source, named = own_sizes(ingest, name, asks_name, bounds["largest"], facts, declared)
    if storage.any():
        # What takes the storage of a whole model is one.
        adapter &= (named == 0) | (storage < declared["whole_bytes"] * named)
    fixture |= (own > 0) & (own < bounds["fixture"])
    others = np.flatnonzero((own == 0) & ~adapter & ~fixture)
    relation, named = relation[others], named[others]
    of_base = through(own, rows_of(parents.names, ingest.columns["id"], base[others]), 0)
    takes = np.where(
        relation == RELATIONS.get_loc("quantized"),
        (named == 0) | ((of_base // 2 <= named) & (named <= 2 * of_base)),
        ((named == 0) & (relation != RELATIONS.get_loc("unknown")))
        | ((named > 0) & (2 * of_base // 3 <= named) & (named <= 4 * of_base // 3)),
    )
    # A model that is said to be an adapter and is none has no number of its base.
    takes &= (of_base > 0) & (relation != RELATIONS.get_loc("adapter"))
    if storage.any():
        # What is there must hold it.
        most = np.where(storage > 0, storage / declared["least_bytes"], np.inf)[others]
        takes &= of_base <= most
        named = np.where(named <= most, named, 0)
    own[others] = np.where(takes, of_base, named)
    source[others] = np.where(takes, BASE, np.where(named > 0, NAME, UNKNOWN))
    own[fixture], source[fixture] = 0, FIXTURE
    return own, source


def own_sizes(
    ingest: Ingest, name: pd.Series, asks_name: np.ndarray, largest: int, facts: Facts, declared: dict
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What a model itself tells, where that was found, and the number in its name: of those that ask for it if they
    tell nothing, and of those whose number a name may contradict."""
    found = [stored(ingest, declared), ingest.number("gguf_total"), weights(ingest, name, declared)]
    found = [np.where(number <= largest, number, 0) for number in found]
    storage = ingest.number("storage_bytes")
    known = storage > 0
    has_storage = known.any()
    if has_storage:
        for place, number in enumerate(found):
            number[known & (storage < declared["least_bytes"] * number)] = 0
            if place:
                number[known & (storage > declared["most_bytes"] * number)] = 0
    found = [corrected(ingest, facts), *found]
    own, source = first_of(found)
    asked = asks_name & (own == 0)
    if has_storage:
        asked |= known & (own > 0) & (source != CORRECTION) & (storage > declared["many_bytes"] * own)
    names = name[asked]
    names = names[names.str.contains("[0-9][bBmMT]")]
    named = np.zeros(ingest.height, dtype=np.int64)
    rows, sizes = sizes_in_names(names.index.to_numpy(), names)
    named[rows] = sizes
    if has_storage:
        for number in found[1:]:
            number[known & (storage > declared["many_bytes"] * number) & (named > 2 * number)] = 0
        own, source = first_of(found)
    return own, source, named


def first_of(found: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    there = [one > 0 for one in found]
    return np.select(there, found, 0), np.select(there, range(len(found)), UNKNOWN)


def corrected(ingest: Ingest, facts: Facts) -> np.ndarray:
    numbers = np.zeros(ingest.height, dtype=np.int64)
    known = np.flatnonzero(ingest.ids.isin(facts["size_corrections"]["id"]).to_numpy(dtype=bool))
    numbers[known] = ingest.ids.iloc[known].map(facts["size_corrections"].set_index("id")["parameters"])
    return numbers


def stored(ingest: Ingest, declared: dict) -> np.ndarray:
    """The elements of safetensors files, unless most of them are packed."""
    safetensors = ingest.safetensors
    sums = safetensors.sums(safetensors.counts)
    numbers = np.where(safetensors.lengths > 0, sums, ingest.number("safetensors_total"))

    def of_types(types: list[str]) -> np.ndarray:
        is_one = safetensors.types.to_pandas().isin(types).to_numpy()
        return safetensors.sums(np.where(is_one[safetensors.codes], safetensors.counts, 0))

    packed, masks = of_types(PACKED), of_types(MASKS)
    return np.where(packed <= declared["packed_share"] * numbers, numbers - masks, 0)


def weights(ingest: Ingest, name: pd.Series, declared: dict) -> np.ndarray:
    """Those numbers that are stated without saying whence and count weights, as far as tags and names tell."""
    stated = ingest.number("stated_parameters")
    if not stated.any():
        return stated
    four_bit = ingest.tagged(declared["four_bit_tags"]) | matches(arrow(name), declared["four_bit_names"])
    quantised = four_bit | (ingest.tagged(declared["packed_tags"]) & ~ingest.tagged(["fp8"]))
    return np.where(~quantised | (ingest.tagged(["gguf"]) & ~ingest.tagged(["safetensors"])), stated, 0)


def rows_of(names: pd.Index, ids: pa.Array, codes: np.ndarray) -> np.ndarray:
    """The row whose id is the name that each code stands for, -1 if none is."""
    of_row = pc.fill_null(pc.index_in(ids, value_set=arrow(names).cast(ids.type)), -1).to_numpy()
    rows = np.full(len(names), -1)
    there = np.flatnonzero(of_row >= 0)
    rows[of_row[there]] = there
    return through(rows, codes)
