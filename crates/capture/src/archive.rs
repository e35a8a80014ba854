//! Archives of the Hub's metadata that are dataset repositories on the Hub: a snapshot for each date
//! that is asked for, of the archive's own Parquet file only the columns that are wanted.

pub(crate) mod commits;
pub(crate) mod pieces;
pub(crate) mod project;
pub(crate) mod remote;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use chrono::{DateTime, Days, Utc};
use hubcensus_spec::{DateSet, SnapshotDate};
use serde::Deserialize;
use serde_json::json;

use crate::archive::commits::{Commit, midnight, withdrawn};
use crate::archive::project::Columns;
use crate::archive::remote::Remote;
use crate::client::{Answer, Client};
use crate::description::{Description, Upstream};
use crate::edge::{Event, Subject};
use crate::error::{Error, Result};
use crate::hub_api::Outcome;
use crate::kinds::Kind;
use crate::snapshot::Name;
use crate::target::{Target, blocking, holding};

/// How an archive keeps its dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// One file a kind, overwritten; earlier days are earlier revisions.
    Revisions,
    /// A folder a week.
    Folders,
}

/// An archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    name: &'static str,
    repo: String,
    layout: Layout,
}

/// The archive that the weekly one is made from.
const HUB_STATS: &str = "cfahlgren1/hub-stats";

impl Archive {
    /// The names of the archives.
    pub const NAMES: [&str; 2] = ["hub-stats", "hub-weekly"];

    /// The archive of this name.
    pub fn named(name: &str) -> Option<Self> {
        let (name, repo, layout) = match name {
            "hub-stats" => ("hub-stats", HUB_STATS, Layout::Revisions),
            "hub-weekly" => (
                "hub-weekly",
                "hfmlsoc/hub_weekly_snapshots",
                Layout::Folders,
            ),
            _ => return None,
        };
        Some(Self {
            name,
            repo: repo.to_owned(),
            layout,
        })
    }

