//! Models of which each says in its own way what it is made from, what it does
//! and which family it is of.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::world::World;

/// Items of the Hub's API, one a line. Besides, `base` is what it was made from
/// and `relation` how; `is` has what it is, by columns of `enrich.models` and of
/// `enrich.model_families`, `null` if nothing is known.
const KIN: &str = r#"
{"id": "user-20/itself", "base": "user-20/itself", "relation": "finetune", "is": {"relation": "original", "base_model": null}}
{"id": "user-20/first", "is": {"relation": "original"}}
{"id": "user-20/first-hf", "base": "user-20/first", "relation": "finetune", "is": {"relation": "original", "base_model": null}}
{"id": "USER-20/First_MLX.fp16-safetensors", "base": "user-20/first", "relation": "quantized", "is": {"relation": "original"}}
{"id": "user-20/first-mlx", "base": "user-20/first", "relation": "quantized", "is": {"relation": "quantized"}}
{"id": "user-20/first-fp8", "base": "user-20/first", "relation": "quantized", "is": {"relation": "quantized"}}
{"id": "user-21/first-hf", "base": "user-20/first", "relation": "finetune", "is": {"relation": "finetune"}}
{"id": "user-20/first-bf16", "base": "user-20/first-hf", "relation": "finetune", "is": {"relation": "finetune", "base_model": "user-20/first-hf"}}
{"id": "google-bert/bert-base-uncased", "base": "google/bert-base-uncased-hf", "relation": "finetune", "is": {"relation": "original"}}
{"id": "google-bert/bert-base-cased", "base": "bert-base-cased", "relation": "finetune", "is": {"relation": "original"}}
{"id": "user-20/bert-base-cased", "base": "bert-base-cased", "relation": "finetune", "is": {"relation": "finetune", "family": "BERT", "family_source": "lineage"}}
{"id": "user-20/of-no-known-home", "base": "of-no-known-home", "relation": "adapter", "is": {"relation": "adapter"}}
{"id": "user-20/gone-1", "base": "user-20/GONE-1-fp16", "relation": "adapter", "is": {"relation": "original"}}

{"id": "user-22/full", "tags": ["safetensors", "onnx"], "base": "user-20/first", "relation": "quantized", "is": {"relation": "finetune"}}
{"id": "user-22/full-of-rust", "tags": ["openvino", "rust"], "base": "user-20/first", "relation": "quantized", "is": {"relation": "finetune"}}
{"id": "user-22/no-copy", "tags": ["safetensors", "pytorch"], "base": "user-20/first", "relation": "quantized", "is": {"relation": "quantized"}}
{"id": "user-22/only-a-copy", "tags": ["gguf"], "base": "user-20/first", "relation": "quantized", "is": {"relation": "quantized"}}
{"id": "user-22/by-a-tag", "tags": ["safetensors", "gguf", "int8"], "base": "user-20/first", "relation": "quantized", "is": {"relation": "quantized"}}
{"id": "user-22/first", "tags": ["safetensors", "gguf"], "base": "user-20/First", "relation": "quantized", "is": {"relation": "quantized"}}
{"id": "user-22/full-adapter", "tags": ["safetensors", "gguf"], "base": "user-20/first", "relation": "adapter", "is": {"relation": "adapter"}}
{"id": "user-22/x-GGUF", "tags": ["safetensors", "gguf"], "base": "user-20/first", "relation": "quantized", "is": {"relation": "quantized"}}
{"id": "user-22/x-IQ3_xs-imat", "tags": ["safetensors", "gguf"], "base": "user-20/first", "relation": "quantized", "is": {"relation": "quantized"}}
{"id": "user-22/x.q9", "tags": ["safetensors", "gguf"], "base": "user-20/first", "relation": "quantized", "is": {"relation": "finetune"}}
{"id": "user-22/x_iwq4", "tags": ["safetensors", "gguf"], "base": "user-20/first", "relation": "quantized", "is": {"relation": "finetune"}}
{"id": "user-22/x-4-BIT", "tags": ["safetensors", "gguf"], "base": "user-20/first", "relation": "quantized", "is": {"relation": "quantized"}}
{"id": "user-22/x-4_bit", "tags": ["safetensors", "gguf"], "base": "user-20/first", "relation": "quantized", "is": {"relation": "finetune"}}
{"id": "user-22/x-14-bit", "tags": ["safetensors", "gguf"], "base": "user-20/first", "relation": "quantized", "is": {"relation": "finetune"}}
{"id": "user-22/w8a16", "tags": ["safetensors", "gguf"], "base": "user-20/first", "relation": "quantized", "is": {"relation": "quantized"}}
{"id": "OBLITERATUS/Qwen3.8-27B-OBLITERATED", "tags": ["mlx", "gguf"], "base": "Qwen/Qwen3.8-27B", "relation": "quantized", "is": {"relation": "finetune", "family": "Qwen", "family_source": "lineage"}}
{"id": "DeepBeepMeep/Wan2.1", "tags": ["safetensors", "gguf"], "base": "Wan-AI/Wan2.1-T2V-1.3B", "relation": "finetune", "is": {"relation": "quantized", "task_tag": "text-to-video", "task_source": "correction", "pipeline_tag": "unknown"}}

