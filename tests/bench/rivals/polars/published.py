"""The published tables, from cells: what models of one account, task and size class have together."""

from datetime import date, timedelta

import polars as pl
from read import CONSTANTS
from sizes import sizes_tables
from staged import Facts, Write
from words import words_tables

PERIODS = {"all_time": ("all_time", "in_all_time"), "last_30d": ("last_30d", "in_last_30d")}
UNIVERSE = ["universe", "period"]
SUMS = [pl.col("models", "all_time", "last_30d").sum()]
FLAGS = ["in_all_time", "in_last_30d"]
LEVELS = {"country": "country", "continent": "continent", "eu": "eu_group"}


def share(part: pl.Expr | str, whole: pl.Expr | str) -> pl.Expr:
    part, whole = (pl.col(one) if isinstance(one, str) else one for one in (part, whole))
    return pl.when(whole != 0).then(part.cast(pl.Float64) / whole.cast(pl.Float64))


class Snapshot:
    """What all published tables go by."""

    def __init__(self, staged: dict[str, pl.DataFrame], ingest: pl.DataFrame, facts: Facts, declared: dict, day: date):
        self.ingest, self.facts, self.declared, self.day = ingest, facts, declared, day
        self.accounts, self.frameworks = staged["accounts"], staged["frameworks"]
        self.languages, self.models = staged["languages"], staged["models"]
        self.periods = [
            period
            for period, column in (("all_time", "downloads_all_time"), ("last_30d", "downloads_30d"))
            if self.models[column].count()
        ]
        self.entities = self.entity_sums()
        narrow = self.models.lazy().select(
            "n",
            "account_no",
            "entity_no",
            "task",
            "modality",
            "architecture",
            "size_class",
            "size_class_coarse",
            "size_class_large",
            "language_applies",
            "language_count",
            "framework_count",
            "library",
            "license",
            "license_family",
            "parameters",
            "active_parameters",
            pl.col("created_at").dt.year().alias("year"),
            (pl.col("parameters_source") == "name").alias("named"),
            pl.col("downloads_all_time").alias("all_time"),
            pl.col("downloads_30d").alias("last_30d"),
            pl.col("likes").fill_null(0),
        )
        flags = self.entities.lazy().select("entity_no", *FLAGS)
        self.counted = narrow.join(flags, on="entity_no", maintain_order="left").collect(engine="streaming")
        keys = [
            "account_no",
            "entity_no",
            "task",
            "modality",
            "architecture",
            "size_class",
            "size_class_coarse",
            *FLAGS,
        ]
        self.cells = self.grouped(
            self.counted.lazy(), keys, pl.len().cast(pl.Int64).alias("models"), pl.col("likes").sum()
        )
        self.entity_cells = self.cells.lazy().group_by([*keys[1:]]).agg(*SUMS).collect(engine="streaming")
        places = self.entities.lazy().select("entity_no", "entity_type", *LEVELS.values())
        place_keys = ["entity_type", *LEVELS.values(), *keys[2:]]
        self.places = self.each_universe(
            self.entity_cells.lazy().join(places, on="entity_no").group_by(place_keys).agg(*SUMS).collect()
        )
        self.wholes = self.places.group_by(UNIVERSE).agg(
            all_models=pl.col("models").sum(), all_downloads=pl.col("downloads").sum()
        )

    def entity_sums(self) -> pl.DataFrame:
        def top(counter: str) -> list[pl.Expr]:
            # Rows are sorted by id, so that the first of the largest is the first by name.
            place = pl.col(counter).fill_null(0).arg_max()
            return [pl.col("id").get(place), pl.col(counter).fill_null(0).max()]

        (all_id, all_most), (last_id, last_most) = top("downloads_all_time"), top("downloads_30d")
        sums = (
            self.models.lazy()
            .group_by("entity_no")
            .agg(
                models=pl.len().cast(pl.Int64),
                likes=pl.col("likes").sum(),
                all_time=pl.col("downloads_all_time").sum(),
                last_30d=pl.col("downloads_30d").sum(),
                first_created=pl.col("created_at").min().dt.date(),
                last_created=pl.col("created_at").max().dt.date(),
                top_all_time=all_id,
                top_all_time_downloads=all_most,
                top_last_30d=last_id,
                top_last_30d_downloads=last_most,
            )
        )
        names = (
            self.accounts.lazy()
            .group_by("entity_no")
            .agg(
                pl.col("entity", "entity_type", "country", "continent", "eu_group").first(),
                accounts=pl.len().cast(pl.Int64),
            )
        )
        first = {
            flag: pl.struct(-pl.col(column), "entity_no").rank("ordinal") <= 50 for column, flag in PERIODS.values()
        }
        return sums.join(names, on="entity_no").with_columns(**first).collect(engine="streaming")

    def grouped(self, frame: pl.LazyFrame, keys: list[str], *more: pl.Expr) -> pl.DataFrame:
        sums = pl.col("all_time", "last_30d").sum()
        return frame.group_by(keys).agg(sums, *more).collect(engine="streaming")

    def each_universe(self, frame: pl.DataFrame) -> pl.DataFrame:
        """An aggregate of both periods' counters: one row for each universe and period."""
        parts = []
        for universe in ("all", "top50"):
            for period in self.periods:
                counter, flag = PERIODS[period]
                rows = frame if universe == "all" else frame.filter(flag)
                rest = [name for name in frame.columns if name not in (*FLAGS, "all_time", "last_30d")]
                parts.append(
                    rows.select(
                        pl.lit(universe).alias("universe"),
                        pl.lit(period).alias("period"),
                        *rest,
                        pl.col(counter).alias("downloads"),
                    )
                )
        return pl.concat(parts)

    def summed(self, frame: pl.DataFrame, keys: list[str], *more: pl.Expr) -> pl.DataFrame:
        return frame.group_by([*UNIVERSE, *keys]).agg(pl.col("models", "downloads").sum(), *more)

    def ranked(self, frame: pl.DataFrame, within: list[str], by: list[str]) -> pl.LazyFrame:
        """In the order in which it is written, with ranks and with what shares are of."""
        groups = [*UNIVERSE, *within]
        down = [False] * len(groups) + [True] + [False] * len(by)
        return (
            frame.lazy()
            .join(self.wholes.lazy(), on=UNIVERSE)
            .sort([*groups, "downloads", *by], descending=down)
            .with_columns(
                rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over(groups),
                downloads_share=share("downloads", "all_downloads"),
            )
        )

    def at_levels(self, frame: pl.DataFrame) -> pl.DataFrame:
        return pl.concat(
            [frame.with_columns(level=pl.lit(level), place=pl.col(column)) for level, column in LEVELS.items()]
        )


