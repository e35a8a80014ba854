"""The number of parameters that a model's name states.

Names fall into words without a loop over names, and whatever is asked of a word by a pattern is asked of each distinct
word once, as pandas' user guide advises for texts that repeat; what is asked of neighbours is asked of their codes.
"""

import numpy as np
import pandas as pd
import pyarrow.compute as pc
from codes import arrow, first_of_each, series

MARK = "\x1f"
WORD = "([^A-Za-z0-9§]?[A-Za-z0-9§]+)"
PARTS = "^(?P<separator>[^A-Za-z0-9§]?)(?P<word>[A-Za-z0-9§]+)"
SIZE = "^(?P<whole>[0-9]{1,4})(?:[§p](?P<fraction>[0-9]+))?(?P<unit>[bBmMT])(?P<tenth>[0-9])?$"
NUMBER = "[0-9]+(?:§[0-9]+)?[A-Za-z]?"
NOT_SIZES = "tok token tokens seqlen context ctx step steps samples rows pairs sentences words images".split()
SCALES = {"M": 1e6, "B": 1e9, "T": 1e12}


def sizes_in_names(numbers: np.ndarray, names: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of those names that say something, in order, and the sizes."""
    rows, separators, words, word = words_of(numbers, names)
    found = features(words)
    # What stands before the first word of a name or behind its last is not there.
    same = rows[1:] == rows[:-1]
    before, before_that, after, then = (np.full(len(word), -1) for _ in range(4))
    before[1:] = np.where(same, word[:-1], -1)
    after[:-1] = np.where(same, word[1:], -1)
    same_beyond = rows[2:] == rows[:-2]
    before_that[2:] = np.where(same_beyond, word[:-2], -1)
    then[:-2] = np.where(same_beyond, word[2:], -1)
    separator_before = np.full(len(word), -1)
    separator_before[1:] = np.where(same, separators[:-1], -1)

    def of(feature: str, codes: np.ndarray) -> np.ndarray:
        return np.append(found[feature].to_numpy(), found[feature].dtype.type(0))[codes]

    at = np.flatnonzero((of("unit", word) > 0) | of("effective", word))
    rows, word, before, before_that, after, then = (
        one[at] for one in (rows, word, before, before_that, after, then)
    )
    separator, separator_before = separators[at], separator_before[at]
    under, dash = ord("_"), ord("-")
    cut_off = np.where(
        of("zero", before),
        ((separator == under) | (separator == dash)) & ~(of("version", before_that) & (separator_before == separator)),
        (of("digit", before) > 0)
        & (separator == under)
        & (separator_before != under)
        & ~of("llama", before_that),
    )
    whole, width = of("whole", word), of("width", word)
    plain = np.where(cut_off, (of("digit", before) * width + whole) / width, whole)
    number = np.where(of("decimal", word), of("number", word), plain)
    size = np.rint(number * of("unit", word))
    effective, active_only = of("effective", word), of("active", after)
    stated = (of("unit", word) > 0) & ~of("tokens", before) & ~(of("not_sizes", after) & ~of("is_number", then))
    stay = effective | (stated & (size >= 1_000_000) & (size <= 20_000_000_000_000))
    rows, size, unit = rows[stay], size[stay].astype(np.int64), of("unit", word)[stay]
    effective, active_only, at = effective[stay], active_only[stay], at[stay]
    small = (unit == SCALES["M"]) & (size < 20_000_000)
    # In the name of a mixture of experts the first of two in a row may be no more than what is active.
    of_experts = numbers[names.str.contains("moe", case=False).to_numpy(dtype=bool)]
    pair = np.flatnonzero((rows[1:] == rows[:-1]) & (at[1:] == at[:-1] + 1) & ~effective[1:])
    pair = pair[np.isin(rows[pair], of_experts)]
    size[pair] = np.maximum(size[pair], size[pair + 1])
    smaller = np.cumsum(small) - small
    first = first_of_each(rows)
    after_small = smaller > smaller[np.flatnonzero(first)][np.cumsum(first) - 1]
    settles = effective | active_only | (unit == SCALES["B"]) | ((unit == SCALES["M"]) & ~small & ~after_small)
    others = np.flatnonzero(small | (unit == SCALES["T"]))
    # Small ones first, then as they stand; what settles the matter comes before all of them.
    others = others[np.lexsort((~small[others], rows[others]))]
    settling = np.flatnonzero(settles)
    known = ~(active_only | effective)
    candidates = pd.DataFrame(
        {
            "row": np.concatenate((rows[settling], rows[others])),
            "size": np.concatenate((size[settling], size[others])),
            "known": np.concatenate((known[settling], np.ones(len(others), dtype=bool))),
        }
    ).drop_duplicates("row")
    said = candidates[candidates["known"]]
    return said["row"].to_numpy(), said["size"].to_numpy()


def words_of(numbers: np.ndarray, names: pd.Series) -> tuple[np.ndarray, np.ndarray, pd.Series, np.ndarray]:
    """For each word of each name the number of the name, the character before it, and its code among the words."""
    dotted = names.str.contains(".", regex=False).to_numpy(dtype=bool)
    if dotted.any():
        # Twice, since one digit may stand between two dots.
        marked = names[dotted]
        for _ in range(2):
            marked = marked.str.replace(r"([0-9])\.([0-9])", r"\1§\2", regex=True)
        names = names.copy()
        names[dotted] = marked
    pieces = arrow(names.str.replace(WORD, MARK + r"\1", regex=True).str.split(MARK))
    lengths = pc.list_value_length(pieces).to_numpy()
    # What stands before the first mark is no word.
    heads = np.zeros(lengths.sum(), dtype=bool)
    heads[np.cumsum(lengths) - lengths] = True
    flat = pc.dictionary_encode(pieces.flatten())
    piece = flat.indices.to_numpy()[~heads]
    parts = series(flat.dictionary).str.extract(PARTS)
    word, words = pd.factorize(parts["word"], use_na_sentinel=True)
    separator = parts["separator"].fillna("").str.slice(0, 1)
    separators = separator.map({one: ord(one) if one else 0 for one in separator.unique()}).to_numpy(dtype=np.int64)
    return np.repeat(numbers, lengths - 1), separators[piece], pd.Series(words), word[piece]


def features(words: pd.Series) -> pd.DataFrame:
    """What counts in a word, as numbers: of sizes, and of what stands around them."""
    lower = words.str.lower()
    size = words.str.extract(SIZE)
    # Arrow has an empty text for a group that is not there.
    size = size.where(size != "")
    decimals = size["fraction"].fillna(size["tenth"])
    contradicts = size["fraction"].notna() & size["tenth"].notna()
    unit = size["unit"].str.upper().map(SCALES).astype("float64").fillna(0.0)
    whole = size["whole"].fillna("0")
    digit = words.str.fullmatch("[0-9]").to_numpy(dtype=bool)
    return pd.DataFrame(
        {
            "unit": unit.to_numpy(dtype=np.float64) * ~contradicts.to_numpy(dtype=bool),
            "effective": words.str.fullmatch("[eE][0-9]{1,4}[bB]").to_numpy(dtype=bool),
            "whole": whole.astype("float64").to_numpy(dtype=np.float64),
            "width": 10.0 ** whole.str.len().to_numpy(dtype=np.float64),
            "decimal": decimals.notna().to_numpy(dtype=bool),
            "number": (whole + "." + decimals.fillna("0")).astype("float64").to_numpy(dtype=np.float64),
            "zero": (words == "0").to_numpy(dtype=bool),
            "digit": words.where(digit, "0").astype("float64").to_numpy(dtype=np.float64),
            "version": words.str.fullmatch("[vV][0-9]{1,4}").to_numpy(dtype=bool),
            "llama": (lower == "llama").to_numpy(dtype=bool),
            "tokens": lower.isin(["token", "tokens"]).to_numpy(dtype=bool),
            "not_sizes": lower.isin(NOT_SIZES).to_numpy(dtype=bool),
            "is_number": words.str.fullmatch(NUMBER).to_numpy(dtype=bool),
            "active": lower.str.fullmatch("[0-9]{1,4}e").to_numpy(dtype=bool),
        }
    )
