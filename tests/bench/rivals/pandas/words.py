"""The tables of words of which a model may have several, or many different ones: languages, frameworks, licences."""

import numpy as np
import pandas as pd
import pyarrow as pa
from codes import arrow, dictionary, numbered, places, through
from snapshot import COUNTERS, Snapshot, of, share, summed

SUMS = ["models", "downloads"]


def words_tables(s: Snapshot):
    languages(s)
    language_values(s)
    frameworks(s)
    libraries_and_licenses(s)
    tensor_types(s)


def with_others(names: pd.Index, *others: str) -> tuple[np.ndarray, pd.Index]:
    """Numbers among the names and others, which come last of them but have their places in the order."""
    return numbered(pd.concat([names.to_series(), pd.Series(others)], ignore_index=True))


def cells(s: Snapshot, rows: np.ndarray, more: dict[str, np.ndarray]) -> pd.DataFrame:
    """What models have that are named by their rows, once for each time they are named, in each universe."""
    frame = s.counted[[*COUNTERS, "models"]].take(rows).assign(flags=s.model_flags[rows], **more)
    return s.each_universe(summed(frame, [*more, "flags"], [*COUNTERS, "models"]))


def named(frame: pd.DataFrame, facts: pd.DataFrame, texts: pd.Index, codes: np.ndarray, column: str):
    """A column of the facts for rows whose texts have numbers; null where there is none."""
    number, words = pd.factorize(facts[column])
    at = places(texts, facts[facts.columns[0]])
    return dictionary(through(through(number, at), codes), arrow(pd.Index(words)))


def languages(s: Snapshot):
    found = s.staged.languages
    number, names = with_others(found.names, "multilingual", "unknown")
    multilingual, unknown = number[-2:]
    applies = s.staged.kinds["language_applies"].to_numpy()[s.staged.kind]
    silent = s.staged.language_count == 0
    says_so = np.zeros(len(silent), dtype=bool)
    says_so[found.rows[found.value_names.str.lower().isin(["multilingual", "mul"])[found.values]]] = True
    several, none = np.flatnonzero(silent & says_so), np.flatnonzero(silent & applies & ~says_so)
    rows = np.concatenate((found.spoken_rows, several, none))
    language = np.concatenate(
        (number[found.spoken], np.full(len(several), multilingual), np.full(len(none), unknown))
    )
    frame = cells(s, rows, {"language": language, "applies": applies[rows].astype(np.int64)})
    inside = frame["applies"].to_numpy() == 1
    split = {name: frame[name].where(inside, 0) for name in SUMS}
    elsewhere = {f"elsewhere_{name}": frame[name].where(~inside, 0) for name in SUMS}
    table = s.ranked(summed(frame.assign(**split, **elsewhere), ["u", "language"], [*split, *elsewhere]))
    table = table if len(found.rows) else table[:0]
    u, language = table["u"].to_numpy(), table["language"].to_numpy()
    applicable, stated = s.totals(applies), s.totals(applies & (s.staged.language_count > 0))
    s.names["language"] = arrow(names)
    of_stated = share(table["downloads"], stated[1][u])
    s.publish(
        "languages",
        table,
        "language name macrolanguage rank models downloads downloads_share share_of_applicable share_of_stated "
        "applicable_models applicable_downloads stated_models stated_downloads elsewhere_models elsewhere_downloads",
        name=named(table, s.facts["languages"], names, language, "name"),
        macrolanguage=named(table, s.facts["languages"], names, language, "macrolanguage"),
        share_of_applicable=share(table["downloads"], applicable[1][u]),
        share_of_stated=np.where(np.isin(language, (multilingual, unknown)), np.nan, of_stated),
        applicable_models=applicable[0][u],
        applicable_downloads=applicable[1][u],
        stated_models=stated[0][u],
        stated_downloads=stated[1][u],
    )


def language_values(s: Snapshot):
    found = s.staged.languages
    frame = s.counted[[*COUNTERS, "models"]].take(found.rows)
    frame = frame.assign(
        flags=s.model_flags[found.rows], value=found.values, models_by_card=found.by_card.astype("int64")
    )
    sums = ["models", "models_by_card"]
    frame = s.each_universe(summed(frame, ["value", "flags"], [*COUNTERS, *sums]))
    table = s.ranked(summed(frame, ["u", "value"], [*sums, "downloads"]))
    language = found.language_of_value[table["value"].to_numpy()]
    s.names["value"] = arrow(found.value_names)
    s.publish(
        "language_values",
        table,
        "value is_code language name rank models models_by_card downloads downloads_share",
        is_code=language >= 0,
        language=dictionary(language, arrow(found.names)),
        name=named(table, s.facts["languages"], found.names, language, "name"),
    )


