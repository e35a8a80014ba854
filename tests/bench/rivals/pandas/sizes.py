"""The tables of size classes, and of sizes by year. Classes have numbers in the order of schemes and positions."""

import numpy as np
import pandas as pd
import pyarrow as pa
from codes import arrow, numbered
from snapshot import COUNTERS, LEVELS, Snapshot, of, share, summed

SUMS = ["models", "downloads"]
NAMED = ["named_models", "named_downloads"]
MIXED = ["mixtures", "mixture_downloads", "mixture_parameters", "active_parameters"]
MILLION = 1_000_000


def classes_of(s: Snapshot) -> pd.DataFrame:
    classes = s.staged.classes
    scheme, schemes = numbered(classes["scheme"])
    size_class, names = numbered(classes["size_class"])
    s.names["scheme"], s.names["size_class"] = arrow(schemes), arrow(names)
    return pd.DataFrame({"scheme": scheme, "position": classes["position"], "size_class": size_class})


def in_class(s: Snapshot, frame: pd.DataFrame, numbers: np.ndarray) -> pd.DataFrame:
    """With what is said of each row's class."""
    classes = classes_of(s)
    return frame.assign(**{column: classes[column].to_numpy()[numbers] for column in classes.columns})


def under_schemes(s: Snapshot, frame: pd.DataFrame, names: tuple[str, ...] = ("coarse", "fine")) -> pd.DataFrame:
    """Each row by its class of each scheme."""
    size = frame["size"].to_numpy()
    schemes = [s.staged.sizes[f"{scheme}_class"].to_numpy()[size] for scheme in names]
    return pd.concat([frame.assign(class_no=numbers) for numbers in schemes], ignore_index=True)


def class_entities(s: Snapshot) -> pd.DataFrame:
    """What each entity has of each class."""
    cells = under_schemes(s, s.cells[["entity", "size", "models", *COUNTERS]])
    sums = summed(cells, ["class_no", "entity"], [*COUNTERS, "models"])
    return in_class(s, sums, sums["class_no"].to_numpy())


def sizes_tables(s: Snapshot, by_entity: pd.DataFrame, declared: dict):
    classed = under_schemes(s, s.places)
    wholes = of_classes(s, classed)
    sizes(s)
    known = bool((s.staged.parameters > 0).any())
    classed = in_class(s, classed if known else classed[:0], classed["class_no"].to_numpy()[: None if known else 0])
    downloads = wholes[:, :, 1]
    for dimension in ("entity_type", "modality", "task"):
        by_dimension(s, classed, downloads, dimension)
    by_place(s, classed, downloads)
    by_entities(s, by_entity if known else by_entity[:0], downloads, declared)
    over_time(s)


def of_classes(s: Snapshot, classed: pd.DataFrame, columns: list[str] = SUMS) -> np.ndarray:
    """What each class has in each universe, also where it has nothing."""
    wholes = np.zeros((len(s.all_models), len(s.staged.classes), len(columns)), dtype=np.int64)
    sums = summed(classed, ["u", "class_no"], columns)
    wholes[sums["u"].to_numpy(), sums["class_no"].to_numpy()] = sums[columns].to_numpy()
    return wholes


def size_sums(s: Snapshot) -> pd.DataFrame:
    """Models by size class, also those whose size is no more than the number in their name, and those of which it is
    known how many parameters are active."""
    active, parts = s.staged.active, ["size", "flags", "named", "mixed"]
    frame = s.counted[[*COUNTERS, "models"]].assign(flags=s.model_flags, size=s.staged.size)
    frame = frame.assign(parameters=s.staged.parameters, active_parameters=active)
    frame = frame.assign(named=s.staged.size_is_named, mixed=active > 0)
    cells = summed(frame, parts, [*COUNTERS, "models", "parameters", "active_parameters"])
    cells = under_schemes(s, s.each_universe(cells), ("coarse", "fine", "large"))
    for part, names in (("named", NAMED), ("mixed", MIXED)):
        of_part = cells[part].to_numpy(dtype=bool)
        pairs = zip(names, [*SUMS, "parameters"], strict=False)
        cells = cells.assign(**{name: cells[column].where(of_part, 0) for name, column in pairs})
    return cells


