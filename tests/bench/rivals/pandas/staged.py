"""The staged tables: whose a model is, what it is, how large, in what, in which languages, made from what.

Each of the few distinct texts is interpreted once, and the rows follow by their codes. What is known of an account, a
task or a licence stays in one row of a small frame; the tables get it as categories.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from bridges import RELATIONS, Frameworks, Languages, frameworks_of, languages_of, parents_of
from codes import arrow, blank_to_null, dictionary, first_of_each, numbered, places, through
from mixtures import mixtures_of
from owners import owned, owners
from parameters import FIXTURE, NAME, SOURCES, parameters_of
from read import Facts, Ingest

Write = Callable[[str, dict], None]
TASK_SOURCES = ["correction", "model_type", "pipeline_tag", "unknown"]
CORRECTION, MODEL_TYPE, PIPELINE_TAG, NO_SOURCE = range(4)


@dataclass
class Staged:
    """What the published tables need: a number for each model, and frames of what the numbers stand for."""

    accounts: pd.DataFrame
    entities: pd.DataFrame
    kinds: pd.DataFrame
    libraries: pd.Index
    licenses: pd.DataFrame
    sizes: pd.DataFrame
    classes: pd.DataFrame
    account: np.ndarray
    kind: np.ndarray
    library: np.ndarray
    license: np.ndarray
    size: np.ndarray
    parameters: np.ndarray
    active: np.ndarray
    size_is_named: np.ndarray
    frameworks: Frameworks
    languages: Languages
    framework_count: np.ndarray
    language_count: np.ndarray


def coded(frame: pd.DataFrame, column: str, codes: np.ndarray) -> pa.DictionaryArray:
    """A column of categories for rows that have its frame's numbers."""
    categories = frame[column].cat
    return dictionary(categories.codes.to_numpy()[codes], arrow(categories.categories))


def staged(ingest: Ingest, facts: Facts, declared: dict, write: Write) -> Staged:
    """Writes them all. Neither source marks models as removed, so that all rows are on the Hub."""
    ids, height = ingest.columns["id"], ingest.height
    account, account_names, name, ownerless = owned(ingest, facts)
    accounts, entities = owners(account, account_names, ingest, facts)
    write("normalize.accounts", dict(accounts.drop(columns="entity_no").items()))
    whose = {
        column: coded(accounts, column, account)
        for column in ("entity", "entity_type", "country", "continent", "eu_group")
    }
    owner = dictionary(account, arrow(account_names))
    write("normalize.models", {"id": ids, "account": owner, "name": arrow(name), "ownerless": ownerless} | whose)
    stated, kinds = kinds_of(ingest, facts)
    kind, task_source = tasks_of(ingest, stated, kinds, facts)
    speaks = kinds["speaks"].to_numpy()[kind]
    frameworks = frameworks_of(ingest, facts)
    parents = parents_of(ingest, account, account_names, name, ownerless, facts, declared)
    languages = languages_of(ingest, name, speaks, facts, declared["listed"])
    for table, bridge in (("frameworks", frameworks), ("languages", languages), ("parents", parents)):
        write(f"enrich.model_{table}", bridge.table(ids))
    library, libraries = words_or_unknown(ingest, "library")
    license_, licenses = licenses_of(ingest, facts)
    adapter = np.asarray(libraries == "peft", dtype=bool)[library] | ingest.tagged(["lora"])
    parameters, source = parameters_of(ingest, name, adapter, parents, facts, declared)
    active = mixtures_of(ingest, parents, facts)
    active[active >= parameters] = 0
    size, sizes, classes = sizes_of(parameters, facts)
    first = np.full(height, -1)
    first[parents.rows[parents.position == 1]] = np.flatnonzero(parents.position == 1)
    relations = pa.array([*RELATIONS, "original"])
    framework_count = np.bincount(frameworks.rows, minlength=height)
    language_count = np.bincount(languages.spoken_rows, minlength=height)
    same = "created_at last_modified downloads_30d downloads_all_time likes trending_score".split()
    write(
        "enrich.models",
        {"id": ids, "account": owner}
        | whose
        | {column: ingest.columns[column] for column in same}
        | {
            "pipeline_tag": coded(kinds, "pipeline_tag", stated),
            "task": coded(kinds, "task", kind),
            "task_tag": coded(kinds, "pipeline_tag", kind),
            "task_source": dictionary(task_source, pa.array(TASK_SOURCES)),
        }
        | {column: coded(kinds, column, kind) for column in ("modality", "hub_modality", "architecture")}
        | {
            "language_applies": kinds["language_applies"].to_numpy()[kind],
            "library": dictionary(library, arrow(libraries)),
            "license": coded(licenses, "license", license_),
            "license_family": coded(licenses, "family", license_),
            "parameters": pa.array(parameters, mask=parameters == 0),
            "parameters_source": dictionary(source, pa.array(SOURCES)),
            "active_parameters": pa.array(active, mask=active == 0),
            "is_fixture": source == FIXTURE,
            "size_class": coded(sizes, "fine", size),
            "size_class_coarse": coded(sizes, "coarse", size),
            "size_class_large": coded(sizes, "large", size),
            "base_model": dictionary(through(parents.codes, first), arrow(parents.names)),
            "relation": dictionary(np.append(parents.relations, len(RELATIONS))[first], relations),
            "language_count": language_count,
            "framework_count": framework_count,
            "base_model_count": np.bincount(parents.rows, minlength=height),
            "tag_count": ingest.lists("tags").lengths.astype(np.int64),
        },
    )
    frames = (accounts, entities, kinds, libraries, licenses, sizes, classes)
    numbers = (account, kind, library, license_, size, parameters, active, source == NAME)
    return Staged(*frames, *numbers, frameworks, languages, framework_count, language_count)


