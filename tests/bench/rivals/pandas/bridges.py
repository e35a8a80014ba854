"""What a model may have several of: frameworks, languages, parents.

A row and a text are one integer: sorting and dropping repetitions is then done on plain integers. A tag is looked up
once, however many models have it.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from codes import arrow, blank_to_null, dictionary, first_of_each, numbered, place_in_run, places, through
from read import Facts, Ingest

RELATIONS = pd.Index(["adapter", "finetune", "merge", "quantized", "unknown"])
UNKNOWN = len(RELATIONS) - 1
BASE_MODEL = "^base_model:(?:(?P<relation>finetune|adapter|quantized|merge):)?(?P<base_model>.+)$"
BASE_MODELS, TAG, CARD = range(3)


def distinct(rows: np.ndarray, codes: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Each pair once, in order."""
    return np.divmod(np.sort(pd.unique(rows * count + codes)), count)


@dataclass
class Frameworks:
    rows: np.ndarray
    codes: np.ndarray
    names: pd.Index

    def table(self, ids: pa.Array) -> dict:
        return {"id": ids.take(pa.array(self.rows)), "framework": dictionary(self.codes, arrow(self.names))}


def frameworks_of(ingest: Ingest, facts: Facts) -> Frameworks:
    known = facts["frameworks"]
    number, names = numbered(known["framework"])
    tags, library = ingest.lists("tags"), ingest.texts("library")
    by_tag = through(number, places(tags.words, known["tag"]))
    by_library = through(number, places(library.words.str.strip(" ").str.lower(), known["tag"]))
    tagged, loaded = through(by_tag, tags.codes), through(by_library, library.codes)
    rows = np.concatenate((tags.rows[tagged >= 0], np.flatnonzero(loaded >= 0)))
    codes = np.concatenate((tagged[tagged >= 0], loaded[loaded >= 0]))
    return Frameworks(*distinct(rows, codes, len(names)), names)


@dataclass
class Languages:
    """Rows of a model and a value; and of a model and a language, of which several values may be codes."""

    rows: np.ndarray
    values: np.ndarray
    value_names: pd.Index
    language_of_value: np.ndarray
    names: pd.Index
    by_card: np.ndarray
    spoken_rows: np.ndarray
    spoken: np.ndarray

    def table(self, ids: pa.Array) -> dict:
        return {
            "id": ids.take(pa.array(self.rows)),
            "value": dictionary(self.values, arrow(self.value_names)),
            "language": dictionary(self.language_of_value[self.values], arrow(self.names)),
            "origin": dictionary(np.where(self.by_card, 0, 1), pa.array(["card", "tag"])),
        }


def languages_of(ingest: Ingest, facts: Facts) -> Languages:
    """The card, else those tags that are codes."""
    codes = facts["languages"]
    friends = pd.concat([facts["non_language_tags"]["tag"], facts["frameworks"]["tag"], facts["libraries"]["library"]])
    card, tags = ingest.lists("languages"), ingest.lists("tags")
    written = blank_to_null(card.words)
    is_code = tags.words.isin(codes["code"][~codes["code"].isin(friends)])
    number, names = numbered(pd.concat([written, tags.words.where(is_code)], ignore_index=True))
    stated = through(number[: len(written)], card.codes)
    has_card = np.zeros(ingest.height, dtype=bool)
    has_card[card.rows[stated >= 0]] = True
    tagged = through(number[len(written) :], tags.codes)
    there = (tagged >= 0) & ~has_card[tags.rows]
    rows, values = distinct(
        np.concatenate((card.rows[stated >= 0], tags.rows[there])),
        np.concatenate((stated[stated >= 0], tagged[there])),
        len(names),
    )
    language, language_names = numbered(codes["language"])
    language_of_value = through(language, places(names.str.lower(), codes["code"]))
    spoken = language_of_value[values]
    pairs = distinct(rows[spoken >= 0], spoken[spoken >= 0], len(language_names))
    return Languages(rows, values, names, language_of_value, language_names, has_card[rows], *pairs)


@dataclass
class Parents:
    rows: np.ndarray
    codes: np.ndarray
    names: pd.Index
    relations: np.ndarray
    origins: np.ndarray
    position: np.ndarray

    def table(self, ids: pa.Array) -> dict:
        return {
            "id": ids.take(pa.array(self.rows)),
            "base_model": dictionary(self.codes, arrow(self.names)),
            "relation": dictionary(self.relations, arrow(RELATIONS)),
            "origin": dictionary(self.origins, pa.array(["base_models", "tag", "card"])),
            "position": self.position,
        }


def parents_of(ingest: Ingest) -> Parents:
    """As the Hub resolved it, else tags, else the card; never from two of them."""
    resolved, tags, card = (ingest.lists(name) for name in ("base_models", "tags", "card_base_models"))
    relation = ingest.texts("base_model_relation")
    stated = through(places(relation.words, RELATIONS), relation.codes)
    said = tags.words.where(tags.words.str.startswith("base_model:")).str.extract(BASE_MODEL)
    texts = [blank_to_null(one) for one in (resolved.words, said["base_model"], card.words)]
    number, names = pd.factorize(pd.concat(texts, ignore_index=True))
    by_hub, by_tag, by_card = np.split(number, np.cumsum([len(one) for one in texts])[:2])
    found, taken = [], np.zeros(ingest.height, dtype=bool)
    tag_relation = places(said["relation"], RELATIONS)
    for origin, lists, numbers in ((BASE_MODELS, resolved, by_hub), (TAG, tags, by_tag), (CARD, card, by_card)):
        codes = through(numbers, lists.codes)
        there = np.flatnonzero((codes >= 0) & ~taken[lists.rows])
        rows = lists.rows[there]
        if origin == BASE_MODELS:
            relations = stated[rows]
        else:
            relations = tag_relation[lists.codes[there]] if origin == TAG else np.full(len(rows), -1)
        taken[rows] = True
        found.append((rows, codes[there], np.where(relations < 0, UNKNOWN, relations), np.full(len(rows), origin)))
    rows, codes, relations, origins = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.argsort(rows, kind="stable")
    rows, codes, relations, origins = rows[order], codes[order], relations[order], origins[order]
    # A parent may be named twice: its first place counts, and the first relation by name; unknown is the last.
    pair, _ = pd.factorize(rows * len(names) + codes)
    once = np.flatnonzero(~pd.Series(pair).duplicated().to_numpy())
    if len(once) < len(pair):
        relations = pd.Series(relations).groupby(pair, sort=False).min().to_numpy()
    else:
        relations = relations[once]
    rows = rows[once]
    position = place_in_run(first_of_each(rows))
    return Parents(rows, codes[once], pd.Index(names), relations, origins[once], position)
