"""The staged tables: whose a model is, what it is, how large, in what, in which languages, made from what."""

from collections.abc import Callable

import polars as pl
from parameters import parameters_of

Facts = dict[str, pl.DataFrame]
Write = Callable[[str, pl.LazyFrame | pl.DataFrame], None]


def blank_to_null(text: pl.Expr) -> pl.Expr:
    stripped = text.str.strip_chars(" ")
    return pl.when(stripped != "").then(stripped)


def staged(ingest: pl.DataFrame, facts: Facts, declared: dict, write: Write) -> dict[str, pl.DataFrame]:
    """Writes them all; what the published tables need, in narrow frames."""
    models = owned(ingest.filter(pl.col("removed").ne_missing(True)), facts).collect(engine="streaming")
    accounts = owners(models, facts)
    write("normalize.accounts", accounts.drop("account_no", "entity_no"))
    frameworks = frameworks_of(models, facts)
    write("enrich.model_frameworks", frameworks.drop("n"))
    languages = languages_of(models, facts)
    write("enrich.model_languages", languages.drop("n"))
    parents = parents_of(models)
    write("enrich.model_parents", parents.drop("n"))
    whole = enriched(models, accounts, frameworks, languages, parents, facts, declared)
    write(
        "normalize.models",
        whole.select(
            "id",
            "account",
            pl.col("id").str.split("/").list.last().alias("name"),
            (~pl.col("id").str.contains("/", literal=True)).alias("ownerless"),
            "entity",
            "entity_type",
            "country",
            "continent",
            "eu_group",
        ),
    )
    write("enrich.models", whole.drop("n", "account_no", "entity_no"))
    return {"models": whole, "accounts": accounts, "frameworks": frameworks, "languages": languages}


def owned(ingest: pl.DataFrame, facts: Facts) -> pl.LazyFrame:
    legacy = facts["legacy_owners"].lazy().select("id", legacy="account")
    account = (
        pl.when(pl.col("id").str.contains("/", literal=True))
        .then(pl.col("id").str.split("/").list.first())
        .otherwise(pl.coalesce("legacy", blank_to_null(pl.col("author")), "id"))
    )
    return (
        ingest.lazy()
        .join(legacy, on="id", how="left", maintain_order="left")
        .with_columns(account=account)
        .drop("legacy")
    )


def owners(models: pl.DataFrame, facts: Facts) -> pl.DataFrame:
    listed = facts["accounts"].lazy().select("account", "entity")
    named = facts["entities"]["entity"].implode()
    counted = models.lazy().group_by("account").agg(models=pl.len().cast(pl.Int64))
    found = (
        counted.join(listed.rename({"entity": "exact"}), on="account", how="left")
        .with_columns(folded=pl.col("account").str.to_lowercase())
        .join(listed.select(folded=pl.col("account").str.to_lowercase(), caseless="entity"), on="folded", how="left")
        .with_columns(known=pl.coalesce("exact", "caseless"))
        .with_columns(
            listed=pl.col("known").is_not_null(),
            entity=pl.coalesce(
                "known",
                pl.when(pl.col("account").is_in(named))
                .then(pl.col("account") + " (account)")
                .otherwise(pl.col("account")),
            ),
        )
    )
    kinds = facts["entities"].lazy().select("entity", "entity_type", "country").with_columns(listed=True)
    places = facts["countries"].lazy().select("country", "continent", "in_eu")
    return (
        found.join(kinds, on=["entity", "listed"], how="left")
        .join(places, on="country", how="left")
        .with_columns(
            pl.col("entity_type", "country", "continent").fill_null("unknown"),
            eu_group=pl.when("in_eu").then(pl.lit("EU")).otherwise(pl.col("country").fill_null("unknown")),
        )
        .sort("account")
        .select(
            "account",
            "entity",
            "entity_type",
            "country",
            "continent",
            "eu_group",
            "listed",
            "models",
            account_no=pl.int_range(pl.len(), dtype=pl.UInt32),
            entity_no=pl.col("entity").rank("dense").cast(pl.UInt32),
        )
        .collect(engine="streaming")
    )


