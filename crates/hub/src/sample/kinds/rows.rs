//! The rows of each kind: what they say, and how they are drawn.

use std::collections::BTreeSet;

use chrono::Datelike;

use super::Kind;
use super::cells::{Cell, Field, Type};
use super::facts::{Choice, KindFacts};
use crate::sample::SampleSpec;
use crate::sample::curve::Curve;
use crate::sample::draw::Draws;
use crate::sample::encode::UNIX_DAY;
use crate::sample::error::SampleError;
use crate::sample::facts;
use crate::sample::growth::Growth;
use crate::sample::model::{push_json, push_number};
use crate::sample::plan::Plan;
use crate::sample::top::root;

const DATASET: u64 = 21;
const SPACE: u64 = 22;
const PAPER: u64 = 23;
const ACCOUNT: u64 = 24;

const SECONDS_A_DAY: u64 = 86_400;
/// From this rank (of 1) on, known entities have more of the datasets.
const POPULAR: f64 = 0.99;
/// Of the downloads of a dataset so many in a hundred are of the last 30 days.
const RECENT_PERCENT: u64 = 6;

const fn field(archive: &'static str, api: &'static str, holds: Type) -> Field {
    Field {
        archive,
        api,
        holds,
    }
}

/// A column that both call by one name.
const fn both(name: &'static str, holds: Type) -> Field {
    field(name, name, holds)
}

pub(super) const DATASETS: &[Field] = &[
    both("id", Type::Text),
    both("author", Type::Text),
    both("createdAt", Type::Moment),
    both("lastModified", Type::Moment),
    both("downloads", Type::Count),
    both("downloadsAllTime", Type::Count),
    both("likes", Type::Count),
    both("trendingScore", Type::Number),
    both("tags", Type::Texts),
    both("cardData", Type::Json),
    both("private", Type::Flag),
];

pub(super) const SPACES: &[Field] = &[
    both("id", Type::Text),
    both("author", Type::Text),
    both("createdAt", Type::Moment),
    both("lastModified", Type::Moment),
    both("likes", Type::Count),
    both("trendingScore", Type::Number),
    both("sdk", Type::Text),
    both("models", Type::Texts),
    both("datasets", Type::Texts),
    both("tags", Type::Texts),
    both("private", Type::Flag),
];

pub(super) const PAPERS: &[Field] = &[
    field("paper_id", "paper.id", Type::Text),
    field("paper_title", "paper.title", Type::Text),
    field("paper_publishedAt", "paper.publishedAt", Type::Moment),
    field(
        "paper_submittedOnDailyAt",
        "paper.submittedOnDailyAt",
        Type::Moment,
    ),
    field("paper_upvotes", "paper.upvotes", Type::Count),
    field("numComments", "numComments", Type::Count),
    field("organization.name", "organization.name", Type::Text),
    field("submittedBy.name", "submittedBy.name", Type::Text),
];

/// The API's items only: an organisation has its account as `name`, a user as `user`.
pub(super) const ACCOUNTS: &[Field] = &[
    both("name", Type::Text),
    both("user", Type::Text),
    both("type", Type::Text),
    both("fullname", Type::Text),
    both("numFollowers", Type::Count),
    both("isVerified", Type::Flag),
];

/// The Hub at one scale, on one day.
pub(super) struct World<'w> {
    spec: &'w SampleSpec,
    facts: &'w KindFacts,
    /// Accounts of known entities, by name.
    known: Vec<&'w str>,
    /// Accounts of the tail of models.
    accounts: u64,
    day: i64,
}

/// When and where in the order of its kind something was made.
struct Birth {
    day: i64,
    /// The part (of 1) of all time that had passed.
    passed: f64,
}

impl<'w> World<'w> {
    pub(super) fn new(
        spec: &'w SampleSpec,
        facts: &'w KindFacts,
        day: i64,
    ) -> Result<Self, SampleError> {
        let date = facts::date(day).unwrap_or_default();
        let plan = Plan::new(spec, date)?;
        let heads = spec.facts.heads.iter();
        let known: BTreeSet<&str> = heads.map(|head| head.account.as_str()).collect();
        Ok(Self {
            spec,
            facts,
            known: known.into_iter().collect(),
            accounts: plan.accounts,
            day,
        })
    }

    /// Calls `visit` for each row of a kind, in the order in which they were made.
    pub(super) fn each(
        &self,
        kind: Kind,
        visit: &mut dyn FnMut(Vec<Cell>) -> Result<(), SampleError>,
    ) -> Result<(), SampleError> {
        match kind {
            Kind::Datasets => self.datasets(visit),
            Kind::Spaces => self.spaces(visit),
            Kind::Papers => self.papers(visit),
            Kind::AccountFacts => self.account_facts(visit),
        }
    }

