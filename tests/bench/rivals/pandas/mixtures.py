"""How many parameters of a mixture of experts are active, by a fact, by the model's name, or by its base model's.

Zero stands for what is not known.
"""

import re

import numpy as np
import pandas as pd
from bridges import RELATIONS, Parents
from codes import through
from read import Facts, Ingest

NUMBER = r"([0-9]{1,4}(?:\.[0-9]{1,4})?)"
STARTS = r"(?:^|[^a-z0-9.]|[^0-9]\.)"
MAY_SAY = r"[^a-z0-9]a[0-9.]+[bm]|moe|[0-9]b[^a-z0-9]+[0-9]+e"
ACTIVE = re.compile(rf"(?:^|[^a-z0-9])a{NUMBER}([bm])(?:[^a-z0-9]|$)", re.IGNORECASE | re.ASCII)
TWO = re.compile(rf"{STARTS}{NUMBER}([bm])[^a-z0-9]+{NUMBER}([bm])(?:[^a-z0-9]|$)", re.IGNORECASE | re.ASCII)
BEFORE_EXPERTS = re.compile(rf"{STARTS}{NUMBER}(b)[^a-z0-9]+[0-9]{{1,4}}e(?:[^a-z0-9]|$)", re.IGNORECASE | re.ASCII)


def mixtures_of(ingest: Ingest, parents: Parents, facts: Facts) -> np.ndarray:
    known = facts["active_parameters"].set_index("id")["parameters"]
    own = said(ingest.ids, known)
    base = np.full(ingest.height, -1)
    first = parents.position == 1
    copies = first & np.isin(parents.relations, [RELATIONS.get_loc(one) for one in ("quantized", "finetune")])
    base[parents.rows[copies]] = parents.codes[copies]
    of_base = through(said(pd.Series(parents.names), known), base, 0)
    return np.where(own > 0, own, of_base)


def said(ids: pd.Series, facts: pd.Series) -> np.ndarray:
    """What a fact says of each id, else its name."""
    numbers = np.zeros(len(ids), dtype=np.int64)
    asked = np.flatnonzero(ids.str.contains(MAY_SAY, case=False, regex=True).to_numpy(dtype=bool))
    numbers[asked] = [in_name(one.rsplit("/", 1)[-1]) for one in ids.iloc[asked]]
    known = np.flatnonzero(ids.isin(facts.index).to_numpy(dtype=bool))
    numbers[known] = ids.iloc[known].map(facts)
    return numbers


def in_name(name: str) -> int:
    if found := ACTIVE.search(name):
        return sized(*found.groups())
    if "moe" in name.lower() and (found := TWO.search(name)):
        first, second = sized(*found.group(1, 2)), sized(*found.group(3, 4))
        if first < second:
            return first
    found = BEFORE_EXPERTS.search(name)
    return sized(*found.groups()) if found else 0


def sized(number: str, unit: str) -> int:
    return round(float(number) * (1e9 if unit in "bB" else 1e6))
