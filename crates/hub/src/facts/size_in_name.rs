//! The size that a model's name states.

use super::quantity::scaled;

/// The number of parameters written in a model's name; `None` if none is.
///
/// The name is what follows the last `/`, so that a whole id may be given. It falls into words at
/// every character other than an ASCII letter, an ASCII digit and a `.` between two digits. A word
/// states a size when it is
/// - a number and a unit, `B` or `M` in either case, or `T` in upper case: `7b`, `1.5B`, `135M`,
///   `1T`; a `p` may stand for the decimal point (`0p5B`), and one digit after the unit is a
///   decimal (`7b1`).
///
/// A word with a count of experts (`8x7B`, `7Bx2`) states none, since experts share layers: Mixtral
/// 8x7B has 46.7B. So a number with letters before it states none (`A3B`: active parameters; `laion2B`, `s34B`,
/// `tokens294B`: data seen; `yolov8m`; `b4`, `v1.5`), nor does any with another unit (`4bit`,
/// `128k`, `960h`, `30bt`).
///
/// A single digit before the word is the whole part of a decimal number, cut off by a separator,
/// when it stands apart on its left by something else than `_` and from the word by `_`
/// (`stablelm-2-1_6b`, but `gemma_2_2b`); a `0` always, unless it belongs to a version
/// (`qwen2_5_0_5b`, but `v9_0_3B`). After `llama` it is the version (`LLAMA-3_8B`).
///
/// Of several sizes the first in `B` or `M` is the model's, except that one under 20M (examples
/// seen, length of context) gives way to one in `B`; one in `T` counts only where there is no
/// other. Of two in a row in the name of a mixture of experts (`OLMoE-1B-7B`) the first counts the
/// active parameters, the larger is the model's. The answer is `None`, whatever else the name says, where a word of experts follows
/// the size (`17B-16E`: it counts the active parameters then) and after an effective size (`E4B`).
///
/// The word states no size when
/// - a word after it says what it counts, such as `tokens`, `seqlen` or `steps`, unless it is
///   `token` or `tokens` and a size follows, which it belongs to (`22B-token-500B`), or `token` or
///   `tokens` stands before it;
/// - its whole part has more than four digits (dates), or it comes to less than 1M or more than
///   20T.
///
/// ```
/// # use hubcensus_hub::facts::parameters_in_name;
/// assert_eq!(parameters_in_name("Qwen/Qwen3-30B-A3B"), Some(30_000_000_000));
/// ```
pub fn parameters_in_name(name: &str) -> Option<i64> {
    const RATHER_A_COUNT: i64 = 20_000_000;
    let name = name.rsplit('/').next().unwrap_or(name);
    let mut words = Words { name, at: 0 };
    let mut before = [Word::default(); 2];
    let mut window = [words.next(), words.next()];
    let (mut small, mut trillions) = (None, None);
    while let [Some(current), after] = window {
        let then = words.next();
        if is_effective(current.text) {
            return None;
        }
        let counted = after.filter(|after| !then.is_some_and(|then| counts(*after, then)));
        if let Some(mut size) = size(current, before)
            && !counts_something_else(before[1].text, counted.map(|counted| counted.text))
        {
            if after.is_some_and(|after| names_experts(after.text)) {
                return None;
            }
            let total = after.filter(|_| is_mixture(name));
            let total = total.and_then(|after| self::size(after, [before[1], current]));
            let then = then.map(|then| then.text);
            if let Some(total) = total.filter(|_| !counts_something_else(current.text, then))
                && total.parameters > size.parameters
            {
                size = total;
            }
            match size.unit {
                Unit::Millions if size.parameters < RATHER_A_COUNT => {
                    small = small.or(Some(size.parameters))
                }
                Unit::Millions if small.is_some() => {}
                Unit::Millions | Unit::Billions => return Some(size.parameters),
                Unit::Trillions => trillions = trillions.or(Some(size.parameters)),
            }
        }
        before = [before[1], current];
        window = [after, then];
    }
    small.or(trillions)
}

/// A word of a name and the character before it (a blank at the name's beginning).
#[derive(Clone, Copy, Default)]
struct Word<'a> {
    text: &'a str,
    separator: char,
}