    /// How many of a kind there are on the reference date.
    fn count(&self, kind: Kind) -> Result<u64, SampleError> {
        let each = self.facts.measure(kind, "per_model")?;
        Ok((self.spec.models as f64 * each + 0.5) as u64)
    }

    /// How many more are made on each day after it.
    fn births(&self, count: u64) -> f64 {
        (self.spec.facts.totals.births_per_day * count as f64).max(1e-9)
    }

    /// How many were made by the end of the day, or of the reference date, if that is later.
    fn made(&self, count: u64) -> u64 {
        let after = (self.day - self.spec.facts.totals.reference).max(0);
        count + (self.births(count) * after as f64) as u64
    }

    /// When the one at a place in the order was made; none if that is later than the day.
    fn birth(&self, place: u64, count: u64) -> Option<Birth> {
        let totals = &self.spec.facts.totals;
        let position = (place as f64 + 0.5) / count.max(1) as f64;
        let day = if place < count {
            totals.first + self.spec.facts.curves.created.value(position) as i64
        } else {
            totals.reference + 1 + ((place - count) as f64 / self.births(count)) as i64
        };
        let whole = (totals.reference - totals.first).max(1) as f64;
        (day <= self.day).then_some(Birth {
            day,
            passed: ((day - totals.first) as f64 / whole).min(1.0),
        })
    }

    /// An account: of a known entity in `known` of the draws, else one of the tail of models.
    fn account(&self, known: f64, draws: &mut Draws) -> String {
        let is_known = draws.chance(known);
        let (at, unit) = (draws.below(self.known.len() as u64), draws.unit());
        match self.known.get(at as usize) {
            Some(account) if is_known => (*account).to_owned(),
            _ => {
                let place = (self.accounts as f64 * unit * unit) as u64;
                tail_account(place.min(self.accounts - 1))
            }
        }
    }

    /// Seconds since 1970 of a moment of a day, not before the first one that the Hub knows.
    fn moment(&self, day: i64, draws: &mut Draws) -> i64 {
        let totals = &self.spec.facts.totals;
        let second = (draws.below(SECONDS_A_DAY) as i64).max(if day == totals.first {
            totals.first_second
        } else {
            0
        });
        (day - UNIX_DAY) * SECONDS_A_DAY as i64 + second
    }

    /// A moment from another one to the end of the day of the snapshot.
    fn modified(&self, created: i64, draws: &mut Draws) -> i64 {
        let end = (self.day - UNIX_DAY + 1) * SECONDS_A_DAY as i64;
        created + draws.below((end - created).max(1) as u64) as i64
    }

    /// What a counter that was `total` on the reference date is on the day.
    fn growth(&self, born: i64, total: u64, draws: &mut Draws) -> Growth {
        Growth {
            created: born,
            reference: self.spec.facts.totals.reference.max(born + 1),
            total,
            last_period: total * RECENT_PERCENT / 100,
            launch: draws.below(160),
            stale: None,
        }
    }