def words_or_unknown(ingest: Ingest, column: str, *others: pd.Series) -> tuple[np.ndarray, pd.Index]:
    """Trimmed and in lower case, or `unknown`; and among the names also others."""
    texts = ingest.texts(column)
    words = blank_to_null(texts.words).str.lower().fillna("unknown")
    more = pd.concat([*others, pd.Series(["unknown"])]).astype(words.dtype)
    number, names = numbered(pd.concat([words, more], ignore_index=True))
    return number[texts.codes], names


def kinds_of(ingest: Ingest, facts: Facts) -> tuple[np.ndarray, pd.DataFrame]:
    """The tags that the snapshot may have for a task, and the one that each model states; `speaks` are those of which
    it is not known that no language applies.
    """
    others = (facts[name]["pipeline_tag"] for name in ("model_type_tasks", "task_corrections"))
    kind, names = words_or_unknown(ingest, "pipeline_tag", *others)
    kinds = pd.DataFrame({"pipeline_tag": names}).merge(facts["pipeline_tags"], on="pipeline_tag", how="left")
    kinds["task"] = kinds["task"].fillna(kinds["pipeline_tag"])
    kinds["speaks"] = ~kinds["language_applies"].eq("false")
    kinds["language_applies"] = kinds["language_applies"].eq("true")
    texts = ["pipeline_tag", "task", "modality", "hub_modality", "architecture"]
    kinds[texts] = kinds[texts].fillna("unknown").astype("category")
    return kind, kinds


