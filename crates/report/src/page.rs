//! The pages of a site.

use std::fmt::Write as _;

use hubcensus_spec::SnapshotDate;

use crate::number::{counted, date, words};
use crate::plot::Shape;
use crate::site::Files;
use crate::snapshot::{Drawn, Section, Snapshot};
use crate::text::{bounded, escaped};

/// The styles of drawings, and of the pages around them.
pub(crate) struct Style {
    pub(crate) figure: &'static str,
    page: &'static str,
}

pub(crate) const STYLE: Style = Style {
    figure: include_str!("../assets/figure.css"),
    page: include_str!("../assets/page.css"),
};
const ICON: &str = include_str!("../assets/icon.svg");

/// Nothing but the site's own style and pictures: no script, no address.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'";

/// Rows of a figure that are written in the page.
const TABLE_ROWS: usize = 200;

/// What all snapshots share.
pub(crate) fn statics(files: &mut Files) {
    let style = format!("{}{}", STYLE.page, STYLE.figure);
    files.insert("style.css".to_owned(), style.into_bytes());
    files.insert("icon.svg".to_owned(), ICON.as_bytes().to_vec());
}

/// The pages of one snapshot, in its folder.
pub(crate) fn pages(
    title: &str,
    snapshot: &Snapshot<'_>,
    dates: &[SnapshotDate],
    folder: &str,
    files: &mut Files,
) {
    let frame = Frame {
        title,
        snapshot,
        root: if folder.is_empty() { "" } else { "../" },
    };
    let index = frame.page("index.html", title, &index(snapshot, dates, frame.root));
    files.insert(format!("{folder}index.html"), index.into_bytes());
    for section in &snapshot.sections {
        let name = format!("{}.html", section.slug);
        let page = frame.page(&name, &section.title, &section_page(section));
        files.insert(format!("{folder}{name}"), page.into_bytes());
    }
}

struct Frame<'a> {
    title: &'a str,
    snapshot: &'a Snapshot<'a>,
    root: &'a str,
}

impl Frame<'_> {
    fn page(&self, name: &str, heading: &str, body: &str) -> String {
        let day = date(self.snapshot.date);
        let title = if heading == self.title {
            format!("{heading}, {day}")
        } else {
            format!("{heading} – {}, {day}", self.title)
        };
        let mut links = String::new();
        let entry = |out: &mut String, page: &str, text: &str| {
            let current = if page == name {
                r#" aria-current="page""#
            } else {
                ""
            };
            let _ = write!(
                out,
                r#"<li><a href="{page}"{current}>{}</a></li>"#,
                escaped(text)
            );
        };
        entry(&mut links, "index.html", "This snapshot");
        for section in &self.snapshot.sections {
            entry(
                &mut links,
                &format!("{}.html", section.slug),
                &section.title,
            );
        }
        let root = self.root;
        let site = escaped(self.title);
        let mut out = String::new();
        let _ = write!(
            out,
            r##"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{}</title>
<link rel="icon" href="{root}icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="{root}style.css">
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header>
<a class="site" href="index.html">{site}</a><span class="date">Snapshot of {day}</span>
<nav aria-label="Sections"><ul>{links}</ul></nav>
</header>
<main id="content">
<h1>{}</h1>
"##,
            escaped(&title),
            escaped(if heading == self.title {
                &title
            } else {
                heading
            })
        );
        if let Some(note) = &self.snapshot.generated {
            let _ = writeln!(out, r#"<p class="note">{}</p>"#, escaped(note));
        }
        out.push_str(body);
        let _ = write!(
            out,
            "</main>\n<footer>{}</footer>\n</body>\n</html>\n",
            self.sources()
        );
        out
    }

    fn sources(&self) -> String {
        let names: Vec<String> = self
            .snapshot
            .sources
            .iter()
            .map(|source| {
                let license = source.license.as_deref().unwrap_or("licence not stated");
                format!("{} ({})", escaped(&source.name), escaped(license))
            })
            .collect();
        match names.as_slice() {
            [] => "Counted in the tables of a lake.".to_owned(),
            names => format!("From {}.", names.join(" and ")),
        }
    }
}