/// The words of a name.
struct Words<'a> {
    name: &'a str,
    at: usize,
}

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        let start = self.at + self.name[self.at..].find(|c: char| c.is_ascii_alphanumeric())?;
        let bytes = self.name.as_bytes();
        let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        let in_word = |at: usize| {
            bytes[at].is_ascii_alphanumeric()
                || (bytes[at] == b'.' && digit(at - 1) && digit(at + 1))
        };
        self.at = (start + 1..bytes.len())
            .find(|&at| !in_word(at))
            .unwrap_or(bytes.len());
        let separator = self.name[..start].chars().next_back().unwrap_or(' ');
        Some(Word {
            text: &self.name[start..self.at],
            separator,
        })
    }
}

enum Unit {
    Millions,
    Billions,
    Trillions,
}

struct Size {
    parameters: i64,
    unit: Unit,
}

/// The size that a word states, given the two words before it.
fn size(word: Word<'_>, before: [Word<'_>; 2]) -> Option<Size> {
    const MOST_DIGITS: usize = 4;
    const PARAMETERS: std::ops::RangeInclusive<i64> = 1_000_000..=20_000_000_000_000;

    let text = word.text;
    let (digits, unit) = text.split_at(text.find(['b', 'B', 'm', 'M', 'T'])?);
    let (unit, after) = unit.split_at(1);
    let (unit, zeros) = match unit {
        "m" | "M" => (Unit::Millions, 6),
        "b" | "B" => (Unit::Billions, 9),
        _ => (Unit::Trillions, 12),
    };
    let (mut whole, mut fraction) = digits.split_once(['.', 'p']).unwrap_or((digits, ""));
    if fraction.is_empty() && whole.len() != digits.len() {
        return None;
    }
    match after.as_bytes() {
        [] => {}
        [b'0'..=b'9'] if fraction.is_empty() => fraction = after,
        _ => return None,
    }
    if fraction.is_empty() && cut_off(word, before) {
        (whole, fraction) = (before[1].text, whole);
    }
    let digits_only = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty()
        || whole.len() > MOST_DIGITS
        || !digits_only(whole)
        || !digits_only(fraction)
    {
        return None;
    }
    let parameters = scaled(whole, fraction, zeros)?;
    let sane = PARAMETERS.contains(&parameters);
    sane.then_some(Size { parameters, unit })
}

/// Whether the word before this one is the whole part of its number.
fn cut_off(word: Word<'_>, [version, whole]: [Word<'_>; 2]) -> bool {
    match whole.text.as_bytes() {
        [b'0'] => {
            let versioned = version
                .text
                .strip_prefix(['v', 'V'])
                .is_some_and(|rest| number(rest).is_some());
            matches!(word.separator, '_' | '-') && !(versioned && whole.separator == word.separator)
        }
        [b'1'..=b'9'] => {
            let is_version = version.text.eq_ignore_ascii_case("llama");
            word.separator == '_' && whole.separator != '_' && !is_version
        }
        _ => false,
    }
}

/// Whether a word states an effective size, as in `E4B`.
fn is_effective(word: &str) -> bool {
    let size = word
        .strip_prefix(['e', 'E'])
        .and_then(|rest| rest.strip_suffix(['b', 'B']));
    size.is_some_and(|size| number(size).is_some())
}

