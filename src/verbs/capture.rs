//! `hubcensus capture`

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use hubcensus_capture::{
    Access, AccountList, AccountsRequest, ApiRequest, Archive, ArchiveRequest, Client, Clock,
    Error, HUB_API, Kind, Outcome, Part, Retries, Subject, Target,
};
use hubcensus_spec::{DateSet, PathStep, SnapshotDate};

use crate::capture_progress::CaptureProgress;
use crate::cli::{CaptureArgs, Global};
use crate::console::Console;
use crate::exit::End;
use crate::interrupt;
use crate::present::number::{bytes, counted};
use crate::workspace;

/// Where a project keeps its snapshots.
const SNAPSHOTS: &str = "data/snapshots";
/// How long a connection may say nothing.
const PATIENCE: Duration = Duration::from_secs(90);

/// The system's clock and chance.
#[derive(Debug)]
struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        let since = std::time::SystemTime::UNIX_EPOCH
            .elapsed()
            .unwrap_or_default();
        DateTime::UNIX_EPOCH + since
    }

    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    fn jitter(&self) -> f64 {
        use std::hash::BuildHasher as _;
        // A hasher is seeded by chance.
        let drawn = std::hash::RandomState::new().hash_one(0);
        (drawn >> 11) as f64 / (1_u64 << 53) as f64
    }
}

pub(crate) fn capture(
    global: &Global,
    console: &Console,
    args: &CaptureArgs,
) -> anyhow::Result<End> {
    let to = match &args.to {
        Some(to) => to.clone(),
        None => {
            let snapshots = workspace::root(global)?.join(SNAPSHOTS);
            snapshots.to_string_lossy().into_owned()
        }
    };
    let part = part(args)?;
    workspace::block_on(global, async {
        let target = Target::open(&to, args.work.as_deref())?;
        let access = Access {
            endpoint: args.endpoint.clone(),
            token: std::env::var("HF_TOKEN").ok(),
            retries: Retries::default(),
            patience: PATIENCE,
            windows: Some(target.work("")?.join("windows.json")),
        };
        interrupt::listen();
        let progress = Arc::new(CaptureProgress::new(*console));
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let observer: Arc<CaptureProgress> = Arc::clone(&progress);
        let client = Client::new(access, Arc::clone(&clock), observer)?;
        let captured = match Archive::named(&args.source) {
            Some(archive) => of_archive(global, console, args, &client, &target, archive).await,
            None => live(args, &client, &target, &*clock, &part).await,
        };
        progress.end();
        let outcomes = match captured {
            Ok(outcomes) => outcomes,
            Err(error) => match error.downcast_ref::<Error>() {
                Some(stopped @ Error::Stopped) => {
                    console.tell(stopped.to_string());
                    return Ok(End::Stopped);
                }
                _ => return Err(error),
            },
        };
        let mut end = End::Well;
        for (subject, outcome) in &outcomes {
            let line = match outcome {
                Outcome::Taken(new) | Outcome::Present(new) => {
                    let name = target.address_of(&format!("{}/{}", new.source, new.file));
                    let there = match outcome {
                        Outcome::Present(_) => ", there already",
                        _ => "",
                    };
                    let part = new.part.iter().map(|part| format!(", {part}"));
                    format!(
                        "{name}  {}, {}{}{there}",
                        counted(new.rows, "row"),
                        bytes(new.bytes),
                        part.collect::<String>()
                    )
                }
                Outcome::Absent(why) => {
                    end = End::Wrong;
                    format!("{subject}: none: {why}")
                }
            };
            console.say(line)?;
        }
        Ok(end)
    })
}

fn part(args: &CaptureArgs) -> anyhow::Result<Part> {
    let part = match (&args.first, &args.author, &args.created_since) {
        (Some(rows), ..) => Part::First {
            rows: *rows,
            by: args.by,
        },
        (_, Some(author), _) => Part::Author(author.clone()),
        (.., Some(date)) => Part::CreatedSince(*date),
        _ => Part::Whole,
    };
    if part != Part::Whole {
        let other = args.kinds.iter().find(|kind| !kind.is_repository());
        if args.source != HUB_API {
            bail!(
                "an archive is captured whole: --first, --author and --created-since are for hub-api"
            );
        }
        if let Some(kind) = other {
            bail!(
                "{kind} are captured whole: --first, --author and --created-since are for models, datasets and spaces"
            );
        }
    }
    Ok(part)
}