def of(names: list[str]) -> pl.Expr:
    """The downloads of all rows that have these in common."""
    return pl.col("downloads").sum().over([*UNIVERSE, *names])


def publish(
    staged: dict[str, pl.DataFrame], ingest: pl.DataFrame, facts: Facts, declared: dict, day: date, write: Write
):
    snapshot = Snapshot(staged, ingest, facts, declared, day)

    def publish_one(table: str, frame: pl.LazyFrame, columns: list[str | pl.Expr]):
        write(f"aggregate.{table}", frame.select(*UNIVERSE, *columns))

    overview(snapshot, write)
    who(snapshot, publish_one)
    what(snapshot, publish_one)
    words_tables(snapshot, publish_one, share)
    sizes_tables(snapshot, publish_one, share)


def overview(s: Snapshot, write: Write):
    missing = {}
    for name, kind in s.ingest.drop("n", *CONSTANTS).schema.items():
        column = pl.col(name)
        there = column.is_not_null()
        if kind == pl.String:
            there = there & (column.str.strip_chars(" ") != "")
        elif kind.base_type() == pl.List:
            there = there & (column.list.len() > 0)
        missing[name] = (~there).sum().cast(pl.Int64)
    counts = s.ingest.select(**missing).unpivot(variable_name="column_name", value_name="missing")
    write(
        "aggregate.missing_values",
        counts.sort(["missing", "column_name"], descending=[True, False])
        .with_columns(rows=pl.lit(s.ingest.height, dtype=pl.Int64))
        .select(
            pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("rank"),
            "column_name",
            "rows",
            "missing",
            share("missing", "rows").alias("missing_share"),
        ),
    )
    down = pl.col("downloads")
    spread = (
        s.each_universe(s.counted.select("all_time", "last_30d", *FLAGS))
        .group_by(UNIVERSE)
        .agg(
            counted=down.count().cast(pl.Int64),
            median_downloads=down.median(),
            without=(down == 0).sum(),
            under_200=(down < 200).sum(),
            of_1000=down.drop_nulls().top_k(1000).sum(),
        )
    )
    entities = s.each_universe(
        s.entities.select("entity_no", "accounts", "models", "likes", "all_time", "last_30d", *FLAGS)
    )
    totals = entities.group_by(UNIVERSE).agg(
        pl.col("models", "accounts", "downloads", "likes").sum(), entities=pl.len().cast(pl.Int64)
    )
    hub = s.wholes.filter(pl.col("universe") == "all").drop("universe")
    first = totals.filter(pl.col("universe") == "top50").select("period", of_50="downloads")
    write(
        "aggregate.hub_totals",
        totals.join(spread, on=UNIVERSE)
        .join(hub, on="period")
        .join(first, on="period")
        .sort(UNIVERSE)
        .select(
            pl.lit("models").alias("kind"),
            *UNIVERSE,
            "models",
            "accounts",
            "entities",
            "downloads",
            "likes",
            share("models", "all_models").alias("models_share"),
            share("downloads", "all_downloads").alias("downloads_share"),
            (pl.col("models") - pl.col("counted")).alias("uncounted_models"),
            share("downloads", "counted").alias("mean_downloads"),
            "median_downloads",
            share("without", "counted").alias("share_without_downloads"),
            share("under_200", "counted").alias("share_under_200_downloads"),
            share("of_50", "downloads").alias("top50_entities_share"),
            share("of_1000", "downloads").alias("top1000_models_share"),
            share("of_1000", "all_downloads").alias("top1000_models_share_of_all"),
            *(pl.lit(s.ingest[name].first(), dtype=pl.String).alias(name) for name in ("source", "coverage")),
        ),
    )