{"id": "user-28/In-Two-Cases", "is": {"relation": "original"}}
{"id": "user-28/of-another-case", "base": "USER-28/in-two-cases", "relation": "adapter", "is": {"relation": "adapter", "base_model": "user-28/In-Two-Cases"}}
{"id": "user-28/of-one-not-there", "base": "USER-28/Not-There", "relation": "adapter", "is": {"relation": "adapter", "base_model": "USER-28/Not-There"}}
{"id": "user-28/Itself", "base": "user-28/ITSELF", "relation": "finetune", "is": {"relation": "original", "base_model": null}}
{"id": "user-28/twins", "is": {"relation": "original"}}
{"id": "user-28/Twins", "is": {"relation": "original"}}
{"id": "user-28/of-the-second-twin", "base": "user-28/twins", "relation": "merge", "is": {"base_model": "user-28/twins"}}
{"id": "user-28/of-some-twin", "base": "user-28/TWINS", "relation": "merge", "is": {"base_model": "user-28/Twins"}}

{"id": "user-29/own", "is": {"relation": "original"}}
{"id": "user-29/own-FP8", "is": {"relation": "quantized", "base_model": "user-29/own"}}
{"id": "user-29/own-FP8-dynamic", "is": {"relation": "quantized", "base_model": "user-29/own"}}
{"id": "USER-29/Own_GGUF.i1-IQ4_K_M", "is": {"relation": "quantized", "base_model": "user-29/own"}}
{"id": "user-29/own-1-bit", "is": {"relation": "quantized", "base_model": "user-29/own"}}
{"id": "user-29/own-wq8_0_any", "is": {"relation": "quantized", "base_model": "user-29/own"}}
{"id": "user-29/own-9bit", "is": {"relation": "original"}}
{"id": "user-29/own-iwq4", "is": {"relation": "original"}}
{"id": "user-29/own-q4-0", "is": {"relation": "original"}}
{"id": "user-29/own-q4_", "is": {"relation": "original"}}
{"id": "user-29/own-gguf-of-mine", "is": {"relation": "original"}}
{"id": "user-29/ownGGUF", "is": {"relation": "original"}}
{"id": "user-29/not-there-AWQ", "is": {"relation": "original"}}
{"id": "user-30/own-FP8", "is": {"relation": "original"}}
{"id": "user-29/own-int8", "base": "user-20/first", "relation": "finetune", "is": {"relation": "finetune", "base_model": "user-20/first"}}
{"id": "user-29/own-hqq", "base": "user-29/OWN-HQQ", "relation": "finetune", "is": {"relation": "quantized", "base_model": "user-29/own"}}
{"id": "of-no-account", "is": {"relation": "original"}}
{"id": "of-no-account-onnx", "is": {"relation": "quantized", "base_model": "of-no-account"}}

