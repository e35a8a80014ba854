"""The tables of words of which a model may have several, or many different ones: languages, frameworks, licences."""

import polars as pl

UNIVERSE = ["universe", "period"]
FLAGS = ["in_all_time", "in_last_30d"]
COUNTERS = ["all_time", "last_30d"]


def words_tables(s, one, share):
    narrow = s.counted.lazy().select(
        "n", "task", "language_applies", "language_count", "framework_count", *FLAGS, *COUNTERS
    )
    languages(s, one, share, narrow)
    frameworks(s, one, share, narrow)
    libraries_and_licenses(s, one, share)
    tensor_types(s, one, share, narrow)


def sums(s, frame: pl.LazyFrame, keys: list[str], *more: pl.Expr) -> pl.DataFrame:
    """In each universe; the keys are few enough to be summed up there once more."""
    counted = frame.group_by([*keys, *FLAGS]).agg(
        pl.col(COUNTERS).sum(), pl.len().cast(pl.Int64).alias("models"), *more
    )
    return s.each_universe(counted.collect(engine="streaming"))


def languages(s, one, share, narrow: pl.LazyFrame):
    if s.languages.is_empty():
        return
    names = s.facts["languages"].lazy().select("name", "macrolanguage", language="code")
    spoken = s.languages.lazy().filter(pl.col("language").is_not_null()).select("n", "language").unique()
    several = pl.col("value").str.to_lowercase().is_in(["multilingual", "mul"])
    several = s.languages.lazy().filter(several).select("n", several=True).unique()
    silent = (
        narrow.filter(pl.col("language_count") == 0)
        .join(several, on="n", how="left")
        .filter(pl.col("language_applies") | pl.col("several"))
        .with_columns(language=pl.when("several").then(pl.lit("multilingual")).otherwise(pl.lit("unknown")))
    )
    columns = ["language", "language_applies", *FLAGS, *COUNTERS]
    found = pl.concat([spoken.join(narrow, on="n").select(columns), silent.select(columns)])
    applies, states = pl.col("language_applies"), pl.col("states")
    models, downloads = pl.col("models"), pl.col("downloads")
    by_language = (
        sums(s, found, ["language", "language_applies"])
        .group_by(*UNIVERSE, "language")
        .agg(
            models=models.filter(applies).sum(),
            downloads=downloads.filter(applies).sum(),
            elsewhere_models=models.filter(~applies).sum(),
            elsewhere_downloads=downloads.filter(~applies).sum(),
        )
    )
    totals = (
        sums(s, narrow.filter(applies).with_columns(states=pl.col("language_count") > 0), ["states"])
        .group_by(UNIVERSE)
        .agg(
            applicable_models=models.sum(),
            applicable_downloads=downloads.sum(),
            stated_models=models.filter(states).sum(),
            stated_downloads=downloads.filter(states).sum(),
        )
    )
    one(
        "languages",
        s.ranked(by_language, [], ["language"])
        .join(totals.lazy(), on=UNIVERSE, maintain_order="left")
        .join(names, on="language", how="left", maintain_order="left"),
        [
            *"language name macrolanguage rank models downloads downloads_share".split(),
            share("downloads", "applicable_downloads").alias("share_of_applicable"),
            pl.when(~pl.col("language").is_in(["multilingual", "unknown"]))
            .then(share("downloads", "stated_downloads"))
            .alias("share_of_stated"),
            *"applicable_models applicable_downloads stated_models stated_downloads".split(),
            *"elsewhere_models elsewhere_downloads".split(),
        ],
    )
    values = s.languages.lazy().select("n", "value", "language", "origin").join(narrow, on="n")
    by_card = (pl.col("origin") == "card").sum().cast(pl.Int64).alias("models_by_card")
    by_value = (
        sums(s, values, ["value", "language"], by_card)
        .group_by(*UNIVERSE, "value", "language")
        .agg(pl.col("models", "models_by_card", "downloads").sum())
    )
    one(
        "language_values",
        s.ranked(by_value, [], ["value"]).join(names, on="language", how="left", maintain_order="left"),
        [
            "value",
            pl.col("language").is_not_null().alias("is_code"),
            *"language name rank models models_by_card downloads downloads_share".split(),
        ],
    )


