"""JSON, line by line: the Hub's API items, and the cards and GGUF headers that Parquet holds as texts.

pyarrow reads a declared schema and skips all else. A card's `license`, `language` and `base_model` are a string or a
list of strings; one replacement over the whole text makes them lists, so that one schema fits all lines. Inside of a
string quotes are escaped, so that only keys are found.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

ONE_STRING = r'"(license|language|base_model)":\s*("(?:[^"\\]|\\.)*")'
CHUNK = 1 << 24
STRINGS = pa.list_(pa.string())
CARD = {"license": STRINGS, "language": STRINGS, "base_model": STRINGS}
GGUF = {"total": pa.int64(), "architecture": pa.string()}
# What NDJSON has of the data types in safetensors is not declared anywhere; these are the ones the Hub has.
DTYPES = "BF16 F32 F8_E4M3 U8 I64 F8_E8M0 I8 I32 F16 U32 BOOL I16 U16 C64 F64 miku fastllm F8_E5M2 U64 F6_E2M3".split()
ITEM = {
    "_id": pa.string(),
    "id": pa.string(),
    "modelId": pa.string(),
    "author": pa.string(),
    "createdAt": pa.string(),
    "lastModified": pa.string(),
    "downloads": pa.int64(),
    "downloadsAllTime": pa.int64(),
    "likes": pa.int64(),
    "trendingScore": pa.float64(),
    "pipeline_tag": pa.string(),
    "library_name": pa.string(),
    "tags": STRINGS,
    "cardData": pa.struct(CARD),
    "baseModels": pa.struct({"relation": pa.string(), "models": pa.list_(pa.struct({"id": pa.string()}))}),
    "safetensors": pa.struct({"parameters": pa.struct(dict.fromkeys(DTYPES, pa.int64())), "total": pa.int64()}),
    "gguf": pa.struct(GGUF),
    "usedStorage": pa.int64(),
    "gated": pa.string(),
    "private": pa.bool_(),
    "disabled": pa.bool_(),
    "sha": pa.string(),
}


def parsed(text: pa.Buffer, fields: dict[str, pa.DataType], threads: bool) -> pa.Table:
    return pj.read_json(
        pa.BufferReader(text),
        read_options=pj.ReadOptions(block_size=CHUNK, use_threads=threads),
        parse_options=pj.ParseOptions(explicit_schema=pa.schema(fields), unexpected_field_behavior="ignore"),
    )


def objects(texts: pa.StringArray, fields: dict[str, pa.DataType], change: Callable) -> dict[str, pa.Array]:
    """What is asked of the objects in a column of JSON, changed before it is read; null where there is none."""
    there = pc.fill_null(pc.starts_with(texts, "{"), False)
    lines = pc.binary_join_element_wise(change(texts.filter(there)), "", "\n")
    found = parsed(lines.buffers()[2], fields, True) if len(lines) else pa.schema(fields).empty_table()
    there = there.to_numpy(zero_copy_only=False)
    at = pa.array(np.cumsum(there) - 1, mask=~there)
    return {name: found[name].combine_chunks().take(at) for name in fields}


def card_columns(texts: pa.StringArray) -> dict[str, pa.Array]:
    return of_card(objects(texts, CARD, lambda lines: pc.replace_substring_regex(lines, ONE_STRING, r'"\1":[\2]')))


def header_columns(texts: pa.StringArray) -> dict[str, pa.Array]:
    found = objects(texts, GGUF, lambda lines: lines)
    return {"gguf_total": found["total"], "gguf_architecture": found["architecture"].dictionary_encode()}


def of_card(card: dict[str, pa.Array]) -> dict[str, pa.Array]:
    license_, language, base_model = (coded(without_blank(card[name])) for name in CARD)
    return {
        "license": first(license_),
        "languages": language,
        "card_base_models": base_model,
    }


def without_blank(lists: pa.ListArray) -> pa.ListArray:
    """Blank strings and nulls say nothing; there are hardly any."""
    flat = lists.flatten()
    said = pc.fill_null(pc.not_equal(pc.utf8_trim(flat, " "), ""), False)
    if pc.all(said, min_count=0).as_py():
        return lists
    said = said.to_numpy(zero_copy_only=False)
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    so_far = np.concatenate(([0], np.cumsum(said)))
    offsets = so_far[np.concatenate(([0], np.cumsum(lengths)))].astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), flat.filter(pa.array(said)), mask=lists.is_null())


def coded(lists: pa.ListArray) -> pa.ListArray:
    """The strings of lists as categories."""
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), lists.flatten().dictionary_encode(), mask=lists.is_null())


def first(lists: pa.ListArray) -> pa.Array:
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    at = np.cumsum(lengths) - lengths
    return lists.flatten().take(pa.array(at, mask=lengths == 0))


def entries(parameters: pa.StructArray) -> pa.ListArray:
    """A type and a count for each data type that is there, in the order of the fields."""
    names = [field.name for field in parameters.type]
    whose, types, counts = [], [], []
    for place, name in enumerate(names):
        column = pc.struct_field(parameters, name)
        if column.null_count < len(column):
            there = column.is_valid().to_numpy(zero_copy_only=False)
            whose.append(np.flatnonzero(there))
            types.append(np.full(len(whose[-1]), place, dtype=np.int32))
            counts.append(column.drop_null().to_numpy())
    whose, types, counts = (np.concatenate(parts or [np.empty(0, np.int64)]) for parts in (whose, types, counts))
    order = np.argsort(whose, kind="stable")
    kinds = pa.DictionaryArray.from_arrays(pa.array(types[order].astype(np.int32)), pa.array(names))
    flat = pa.StructArray.from_arrays([kinds, pa.array(counts[order])], ["type", "count"])
    offsets = np.concatenate(([0], np.cumsum(np.bincount(whose, minlength=len(parameters))))).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), flat, mask=parameters.is_null())


def ndjson(raw: str) -> dict[str, pa.ChunkedArray]:
    """Pieces of whole lines, as many at a time as there are processors."""
    size = Path(raw).stat().st_size
    ends = [0]
    with open(raw, "rb") as file:
        while ends[-1] < size:
            file.seek(min(ends[-1] + CHUNK, size))
            file.readline()
            ends.append(file.tell())
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        parts = list(pool.map(lambda begin, end: items(raw, begin, end), ends, ends[1:]))
    return dict(zip(parts[0], map(pa.chunked_array, zip(*(part.values() for part in parts), strict=True)), strict=True))


def items(raw: str, begin: int, end: int) -> dict[str, pa.Array]:
    with open(raw, "rb") as file:
        file.seek(begin)
        text = pa.py_buffer(file.read(end - begin))
    whole = pa.LargeStringArray.from_buffers(1, pa.py_buffer(np.array([0, len(text)])), text)
    whole = pc.replace_substring_regex(whole, ONE_STRING, r'"\1":[\2]')
    # A word or a truth value; the API leaves no space before it.
    for value in ("false", "true"):
        whole = pc.replace_substring(whole, f'"gated":{value}', f'"gated":"{value}"')
    table = parsed(whole.buffers()[2], ITEM, False)
    columns = {name: table[name].combine_chunks() for name in ITEM}
    base, safetensors, gguf, card = (columns[name] for name in ("baseModels", "safetensors", "gguf", "cardData"))
    models = pc.struct_field(base, "models")
    parents = pa.ListArray.from_arrays(models.offsets, pc.struct_field(models.values, "id"), mask=models.is_null())
    time = pa.timestamp("us", tz="UTC")
    made = {
        "id": pc.coalesce(columns["id"], columns["modelId"]),
        "repo_id": columns["_id"],
        "author": columns["author"].dictionary_encode(),
        "created_at": columns["createdAt"].cast(time),
        "last_modified": columns["lastModified"].cast(time),
        "downloads_30d": columns["downloads"],
        "downloads_all_time": columns["downloadsAllTime"],
        "likes": columns["likes"],
        "trending_score": columns["trendingScore"],
        "pipeline_tag": columns["pipeline_tag"].dictionary_encode(),
        "library": columns["library_name"].dictionary_encode(),
        "tags": coded(columns["tags"]),
        "base_models": coded(parents),
        "base_model_relation": pc.struct_field(base, "relation").dictionary_encode(),
        "safetensors": entries(pc.struct_field(safetensors, "parameters")),
        "safetensors_total": pc.struct_field(safetensors, "total"),
        "gguf_total": pc.struct_field(gguf, "total"),
        "gguf_architecture": pc.struct_field(gguf, "architecture").dictionary_encode(),
        "storage_bytes": columns["usedStorage"],
        "gated": columns["gated"].dictionary_encode(),
        "private": columns["private"],
        "disabled": columns["disabled"],
        "sha": columns["sha"],
    }
    return made | of_card({name: pc.struct_field(card, name) for name in CARD})