{"id": "user-31/own-mlx-1bit", "base": "user-29/OWN", "relation": "finetune", "is": {"relation": "quantized", "base_model": "user-29/own"}}
{"id": "user-31/own-tuned-mlx", "base": "user-29/own", "relation": "finetune", "is": {"relation": "finetune"}}
{"id": "user-31/own", "base": "user-29/own", "relation": "finetune", "is": {"relation": "finetune"}}
{"id": "user-31/own-gguf", "base": "user-29/own", "relation": "merge", "is": {"relation": "merge"}}
{"id": "user-31/own-q4_0", "base": "user-29/own", "is": {"relation": "unknown"}}

{"id": "user-32/masked", "safetensors": {"parameters": {"F32": 4999999, "U8": 4999998, "BOOL": 1}, "total": 9999998}, "is": {"parameters_source": "safetensors", "size_class": "<5M"}}
{"id": "user-32/not-masked", "safetensors": {"parameters": {"F32": 4999999, "I8": 1}, "total": 5000000}, "is": {"parameters_source": "safetensors", "size_class": "5–25M"}}
{"id": "user-32/masked-beside-integers", "safetensors": {"parameters": {"F32": 2500000, "I32": 2499999, "U8": 1}, "total": 5000000}, "is": {"parameters_source": "safetensors", "size_class": "<5M"}}

{"id": "user-33/some-30B-A3B", "is": {"size_class_large": "30–100B"}}
{"id": "user-33/copy-of-some", "base": "user-33/some-30B-A3B", "relation": "quantized", "is": {"relation": "quantized"}}
{"id": "user-33/adapter-of-some", "base": "user-33/some-30B-A3B", "relation": "adapter", "is": {"relation": "adapter"}}
{"id": "user-33/granite-moe.A400M-1.5b", "is": {"size_class_large": "1–9B"}}
{"id": "user-33/MoE-1B-7B.v2", "is": {"size_class_large": "1–9B"}}
{"id": "user-33/moe-7B-1B", "is": {"size_class_large": "1–9B"}}
{"id": "user-33/scout-17B-16E", "safetensors": {"parameters": {"BF16": 109000000000}, "total": 109000000000}, "is": {"size_class_large": "≥100B"}}
{"id": "user-33/a3b-of-2B", "is": {"size_class_large": "1–9B"}}
{"id": "user-33/8x7B-9B", "is": {"size_class_large": "9–30B"}}

{"id": "user-23/of-no-tag", "tags": ["bert", "albert"], "is": {"task": "fill-mask", "task_source": "model_type", "pipeline_tag": "unknown"}}
{"id": "user-23/in-capitals", "tags": ["BERT"], "is": {"task": "unknown", "task_source": "unknown"}}
{"id": "user-23/by-a-header", "tags": ["safetensors"], "gguf": {"total": 7000000, "architecture": " Bert "}, "is": {"task": "fill-mask", "task_source": "model_type"}}
{"id": "user-23/by-the-tag-before-the-header", "tags": ["clip"], "gguf": {"total": 7000000, "architecture": "bert"}, "is": {"task_tag": "zero-shot-image-classification", "modality": "computer vision", "task_source": "model_type"}}
{"id": "user-23/says-little", "tags": ["clip"], "pipeline_tag": "Feature-Extraction", "is": {"pipeline_tag": "feature-extraction", "task_tag": "zero-shot-image-classification", "task_source": "model_type"}}
{"id": "user-23/says-enough-for-its-type", "tags": ["albert"], "pipeline_tag": "feature-extraction", "is": {"task_tag": "feature-extraction", "task_source": "pipeline_tag"}}
{"id": "user-23/the-first-type-counts", "tags": ["albert", "clip"], "pipeline_tag": "feature-extraction", "is": {"task_tag": "feature-extraction", "task_source": "pipeline_tag"}}
{"id": "user-23/says-enough", "tags": ["clip"], "pipeline_tag": "text-classification", "is": {"task_tag": "text-classification", "task_source": "pipeline_tag"}}
{"id": "user-23/similar", "pipeline_tag": "sentence-similarity", "is": {"task_tag": "sentence-similarity", "task_source": "pipeline_tag"}}
{"id": "prajjwal1/bert-tiny", "tags": ["clip"], "pipeline_tag": "translation", "is": {"pipeline_tag": "translation", "task": "fill-mask", "task_source": "correction"}}