def frameworks_of(models: pl.DataFrame, facts: Facts) -> pl.DataFrame:
    known = facts["frameworks"].lazy().select("tag", "framework")
    words = pl.concat(
        [
            models.lazy().select("n", "id", tag="tags").explode("tag"),
            models.lazy().select("n", "id", tag=pl.col("library").str.strip_chars(" ").str.to_lowercase()),
        ]
    )
    return (
        words.join(known, on="tag")
        .select("n", "id", "framework")
        .unique()
        .sort("n", "framework")
        .collect(engine="streaming")
    )


def languages_of(models: pl.DataFrame, facts: Facts) -> pl.DataFrame:
    codes = facts["languages"].lazy().select(code="code", language="language")
    friends = pl.concat(
        [facts["non_language_tags"]["tag"], facts["frameworks"]["tag"], facts["libraries"]["library"]]
    ).unique()
    card = (
        models.lazy()
        .filter(pl.col("languages").list.len() > 0)
        .select("n", "id", value="languages")
        .explode("value")
        .filter(pl.col("value").str.strip_chars(" ") != "")
        .unique()
    )
    plain = codes.filter(~pl.col("code").is_in(friends.implode())).select("code")
    tagged = (
        models.lazy()
        .select("n", "id", value="tags")
        .explode("value")
        .join(plain, left_on="value", right_on="code", how="semi")
        .join(card.select("n").unique(), on="n", how="anti")
        .unique()
    )
    return (
        pl.concat([card.with_columns(origin=pl.lit("card")), tagged.with_columns(origin=pl.lit("tag"))])
        .with_columns(code=pl.col("value").str.to_lowercase())
        .join(codes, on="code", how="left")
        .sort("n", "value")
        .select("n", "id", "value", "language", "origin")
        .collect(engine="streaming")
    )


def parents_of(models: pl.DataFrame) -> pl.DataFrame:
    """As the Hub resolved it, else tags, else the card; never from two of them."""
    there = pl.element().str.strip_chars(" ") != ""
    relation = pl.col("base_model_relation").fill_null("unknown")
    narrow = models.lazy().select(
        "n",
        "id",
        relation=relation,
        resolved=pl.col("base_models").list.eval(pl.element().filter(there)),
        written=pl.col("card_base_models").list.eval(pl.element().filter(there)),
        tags="tags",
    )
    resolved = narrow.filter(pl.col("resolved").list.len() > 0)
    others = narrow.filter(pl.col("resolved").list.len().fill_null(0) == 0)
    said = "^base_model:(?:(?<relation>finetune|adapter|quantized|merge):)?(?<base_model>.+)$"
    tagged = (
        others.select("n", "id", said="tags")
        .explode("said")
        .filter(pl.col("said").str.starts_with("base_model:"))
        .select("n", "id", pl.col("said").str.extract_groups(said))
        .unnest("said")
        .filter(pl.col("base_model").str.strip_chars(" ") != "")
        .select("n", "id", "base_model", pl.col("relation").fill_null("unknown"), origin=pl.lit("tag"))
    )
    written = others.filter(pl.col("written").list.len() > 0).join(tagged.select("n").unique(), on="n", how="anti")

    def parted(frame: pl.LazyFrame, column: str, origin: str) -> pl.LazyFrame:
        return frame.select("n", "id", pl.col(column).alias("base_model"), "relation", origin=pl.lit(origin)).explode(
            "base_model"
        )

    found = pl.concat([parted(resolved, "resolved", "base_models"), tagged, parted(written, "written", "card")])
    numbered = found.with_row_index("place")
    stated = pl.col("relation").filter(pl.col("relation") != "unknown").min().fill_null("unknown")
    once = numbered.group_by("n", "id", "base_model", "origin").agg(pl.col("place").min(), relation=stated)
    return (
        once.sort("n", "place")
        .with_columns(position=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("n"))
        .select("n", "id", "base_model", "relation", "origin", "position")
        .collect(engine="streaming")
    )


