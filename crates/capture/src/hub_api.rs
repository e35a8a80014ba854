//! The live Hub: its lists of repositories and of papers, from the first page to the last.

pub(crate) mod fields;
pub(crate) mod part;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use hubcensus_spec::SnapshotDate;
use serde_json::json;
use tokio::task::JoinHandle;
use url::Url;

use crate::client::{Answer, Client};
use crate::description::Description;
use crate::edge::Event;
use crate::error::{Error, Result};
use crate::hub_api::part::Part;
use crate::kept::{Begun, Draft, Kept};
use crate::kinds::Kind;
use crate::page::Page;
use crate::snapshot::Name;
use crate::target::{Target, begin as begin_work, blocking, ended, holding};

/// The name of the live Hub as a source.
pub const SOURCE: &str = "hub-api";
/// Rows to ask for on a page; as many come as the server grants.
const ROWS: u64 = 1_000;
/// Papers to ask for on a page.
const PAPERS: u64 = 100;

/// What to capture of the live Hub.
#[derive(Debug, Clone)]
pub struct ApiRequest {
    /// A list: not accounts.
    pub kind: Kind,
    /// The snapshot's date, which must be today's.
    pub date: SnapshotDate,
    /// Everything, or which part.
    pub part: Part,
    /// Rows to ask for on a page.
    pub page: u64,
    /// Begin anew, whatever was kept or is there.
    pub restart: bool,
}

impl ApiRequest {
    /// Everything of a kind.
    pub fn new(kind: Kind, date: SnapshotDate) -> Self {
        Self {
            kind,
            date,
            part: Part::Whole,
            page: if kind == Kind::Papers { PAPERS } else { ROWS },
            restart: false,
        }
    }
}

/// What became of a snapshot.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It was captured.
    Taken(Box<Description>),
    /// It was there already.
    Present(Box<Description>),
    /// The archive has none, for this reason.
    Absent(String),
}

/// Refuses a live capture of another day than today.
pub(crate) fn ensure_today(client: &Client, date: SnapshotDate) -> Result<()> {
    match client.clock().today() {
        Some(today) if today != date => Err(Error::OtherDate { date, today }),
        _ => Ok(()),
    }
}

/// Captures a list of the live Hub.
///
/// # Errors
/// [`Error`] says what went wrong; what was fetched until then is kept, and the same call goes on
/// from there.
pub async fn capture(client: &Client, target: &Target, request: &ApiRequest) -> Result<Outcome> {
    ensure_today(client, request.date)?;
    let suffix = request.part.suffix();
    let name = Name::new(SOURCE, request.kind, request.date, suffix, "jsonl.zst");
    let lock = name.lock(target).await?;
    let work = async {
        if let Some(present) = name.present(target, request.restart).await? {
            return Ok(Outcome::Present(Box::new(present)));
        }
        let crawl = Crawl::begin(client, target, request, name).await?;
        Ok(Outcome::Taken(Box::new(crawl.run(target).await?)))
    };
    holding(lock, work).await
}

/// What has come so far, as far as it must be known.
#[derive(Debug)]
enum Before {
    /// Everything: the list moves while it is read.
    All(HashSet<u64>),
    /// The last page: the list does not move.
    Last(HashSet<u64>),
}

impl Before {
    fn has(&self, identity: u64) -> bool {
        let (Self::All(known) | Self::Last(known)) = self;
        known.contains(&identity)
    }

    fn add(&mut self, page: HashSet<u64>) {
        match self {
            Self::All(known) => known.extend(page),
            Self::Last(known) => *known = page,
        }
    }
}

/// A list being read.
struct Crawl<'a> {
    client: &'a Client,
    request: &'a ApiRequest,
    name: Name,
    /// `None` while a page is being kept.
    kept: Option<Kept>,
    fields: Vec<String>,
    dropped: Vec<String>,
    before: Before,
    /// The pages that had a content, by its hash; addresses that were asked for.
    contents: HashMap<String, u64>,
    addresses: HashSet<u64>,
    rows: u64,
    pages: u64,
    repeated: u64,
    about: Option<u64>,
}

