"""What a model may have several of: frameworks, languages, parents.

A row and a text are one integer: sorting and dropping repetitions is then done on plain integers. A tag is looked up
once, however many models have it.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from codes import arrow, blank_to_null, dictionary, first_of_each, matches, numbered, place_in_run, places, through
from read import Facts, Ingest

RELATIONS = pd.Index(["adapter", "finetune", "merge", "quantized", "unknown"])
FINETUNE, QUANTIZED, UNKNOWN = (RELATIONS.get_loc(one) for one in ("finetune", "quantized", "unknown"))
# Of a model that is made from nothing else; where -1 stands for what is not among the relations.
ORIGINAL = -1
BASE_MODEL = "^base_model:(?:(?P<relation>finetune|adapter|quantized|merge):)?(?P<base_model>.+)$"
BASE_MODELS, TAG, CARD, NAME = range(4)
# A language with script, region or variants, as BCP 47 writes it.
SUBTAGS = (
    "^(?P<first>[a-z]{2,3})(?:[-_][a-z]{4})?(?:[-_](?:[a-z]{2}|[0-9]{3}))?"
    "(?:[-_](?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*$"
)


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


def languages_of(ingest: Ingest, name: pd.Series, speaks: np.ndarray, facts: Facts, listed: int) -> Languages:
    """The card, else those tags that are codes and that nothing says to be something else."""
    known = pd.concat([facts["languages"], facts["language_aliases"].rename(columns={"value": "code"})])
    card, tags = ingest.lists("languages"), ingest.lists("tags")
    written = blank_to_null(card.words)
    stated = through(written.notna().to_numpy(dtype=bool), card.codes, False)
    readable = readable_tags(known, facts)
    of_word = places(tags.words, readable["code"])
    place = through(of_word, tags.codes)
    there = np.flatnonzero((place >= 0) & (card.lengths == 0)[tags.rows])
    tagged = taken(*distinct(tags.rows[there], place[there], len(readable)), readable, name, speaks, facts, listed)
    number, names = numbered(pd.concat([written, readable["code"].astype(written.dtype)], ignore_index=True))
    rows, values = distinct(
        np.concatenate((card.rows[stated], tagged[0])),
        np.concatenate((number[: len(written)][card.codes[stated]], number[len(written) :][tagged[1]])),
        len(names),
    )
    language, language_names = numbered(known["language"])
    lower = names.to_series(index=range(len(names))).str.lower()
    at, of_subtag = (places(texts, known["code"]) for texts in (lower, lower.str.extract(SUBTAGS)["first"]))
    language_of_value = through(language, np.where(at >= 0, at, of_subtag))
    spoken = language_of_value[values]
    pairs = distinct(rows[spoken >= 0], spoken[spoken >= 0], len(language_names))
    return Languages(rows, values, names, language_of_value, language_names, card.lengths[rows] > 0, *pairs)


def readable_tags(known: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """The tags that may be languages: how long they are, whether lists have them, whether they mean something else, and
    whether it takes more to say that they are one: those of three letters, and of families of models.
    """
    others = pd.concat([facts["non_language_tags"]["tag"], facts["frameworks"]["tag"], facts["libraries"]["library"]])
    code = pd.concat([known["code"], pd.Series(["multilingual"])], ignore_index=True)
    published, other = code.isin(facts["language_lists"]["code"]), code.isin(others)
    tags = pd.DataFrame({"code": code, "published": published, "other": other})
    tags = tags[tags["published"] | ~tags["other"]].reset_index(drop=True)
    length = tags["code"].str.len()
    return tags.assign(length=length, doubtful=(length == 3) | tags["code"].isin(facts["model_families"]["tag"]))


def taken(
    rows: np.ndarray,
    tags: np.ndarray,
    readable: pd.DataFrame,
    name: pd.Series,
    speaks: np.ndarray,
    facts: Facts,
    listed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Those in doubt need a list of languages beside them, or the model's name."""
    columns = ("length", "published", "other", "doubtful")
    length, published, other, doubtful = (readable[column].to_numpy() for column in columns)
    is_known = (length == 2) | (published & ~other)
    in_list = np.bincount(rows[is_known[tags]], minlength=len(speaks))[rows] >= listed
    by_name = np.flatnonzero(doubtful[tags] & ~in_list & ~other[tags] & speaks[rows])
    keep = ~doubtful[tags] | in_list
    keep[by_name] = named(rows[by_name], tags[by_name], readable, name, facts)
    return rows[keep], tags[keep]


