//! Everything that is shown of one snapshot.

use std::collections::{BTreeMap, BTreeSet};

use hubcensus_spec::{Chart, SnapshotDate, TableName};

use crate::coverage::{self, Covered};
use crate::draw::{self, NARROW, WIDE};
use crate::error::{Error, Result};
use crate::export;
use crate::figure::{self, Figure};
use crate::number::{Unit, words};
use crate::page::STYLE;
use crate::report::{Charted, Maker, Missing, one_line};
use crate::rows::{self, Rows};
use crate::site::Files;
use crate::text::slug;

/// A snapshot as it is shown.
pub(crate) struct Snapshot<'a> {
    pub(crate) date: SnapshotDate,
    pub(crate) tiles: Vec<(String, String, String)>,
    pub(crate) covered: Vec<Covered>,
    pub(crate) sources: Vec<Source>,
    pub(crate) sections: Vec<Section<'a>>,
    pub(crate) missing: Vec<Missing>,
    pub(crate) generated: Option<String>,
}

/// A source that went in.
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) license: Option<String>,
}

/// Figures with a heading.
pub(crate) struct Section<'a> {
    pub(crate) title: String,
    pub(crate) slug: String,
    pub(crate) figures: Vec<Drawn<'a>>,
    /// What could not be drawn: the title of the chart, its table, and why.
    pub(crate) missing: Vec<(String, TableName, String)>,
}

/// A figure with what is said about it.
pub(crate) struct Drawn<'a> {
    pub(crate) chart: &'a Chart,
    pub(crate) table: &'a TableName,
    /// Its name in addresses.
    pub(crate) id: String,
    pub(crate) figure: Figure,
    /// The table's description.
    pub(crate) about: String,
    /// The description of the measure, which says what it is a share of.
    pub(crate) measure: String,
    pub(crate) limits: Vec<(String, String)>,
    /// What the table's snapshot covers.
    pub(crate) covers: Option<String>,
    /// The description of the drawing.
    pub(crate) summary: String,
    /// How many rows the table has for the figure, and how many of them are given away with it.
    pub(crate) rows: (usize, usize),
}

impl Maker<'_> {
    /// Draws a snapshot; its data and drawings go into the files.
    pub(crate) async fn snapshot(
        &self,
        date: SnapshotDate,
        folder: &str,
        files: &mut Files,
    ) -> Result<Snapshot<'_>> {
        let mut snapshot = Snapshot {
            date,
            tiles: self.tiles(date).await,
            covered: self.covered(date).await,
            sources: Vec::new(),
            sections: self.sections(),
            missing: Vec::new(),
            generated: None,
        };
        let mut sources: BTreeSet<String> = BTreeSet::new();
        sources.extend(
            snapshot
                .covered
                .iter()
                .map(|covered| covered.source.clone()),
        );
        for charted in self.charted {
            let table = &charted.job.name.value;
            if let Some(manifest) = self.manifest(table, date) {
                let coverage = manifest.facts.coverage.as_ref();
                sources.extend(coverage.map(|coverage| coverage.source.clone()));
                let generated = manifest.facts.generated.clone();
                snapshot.generated = snapshot.generated.or(generated);
            }
            let drawn = self.drawn(*charted, date).await;
            let heading = &charted.chart.section;
            let sections = &mut snapshot.sections;
            let Some(section) = sections.iter_mut().find(|s| s.title == *heading) else {
                continue;
            };
            match drawn {
                Ok((drawn, rows)) => {
                    put(folder, &drawn, &rows, files)?;
                    section.figures.push(drawn);
                }
                Err(why) => {
                    let title = words(&charted.chart.title);
                    section.missing.push((title, table.clone(), why.clone()));
                    snapshot.missing.push(Missing {
                        table: table.clone(),
                        date,
                        why,
                    });
                }
            }
        }
        snapshot
            .sections
            .retain(|section| !section.figures.is_empty() || !section.missing.is_empty());
        snapshot.sources = sources.iter().map(|name| self.source(name)).collect();
        Ok(snapshot)
    }

    /// The sections of all charts, in their order, without figures.
    fn sections(&self) -> Vec<Section<'_>> {
        let of_charts: BTreeSet<&str> = self
            .charted
            .iter()
            .map(|c| c.chart.section.as_str())
            .collect();
        let known = self.request.sections.iter().copied();
        let others = of_charts
            .iter()
            .copied()
            .filter(|s| !self.request.sections.contains(s));
        let titles = known
            .filter(|title| of_charts.contains(title))
            .chain(others);
        let section = |(at, title): (usize, &str)| Section {
            title: title.to_owned(),
            slug: match slug(title).as_str() {
                "" | "index" => format!("section-{}", at + 1),
                slug => slug.to_owned(),
            },
            figures: Vec::new(),
            missing: Vec::new(),
        };
        titles.enumerate().map(section).collect()
    }

    /// The numbers at the top, as they are read and in full, and what they count.
    async fn tiles(&self, date: SnapshotDate) -> Vec<(String, String, String)> {
        let Some(headline) = &self.request.headline else {
            return Vec::new();
        };
        let Ok(bytes) = self.bytes(&headline.table, date).await else {
            return Vec::new();
        };
        let columns: Vec<&str> = headline.columns.iter().map(|(c, _)| c.as_str()).collect();
        let read = rows::read(bytes, &columns, &headline.filters, &headline.measure);
        let Ok(rows) = read else {
            return Vec::new();
        };
        let tile = |(column, unit): &(String, String)| {
            let value = rows::numbers(&rows.batch, column)
                .first()
                .copied()
                .flatten()?;
            let unit = Unit::new(unit);
            let exact = if unit.is_share() {
                unit.short(value)
            } else {
                crate::number::exact(value)
            };
            Some((unit.short(value), exact, unit.title()))
        };
        let mut tiles: Vec<(String, String, String)> =
            headline.columns.iter().filter_map(tile).collect();
        // What the values mean may depend on which of several a filter has chosen.
        let chosen = headline.filters.iter().zip(&rows.limits);
        for (_, (_, value)) in chosen.filter(|((_, values), _)| values.len() > 1) {
            let words = words(value);
            for (_, _, unit) in &mut tiles {
                *unit = unit.replace("{}", &words);
            }
        }
        tiles
    }

    async fn covered(&self, date: SnapshotDate) -> Vec<Covered> {
        let Some(table) = &self.request.coverage else {
            return Vec::new();
        };
        match self.bytes(table, date).await {
            Ok(bytes) => rows::whole(bytes).map_or_else(Vec::new, |b| coverage::covered(&b)),
            Err(_) => Vec::new(),
        }
    }

    /// A figure, or why it cannot be drawn.
    async fn drawn<'c>(
        &self,
        Charted { job, chart, number }: Charted<'c>,
        date: SnapshotDate,
    ) -> Result<(Drawn<'c>, Rows), String> {
        let table = &job.name.value;
        let bytes = self.bytes(table, date).await?;
        let columns: Vec<&str> = [&chart.x]
            .into_iter()
            .chain(&chart.by)
            .map(String::as_str)
            .collect();
        let rows = rows::read(bytes, &columns, &chart.filters, &chart.y)?;
        let mut names: BTreeMap<&str, &BTreeMap<String, String>> = BTreeMap::new();
        for (column, reference) in &chart.names {
            let known = self.request.names.get(&reference.value);
            names.extend(known.map(|known| (column.as_str(), known)));
        }
        let figure = figure::figure(chart, &rows.batch, &names);
        if figure.plot.shape.is_empty() {
            let measure = words(&chart.y);
            return Err(match rows.batch.num_rows() {
                0 => "the table has no row for it".to_owned(),
                _ => format!("no row states {measure}"),
            });
        }
        let coverage = self
            .manifest(table, date)
            .and_then(|m| m.facts.coverage.clone());
        let covers = coverage.map(|coverage| match coverage.part {
            Some(part) => format!("{}, a {}: {part}", coverage.source, coverage.kind),
            None => format!("{}, a {}", coverage.source, coverage.kind),
        });
        let described = job.contract.column(&chart.y);
        let given = rows.batch.num_rows().min(export::MOST);
        let drawn = Drawn {
            chart,
            table,
            id: format!("{}-{number}", slug(table.table())),
            about: one_line(&job.description),
            measure: described.map_or_else(String::new, |column| one_line(&column.description)),
            limits: rows.limits.clone(),
            covers,
            summary: summary(&figure),
            rows: (rows.batch.num_rows(), given),
            figure,
        };
        Ok((drawn, rows))
    }
}