/// Where a list goes on.
enum Next {
    At(Url),
    /// Only what was made meanwhile is missing.
    Meanwhile,
    Nowhere,
}

impl<'a> Crawl<'a> {
    /// Reads back what was kept.
    async fn begin(
        client: &'a Client,
        target: &Target,
        request: &'a ApiRequest,
        name: Name,
    ) -> Result<Self> {
        let begun = Begun {
            request: format!(
                "{} of {}: {}, {} a page",
                request.kind,
                client.endpoint(),
                request.part,
                request.page
            ),
            at: client.clock().now(),
        };
        let folder = target.work(&name.work())?;
        let kept = blocking(move || Kept::open(&folder, begun)).await?;
        let moves = matches!(request.part, Part::First { .. }) || request.kind == Kind::Papers;
        let mut before = match moves {
            true => Before::All(HashSet::new()),
            false => Before::Last(HashSet::new()),
        };
        let from = if moves {
            0
        } else {
            kept.marks.len().saturating_sub(1)
        };
        for at in from..kept.marks.len() {
            before.add(lines(&kept, at)?.identities());
        }
        let dropped: Vec<String> = kept
            .marks
            .first()
            .map(|mark| mark.dropped.clone())
            .unwrap_or_default();
        let fields = request
            .kind
            .fields()
            .iter()
            .map(|field| (*field).to_owned());
        let fields = fields.filter(|field| !dropped.contains(field)).collect();
        let about = match &request.part {
            Part::First { rows, .. } => Some(*rows),
            _ => name.before(target).await?.map(|before| before.rows),
        };
        let mut crawl = Self {
            client,
            request,
            name,
            fields,
            dropped,
            before,
            contents: HashMap::new(),
            addresses: HashSet::new(),
            rows: kept.count(),
            pages: kept.marks.len() as u64,
            repeated: kept.marks.iter().map(|mark| mark.repeated).sum(),
            about,
            kept: None,
        };
        for (number, mark) in (1..).zip(&kept.marks) {
            crawl.addresses.insert(hashed(&mark.url));
            crawl.contents.insert(mark.content.clone(), number);
        }
        crawl.kept = Some(kept);
        Ok(crawl)
    }

    async fn run(mut self, target: &Target) -> Result<Description> {
        self.client.observer().on(&Event::Begun {
            subject: self.name.subject,
            kept: self.rows,
            about: self.about,
        });
        let mut next = self.start().await?;
        let mut keeping: Option<JoinHandle<Result<Kept>>> = None;
        let result = loop {
            let Next::At(url) = next else {
                break Ok(next);
            };
            // The page before is compressed and written while this one comes.
            let (draft, then) = match self.page(&url).await {
                Ok(page) => page,
                Err(error) => break Err(error),
            };
            if let Some(before) = keeping.take() {
                self.kept = Some(ended(before).await?);
            }
            let Some(mut kept) = self.kept.take() else {
                break Err(Error::Stopped);
            };
            keeping = Some(begin_work(move || {
                kept.push(draft)?;
                Ok(kept)
            }));
            next = then;
        };
        if let Some(last) = keeping {
            self.kept = Some(ended(last).await?);
        }
        if matches!(result?, Next::Meanwhile) {
            self.meanwhile().await?;
        }
        self.publish(target).await
    }

    /// Where to begin or to go on.
    async fn start(&mut self) -> Result<Next> {
        let marks = self.kept.as_ref().map(|kept| kept.marks.as_slice());
        let Some(last) = marks.and_then(<[_]>::last) else {
            if self.request.kind.is_repository() {
                let kind = self.request.kind;
                self.dropped = fields::refused(self.client, kind, &mut self.fields).await?;
            }
            return Ok(Next::At(self.first()?));
        };
        if last.meanwhile {
            return Ok(Next::Nowhere);
        }
        match &last.next {
            Some(next) => Ok(Next::At(self.client.parse(next)?)),
            None => Ok(self.end()),
        }
    }

