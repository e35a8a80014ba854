//! Models whose number of parameters is doubtful, each in its own way.

use serde_json::Value;

use crate::world::World;

/// Items of the Hub's API, one a line. Besides, `base` is what it was made from,
/// `relation` how, and `from` where its number is from, or that there is none.
const DOUBTS: &str = r#"
{"id": "user-00/one-shard", "safetensors": {"parameters": {"BF16": 23572400000}, "total": 414720}, "from": "safetensors"}
{"id": "user-00/no-types", "safetensors": {"total": 7000000000}, "from": "safetensors"}
{"id": "user-00/nothing-of-a-type", "safetensors": {"parameters": {"F32": 0}, "total": 65000000}, "from": "unknown"}
{"id": "user-00/half-packed", "safetensors": {"parameters": {"I32": 500000, "F16": 500000}, "total": 1000000}, "from": "safetensors"}
{"id": "user-00/more-than-half", "safetensors": {"parameters": {"U8": 300000, "U32": 200001, "F16": 499999}, "total": 1000000}, "from": "unknown"}
{"id": "user-00/half-in-bytes", "safetensors": {"parameters": {"U8": 500000, "F16": 500000}, "total": 1000000}, "from": "safetensors"}
{"id": "user-00/masks-alone", "safetensors": {"parameters": {"BOOL": 500000}, "total": 500000}, "from": "unknown"}
{"id": "user-00/masks-and-as-many-bytes-as-weights", "safetensors": {"parameters": {"BOOL": 500000, "U8": 999, "F16": 999}, "total": 501998}, "from": "fixture"}
{"id": "user-00/masks-alone-with-a-header", "safetensors": {"parameters": {"BOOL": 500000}, "total": 500000}, "gguf": {"total": 7000000}, "from": "gguf"}
{"id": "user-00/packed-with-a-header", "safetensors": {"parameters": {"I32": 900000, "F16": 100}, "total": 900100}, "gguf": {"total": 7000000}, "from": "gguf"}
{"id": "user-00/header-of-nothing-3B", "gguf": {"total": 0}, "from": "name"}
{"id": "user-00/corrected-by-nobody", "safetensors": {"parameters": {"F32": 1315575809}, "total": 1315575809}, "from": "safetensors"}
{"id": "EleutherAI/pythia-1b", "safetensors": {"parameters": {"F16": 1011781632, "U8": 67108864}, "total": 1078890496}, "from": "correction"}
{"id": "openai/gpt-oss-20b", "safetensors": {"parameters": {"BF16": 1804459584, "U8": 19707494400}, "total": 21511953984}, "usedStorage": 5, "from": "correction"}

