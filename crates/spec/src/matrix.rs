//! A family of jobs written once: axes, their product, and the placeholders they fill.

use std::collections::BTreeSet;

use crate::diagnostic::{Diagnostic, Span, Spanned, did_you_mean, enumerate};
use crate::name::is_identifier;
use crate::read::Cx;
use crate::sql::Edit;
use crate::yaml::{Kind, Node};

/// The most jobs that one matrix may stand for.
const MAX_JOBS: usize = 1_000;

/// What one placeholder stands for in one job of a family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Binding {
    pub(crate) axis: String,
    pub(crate) value: String,
}

/// An axis and its values.
pub(crate) struct Axis {
    name: Spanned<String>,
    values: Vec<String>,
}

/// The axes of `matrix:`, with mistakes reported.
pub(crate) fn read(node: &Node, cx: &mut Cx<'_>) -> Vec<Axis> {
    let Some(map) = cx.map(node, "`matrix`") else {
        return Vec::new();
    };
    let mut axes = Vec::new();
    for entry in map.into_entries() {
        if cx.identifier(&entry.key).is_none() {
            continue;
        }
        let Some(items) = cx.list(&entry.value, "an axis of `matrix`") else {
            continue;
        };
        let mut values: Vec<String> = Vec::new();
        for item in items {
            let value = match item.kind {
                Kind::Int(number) if number >= 0 => {
                    Some(Spanned::new(number.to_string(), item.span))
                }
                _ => cx
                    .plain_text(item, "a value of an axis")
                    .and_then(|value| cx.identifier(&value)),
            };
            let Some(value) = value else {
                continue;
            };
            if values.contains(&value.value) {
                cx.report(
                    Diagnostic::error(
                        "repeated-value",
                        format!("axis `{}` has `{value}` twice", entry.key),
                    )
                    .at(value.span, "given again"),
                );
            } else {
                values.push(value.value);
            }
        }
        if items.is_empty() {
            cx.report(
                Diagnostic::error("empty-list", format!("axis `{}` has no values", entry.key)).at(
                    entry.value.span,
                    "expected at least one identifier or number",
                ),
            );
        }
        // An axis that went wrong stands for itself, so that what uses it can still be read.
        if values.is_empty() {
            values.push(entry.key.value.clone());
        }
        axes.push(Axis {
            name: entry.key.clone(),
            values,
        });
    }
    let jobs = axes
        .iter()
        .fold(1_usize, |jobs, axis| jobs.saturating_mul(axis.values.len()));
    if jobs > MAX_JOBS {
        cx.report(
            Diagnostic::error(
                "matrix-size",
                format!("the matrix stands for {jobs} jobs, more than {MAX_JOBS}"),
            )
            .at(node.span, ""),
        );
        axes.iter_mut().for_each(|axis| axis.values.truncate(1));
    }
    axes
}

/// One list of bindings per job, the last axis running fastest; one empty list without axes.
pub(crate) fn product(axes: &[Axis]) -> Vec<Vec<Binding>> {
    let mut jobs = vec![Vec::new()];
    for axis in axes {
        jobs = jobs
            .into_iter()
            .flat_map(|job| {
                axis.values.iter().map(move |value| {
                    let mut job: Vec<Binding> = job.clone();
                    job.push(Binding {
                        axis: axis.name.value.clone(),
                        value: value.clone(),
                    });
                    job
                })
            })
            .collect();
    }
    jobs
}

