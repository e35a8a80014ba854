//! Does a token give the task away?

use std::collections::BTreeSet;

/// Names of tasks that no feature may contain.
///
/// A model's task is a tag of the model as well, written in many ways: `text-generation`, `Text Generation`,
/// `text-generation-inference` (set by the Hub because of the task), `asr`, `hf-asr-leaderboard`, `librispeech_asr`. A
/// classifier that may read them scores well and says nothing.
///
/// A token is compared without its kind (what stands before the first `=`). It is cut into words at everything that
/// is neither letter nor digit, in lower case; it leaks when some of its words in a row, written together, are a name
/// written together. So `text-to-image`, `TextToImage`, `text_to_image` and `my.text-to.image_model` all leak by the name
/// `text-to-image`, `hf-asr-leaderboard` by `asr`, and `quasar` does not, as words are never cut. This errs on the safe
/// side: `dataset:librispeech_asr` is left out too.
///
/// Methods and architectures (`bert`, `ppo`, `stable-diffusion`) are evidence, not names, even where they go with one
/// task only.
///
/// A task whose name names nothing, such as `other`, had better not be given: `license=other` would leak by it.
#[derive(Debug, Clone, Default)]
pub struct Leaks {
    names: BTreeSet<String>,
    /// Bytes of the longest name: no longer run of words needs a look.
    longest: usize,
}

impl Leaks {
    /// Names of tasks: the tasks themselves and their synonyms, in any spelling. Blank ones are passed over.
    pub fn new<I>(names: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let names: BTreeSet<String> = names
            .into_iter()
            .map(|name| words(name.as_ref()).concat())
            .filter(|name| !name.is_empty())
            .collect();
        let longest = names.iter().map(String::len).max().unwrap_or(0);
        Self { names, longest }
    }

    /// Whether a token names a task.
    #[must_use]
    pub fn leaks(&self, token: &str) -> bool {
        let value = token.split_once('=').map_or(token, |(_, value)| value);
        let words = words(value);
        let mut run = String::new();
        (0..words.len()).any(|first| {
            run.clear();
            words.iter().skip(first).any(|word| {
                run.push_str(word);
                run.len() <= self.longest && self.names.contains(&run)
            })
        })
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaks() -> Leaks {
        Leaks::new([
            "text-generation",
            "text-to-image",
            "automatic-speech-recognition",
            "asr",
            "ner",
            "vqa",
            "  ",
        ])
    }

    #[test]
    fn names_in_any_spelling_leak() {
        for token in [
            "tag=text-generation",
            "tag=text-generation-inference",
            "tag=Text Generation",
            "tag=TextGeneration",
            "tag=text_to_image",
            "tag=my.text-to.image_model",
            "tag=hf-asr-leaderboard",
            "tag=dataset:librispeech_asr",
            "tag=NER",
            "account=asr-lab",
            "vqa",
        ] {
            assert!(leaks().leaks(token), "{token}");
        }
    }

    #[test]
    fn parts_of_words_and_methods_do_not() {
        for token in [
            "tag=quasar",
            "tag=generation",
            "tag=text",
            "tag=bert",
            "library=transformers",
            "tag=",
            "",
            "tag=designer",
        ] {
            assert!(!leaks().leaks(token), "{token}");
        }
        assert!(!Leaks::default().leaks("tag=text-generation"));
    }

    #[test]
    fn the_kind_is_not_compared() {
        assert!(!Leaks::new(["license"]).leaks("license=mit"));
        assert!(Leaks::new(["mit"]).leaks("license=mit"));
    }
}