def frameworks(s: Snapshot):
    found = s.staged.frameworks
    number, names = with_others(found.names, "unknown")
    known = s.staged.framework_count > 0
    without = np.flatnonzero(~known)
    rows = np.concatenate((found.rows, without))
    framework = np.concatenate((number[found.codes], np.full(len(without), number[-1])))
    task = s.kinds["task"].to_numpy()[s.staged.kind[rows]]
    frame = cells(s, rows, {"framework": framework, "task": task})
    frame = frame if len(found.rows) else frame[:0]
    s.names["framework"] = arrow(names)
    table = s.ranked(summed(frame, ["u", "framework"], SUMS))
    u, models, downloads = (table[column].to_numpy() for column in ("u", "models", "downloads"))
    known_models, known_downloads = s.totals(known)
    of_known = share(downloads, known_downloads[u])
    s.publish(
        "frameworks",
        table,
        "framework rank models downloads models_share downloads_share share_of_known known_models known_downloads",
        models_share=share(models, s.all_models[u]),
        share_of_known=np.where(table["framework"] == number[-1], np.nan, of_known),
        known_models=known_models[u],
        known_downloads=known_downloads[u],
    )
    table = s.ranked(summed(frame, ["u", "task", "framework"], SUMS), ["task"])
    tasks = summed(s.places, ["u", "task"], SUMS).set_index(["u", "task"]).add_prefix("task_")
    table = table.join(tasks, on=["u", "task"])
    s.publish(
        "frameworks_by_task",
        table,
        "task framework rank models downloads downloads_share share_of_task share_of_framework task_models "
        "task_downloads",
        share_of_task=share(table["downloads"], table["task_downloads"]),
        share_of_framework=share(table["downloads"], of(table, ["u", "framework"])),
    )


def libraries_and_licenses(s: Snapshot):
    words = {"library": s.staged.library, "license": s.staged.license}
    frame = s.counted[[*COUNTERS, "models"]].assign(flags=s.model_flags, **words)
    frame = s.each_universe(summed(frame, [*words, "flags"], [*COUNTERS, "models"]))
    s.names["library"] = arrow(s.staged.libraries)
    table = s.ranked(summed(frame, ["u", "library"], SUMS))
    table = table if s.ingest.columns["library"].null_count < s.ingest.height else table[:0]
    library = table["library"].to_numpy()
    facts = s.facts["libraries"]
    registered = through(
        (facts["registered"] == "true").to_numpy(), places(s.staged.libraries, facts["library"]), False
    )
    s.publish(
        "libraries",
        table,
        "library name registered rank models downloads models_share downloads_share",
        name=named(table, facts, s.staged.libraries, library, "name"),
        registered=registered[library],
        models_share=share(table["models"], s.all_models[table["u"].to_numpy()]),
    )
    licenses = s.staged.licenses
    s.names["license"] = arrow(licenses["license"].cat.categories)
    s.names["license_family"] = arrow(licenses["family"].cat.categories)
    table = s.ranked(summed(frame, ["u", "license"], SUMS))
    table = table if s.ingest.columns["tags"].null_count < s.ingest.height else table[:0]
    u, license_ = table["u"].to_numpy(), table["license"].to_numpy()
    table = table.assign(license_family=licenses["family"].cat.codes.to_numpy()[license_])
    s.publish(
        "licenses",
        table,
        "license license_family official rank models downloads models_share downloads_share family_share",
        official=licenses["official"].to_numpy()[license_],
        models_share=share(table["models"], s.all_models[u]),
        family_share=share(of(table, ["u", "license_family"]), s.all_downloads[u]),
    )


def tensor_types(s: Snapshot):
    found = s.ingest.safetensors
    number, names = with_others(pd.Index(found.types.to_pandas()), "unknown")
    some = found.lengths > 0
    without = np.flatnonzero(~some)
    rows = np.concatenate((found.rows, without))
    frame = s.counted[[*COUNTERS, "models"]].take(rows)
    frame = frame.assign(
        flags=s.model_flags[rows],
        tensor_type=np.concatenate((number[found.codes], np.full(len(without), number[-1]))),
        parameters=np.concatenate((found.counts, np.zeros(len(without), dtype=np.int64))),
    )
    sums = ["models", "parameters"]
    frame = s.each_universe(summed(frame, ["tensor_type", "flags"], [*COUNTERS, *sums]))
    table = s.ranked(summed(frame, ["u", "tensor_type"], [*sums, "downloads"]))
    table = table if found.array.null_count < s.ingest.height else table[:0]
    u = table["u"].to_numpy()
    known_models, known_downloads = s.totals(some)
    s.names["tensor_type"] = arrow(names)
    of_known = share(table["downloads"], known_downloads[u])
    unknown = (table["tensor_type"] == number[-1]).to_numpy()
    s.publish(
        "tensor_types",
        table,
        "tensor_type rank models downloads parameters downloads_share share_of_known parameters_share known_models "
        "known_downloads",
        parameters=pa.array(table["parameters"].to_numpy(), mask=unknown),
        share_of_known=np.where(unknown, np.nan, of_known),
        parameters_share=np.where(unknown, np.nan, share(table["parameters"], of(table, ["u"], "parameters"))),
        known_models=known_models[u],
        known_downloads=known_downloads[u],
    )