    /// The same archive in another repository: a copy, or after it was renamed.
    #[must_use]
    pub fn in_repo(self, repo: &str) -> Self {
        Self {
            repo: repo.to_owned(),
            ..self
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.name
    }

    fn path(&self, kind: Kind, date: SnapshotDate) -> String {
        let kind = kind.file_name();
        match self.layout {
            Layout::Revisions => format!("{kind}.parquet"),
            Layout::Folders => format!("{kind}/{date}/{kind}.parquet"),
        }
    }
}

/// What to capture of an archive.
#[derive(Debug, Clone)]
pub struct ArchiveRequest {
    /// Which archive.
    pub archive: Archive,
    /// Which kinds of rows.
    pub kinds: Vec<Kind>,
    /// Which dates; of the weekly archive those of its folders.
    pub dates: DateSet,
    /// The columns wanted of a kind; all, if it has none here.
    pub columns: BTreeMap<Kind, Vec<String>>,
    /// Begin anew, whatever was kept or is there.
    pub restart: bool,
}

/// A state that may be a date's.
#[derive(Debug, Clone)]
struct Candidate {
    revision: String,
    committed: Option<DateTime<Utc>>,
}

/// What is known of the archive before any file is asked for.
struct Survey {
    /// Of the archive, or of that from which it is made.
    commits: Vec<Commit>,
    /// Dates of the folders of each kind.
    folders: BTreeMap<Kind, BTreeSet<SnapshotDate>>,
}

/// Captures an archive, date by date. Dates that it lacks and revisions that are gone do not end it.
///
/// # Errors
/// [`Error::Withdrawn`] if the archive cannot be read any more; what else goes wrong. The dates
/// before are in their place then, and the same call goes on behind them.
pub async fn capture_archive(
    client: &Client,
    target: &Target,
    request: &ArchiveRequest,
) -> Result<Vec<(Subject, Outcome)>> {
    let mut survey = None;
    let mut outcomes: Vec<(Subject, Outcome)> = Vec::new();
    for date in request.dates.iter() {
        for kind in &request.kinds {
            let archive = &request.archive;
            let name = Name::new(archive.name, *kind, date, String::new(), "parquet");
            let subject = name.subject;
            let lock = name.lock(target).await?;
            let work = async {
                if let Some(present) = name.present(target, request.restart).await? {
                    return Ok(Outcome::Present(Box::new(present)));
                }
                let survey = match &survey {
                    Some(survey) => survey,
                    None => survey.insert(look(client, request).await?),
                };
                let one = One {
                    client,
                    target,
                    request,
                    survey,
                    name: &name,
                };
                one.take(&outcomes).await
            };
            let outcome = holding(lock, work).await?;
            outcomes.push((subject, outcome));
        }
    }
    Ok(outcomes)
}

/// Looks at what the archive has.
async fn look(client: &Client, request: &ArchiveRequest) -> Result<Survey> {
    let archive = &request.archive;
    let first = request.dates.iter().next();
    let from = first.map_or(DateTime::UNIX_EPOCH, midnight);
    let mut survey = Survey {
        commits: Vec::new(),
        folders: BTreeMap::new(),
    };
    if archive.layout == Layout::Revisions {
        survey.commits = commits::since(client, &archive.repo, from).await?;
        return Ok(survey);
    }
    for kind in &request.kinds {
        let folders = folders(client, &archive.repo, kind.file_name()).await?;
        survey.folders.insert(*kind, folders);
    }
    // A week's data can be as old as the last commit before it.
    let from = from.checked_sub_days(Days::new(21)).unwrap_or(from);
    match commits::since(client, HUB_STATS, from).await {
        Ok(commits) => survey.commits = commits,
        Err(error) => client.note(&format!(
            "which commit of {HUB_STATS} the weekly data are from is not known: {error}"
        )),
    }
    Ok(survey)
}

/// The dates of the folders below one.
async fn folders(client: &Client, repo: &str, below: &str) -> Result<BTreeSet<SnapshotDate>> {
    #[derive(Deserialize)]
    struct Entry {
        path: String,
    }
    let mut url = client.address(&format!("api/datasets/{repo}/tree/main/{below}"), &[])?;
    let mut dates = BTreeSet::new();
    let mut asked = BTreeSet::new();
    while asked.insert(url.to_string()) {
        let read = |answer: &Answer| {
            serde_json::from_slice::<Vec<Entry>>(&answer.body).map_err(|error| error.to_string())
        };
        let (entries, answer) = match client.get(&url, read).await {
            Ok(found) => found,
            Err(Error::Refused {
                code: Some(code), ..
            }) if code == "EntryNotFound" => break,
            Err(error) => return Err(withdrawn(repo, error)),
        };
        let names = entries
            .iter()
            .filter_map(|entry| entry.path.rsplit('/').next());
        dates.extend(names.filter_map(|name| name.parse::<SnapshotDate>().ok()));
        match answer.next() {
            Some(next) => url = client.parse(next)?,
            None => break,
        }
    }
    Ok(dates)
}

/// One kind and date.
struct One<'a> {
    client: &'a Client,
    target: &'a Target,
    request: &'a ArchiveRequest,
    survey: &'a Survey,
    name: &'a Name,
}