def size_class(classes: pl.DataFrame, scheme: str) -> pl.Expr:
    """The class whose bounds hold the number: one cut, no join."""
    rows = classes.filter(pl.col("scheme") == scheme).sort("position")
    cut = pl.col("parameters").cut(
        rows["min_parameters"].to_list()[1:], labels=rows["size_class"].to_list(), left_closed=True
    )
    return cut.cast(pl.String).fill_null("unknown")


def enriched(
    models: pl.DataFrame,
    accounts: pl.DataFrame,
    frameworks: pl.DataFrame,
    languages: pl.DataFrame,
    parents: pl.DataFrame,
    facts: Facts,
    declared: dict,
) -> pl.DataFrame:
    tags = (
        facts["pipeline_tags"]
        .lazy()
        .select(
            "pipeline_tag",
            "task",
            "modality",
            "hub_modality",
            "architecture",
            language_applies=pl.col("language_applies") == "true",
        )
    )
    tag = pl.col("tags").list.eval(
        pl.element().filter(pl.element().str.starts_with("license:") & (pl.element() != "license:"))
    )
    tag = blank_to_null(tag.list.first().str.strip_prefix("license:"))
    license_ = pl.coalesce(
        pl.when(tag.str.to_lowercase() != "other").then(tag),
        blank_to_null(pl.col("license")),
        tag,
        pl.lit("unknown"),
    ).str.to_lowercase()
    first = parents.lazy().filter(pl.col("position") == 1).select("n", "base_model", "relation")
    counts = [
        frameworks.lazy().group_by("n").agg(framework_count=pl.len().cast(pl.Int64)),
        languages.lazy().group_by("n").agg(language_count=pl.col("language").drop_nulls().n_unique().cast(pl.Int64)),
        parents.lazy().group_by("n").agg(base_model_count=pl.len().cast(pl.Int64)),
        first,
        parameters_of(models.lazy(), first, facts, declared),
    ]
    whole = models.lazy().with_columns(
        pipeline_tag=blank_to_null(pl.col("pipeline_tag")).str.to_lowercase().fill_null("unknown"),
        library=blank_to_null(pl.col("library")).str.to_lowercase().fill_null("unknown"),
        license=license_,
    )
    whole = whole.join(accounts.lazy().drop("models", "listed"), on="account", how="left", maintain_order="left")
    whole = whole.join(tags, on="pipeline_tag", how="left", maintain_order="left")
    families = facts["licenses"].lazy().select("license", license_family="family")
    whole = whole.join(families, on="license", how="left", maintain_order="left")
    for other in counts:
        whole = whole.join(other, on="n", how="left", maintain_order="left")
    return whole.select(
        "n",
        "id",
        "account",
        "entity",
        "entity_type",
        "country",
        "continent",
        "eu_group",
        "created_at",
        "last_modified",
        "downloads_30d",
        "downloads_all_time",
        "likes",
        "trending_score",
        "pipeline_tag",
        pl.coalesce("task", "pipeline_tag").alias("task"),
        pl.col("modality").fill_null("unknown"),
        pl.col("hub_modality").fill_null("unknown"),
        pl.col("architecture").fill_null("unknown"),
        pl.col("language_applies").fill_null(False),
        "library",
        "license",
        pl.when(pl.col("license") == "unknown")
        .then(pl.lit("unknown"))
        .otherwise(pl.col("license_family").fill_null("unlisted"))
        .alias("license_family"),
        "parameters",
        "parameters_source",
        "is_fixture",
        size_class(facts["size_classes"], "fine").alias("size_class"),
        size_class(facts["size_classes"], "coarse").alias("size_class_coarse"),
        "base_model",
        pl.col("relation").fill_null("original"),
        pl.col("language_count").fill_null(0),
        pl.col("framework_count").fill_null(0),
        pl.col("base_model_count").fill_null(0),
        pl.col("tags").list.len().cast(pl.Int64).fill_null(0).alias("tag_count"),
        "account_no",
        "entity_no",
    ).collect(engine="streaming")