def who(s: Snapshot, one):
    columns = ["entity_no", "entity", "entity_type", "country", "accounts", "models", "likes", "all_time", "last_30d"]
    entities = s.ranked(s.each_universe(s.entities.select(*columns, *FLAGS)), [], ["entity_no"]).collect()
    so_far = pl.col("downloads").cum_sum().over(UNIVERSE)
    one(
        "entities",
        entities.lazy().with_columns(cumulative_share=share(so_far, "all_downloads")),
        "rank entity entity_type country accounts models downloads likes downloads_share cumulative_share".split(),
    )
    accounts = s.cells.lazy().group_by("account_no", "entity_no", *FLAGS).agg(*SUMS, pl.col("likes").sum()).collect()
    s.account_sums = s.each_universe(accounts)
    names = s.accounts.lazy().select("account_no", "account", "entity", "entity_type", "country")
    one(
        "accounts",
        s.ranked(s.account_sums, [], ["account_no"])
        .with_columns(share_of_entity=share("downloads", of(["entity_no"])))
        .join(names, on="account_no", maintain_order="left"),
        "rank account entity entity_type country models downloads likes downloads_share share_of_entity".split(),
    )
    profiles(s, entities, one)
    kinds = s.entities.select(
        "entity_type",
        *LEVELS.values(),
        "models",
        "all_time",
        "last_30d",
        *FLAGS,
        entities=pl.lit(1, dtype=pl.Int64),
    )
    kinds = kinds.group_by("entity_type", *LEVELS.values(), *FLAGS).agg(*SUMS, pl.col("entities").sum())
    kinds = s.each_universe(kinds)
    levels = s.at_levels(kinds)
    entities_of = pl.col("entities").sum()
    one(
        "entity_types_by_geography",
        s.ranked(
            s.summed(levels, ["entity_type", "level", "place"], entities_of), ["entity_type", "level"], ["place"]
        ).with_columns(
            share_of_type=share("downloads", of(["entity_type", "level"])),
            share_of_place=share("downloads", of(["level", "place"])),
        ),
        "entity_type level place rank entities models downloads downloads_share share_of_type share_of_place".split(),
    )


