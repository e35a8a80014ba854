"""The number of parameters that a model's name states."""

import polars as pl

WORD = "[^A-Za-z0-9§]?[A-Za-z0-9§]+"
SIZE = "^(?<whole>[0-9]{1,4})(?:[§p](?<fraction>[0-9]+))?(?<unit>[bBmMT])(?<tenth>[0-9])?$"
NUMBER = "^[0-9]+(?:§[0-9]+)?[A-Za-z]?$"
NOT_SIZES = "tok token tokens seqlen context ctx step steps samples rows pairs sentences words images".split()


def sizes_in_names(names: pl.LazyFrame) -> pl.LazyFrame:
    """From `n` and `name`, in the order of `n`: `n` and `named`. Words of one name are neighbours throughout."""
    dot = ("([0-9])\\.([0-9])", "${1}§${2}")
    words = (
        names.select(
            "n",
            pl.col("name").str.replace_all(*dot).str.replace_all(*dot).str.extract_all(WORD).alias("found"),
            of_experts=pl.col("name").str.contains("(?i)moe"),
        )
        .explode("found", empty_as_null=False)
        .with_columns(
            word=pl.col("found").str.replace("^[^A-Za-z0-9§]", ""),
            separator=pl.col("found").str.extract("^([^A-Za-z0-9§])").fill_null(""),
        )
        .with_row_index("place")
    )

    def near(column: str, by: int) -> pl.Expr:
        return pl.when(pl.col("n") == pl.col("n").shift(by)).then(pl.col(column).shift(by)).fill_null("")

    around = words.with_columns(
        before=near("word", 1),
        separator_before=near("separator", 1),
        before_that=near("word", 2),
        after=near("word", -1).str.to_lowercase(),
        then=near("word", -2),
        p=pl.col("word").str.extract_groups(SIZE),
    ).unnest("p")
    cut_off = (
        pl.when(pl.col("before") == "0")
        .then(
            pl.col("separator").is_in(["_", "-"])
            & ~(
                pl.col("before_that").str.contains("^[vV][0-9]{1,4}$")
                & (pl.col("separator_before") == pl.col("separator"))
            )
        )
        .otherwise(
            pl.col("before").str.contains("^[1-9]$")
            & (pl.col("separator") == "_")
            & (pl.col("separator_before") != "_")
            & (pl.col("before_that").str.to_lowercase() != "llama")
        )
    )
    decimals = pl.coalesce("fraction", "tenth")
    number = (
        pl.when(decimals.is_not_null())
        .then(pl.format("{}.{}", "whole", decimals))
        .when(cut_off)
        .then(pl.format("{}.{}", "before", "whole"))
        .otherwise(pl.col("whole"))
        .cast(pl.Float64)
    )
    unit = pl.col("unit").str.to_uppercase()
    effective = pl.col("word").str.contains("^[eE][0-9]{1,4}[bB]$")
    stated = (
        pl.col("unit").is_not_null()
        & ~(pl.col("fraction").is_not_null() & pl.col("tenth").is_not_null())
        & ~pl.col("before").str.to_lowercase().is_in(["token", "tokens"])
        & ~(pl.col("after").is_in(NOT_SIZES) & ~pl.col("then").str.contains(NUMBER))
    )
    scale = pl.when(unit == "M").then(1e6).when(unit == "B").then(1e9).otherwise(1e12)
    sizes = (
        around.filter(stated | effective)
        .select(
            "n",
            "place",
            unit=unit,
            effective=effective,
            active_only=pl.col("after").str.contains("^[0-9]{1,4}e$"),
            of_experts="of_experts",
            parameters=(number * scale).round().cast(pl.Int64, strict=False),
        )
        .filter(pl.col("effective") | pl.col("parameters").is_between(1_000_000, 20_000_000_000_000))
        .with_columns(small=((pl.col("unit") == "M") & (pl.col("parameters") < 20_000_000)).fill_null(False))
        # Of two in a row the first may be no more than what is active.
        .with_columns(
            parameters=pl.when(
                pl.col("of_experts"),
                pl.col("n") == pl.col("n").shift(-1),
                pl.col("place") + 1 == pl.col("place").shift(-1),
            )
            .then(pl.max_horizontal("parameters", pl.col("parameters").shift(-1)))
            .otherwise("parameters")
        )
        .with_columns(after_small=(pl.col("small").cum_sum().over("n") - pl.col("small").cast(pl.UInt32)) > 0)
    )
    settles = (
        pl.col("effective")
        | pl.col("active_only")
        | (pl.col("unit") == "B")
        | ((pl.col("unit") == "M") & ~pl.col("small") & ~pl.col("after_small"))
    ).fill_null(False)
    settled = (
        sizes.filter(settles)
        .group_by("n", maintain_order=True)
        .agg(pl.when(~pl.col("active_only") & ~pl.col("effective")).then("parameters").first().alias("settled"))
    )
    otherwise = (
        sizes.filter(pl.col("small") | (pl.col("unit") == "T"))
        .group_by("n", maintain_order=True)
        .agg(pl.col("parameters").sort_by(~pl.col("small"), "place").first().alias("otherwise"))
    )
    return (
        settled.with_columns(is_settled=True)
        .join(otherwise, on="n", how="full", coalesce=True)
        .select("n", named=pl.when("is_settled").then("settled").otherwise("otherwise"))
    )