/// Reports placeholders that no axis fills, axes that fill none, and axes that the name lacks.
pub(crate) fn check(job: &Node, axes: &[Axis], cx: &mut Cx<'_>) {
    let Kind::Map(entries) = &job.kind else {
        return;
    };
    let mut used = BTreeSet::new();
    let mut in_name = BTreeSet::new();
    let mut unknown: Vec<(String, Span)> = Vec::new();
    for entry in entries.iter().filter(|entry| entry.key.value != "matrix") {
        entry.value.each_text(&mut |text, span| {
            for (start, end) in placeholders(text) {
                let placeholder = text.get(start + 1..end - 1).unwrap_or_default();
                if axes.iter().any(|axis| axis.name.value == placeholder) {
                    used.insert(placeholder.to_owned());
                    if entry.key.value == "name" {
                        in_name.insert(placeholder.to_owned());
                    }
                } else {
                    unknown.push((placeholder.to_owned(), span));
                }
            }
        });
    }
    let names = || axes.iter().map(|axis| axis.name.as_str());
    for (placeholder, span) in unknown {
        let at = cx.find_in(span, &format!("{{{placeholder}}}"));
        cx.report(
            Diagnostic::error(
                "unknown-placeholder",
                format!("no axis of the matrix is named `{placeholder}`"),
            )
            .at(at, "nothing to put in here")
            .help(
                did_you_mean(&placeholder, names())
                    .unwrap_or_else(|| format!("the axes are {}", enumerate(names()))),
            ),
        );
    }
    for axis in axes {
        let name = axis.name.as_str();
        if !used.contains(name) {
            cx.report(
                Diagnostic::error("unused-axis", format!("nothing uses axis `{name}`"))
                    .at(axis.name.span, "an axis that is not used")
                    .help(format!("write `{{{name}}}` where its values belong")),
            );
        } else if !in_name.contains(name) && axis.values.len() > 1 {
            cx.report(
                Diagnostic::error(
                    "matrix-name",
                    format!("the job's name lacks `{{{name}}}`: its jobs would all have one name"),
                )
                .at(axis.name.span, "an axis that the name lacks"),
            );
        }
    }
}

/// `text` with each placeholder of an axis replaced, and where.
pub(crate) fn fill(text: &str, bindings: &[Binding]) -> (String, Vec<Edit>) {
    let mut filled = String::with_capacity(text.len());
    let mut edits = Vec::new();
    let mut rest = 0;
    if bindings.is_empty() {
        return (text.to_owned(), edits);
    }
    for (start, end) in placeholders(text) {
        let placeholder = text.get(start + 1..end - 1).unwrap_or_default();
        let Some(binding) = bindings.iter().find(|b| b.axis == placeholder) else {
            continue;
        };
        filled.push_str(text.get(rest..start).unwrap_or_default());
        let at = filled.len();
        filled.push_str(&binding.value);
        edits.push(Edit {
            before: (start, end),
            after: (at, filled.len()),
        });
        rest = end;
    }
    filled.push_str(text.get(rest..).unwrap_or_default());
    (filled, edits)
}

/// The byte ranges of `{identifier}` in `text`, braces included.
pub(crate) fn placeholders(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    text.match_indices('{').filter_map(|(start, _)| {
        let inside = text.get(start + 1..)?;
        let length = inside.find('}')?;
        is_identifier(inside.get(..length)?).then_some((start, start + length + 2))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_identifiers_in_braces_are_placeholders() {
        let found: Vec<&str> = placeholders("{a} {2} {A} {'k': 1} x{b_c}y {{d}} {e")
            .map(|(start, end)| &"{a} {2} {A} {'k': 1} x{b_c}y {{d}} {e"[start..end])
            .collect();
        assert_eq!(found, ["{a}", "{b_c}", "{d}"]);
    }

    #[test]
    fn fills_what_it_knows_and_nothing_else() {
        let bindings = [Binding {
            axis: "a".into(),
            value: "xyz".into(),
        }];
        let (text, edits) = fill("{a}-{b}-{a}", &bindings);
        assert_eq!(text, "xyz-{b}-xyz");
        assert_eq!(
            edits,
            [
                Edit {
                    before: (0, 3),
                    after: (0, 3)
                },
                Edit {
                    before: (8, 11),
                    after: (8, 11)
                }
            ]
        );
    }
}
