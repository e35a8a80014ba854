"""What comes in: the snapshot's rows and the reference tables."""

from datetime import date, datetime
from pathlib import Path

import polars as pl

Facts = dict[str, pl.DataFrame]
# The columns of ingest.models; what a source does not have is null.
COLUMNS = {
    "id": pl.String,
    "repo_id": pl.String,
    "author": pl.String,
    "created_at": pl.Datetime("us"),
    "last_modified": pl.Datetime("us"),
    "downloads_30d": pl.Int64,
    "downloads_all_time": pl.Int64,
    "likes": pl.Int64,
    "trending_score": pl.Float64,
    "pipeline_tag": pl.String,
    "library": pl.String,
    "license": pl.String,
    "languages": pl.List(pl.String),
    "tags": pl.List(pl.String),
    "base_models": pl.List(pl.String),
    "base_model_relation": pl.String,
    "card_base_models": pl.List(pl.String),
    "safetensors_parameters": pl.List(pl.String),
    "safetensors_total": pl.Int64,
    "gguf_total": pl.Int64,
    "gguf_architecture": pl.String,
    "stated_parameters": pl.Int64,
    "storage_bytes": pl.Int64,
    "gated": pl.String,
    "private": pl.Boolean,
    "disabled": pl.Boolean,
    "removed": pl.Boolean,
    "sha": pl.String,
}
# And those that are the same in all rows.
CONSTANTS = {"counters_date": pl.Date, "source": pl.String, "coverage": pl.String, "part": pl.String}
COUNTS = [name for name, kind in COLUMNS.items() if kind == pl.Int64]


def rows(raw: str, kind: str, constants: dict[str, date | str | None]) -> pl.DataFrame:
    """The rows that stay, sorted by id; `n` is their number from here on."""
    found = parquet(raw) if kind == "parquet" else ndjson(raw)
    present = found.collect_schema().names()
    slashes = pl.col("id").str.count_matches("/", literal=True)
    kept = found.filter(
        pl.col("id").str.strip_chars(" ").fill_null("") != "",
        slashes <= 1,
        ~pl.col("id").str.starts_with("/"),
        ~pl.col("id").str.ends_with("/"),
        *(pl.col(name).fill_null(0) >= 0 for name in COUNTS if name in present),
        *(
            pl.col(name).is_null() | pl.col(name).is_between(datetime(2015, 1, 1), datetime(2100, 1, 1), closed="left")
            for name in ("created_at", "last_modified")
        ),
    )
    # Sorted without regard to the file's order only if no id comes twice, which one column tells.
    frame = kept.collect(engine="streaming")
    if frame["id"].n_unique() < frame.height:
        frame = frame.unique(subset="id", keep="first", maintain_order=True)
    empty = [pl.lit(None, dtype=dtype).alias(name) for name, dtype in COLUMNS.items() if name not in present]
    same = [pl.lit(constants[name], dtype=dtype).alias(name) for name, dtype in CONSTANTS.items()]
    return frame.sort("id").with_columns(empty).select(*COLUMNS, *same).with_row_index("n")


def strings(value: pl.Expr) -> pl.Expr:
    """A string, or the strings of a list, of a value in JSON."""
    several = value.str.starts_with("[")
    listed = pl.when(several).then(value).str.json_decode(pl.List(pl.String))
    blank = pl.element().is_not_null() & (pl.element().str.strip_chars(" ") != "")
    return (
        pl.when(several)
        .then(listed.list.eval(pl.element().filter(blank)))
        .when(value.str.strip_chars(" ") == "")
        .then(pl.lit([], dtype=pl.List(pl.String)))
        .when(value.is_not_null())
        .then(pl.concat_list(value))
    )


def entries(parameters: pl.Expr, names: list[str]) -> pl.Expr:
    """`dtype=count` for each data type that is there."""
    texts = [pl.format("{}={}", pl.lit(name), parameters.struct.field(name)) for name in names]
    return pl.when(parameters.is_not_null()).then(pl.concat_list(texts).list.drop_nulls())


def parquet(raw: str) -> pl.LazyFrame:
    source = pl.scan_parquet(raw)
    types = source.collect_schema()["safetensors"]
    names = [field.name for field in next(f for f in types.fields if f.name == "parameters").dtype.fields]
    card, parameters = pl.col("cardData"), pl.col("safetensors").struct.field("parameters")
    return source.select(
        "id",
        "author",
        pl.col("createdAt").cast(pl.Datetime("us")).alias("created_at"),
        pl.col("lastModified").cast(pl.Datetime("us")).alias("last_modified"),
        pl.col("downloads").alias("downloads_30d"),
        pl.col("downloadsAllTime").alias("downloads_all_time"),
        "likes",
        pl.col("trendingScore").cast(pl.Float64).alias("trending_score"),
        "pipeline_tag",
        pl.col("library_name").alias("library"),
        strings(card.str.json_path_match("$.license")).list.first().alias("license"),
        strings(card.str.json_path_match("$.language")).alias("languages"),
        "tags",
        pl.col("baseModels").struct.field("models").list.eval(pl.element().struct.field("id")).alias("base_models"),
        pl.col("baseModels").struct.field("relation").alias("base_model_relation"),
        strings(card.str.json_path_match("$.base_model")).alias("card_base_models"),
        entries(parameters, names).alias("safetensors_parameters"),
        pl.col("safetensors").struct.field("total").alias("safetensors_total"),
        pl.col("gguf").str.json_path_match("$.total").cast(pl.Int64).alias("gguf_total"),
        pl.col("gguf").str.json_path_match("$.architecture").alias("gguf_architecture"),
    )


