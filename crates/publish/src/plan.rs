//! What is to be published: the record that is wanted, and where each of its files comes from.

mod file;

use std::collections::{BTreeMap, BTreeSet};

use hubcensus_lake::{ColumnFacts, FileFacts, Lake, Manifest};
use hubcensus_spec::{Contract, DateSet, PartitionId, Project, SnapshotDate, TableName};

use crate::error::{Error, Result};
use crate::origin::Origins;
use crate::place::Place;
use crate::record::{self, Column, File, Publication, SchemaChange, Source, Table};
use crate::schema::{self, Fit};

/// The column that files have beside those of the contract.
const OBSERVED_DATE: &str = "observed_date";
const OBSERVED_DATE_IS: &str = "The snapshot's date, for readers that lose the path.";

/// Which snapshots of the lake are published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Dates {
    /// All that it has.
    #[default]
    All,
    /// The latest of each table.
    Latest,
    /// Those of these dates.
    Of(DateSet),
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The project, for descriptions, contracts and licences.
    pub project: &'a Project,
    /// The tables.
    pub tables: BTreeSet<TableName>,
    /// The snapshots.
    pub dates: Dates,
    /// Whether what was published before and is not chosen now is removed.
    pub only: bool,
    /// The stage whose tables are called by their names alone.
    pub stage: &'a str,
    /// The table with what each snapshot covers, if the lake has one: a row for each `kind`, with
    /// `source`, `coverage`, `part`, `counters_date` and `rows`.
    pub coverage: Option<TableName>,
    /// What the dataset is called.
    pub title: &'a str,
    /// What it is about, in a sentence or several.
    pub about: &'a str,
    /// What has to be known to read any of its tables, in Markdown; may be empty.
    pub reading: &'a str,
}

/// Where the bytes of a file are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum From {
    /// In the lake, at this path.
    Lake(String),
    /// At another path of the place.
    Place(String),
}

/// How a file of the record is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recipe {
    pub(crate) from: From,
    /// The columns that it gets, where they are not those it has.
    pub(crate) widened: Option<Vec<Column>>,
}

/// What is to be published.
pub(crate) struct Plan {
    pub(crate) record: Publication,
    /// How the files are made, by path, of those that can be made.
    pub(crate) recipes: BTreeMap<String, Recipe>,
}

/// A snapshot of a table that is there to be published.
struct Candidate {
    date: SnapshotDate,
    columns: Vec<Column>,
    at: At,
}

enum At {
    Lake(Box<Manifest>, FileFacts),
    Published(File),
}

/// The name of a table's configuration.
pub(crate) fn config(table: &TableName, stage: &str) -> String {
    if table.stage() == stage {
        table.table().to_owned()
    } else {
        table.to_string()
    }
}

pub(crate) use file::wide;

pub(crate) struct Planner<'a> {
    pub(crate) lake: &'a Lake,
    pub(crate) place: &'a Place,
    pub(crate) request: &'a Request<'a>,
    pub(crate) old: Option<&'a Publication>,
}

