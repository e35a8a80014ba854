"""The tables of size classes, and of sizes by year."""

import polars as pl

UNIVERSE = ["universe", "period"]
FLAGS = ["in_all_time", "in_last_30d"]
CLASS = ["scheme", "position", "size_class"]
SCHEMES = {"fine": "size_class", "coarse": "size_class_coarse"}
LARGE = {"large": "size_class_large"}
NAMED = ["named_models", "named_downloads"]
MIXED = ["mixtures", "mixture_downloads", "mixture_parameters", "active_parameters"]


def sizes_tables(s, one, share):
    listed = s.facts["size_classes"].select("scheme", "position", "size_class", "min_parameters")
    last = (
        listed.group_by("scheme").agg(position=pl.col("position").max() + 1).with_columns(size_class=pl.lit("unknown"))
    )
    classes = pl.concat([listed, last], how="diagonal")
    classed = under_schemes(s.places, ["country", "continent", "eu_group", "entity_type", "modality", "task"])
    classed = classed.join(classes, on=["scheme", "size_class"])
    wholes = s.summed(classed, CLASS)
    sizes(s, one, share, classes)
    if s.models["parameters"].count():
        wholes = wholes.lazy().select(*UNIVERSE, *CLASS, part_downloads="downloads")
        for dimension in ("entity_type", "modality", "task"):
            one(
                f"sizes_by_{dimension}",
                s.ranked(s.summed(classed, [*CLASS, dimension]), CLASS, [dimension])
                .with_columns(
                    share("downloads", pl.col("downloads").sum().over([*UNIVERSE, "scheme", dimension])).alias(
                        f"share_of_{dimension}"
                    )
                )
                .join(wholes, on=[*UNIVERSE, *CLASS], maintain_order="left"),
                [
                    *CLASS,
                    "rank",
                    dimension,
                    *of_class(share),
                    f"share_of_{dimension}",
                ],
            )
        places = s.summed(s.at_levels(classed), [*CLASS, "level", "place"])
        one(
            "sizes_by_geography",
            s.ranked(places, [*CLASS, "level"], ["place"])
            .with_columns(
                share_of_place=share(
                    "downloads", pl.col("downloads").sum().over([*UNIVERSE, "scheme", "level", "place"])
                )
            )
            .join(wholes, on=[*UNIVERSE, *CLASS], maintain_order="left"),
            [*CLASS, "level", "rank", "place", *of_class(share), "share_of_place"],
        )
        by_entity(s, one, share, classes, wholes)
    over_time(s, one, share)


def of_class(share) -> list:
    return ["models", "downloads", "downloads_share", share("downloads", "part_downloads").alias("share_of_class")]


