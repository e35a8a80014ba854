"""Rows of real snapshots of which the right value is known from elsewhere, and made-up rows where no snapshot has one.

Numbers of parameters are added up from the models' configurations, not taken from metadata. Beside single rows stands
what is true of every row of the same kind, held against the source's own columns.
"""

import csv
import json
import re

import duckdb
import pytest

from census import PROJECT

SNAPSHOTS = {
    "hub-stats": ("hub-stats", "hub_stats/models_{date}.parquet", "2026-05-24"),
    "radar": ("radar", "radar/models_{date}.jsonl.zst", "2026-08-22"),
    "starscreener": ("starscreener", "starscreener/{table}_{date}.json", "2026-05-02"),
    "february": ("census-2022-02", "census_2022/models_{date}.jsonl.zst", "2022-02-21"),
    "july": ("census-2022-07", "census_2022/models_{date}.csv.gz", "2022-07-02"),
    "transformersjs": ("transformersjs", "transformersjs_daily/models_{date}.parquet", "2025-10-15"),
    "made-up": ("radar", "models_{date}.jsonl", "2026-08-22"),
}
TABLES = ["enrich.models", "enrich.model_families", "enrich.model_languages", "aggregate.sizes_over_time"]
TABLES += ["enrich.model_origins", "aggregate.hub_totals", "aggregate.account_popularity"]

# As the source would have them, where no snapshot at hand does.
MADE_UP = [
    {"id": "Solenopsisbot/nullnet-mini-1.2q", "parameters": 1_202_590_842_880_000},
    {"id": "pizdec/one", "parameters": 1},
    {"id": "allenai/OLMoE-1B-7B-0924"},
    {"id": "mistralai/Mixtral-8x7B-v0.1"},
    {"id": "NucleusAI/nucleus-22B-token-500B"},
    {"id": "SicariusSicariiStuff/LLAMA-3_8B_Unaligned"},
    {"id": "ContextualAI/archangel_sft-dpo_pythia1-4b"},
    {"id": "ContextualAI/archangel_sft-kto_pythia2-8b"},
    {"id": "Qwen/Qwen2.5-7B", "parameters": 7_615_616_512},
    {"id": "jane/Qwen2.5-7B-tune", "base_model": "Qwen/Qwen2.5-7B", "tags": ["base_model:finetune:Qwen/Qwen2.5-7B"]},
    {"id": "Yi/by-a-user"},
    {"id": "Unbabel/a"},
    {"id": "mosaicml/a"},
    {"id": "neuralmagic/a"},
    {"id": "jinaai/a"},
    {"id": "THUDM/a"},
]


def decoder(vocabulary: int, width: int, layers: int, heads: int, keys: int, ffn: int, **more: int) -> int:
    """Parameters of a decoder with gated layers and grouped heads (`heads` and `keys` are their widths together)."""
    experts = more.get("experts", 1)
    attention = 2 * width * heads + 2 * width * keys + more.get("bias", 0) * (heads + 2 * keys)
    layer = attention + 2 * more.get("head_norm", 0) + experts * 3 * width * ffn + 2 * width
    router = width * experts if experts > 1 else 0
    return vocabulary * width * more.get("embeddings", 2) + layers * (layer + router) + width


def encoder(width: int, layers: int, ffn: int) -> int:
    """Parameters of layers of attention and a plain feed-forward net, all with biases and two norms."""
    return layers * (4 * (width * width + width) + 2 * width * ffn + ffn + width + 4 * width)


def t5(vocabulary: int, width: int, layers: int, heads: int, ffn: int, embeddings: int) -> int:
    """Parameters of an encoder-decoder with gated layers, of heads of 64."""
    attention, gated = 4 * width * heads * 64, 3 * width * ffn
    encoder_, decoder_ = attention + gated + 2 * width, 2 * attention + gated + 3 * width
    return vocabulary * width * embeddings + layers * (encoder_ + decoder_) + 2 * 32 * heads + 2 * width


