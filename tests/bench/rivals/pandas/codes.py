"""Texts as integer codes: what is asked of a text is asked once for each distinct one.

As pandas' user guide advises for texts that repeat: categories. Lists have no type of pandas' own; they are kept as
pandas explodes them, flat, with the row that each element belongs to.
"""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc


def series(array: pa.Array) -> pd.Series:
    """Without a copy."""
    return pd.Series(pd.arrays.ArrowExtensionArray(array))


def arrow(texts: pd.Series | pd.Index) -> pa.Array:
    array = pa.array(texts)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def dictionary(codes: np.ndarray, words: pa.Array) -> pa.DictionaryArray:
    """Rows for Arrow; -1 is null."""
    mask = codes < 0
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=mask if mask.any() else None), words)


def blank_to_null(texts: pd.Series) -> pd.Series:
    stripped = texts.str.strip(" ")
    return stripped.where(stripped != "")


def numbered(texts: pd.Series) -> tuple[np.ndarray, pd.Index]:
    """Codes in the order of the texts, -1 for null; and the texts."""
    codes, words = pd.factorize(texts, sort=True)
    return codes, pd.Index(words)


def through(mapping: np.ndarray, codes: np.ndarray, null: int | bool = -1) -> np.ndarray:
    """What each code stands for; null stands for `null`."""
    return np.append(mapping, null)[codes]


def places(texts: pd.Series | pd.Index, among: pd.Series | pd.Index) -> np.ndarray:
    """Where each text stands among others, -1 if nowhere."""
    return pd.Index(among).get_indexer(pd.Index(texts))


class Texts:
    """One text a row."""

    def __init__(self, array: pa.DictionaryArray):
        self.words = series(array.dictionary)
        self.codes = pc.fill_null(array.indices, -1).to_numpy(zero_copy_only=False)


class Lists:
    """Several texts a row, flat: `rows` is what row each is of, in order."""

    def __init__(self, array: pa.ListArray):
        flat = array.flatten()
        self.words = series(flat.dictionary)
        self.codes = pc.fill_null(flat.indices, -1).to_numpy(zero_copy_only=False)
        self.lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)
        self.rows = np.repeat(np.arange(len(array)), self.lengths)


def matches(texts: pa.Array, pattern: str) -> np.ndarray:
    """Whether each text has the pattern in it, in either case."""
    return pc.match_substring_regex(texts, pattern, ignore_case=True).to_numpy(zero_copy_only=False)


def first_of_each(sorted_numbers: np.ndarray) -> np.ndarray:
    """Whether a number is the first of its run."""
    first = np.ones(len(sorted_numbers), dtype=bool)
    np.not_equal(sorted_numbers[1:], sorted_numbers[:-1], out=first[1:])
    return first


def place_in_run(first: np.ndarray) -> np.ndarray:
    """From 1 on, anew at every first."""
    count = np.arange(1, len(first) + 1)
    return count - np.repeat(np.flatnonzero(first), np.diff(np.append(np.flatnonzero(first), len(first))))