impl Planner<'_> {
    /// Compares the lake with what was published last, and hashes what is new.
    pub(crate) async fn plan(&self, checked: &(dyn Fn(u64) + Sync)) -> Result<Plan> {
        let mut manifests = BTreeMap::new();
        for manifest in self.lake.manifests().await? {
            manifests.insert(manifest.id.clone(), manifest);
        }
        let mut origins = Origins::new(&manifests);
        let mut plan = Plan {
            record: Publication::new(self.request.title, self.request.about, self.request.reading),
            recipes: BTreeMap::new(),
        };
        if let Some(old) = self.old {
            plan.record.schema_changes.clone_from(&old.schema_changes);
            if !self.request.only {
                plan.record.tables.clone_from(&old.tables);
            }
        }
        let mut any = false;
        for name in &self.request.tables {
            let chosen = self.chosen(name, &manifests);
            any |= chosen.iter().any(|manifest| manifest.file().is_some());
            self.table(name, &chosen, &mut origins, &mut plan, checked)
                .await?;
        }
        if !any {
            let tables: Vec<String> = self
                .request
                .tables
                .iter()
                .map(ToString::to_string)
                .collect();
            return Err(Error::Nothing {
                lake: self.lake.address().to_owned(),
                tables: match tables.as_slice() {
                    [] => "any table".to_owned(),
                    [one] => one.clone(),
                    [first, .., last] => format!("{first} … {last}"),
                },
            });
        }
        if let Some(old) = self.old {
            for config in old.tables.keys() {
                if !plan.record.tables.contains_key(config) {
                    let removed = vec!["The table was removed.".to_owned()];
                    self.note(&mut plan.record, config, removed);
                }
            }
        }
        self.sources(&mut plan.record);
        self.snapshots(&manifests, &mut plan.record).await?;
        Ok(plan)
    }

    /// The partitions of a table that are chosen, by date.
    fn chosen<'m>(
        &self,
        name: &TableName,
        manifests: &'m BTreeMap<PartitionId, Manifest>,
    ) -> Vec<&'m Manifest> {
        let all = manifests
            .values()
            .filter(|manifest| manifest.id.table == *name);
        let all: Vec<&Manifest> = all.collect();
        let latest = all.iter().rfind(|manifest| manifest.file().is_some());
        let latest = latest.map(|manifest| manifest.id.date);
        let is_chosen = |date: SnapshotDate| match &self.request.dates {
            Dates::All => true,
            Dates::Latest => Some(date) == latest,
            Dates::Of(dates) => dates.contains(date),
        };
        all.into_iter()
            .filter(|manifest| is_chosen(manifest.id.date))
            .collect()
    }

    async fn table(
        &self,
        name: &TableName,
        chosen: &[&Manifest],
        origins: &mut Origins<'_>,
        plan: &mut Plan,
        checked: &(dyn Fn(u64) + Sync),
    ) -> Result<()> {
        let config = config(name, self.request.stage);
        let old = self.old.and_then(|old| old.tables.get(&config));
        let kept = old.filter(|_| !self.request.only);
        let project_table = self.request.project.table(name);
        let contract = project_table.map(|table| table.contract());
        let mut skipped = kept.map(|old| old.skipped.clone()).unwrap_or_default();
        let mut candidates: BTreeMap<SnapshotDate, Candidate> = BTreeMap::new();
        for (date, file) in kept.iter().flat_map(|old| &old.files) {
            candidates.insert(
                *date,
                Candidate {
                    date: *date,
                    columns: old.map(|old| old.columns.clone()).unwrap_or_default(),
                    at: At::Published(file.clone()),
                },
            );
        }
        for manifest in chosen {
            let date = manifest.id.date;
            skipped.remove(&date);
            candidates.remove(&date);
            if let Some(reason) = manifest.skipped() {
                skipped.insert(date, reason.to_owned());
            }
            if let Some(file) = manifest.file() {
                candidates.insert(
                    date,
                    Candidate {
                        date,
                        columns: columns(&file.columns, contract, old),
                        at: At::Lake(Box::new((*manifest).clone()), file.clone()),
                    },
                );
            }
        }
        let Some(newest) = candidates.values().next_back() else {
            return Ok(());
        };
        // The columns are those of the contract where any file has them, else those of the newest.
        let promised = contract.map(promised).unwrap_or_default();
        let model = candidates
            .values()
            .rfind(|c| schema::fit(&c.columns, &promised) == Fit::Same)
            .unwrap_or(newest);
        let mut wanted = model.columns.clone();
        for column in &mut wanted {
            let may_be_null = |candidate: &Candidate| {
                let found = candidate.columns.iter().find(|c| c.name == column.name);
                found.is_none_or(|found| found.nullable)
            };
            let mut fitting = candidates
                .values()
                .filter(|c| schema::fit(&c.columns, &model.columns) != Fit::No);
            column.nullable = fitting.any(may_be_null);
        }
        let mut table = Table {
            table: name.clone(),
            until: None,
            description: project_table
                .map_or_else(String::new, |table| one_line(table.description())),
            section: project_table.and_then(|table| table.section().map(one_line)),
            intermediate: project_table.is_some_and(|table| table.is_intermediate()),
            key: names(contract.map(|contract| &contract.key)),
            sort: names(contract.map(|contract| &contract.sort)),
            columns: wanted,
            files: BTreeMap::new(),
            skipped,
        };
        let mut unfit: Vec<Candidate> = Vec::new();
        for candidate in candidates.into_values() {
            match schema::fit(&candidate.columns, &table.columns) {
                Fit::No => unfit.push(candidate),
                fit => {
                    let folder = table.folder();
                    let date = candidate.date;
                    let widened = (fit == Fit::Widened).then(|| table.columns.clone());
                    let (file, recipe) = self
                        .file(candidate, &folder, widened, old, origins, checked)
                        .await?;
                    plan.recipes
                        .extend(recipe.map(|recipe| (file.path.clone(), recipe)));
                    table.files.insert(date, file);
                }
            }
        }
        // A date that has a file again is not among those of before.
        for retired in plan.record.tables.values_mut() {
            if retired.table == *name && retired.until.is_some() {
                retired
                    .files
                    .retain(|date, _| !table.files.contains_key(date));
            }
        }
        plan.record
            .tables
            .retain(|_, table| !table.files.is_empty());
        if let Some(old) = old {
            let changes = schema::changes(&old.columns, &table.columns);
            self.note_at(
                &mut plan.record,
                table.latest().map(|(date, _)| date),
                &config,
                changes,
            );
        } else if self.old.is_some() {
            let changes = vec!["The table was added.".to_owned()];
            self.note_at(
                &mut plan.record,
                table.latest().map(|(date, _)| date),
                &config,
                changes,
            );
        }
        self.retire(&table, &config, unfit, old, origins, plan, checked)
            .await?;
        plan.record.tables.insert(config, table);
        Ok(())
    }

    /// Gives files that do not fit their table any more a configuration of their own, for each
    /// different list of columns.
    #[expect(clippy::too_many_arguments, reason = "the parts of one table's plan")]
    async fn retire(
        &self,
        table: &Table,
        config: &str,
        mut unfit: Vec<Candidate>,
        old: Option<&Table>,
        origins: &mut Origins<'_>,
        plan: &mut Plan,
        checked: &(dyn Fn(u64) + Sync),
    ) -> Result<()> {
        while let Some(last) = unfit.last() {
            let columns = last.columns.clone();
            let until = last.date;
            let (alike, others): (Vec<Candidate>, Vec<Candidate>) = unfit
                .into_iter()
                .partition(|c| schema::fit(&c.columns, &columns) == Fit::Same);
            unfit = others;
            let mut retired = Table {
                until: Some(until),
                columns,
                files: BTreeMap::new(),
                skipped: BTreeMap::new(),
                ..table.clone()
            };
            retired
                .key
                .retain(|key| retired.columns.iter().any(|c| c.name == *key));
            retired
                .sort
                .retain(|key| retired.columns.iter().any(|c| c.name == *key));
            let name = format!("{config}_until_{until}");
            for candidate in alike {
                let date = candidate.date;
                let folder = retired.folder();
                let (file, recipe) = self
                    .file(candidate, &folder, None, old, origins, checked)
                    .await?;
                plan.recipes
                    .extend(recipe.map(|recipe| (file.path.clone(), recipe)));
                retired.files.insert(date, file);
            }
            let change = format!(
                "Files up to {until} have columns that do not fit those of later ones: they are in `{name}` now."
            );
            let since = table.latest().map(|(date, _)| date);
            self.note_at(&mut plan.record, since, config, vec![change]);
            plan.record.tables.insert(name, retired);
        }
        Ok(())
    }

    pub(crate) fn lost(&self, path: &str, what: &str) -> Error {
        Error::Lost {
            place: self.place.address().to_owned(),
            path: path.to_owned(),
            what: what.to_owned(),
        }
    }

    /// Notes how a table changed with the newest snapshot.
    fn note(&self, record: &mut Publication, config: &str, changes: Vec<String>) {
        let dates = record.tables.values().flat_map(|table| table.files.keys());
        let newest = dates.max().copied();
        self.note_at(record, newest, config, changes);
    }

    fn note_at(
        &self,
        record: &mut Publication,
        since: Option<SnapshotDate>,
        config: &str,
        changes: Vec<String>,
    ) {
        if let (Some(since), false) = (since, changes.is_empty()) {
            record.schema_changes.push(SchemaChange {
                since,
                config: config.to_owned(),
                changes,
            });
        }
    }

    /// What is known of the sources that went in.
    fn sources(&self, record: &mut Publication) {
        let names: BTreeSet<String> = record
            .files()
            .flat_map(|file| file.sources.iter().cloned())
            .collect();
        for name in names {
            let entry = self.request.project.source(&name).next();
            let known = entry.map(|source| Source {
                description: one_line(&source.description),
                license: source.license.clone(),
            });
            let before = || self.old?.sources.get(&name).cloned();
            let source = known.or_else(before).unwrap_or_default();
            record.sources.insert(name, source);
        }
    }

    /// What each snapshot covers.
    async fn snapshots(
        &self,
        manifests: &BTreeMap<PartitionId, Manifest>,
        record: &mut Publication,
    ) -> Result<()> {
        let dates: BTreeSet<SnapshotDate> = record
            .tables
            .values()
            .flat_map(|table| table.files.keys().copied())
            .collect();
        for date in dates {
            let published = self.old.and_then(|old| old.snapshots.get(&date));
            let told = match &self.request.coverage {
                Some(table) => {
                    let id = PartitionId::new(table.clone(), date);
                    crate::origin::told(self.lake, manifests.get(&id)).await?
                }
                None => Vec::new(),
            };
            let covers = match (told, published) {
                (told, _) if !told.is_empty() => told,
                (_, Some(published)) => published.covers.clone(),
                _ => crate::origin::declared(manifests, date),
            };
            record.snapshots.insert(date, record::Snapshot { covers });
        }
        Ok(())
    }
}