/// The first values of a figure in words, for those who do not see it.
fn summary(figure: &Figure) -> String {
    const SAID: usize = 5;
    let said = figure.cells.iter().take(SAID).map(|row| {
        let (name, values) = row
            .split_first()
            .map_or(("", &[][..]), |(n, v)| (n.as_str(), v));
        match values {
            [value] => format!("{name} {value}"),
            _ => {
                let header = figure.header.iter().skip(1);
                let parts = header.zip(values).take(SAID);
                let parts = parts.map(|(part, value)| format!("{part} {value}"));
                format!("{name}: {}", parts.collect::<Vec<_>>().join(", "))
            }
        }
    });
    let said: Vec<String> = said.map(|text| crate::text::bounded(&text)).collect();
    let more = figure.cells.len().saturating_sub(SAID);
    let more = match more {
        0 => String::new(),
        more => format!(" And {more} more, in the table below."),
    };
    format!("{}.{more}", said.join("; "))
}

/// Puts the rows and the drawing of a figure into the files.
fn put(folder: &str, drawn: &Drawn<'_>, rows: &Rows, files: &mut Files) -> Result<()> {
    let failed = |why: String| Error::Rows {
        table: drawn.table.to_string(),
        why,
    };
    let id = &drawn.id;
    let given = export::bounded(&rows.batch);
    files.insert(
        format!("{folder}data/{id}.csv"),
        export::csv(&given).map_err(failed)?,
    );
    files.insert(
        format!("{folder}data/{id}.parquet"),
        export::parquet(&given).map_err(failed)?,
    );
    let svg = draw::draw(&drawn.figure.plot, WIDE);
    let svg = svg.file(&words(&drawn.chart.title), &drawn.summary, STYLE.figure);
    files.insert(format!("{folder}figures/{id}.svg"), svg.into_bytes());
    Ok(())
}

impl Drawn<'_> {
    /// The figure at the width of a page and at that of a telephone.
    pub(crate) fn elements(&self) -> [String; 2] {
        [("w", "wide", WIDE), ("n", "narrow", NARROW)].map(|(ending, class, width)| {
            let svg = draw::draw(&self.figure.plot, width);
            let id = format!("{}-{ending}", self.id);
            svg.element(&id, class, &words(&self.chart.title), &self.summary)
        })
    }
}