{"id": "user-24/Qwen2.5-Coder", "is": {"family": "Qwen", "maker": "Alibaba", "family_source": "name", "architecture": null}}
{"id": "user-24/gpt-neox-small", "is": {"family": "GPT-NeoX"}}
{"id": "user-24/gpt.neo", "is": {"family": "GPT-Neo"}}
{"id": "user-24/gpt-neos", "is": {"family": null}}
{"id": "user-24/my-gpt2x-xlm-roberta", "is": {"family": "XLM-RoBERTa"}}
{"id": "user-24/gpt-2-xlm-roberta", "is": {"family": "GPT-2"}}
{"id": "user-24/stable-diffusion-v2", "is": {"family": "Stable Diffusion 2"}}
{"id": "user-24/my_stable_diffusion_xl", "is": {"family": "Stable Diffusion XL"}}
{"id": "user-24/stable-diffusion-v1-5", "is": {"family": "Stable Diffusion"}}
{"id": "user-24/TinyLlama-1.1B", "is": {"family": "TinyLlama"}}
{"id": "user-24/HugeLlama-1.1B", "is": {"family": null}}
{"id": "user-24/chronos-t5-small", "is": {"family": "Chronos"}}
{"id": "user-24/tuned_chronos.bolt", "is": {"family": "Chronos"}}
{"id": "user-24/chronos-hermes", "is": {"family": null}}
{"id": "user-24/tiny-llama3b", "is": {"family": "Llama"}}
{"id": "user-24/tiny-2llama3b", "is": {"family": "Llama"}}
{"id": "user-24/yi-1.5", "is": {"family": "Yi"}}
{"id": "user-24/tiny-yi", "is": {"family": null}}
{"id": "user-24/openai-gpt", "is": {"family": null}}
{"id": "user-24/gemma3n", "is": {"family": "Gemma"}}

{"id": "user-25/by-a-tag", "tags": ["Gemma3", "phi"], "is": {"family": "Gemma", "family_source": "tag", "architecture": "Gemma"}}
{"id": "user-25/by-a-version", "tags": ["rwkv7-v2"], "is": {"family": "RWKV", "family_source": "tag"}}
{"id": "user-25/by-a-v", "tags": ["falcon_v3"], "is": {"family": "Falcon", "family_source": "tag"}}
{"id": "user-25/by-the-longer", "tags": ["stable-diffusion-3-medium"], "is": {"family": null}}
{"id": "user-25/by-the-longer-too", "tags": ["Stable-Diffusion-3"], "is": {"family": "Stable Diffusion 3", "architecture": null}}
{"id": "user-25/of-a-shared-tag", "tags": ["llama", "gemma2"], "is": {"family": "Gemma", "family_source": "tag", "architecture": "Llama"}}
{"id": "user-25/of-an-architecture-alone", "tags": ["llama"], "is": {"family": null, "family_source": "none", "architecture": "Llama"}}
{"id": "user-25/a-language", "card": ["yi"], "tags": ["yi", "wan"], "is": {"family": "Wan", "family_source": "tag"}}
{"id": "user-25/yiddish-by-a-tag", "tags": ["yi"], "is": {"family": null}}
{"id": "user-25/no-language-by-a-tag", "tags": ["yi"], "is": {"family": "Yi", "family_source": "tag"}}
{"id": "user-25/another-spelling", "card": ["yi"], "tags": ["YI"], "is": {"family": "Yi", "family_source": "tag"}}
{"id": "user-25/by-a-header", "tags": ["phi"], "gguf": {"total": 7000000, "architecture": "gemma3"}, "is": {"family": "Gemma", "family_source": "model_type", "architecture": "Gemma"}}
{"id": "user-25/phi-with-a-header", "gguf": {"total": 7000000, "architecture": "gemma3"}, "is": {"family": "Gemma", "family_source": "model_type"}}
{"id": "user-25/phi-with-a-shared-header", "tags": ["gemma"], "gguf": {"total": 7000000, "architecture": "llama"}, "is": {"family": "Phi", "family_source": "name", "architecture": "Llama"}}