/// The columns of a file as the record has them.
fn columns(found: &[ColumnFacts], contract: Option<&Contract>, old: Option<&Table>) -> Vec<Column> {
    let describe = |name: &str| {
        let promised = contract.and_then(|contract| contract.column(name));
        let before = || old?.columns.iter().find(|column| column.name == name);
        match promised {
            Some(column) => one_line(&column.description),
            None if name == OBSERVED_DATE => OBSERVED_DATE_IS.to_owned(),
            None => before().map(|c| c.description.clone()).unwrap_or_default(),
        }
    };
    let found = found.iter();
    found
        .map(|column| Column {
            name: column.name.clone(),
            type_name: column.type_name.clone(),
            nullable: column.nullable,
            description: describe(&column.name),
        })
        .collect()
}

/// The columns that a contract promises of a file.
fn promised(contract: &Contract) -> Vec<Column> {
    let column = |name: &str, type_name: &str| Column {
        name: name.to_owned(),
        type_name: type_name.to_owned(),
        nullable: false,
        description: String::new(),
    };
    let columns = contract.columns.iter();
    let columns = columns.map(|c| column(c.name.as_str(), c.data_type.as_str()));
    columns.chain([column(OBSERVED_DATE, "date32")]).collect()
}

fn names(columns: Option<&Vec<hubcensus_spec::Spanned<String>>>) -> Vec<String> {
    let columns = columns.into_iter().flatten();
    columns.map(|column| column.value.clone()).collect()
}

pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
