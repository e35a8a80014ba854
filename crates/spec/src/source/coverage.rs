//! What part of all that there is a source's snapshots have.

use std::fmt;
use std::str::FromStr;

use crate::diagnostic::Diagnostic;
use crate::read::{Cx, Map};

/// How much of all that there is a source's snapshots have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coverage {
    /// `census`: everything that is public.
    Census,
    /// `sample`: a part, chosen by a criterion.
    Sample,
    /// `ranking`: the first by a measure.
    Ranking,
}

impl Coverage {
    const WORDS: [(&'static str, Self); 3] = [
        ("census", Self::Census),
        ("sample", Self::Sample),
        ("ranking", Self::Ranking),
    ];
}

/// From its word in YAML.
impl FromStr for Coverage {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        let known = Self::WORDS.iter().find(|(known, _)| *known == word);
        known.map(|(_, coverage)| *coverage).ok_or(())
    }
}

/// Its word in YAML.
impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Census => "census",
            Self::Sample => "sample",
            Self::Ranking => "ranking",
        })
    }
}

/// How much there is, and which part unless it is all.
pub(crate) fn read(map: &mut Map<'_>, cx: &mut Cx<'_>) -> (Coverage, Option<String>) {
    let node = map.need("coverage");
    let coverage = node.and_then(|node| cx.word(node, "`coverage`", &Coverage::WORDS, &[]));
    let part = map.take("part");
    match (coverage, node, part) {
        (Some(Coverage::Census), _, Some(part)) => cx.report(
            Diagnostic::error("misplaced-key", "a census is no part")
                .at(part.span, "")
                .help("`part` says which part a `sample` or a `ranking` is"),
        ),
        (Some(Coverage::Sample | Coverage::Ranking), Some(node), None) => cx.report(
            Diagnostic::error("missing-key", "a source that is not a census lacks `part`")
                .at(node.span, "a part")
                .help("say which: `part: the 1,000 models that trend most`"),
        ),
        _ => {}
    }
    let part = part.and_then(|node| cx.text(node, "`part`"));
    let part = part.map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "));
    (coverage.unwrap_or(Coverage::Census), part)
}