{"id": "meta-llama/Llama-9-1B", "is": {"family": "Llama", "family_source": "name"}}
{"id": "user-26/renamed", "base": "meta-llama/Llama-9-1B", "relation": "finetune", "is": {"family": "Llama", "family_source": "lineage"}}
{"id": "user-26/qwen-of-llama", "base": "user-26/renamed", "relation": "finetune", "is": {"family": "Llama", "family_source": "lineage"}}
{"id": "user-26/gemma-of-qwen", "base": "user-26/qwen-of-llama", "relation": "finetune", "is": {"family": "Llama", "family_source": "lineage"}}
{"id": "user-26/phi", "is": {"family": "Phi", "family_source": "name"}}
{"id": "user-26/phi-too", "base": "user-26/phi", "relation": "finetune", "is": {"family": "Phi", "family_source": "lineage"}}
{"id": "user-26/gemma-of-phi", "base": "user-26/phi-too", "relation": "finetune", "is": {"family": "Phi", "family_source": "lineage"}}
{"id": "user-26/of-two-and-one", "base": "user-26/gemma-of-phi", "relation": "finetune", "is": {"family": "Phi", "family_source": "lineage"}}
{"id": "user-26/of-the-missing", "base": "google/gemma-99b", "relation": "quantized", "is": {"family": "Gemma", "maker": "Google", "family_source": "lineage"}}
{"id": "user-26/llama-of-one-without-a-name", "base": "user-20/first", "relation": "finetune", "is": {"family": "Llama", "family_source": "name"}}
{"id": "meta-llama/Llama-9-2B", "base": "google/gemma-99b", "relation": "finetune", "is": {"family": "Llama", "family_source": "name"}}
{"id": "meta-llama/qwen-of-gemma", "base": "google/gemma-99b", "relation": "finetune", "is": {"family": "Gemma", "family_source": "lineage"}}
{"id": "user-26/llama-of-one-each", "base": "meta-llama/Llama-9-2B", "relation": "finetune", "is": {"family": "Gemma", "family_source": "lineage"}}
{"id": "user-26/of-one-and-two", "base": "user-26/llama-of-one-each", "relation": "finetune", "is": {"family": "Llama", "family_source": "lineage"}}
{"id": "user-26/phi-of-one-and-two", "base": "user-26/of-one-and-two", "relation": "finetune", "is": {"family": "Llama", "family_source": "lineage"}}
{"id": "meta-llama/Llama-9-GGUF", "gguf": {"total": 7000000, "architecture": "gemma3"}, "is": {"family": "Llama", "family_source": "name", "architecture": "Gemma"}}

{"id": "user-27/ring-of-two", "base": "user-27/of-the-ring", "relation": "merge", "is": {"relation": "merge"}}
{"id": "user-27/of-the-ring", "base": "user-27/ring-of-two", "relation": "finetune", "is": {"relation": "finetune"}}
{"id": "user-27/phi-in-a-ring", "base": "user-27/gemma-in-it", "relation": "finetune", "is": {"family": "Gemma", "family_source": "lineage"}}
{"id": "user-27/gemma-in-it", "base": "user-27/third-in-it", "relation": "finetune", "is": {"family": "Phi", "family_source": "lineage"}}
{"id": "user-27/third-in-it", "base": "user-27/phi-in-a-ring", "relation": "finetune", "is": {"family": "Gemma", "family_source": "lineage"}}
{"id": "user-27/ring-hf", "base": "user-27/ring", "relation": "finetune", "is": {"relation": "finetune"}}
{"id": "user-27/ring", "base": "user-27/ring-hf", "relation": "finetune", "is": {"relation": "finetune"}}
"#;

fn items() -> impl Iterator<Item = Value> {
    let lines = KIN.lines().filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_str(line).unwrap())
}

/// Each id, and what the model is.
pub(crate) fn expected() -> impl Iterator<Item = (String, BTreeMap<String, Option<String>>)> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    items().map(move |item| {
        let columns = item["is"].as_object().unwrap().iter();
        let columns = columns.map(|(column, value)| (column.clone(), text(value)));
        (text(&item["id"]).unwrap(), columns.collect())
    })
}

impl World {
    /// Adds the models with relations, tasks and families of all kinds.
    pub(crate) fn make_kin(&mut self) {
        for item in items() {
            self.add(item);
        }
    }
}