def frameworks(s, one, share, narrow: pl.LazyFrame):
    if s.frameworks.is_empty():
        return
    known = pl.col("framework_count") > 0
    found = pl.concat(
        [
            s.frameworks.lazy()
            .select("n", "framework")
            .join(narrow, on="n")
            .select("framework", "task", *FLAGS, *COUNTERS),
            narrow.filter(~known).select(pl.lit("unknown").alias("framework"), "task", *FLAGS, *COUNTERS),
        ]
    )
    cells = sums(s, found, ["framework", "task"])
    totals = (
        sums(s, narrow.filter(known), [])
        .group_by(UNIVERSE)
        .agg(known_models=pl.col("models").sum(), known_downloads=pl.col("downloads").sum())
    )
    one(
        "frameworks",
        s.ranked(s.summed(cells, ["framework"]), [], ["framework"]).join(
            totals.lazy(), on=UNIVERSE, how="left", maintain_order="left"
        ),
        [
            *"framework rank models downloads".split(),
            share("models", "all_models").alias("models_share"),
            "downloads_share",
            pl.when(pl.col("framework") != "unknown")
            .then(share("downloads", "known_downloads"))
            .alias("share_of_known"),
            "known_models",
            "known_downloads",
        ],
    )
    tasks = s.summed(s.places, ["task"]).rename({"models": "task_models", "downloads": "task_downloads"})
    one(
        "frameworks_by_task",
        s.ranked(s.summed(cells, ["task", "framework"]), ["task"], ["framework"])
        .join(tasks.lazy(), on=[*UNIVERSE, "task"], maintain_order="left")
        .with_columns(
            share_of_task=share("downloads", "task_downloads"),
            share_of_framework=share("downloads", pl.col("downloads").sum().over([*UNIVERSE, "framework"])),
        ),
        (
            "task framework rank models downloads downloads_share share_of_task share_of_framework "
            "task_models task_downloads"
        ).split(),
    )


def libraries_and_licenses(s, one, share):
    cells = sums(s, s.counted.lazy(), ["library", "license", "license_family"])
    names = s.facts["libraries"].lazy().select("library", "name", registered=pl.col("registered") == "true")
    of_models = share("models", "all_models").alias("models_share")
    if s.ingest["library"].count():
        one(
            "libraries",
            s.ranked(s.summed(cells, ["library"]), [], ["library"]).join(
                names, on="library", how="left", maintain_order="left"
            ),
            [
                "library",
                "name",
                pl.col("registered").fill_null(False),
                "rank",
                "models",
                "downloads",
                of_models,
                "downloads_share",
            ],
        )
    official = s.facts["licenses"].lazy().select("license", official=pl.col("official") == "true")
    if s.ingest["tags"].count():
        family = pl.col("downloads").sum().over([*UNIVERSE, "license_family"])
        one(
            "licenses",
            s.ranked(s.summed(cells, ["license", "license_family"]), [], ["license"])
            .with_columns(family_share=share(family, "all_downloads"))
            .join(official, on="license", how="left", maintain_order="left"),
            [
                "license",
                "license_family",
                ((pl.col("license") != "unknown") & pl.col("official").fill_null(False)).alias("official"),
                *("rank", "models", "downloads", of_models, "downloads_share", "family_share"),
            ],
        )


def tensor_types(s, one, share, narrow: pl.LazyFrame):
    if not s.ingest["safetensors_parameters"].count():
        return
    some = pl.col("safetensors_parameters").list.len() > 0
    entry = pl.col("safetensors_parameters").str.split("=").list
    entries = (
        s.ingest.lazy()
        .filter(some)
        .select("n", "safetensors_parameters")
        .explode("safetensors_parameters")
        .select("n", tensor_type=entry.first(), elements=entry.last().cast(pl.Int64))
    )
    known = s.ingest.lazy().filter(some).select("n").join(narrow, on="n")
    without = narrow.join(entries.select("n").unique(), on="n", how="anti").with_columns(
        tensor_type=pl.lit("unknown"), elements=pl.lit(0, dtype=pl.Int64)
    )
    found = pl.concat([entries.join(narrow, on="n"), without], how="diagonal")
    by_type = (
        sums(s, found, ["tensor_type"], pl.col("elements").sum().alias("parameters"))
        .group_by(*UNIVERSE, "tensor_type")
        .agg(pl.col("models", "downloads", "parameters").sum())
    )
    totals = (
        sums(s, known, [])
        .group_by(UNIVERSE)
        .agg(known_models=pl.col("models").sum(), known_downloads=pl.col("downloads").sum())
    )
    one(
        "tensor_types",
        s.ranked(by_type, [], ["tensor_type"])
        .join(totals.lazy(), on=UNIVERSE, how="left", maintain_order="left")
        .with_columns(parameters_share=share("parameters", pl.col("parameters").sum().over(UNIVERSE))),
        [
            *"tensor_type rank models downloads".split(),
            pl.when(pl.col("tensor_type") != "unknown").then("parameters").alias("parameters"),
            "downloads_share",
            pl.when(pl.col("tensor_type") != "unknown")
            .then(share("downloads", "known_downloads"))
            .alias("share_of_known"),
            pl.when(pl.col("tensor_type") != "unknown").then("parameters_share").alias("parameters_share"),
            pl.col("known_models").fill_null(0),
            pl.col("known_downloads").fill_null(0),
        ],
    )
