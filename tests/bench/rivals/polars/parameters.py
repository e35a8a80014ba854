"""How many parameters a model has: by a correction or its own metadata, else by its base model, else by its name."""

import polars as pl
from names import sizes_in_names

OWN = {"corrected": "correction", "stored": "safetensors", "header": "gguf", "stated": "stated"}


def parameters_of(models: pl.LazyFrame, parents: pl.LazyFrame, facts: dict[str, pl.DataFrame], declared: dict):
    """`n`, `parameters`, `parameters_source` and `is_fixture`; `parents` has the first one of each model."""
    bounds = dict(facts["size_bounds"].select("bound", "parameters").iter_rows())
    own = own_sizes(models, parents, facts["size_corrections"], bounds["largest"], declared)
    # What takes the storage of a whole model is one.
    is_whole = (pl.col("storage_bytes") >= declared["whole_bytes"] * pl.col("named")).fill_null(False)
    own = own.with_columns(
        is_fixture=pl.col("named_as_fixture") | (pl.col("own") < bounds["fixture"]).fill_null(False),
        is_adapter=pl.col("is_adapter") & ~is_whole,
    ).collect(engine="streaming")
    named, of_base, relation = pl.col("named"), pl.col("base"), pl.col("relation")

    def is_held(number: pl.Expr) -> pl.Expr:
        return ~(number > pl.col("storage_bytes") / declared["least_bytes"]).fill_null(False)

    base = (
        own.lazy()
        .filter(pl.col("own").is_null() & ~pl.col("is_fixture") & ~pl.col("is_adapter"))
        .select("n", "named", "relation", "base_model", "storage_bytes")
        .join(own.lazy().filter(pl.col("own").is_not_null()).select(base_model="id", base="own"), on="base_model")
    )
    near = named.is_between(2 * of_base // 3, 4 * of_base // 3)
    same = pl.when(relation == "quantized").then(named.is_null() | named.is_between(of_base // 2, 2 * of_base))
    same = same.when(relation.is_in(["finetune", "merge"])).then(named.is_null() | near)
    same = same.when(relation == "unknown").then(near)
    base = base.filter(same.fill_null(False), is_held(of_base)).select("n", "base")
    fixture, alone = pl.col("is_fixture"), pl.col("own").is_null() & ~pl.col("is_adapter")
    return (
        own.lazy()
        .join(base, on="n", how="left", maintain_order="left")
        .with_columns(named=pl.when(is_held(named)).then(named))
        .select(
            "n",
            "is_fixture",
            parameters=pl.when(~fixture).then(pl.coalesce("own", pl.when(alone).then(pl.coalesce("base", "named")))),
            parameters_source=pl.when(fixture)
            .then(pl.lit("fixture"))
            .when(pl.col("own").is_not_null())
            .then("own_source")
            .when(pl.col("base").is_not_null())
            .then(pl.lit("base"))
            .when(alone & pl.col("named").is_not_null())
            .then(pl.lit("name"))
            .otherwise(pl.lit("unknown")),
        )
    )


def own_sizes(models: pl.LazyFrame, parents: pl.LazyFrame, corrections: pl.DataFrame, largest: int, declared: dict):
    """What a model itself tells, and what else is asked where it tells nothing."""
    storage = pl.when(pl.col("storage_bytes") > 0).then("storage_bytes")

    def believed(number: pl.Expr, *more: pl.Expr) -> pl.Expr:
        held = storage.is_null() | (storage >= declared["least_bytes"] * number)
        return pl.when(number.is_between(1, largest), held, *more).then(number)

    def is_held(number: pl.Expr) -> pl.Expr:
        return storage.is_null() | (storage <= declared["most_bytes"] * number)

    def is_doubted(number: pl.Expr) -> pl.Expr:
        return (storage > declared["many_bytes"] * number).fill_null(False)

    counts = pl.col("safetensors_parameters").list.eval(pl.element().str.split("=").list.last().cast(pl.Int64))

    def of_types(types: str) -> pl.Expr:
        entries = pl.element().filter(pl.element().str.contains(f"^(?:{types})="))
        numbers = pl.col("safetensors_parameters").list.eval(entries.str.split("=").list.last().cast(pl.Int64))
        return numbers.list.sum().fill_null(0)

    stored = pl.when(counts.list.len() > 0).then(counts.list.sum()).otherwise("safetensors_total")
    # What is not packed and of a type of one byte without sign, or of truth values, masks attention.
    elements = stored - of_types("BOOL|U8")
    header = pl.col("gguf_total")
    known = (
        models.join(corrections.lazy().select("id", corrected="parameters"), on="id", how="left", maintain_order="left")
        .join(counted_weights(models, declared), on="n", how="left", maintain_order="left")
        .join(parents, on="n", how="left", maintain_order="left")
        .select(
            "n",
            "id",
            storage.alias("storage_bytes"),
            "corrected",
            "base_model",
            "relation",
            stored=believed(elements, of_types("I32|U32|U8") <= declared["packed_share"] * stored),
            header=believed(header, is_held(header)),
            stated=believed(pl.col("weights"), is_held(pl.col("weights"))),
            is_adapter=(pl.col("relation") == "adapter").fill_null(False)
            | (pl.col("library").str.strip_chars(" ").str.to_lowercase() == "peft").fill_null(False)
            | pl.col("tags").list.contains("lora").fill_null(False),
            named_as_fixture=pl.col("id").str.contains(f"(?i){declared['fixture_names']}"),
        )
    )
    # A name is asked where there is no number, and where there is one that it may contradict.
    first = pl.coalesce("stored", "header", "stated")
    asked = pl.when(first.is_null()).then((~pl.col("is_adapter") | storage.is_not_null()) & ~pl.col("named_as_fixture"))
    asked = pl.col("corrected").is_null() & asked.otherwise(is_doubted(first))
    names = known.filter(asked & pl.col("id").str.contains("[0-9][bBmMT]")).select(
        "n", name=pl.col("id").str.split("/").list.last()
    )
    small = {
        name: pl.when(~(is_doubted(pl.col(name)) & (pl.col("named") > 2 * pl.col(name)).fill_null(False))).then(name)
        for name in ("stored", "header", "stated")
    }
    source = pl.lit(None, dtype=pl.String)
    for column, name in reversed(OWN.items()):
        source = pl.when(pl.col(column).is_not_null()).then(pl.lit(name)).otherwise(source)
    return (
        known.join(sizes_in_names(names), on="n", how="left", maintain_order="left")
        .with_columns(**small)
        .select(
            "n",
            "id",
            "storage_bytes",
            "base_model",
            "relation",
            "is_adapter",
            "named_as_fixture",
            "named",
            own=pl.coalesce(*OWN),
            own_source=source,
        )
    )


def counted_weights(models: pl.LazyFrame, declared: dict) -> pl.LazyFrame:
    """Those numbers that are stated without saying whence and count weights, as far as tags and names tell."""
    tags = pl.col("tags")

    def has(words: list[str]) -> pl.Expr:
        return tags.list.eval(pl.element().is_in(words)).list.any().fill_null(False)

    four_bit = has(declared["four_bit_tags"]) | pl.col("id").str.split("/").list.last().str.contains(
        f"(?i){declared['four_bit_names']}"
    )
    quantised = four_bit | (has(declared["packed_tags"]) & ~has(["fp8"]))
    only_gguf = has(["gguf"]) & ~has(["safetensors"])
    return models.filter(pl.col("stated_parameters") > 0).filter(only_gguf | ~quantised).select(
        "n", weights="stated_parameters"
    )
