//! Making a report of a lake.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bytes::Bytes;
use hubcensus_lake::{Lake, Manifest};
use hubcensus_spec::{Chart, DateSet, Job, PartitionId, Project, Scalar, SnapshotDate, TableName};
use object_store::ObjectStoreExt as _;

use crate::error::{Error, Result};
use crate::page;
use crate::site::{self, Files, MARKER};
use crate::snapshot::{Snapshot, Source};

/// Which snapshots are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Dates {
    /// The latest of which there is a table with a chart.
    #[default]
    Latest,
    /// All that there are.
    All,
    /// Those of these dates.
    Of(DateSet),
}

/// The names that the values of a table's key have in one of its columns.
pub type Names = BTreeMap<(TableName, String), BTreeMap<String, String>>;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The project, for its charts, descriptions and licences.
    pub project: &'a Project,
    /// The snapshots.
    pub dates: Dates,
    /// What the site is called.
    pub title: &'a str,
    /// The order of the charts' sections; those that are not here come last, by name.
    pub sections: &'a [&'a str],
    /// The table with what each snapshot covers, if the lake has one: a row for each `kind`, with
    /// `source`, `coverage`, `part`, `counters_date`, `rows`, and what `rows` and counters were
    /// before (`previous_…`, `comparable_predecessor`, `not_comparable_because`).
    pub coverage: Option<TableName>,
    /// The numbers at the top of the first page.
    pub headline: Option<Headline>,
    /// What the charts' `names` refer to.
    pub names: &'a Names,
}

/// Numbers of one row of a table.
#[derive(Clone, Debug)]
pub struct Headline {
    /// The table.
    pub table: TableName,
    /// Which row: the values of columns, of several the first that has `measure`.
    pub filters: Vec<(String, Vec<Scalar>)>,
    /// A column that the row must have.
    pub measure: String,
    /// The columns, and what they count, as a chart's `unit`.
    pub columns: Vec<(String, String)>,
}

/// A figure that could not be drawn.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    /// The table.
    pub table: TableName,
    /// The snapshot.
    pub date: SnapshotDate,
    /// Why not.
    pub why: String,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The snapshots that are shown, the newest first.
    pub dates: Vec<SnapshotDate>,
    /// How many figures were drawn.
    pub figures: usize,
    /// The files and their bytes.
    pub files: (usize, u64),
    /// What was not drawn.
    pub missing: Vec<Missing>,
    /// That the data was generated, if it was.
    pub generated: Option<String>,
}

/// A chart and the job whose table it shows.
#[derive(Clone, Copy)]
pub(crate) struct Charted<'a> {
    pub(crate) job: &'a Job,
    pub(crate) chart: &'a Chart,
    /// Its place among the charts of the job, from 1.
    pub(crate) number: usize,
}

/// Draws the charts of a project and puts them into a folder.
///
/// # Errors
/// A folder that holds something else; a lake that has nothing to draw or cannot be read.
pub async fn report(lake: &Lake, folder: &Path, request: &Request<'_>) -> Result<Made> {
    site::check(folder)?;
    lake.require().await?;
    let mut manifests = BTreeMap::new();
    for manifest in lake.manifests().await? {
        manifests.insert(manifest.id.clone(), manifest);
    }
    let charted = charted(request.project);
    let dates = dates(&charted, &manifests, &request.dates);
    if dates.is_empty() {
        return Err(Error::Nothing {
            lake: lake.address().to_owned(),
        });
    }
    let maker = Maker {
        lake,
        request,
        manifests: &manifests,
        charted: &charted,
    };
    let mut files = Files::new();
    let mut made = Made {
        dates: dates.clone(),
        figures: 0,
        files: (0, 0),
        missing: Vec::new(),
        generated: None,
    };
    for (at, date) in dates.iter().enumerate() {
        let folder = if at == 0 {
            String::new()
        } else {
            format!("{date}/")
        };
        let snapshot = maker.snapshot(*date, &folder, &mut files).await?;
        page::pages(request.title, &snapshot, &dates, &folder, &mut files);
        made.figures += snapshot.figures();
        made.missing.extend(snapshot.missing);
        made.generated = made.generated.or(snapshot.generated);
    }
    page::statics(&mut files);
    let list = dates.iter().map(|date| format!("\"{date}\""));
    let marker = format!(
        "{{\"format\": 1, \"snapshots\": [{}]}}\n",
        list.collect::<Vec<_>>().join(", ")
    );
    files.insert(MARKER.to_owned(), marker.into_bytes());
    made.files = (
        files.len(),
        files.values().map(|bytes| bytes.len() as u64).sum(),
    );
    site::write(folder, &files)?;
    Ok(made)
}