impl One<'_> {
    async fn take(&self, earlier: &[(Subject, Outcome)]) -> Result<Outcome> {
        let begun = self.client.clock().now();
        let Subject { kind, date } = self.name.subject;
        let path = self.request.archive.path(kind, date);
        let candidates = match self.candidates(&path) {
            Ok(candidates) => candidates,
            Err(why) => return Ok(Outcome::Absent(why)),
        };
        let mut gone = Vec::new();
        for candidate in &candidates {
            let repo = &self.request.archive.repo;
            match Remote::open(self.client, repo, &candidate.revision, &path).await {
                Ok(remote) => {
                    let upstream = self.upstream(&path, candidate, &remote, gone);
                    let description = self.fetch(remote, upstream, begun).await?;
                    self.compare(&description, earlier).await?;
                    return Ok(Outcome::Taken(Box::new(description)));
                }
                // Of this revision only: that the archive is there was seen before.
                Err(Error::Refused {
                    status: 403 | 404,
                    message,
                    ..
                }) => gone.push((candidate, message)),
                Err(Error::Unauthorized { message, .. }) => gone.push((candidate, message)),
                Err(error) => return Err(error),
            }
        }
        let list: Vec<String> = gone
            .iter()
            .map(|(candidate, message)| format!("{} ({message})", short(&candidate.revision)))
            .collect();
        Ok(Outcome::Absent(format!(
            "no revision of that day can be read any more: {}",
            list.join(", ")
        )))
    }

    /// The states that may be the date's, the best first; or why there is none.
    fn candidates(&self, path: &str) -> Result<Vec<Candidate>, String> {
        let Subject { kind, date } = self.name.subject;
        if self.request.archive.layout == Layout::Folders {
            let has = self
                .survey
                .folders
                .get(&kind)
                .is_some_and(|dates| dates.contains(&date));
            return match has {
                true => Ok(vec![Candidate {
                    revision: "main".to_owned(),
                    committed: None,
                }]),
                false => Err("the archive has no folder of that date".to_owned()),
            };
        }
        let found: Vec<Candidate> = commits::of_day(&self.survey.commits, date, path)
            .into_iter()
            .map(|commit| Candidate {
                revision: commit.id.clone(),
                committed: Some(commit.date),
            })
            .collect();
        if found.is_empty() {
            return Err(format!("the archive has no revision of {path} of that day"));
        }
        Ok(found)
    }

    fn upstream(
        &self,
        path: &str,
        candidate: &Candidate,
        remote: &Remote<'_>,
        gone: Vec<(&Candidate, String)>,
    ) -> Upstream {
        let commit = match remote.commit.as_str() {
            "" => candidate.revision.clone(),
            commit => commit.to_owned(),
        };
        Upstream {
            repo: self.request.archive.repo.clone(),
            path: path.to_owned(),
            commit,
            committed: candidate.committed,
            etag: remote.etag.clone(),
            made_from: self.made_from().map(Box::new),
            gone: gone
                .into_iter()
                .map(|(gone, _)| gone.revision.clone())
                .collect(),
        }
    }

    /// Of a weekly folder: the last commit before the week after it, which its script takes.
    fn made_from(&self) -> Option<Upstream> {
        if self.request.archive.layout == Layout::Revisions {
            return None;
        }
        let Subject { kind, date } = self.name.subject;
        let ends = midnight(date).checked_add_days(Days::new(7))?;
        let commit = self
            .survey
            .commits
            .iter()
            .find(|commit| commit.date < ends)?;
        Some(Upstream {
            repo: HUB_STATS.to_owned(),
            path: format!("{}.parquet", kind.file_name()),
            commit: commit.id.clone(),
            committed: Some(commit.date),
            etag: None,
            made_from: None,
            gone: Vec::new(),
        })
    }

    /// Fetches the wanted columns and puts them in their place.
    async fn fetch(
        &self,
        mut remote: Remote<'_>,
        upstream: Upstream,
        begun: DateTime<Utc>,
    ) -> Result<Description> {
        let subject = self.name.subject;
        let folder = self.target.work(&self.name.work())?;
        let wanted = self.request.columns.get(&subject.kind);
        let wanted = wanted.map_or(&[][..], Vec::as_slice);
        let broken = |why: String| Error::Parquet {
            file: format!(
                "{}@{}/{}",
                upstream.repo,
                short(&upstream.commit),
                upstream.path
            ),
            why,
        };
        let footer = footer(&mut remote).await?;
        let metadata = project::footer(&footer).map_err(&broken)?;
        let columns = Columns::of(&metadata, wanted);
        if columns.taken.is_empty() {
            return Err(broken(format!(
                "it has none of the columns that are wanted ({}), but {}",
                wanted.join(", "),
                columns.others.join(", ")
            )));
        }
        let ranges = columns.ranges(&metadata);
        self.client.observer().on(&Event::Begun {
            subject,
            kept: 0,
            about: u64::try_from(metadata.file_metadata().num_rows()).ok(),
        });
        let of = ranges.iter().map(|(from, to)| to - from).sum();
        let told = |bytes| {
            self.client
                .observer()
                .on(&Event::Piece { subject, bytes, of })
        };
        let parts = pieces::fetch(&mut remote, &folder, &upstream.commit, &ranges, told).await?;
        let (made, rows, columns) = self.write(parts, metadata, columns, &broken).await?;
        let description = Description {
            asked: BTreeMap::from([("columns".to_owned(), json!(wanted))]),
            rows,
            upstream: Some(upstream),
            columns: columns.taken,
            missing_columns: columns.missing,
            other_columns: columns.others,
            ..self.name.describe(self.client, begun)
        };
        let published = self.name.publish(self.target, &made, description).await?;
        self.client.observer().on(&Event::Taken { subject, rows });
        Ok(published)
    }

    async fn write(
        &self,
        parts: PathBuf,
        metadata: parquet::file::metadata::ParquetMetaData,
        columns: Columns,
        broken: &(dyn Fn(String) -> Error + Sync),
    ) -> Result<(PathBuf, u64, Columns)> {
        let made = parts.with_extension("parquet");
        let to = made.clone();
        let work = move || Ok((project::write(&parts, &metadata, &columns, &to), columns));
        let (written, columns) = blocking(work).await?;
        Ok((made, written.map_err(broken)?, columns))
    }

    /// Tells what changed since the snapshot before, and whether it is the same state.
    async fn compare(&self, new: &Description, earlier: &[(Subject, Outcome)]) -> Result<()> {
        let subject = self.name.subject;
        let before = self.name.before(self.target).await?;
        let lacked = |column| {
            let before = before.as_ref();
            before.is_some_and(|before| before.missing_columns.contains(column))
        };
        for column in new.missing_columns.iter().filter(|column| !lacked(*column)) {
            self.client.note(&format!(
                "{subject}: the archive has no column `{column}`; it is null in the tables"
            ));
        }
        let etag = |description: &Description| {
            let upstream = description.upstream.as_ref()?;
            upstream.etag.clone()
        };
        let of_run = earlier
            .iter()
            .filter_map(|(earlier, outcome)| match outcome {
                Outcome::Taken(one) | Outcome::Present(one) if earlier.kind == subject.kind => {
                    Some(&**one)
                }
                _ => None,
            });
        let mut others: Vec<&Description> = before.iter().chain(of_run).collect();
        others.dedup_by_key(|other| other.date);
        if let Some(same) = others
            .iter()
            .find(|other| etag(other).is_some() && etag(other) == etag(new))
        {
            self.client.note(&format!(
                "{subject}: the same file as that of {}: the archive was not made anew in between",
                same.date
            ));
        }
        let Some(before) = before else {
            return Ok(());
        };
        for (column, data_type) in &new.columns {
            match before.columns.get(column) {
                None => self.client.note(&format!(
                    "{subject}: column `{column}` is new since {}",
                    before.date
                )),
                Some(was) if was != data_type => self.client.note(&format!(
                    "{subject}: column `{column}` is {data_type}, and was {was} on {}",
                    before.date
                )),
                Some(_) => {}
            }
        }
        for column in before.columns.keys() {
            if !new.columns.contains_key(column) && !new.missing_columns.contains(column) {
                self.client.note(&format!(
                    "{subject}: column `{column}` has gone since {}",
                    before.date
                ));
            }
        }
        Ok(())
    }
}