{"id": "user-01/bytes-too-few", "safetensors": {"parameters": {"F32": 596049920}, "total": 596049920}, "usedStorage": 11422924, "from": "unknown"}
{"id": "user-01/bytes-just-enough", "safetensors": {"parameters": {"F32": 1000000000}, "total": 1000000000}, "usedStorage": 100000000, "from": "safetensors"}
{"id": "user-01/bytes-one-less", "safetensors": {"parameters": {"F32": 1000000000}, "total": 1000000000}, "usedStorage": 99999999, "from": "unknown"}
{"id": "user-01/bytes-not-known", "safetensors": {"parameters": {"F32": 596049920}, "total": 596049920}, "usedStorage": 0, "from": "safetensors"}
{"id": "user-01/bytes-just-enough-without-masks", "safetensors": {"parameters": {"F32": 1000000000, "U8": 10}, "total": 1000000010}, "usedStorage": 100000000, "from": "safetensors"}
{"id": "user-01/one-small-file-35B", "safetensors": {"parameters": {"F32": 664944}, "total": 664944}, "usedStorage": 140462398946, "from": "name"}
{"id": "user-01/many-checkpoints", "safetensors": {"parameters": {"F32": 5000000}, "total": 5000000}, "usedStorage": 5000000000000, "from": "safetensors"}
{"id": "user-01/twenty-bytes-7B", "safetensors": {"parameters": {"F32": 1000000000}, "total": 1000000000}, "usedStorage": 20000000000, "from": "safetensors"}
{"id": "user-01/twenty-bytes-and-one-7B", "safetensors": {"parameters": {"F32": 1000000000}, "total": 1000000000}, "usedStorage": 20000000001, "from": "name"}
{"id": "user-01/twice-by-name-2B", "safetensors": {"parameters": {"F32": 1000000000}, "total": 1000000000}, "usedStorage": 30000000000, "from": "safetensors"}
{"id": "user-01/more-than-twice-2B", "safetensors": {"parameters": {"F32": 999999999}, "total": 999999999}, "usedStorage": 30000000000, "from": "name"}
{"id": "user-01/a-header-of-a-part", "gguf": {"total": 1000000000}, "usedStorage": 150000000001, "from": "unknown"}
{"id": "user-01/a-header-of-all", "gguf": {"total": 1000000000}, "usedStorage": 150000000000, "from": "gguf"}
{"id": "user-01/a-header-without-bytes", "gguf": {"total": 1000000000}, "usedStorage": 50000000, "from": "unknown"}
{"id": "user-01/27B-MTP-GGUF", "tags": ["gguf"], "gguf": {"total": 1863907840}, "usedStorage": 172466425216, "from": "name"}
{"id": "user-01/12b-it-GGUF", "tags": ["gguf"], "gguf": {"total": 11907350576}, "usedStorage": 1402379145377, "from": "gguf"}
{"id": "user-01/a-joke", "safetensors": {"parameters": {"F32": 1202590842880000}, "total": 1202590842880000}, "from": "unknown"}
{"id": "user-01/the-largest", "gguf": {"total": 10000000000000}, "from": "gguf"}
{"id": "user-01/above-the-largest-13B", "gguf": {"total": 10000000000001}, "from": "name"}

{"id": "user-02/by-a-tag", "tags": ["awq"], "safetensors": {"total": 1100000000}, "from": "safetensors"}
{"id": "user-02/by-a-tag-of-eight-bits", "tags": ["8-bit", "fp8"], "safetensors": {"total": 1200000000}, "from": "safetensors"}
{"id": "user-02/of-eight-bits-alone", "tags": ["8-bit"], "safetensors": {"total": 1300000000}, "from": "safetensors"}
{"id": "user-02/in-gguf", "tags": ["gguf", "4-bit"], "safetensors": {"total": 1400000000}, "from": "safetensors"}
{"id": "user-02/in-gguf-too", "tags": ["gguf", "safetensors", "4-bit"], "safetensors": {"total": 1500000000}, "from": "safetensors"}
{"id": "user-02/27B-NVFP4", "tags": ["fp8"], "safetensors": {"total": 18160000000}, "from": "safetensors"}
{"id": "user-02/DynQuant-4bit", "safetensors": {"total": 3570000000}, "from": "safetensors"}
{"id": "user-02/in-4-Bit_and_more", "safetensors": {"total": 3580000000}, "from": "safetensors"}
{"id": "user-02/x_w4a8_y", "safetensors": {"total": 3590000000}, "from": "safetensors"}
{"id": "user-02/int4fp8-is-no-word-of-these", "safetensors": {"total": 3600000000}, "from": "safetensors"}
{"id": "user-02/by-a-tag-and-fp8", "tags": ["gptq", "fp8"], "safetensors": {"total": 3610000000}, "from": "safetensors"}
{"id": "user-02/fp8-alone", "tags": ["compressed-tensors", "fp8"], "safetensors": {"total": 3620000000}, "from": "safetensors"}