    fn datasets(
        &self,
        visit: &mut dyn FnMut(Vec<Cell>) -> Result<(), SampleError>,
    ) -> Result<(), SampleError> {
        let kind = Kind::Datasets;
        let facts = self.facts;
        let downloads = facts.curve(kind, "downloads")?;
        let rate = |name: &str| facts.measure(kind, name);
        let (known, popular) = (rate("known_share")?, rate("known_popular_share")?);
        let (tasked, filed) = (rate("task_rate")?, rate("file_rate")?);
        let (spoken, licensed) = (rate("language_rate")?, rate("license_rate")?);
        let choice = |name: &str| facts.choice(kind, name);
        let (stems, tasks) = (choice("stem")?, choice("task_category")?);
        let (modalities, formats) = (choice("modality")?, choice("format")?);
        let (sizes, languages) = (choice("size_category")?, choice("language")?);
        let licenses = choice("license")?;
        let count = self.count(kind)?;
        for place in 0..self.made(count) {
            let Some(birth) = self.birth(place, count) else {
                break;
            };
            let mut draws = Draws::new(self.spec.seed, DATASET, place);
            let rank = draws.unit();
            let share = if rank > POPULAR { popular } else { known };
            let account = self.account(share, &mut draws);
            let passed = birth.passed;
            let stem = stems.pick(passed, &mut draws).to_owned();
            let categories = some(tasks, passed, tasked, 0.2, &mut draws);
            let spoken = some(languages, passed, spoken, 0.15, &mut draws);
            let license = some(licenses, passed, licensed, 0.0, &mut draws);
            let has_files = draws.chance(filed);
            let found = |choice: &Choice, more: f64, draws: &mut Draws| {
                some(choice, passed, f64::from(u8::from(has_files)), more, draws)
            };
            let modalities = found(modalities, 0.2, &mut draws);
            let formats = found(formats, 0.0, &mut draws);
            let sizes = found(sizes, 0.02, &mut draws);
            let growth = self.growth(birth.day, downloads.value(rank) as u64, &mut draws);
            let (all_time, last_period) = growth.counters(self.day);
            let eager = draws.unit();
            let likes = root(growth.on(self.day)) as f64 * eager * eager * 0.3;
            let created = self.moment(birth.day, &mut draws);
            let mut tags = Vec::new();
            tagged(&mut tags, "task_categories:", &categories);
            tagged(&mut tags, "language:", &spoken);
            tagged(&mut tags, "license:", &license);
            tagged(&mut tags, "size_categories:", &sizes);
            tagged(&mut tags, "format:", &formats);
            tagged(&mut tags, "modality:", &modalities);
            if has_files {
                tags.push("library:datasets".to_owned());
            }
            tags.push("region:us".to_owned());
            let card = card(&[
                ("license", &license),
                ("language", &spoken),
                ("task_categories", &categories),
            ]);
            visit(vec![
                Cell::Text(numbered(&account, &stem, place)),
                Cell::Text(account),
                Cell::Moment(created),
                Cell::Moment(self.modified(created, &mut draws)),
                Cell::Count(last_period),
                Cell::Count(all_time),
                Cell::Count(likes as u64),
                Cell::Number((root(last_period) / 20) as f64),
                Cell::Texts(tags),
                Cell::text(card),
                Cell::Flag(false),
            ])?;
        }
        Ok(())
    }

    fn spaces(
        &self,
        visit: &mut dyn FnMut(Vec<Cell>) -> Result<(), SampleError>,
    ) -> Result<(), SampleError> {
        let kind = Kind::Spaces;
        let facts = self.facts;
        let likes = facts.curve(kind, "likes")?;
        let rate = |name: &str| facts.measure(kind, name);
        let (known, uses) = (rate("known_share")?, rate("model_rate")?);
        let reads = rate("dataset_rate")?;
        let choice = |name: &str| facts.choice(kind, name);
        let (sdks, stems, datasets) = (choice("sdk")?, choice("stem")?, choice("dataset")?);
        let heads = &self.spec.facts.heads;
        let count = self.count(kind)?;
        for place in 0..self.made(count) {
            let Some(birth) = self.birth(place, count) else {
                break;
            };
            let mut draws = Draws::new(self.spec.seed, SPACE, place);
            let account = self.account(known, &mut draws);
            let passed = birth.passed;
            let sdk = sdks.pick(passed, &mut draws).to_owned();
            let stem = stems.pick(passed, &mut draws).to_owned();
            let mut models = BTreeSet::new();
            if draws.chance(uses) {
                for _ in 0..=draws.below(2) {
                    let at = draws.below(heads.len() as u64) as usize;
                    let head = heads.get(at);
                    models.extend(head.map(|head| format!("{}/{}", head.account, head.model)));
                }
            }
            let datasets = some(datasets, passed, reads, 0.1, &mut draws);
            let growth = self.growth(birth.day, likes.value(draws.unit()) as u64, &mut draws);
            let (likes, recent) = growth.counters(self.day);
            let created = self.moment(birth.day, &mut draws);
            let tags = [sdk.as_str(), "region:us"].map(str::to_owned);
            visit(vec![
                Cell::Text(numbered(&account, &stem, place)),
                Cell::Text(account),
                Cell::Moment(created),
                Cell::Moment(self.modified(created, &mut draws)),
                Cell::Count(likes),
                Cell::Number((recent / 2) as f64),
                Cell::text(sdk),
                Cell::Texts(models.into_iter().collect()),
                Cell::Texts(datasets),
                Cell::Texts(tags.to_vec()),
                Cell::Flag(false),
            ])?;
        }
        Ok(())
    }