QWEN3_06B = decoder(151_936, 1024, 28, 2048, 1024, 3072, head_norm=128, embeddings=1)
QWEN25_05B = decoder(151_936, 896, 24, 896, 128, 4864, bias=1, embeddings=1)
MIXTRAL = decoder(32_000, 4096, 32, 4096, 1024, 14_336, experts=8)
BGE_M3 = (250_002 + 8_194 + 1) * 1024 + 2 * 1024 + encoder(1024, 24, 4096) + 1024 * 1024 + 1024
CLIP_TEXT = (49_408 + 77) * 512 + encoder(512, 12, 2048) + 2 * 512
CLIP_IMAGE = (1 + 3 * 32 * 32 + 50) * 768 + encoder(768, 12, 3072) + 4 * 768
CLIP = CLIP_TEXT + CLIP_IMAGE + 512 * 512 + 768 * 512 + 1


def neox(vocabulary: int, width: int, layers: int) -> int:
    return 2 * vocabulary * width + encoder(width, layers, 4 * width) + 2 * width


SIZES = [
    # A joke, and a model of a test suite.
    ("made-up", "Solenopsisbot/nullnet-mini-1.2q", None, "unknown"),
    ("radar", "Solenopsisbot/nullnet-19.98q", None, "unknown"),
    ("made-up", "pizdec/one", None, "fixture"),
    ("radar", "LayerFault/provenance-manifest-chain", None, "fixture"),
    # A drafter or a part stands for all.
    ("radar", "Jackrong/Qwopus3.6-35B-A3B-Coder-MTP-GGUF", 35_000_000_000, "name"),
    ("radar", "SC117/Qwen3.6-35B-A3B-uncensored-heretic-Native-MTP-Preserved-APEX-GGUF", 35_000_000_000, "name"),
    ("radar", "Jackrong/Qwen3.8-27B-MTP-GGUF", 27_000_000_000, "name"),
    ("radar", "audio-cpp/MiniMax-Music3-GGUF", 2_431_905_920, "base"),
    # Packed weights.
    ("radar", "a2genesis/Qwen3.8-27B-NVFP4", 27_781_427_952, "base"),
    ("radar", "orcarouter/Qwen3.8-27B-Uncensored-NVFP4", 27_781_427_952, "base"),
    ("radar", "amd/Qwen3.8-27B-Quark-Qronos-INT4-W4A16", 27_781_427_952, "base"),
    # A total that counts something twice, and heads that are tied and stored.
    ("hub-stats", "google/gemma-4-26B-A4B", 25_805_936_206, "safetensors"),
    ("hub-stats", "google/gemma-4-26B-A4B-it", 25_805_936_206, "safetensors"),
    ("hub-stats", "google/gemma-4-31B-it", 31_273_088_876, "safetensors"),
    ("hub-stats", "google/gemma-4-31B", 31_273_088_876, "correction"),
    ("radar", "google/gemma-4-31B", 31_273_088_876, "correction"),
    ("radar", "Qwen/Qwen3-0.6B", QWEN3_06B, "correction"),
    ("starscreener", "Qwen/Qwen3-0.6B", QWEN3_06B, "correction"),
    ("hub-stats", "Qwen/Qwen2.5-0.5B", QWEN25_05B, "safetensors"),
    # Nothing is stated.
    ("radar", "BAAI/bge-m3", BGE_M3, "correction"),
    ("hub-stats", "openai/clip-vit-base-patch32", CLIP, "correction"),
    ("hub-stats", "google/flan-t5-base", t5(32_128, 768, 12, 12, 2048, 2), "correction"),
    # Names.
    ("hub-stats", "allenai/OLMoE-1B-7B-0924", 7_000_000_000, "name"),
    ("made-up", "allenai/OLMoE-1B-7B-0924", 7_000_000_000, "name"),
    ("made-up", "mistralai/Mixtral-8x7B-v0.1", None, "unknown"),
    ("hub-stats", "mistralai/Mixtral-8x7B-v0.1", MIXTRAL, "safetensors"),
    ("made-up", "NucleusAI/nucleus-22B-token-500B", 22_000_000_000, "name"),
    ("hub-stats", "NucleusAI/nucleus-22B-token-500B", 21_827_961_856, "safetensors"),
    ("made-up", "SicariusSicariiStuff/LLAMA-3_8B_Unaligned", 8_000_000_000, "name"),
    ("made-up", "ContextualAI/archangel_sft-dpo_pythia1-4b", neox(50_304, 2048, 24), "correction"),
    ("made-up", "ContextualAI/archangel_sft-kto_pythia2-8b", neox(50_304, 2560, 32), "correction"),
    ("made-up", "jane/Qwen2.5-7B-tune", 7_615_616_512, "base"),
]