def named(rows: np.ndarray, tags: np.ndarray, readable: pd.DataFrame, name: pd.Series, facts: Facts) -> np.ndarray:
    """Whether the model's name has the code of three letters, or a word of the language's name."""
    code = readable["code"].to_numpy()
    names = facts["languages"].set_index("code")["name"].reindex(code[np.unique(tags)])
    words = names.str.lower().str.replace(r"\(.*\)", "", regex=True).str.split("[^a-z]+", regex=True).explode()
    words = words[(words.str.len() >= 5) & (words != "language")]
    codes = pd.Series(code[readable["published"] & (readable["length"] == 3)])
    evidence = pd.concat([pd.DataFrame({"code": codes, "word": codes}), words.rename("word").reset_index()])
    models = np.unique(rows)
    said = name.take(models).set_axis(models).str.lower().str.split("[^a-z0-9]+", regex=True).explode()
    said = said[said.isin(evidence["word"])].rename_axis("row").reset_index(name="word").astype({"word": object})
    found = said.merge(evidence, on="word")
    count = len(readable)
    return np.isin(rows * count + tags, found["row"].to_numpy() * count + places(found["code"], readable["code"]))


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
            "origin": dictionary(self.origins, pa.array(["base_models", "tag", "card", "name"])),
            "position": self.position,
        }


def parents_of(
    ingest: Ingest,
    account: np.ndarray,
    account_names: pd.Index,
    name: pd.Series,
    ownerless: np.ndarray,
    facts: Facts,
    declared: dict,
) -> Parents:
    """What models name, but not themselves, also not under another home or format; full weights beside copies in other
    formats are a finetune, and what has its base's name with an ending of copies is quantised. What is left without a
    base may be a copy of a model of its account.
    """
    named = named_parents(ingest)
    rows, codes, relations = named.rows, named.codes, named.relations.copy()
    ids = ingest.columns["id"]
    id_code = pc.fill_null(pc.index_in(ids, value_set=arrow(named.names).cast(ids.type)), -1).to_numpy()
    names_another = np.zeros(len(named.names), dtype=bool)
    names_another[id_code[rows[id_code[rows] >= 0]]] = True
    base_name = named.names.to_series(index=range(len(named.names))).str.replace("^.*/", "", regex=True).str.lower()

    def names_of(pairs: np.ndarray) -> tuple[pd.Series, pd.Series]:
        its = name.take(rows[pairs]).str.lower().reset_index(drop=True)
        return its, base_name.take(codes[pairs]).reset_index(drop=True)

    # Names are asked last, of the few pairs that are left by then.
    full = np.flatnonzero((relations == QUANTIZED) & full_weights(ingest, declared)[rows])
    its, of_base = names_of(full)
    says_so = matches(arrow(its), declared["quantised_names"])
    relations[full[(its != of_base).to_numpy(dtype=bool) & ~says_so]] = FINETUNE
    ends = matches(ingest.folded, declared["quantised_endings"])
    copies = np.flatnonzero((named.relations == FINETUNE) & ends[rows])
    its, of_base = (one.to_numpy(dtype=np.str_) for one in names_of(copies))
    added = np.strings.slice(its, np.strings.str_len(of_base), None)
    ending = matches(pa.array(added, pa.string()), f"^{declared['quantised_endings']}")
    relations[copies[np.strings.startswith(its, of_base) & ending]] = QUANTIZED
    home, base_home = homes(ingest, account, account_names, ownerless, named.names, facts)
    near = np.flatnonzero((home[rows] >= 0) & (home[rows] == base_home[codes]) & ~names_another[codes])
    its, of_base = (one.str.replace(declared["same_weights_names"], "", regex=True) for one in names_of(near))
    relations[near[(its == of_base).to_numpy(dtype=bool)]] = ORIGINAL
    correct(relations, ingest, rows, named.names, codes, facts)
    keep = np.flatnonzero((relations != ORIGINAL) & (id_code[rows] != codes))
    found = rows[keep], codes[keep], relations[keep], named.origins[keep]
    ends[found[0]] = False
    models, bases, kinds = copies_of_own(ingest, np.flatnonzero(ends), facts, declared)
    # Those that nobody names have no number yet.
    copied = id_code[bases]
    new, at = np.unique(bases[copied < 0], return_inverse=True)
    copied[copied < 0] = len(named.names) + at
    between = np.searchsorted(found[0], models)
    rows, codes, relations, origins = (
        np.insert(old, between, more) for old, more in zip(found, (models, copied, kinds, NAME), strict=True)
    )
    names = named.names.append(pd.Index(ingest.ids.take(new)).astype(named.names.dtype))
    return Parents(rows, codes, names, relations, origins, place_in_run(first_of_each(rows)))