    fn papers(
        &self,
        visit: &mut dyn FnMut(Vec<Cell>) -> Result<(), SampleError>,
    ) -> Result<(), SampleError> {
        let kind = Kind::Papers;
        let upvotes = self.facts.curve(kind, "upvotes")?;
        let rate = |name: &str| self.facts.measure(kind, name);
        let (known, attributed) = (rate("known_share")?, rate("organization_rate")?);
        let totals = &self.spec.facts.totals;
        let first = totals.first + rate("first_day")? as i64;
        let count = self.count(kind)?.max(1);
        let days = (totals.reference - first).max(1) as f64;
        for place in 0.. {
            // As many on each day as on any other.
            let day = first + ((place as f64 + 0.5) / count as f64 * days) as i64;
            let mut draws = Draws::new(self.spec.seed, PAPER, place);
            let submitted = day + draws.below(3) as i64;
            if day > self.day {
                break;
            }
            if submitted > self.day {
                continue;
            }
            let is_attributed = draws.chance(attributed);
            let organization = self.account(known, &mut draws);
            let submitter = self.account(0.0, &mut draws);
            let votes = upvotes.value(draws.unit()) as u64;
            let date = facts::date(day).unwrap_or_default();
            let mut id = String::new();
            push_number(&mut id, u64::from(date.year().unsigned_abs() % 100), 2);
            push_number(&mut id, u64::from(date.month()), 2);
            id.push('.');
            push_number(&mut id, place % 100_000, 5);
            let mut title = "A generated paper, number ".to_owned();
            push_number(&mut title, place, 1);
            visit(vec![
                Cell::Text(id),
                Cell::Text(title),
                Cell::Moment(self.moment(day, &mut draws)),
                Cell::Moment(self.moment(submitted, &mut draws)),
                Cell::Count(votes),
                Cell::Count(votes / 9),
                Cell::text(if is_attributed {
                    organization
                } else {
                    String::new()
                }),
                Cell::text(submitter),
            ])?;
        }
        Ok(())
    }

    fn account_facts(
        &self,
        visit: &mut dyn FnMut(Vec<Cell>) -> Result<(), SampleError>,
    ) -> Result<(), SampleError> {
        let kind = Kind::AccountFacts;
        let share = self.facts.measure(kind, "share")?;
        let curve: &Curve = self.facts.curve(kind, "followers")?;
        let known = self.known.len() as u64;
        for place in 0..known + self.accounts {
            let mut draws = Draws::new(self.spec.seed, ACCOUNT, place);
            let (told, unit) = (draws.chance(share), draws.unit());
            let row = match self.known.get(place as usize) {
                Some(account) => organisation(account, 1_000 + (unit * 50_000.0) as u64, true),
                None if !told => continue,
                None => {
                    let account = tail_account(place - known);
                    let followers = curve.value(unit) as u64;
                    if is_lab(place - known) {
                        organisation(&account, followers, false)
                    } else {
                        user(&account, followers)
                    }
                }
            };
            visit(row)?;
        }
        Ok(())
    }
}

fn organisation(account: &str, followers: u64, verified: bool) -> Vec<Cell> {
    vec![
        Cell::text(account),
        Cell::None,
        Cell::text("org"),
        Cell::text(account),
        Cell::Count(followers),
        Cell::Flag(verified),
    ]
}

fn user(account: &str, followers: u64) -> Vec<Cell> {
    vec![
        Cell::None,
        Cell::text(account),
        Cell::text("user"),
        Cell::text(account),
        Cell::Count(followers),
        Cell::None,
    ]
}

/// Whether an account of the tail is one of an organisation.
fn is_lab(account: u64) -> bool {
    account % 12 == 7
}

/// An account of the tail, named as the tail of models names it.
fn tail_account(account: u64) -> String {
    let mut name = if is_lab(account) { "lab-" } else { "user-" }.to_owned();
    push_number(&mut name, account, 5);
    name
}

fn numbered(account: &str, stem: &str, number: u64) -> String {
    let mut id = format!("{account}/{stem}-");
    push_number(&mut id, number, 6);
    id
}

/// In `rate` of the draws a value, in `more` of these another one too.
fn some(choice: &Choice, passed: f64, rate: f64, more: f64, draws: &mut Draws) -> Vec<String> {
    let (any, two) = (draws.chance(rate), draws.chance(more));
    let first = choice.pick(passed, draws).to_owned();
    let second = choice.pick(passed, draws).to_owned();
    match (any, two) {
        (false, _) => Vec::new(),
        (true, true) if first != second => vec![first, second],
        (true, _) => vec![first],
    }
}

fn tagged(tags: &mut Vec<String>, prefix: &str, values: &[String]) {
    tags.extend(values.iter().map(|value| format!("{prefix}{value}")));
}

/// The card's metadata, as JSON; empty if it says nothing.
fn card(keys: &[(&str, &Vec<String>)]) -> String {
    let mut out = String::new();
    for (key, values) in keys.iter().filter(|(_, values)| !values.is_empty()) {
        out.push(if out.is_empty() { '{' } else { ',' });
        push_json(&mut out, key);
        for (at, value) in values.iter().enumerate() {
            out.push_str(if at == 0 { ":[" } else { "," });
            push_json(&mut out, value);
        }
        out.push(']');
    }
    if !out.is_empty() {
        out.push('}');
    }
    out
}