TASKS = [
    ("hub-stats", "google/flan-t5-base", "text2text-generation", "model_type", "NLP"),
    ("hub-stats", "google/flan-t5-xxl", "text2text-generation", "model_type", "NLP"),
    ("hub-stats", "google/mt5-small", "text2text-generation", "model_type", "NLP"),
    ("hub-stats", "google/mt5-xxl", "text2text-generation", "model_type", "NLP"),
]

OWNERS = [
    # The library went from Darmstadt to Hugging Face in October 2025, ggml.ai in February 2026.
    ("february", "sentence-transformers", "Sentence-transformers", "DE"),
    ("july", "sentence-transformers", "Sentence-transformers", "DE"),
    ("radar", "sentence-transformers", "Hugging Face", "FR"),
    ("radar", "ggml-org", "Hugging Face", "FR"),
    ("radar", "ggerganov", "Hugging Face", "FR"),
    ("july", "neuralmagic", "Neural Magic", "US"),
    ("made-up", "neuralmagic", "Red Hat", "US"),
    ("made-up", "mosaicml", "Databricks", "US"),
    ("made-up", "jinaai", "Elastic", "US"),
    ("july", "THUDM", "THUDM", "CN"),
    ("made-up", "THUDM", "Z.ai", "CN"),
    ("made-up", "Unbabel", "Unbabel", "PT"),
    # Beside their sisters.
    ("radar", "litert-community", "Google", "US"),
    ("radar", "Alibaba-DAMO-Academy", "Alibaba", "CN"),
    ("radar", "xiaomi-research", "Xiaomi", "CN"),
    ("radar", "OpenVINO", "Intel", "US"),
    ("radar", "hfmlsoc", "Hugging Face", "FR"),
    ("radar", "optimum-intel-internal-testing", "Hugging Face", "FR"),
    ("radar", "meta-models", "Meta", "US"),
    ("hub-stats", "dphn", "Cognitive Computations", "unknown"),
    # A user of that name is nobody else.
    ("made-up", "Yi", "Yi", "unlisted"),
    # Concluded from totals.
    ("radar", "mradermacher", "mradermacher", "unknown"),
]

LANGUAGES = [("jw", "jv"), ("iw", "he"), ("jp", "ja"), ("cn", "zh"), ("zhs", "zh"), ("zht", "zh")]

# Methods, libraries and licences that are spelled like languages.
NO_LANGUAGES = "bge oss mri ane bio gis dev raw mlp agi ptq crf tcq gsp pid moq kyc swe ara".split()