/// The first page: what the snapshot covers, what changed, and which figures there are.
fn index(snapshot: &Snapshot<'_>, dates: &[SnapshotDate], root: &str) -> String {
    let mut out = String::new();
    if !snapshot.tiles.is_empty() {
        out.push_str(r#"<ul class="tiles">"#);
        for (short, exact, unit) in &snapshot.tiles {
            let (short, exact, unit) = (escaped(short), escaped(exact), escaped(unit));
            let _ = write!(
                out,
                r#"<li><b title="{exact}">{short}</b><span>{unit}</span></li>"#
            );
        }
        out.push_str("</ul>\n");
    }
    if !snapshot.covered.is_empty() {
        out.push_str("<h2>What it covers</h2>\n<ul>");
        for covered in &snapshot.covered {
            let _ = write!(out, "<li>{}</li>", escaped(&covered.sentence()));
        }
        out.push_str("</ul>\n<h2>What changed</h2>\n<ul>");
        for covered in &snapshot.covered {
            let _ = write!(out, "<li>{}</li>", escaped(&covered.change()));
        }
        out.push_str("</ul>\n");
    }
    out.push_str("<h2>Figures</h2>\n<ul class=\"cards\">");
    for section in &snapshot.sections {
        let slug = &section.slug;
        let _ = write!(
            out,
            r#"<li><h3><a href="{slug}.html">{}</a></h3><ul>"#,
            escaped(&section.title)
        );
        for drawn in &section.figures {
            let _ = write!(
                out,
                r##"<li><a href="{slug}.html#{}">{}</a></li>"##,
                drawn.id,
                escaped(&words(&drawn.chart.title))
            );
        }
        for (title, ..) in &section.missing {
            let _ = write!(
                out,
                r#"<li class="muted">{} (not drawn)</li>"#,
                escaped(title)
            );
        }
        out.push_str("</ul></li>");
    }
    out.push_str("</ul>\n");
    if dates.len() > 1 {
        out.push_str("<h2>Snapshots</h2>\n<ul>");
        for (at, day) in dates.iter().enumerate() {
            let folder = if at == 0 {
                String::new()
            } else {
                format!("{day}/")
            };
            let text = date(*day);
            if *day == snapshot.date {
                let _ = write!(out, "<li>{text} (this one)</li>");
            } else {
                let _ = write!(
                    out,
                    r#"<li><a href="{root}{folder}index.html">{text}</a></li>"#
                );
            }
        }
        out.push_str("</ul>\n");
    }
    if !snapshot.sources.is_empty() {
        out.push_str("<h2>Sources</h2>\n<dl>");
        for source in &snapshot.sources {
            let license = match &source.license {
                Some(license) => format!("Licence: {license}."),
                None => "Its licence is not stated.".to_owned(),
            };
            let about = source.description.as_deref().unwrap_or_default();
            let _ = write!(
                out,
                "<dt>{}</dt><dd>{} {}</dd>",
                escaped(&source.name),
                escaped(about),
                escaped(&license)
            );
        }
        out.push_str("</dl>\n");
    }
    out
}

fn section_page(section: &Section<'_>) -> String {
    let mut out = String::new();
    for drawn in &section.figures {
        out.push_str(&figure(drawn));
    }
    if !section.missing.is_empty() {
        out.push_str("<h2>Not drawn</h2>\n<ul>");
        for (title, table, why) in &section.missing {
            let _ = write!(
                out,
                "<li>{}, of <code>{table}</code>: {}.</li>",
                escaped(title),
                escaped(why.trim_end_matches('.'))
            );
        }
        out.push_str("</ul>\n");
    }
    out
}

fn figure(drawn: &Drawn<'_>) -> String {
    let id = &drawn.id;
    let title = escaped(&words(&drawn.chart.title));
    let [wide, narrow] = drawn.elements();
    let (lead, more) = match drawn.about.split_once(". ") {
        Some((lead, more)) => (format!("{lead}."), more),
        None => (drawn.about.clone(), ""),
    };
    let mut out = String::new();
    let is_scrolled = matches!(drawn.figure.plot.shape, Shape::Heat { .. });
    let chart = if is_scrolled {
        format!(r#"<div class="chart" tabindex="0" role="group" aria-label="{title}">"#)
    } else {
        r#"<div class="chart">"#.to_owned()
    };
    let _ = write!(
        out,
        r#"<figure id="{id}">
<figcaption><h2>{title}</h2><p class="lead">{}</p></figcaption>
{chart}{wide}{narrow}</div>
<dl>"#,
        prose(&lead)
    );
    let mut fact = |name: &str, text: &str| {
        let _ = write!(out, "<dt>{name}</dt><dd>{text}</dd>");
    };
    let measure = escaped(&words(&drawn.chart.y));
    fact("Measure", &format!("{measure}: {}", prose(&drawn.measure)));
    if !drawn.limits.is_empty() {
        let limits = drawn.limits.iter();
        let limits = limits.map(|(c, v)| format!("{} {}", words(c), words(v)));
        fact(
            "Limited to",
            &escaped(&limits.collect::<Vec<_>>().join(", ")),
        );
    }
    if let Some(covers) = &drawn.covers {
        fact("Coverage", &escaped(covers));
    }
    if !drawn.figure.notes.is_empty() {
        fact("Drawn", &escaped(&drawn.figure.notes.join(" ")));
    }
    fact("Table", &format!("<code>{}</code>", drawn.table));
    out.push_str("</dl>\n");
    if !more.is_empty() {
        let _ = writeln!(
            out,
            "<details><summary>How it is counted</summary><p>{}</p></details>",
            prose(more)
        );
    }
    out.push_str(&data(drawn, &title));
    let (rows, given) = drawn.rows;
    let given = if given < rows {
        format!(
            " (the first {} of {})",
            counted(given, "row"),
            counted(rows, "row")
        )
    } else {
        format!(" ({})", counted(rows, "row"))
    };
    let _ = write!(
        out,
        r#"<p class="links"><a href="data/{id}.csv">CSV</a><a href="data/{id}.parquet">Parquet</a><a href="figures/{id}.svg">SVG</a><span class="muted">{given}</span></p>
</figure>
"#
    );
    out
}

/// A description; what it has between backticks is code.
fn prose(text: &str) -> String {
    let mut out = String::new();
    let parts: Vec<&str> = text.split('`').collect();
    // A backtick alone is text.
    let pairs = parts.len() % 2 == 1;
    for (at, part) in parts.iter().enumerate() {
        match (at % 2 == 1, pairs) {
            (true, true) => {
                let _ = write!(out, "<code>{}</code>", escaped(part));
            }
            (_, false) if at > 0 => {
                let _ = write!(out, "`{}", escaped(part));
            }
            _ => out.push_str(&escaped(part)),
        }
    }
    out
}

/// The numbers behind a figure.
fn data(drawn: &Drawn<'_>, title: &str) -> String {
    let figure = &drawn.figure;
    let names = match figure.plot.shape {
        Shape::Tree(_) if drawn.chart.by.is_some() => 2,
        _ => 1,
    };
    let class = |at: usize| if at < names { "" } else { r#" class="num""# };
    let mut out = format!(
        r#"<details><summary>The numbers</summary><div class="scroll" tabindex="0" role="group" aria-label="The numbers of {title}"><table><thead><tr>"#
    );
    for (at, column) in figure.header.iter().enumerate() {
        let _ = write!(
            out,
            r#"<th scope="col"{}><bdi>{}</bdi></th>"#,
            class(at),
            escaped(&bounded(column))
        );
    }
    out.push_str("</tr></thead><tbody>\n");
    for row in figure.cells.iter().take(TABLE_ROWS) {
        out.push_str("<tr>");
        for (at, cell) in row.iter().enumerate() {
            let _ = write!(
                out,
                "<td{}><bdi>{}</bdi></td>",
                class(at),
                escaped(&bounded(cell))
            );
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>");
    if figure.cells.len() > TABLE_ROWS {
        let _ = write!(
            out,
            r#"<p class="muted">The first {TABLE_ROWS} of {}.</p>"#,
            counted(figure.cells.len(), "row")
        );
    }
    out.push_str("</details>\n");
    out
}
