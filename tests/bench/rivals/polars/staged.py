"""The staged tables: whose a model is, what it is, how large, in what, in which languages, made from what."""

from collections.abc import Callable

import polars as pl
from mixtures import mixtures_of
from parameters import parameters_of
from parents import parents_of
from read import Facts

Write = Callable[[str, pl.LazyFrame | pl.DataFrame], None]

# A language with script, region or variants, as BCP 47 writes it.
SUBTAGS = (
    "^([a-z]{2,3})(?:[-_][a-z]{4})?(?:[-_](?:[a-z]{2}|[0-9]{3}))?(?:[-_](?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*$"
)


def blank_to_null(text: pl.Expr) -> pl.Expr:
    stripped = text.str.strip_chars(" ")
    return pl.when(stripped != "").then(stripped)


def staged(ingest: pl.DataFrame, facts: Facts, declared: dict, write: Write) -> dict[str, pl.DataFrame]:
    """Writes them all; what the published tables need, in narrow frames."""
    models = owned(ingest.filter(pl.col("removed").ne_missing(True)), facts).collect(engine="streaming")
    accounts = owners(models, facts)
    # The snapshot is of models alone, and has nothing of what the Hub says of an account.
    write(
        "normalize.accounts",
        accounts.select(
            "account",
            "entity",
            "entity_type",
            "country",
            "continent",
            "eu_group",
            "listed",
            pl.lit(None, dtype=pl.String).alias("account_type"),
            "models",
            *(pl.lit(0, dtype=pl.Int64).alias(kind) for kind in ("datasets", "spaces", "papers")),
        ),
    )
    frameworks = frameworks_of(models, facts)
    write("enrich.model_frameworks", frameworks.drop("n"))
    languages = languages_of(models, facts, declared["listed"])
    write("enrich.model_languages", languages.drop("n"))
    parents = parents_of(models, facts, declared)
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
    named = facts["entity_names"]["entity"].implode()
    downloads = pl.coalesce("downloads_30d", "downloads_all_time").sum()
    counted = models.lazy().group_by("account").agg(models=pl.len().cast(pl.Int64), downloads=downloads)
    known = (
        counted.join(listed.rename({"entity": "exact"}), on="account", how="left")
        .with_columns(folded=pl.col("account").str.to_lowercase())
        .join(listed.select(folded=pl.col("account").str.to_lowercase(), caseless="entity"), on="folded", how="left")
        .with_columns(known=pl.coalesce("exact", "caseless"))
        .collect(engine="streaming")
    )
    # Of accounts that differ only in case the one with the most downloads, else the first by name.
    leading = (
        known.lazy()
        .filter(pl.col("known").is_null())
        .filter(pl.col("folded").is_duplicated())
        .sort("downloads", "account", descending=[True, False])
        .unique("folded", keep="first", maintain_order=True)
        .select("folded", leading="account")
    )
    own = pl.coalesce("leading", "account")
    found = (
        known.lazy()
        .join(leading, on="folded", how="left")
        .with_columns(
            listed=pl.col("known").is_not_null(),
            entity=pl.coalesce("known", pl.when(own.is_in(named)).then(own + " (account)").otherwise(own)),
        )
    )
    kinds = facts["entities"].lazy().select("entity", "entity_type", "country").with_columns(listed=True)
    places = facts["countries"].lazy().select("country", "continent", "in_eu")
    # What is said where no kind or country is known: it was looked for, or nobody has looked the account up.
    otherwise = pl.when("listed").then(pl.lit("unknown")).otherwise(pl.lit("unlisted"))
    country = pl.col("country").fill_null(otherwise)
    return (
        found.join(kinds, on=["entity", "listed"], how="left")
        .join(places, on="country", how="left")
        .with_columns(
            country,
            pl.col("entity_type").fill_null(otherwise),
            pl.col("continent").fill_null(country),
            eu_group=pl.when("in_eu").then(pl.lit("EU")).otherwise(country),
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


def languages_of(models: pl.DataFrame, facts: Facts, listed: int) -> pl.DataFrame:
    """The card, else those tags that are codes and that nothing says to be something else."""
    codes = pl.concat(
        [
            facts["languages"].select("code", "language"),
            facts["language_aliases"].select(code="value", language="language"),
        ]
    ).lazy()
    has_card = pl.col("languages").list.len() > 0
    card = (
        models.lazy()
        .filter(has_card)
        .select("n", value="languages")
        .explode("value")
        .select("n", value=blank_to_null(pl.col("value")))
        .drop_nulls()
        .unique()
        .with_columns(code=pl.col("value").str.to_lowercase())
        .join(codes, on="code", how="left")
        .with_columns(first=pl.col("code").str.extract(SUBTAGS))
        .join(codes.select(first="code", of_first="language"), on="first", how="left")
        .select("n", "value", language=pl.coalesce("language", "of_first"), origin=pl.lit("card"))
    )
    tagged = (
        models.lazy()
        .filter(has_card.not_().fill_null(True))
        .select("n", value="tags")
        .explode("value")
        .join(readable_tags(codes, facts), on="value")
        .unique(["n", "value"])
        .collect(engine="streaming")
    )
    return (
        pl.concat([card, taken(tagged, models, facts, listed)])
        .join(models.lazy().select("n", "id"), on="n")
        .sort("n", "value")
        .select("n", "id", "value", "language", "origin")
        .collect(engine="streaming")
    )


def readable_tags(codes: pl.LazyFrame, facts: Facts) -> pl.LazyFrame:
    """The tags that may be languages: how long they are, whether lists have them, whether they mean something else, and
    whether it takes more to say that they are one: those of three letters, and of families of models.
    """
    others = pl.concat(
        [facts["non_language_tags"]["tag"], facts["frameworks"]["tag"], facts["libraries"]["library"]]
    ).unique()
    tags = codes.select(
        "language",
        value="code",
        length=pl.col("code").str.len_chars(),
        published=pl.col("code").is_in(facts["language_lists"]["code"].unique().implode()),
        other=pl.col("code").is_in(others.implode()),
        family=pl.col("code").is_in(facts["model_families"]["tag"].implode()),
    ).filter(pl.col("published") | ~pl.col("other"))
    words = pl.LazyFrame({"value": ["multilingual"]}).with_columns(
        length=pl.col("value").str.len_chars(), published=False, other=False, family=False
    )
    return pl.concat([tags, words], how="diagonal").with_columns(doubtful=(pl.col("length") == 3) | pl.col("family"))


def taken(tagged: pl.DataFrame, models: pl.DataFrame, facts: Facts, listed: int) -> pl.LazyFrame:
    """Those in doubt need a list of languages beside them, or the model's name."""
    is_known = (pl.col("length") == 2) | (pl.col("published") & ~pl.col("other"))
    counted = tagged.with_columns(in_list=is_known.sum().over("n") >= listed)
    sure = ~pl.col("doubtful") | pl.col("in_list")
    found = pl.concat([counted.filter(sure), named(counted.filter(~sure & ~pl.col("other")), models, facts)])
    return found.lazy().select("n", "value", "language", origin=pl.lit("tag"))


def named(tagged: pl.DataFrame, models: pl.DataFrame, facts: Facts) -> pl.DataFrame:
    """Those whose model's name has the code, if that is of three letters, or a word of the language's name, and whose
    task has languages.
    """
    tasks = facts["pipeline_tags"].lazy().filter(pl.col("language_applies") == "false").select(task_tag="pipeline_tag")
    asked = (
        models.lazy()
        .select("n", "id", "pipeline_tag", "tags", "gguf_architecture")
        .join(tagged.lazy().select("n").unique(), on="n", how="semi")
        .with_columns(pipeline_tag=stated_task())
    )
    said = (
        with_task(asked, facts)
        .join(tasks, on="task_tag", how="anti")
        .select("n", word=pl.col("id").str.split("/").list.last().str.to_lowercase().str.extract_all("[a-z0-9]+"))
        .explode("word")
    )
    words = (
        facts["languages"]
        .lazy()
        .join(tagged.lazy().select(code="value").unique(), on="code", how="semi")
        .select(
            value="code",
            word=pl.col("name").str.to_lowercase().str.replace_all(r"\(.*\)", "").str.extract_all("[a-z]{5,}"),
        )
        .explode("word")
        .filter(pl.col("word") != "language")
    )
    codes = tagged.lazy().filter(pl.col("published") & (pl.col("length") == 3)).select("value", word="value").unique()
    evidence = said.join(pl.concat([codes, words]), on="word").select("n", "value")
    return tagged.lazy().join(evidence, on=["n", "value"], how="semi").collect(engine="streaming")


def stated_task() -> pl.Expr:
    return blank_to_null(pl.col("pipeline_tag")).str.to_lowercase().fill_null("unknown")


def with_task(models: pl.LazyFrame, facts: Facts) -> pl.LazyFrame:
    """Models with the tag that gives each its task, and what says so."""
    reviewed = facts["task_corrections"].lazy().select("id", reviewed="pipeline_tag")
    models = models.join(reviewed, on="id", how="left", maintain_order="left")
    models = models.join(tags_of_types(models, facts), on="n", how="left", maintain_order="left")
    return models.with_columns(
        task_tag=pl.coalesce("reviewed", "of_type", "pipeline_tag"),
        task_source=pl.when(pl.col("reviewed").is_not_null())
        .then(pl.lit("correction"))
        .when(pl.col("of_type").is_not_null())
        .then(pl.lit("model_type"))
        .when(pl.col("pipeline_tag") == "unknown")
        .then(pl.lit("unknown"))
        .otherwise(pl.lit("pipeline_tag")),
    )


def tags_of_types(models: pl.LazyFrame, facts: Facts) -> pl.LazyFrame:
    """The tag of how a model is built, where it states none or one that this takes the place of."""
    types = facts["model_type_tasks"]
    known = pl.element().is_in(types["model_type"].implode())
    header = pl.col("gguf_architecture").str.strip_chars(" ").str.to_lowercase()
    return (
        models.select("n", "pipeline_tag", "tags", "gguf_architecture")
        .filter(pl.col("pipeline_tag").is_in(["unknown", "feature-extraction"]))
        .select(
            "n",
            "pipeline_tag",
            model_type=pl.coalesce(pl.col("tags").list.eval(pl.element().filter(known)).list.first(), header),
        )
        .join(types.lazy().select("model_type", "replaces", of_type="pipeline_tag"), on="model_type")
        .filter((pl.col("pipeline_tag") == "unknown") | (pl.col("pipeline_tag") == pl.col("replaces")))
        .select("n", "of_type")
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
            "task",
            "modality",
            "hub_modality",
            "architecture",
            task_tag="pipeline_tag",
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
        mixtures_of(models.lazy(), first, facts["active_parameters"]),
    ]
    whole = models.lazy().with_columns(
        pipeline_tag=stated_task(),
        library=blank_to_null(pl.col("library")).str.to_lowercase().fill_null("unknown"),
        license=license_,
    )
    whole = whole.join(accounts.lazy().drop("models", "listed"), on="account", how="left", maintain_order="left")
    whole = with_task(whole, facts)
    whole = whole.join(tags, on="task_tag", how="left", maintain_order="left")
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
        pl.coalesce("task", "task_tag").alias("task"),
        "task_tag",
        "task_source",
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
        pl.when(pl.col("active") < pl.col("parameters")).then("active").alias("active_parameters"),
        "is_fixture",
        size_class(facts["size_classes"], "fine").alias("size_class"),
        size_class(facts["size_classes"], "coarse").alias("size_class_coarse"),
        size_class(facts["size_classes"], "large").alias("size_class_large"),
        "base_model",
        pl.col("relation").fill_null("original"),
        pl.col("language_count").fill_null(0),
        pl.col("framework_count").fill_null(0),
        pl.col("base_model_count").fill_null(0),
        pl.col("tags").list.len().cast(pl.Int64).fill_null(0).alias("tag_count"),
        "account_no",
        "entity_no",
    ).collect(engine="streaming")