def sizes(s: Snapshot):
    columns = [*SUMS, *NAMED, "parameters", *MIXED]
    wholes = of_classes(s, size_sums(s), columns)
    universes, count, _ = wholes.shape
    numbers = np.tile(np.arange(count), universes)
    frame = pd.DataFrame(wholes.reshape(-1, len(columns)), columns=columns).assign(
        u=np.repeat(np.arange(universes), count), class_no=numbers
    )
    frame = in_class(s, frame, numbers)
    frame = s.ranked(frame, ["scheme"]).sort_index()
    known = frame["size_class"].to_numpy() != s.names["size_class"].index("unknown").as_py()
    own = frame.assign(**{column: frame[column].where(known, 0) for column in SUMS})
    scheme = ["u", "scheme"]
    known_models, known_downloads = of(own, scheme, "models"), of(own, scheme)
    so_far = own.groupby(scheme)["downloads"].cumsum()
    s.publish(
        "sizes",
        frame,
        "scheme position size_class rank models downloads downloads_share share_of_known cumulative_share known_models "
        "known_downloads named_models named_models_share named_downloads_share parameters mixtures mixture_downloads "
        "mixture_parameters active_parameters",
        parameters=pa.array(frame["parameters"].to_numpy(), mask=~known),
        share_of_known=np.where(known, share(frame["downloads"], known_downloads), np.nan),
        cumulative_share=np.where(known, share(so_far, known_downloads), np.nan),
        known_models=known_models,
        known_downloads=known_downloads,
        named_models_share=share(frame["named_models"], frame["models"]),
        named_downloads_share=share(frame["named_downloads"], frame["downloads"]),
    )


def by_dimension(s: Snapshot, classed: pd.DataFrame, wholes: np.ndarray, dimension: str):
    table = summed(classed, ["u", "class_no", dimension], SUMS)
    table = s.ranked(in_class(s, table, table["class_no"].to_numpy()), ["class_no"])
    downloads = table["downloads"]
    s.publish(
        f"sizes_by_{dimension}",
        table,
        f"scheme position size_class rank {dimension} models downloads downloads_share share_of_class "
        f"share_of_{dimension}",
        share_of_class=share(downloads, wholes[table["u"].to_numpy(), table["class_no"].to_numpy()]),
        **{f"share_of_{dimension}": share(downloads, of(table, ["u", "scheme", dimension]))},
    )


def by_place(s: Snapshot, classed: pd.DataFrame, wholes: np.ndarray):
    few = summed(classed, ["u", "class_no", *LEVELS.values()], SUMS)
    table = summed(s.at_levels(few), ["u", "class_no", "level", "place"], SUMS)
    table = s.ranked(in_class(s, table, table["class_no"].to_numpy()), ["class_no", "level"])
    s.publish(
        "sizes_by_geography",
        table,
        "scheme position size_class level rank place models downloads downloads_share share_of_class share_of_place",
        share_of_class=share(table["downloads"], wholes[table["u"].to_numpy(), table["class_no"].to_numpy()]),
        share_of_place=share(table["downloads"], of(table, ["u", "scheme", "level", "place"])),
    )


def by_entities(s: Snapshot, cells: pd.DataFrame, wholes: np.ndarray, declared: dict):
    entity = cells["entity"].to_numpy()
    own = {column: s.entities[column].to_numpy()[entity] for column in ("entity_type", "country", "flags")}
    table = s.ranked(s.each_universe(cells.assign(**own)), ["class_no"])
    whole = wholes[table["u"].to_numpy(), table["class_no"].to_numpy()]
    columns = "scheme position size_class rank entity entity_type country models downloads downloads_share"
    entities = np.stack([s.entities[period].to_numpy() for period in s.periods])
    of_entity = entities[table["u"].to_numpy() % len(s.periods), table["entity"].to_numpy()]
    of_class = share(table["downloads"], whole)
    s.publish(
        "sizes_by_entity",
        table,
        f"{columns} share_of_class share_of_entity",
        share_of_class=of_class,
        share_of_entity=share(table["downloads"], of_entity),
    )
    smallest = s.staged.classes["min_parameters"].to_numpy()
    large = (smallest >= declared["min_parameters"]) & (s.staged.classes["size_class"] != "unknown").to_numpy()
    stay = large[table["class_no"].to_numpy()]
    leaders = table[stay]
    so_far = leaders.groupby(["u", "class_no"], sort=False)["downloads"].cumsum()
    s.publish(
        "size_leaders",
        leaders,
        f"{columns} share_of_class cumulative_share",
        share_of_class=of_class[stay],
        cumulative_share=share(so_far, whole[stay]),
    )


