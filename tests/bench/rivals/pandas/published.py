"""The published tables on the whole Hub, on who has the models, and on what they are for."""

from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
from codes import first_of_each, through
from read import COLUMNS, WORD, Facts, Ingest
from sizes import class_entities, sizes_tables
from snapshot import COUNTERS, LEVELS, PERIODS, UNIVERSES, Snapshot, of, share, summed
from staged import Staged, Write
from words import words_tables


def publish(staged: Staged, ingest: Ingest, facts: Facts, declared: dict, day: date, write: Write):
    s = Snapshot(staged, ingest, facts, write)
    missing_values(s)
    hub_totals(s)
    entities = s.each_universe(s.entities[["entity", "accounts", "models", "likes", "flags", *COUNTERS]])
    entities = s.ranked(entities)
    so_far = entities["downloads"].groupby(entities["u"].to_numpy()).cumsum()
    kinds = {column: s.entities[column].to_numpy() for column in ("entity_type", "country")}
    entities = entities.assign(**{column: kind[entities["entity"].to_numpy()] for column, kind in kinds.items()})
    s.publish(
        "entities",
        entities,
        "rank entity entity_type country accounts models downloads likes downloads_share cumulative_share",
        cumulative_share=share(so_far, s.all_downloads[entities["u"].to_numpy()]),
    )
    geography(s)
    what(s)
    by_modality, by_task = by_units(s)
    by_class = class_entities(s)
    profiles(s, entities, by_modality, by_task, by_class, day)
    words_tables(s)
    sizes_tables(s, by_class, declared)


def missing_values(s: Snapshot):
    """A null, a blank text and an empty list are missing; zero is a value."""
    missing = {}
    for name in COLUMNS:
        column = s.ingest.columns[name]
        if pa.types.is_list(column.type):
            lengths = s.ingest.lists(name).lengths if column.type.value_type == WORD else s.ingest.safetensors.lengths
            missing[name] = int((lengths == 0).sum())
        elif pa.types.is_dictionary(column.type):
            texts = s.ingest.texts(name)
            blank = (texts.words.str.strip(" ") == "").to_numpy(dtype=bool)
            missing[name] = int(through(blank, texts.codes, True).sum())
        else:
            missing[name] = column.null_count
            if column.type == pa.string() and missing[name] < s.ingest.height:
                texts = column.drop_null().to_pandas()
                missing[name] += int((texts.str.strip(" ") == "").sum())
    counts = pd.Series(missing).sort_index().sort_values(ascending=False, kind="stable")
    rows = np.full(len(counts), s.ingest.height)
    s.write(
        "aggregate.missing_values",
        {
            "rank": np.arange(1, len(counts) + 1),
            "column_name": pa.array(counts.index),
            "rows": rows,
            "missing": counts.to_numpy(),
            "missing_share": share(counts, rows),
        },
    )


def hub_totals(s: Snapshot):
    rows = []
    for universe in UNIVERSES:
        for bit, period in enumerate(COUNTERS):
            if period not in s.periods:
                continue
            entities = s.entities
            is_counted = s.ingest.columns[PERIODS[period]].is_valid().to_numpy(zero_copy_only=False)
            if universe == "top50":
                is_counted = is_counted & (s.model_flags & (1 << bit) > 0)
                entities = entities[entities["flags"] & (1 << bit) > 0]
            downloads = s.counted[period].to_numpy()[is_counted]
            most = np.partition(downloads, len(downloads) - 1000)[-1000:] if len(downloads) > 1000 else downloads
            sums = entities[["models", "accounts", "entities", "likes"]].sum()
            rows.append(
                sums.to_dict()
                | {
                    "u": len(rows),
                    "counted": len(downloads),
                    "downloads": downloads.sum(),
                    "median_downloads": np.median(downloads),
                    "without": (downloads == 0).sum(),
                    "under_200": (downloads < 200).sum(),
                    "of_1000": most.sum(),
                }
            )
    totals = pd.DataFrame(rows)
    count = len(s.periods)
    hub = totals.iloc[np.tile(np.arange(count), 2)].reset_index(drop=True)
    first = totals["downloads"].to_numpy()[np.tile(np.arange(count, 2 * count), 2)]
    s.publish(
        "hub_totals",
        totals,
        "models accounts entities downloads likes models_share downloads_share uncounted_models mean_downloads "
        "median_downloads share_without_downloads share_under_200_downloads top50_entities_share top1000_models_share "
        "top1000_models_share_of_all source coverage",
        keys="kind universe period",
        kind=pa.array(["models"] * len(totals)),
        models_share=share(totals["models"], hub["models"]),
        downloads_share=share(totals["downloads"], hub["downloads"]),
        uncounted_models=totals["models"] - totals["counted"],
        mean_downloads=share(totals["downloads"], totals["counted"]),
        share_without_downloads=share(totals["without"], totals["counted"]),
        share_under_200_downloads=share(totals["under_200"], totals["counted"]),
        top50_entities_share=share(first, totals["downloads"]),
        top1000_models_share=share(totals["of_1000"], totals["downloads"]),
        top1000_models_share_of_all=share(totals["of_1000"], hub["downloads"]),
        **{name: pa.array([s.ingest.constants[name]] * len(totals)) for name in ("source", "coverage")},
    )