{"id": "user-03/base", "safetensors": {"parameters": {"BF16": 7615616512}, "total": 7615616512}, "from": "safetensors"}
{"id": "user-04/base-AWQ", "base": "user-03/base", "relation": "quantized", "from": "base"}
{"id": "user-04/base-7B-AWQ", "base": "user-03/base", "relation": "quantized", "from": "base"}
{"id": "user-04/base-15B-AWQ", "base": "user-03/base", "relation": "quantized", "from": "base"}
{"id": "user-04/base-16B-AWQ", "base": "user-03/base", "relation": "quantized", "from": "name"}
{"id": "user-04/base-3B-AWQ", "base": "user-03/base", "relation": "quantized", "from": "name"}
{"id": "user-04/base-AWQ-measured", "safetensors": {"total": 1700000000}, "base": "user-03/base", "relation": "quantized", "from": "safetensors"}
{"id": "user-04/tuned-7B", "base": "user-03/base", "relation": "finetune", "from": "base"}
{"id": "user-04/tuned-5B", "base": "user-03/base", "relation": "finetune", "from": "name"}
{"id": "user-04/tuned-11B", "base": "user-03/base", "relation": "finetune", "from": "name"}
{"id": "user-04/tuned", "base": "user-03/base", "relation": "finetune", "from": "base"}
{"id": "user-04/merged", "base": "user-03/base", "relation": "merge", "from": "base"}
{"id": "user-04/somehow", "base": "user-03/base", "from": "unknown"}
{"id": "user-04/of-one-spelled-otherwise", "base": "USER-03/Base", "relation": "finetune", "from": "base"}
{"id": "user-03/base-INT4", "from": "base"}
{"id": "user-04/part-7B", "usedStorage": 699999999, "from": "unknown"}
{"id": "user-04/no-part-7B", "usedStorage": 700000000, "from": "name"}
{"id": "user-04/part", "usedStorage": 761561651, "base": "user-03/base", "relation": "finetune", "from": "unknown"}
{"id": "user-04/no-part", "usedStorage": 761561652, "base": "user-03/base", "relation": "finetune", "from": "base"}
{"id": "user-04/part-of-its-base-7B", "usedStorage": 761561651, "base": "user-03/base", "relation": "quantized", "from": "name"}
{"id": "user-04/bytes-not-known-7B", "usedStorage": 0, "base": "user-03/base", "from": "base"}
{"id": "user-04/bytes-not-known-of-nobody-7B", "usedStorage": 0, "from": "name"}
{"id": "user-04/merged-10B", "base": "user-03/base", "relation": "merge", "from": "base"}
{"id": "user-04/somehow-7B", "base": "user-03/base", "from": "base"}
{"id": "user-04/lora-7B", "base": "user-03/base", "relation": "adapter", "from": "unknown"}
{"id": "user-04/peft-7B", "library_name": "PEFT", "base": "user-03/base", "relation": "finetune", "from": "unknown"}
{"id": "user-04/tagged", "tags": ["safetensors", "lora"], "base": "user-03/base", "relation": "finetune", "from": "unknown"}
{"id": "user-04/tagged-7B", "tags": ["lora"], "from": "unknown"}
{"id": "user-04/tagged-in-capitals-7B", "tags": ["LoRA"], "from": "name"}
{"id": "user-04/tagged-but-whole-7B", "tags": ["lora"], "usedStorage": 2800000000, "base": "user-03/base", "relation": "finetune", "from": "base"}
{"id": "user-04/lora-that-is-whole-7B", "usedStorage": 2800000000, "base": "user-03/no-such-base", "relation": "adapter", "from": "name"}
{"id": "user-04/lora-not-quite-whole-7B", "usedStorage": 2799999999, "base": "user-03/no-such-base", "relation": "adapter", "from": "unknown"}
{"id": "user-04/lora-measured-7B", "safetensors": {"total": 20000000}, "base": "user-03/base", "relation": "adapter", "from": "safetensors"}
{"id": "user-04/of-nobody-7B", "base": "user-03/no-such-base", "relation": "quantized", "from": "name"}
{"id": "user-04/of-a-number-that-is-not-taken-8B", "base": "user-01/bytes-too-few", "relation": "quantized", "from": "name"}
{"id": "user-04/of-one-that-has-a-name-alone-7B", "base": "user-01/above-the-largest-13B", "relation": "quantized", "from": "name"}
{"id": "user-04/of-itself-7B", "base": "user-04/of-itself-7B", "relation": "finetune", "from": "name"}
{"id": "user-03/two-thirds", "safetensors": {"total": 10500000001}, "from": "safetensors"}
{"id": "user-03/two-thirds-and-more", "safetensors": {"total": 10500000002}, "from": "safetensors"}
{"id": "user-03/four-thirds", "safetensors": {"total": 5250000000}, "from": "safetensors"}
{"id": "user-03/four-thirds-and-less", "safetensors": {"total": 5249999999}, "from": "safetensors"}
{"id": "user-03/half", "safetensors": {"total": 14000000001}, "from": "safetensors"}
{"id": "user-03/half-and-more", "safetensors": {"total": 14000000002}, "from": "safetensors"}
{"id": "user-03/double", "safetensors": {"total": 3500000000}, "from": "safetensors"}
{"id": "user-03/double-and-less", "safetensors": {"total": 3499999999}, "from": "safetensors"}
{"id": "user-04/two-thirds-7B", "base": "user-03/two-thirds", "relation": "finetune", "from": "base"}
{"id": "user-04/two-thirds-and-more-7B", "base": "user-03/two-thirds-and-more", "relation": "merge", "from": "name"}
{"id": "user-04/four-thirds-7B", "base": "user-03/four-thirds", "relation": "merge", "from": "base"}
{"id": "user-04/four-thirds-and-less-7B", "base": "user-03/four-thirds-and-less", "relation": "finetune", "from": "name"}
{"id": "user-04/half-7B", "base": "user-03/half", "relation": "quantized", "from": "base"}
{"id": "user-04/half-and-more-7B", "base": "user-03/half-and-more", "relation": "quantized", "from": "name"}
{"id": "user-04/double-7B", "base": "user-03/double", "relation": "quantized", "from": "base"}
{"id": "user-04/double-and-less-7B", "base": "user-03/double-and-less", "relation": "quantized", "from": "name"}