async fn live(
    args: &CaptureArgs,
    client: &Client,
    target: &Target,
    clock: &dyn Clock,
    part: &Part,
) -> anyhow::Result<Vec<(Subject, Outcome)>> {
    let today = clock.today().context("the clock is far from today")?;
    let date = match args.dates.as_ref().map(DateSet::as_slice) {
        None => today,
        Some(dates) => match dates.iter().find(|date| **date != today) {
            Some(date) => return Err(Error::OtherDate { date: *date, today }.into()),
            None => today,
        },
    };
    let mut outcomes = Vec::new();
    for kind in kinds(args) {
        let outcome = match kind {
            Kind::Accounts => {
                let request = accounts(args, date)?;
                hubcensus_capture::capture_accounts(client, target, &request).await?
            }
            kind => {
                let request = ApiRequest {
                    part: part.clone(),
                    restart: args.restart,
                    ..ApiRequest::new(kind, date)
                };
                hubcensus_capture::capture(client, target, &request).await?
            }
        };
        outcomes.push((Subject { kind, date }, outcome));
    }
    Ok(outcomes)
}

/// The kinds, each once, accounts after the models that they are found by.
fn kinds(args: &CaptureArgs) -> BTreeSet<Kind> {
    args.kinds.iter().copied().collect()
}

fn accounts(args: &CaptureArgs, date: SnapshotDate) -> anyhow::Result<AccountsRequest> {
    let accounts = match &args.accounts {
        Some(path) => AccountList::Named(named(path)?),
        None => AccountList::OfModels {
            first: args.accounts_first,
        },
    };
    Ok(AccountsRequest {
        date,
        accounts,
        restart: args.restart,
    })
}

fn named(path: &Path) -> anyhow::Result<Vec<String>> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let names = text.lines().map(str::trim);
    let names = names.filter(|name| !name.is_empty() && !name.starts_with('#'));
    Ok(names.map(str::to_owned).collect())
}

async fn of_archive(
    global: &Global,
    console: &Console,
    args: &CaptureArgs,
    client: &Client,
    target: &Target,
    archive: Archive,
) -> anyhow::Result<Vec<(Subject, Outcome)>> {
    let Some(dates) = args.dates.clone() else {
        bail!(
            "which dates of {}? Say --dates, such as 2025-01-01..2025-06-30",
            archive.name()
        );
    };
    let archive = match &args.repo {
        Some(repo) => archive.in_repo(repo),
        None => archive,
    };
    if args.kinds.contains(&Kind::Accounts) {
        bail!("{} has no accounts", archive.name());
    }
    let request = ArchiveRequest {
        columns: columns(global, console, archive.name()).await?,
        archive,
        kinds: kinds(args).into_iter().collect(),
        dates,
        restart: args.restart,
    };
    Ok(hubcensus_capture::capture_archive(client, target, &request).await?)
}

/// The columns that the project's source of the archive reads of each kind, or that of `hub-stats`,
/// whose shape all archives have; all columns of a kind that it does not read.
async fn columns(
    global: &Global,
    console: &Console,
    archive: &str,
) -> anyhow::Result<BTreeMap<Kind, Vec<String>>> {
    let Some(resolved) = workspace::project(global, console).await? else {
        bail!("the project has mistakes, so that the columns to fetch are not known");
    };
    let mut columns: BTreeMap<Kind, BTreeSet<String>> = BTreeMap::new();
    let project = &resolved.project;
    let name = match project.source(archive).next() {
        Some(_) => archive,
        None => "hub-stats",
    };
    for source in project.source(name) {
        let table = source.table.value.to_string();
        let table = table.rsplit('.').next().unwrap_or_default();
        let Some(kind) = Kind::ALL
            .into_iter()
            .find(|kind| kind.name() == table || kind.file_name() == table)
        else {
            continue;
        };
        let firsts = source
            .columns
            .iter()
            .filter_map(|column| match column.path.first() {
                Some(PathStep::Key(key)) => Some(key.clone()),
                _ => None,
            });
        columns.entry(kind).or_default().extend(firsts);
    }
    Ok(columns
        .into_iter()
        .map(|(kind, names)| (kind, names.into_iter().collect()))
        .collect())
}