    /// The address of the first page.
    fn first(&self) -> Result<Url> {
        let request = self.request;
        if request.kind == Kind::Papers {
            return self.papers(0);
        }
        let mut query = vec![
            ("sort", request.part.sort().to_owned()),
            ("limit", request.page.to_string()),
        ];
        if let Part::Author(author) = &request.part {
            query.push(("author", author.clone()));
        }
        query.extend(self.fields.iter().map(|field| ("expand", field.clone())));
        let path = format!("api/{}", request.kind);
        self.client.address(&path, &query)
    }

    fn papers(&self, page: u64) -> Result<Url> {
        let query = [
            ("sort", "publishedAt".to_owned()),
            ("limit", self.request.page.to_string()),
            ("p", page.to_string()),
        ];
        self.client.address("api/daily_papers", &query)
    }

    fn end(&self) -> Next {
        // A ranking is what it was when it was listed: who rises meanwhile is not missing.
        match self.request.part {
            Part::First { .. } => Next::Nowhere,
            _ => Next::Meanwhile,
        }
    }

    /// Fetches a page and says where the list goes on.
    async fn page(&mut self, url: &Url) -> Result<(Draft, Next)> {
        self.pages += 1;
        let number = self.pages;
        let loops = |why: String| Error::Loops {
            page: number,
            url: url.to_string(),
            why,
        };
        if !self.addresses.insert(hashed(url.as_str())) {
            return Err(loops("was asked for before".to_owned()));
        }
        let (mut page, answer) = self.fetch(url).await?;
        let content = page.hash();
        if !page.rows.is_empty()
            && let Some(before) = self.contents.insert(content.clone(), number)
        {
            return Err(loops(format!("has the rows of page {before}")));
        }
        let came = page.rows.len();
        let identities = page.identities();
        page.retain(|row| !self.before.has(row.identity));
        let repeated = (came - page.rows.len()) as u64;
        self.before.add(identities);
        let mut next = self.next(&answer, came)?;
        match &self.request.part {
            Part::First { rows, .. } => {
                let left = rows.saturating_sub(self.rows);
                page.truncate(usize::try_from(left).unwrap_or(usize::MAX));
                if page.rows.len() as u64 >= left {
                    next = Next::Nowhere;
                }
            }
            Part::CreatedSince(date) => {
                let since = date.to_string();
                let young = |created: &Option<String>| {
                    created.as_ref().is_none_or(|created| *created >= since)
                };
                if page.rows.iter().any(|row| !young(&row.created)) {
                    next = self.end();
                }
                page.retain(|row| young(&row.created));
            }
            Part::Whole | Part::Author(_) => {}
        }
        self.rows += page.rows.len() as u64;
        self.repeated += repeated;
        self.client.observer().on(&Event::Page {
            subject: self.name.subject,
            rows: self.rows,
            pages: self.pages,
        });
        let draft = Draft {
            rows: page.rows.len() as u64,
            lines: page.lines,
            repeated,
            content,
            url: url.to_string(),
            next: match &next {
                Next::At(url) => Some(url.to_string()),
                _ => None,
            },
            dropped: match number {
                1 => self.dropped.clone(),
                _ => Vec::new(),
            },
            meanwhile: false,
        };
        Ok((draft, next))
    }

    async fn fetch(&self, url: &Url) -> Result<(Page, Answer)> {
        self.client
            .get(url, |answer| Page::parse(&answer.body))
            .await
    }

    fn next(&self, answer: &Answer, came: usize) -> Result<Next> {
        if self.request.kind == Kind::Papers {
            return Ok(match came {
                0 => self.end(),
                _ => Next::At(self.papers(self.pages)?),
            });
        }
        let Some(next) = answer.next() else {
            return Ok(self.end());
        };
        let next = self.client.parse(next)?;
        if !self.client.is_own(&next) && self.pages == 1 {
            self.client.note(&format!(
                "the list goes on at {}, another origin than {}: followed as given, without the token",
                next.origin().ascii_serialization(),
                self.client.endpoint()
            ));
        }
        Ok(Next::At(next))
    }