/// The footer of a Parquet file, without the file's last bytes.
async fn footer(remote: &mut Remote<'_>) -> Result<bytes::Bytes> {
    /// Enough for most footers, so that one request does.
    const GUESS: u64 = 512 << 10;
    let broken = |why: &str| Error::Parquet {
        file: "a file of the archive".to_owned(),
        why: why.to_owned(),
    };
    let size = remote.size;
    if size < project::TAIL {
        return Err(broken("it is too short for a Parquet file"));
    }
    let from = size.saturating_sub(GUESS);
    let end = remote.range(from, size).await?;
    let (rest, tail) = end.split_at(end.len() - usize::try_from(project::TAIL).unwrap_or(8));
    let length = project::footer_length(tail).map_err(|why| broken(&why))?;
    let missing = size.saturating_sub(project::TAIL).checked_sub(length);
    let start = missing.ok_or_else(|| broken("its footer is longer than the file"))?;
    match start.checked_sub(from) {
        Some(skip) => {
            let skip = usize::try_from(skip).unwrap_or(rest.len());
            Ok(bytes::Bytes::copy_from_slice(
                rest.get(skip..).unwrap_or_default(),
            ))
        }
        None => remote.range(start, size - project::TAIL).await,
    }
}

fn short(revision: &str) -> &str {
    revision.get(..12).unwrap_or(revision)
}