def profiles(s: Snapshot, entities: pl.DataFrame, one):
    whole = entities.lazy()
    for what, column in (("modality", "modality"), ("task", "task"), ("size_class", "size_class")):
        sums = s.entity_cells.lazy().group_by("entity_no", column).agg(*SUMS)
        parts = []
        for period in s.periods:
            # The first of the sorted rows of each entity: sorting once is cheaper than sorting every group.
            order = sums.sort([period, "models", column], descending=[True, True, False])
            found = order.group_by("entity_no", maintain_order=True).agg(
                pl.col(column).first().alias(f"first_{what}"),
                pl.col(period).first().alias(f"of_{what}"),
                ((pl.col(column) != "unknown") & (pl.col(period) * 20 > pl.col(period).sum()))
                .sum()
                .cast(pl.Int64)
                .alias(f"broad_{what}"),
            )
            parts.append(found.with_columns(period=pl.lit(period)))
        whole = whole.join(pl.concat(parts), on=["period", "entity_no"], how="left", maintain_order="left")
    tops = [
        s.entities.lazy().select(
            "entity_no",
            "first_created",
            "last_created",
            period=pl.lit(period),
            top_model=f"top_{period}",
            top_model_downloads=f"top_{period}_downloads",
        )
        for period in s.periods
    ]
    one(
        "entity_profiles",
        whole.join(pl.concat(tops), on=["period", "entity_no"], how="left", maintain_order="left"),
        [
            *"rank entity entity_type country accounts models downloads downloads_share".split(),
            "top_model",
            "top_model_downloads",
            share("top_model_downloads", "downloads").alias("top_model_share"),
            pl.col("first_modality").alias("modality"),
            share("of_modality", "downloads").alias("modality_share"),
            pl.col("broad_modality").alias("modalities_above_5_percent"),
            pl.col("first_task").alias("task"),
            share("of_task", "downloads").alias("task_share"),
            pl.col("first_size_class").alias("size_class"),
            share("of_size_class", "downloads").alias("size_class_share"),
            "first_created",
            "last_created",
            (pl.col("last_created") > s.day - timedelta(days=365)).alias("active_within_365_days"),
        ],
    )


def what(s: Snapshot, one):
    one(
        "modalities",
        s.ranked(s.summed(s.places, ["modality"]), [], ["modality"]),
        "modality rank models downloads downloads_share".split(),
    )
    one(
        "tasks",
        s.ranked(s.summed(s.places, ["task", "modality"]), [], ["task"]),
        "task modality rank models downloads downloads_share".split(),
    )
    nlp = pl.col("modality") == "NLP"
    architectures = s.places.group_by(*UNIVERSE, "architecture").agg(
        pl.col("models", "downloads").sum(),
        in_nlp_models=pl.col("models").filter(nlp).sum(),
        in_nlp_downloads=pl.col("downloads").filter(nlp).sum(),
    )
    one(
        "architectures",
        s.ranked(architectures, [], ["architecture"]).with_columns(
            share_of_nlp=share("in_nlp_downloads", pl.col("in_nlp_downloads").sum().over(UNIVERSE))
        ),
        "architecture rank models downloads downloads_share share_of_nlp in_nlp_models in_nlp_downloads".split(),
    )
    one(
        "modalities_by_geography",
        s.ranked(
            s.summed(s.at_levels(s.places), ["modality", "level", "place"]), ["modality", "level"], ["place"]
        ).with_columns(
            share_of_modality=share("downloads", of(["modality", "level"])),
            share_of_place=share("downloads", of(["level", "place"])),
        ),
        "modality level place rank models downloads downloads_share share_of_modality share_of_place".split(),
    )
    kinds = ["entity_type", "country"]
    for table, part, unit in (
        ("modalities_by_account", "modality", "account"),
        ("modalities_by_entity", "modality", "entity"),
        ("tasks_by_entity", "task", "entity"),
    ):
        cells = s.cells if unit == "account" else s.entity_cells
        sums = cells.lazy().group_by(part, f"{unit}_no", *FLAGS).agg(*SUMS).collect(engine="streaming")
        totals = s.account_sums if unit == "account" else s.each_universe(s.entities)
        names = (s.accounts if unit == "account" else s.entities).lazy().select(f"{unit}_no", unit, *kinds)
        wholes = s.summed(s.places, [part]).lazy().select(*UNIVERSE, part, part_downloads="downloads")
        unit_downloads = totals.lazy().select(*UNIVERSE, f"{unit}_no", unit_downloads="downloads")
        one(
            table,
            s.ranked(s.each_universe(sums), [part], [f"{unit}_no"])
            .join(wholes, on=[*UNIVERSE, part], maintain_order="left")
            .join(unit_downloads, on=[*UNIVERSE, f"{unit}_no"], maintain_order="left")
            .join(names, on=f"{unit}_no", maintain_order="left")
            .with_columns(
                share("downloads", "part_downloads").alias(f"share_of_{part}"),
                share("downloads", "unit_downloads").alias(f"share_of_{unit}"),
            ),
            [
                part,
                "rank",
                unit,
                *kinds,
                "models",
                "downloads",
                "downloads_share",
                f"share_of_{part}",
                f"share_of_{unit}",
            ],
        )