    /// Looks at the first page once more, and on from there, until rows come that are known.
    async fn meanwhile(&mut self) -> Result<()> {
        let Some(kept) = &self.kept else {
            return Err(Error::Stopped);
        };
        let first = lines(kept, 0)?;
        let known = first.identities();
        let newest = first.newest().map(str::to_owned);
        let is_known = |identity: u64| match &self.before {
            Before::All(all) => all.contains(&identity),
            Before::Last(last) => known.contains(&identity) || last.contains(&identity),
        };
        let old = |created: &Option<String>| match (created, &newest) {
            (Some(created), Some(newest)) => created < newest,
            _ => false,
        };
        let (mut found, mut url, start) = (Page::default(), self.first()?, self.first()?);
        let mut looked = HashSet::new();
        let mut number = 0;
        loop {
            number += 1;
            if !looked.insert(url.to_string()) {
                return Err(Error::Loops {
                    page: number,
                    url: url.to_string(),
                    why: "was asked for before, in the last look".to_owned(),
                });
            }
            let (mut page, answer) = self.fetch(&url).await?;
            let came = page.rows.len();
            let fresh = |row: &crate::page::Row| !is_known(row.identity) && !old(&row.created);
            page.retain(fresh);
            let all_new = came > 0 && page.rows.len() == came;
            let seen = found.identities();
            page.retain(|row| !seen.contains(&row.identity));
            found.append(&page);
            let next = match self.request.kind {
                Kind::Papers => Some(self.papers(number)?),
                _ => answer
                    .next()
                    .map(|next| self.client.parse(next))
                    .transpose()?,
            };
            match next {
                // An empty capture has no newest row: the list is then read to its end.
                Some(next) if all_new => url = next,
                _ => break,
            }
        }
        self.rows += found.rows.len() as u64;
        let draft = Draft {
            rows: found.rows.len() as u64,
            content: found.hash(),
            lines: found.lines,
            repeated: 0,
            url: start.to_string(),
            next: None,
            dropped: Vec::new(),
            meanwhile: true,
        };
        if let Some(mut kept) = self.kept.take() {
            let push = move || {
                kept.push(draft)?;
                Ok(kept)
            };
            self.kept = Some(blocking(push).await?);
        }
        Ok(())
    }

    async fn publish(mut self, target: &Target) -> Result<Description> {
        let Some(mut kept) = self.kept.take() else {
            return Err(Error::Stopped);
        };
        if self.rows == 0 && self.request.part == Part::Whole {
            // Nothing to go on from, and no snapshot.
            self.name.clear(target).await?;
            return Err(Error::Unexpected {
                url: format!(
                    "the list of {} at {}",
                    self.request.kind,
                    self.client.endpoint()
                ),
                expected: "rows",
                why: "it is empty".to_owned(),
            });
        }
        let flush = move || {
            kept.flush()?;
            Ok(kept)
        };
        let kept = blocking(flush).await?;
        let meanwhile = kept.marks.last().filter(|mark| mark.meanwhile);
        let created_meanwhile = meanwhile.map_or(0, |mark| mark.rows);
        let pages = kept.marks.iter().filter(|mark| !mark.meanwhile).count();
        let mut asked = BTreeMap::from([("limit".to_owned(), json!(self.request.page))]);
        if self.request.kind.is_repository() {
            asked.insert("sort".to_owned(), json!(self.request.part.sort()));
            asked.insert("expand".to_owned(), json!(self.fields));
        }
        if let Part::Author(author) = &self.request.part {
            asked.insert("author".to_owned(), json!(author));
        }
        let description = Description {
            asked,
            coverage: self.request.part.coverage().to_string(),
            part: self.request.part.words(),
            rows: self.rows,
            pages: pages as u64,
            created_meanwhile,
            repeated: self.repeated,
            dropped_fields: self.dropped.clone(),
            ..self.name.describe(self.client, kept.begun())
        };
        let published = self.name.publish(target, kept.path(), description).await?;
        self.client.observer().on(&Event::Taken {
            subject: self.name.subject,
            rows: published.rows,
        });
        Ok(published)
    }
}

/// The rows of a page that was kept.
fn lines(kept: &Kept, at: usize) -> Result<Page> {
    let lines = kept.lines(at)?;
    Page::of_lines(&lines).map_err(|why| Error::Unexpected {
        url: kept.path().display().to_string(),
        expected: "rows",
        why,
    })
}

fn hashed(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