def geography(s: Snapshot):
    """Entities by kind and place."""
    keys = ["entity_type", *LEVELS.values(), "flags"]
    kinds = s.each_universe(summed(s.entities, keys, ["entities", "models", *COUNTERS]))
    levels = s.at_levels(kinds)
    sums = summed(levels, ["u", "entity_type", "level", "place"], ["entities", "models", "downloads"])
    both = s.ranked(sums, ["entity_type", "level"])
    s.publish(
        "entity_types_by_geography",
        both,
        "entity_type level place rank entities models downloads downloads_share share_of_type share_of_place",
        share_of_type=share(both["downloads"], of(both, ["u", "entity_type", "level"])),
        share_of_place=share(both["downloads"], of(both, ["u", "level", "place"])),
    )


def what(s: Snapshot):
    sums = ["models", "downloads"]
    s.publish(
        "modalities",
        s.ranked(summed(s.places, ["u", "modality"], sums)),
        "modality rank models downloads downloads_share",
    )
    s.publish(
        "tasks",
        s.ranked(summed(s.places, ["u", "task", "modality"], sums)),
        "task modality rank models downloads downloads_share",
    )
    nlp = s.places["modality"].to_numpy() == s.names["modality"].index("NLP").as_py()
    own = {f"in_nlp_{column}": s.places[column].where(nlp, 0) for column in sums}
    found = s.ranked(summed(s.places.assign(**own), ["u", "architecture"], [*sums, *own]))
    s.publish(
        "architectures",
        found,
        "architecture rank models downloads downloads_share share_of_nlp in_nlp_models in_nlp_downloads",
        share_of_nlp=share(found["in_nlp_downloads"], of(found, ["u"], "in_nlp_downloads")),
    )
    levels = summed(s.at_levels(s.places), ["u", "modality", "level", "place"], sums)
    found = s.ranked(levels, ["modality", "level"])
    s.publish(
        "modalities_by_geography",
        found,
        "modality level place rank models downloads downloads_share share_of_modality share_of_place",
        share_of_modality=share(found["downloads"], of(found, ["u", "modality", "level"])),
        share_of_place=share(found["downloads"], of(found, ["u", "level", "place"])),
    )