/// A short whole number.
fn number(text: &str) -> Option<i64> {
    let short = (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if short { text.parse().ok() } else { None }
}

/// Whether the name is that of a mixture of experts.
fn is_mixture(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes
        .windows(3)
        .any(|part| part.eq_ignore_ascii_case(b"moe"))
}

/// Whether a word such as `token` belongs to the number behind it.
fn counts(word: Word<'_>, number: Word<'_>) -> bool {
    is_token(word.text) && size(number, [Word::default(), word]).is_some()
}

fn is_token(word: &str) -> bool {
    word.eq_ignore_ascii_case("token") || word.eq_ignore_ascii_case("tokens")
}

/// Whether the words around a number say that it counts tokens, steps or the like.
fn counts_something_else(before: &str, after: Option<&str>) -> bool {
    const COUNTED: [&str; 14] = [
        "tok",
        "token",
        "tokens",
        "seqlen",
        "context",
        "ctx",
        "step",
        "steps",
        "samples",
        "rows",
        "pairs",
        "sentences",
        "words",
        "images",
    ];
    let is = |word: &str, counted: &str| word.eq_ignore_ascii_case(counted);
    is_token(before) || after.is_some_and(|after| COUNTED.iter().any(|counted| is(after, counted)))
}

/// Whether a word gives the number of a mixture's experts, as in `17B-16E`.
fn names_experts(word: &str) -> bool {
    word.strip_suffix(['e', 'E'])
        .is_some_and(|count| number(count).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    const B: i64 = 1_000_000_000;
    const M: i64 = 1_000_000;

    #[track_caller]
    fn all(cases: &[(&str, i64)]) {
        for (name, expected) in cases {
            assert_eq!(parameters_in_name(name), Some(*expected), "{name}");
        }
    }

    #[track_caller]
    fn none(names: &[&str]) {
        for name in names {
            assert_eq!(parameters_in_name(name), None, "{name}");
        }
    }

    #[test]
    fn sizes_of_well_known_models() {
        all(&[
            ("meta-llama/Llama-2-7b", 7 * B),
            ("meta-llama/Llama-2-7b-chat-hf", 7 * B),
            ("openai/gpt-oss-20b", 20 * B),
            ("Qwen/Qwen2.5-1.5B-Instruct", 1_500 * M),
            ("Qwen/Qwen3-0.6B", 600 * M),
            ("Qwen/Qwen-72B-Chat-Int4", 72 * B),
            ("facebook/opt-1.3b", 1_300 * M),
            ("facebook/wav2vec2-xls-r-1b", B),
            ("facebook/wav2vec2-xls-r-300m", 300 * M),
            ("facebook/m2m100_418M", 418 * M),
            ("facebook/nllb-200-distilled-600M", 600 * M),
            ("facebook/nllb-200-3.3B", 3_300 * M),
            ("facebook/esm2_t33_650M_UR50D", 650 * M),
            ("facebook/esm2_t6_8M_UR50D", 8 * M),
            ("HuggingFaceTB/SmolLM2-135M", 135 * M),
            ("EleutherAI/gpt-neo-125M", 125 * M),
            ("EleutherAI/pythia-70m-deduped-v0", 70 * M),
            ("google/gemma-3-270m", 270 * M),
            ("google/gemma-7b-it", 7 * B),
            ("google-t5/t5-3b", 3 * B),
            ("bigscience/T0_3B", 3 * B),
            ("01-ai/Yi-6B-200K", 6 * B),
            ("mistralai/Mistral-7B-Instruct-v0.2", 7 * B),
            ("cerebras/Cerebras-GPT-111M", 111 * M),
            ("nvidia/Nemotron-4-340B-Instruct", 340 * B),
            ("hexgrad/Kokoro-82M", 82 * M),
            ("roneneldan/TinyStories-1M", M),
            ("Wan-AI/Wan2.1-T2V-14B", 14 * B),
            ("inclusionAI/Ling-1T", 1_000 * B),
            ("Maykeye/TinyLLama-v0-5M", 5 * M),
        ]);
    }

    #[test]
    fn totals_not_active_parameters() {
        all(&[
            ("Qwen/Qwen3-30B-A3B", 30 * B),
            ("Qwen/Qwen3-235B-A22B-Instruct-2507", 235 * B),
            ("ibm-granite/granite-3.0-1b-a400m-base", B),
            ("LiquidAI/LFM2-8B-A1B", 8 * B),
            ("nvidia/NVIDIA-Nemotron-3-Super-120B-A12B-NVFP4", 120 * B),
        ]);
        none(&[
            "Qwen/Qwen1.5-MoE-A2.7B",
            "tencent/Hunyuan-A13B-Instruct",
            "meta-llama/Llama-4-Scout-17B-16E-Instruct",
            "meta-llama/Llama-4-Maverick-17B-128E",
            "google/gemma-3n-E4B-it",
            "google/gemma-3n-E2B-it-litert-lm",
            "Ishowbackup/Gemma-4-E4B-it-qat-JANG_4M-CRACK",
        ]);
    }

    #[test]
    fn experts_share_layers() {
        all(&[
            ("cloudyu/Yi-34Bx2-MoE-60B", 60 * B),
            ("allenai/OLMoE-1B-7B-0924", 7 * B),
            ("allenai/OLMoE-1B-7B-0125-Instruct", 7 * B),
            ("a/moe-7B", 7 * B),
            ("a/moe-10M-50M", 50 * M),
            ("a/moe-1B-7B-token", B),
            ("a/Llama-1B-7B", B),
        ]);
        none(&[
            "mistralai/Mixtral-8x7B-Instruct-v0.1",
            "mistralai/Mixtral-8x22B-v0.1",
            "cloudyu/Mixtral_7Bx2_MoE",
            "a/Beyonder-4x7B-v2",
            "a/tiny-4X1.8b",
            "a/8x7",
            "a/512x512",
            "a/x7B",
            "a/9999x7B",
            "a/8x",
            "a/8x7Bx2",
        ]);
    }

    #[test]
    fn decimals_in_other_spellings() {
        all(&[
            ("bigscience/bloom-7b1", 7_100 * M),
            ("bigscience/bloomz-1b7", 1_700 * M),
            ("a/qwen-0p5B", 500 * M),
            ("FlexiSLM/FlexiSLM-0_5B-Stage2-v1", 500 * M),
            ("axetechnologies/imi-0-6b", 600 * M),
            ("stabilityai/stablelm-2-1_6b", 1_600 * M),
            ("internlm/internlm2_5-1_8b-chat", 1_800 * M),
            (
                "Marsouuu/MiniMathExpert-2_61B-ECE-PRYMMAL-Martial",
                2_610 * M,
            ),
            ("a/qwen2_5_0_5b", 500 * M),
            ("pankajmathur/orca_mini_v9_0_3B-Instruct", 3 * B),
            ("pankajmathur/orca_mini_v9_6_1B-Instruct", B),
            ("pankajmathur/orca_mini_v8_1_70b", 70 * B),
            ("borisggg/steering-denoiser-gemma2_2b", 2 * B),
            ("a/gemma_2_2b", 2 * B),
            ("SicariusSicariiStuff/LLAMA-3_8B_Unaligned", 8 * B),
            ("EleutherAI/gpt-neo-2_7B", 2_700 * M),
            ("a/llama-3-8b", 8 * B),
        ]);
    }

    #[test]
    fn names_without_a_size() {
        none(&[
            "",
            "/",
            "gpt2",
            "microsoft/phi-2",
            "microsoft/Phi-3.5-mini-instruct",
            "google-bert/bert-base-uncased",
            "facebook/wav2vec2-large-xlsr-53",
            "facebook/wav2vec2-large-960h",
            "openai/clip-vit-base-patch32",
            "lmsys/vicuna-v1.5",
            "a/model-4bit",
            "a/model-8bit-128g",
            "a/model-Q4_K_M",
            "a/model-b4",
            "a/model-1.58bit",
            "a/model-4.65bpw-h6-exl2",
            "a/model-128k",
            "a/run-100k",
            "a/checkpoint-480k",
            "a/open_llama_600bt",
            "a/B",
            "a/M-B",
            "a/2024-05-08",
            "a/model-20240508b",
            "a/model-0b",
            "a/model-0.5M",
            "a/model-30T",
            "a/3t",
            "laion/CLIP-ViT-H-14-laion2B-s32B-b79K",
            "google/siglip-so400m-patch14-384",
            "Ultralytics/YOLOv8m",
            "allenai/OLMo-step140000-tokens294B",
            "gpt2-10B-tokens",
            "a/tokens-294B",
            "LongSafari/hyenadna-large-1m-seqlen-hf",
            "a/1M-ctx",
            "a/1.2.3B",
            "a/7é",
            "a/٧b",
            "a/model-1.B",
            "7b/model",
        ]);
    }

    #[test]
    fn the_size_among_other_numbers() {
        all(&[
            ("a/70b-instruct-4bit", 70 * B),
            ("a/llama-7B-128k", 7 * B),
            ("Qwen/Qwen2.5-7B-Instruct-1M", 7 * B),
            ("BAAI/Infinity-Instruct-3M-0625-Llama3-70B", 70 * B),
            ("BrCamp/bee-350m-pt-base-15b", 350 * M),
            (
                "TinyLlama/TinyLlama-1.1B-intermediate-step-1431k-3T",
                1_100 * M,
            ),
            ("TheBloke/mistral-7b-instruct-v0.2.Q4_K_M.gguf", 7 * B),
            ("a/vicuna-13b-GPTQ-4bit-128g", 13 * B),
            ("microsoft/bitnet-b1.58-2B-4T", 2 * B),
            ("a/model.7b.instruct", 7 * B),
            ("NucleusAI/nucleus-22B-token-500B", 22 * B),
            ("a/模型7B版", 7 * B),
            ("a/model(7B)", 7 * B),
            ("50m", 50 * M),
            ("a/2025-01-8b", 8 * B),
        ]);
    }

    #[test]
    fn long_names_do_no_harm() {
        assert_eq!(parameters_in_name(&"9".repeat(1_000_000)), None);
        assert_eq!(parameters_in_name(&"0-".repeat(500_000)), None);
        assert_eq!(
            parameters_in_name(&format!("1.{}B", "9".repeat(1_000_000))),
            Some(2 * B)
        );
    }
}