def over_time(s: Snapshot):
    created = s.ingest.columns["created_at"].cast(pa.timestamp("us")).to_numpy(zero_copy_only=False)
    # Years in the order of their names, in which `unknown` is the last.
    year, years = pd.factorize(created.astype("datetime64[Y]").astype(np.int64))
    words = np.where(years < 0, "unknown", (years + 1970).astype(str))
    number, names = numbered(pd.Series(np.append(words, "all")))
    size, sizes = pd.factorize(s.staged.parameters, sort=True)
    frame = s.counted[[*COUNTERS, "models"]].assign(flags=s.model_flags, year=number[year], parameters=size)
    frame = s.each_universe(summed(frame, ["year", "parameters", "flags"], [*COUNTERS, "models"]))
    frame = pd.concat([frame, frame.assign(year=number[-1])], ignore_index=True)
    frame = summed(frame, ["u", "year", "parameters"], SUMS)
    table = summed(frame, ["u", "year"], SUMS)
    table = table if s.staged.parameters.any() else table[:0]
    frame = frame.assign(parameters=sizes[frame["parameters"].to_numpy()])
    known = steps(frame[frame["parameters"] > 0])
    table = table.merge(known, on=["u", "year"], how="left")
    counts = {column: table[column].fillna(0).astype("int64") for column in ("known_models", "known_downloads")}
    median = table["weighted_median_parameters"]
    s.names["year"] = arrow(names)
    s.publish(
        "sizes_over_time",
        table,
        "year models downloads downloads_share known_models known_downloads mean_parameters median_parameters "
        "weighted_mean_parameters weighted_median_parameters",
        downloads_share=share(table["downloads"], s.all_downloads[table["u"].to_numpy()]),
        mean_parameters=share(table["by_models"], counts["known_models"]),
        weighted_mean_parameters=share(table["by_downloads"], counts["known_downloads"]),
        weighted_median_parameters=pa.array(median.fillna(0).astype("int64"), mask=median.isna().to_numpy()),
        **counts,
    )


def steps(frame: pd.DataFrame) -> pd.DataFrame:
    """Of each year how many models have how many parameters, from the smallest on."""
    groups = frame.groupby(["u", "year"])
    models = groups["models"].transform("sum")
    below = groups["models"].cumsum() - frame["models"]
    downloads, total = groups["downloads"].cumsum(), groups["downloads"].transform("sum")
    upper, lower = np.divmod(frame["parameters"], MILLION)
    found = frame.assign(
        # Sizes times downloads are too much for 64 bits: millions and the rest are added up apart.
        **{f"upper_{by}": upper * frame[by] for by in SUMS},
        **{f"lower_{by}": lower * frame[by] for by in SUMS},
        # The two in the middle, or the same one twice; rows are in the order of sizes.
        first=frame["parameters"].where(below <= (models - 1) // 2, 0),
        second=frame["parameters"].where(below <= models // 2, 0),
        weighted=frame["parameters"].where((total > 0) & (2 * downloads >= total)),
    ).groupby(["u", "year"])
    sums = found[[*SUMS, *(f"{part}_{by}" for part in ("upper", "lower") for by in SUMS)]].sum()
    middle = found[["first", "second"]].max()
    return pd.DataFrame(
        {
            "known_models": sums["models"],
            "known_downloads": sums["downloads"],
            "by_models": sums["upper_models"].astype("float64") * MILLION + sums["lower_models"],
            "by_downloads": sums["upper_downloads"].astype("float64") * MILLION + sums["lower_downloads"],
            "median_parameters": (middle["first"] + middle["second"]) / 2.0,
            "weighted_median_parameters": found["weighted"].min(),
        }
    ).reset_index()