def correct(
    relations: np.ndarray,
    ingest: Ingest,
    rows: np.ndarray,
    names: pd.Index | pd.Series,
    codes: np.ndarray,
    facts: Facts,
):
    """Puts in what corrections say of pairs of a model's row and a base model's place among names."""
    reviewed = facts["relation_corrections"]
    models = np.flatnonzero(ingest.ids.isin(reviewed["id"]).to_numpy(dtype=bool))
    pairs = np.flatnonzero(np.isin(rows, models))
    told = {"id": ingest.ids.take(rows[pairs]).array, "base_model": names.take(codes[pairs]).array}
    told = pd.DataFrame(told).astype(object).merge(reviewed, on=["id", "base_model"], how="left")["relation"]
    relations[pairs[told.notna()]] = places(told.dropna(), RELATIONS)


def copies_of_own(
    ingest: Ingest, models: np.ndarray, facts: Facts, declared: dict
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of models whose names have an ending of copies those whose account has a model with the name before it; the rows
    of these, and the relations.
    """
    short = pc.replace_substring_regex(ingest.folded.take(pa.array(models)), declared["quantised_endings"], "")
    bases = first_rows(ingest.folded, short)
    models, bases = models[bases >= 0], bases[bases >= 0]
    relations = np.full(len(models), QUANTIZED)
    correct(relations, ingest, models, ingest.ids, bases, facts)
    stay = relations != ORIGINAL
    return models[stay], bases[stay], relations[stay]


def first_rows(texts: pa.Array, wanted: pa.Array) -> np.ndarray:
    """Where each of the wanted texts is first among others, -1 if nowhere."""
    distinct_texts = pc.dictionary_encode(wanted)
    found = pc.fill_null(pc.index_in(texts, value_set=distinct_texts.dictionary), -1).to_numpy()
    rows = np.full(len(distinct_texts.dictionary), -1)
    there = np.flatnonzero(found >= 0)[::-1]
    rows[found[there]] = there
    return rows[distinct_texts.indices.to_numpy()]


def homes(
    ingest: Ingest,
    account: np.ndarray,
    account_names: pd.Index,
    ownerless: np.ndarray,
    base_models: pd.Index,
    facts: Facts,
) -> tuple[np.ndarray, np.ndarray]:
    """A number for who is at home where each model is, and each base model; -1 if nobody knows."""
    legacy = facts["legacy_owners"].set_index("id")["account"]
    bases = base_models.to_series(index=range(len(base_models)))
    first = bases.str.replace("/.*$", "", regex=True).where(bases.str.contains("/", regex=False), bases.map(legacy))
    own = account_names.to_series(index=range(len(account_names)))
    home = pd.concat([own, first.astype(own.dtype)], ignore_index=True).str.lower()
    listed = facts["accounts"]
    entity = home.map(listed.groupby(listed["account"].str.lower())["entity"].min())
    number, _ = pd.factorize(entity.fillna(home))
    of_model, of_base = number[: len(own)][account], number[len(own) :]
    without = np.flatnonzero(ownerless)
    of_model[without[~ingest.ids.iloc[without].isin(legacy.index).to_numpy(dtype=bool)]] = -1
    return of_model, of_base


def full_weights(ingest: Ingest, declared: dict) -> np.ndarray:
    """Whether a model has a copy beside full weights, with no tag that says that these are quantised."""
    copied, whole, quantised = (ingest.tagged(declared[f"{kind}_tags"]) for kind in ("copy", "weight", "quantised"))
    return copied & whole & ~quantised


def spelled(names: pd.Series, ingest: Ingest) -> pd.Series:
    """As the snapshot spells it what no model has as its id, but for case."""
    names = names.astype(ingest.ids.dtype)
    strange = np.flatnonzero(~np.asarray(pc.is_in(arrow(names), value_set=ingest.columns["id"])))
    rows = first_rows(ingest.folded, pc.utf8_lower(arrow(names.iloc[strange])))
    names.iloc[strange[rows >= 0]] = ingest.ids.take(rows[rows >= 0]).array
    return names


def named_parents(ingest: Ingest) -> Parents:
    """As the Hub resolved it, else tags, else the card; never from two of them. Ids that differ only in case are one
    model.
    """
    resolved, tags, card = (ingest.lists(name) for name in ("base_models", "tags", "card_base_models"))
    relation = ingest.texts("base_model_relation")
    stated = through(places(relation.words, RELATIONS), relation.codes)
    said = tags.words.where(tags.words.str.startswith("base_model:")).str.extract(BASE_MODEL)
    texts = [blank_to_null(one) for one in (resolved.words, said["base_model"], card.words)]
    number, names = pd.factorize(pd.concat(texts, ignore_index=True))
    spelling, names = pd.factorize(spelled(pd.Series(names), ingest))
    number = through(spelling, number)
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
