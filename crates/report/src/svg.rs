//! Writing SVG: few elements, styled by classes alone.

use std::fmt::Write as _;

use crate::text::{bounded, escaped};

/// How a text stands to its place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// A drawing on its way.
pub(crate) struct Svg {
    pub(crate) width: f64,
    pub(crate) height: f64,
    body: String,
}

/// A number with one decimal at most.
fn n(value: f64) -> String {
    let text = format!("{value:.1}");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

impl Svg {
    pub(crate) fn new(width: f64) -> Self {
        Self {
            width,
            height: 0.0,
            body: String::new(),
        }
    }

    /// A rectangle; `title` is what is said of it where the pointer rests.
    pub(crate) fn rect(&mut self, class: &str, at: (f64, f64), size: (f64, f64), title: &str) {
        let _ = write!(
            self.body,
            r#"<rect class="{class}" x="{}" y="{}" width="{}" height="{}""#,
            n(at.0),
            n(at.1),
            n(size.0.max(0.0)),
            n(size.1.max(0.0))
        );
        self.end("rect", title);
    }

    pub(crate) fn circle(&mut self, class: &str, at: (f64, f64), radius: f64, title: &str) {
        let _ = write!(
            self.body,
            r#"<circle class="{class}" cx="{}" cy="{}" r="{}""#,
            n(at.0),
            n(at.1),
            n(radius)
        );
        self.end("circle", title);
    }

    pub(crate) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let _ = write!(
            self.body,
            r#"<line class="{class}" x1="{}" y1="{}" x2="{}" y2="{}"/>"#,
            n(from.0),
            n(from.1),
            n(to.0),
            n(to.1)
        );
    }

    /// A line through points.
    pub(crate) fn path(&mut self, class: &str, points: &[(f64, f64)], closed: bool, title: &str) {
        let mut path = String::new();
        for (at, (x, y)) in points.iter().enumerate() {
            let _ = write!(
                path,
                "{}{} {}",
                if at == 0 { 'M' } else { 'L' },
                n(*x),
                n(*y)
            );
        }
        if closed {
            path.push('Z');
        }
        let _ = write!(self.body, r#"<path class="{class}" d="{path}""#);
        self.end("path", title);
    }

    pub(crate) fn text(&mut self, class: &str, at: (f64, f64), anchor: Anchor, text: &str) {
        let anchor = anchored(anchor);
        let _ = write!(
            self.body,
            r#"<text class="{class}{anchor}" x="{}" y="{}">{}</text>"#,
            n(at.0),
            n(at.1),
            escaped(text)
        );
    }

    /// A text that rises from its place.
    pub(crate) fn rising(&mut self, class: &str, at: (f64, f64), text: &str) {
        let (x, y) = (n(at.0), n(at.1));
        let _ = write!(
            self.body,
            r#"<text class="{class}" x="{x}" y="{y}" transform="rotate(-40 {x} {y})">{}</text>"#,
            escaped(text)
        );
    }

    fn end(&mut self, element: &str, title: &str) {
        if title.is_empty() {
            self.body.push_str("/>");
        } else {
            let _ = write!(
                self.body,
                "><title>{}</title></{element}>",
                escaped(&bounded(title))
            );
        }
    }

    /// The drawing as an element of a page: an image with a name and a description.
    pub(crate) fn element(&self, id: &str, class: &str, title: &str, description: &str) -> String {
        self.written(&format!(r#" class="{class}""#), id, title, description, "")
    }

    /// The drawing as a file of its own, with the styles that it needs.
    pub(crate) fn file(&self, title: &str, description: &str, style: &str) -> String {
        let style =
            format!(r#"<style>{style}</style><rect class="paper" width="100%" height="100%"/>"#);
        self.written(
            r#" xmlns="http://www.w3.org/2000/svg""#,
            "figure",
            title,
            description,
            &style,
        )
    }

    fn written(
        &self,
        attributes: &str,
        id: &str,
        title: &str,
        description: &str,
        head: &str,
    ) -> String {
        let (width, height) = (n(self.width), n(self.height));
        format!(
            r#"<svg{attributes} viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-labelledby="{id}-t {id}-d"><title id="{id}-t">{}</title><desc id="{id}-d">{}</desc>{head}{}</svg>"#,
            escaped(title),
            escaped(description),
            self.body
        )
    }
}

fn anchored(anchor: Anchor) -> &'static str {
    match anchor {
        Anchor::Start => "",
        Anchor::Middle => " mid",
        Anchor::End => " end",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_have_classes_places_and_titles() {
        let mut svg = Svg::new(100.0);
        svg.height = 50.0;
        svg.rect("c0", (0.0, 1.26), (10.04, -3.0), "a < b");
        svg.line("g", (0.0, -0.01), (2.0, 2.0));
        svg.path("s0", &[(0.0, 0.0), (1.0, 2.5)], true, "");
        svg.text("t", (1.0, 2.0), Anchor::End, "<b>");
        assert_eq!(
            svg.element("f", "wide", "T&", "D"),
            concat!(
                r#"<svg class="wide" viewBox="0 0 100 50" width="100" height="50" role="img" aria-labelledby="f-t f-d">"#,
                r#"<title id="f-t">T&amp;</title><desc id="f-d">D</desc>"#,
                r#"<rect class="c0" x="0" y="1.3" width="10" height="0"><title>a &lt; b</title></rect>"#,
                r#"<line class="g" x1="0" y1="0" x2="2" y2="2"/>"#,
                r#"<path class="s0" d="M0 0L1 2.5Z"/>"#,
                r#"<text class="t end" x="1" y="2">&lt;b&gt;</text></svg>"#,
            )
        );
    }
}