fn charted(project: &Project) -> Vec<Charted<'_>> {
    let of = |job| {
        let charts = |job: &'_ Job| -> usize { job.charts.len() };
        (0..charts(job)).filter_map(move |at| {
            Some(Charted {
                job,
                chart: job.charts.get(at)?,
                number: at + 1,
            })
        })
    };
    project.jobs.iter().flat_map(|job| of(job)).collect()
}

/// The dates asked for of which there is something to draw, the newest first.
fn dates(
    charted: &[Charted<'_>],
    manifests: &BTreeMap<PartitionId, Manifest>,
    asked: &Dates,
) -> Vec<SnapshotDate> {
    let tables: BTreeSet<&TableName> = charted.iter().map(|c| &c.job.name.value).collect();
    let there: BTreeSet<SnapshotDate> = manifests
        .values()
        .filter(|manifest| manifest.file().is_some() && tables.contains(&manifest.id.table))
        .map(|manifest| manifest.id.date)
        .collect();
    let newest_first = there.into_iter().rev();
    match asked {
        Dates::All => newest_first.collect(),
        Dates::Latest => newest_first.take(1).collect(),
        Dates::Of(dates) => newest_first.filter(|date| dates.contains(*date)).collect(),
    }
}

/// What the snapshots of a report have in common.
pub(crate) struct Maker<'a> {
    lake: &'a Lake,
    pub(crate) request: &'a Request<'a>,
    manifests: &'a BTreeMap<PartitionId, Manifest>,
    pub(crate) charted: &'a [Charted<'a>],
}

impl Maker<'_> {
    pub(crate) fn manifest(&self, table: &TableName, date: SnapshotDate) -> Option<&Manifest> {
        self.manifests.get(&PartitionId::new(table.clone(), date))
    }

    /// The bytes of a partition's file, or why there are none.
    pub(crate) async fn bytes(
        &self,
        table: &TableName,
        date: SnapshotDate,
    ) -> Result<Bytes, String> {
        let Some(manifest) = self.manifest(table, date) else {
            return Err("the lake has no such partition; `hubcensus run` makes it".to_owned());
        };
        let Some(file) = manifest.file() else {
            return Err(manifest.skipped().unwrap_or_default().to_owned());
        };
        let path = self.lake.locate(&file.file);
        let unread = |error: object_store::Error| format!("it cannot be read ({error})");
        let found = self.lake.store().get(&path).await.map_err(unread)?;
        let bytes = found.bytes().await.map_err(unread)?;
        if blake3::hash(&bytes).to_hex().as_str() != file.blake3 {
            return Err(
                "it is not as its manifest says; `hubcensus verify` says what makes it again"
                    .to_owned(),
            );
        }
        Ok(bytes)
    }

    /// What is known of a source.
    pub(crate) fn source(&self, name: &str) -> Source {
        let entry = self.request.project.source(name).next();
        Source {
            name: name.to_owned(),
            description: entry.map(|entry| one_line(&entry.description)),
            license: entry.and_then(|entry| entry.license.clone()),
        }
    }
}

pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Snapshot<'_> {
    fn figures(&self) -> usize {
        self.sections
            .iter()
            .map(|section| section.figures.len())
            .sum()
    }
}