{"id": "hf-internal-testing/tiny-7B", "safetensors": {"total": 4096000}, "from": "fixture"}
{"id": "user-05/Tiny-Random-Llama-70B", "from": "fixture"}
{"id": "user-05/a_tiny_random_model", "safetensors": {"total": 4096000}, "from": "fixture"}
{"id": "user-05/too-few-7B", "safetensors": {"total": 999}, "from": "fixture"}
{"id": "user-05/just-enough", "safetensors": {"total": 1000}, "from": "safetensors"}
{"id": "user-05/lora-of-too-few", "safetensors": {"total": 500}, "base": "user-03/base", "relation": "adapter", "from": "fixture"}
{"id": "user-05/quantised-fixture", "base": "user-05/a_tiny_random_model", "relation": "quantized", "from": "base"}

{"id": "user-06/Mixtral-8x7B-Instruct", "from": "unknown"}
{"id": "user-06/Yi-34Bx2-MoE-60B", "from": "name"}
{"id": "user-06/OLMoE-1B-7B-0924", "from": "name"}
{"id": "user-06/Llama-1B-7B", "from": "name"}
{"id": "user-06/nucleus-22B-token-500B", "from": "name"}
{"id": "user-06/gpt-10B-tokens", "from": "unknown"}
{"id": "user-06/LLAMA-3_8B_Unaligned", "from": "name"}
{"id": "user-06/stablelm-2-1_6b", "from": "name"}
{"id": "user-06/gemma_2_2b", "from": "name"}
{"id": "user-06/qwen2_5_0_5b", "from": "name"}
{"id": "user-06/mini_v9_0_3B", "from": "name"}
{"id": "user-06/bloom-7b1", "from": "name"}
{"id": "user-06/qwen-0p5B", "from": "name"}
{"id": "user-06/bitnet-b1.58-2B-4T", "from": "name"}
{"id": "user-06/Ling-1T", "from": "name"}
{"id": "user-06/Infinity-3M-Llama3-70B", "from": "name"}
{"id": "user-06/Scout-17B-16E", "from": "unknown"}
{"id": "user-06/gemma-3n-E4B-it", "from": "unknown"}
{"id": "user-06/Coder-30B-A3B", "from": "name"}
{"id": "user-06/model-20240508b", "from": "unknown"}
{"id": "user-06/model-30T", "from": "unknown"}
"#;

fn items() -> impl Iterator<Item = Value> {
    let lines = DOUBTS.lines().filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_str(line).unwrap())
}

/// Each id, and where its number of parameters is from if the source is the
/// Hub's API.
pub(crate) fn sources() -> impl Iterator<Item = (String, String)> {
    let text = |item: &Value, key: &str| item[key].as_str().unwrap().to_owned();
    items().map(move |item| (text(&item, "id"), text(&item, "from")))
}

impl World {
    /// Adds the models whose sizes are doubtful.
    pub(crate) fn make_doubtful(&mut self) {
        for item in items() {
            self.add(item);
        }
    }
}