# Who made what a model was made from in the beginning, as their cards tell, near and far.
ORIGINS = [
    ("radar", "Qwen/Qwen3.6-35B-A3B", "Qwen/Qwen3.6-35B-A3B", "Alibaba", "CN", 0),
    ("radar", "nvidia/Qwen3.6-35B-A3B-NVFP4", "Qwen/Qwen3.6-35B-A3B", "Alibaba", "CN", 1),
    ("radar", "sentence-transformers/all-MiniLM-L6-v2", "nreimers/MiniLM-L6-H384-uncased", "Nils Reimers", "DE", 1),
    ("hub-stats", "openai/whisper-large-v3-turbo", "openai/whisper-large-v3", "OpenAI", "US", 1),
    ("hub-stats", "prithivMLmods/Viper-Coder-v1.7-Vsm6", "Qwen/Qwen2.5-14B", "Alibaba", "CN", 13),
    ("starscreener", "Qwen/Qwen2.5-7B-Instruct", "Qwen/Qwen2.5-7B", "Alibaba", "CN", 1),
]


@pytest.fixture(scope="session")
def made_up(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made_up")
    lines = (json.dumps({"downloads_30d": 1, "likes": 1, "removed": False} | model) + "\n" for model in MADE_UP)
    (folder / "models_2026-08-22.jsonl").write_text("".join(lines), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def known(census, real_data, made_up):
    """The tables of a snapshot, as views by their own names, and the source's rows as `ingested`."""
    made = {}

    def of(snapshot: str) -> duckdb.DuckDBPyConnection:
        if snapshot not in made:
            source, location, date = SNAPSHOTS[snapshot]
            lake = census(f"known-{snapshot}")
            folder = made_up if snapshot == "made-up" else real_data
            lake.run(source, f"{folder}/{location}", date, *(f"+{table}" for table in TABLES))
            duck = made[snapshot] = duckdb.connect()
            for table in [*TABLES, "ingest.models", "enrich.model_parents"]:
                if path := lake.file(table, date):
                    name = "ingested" if table == "ingest.models" else table.split(".")[1]
                    duck.execute(f"CREATE VIEW {name} AS FROM '{path}'")
            duck.execute("CREATE VIEW both_of AS FROM ingested JOIN models USING (id)")
        return made[snapshot]

    return of


def ask(duck, query: str, *values: object) -> list[tuple]:
    return duck.execute(query, list(values)).fetchall()


@pytest.mark.parametrize(("snapshot", "id", "parameters", "source"), SIZES)
def test_size(known, snapshot, id, parameters, source):
    query = "SELECT parameters, parameters_source FROM models WHERE id = $1"
    assert ask(known(snapshot), query, id) == [(parameters, source)]


def test_sizes_of_a_source_that_states_none(known):
    """Within 5% of what the files of the same models say, in sources that state it, for 95 in a hundred."""
    stated = "SELECT id, parameters FROM models WHERE parameters_source NOT IN ('base', 'name', 'fixture', 'unknown')"
    exact = dict(ask(known("radar"), stated)) | dict(ask(known("hub-stats"), stated))
    query = "SELECT id, parameters FROM models WHERE parameters IS NOT NULL"
    found = [(id, number) for id, number in ask(known("starscreener"), query) if id in exact]
    assert len(found) > 90
    near = [id for id, number in found if abs(number - exact[id]) <= 0.05 * exact[id]]
    assert len(near) >= 0.95 * len(found), sorted({id for id, _ in found} - set(near))


@pytest.mark.parametrize(("snapshot", "id", "task", "source", "modality"), TASKS)
def test_task(known, snapshot, id, task, source, modality):
    query = "SELECT pipeline_tag, task, task_source, modality FROM models WHERE id = $1"
    assert ask(known(snapshot), query, id) == [("unknown", task, source, modality)]


@pytest.mark.parametrize(
    ("snapshot", "most"),
    [("radar", 0.01), ("hub-stats", 0.001), ("starscreener", 0.01), ("february", 0.015), ("july", 0.03)],
)
def test_few_downloads_are_of_no_task(known, snapshot, most):
    query = "SELECT sum(downloads_30d) FILTER (task = 'unknown') / sum(downloads_30d) FROM models"
    ((share,),) = ask(known(snapshot), query)
    assert 0 < share < most


@pytest.mark.parametrize(("snapshot", "account", "entity", "country"), OWNERS)
def test_owner(known, snapshot, account, entity, country):
    found = ask(known(snapshot), "SELECT DISTINCT entity, country FROM models WHERE account = $1", account)
    assert found == [(entity, country)]


@pytest.mark.parametrize(("value", "language"), LANGUAGES)
def test_value_that_means_a_language(known, value, language):
    query = "SELECT DISTINCT language FROM model_languages WHERE value = $1"
    assert ask(known("hub-stats"), query, value) == [(language,)]


def test_values_that_are_no_language(known):
    query = "SELECT DISTINCT value, language FROM model_languages WHERE value IN ('und', '\\no', 'multilingual')"
    assert sorted(ask(known("hub-stats"), query)) == [("\\no", None), ("multilingual", None), ("und", None)]


def test_tags_that_are_spelled_like_languages(known):
    """Many models have them, and none speaks what they would be."""
    bare = "SELECT count(*) FROM ingested WHERE coalesce(len(languages), 0) = 0 AND list_has_any(tags, $1)"
    assert ask(known("radar"), bare, NO_LANGUAGES)[0][0] > 50
    read = "SELECT id, value FROM model_languages WHERE origin = 'tag' AND list_contains($1, value)"
    assert ask(known("radar"), read, NO_LANGUAGES) == []


@pytest.mark.parametrize("snapshot", ["radar", "hub-stats", "starscreener", "february", "transformersjs"])
def test_a_tag_of_three_letters_is_a_language_by_a_list_or_the_name(known, snapshot):
    query = """
        SELECT id, value, tags FROM model_languages JOIN ingested USING (id)
        WHERE origin = 'tag' AND length(value) = 3 AND language IS NOT NULL"""
    with open(PROJECT / "data/reference/languages.csv", encoding="utf-8", newline="") as file:
        names = {row["code"]: re.findall("[a-z]{5,}", row["name"].lower()) for row in csv.DictReader(file)}
    for id, value, tags in ask(known(snapshot), query):
        short = [tag for tag in tags if re.fullmatch("[a-z]{2,3}", tag)]
        words = re.split("[^a-z0-9]+", id.split("/")[-1].lower())
        assert len(short) >= 4 or {value, *names[value]} & set(words), (id, value)


def test_yiddish_makes_no_model_one_of_01_ai(known):
    assert ask(known("radar"), "SELECT id FROM model_families WHERE maker = '01.AI'") == []
    speaks = "SELECT DISTINCT language FROM model_languages WHERE value = 'yi'"
    assert ask(known("radar"), speaks) == [("yi",)]
    others = """SELECT id FROM model_families JOIN model_languages USING (id)
                WHERE maker = '01.AI' AND family_source = 'tag' AND value = 'yi'"""
    assert ask(known("hub-stats"), others) == []
    own = "SELECT count(*), count(maker) FROM models LEFT JOIN model_families USING (id) WHERE account = '01-ai'"
    assert ask(known("hub-stats"), own) == [(20, 20)]


def test_an_architecture_makes_no_model_one_of_meta(known):
    """Each descends from a model of Meta's families, or is named after one."""
    sources = "SELECT DISTINCT family_source FROM model_families WHERE maker = 'Meta' ORDER BY 1"
    assert ask(known("hub-stats"), sources) == [("lineage",), ("name",)]
    built = """SELECT id, maker FROM model_families f JOIN models USING (id)
               WHERE f.architecture = 'Llama' AND account IN ('01-ai', 'HuggingFaceTB', 'tiiuae', 'deepseek-ai')
                 AND id NOT ILIKE '%llama%'"""
    found = ask(known("hub-stats"), built)
    assert len(found) > 20
    assert "Meta" not in {maker for _, maker in found}


@pytest.mark.parametrize(("snapshot", "id", "origin", "entity", "country", "generations"), ORIGINS)
def test_origin(known, snapshot, id, origin, entity, country, generations):
    query = "SELECT origin, origin_entity, origin_country, generations FROM model_origins WHERE id = $1"
    assert ask(known(snapshot), query, id) == [(origin, entity, country, generations)]


def test_full_weights_beside_a_copy_are_not_quantised(known):
    id = "sentence-transformers/all-MiniLM-L6-v2"
    assert ask(known("radar"), "SELECT relation, base_model FROM models WHERE id = $1", id) == [
        ("finetune", "nreimers/MiniLM-L6-H384-uncased")
    ]
    ((share,),) = ask(
        known("radar"), "SELECT sum(downloads_30d) FILTER (relation = 'quantized') / sum(downloads_30d) FROM models"
    )
    assert 0.1 < share < 0.16


def test_a_joke_moves_no_mean(known):
    query = "SELECT mean_parameters FROM sizes_over_time WHERE year = '2026' AND universe = 'all'"
    assert all(20e9 < mean < 40e9 for (mean,) in ask(known("radar"), query))


@pytest.mark.parametrize("snapshot", ["radar", "hub-stats", "starscreener", "transformersjs"])
def test_sizes_of_a_kind(known, snapshot):
    """What no row may be, by the source's own columns."""
    duck = known(snapshot)
    assert ask(duck, "SELECT id FROM models WHERE parameters > 10_000_000_000_000") == []
    too_large = """SELECT id FROM both_of WHERE parameters_source IN ('stated', 'gguf', 'name', 'base')
                   AND (storage_bytes > 0 AND storage_bytes < parameters // 10)"""
    assert ask(duck, too_large) == []
    part = "SELECT id FROM both_of WHERE parameters_source IN ('stated', 'gguf') AND storage_bytes > 150 * parameters"
    assert ask(duck, part) == []
    packed = """SELECT id FROM both_of WHERE parameters_source = 'stated' AND NOT list_contains(tags, 'gguf')
                AND (list_has_any(tags, ['nvfp4', 'mxfp4', 'int4', '4-bit'])
                     OR regexp_matches(split_part(id, '/', 2), '(?i)(nvfp4|mxfp4|w4a16|[^a-z]int4)'))"""
    assert ask(duck, packed) == []
    adapters = """SELECT id FROM both_of WHERE relation = 'adapter' AND (parameters_source = 'base'
                  OR parameters_source = 'name' AND coalesce(storage_bytes, 0) < 0.4 * parameters)"""
    assert ask(duck, adapters) == []
    fixtures = """SELECT id FROM both_of WHERE (is_fixture AND parameters IS NOT NULL)
                  OR (NOT is_fixture AND (parameters < 1000 OR id ILIKE '%tiny-random%'))"""
    assert ask(duck, fixtures) == []


def test_fixtures_are_in_the_totals(known):
    duck = known("radar")
    ((models,),) = ask(duck, "SELECT count(*) FROM models")
    ((counted,),) = ask(duck, "SELECT DISTINCT models FROM hub_totals WHERE kind = 'models' AND universe = 'all'")
    assert counted == models == ask(duck, "SELECT count(*) FROM ingested WHERE removed IS NOT TRUE")[0][0]
    assert ask(duck, "SELECT count(*) FROM models WHERE is_fixture")[0][0] > 20


def test_what_a_source_does_not_state_is_not_zero(known):
    """The census of July 2022 has no likes, and of some models no downloads."""
    duck = known("july")
    assert ask(duck, "SELECT DISTINCT likes FROM hub_totals WHERE kind = 'models'") == [(None,)]
    assert ask(duck, "SELECT count(*) FROM models WHERE likes IS NOT NULL") == [(0,)]
    ((unknown,),) = ask(known("february"), "SELECT count(*) FROM models WHERE downloads_30d IS NULL")
    assert unknown == 212
    uncounted = "SELECT DISTINCT uncounted_models FROM hub_totals WHERE kind = 'models' AND universe = 'all'"
    assert ask(known("february"), uncounted) == [(212,)]