def by_units(s: Snapshot) -> tuple[pd.DataFrame, pd.DataFrame]:
    """By account and by entity; what each entity has of each modality and of each task is asked for once more."""
    sums = [*COUNTERS, "models"]
    accounts = summed(s.cells, ["account"], [*sums, "likes"])
    entity = s.entity_of_account
    whose = {"entity": entity} | {
        column: s.entities[column].to_numpy()[entity] for column in ("entity_type", "country", "flags")
    }
    accounts = s.ranked(s.each_universe(accounts.assign(**whose)))
    s.publish(
        "accounts",
        accounts,
        "rank account entity entity_type country models downloads likes downloads_share share_of_entity",
        share_of_entity=share(accounts["downloads"], of(accounts, ["u", "entity"])),
    )
    kind = s.cells["kind"].to_numpy()
    found = []
    for table, part, unit in (
        ("modalities_by_account", "modality", "account"),
        ("modalities_by_entity", "modality", "entity"),
        ("tasks_by_entity", "task", "entity"),
    ):
        cells = summed(s.cells.assign(**{part: s.kinds[part].to_numpy()[kind]}), [part, unit], sums)
        found.append(cells)
        owner = cells[unit].to_numpy()
        owner = entity[owner] if unit == "account" else owner
        own = {column: s.entities[column].to_numpy()[owner] for column in ("entity_type", "country", "flags")}
        rows = s.ranked(s.each_universe(cells.assign(**own)), [part])
        shares = {
            f"share_of_{part}": share(rows["downloads"], of(rows, ["u", part])),
            f"share_of_{unit}": share(rows["downloads"], of(rows, ["u", unit])),
        }
        s.publish(
            table,
            rows,
            f"{part} rank {unit} entity_type country models downloads downloads_share {' '.join(shares)}",
            **shares,
        )
    return found[1], found[2]


def lead(cells: pd.DataFrame, part: str, period: str, unknown: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each entity the first part by downloads, then models, then name; its downloads; and how many parts that are
    known have more than a twentieth. Rows are in the order of entities and parts."""
    entity, downloads, models = (cells[column].to_numpy() for column in ("entity", period, "models"))
    starts = np.flatnonzero(first_of_each(entity))
    lengths = np.diff(np.append(starts, len(entity)))
    most = np.maximum.reduceat(downloads, starts)
    models = np.where(downloads == np.repeat(most, lengths), models, -1)
    first = np.flatnonzero(models == np.repeat(np.maximum.reduceat(models, starts), lengths))
    first = first[first_of_each(entity[first])]
    parts = cells[part].to_numpy()
    total = np.repeat(np.add.reduceat(downloads, starts), lengths)
    broad = np.add.reduceat(((parts != unknown) & (downloads * 20 > total)).astype(np.int64), starts)
    return parts[first], most, broad


def profiles(s: Snapshot, entities: pd.DataFrame, by_modality, by_task, by_class: pd.DataFrame, day: date):
    fine = by_class[by_class["scheme"] == s.names["scheme"].index("fine").as_py()]
    leads = {}
    for part, cells in (("modality", by_modality), ("task", by_task), ("size_class", fine)):
        cells = cells.take(np.lexsort((cells[part].to_numpy(), cells["entity"].to_numpy())))
        unknown = s.names[part].index("unknown").as_py()
        found = [lead(cells, part, period, unknown) for period in s.periods]
        leads[part] = [np.stack(one) for one in zip(*found, strict=True)]
    entity = entities["entity"].to_numpy()
    period = entities["u"].to_numpy() % len(s.periods)
    top = np.stack([s.entities[f"top_{name}"].to_numpy() for name in s.periods])[period, entity]
    top_downloads = np.stack([s.counted[name].to_numpy() for name in s.periods])[period, top]
    dates = {
        column: s.entities[column].to_numpy().astype("datetime64[D]")[entity]
        for column in ("first_created", "last_created")
    }
    frame = entities.assign(**{part: found[0][period, entity] for part, found in leads.items()})
    shares = {f"{part}_share": share(found[1][period, entity], entities["downloads"]) for part, found in leads.items()}
    is_recent = dates["last_created"] > np.datetime64(day) - 365
    s.publish(
        "entity_profiles",
        frame,
        "rank entity entity_type country accounts models downloads downloads_share top_model top_model_downloads "
        "top_model_share modality modality_share modalities_above_5_percent task task_share size_class "
        "size_class_share first_created last_created active_within_365_days",
        top_model=s.ingest.columns["id"].take(pa.array(top)),
        top_model_downloads=top_downloads,
        top_model_share=share(top_downloads, entities["downloads"]),
        modalities_above_5_percent=leads["modality"][2][period, entity],
        active_within_365_days=pa.array(is_recent, mask=np.isnat(dates["last_created"])),
        **shares,
        **dates,
    )
