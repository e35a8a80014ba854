"""How many parameters of a mixture of experts are active, by a fact, by the model's name, or by its base model's."""

import polars as pl

NUMBER = r"([0-9]{1,4}(?:\.[0-9]{1,4})?)"
STARTS = r"(?i)(?:^|[^a-z0-9.]|[^0-9]\.)"
MAY_SAY = r"(?i)[^a-z0-9]a[0-9.]+[bm]|moe|[0-9]b[^a-z0-9]+[0-9]+e"
ACTIVE = rf"(?i)(?:^|[^a-z0-9])a{NUMBER}([bm])(?:[^a-z0-9]|$)"
TWO = rf"{STARTS}{NUMBER}([bm])[^a-z0-9]+{NUMBER}([bm])(?:[^a-z0-9]|$)"
BEFORE_EXPERTS = rf"{STARTS}{NUMBER}(b)[^a-z0-9]+[0-9]{{1,4}}e(?:[^a-z0-9]|$)"


def mixtures_of(models: pl.LazyFrame, parents: pl.LazyFrame, facts: pl.DataFrame) -> pl.LazyFrame:
    """`n` and `active`; `parents` has the first one of each model."""
    of_base = parents.filter(pl.col("relation").is_in(["quantized", "finetune"])).select("n", "base_model")
    facts = facts.lazy().select("id", active="parameters")
    ids = pl.concat([models.select("id"), of_base.select(id="base_model")])
    names = ids.filter(pl.col("id").str.contains(MAY_SAY)).unique().join(facts, on="id", how="anti")
    name = pl.col("id").str.split("/").list.last()
    first, second = sized(name, TWO, 1), sized(name, TWO, 3)
    is_smaller = name.str.to_lowercase().str.contains("moe", literal=True) & (first < second)
    said = names.select(
        "id",
        active=pl.coalesce(sized(name, ACTIVE, 1), pl.when(is_smaller).then(first), sized(name, BEFORE_EXPERTS, 1))
        .round()
        .cast(pl.Int64),
    )
    known = pl.concat([facts, said.filter(pl.col("active") > 0)])
    own = models.select("n", "id").join(known, on="id")
    base = of_base.join(known, left_on="base_model", right_on="id")
    return pl.concat([own.select("n", "active"), base.select("n", "active")]).unique("n", keep="first", maintain_order=True)


def sized(name: pl.Expr, pattern: str, group: int) -> pl.Expr:
    unit = pl.when(name.str.extract(pattern, group + 1).str.to_lowercase() == "b").then(1e9).otherwise(1e6)
    return name.str.extract(pattern, group).cast(pl.Float64) * unit