def tasks_of(
    ingest: Ingest, stated: np.ndarray, kinds: pd.DataFrame, facts: Facts
) -> tuple[np.ndarray, np.ndarray]:
    """The tag of each model's task, and what says it: a correction, else, where the model states little, its type."""
    types, reviewed, tag = facts["model_type_tasks"], facts["task_corrections"], kinds["pipeline_tag"].astype(object)
    unknown, little = places(pd.Index(["unknown", "feature-extraction"]), tag)
    asks = (stated == unknown) | (stated == little)
    tags, header = ingest.lists("tags"), ingest.texts("gguf_architecture")
    by_tag = through(places(tags.words, types["model_type"]), tags.codes)
    hits = np.flatnonzero((by_tag >= 0) & asks[tags.rows])
    hits = hits[first_of_each(tags.rows[hits])]
    kind = through(places(header.words.str.strip(" ").str.lower(), types["model_type"]), header.codes)
    kind[tags.rows[hits]] = by_tag[hits]
    replaced = through(places(types["replaces"], tag), kind)
    takes = asks & (kind >= 0) & ((stated == unknown) | (stated == replaced))
    task = np.where(takes, through(places(types["pipeline_tag"], tag), kind), stated)
    source = np.where(takes, MODEL_TYPE, np.where(stated == unknown, NO_SOURCE, PIPELINE_TAG))
    known = np.flatnonzero(ingest.ids.isin(reviewed["id"]).to_numpy(dtype=bool))
    corrected = ingest.ids.iloc[known].map(reviewed.set_index("id")["pipeline_tag"])
    task[known], source[known] = places(corrected, tag), CORRECTION
    return task, source


def licenses_of(ingest: Ingest, facts: Facts) -> tuple[np.ndarray, pd.DataFrame]:
    """The tag, unless it says no more than `other`, else what the author wrote, else the tag."""
    tags, written = ingest.lists("tags"), ingest.texts("license")
    is_license = tags.words.str.startswith("license:") & (tags.words != "license:")
    by_tag = blank_to_null(tags.words.where(is_license).str.removeprefix("license:")).str.lower()
    by_author = blank_to_null(written.words).str.lower()
    last = pd.Series(["other", "unknown"], dtype=by_tag.dtype)
    number, names = numbered(pd.concat([by_tag, by_author, last], ignore_index=True))
    other, unknown = number[-2:]
    hits = np.flatnonzero(through(is_license.to_numpy(dtype=bool), tags.codes, False))
    hits = hits[first_of_each(tags.rows[hits])]
    tagged = np.full(ingest.height, -1)
    tagged[tags.rows[hits]] = number[tags.codes[hits]]
    authored = through(number[len(by_tag) : -2], written.codes)
    license_ = np.where((tagged >= 0) & (tagged != other), tagged, np.where(authored >= 0, authored, tagged))
    licenses = pd.DataFrame({"license": names}).merge(facts["licenses"], on="license", how="left")
    licenses["official"] = licenses["official"].eq("true") & (licenses["license"] != "unknown")
    licenses["family"] = licenses["family"].fillna("unlisted").mask(licenses["license"] == "unknown", "unknown")
    licenses[["license", "family"]] = licenses[["license", "family"]].astype("category")
    return np.where(license_ < 0, unknown, license_), licenses


def sizes_of(parameters: np.ndarray, facts: Facts) -> tuple[np.ndarray, pd.DataFrame, pd.DataFrame]:
    """The interval of each model, whose bounds are those of all schemes; the classes that each interval is in; and all
    classes in their order."""
    listed = facts["size_classes"]
    last = listed.groupby("scheme", as_index=False)["position"].max()
    last = last.assign(position=last["position"] + 1, size_class="unknown", min_parameters=np.iinfo(np.int64).max)
    classes = pd.concat([listed, last]).sort_values(["scheme", "position"], ignore_index=True)
    bounds = np.unique(listed["min_parameters"])
    sizes = pd.DataFrame({"from": np.append(bounds, np.iinfo(np.int64).max)})
    for scheme in ("fine", "coarse", "large"):
        own = classes[classes["scheme"] == scheme]
        at = np.searchsorted(own["min_parameters"], sizes["from"], side="right") - 1
        sizes[f"{scheme}_class"] = own.index.to_numpy()[at]
        sizes[scheme] = pd.Categorical(own["size_class"].to_numpy()[at])
    interval = np.searchsorted(bounds, parameters, side="right") - 1
    return np.where(parameters == 0, len(bounds), interval), sizes, classes
