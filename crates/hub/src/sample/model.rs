//! One generated model, and what is derived from its fields: tags, card, GGUF metadata.

use super::facts::{Format, Kind};

/// What the rows and the API's items are written from. Text that repeats is borrowed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model<'a> {
    pub(crate) id: String,
    /// Bytes of `id` that are the account.
    pub(crate) author: usize,
    /// What the Hub calls `_id`: its first half is the creation second.
    pub(crate) object_id: (u32, u64),
    /// Seconds since 1970.
    pub(crate) created: i64,
    pub(crate) modified: i64,
    pub(crate) downloads: u64,
    pub(crate) downloads_all_time: u64,
    pub(crate) likes: u64,
    pub(crate) trending: f64,
    pub(crate) kind: Option<&'a Kind>,
    pub(crate) dtype: Option<usize>,
    pub(crate) parameters: u64,
    pub(crate) languages: Vec<&'a str>,
    pub(crate) license: &'a str,
    pub(crate) dataset: &'a str,
    pub(crate) bases: Vec<&'a str>,
    pub(crate) gated: &'a str,
    pub(crate) has_card: bool,
}

/// The empty text is no text.
fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

impl<'a> Model<'a> {
    pub(crate) fn author(&self) -> &str {
        self.id.get(..self.author).unwrap_or_default()
    }

    pub(crate) fn pipeline_tag(&self) -> Option<&'a str> {
        self.kind.and_then(|kind| some(&kind.pipeline_tag))
    }

    pub(crate) fn library(&self) -> Option<&'a str> {
        self.kind.and_then(|kind| some(&kind.library))
    }

    /// How it is built on its base models; none without any.
    pub(crate) fn relation(&self) -> Option<&'a str> {
        let relation = self.kind.and_then(|kind| some(&kind.relation));
        relation.filter(|_| !self.bases.is_empty())
    }

    fn format(&self) -> Format {
        self.kind.map_or(Format::None, |kind| kind.format)
    }

    /// Type and number of the safetensors parameters.
    pub(crate) fn safetensors(&self) -> Option<(usize, u64)> {
        let counted = self.format() == Format::Safetensors && self.parameters > 0;
        self.dtype
            .filter(|_| counted)
            .map(|dtype| (dtype, self.parameters))
    }

    /// Puts the GGUF metadata into `out`; false when there is none.
    pub(crate) fn gguf(&self, out: &mut String) -> bool {
        out.clear();
        if self.format() != Format::Gguf || self.parameters == 0 {
            return false;
        }
        out.push_str("{\"total\": ");
        push_number(out, self.parameters, 1);
        if let Some(architecture) = self.kind.and_then(|kind| some(&kind.model_type)) {
            out.push_str(", \"architecture\": ");
            push_json(out, architecture);
        }
        out.push_str(", \"context_length\": 32768}");
        true
    }

    /// The tags, in the Hub's order; `text` is scratch.
    pub(crate) fn tags(&self, text: &mut String, tag: &mut dyn FnMut(&str)) {
        let mut joined = |parts: &[&str], tag: &mut dyn FnMut(&str)| {
            text.clear();
            parts.iter().for_each(|part| text.push_str(part));
            tag(text);
        };
        self.library().into_iter().for_each(&mut *tag);
        match self.format() {
            Format::Safetensors if self.parameters > 0 => tag("safetensors"),
            Format::Gguf => tag("gguf"),
            _ if self.library() == Some("transformers") => tag("pytorch"),
            _ => {}
        }
        if let Some(kind) = self.kind {
            some(&kind.model_type).into_iter().for_each(&mut *tag);
            some(&kind.pipeline_tag).into_iter().for_each(&mut *tag);
        }
        self.languages.iter().copied().for_each(&mut *tag);
        if !self.dataset.is_empty() {
            joined(&["dataset:", self.dataset], tag);
        }
        for base in &self.bases {
            joined(&["base_model:", base], tag);
        }
        for base in &self.bases {
            joined(
                &[
                    "base_model:",
                    self.relation().unwrap_or_default(),
                    ":",
                    base,
                ],
                tag,
            );
        }
        if !self.license.is_empty() {
            joined(&["license:", self.license], tag);
        }
        if self.pipeline_tag().is_some() {
            tag("endpoints_compatible");
        }
        tag("region:us");
    }

    /// Puts the card's metadata into `out`, as JSON; false when there is no card.
    pub(crate) fn card(&self, out: &mut String) -> bool {
        out.clear();
        if !self.has_card {
            return false;
        }
        let mut mark = '{';
        let mut texts = |out: &mut String, key: &str, values: &[&str], one_is_plain: bool| {
            if values.is_empty() || values == [""] {
                return;
            }
            out.push(mark);
            mark = ',';
            push_json(out, key);
            out.push_str(": ");
            if let ([value], true) = (values, one_is_plain) {
                push_json(out, value);
                return;
            }
            for (at, value) in values.iter().enumerate() {
                out.push_str(if at == 0 { "[" } else { ", " });
                push_json(out, value);
            }
            out.push(']');
        };
        // As on the Hub, a single value stands sometimes alone and sometimes in a list.
        let alone = self.object_id.1 & 1 == 0;
        texts(out, "license", &[self.license], true);
        texts(out, "language", &self.languages, alone);
        texts(out, "base_model", &self.bases, alone);
        texts(out, "datasets", &[self.dataset], false);
        texts(
            out,
            "library_name",
            &[self.library().unwrap_or_default()],
            true,
        );
        texts(
            out,
            "pipeline_tag",
            &[self.pipeline_tag().unwrap_or_default()],
            true,
        );
        if out.is_empty() {
            out.push('{');
        }
        out.push('}');
        true
    }
}

/// Appends a number in decimal, padded with zeros to a width.
pub(crate) fn push_number(out: &mut String, number: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    let mut rest = number;
    while rest > 0 || digits.len() - at < width.min(20) {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    out.extend(digits[at..].iter().map(|digit| char::from(*digit)));
}

/// Appends the 24 hexadecimal digits of an object id.
pub(crate) fn push_object_id(out: &mut String, (seconds, rest): (u32, u64)) {
    let value = (u128::from(seconds) << 64) | u128::from(rest);
    for shift in (0..24).rev() {
        let digit = (value >> (shift * 4)) as u32 & 15;
        out.extend(char::from_digit(digit, 16));
    }
}

/// Appends a text as a JSON string.
pub(crate) fn push_json(out: &mut String, text: &str) {
    out.push('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => out.extend(['\\', char]),
            '\u{0}'..='\u{1f}' => {
                out.push_str("\\u00");
                out.extend(char::from_digit(char as u32 >> 4, 16));
                out.extend(char::from_digit(char as u32 & 15, 16));
            }
            _ => out.push(char),
        }
    }
    out.push('"');
}
