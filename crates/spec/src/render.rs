//! How mistakes look on the screen: cargo's look.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::diagnostic::{Diagnostic, Severity, Span};
use crate::project::SourceFile;

/// The diagnostics as text, each with file, line, column, the line underlined and what to do.
///
/// `files` are those of the [`Project`](crate::Project) that the spans point into. With `color`,
/// the text has ANSI escapes. Empty if there is nothing to say; otherwise it ends in a line feed.
pub fn render(diagnostics: &[Diagnostic], files: &[SourceFile], color: bool) -> String {
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut out = String::new();
    for diagnostic in diagnostics {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&renderer.render(&[group(diagnostic, files)]));
        out.push('\n');
    }
    out
}

fn group<'a>(diagnostic: &'a Diagnostic, files: &'a [SourceFile]) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(&diagnostic.message).id(diagnostic.code));
    if let Some(span) = diagnostic.span
        && let Some(file) = files.get(span.file)
    {
        let primary = AnnotationKind::Primary
            .span(range(span, &file.text))
            .label(Some(diagnostic.label.as_str()).filter(|label| !label.is_empty()));
        let same_file = diagnostic
            .related
            .iter()
            .filter(|(related, _)| related.file == span.file)
            .map(|(related, label)| {
                AnnotationKind::Context
                    .span(range(*related, &file.text))
                    .label(label.as_str())
            });
        group = group.element(
            Snippet::source(file.text.as_str())
                .path(file.path.as_str())
                .annotation(primary)
                .annotations(same_file),
        );
    }
    for (related, label) in &diagnostic.related {
        if diagnostic.span.is_none_or(|span| span.file != related.file)
            && let Some(file) = files.get(related.file)
        {
            group = group.element(
                Snippet::source(file.text.as_str())
                    .path(file.path.as_str())
                    .annotation(
                        AnnotationKind::Context
                            .span(range(*related, &file.text))
                            .label(label.as_str()),
                    ),
            );
        }
    }
    group.elements(
        diagnostic
            .help
            .iter()
            .map(|help| Level::HELP.message(help.as_str())),
    )
}

/// The span within the text, whatever it was made from: annotate-snippets panics on others.
fn range(span: Span, text: &str) -> std::ops::Range<usize> {
    let start = text.floor_char_boundary(span.start.min(text.len()));
    let end = text.ceil_char_boundary(span.end.clamp(start, text.len()));
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Vec<SourceFile> {
        vec![
            SourceFile {
                path: "pipelines/a/x.yaml".into(),
                text: "stage: a\njobs:\n  - nmae: größe\n".into(),
            },
            SourceFile {
                path: "pipelines/a/y.yaml".into(),
                text: "stage: b\n".into(),
            },
        ]
    }

    #[test]
    fn looks_like_cargo() {
        let span = Span {
            file: 0,
            start: 19,
            end: 23,
        };
        let other = Span {
            file: 1,
            start: 7,
            end: 8,
        };
        let diagnostics = [
            Diagnostic::error("unknown-key", "unknown key `nmae` in a job")
                .at(span, "unknown key")
                .related(other, "see here")
                .help("did you mean `name`?")
                .help("or not"),
            Diagnostic::warning("odd", "odd without a place"),
        ];
        assert_eq!(
            render(&diagnostics, &files(), false),
            "\
error[unknown-key]: unknown key `nmae` in a job
 --> pipelines/a/x.yaml:3:5
  |
3 |   - nmae: größe
  |     ^^^^ unknown key
  |
 ::: pipelines/a/y.yaml:1:8
  |
1 | stage: b
  |        - see here
  |
  = help: did you mean `name`?
  = help: or not

warning[odd]: odd without a place
"
        );
        assert!(render(&diagnostics, &files(), true).contains("\u{1b}["));
        assert_eq!(render(&[], &files(), false), "");
    }

    #[test]
    fn spans_outside_the_text_do_no_harm() {
        for (file, start, end) in [(0, 0, 0), (0, 27, 28), (0, 500, 400), (1, 8, 9), (7, 0, 1)] {
            let span = Span { file, start, end };
            let text = render(
                &[Diagnostic::error("x", "message").at(span, "label")],
                &files(),
                false,
            );
            assert!(text.starts_with("error[x]: message"), "{text}");
        }
    }
}