# What NDJSON has of the data types in safetensors is not declared anywhere; these are the ones the Hub has.
DTYPES = "BF16 F32 F8_E4M3 U8 I64 F8_E8M0 I8 I32 F16 U32 BOOL I16 U16 C64 F64 miku fastllm F8_E5M2 U64 F6_E2M3".split()


def ndjson(raw: str) -> pl.LazyFrame:
    fields = {
        "_id": pl.String,
        "id": pl.String,
        "modelId": pl.String,
        "author": pl.String,
        "createdAt": pl.String,
        "lastModified": pl.String,
        "downloads": pl.Int64,
        "downloadsAllTime": pl.Int64,
        "likes": pl.Int64,
        "trendingScore": pl.Float64,
        "pipeline_tag": pl.String,
        "library_name": pl.String,
        "tags": pl.List(pl.String),
        # A string or a list of strings, which as a string stays JSON.
        "cardData": pl.Struct({"license": pl.String, "language": pl.String, "base_model": pl.String}),
        "baseModels": pl.Struct({"relation": pl.String, "models": pl.List(pl.Struct({"id": pl.String}))}),
        "safetensors": pl.Struct({"parameters": pl.Struct(dict.fromkeys(DTYPES, pl.Int64)), "total": pl.Int64}),
        "gguf": pl.Struct({"total": pl.Int64, "architecture": pl.String}),
        "usedStorage": pl.Int64,
        "gated": pl.String,
        "private": pl.Boolean,
        "disabled": pl.Boolean,
        "sha": pl.String,
    }
    card, safetensors, gguf = (pl.col(name).struct for name in ("cardData", "safetensors", "gguf"))
    return pl.scan_ndjson(raw, schema=fields).select(
        pl.coalesce("id", "modelId").alias("id"),
        pl.col("_id").alias("repo_id"),
        "author",
        *(
            pl.col(name).str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us").alias(as_)
            for name, as_ in (("createdAt", "created_at"), ("lastModified", "last_modified"))
        ),
        pl.col("downloads").alias("downloads_30d"),
        pl.col("downloadsAllTime").alias("downloads_all_time"),
        "likes",
        pl.col("trendingScore").alias("trending_score"),
        "pipeline_tag",
        pl.col("library_name").alias("library"),
        strings(card.field("license")).list.first().alias("license"),
        strings(card.field("language")).alias("languages"),
        "tags",
        pl.col("baseModels").struct.field("models").list.eval(pl.element().struct.field("id")).alias("base_models"),
        pl.col("baseModels").struct.field("relation").alias("base_model_relation"),
        strings(card.field("base_model")).alias("card_base_models"),
        entries(safetensors.field("parameters"), DTYPES).alias("safetensors_parameters"),
        safetensors.field("total").alias("safetensors_total"),
        gguf.field("total").alias("gguf_total"),
        gguf.field("architecture").alias("gguf_architecture"),
        pl.col("usedStorage").alias("storage_bytes"),
        "gated",
        "private",
        "disabled",
        "sha",
    )


def reference(project: Path, day: date) -> Facts:
    """The curated facts, those with dates as they hold on the day."""
    facts = {path.stem: pl.read_csv(path, infer_schema=False) for path in (project / "data/reference").glob("*.csv")}
    facts["legacy_owners"] = facts["legacy_owners"].filter(pl.col("kind") == "models")
    # Those of any day: no other account goes under the name of one.
    facts["entity_names"] = facts["entities"].select("entity").unique()
    for name in ("entities", "accounts"):
        facts[name] = facts[name].filter(holds("valid_from", "valid_to", day))
    facts["countries"] = facts["countries"].with_columns(
        in_eu=pl.col("eu_from").is_not_null() & holds("eu_from", "eu_to", day)
    )
    facts["size_classes"] = facts["size_classes"].with_columns(
        pl.col("position", "min_parameters", "max_parameters").cast(pl.Int64)
    )
    for name in ("active_parameters", "size_bounds", "size_corrections"):
        facts[name] = facts[name].with_columns(pl.col("parameters").cast(pl.Int64))
    return facts


def holds(first: str, last: str, day: date) -> pl.Expr:
    text = pl.lit(day.isoformat())
    return (text >= pl.col(first).fill_null("0001-01-01")) & (text <= pl.col(last).fill_null("9999-12-31"))
