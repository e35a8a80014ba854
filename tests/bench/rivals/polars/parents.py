"""What models are made from."""

import polars as pl
from read import Facts


def parents_of(models: pl.DataFrame, facts: Facts, declared: dict) -> pl.DataFrame:
    """What models name, but not themselves, also not under another home or format; full weights beside copies in other
    formats are a finetune, and what has its base's name with an ending of copies is quantised. What is left without a
    base may be a copy of a model of its account.
    """
    named = named_parents(models)
    pair, reviewed = ["n", "base_model"], facts["relation_corrections"].lazy()
    said = (
        pl.when(pl.col("corrected").is_not_null())
        .then("corrected")
        .when("is_same")
        .then(pl.lit("original"))
        .when("is_full")
        .then(pl.lit("finetune"))
        .when("is_copy")
        .then(pl.lit("quantized"))
        .otherwise("relation")
    )
    judged = (
        named.lazy()
        .filter(pl.col("id") != pl.col("base_model"))
        .join(same_models(named, facts, declared).lazy().with_columns(is_same=True), on=pair, how="left")
        .join(full_weights(named, models, declared).lazy().with_columns(is_full=True), on=pair, how="left")
        .join(copies_by_name(named, declared).lazy().with_columns(is_copy=True), on=pair, how="left")
        .join(reviewed.select("id", "base_model", corrected="relation"), on=["id", "base_model"], how="left")
        .with_columns(relation=said)
        .filter(pl.col("relation") != "original")
        .select("n", "id", "base_model", "relation", "origin", "place")
        .collect(engine="streaming")
    )
    return (
        pl.concat([judged.lazy(), copies_of_own(judged, models, facts, declared)])
        .sort("n", "place", "base_model")
        .with_columns(position=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("n"))
        .select("n", "id", "base_model", "relation", "origin", "position")
        .collect(engine="streaming")
    )


def named_parents(models: pl.DataFrame) -> pl.DataFrame:
    """As the Hub resolved it, else tags, else the card; never from two of them. Ids that differ only in case are one
    model.
    """
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
    base_model = pl.col("base_model").str.strip_chars(" ")
    numbered = found.with_columns(base_model).with_row_index("place").collect(engine="streaming")
    stated = pl.col("relation").filter(pl.col("relation") != "unknown").min().fill_null("unknown")
    return (
        numbered.lazy()
        .join(spelled(numbered, models).lazy(), on="base_model", how="left")
        .with_columns(base_model=pl.coalesce("spelling", "base_model"))
        .group_by("n", "id", "base_model", "origin")
        .agg(pl.col("place").min(), relation=stated)
        .collect(engine="streaming")
    )


def spelled(named: pl.DataFrame, models: pl.DataFrame) -> pl.DataFrame:
    """Base models whose id no model has, but for case, with the first id that is the same by then."""
    folded = pl.col("base_model").str.to_lowercase()
    return (
        named.lazy()
        .select("base_model")
        .unique()
        .join(models.lazy().select(base_model="id"), on="base_model", how="anti")
        .with_columns(folded=folded)
        .join(models.lazy().select(spelling="id", folded=pl.col("id").str.to_lowercase()), on="folded")
        .group_by("base_model")
        .agg(pl.col("spelling").min())
        .collect(engine="streaming")
    )


def name_of(id: str) -> pl.Expr:
    return pl.col(id).str.split("/").list.last().str.to_lowercase()


def same_models(named: pl.DataFrame, facts: Facts, declared: dict) -> pl.DataFrame:
    """The pairs that are one model: at the same home, and, which is asked of these alone, with the same name."""
    legacy = facts["legacy_owners"]
    claims = facts["accounts"].group_by(pl.col("account").str.to_lowercase()).agg(pl.col("entity").min())

    def home(id: str) -> pl.Expr:
        account = pl.col(id).str.split("/").list.first()
        known = pl.col(id).replace_strict(legacy["id"], legacy["account"], default=None)
        account = pl.when(pl.col(id).str.contains("/", literal=True)).then(account).otherwise(known)
        account = account.str.to_lowercase()
        return account.replace_strict(claims["account"], claims["entity"], default=account)

    neighbours = (
        named.lazy()
        .filter(home("id") == home("base_model"))
        .join(named.lazy().select(base_model="id").unique(), on="base_model", how="anti")
        .select("n", "id", "base_model")
        .collect(engine="streaming")
    )
    bare = [name_of(id).str.replace(declared["same_weights_names"], "") for id in ("id", "base_model")]
    return neighbours.filter(bare[0] == bare[1]).select("n", "base_model")


def full_weights(named: pl.DataFrame, models: pl.DataFrame, declared: dict) -> pl.DataFrame:
    """The pairs that are called quantised for a copy beside full weights, with nothing that says it of these."""

    def has(words: str) -> pl.Expr:
        return pl.col("tags").list.eval(pl.element().is_in(declared[words])).list.any().fill_null(False)

    called = named.lazy().filter(pl.col("relation") == "quantized", name_of("id") != name_of("base_model"))
    tagged = (
        models.lazy()
        .select("n", "tags")
        .join(called.select("n").unique(), on="n", how="semi")
        .filter(has("copy_tags") & has("weight_tags") & ~has("quantised_tags"))
        .select("n")
    )
    pairs = called.join(tagged, on="n", how="semi").select("n", "id", "base_model").collect(engine="streaming")
    return pairs.filter(~name_of("id").str.contains(f"(?i){declared['quantised_names']}")).select(
        "n", "base_model"
    )


def copies_by_name(named: pl.DataFrame, declared: dict) -> pl.DataFrame:
    """The pairs that are called a finetune and have one name, but for an ending that says that it is quantised."""
    its, of_base = name_of("id"), name_of("base_model")
    longer = (
        named.lazy()
        .filter(pl.col("relation") == "finetune")
        .select("n", "base_model", its=its, of_base=of_base)
        .filter(pl.col("its").str.starts_with(pl.col("of_base")))
        .collect(engine="streaming")
    )
    added = pl.col("its").str.strip_prefix(pl.col("of_base"))
    return longer.filter(added.str.contains(f"^{declared['quantised_endings']}")).select("n", "base_model")


def copies_of_own(judged: pl.DataFrame, models: pl.DataFrame, facts: Facts, declared: dict) -> pl.LazyFrame:
    """What has no base model by then and bears the name of a model of its account with such an ending."""
    folded = pl.col("id").str.to_lowercase()
    reviewed = facts["relation_corrections"].lazy()
    return (
        models.lazy()
        .select("n", "id")
        .join(judged.lazy().select("n").unique(), on="n", how="anti")
        .with_columns(folded=folded.str.replace(declared["quantised_endings"], ""))
        .filter(pl.col("folded") != folded)
        .join(models.lazy().select(base_model="id", folded=folded), on="folded")
        .group_by("n", "id")
        .agg(pl.col("base_model").min())
        .join(reviewed.select("id", "base_model", "relation"), on=["id", "base_model"], how="left")
        .with_columns(pl.col("relation").fill_null("quantized"))
        .filter(pl.col("relation") != "original")
        .select(
            "n",
            "id",
            "base_model",
            "relation",
            origin=pl.lit("name"),
            place=pl.lit(0, dtype=judged.schema["place"]),
        )
    )