def under_schemes(frame: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    columns = [name for name in (*UNIVERSE, *keys, "models", "downloads") if name in frame.columns]
    return pl.concat(
        [frame.select(*columns, size_class=column, scheme=pl.lit(scheme)) for scheme, column in SCHEMES.items()]
    )


def sizes(s, one, share, classes: pl.DataFrame):
    known = pl.col("size_class") != "unknown"
    complete = (
        s.wholes.join(classes, how="cross")
        .join(size_sums(s), on=[*UNIVERSE, "scheme", "size_class"], how="left")
        .with_columns(pl.col("models", "downloads", *NAMED, *MIXED).fill_null(0))
        .with_columns(parameters=pl.when(known).then(pl.col("parameters").fill_null(0)))
        .drop("all_models", "all_downloads")
    )
    scheme = [*UNIVERSE, "scheme"]
    so_far = pl.col("downloads").cum_sum().over(scheme)
    one(
        "sizes",
        s.ranked(complete, ["scheme"], ["position"])
        .sort([*scheme, "position"])
        .with_columns(
            known_models=pl.when(known).then("models").sum().over(scheme),
            known_downloads=pl.when(known).then("downloads").sum().over(scheme),
        ),
        [
            *CLASS,
            "rank",
            "models",
            "downloads",
            "downloads_share",
            pl.when(known).then(share("downloads", "known_downloads")).alias("share_of_known"),
            pl.when(known).then(share(so_far, "known_downloads")).alias("cumulative_share"),
            "known_models",
            "known_downloads",
            "named_models",
            share("named_models", "models").alias("named_models_share"),
            share("named_downloads", "downloads").alias("named_downloads_share"),
            "parameters",
            *MIXED,
        ],
    )


def size_sums(s) -> pl.DataFrame:
    """What the models of each class have, also those whose size is no more than the number in their name, and those of
    which it is known how many parameters are active."""
    schemes = SCHEMES | LARGE
    cells = s.grouped(
        s.counted.lazy().with_columns(mixed=pl.col("active_parameters").is_not_null()),
        [*schemes.values(), "named", "mixed", *FLAGS],
        pl.len().cast(pl.Int64).alias("models"),
        pl.col("parameters", "active_parameters").sum(),
    )
    cells = s.each_universe(cells)
    columns = [*UNIVERSE, "named", "mixed", "models", "downloads", "parameters", "active_parameters"]
    classed = pl.concat(
        [cells.select(*columns, size_class=column, scheme=pl.lit(scheme)) for scheme, column in schemes.items()]
    )
    return classed.group_by(*UNIVERSE, "scheme", "size_class").agg(
        pl.col("models", "downloads", "parameters").sum(),
        named_models=pl.col("models").filter("named").sum(),
        named_downloads=pl.col("downloads").filter("named").sum(),
        mixtures=pl.col("models").filter("mixed").sum(),
        mixture_downloads=pl.col("downloads").filter("mixed").sum(),
        mixture_parameters=pl.col("parameters").filter("mixed").sum(),
        active_parameters=pl.col("active_parameters").sum(),
    )


def by_entity(s, one, share, classes: pl.DataFrame, wholes: pl.LazyFrame):
    parts = [
        s.entity_cells.lazy()
        .group_by(pl.col(column).alias("size_class"), "entity_no", *FLAGS)
        .agg(pl.col("models", "all_time", "last_30d").sum())
        .with_columns(scheme=pl.lit(scheme))
        for scheme, column in SCHEMES.items()
    ]
    cells = pl.concat(parts).join(classes.lazy(), on=["scheme", "size_class"]).collect(engine="streaming")
    names = s.entities.lazy().select("entity_no", "entity", "entity_type", "country")
    entity_downloads = s.each_universe(s.entities).lazy().select(*UNIVERSE, "entity_no", entity_downloads="downloads")
    ranked = (
        s.ranked(s.each_universe(cells), CLASS, ["entity_no"])
        .join(wholes, on=[*UNIVERSE, *CLASS], maintain_order="left")
        .join(names, on="entity_no", maintain_order="left")
        .collect(engine="streaming")
        .lazy()
    )
    kinds = ["rank", "entity", "entity_type", "country"]
    one(
        "sizes_by_entity",
        ranked.join(entity_downloads, on=[*UNIVERSE, "entity_no"], maintain_order="left"),
        [*CLASS, *kinds, *of_class(share), share("downloads", "entity_downloads").alias("share_of_entity")],
    )
    so_far = pl.col("downloads").cum_sum().over([*UNIVERSE, *CLASS])
    one(
        "size_leaders",
        ranked.filter(pl.col("min_parameters") >= s.declared["min_parameters"]),
        [*CLASS, *kinds, *of_class(share), share(so_far, "part_downloads").alias("cumulative_share")],
    )


def over_time(s, one, share):
    if not s.models["parameters"].count():
        return
    steps = (
        s.counted.lazy()
        .group_by("year", "parameters", *FLAGS)
        .agg(pl.col("all_time", "last_30d").sum(), pl.len().cast(pl.Int64).alias("models"))
        .collect(engine="streaming")
    )
    steps = s.each_universe(steps).with_columns(year=pl.col("year").cast(pl.String).fill_null("unknown"))
    steps = s.summed(pl.concat([steps, steps.with_columns(year=pl.lit("all"))]), ["year", "parameters"])
    years = s.summed(steps, ["year"])
    group = [*UNIVERSE, "year"]
    # Integers of 128 bits, since sizes times downloads are too much for 64.
    large = pl.col("parameters").cast(pl.Int128)
    reached = (
        steps.filter(pl.col("parameters").is_not_null())
        .sort([*group, "parameters"])
        .with_columns(
            below=(pl.col("models").cum_sum() - pl.col("models")).over(group),
            of_known=pl.col("models").sum().over(group),
            so_far=pl.col("downloads").cum_sum().over(group),
            total=pl.col("downloads").sum().over(group),
        )
    )
    middle = [
        pl.col("parameters").filter(pl.col("below") <= place).max()
        for place in ((pl.col("of_known") - 1) // 2, pl.col("of_known") // 2)
    ]
    half = (pl.col("total") > 0) & (2 * pl.col("so_far") >= pl.col("total"))
    known = reached.group_by(group).agg(
        known_models=pl.col("models").sum(),
        known_downloads=pl.col("downloads").sum(),
        parameters=(large * pl.col("models")).sum(),
        weighted_parameters=(large * pl.col("downloads")).sum(),
        median_parameters=(middle[0] + middle[1]) / 2.0,
        weighted_median_parameters=pl.col("parameters").filter(half).min(),
    )
    one(
        "sizes_over_time",
        years.join(s.wholes, on=UNIVERSE)
        .join(known, on=group, how="left")
        .sort(group)
        .lazy(),
        [
            "year",
            "models",
            "downloads",
            share("downloads", "all_downloads").alias("downloads_share"),
            pl.col("known_models").fill_null(0),
            pl.col("known_downloads").fill_null(0),
            share("parameters", "known_models").alias("mean_parameters"),
            "median_parameters",
            share("weighted_parameters", "known_downloads").alias("weighted_mean_parameters"),
            "weighted_median_parameters",
        ],
    )
