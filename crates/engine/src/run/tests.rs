//! Runs of a small project: what changes under them, what they ask of a store.

use std::fs;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use hubcensus_lake::Lake;
use hubcensus_spec::{PartitionId, SnapshotDate};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt as _, PutMultipartOptions, PutOptions, PutPayload, PutResult,
};

use crate::plan::lake_state::{LakeState, Scope};
use crate::{
    Damage, EngineError, Event, Forecast, Functions, Observer, Outcome, Plan, Request, Resolved,
    SourceRequest, StepOutcome, Unreadable,
};

const INGEST: &str = r#"stage: ingest
tables:
  - name: books
    description: Books.
    key: [isbn]
    sort: [isbn]
    columns:
      isbn: {type: utf8, description: Its number.}
      copies: {type: int64, nullable: true, description: How many.}
      printed: {type: int64, nullable: true, description: When.}
sources:
  - name: till
    description: What the till says.
    table: books
    location: "till_{date}.jsonl"
    format: ndjson
    columns:
      isbn: {type: utf8}
      copies: {type: int64}
      printed: {type: int64}
    query: SELECT isbn, copies, printed FROM source
"#;

const AGGREGATE: &str = r#"stage: aggregate
jobs:
  - name: rare
    description: Books of which there is one copy.
    query: SELECT isbn FROM ingest.books WHERE copies = 1
    key: [isbn]
    sort: [isbn]
    columns:
      isbn: {type: utf8, description: Its number.}
  - name: years
    description: Books by year.
    needs: [ingest.books.printed]
    query: SELECT printed, count(*) AS books FROM ingest.books WHERE printed IS NOT NULL GROUP BY printed
    key: [printed]
    sort: [printed]
    columns:
      printed: {type: int64, description: The year.}
      books: {type: int64, description: How many.}
"#;

/// A project, and its source's files.
struct Project {
    dir: tempfile::TempDir,
    resolved: Resolved,
}

impl Project {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for (stage, text) in [("ingest", INGEST), ("aggregate", AGGREGATE)] {
            let folder = dir.path().join("pipelines").join(stage);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("books.yaml"), text).unwrap();
        }
        let loaded = crate::load(dir.path(), 2, &Functions::default()).await;
        let loaded = loaded.unwrap();
        let resolved = match loaded.result {
            Ok(resolved) => resolved,
            Err(mistakes) => panic!(
                "{}",
                hubcensus_spec::render(&mistakes, &loaded.files, false)
            ),
        };
        Self { dir, resolved }
    }

    fn file(&self, date: &str) -> PathBuf {
        self.dir.path().join(format!("till_{date}.jsonl"))
    }

    fn write(&self, date: &str, copies: &[i64]) {
        let lines = copies.iter().enumerate();
        let lines =
            lines.map(|(isbn, copies)| format!("{{\"isbn\":\"{isbn}\",\"copies\":{copies}}}\n"));
        fs::write(self.file(date), lines.collect::<String>()).unwrap();
    }

    async fn plan(&self, lake: &Lake, dates: &[&str]) -> Result<Plan, EngineError> {
        let source = SourceRequest {
            name: "till".to_owned(),
            location: None,
        };
        self.plan_of(lake, dates, Some(source)).await
    }

    async fn plan_of(
        &self,
        lake: &Lake,
        dates: &[&str],
        source: Option<SourceRequest>,
    ) -> Result<Plan, EngineError> {
        let request = Request {
            dates: dates.iter().map(|date| date.parse().unwrap()).collect(),
            source,
            ..Request::default()
        };
        crate::plan(&self.resolved, lake, &request).await
    }

    async fn carry_out(
        &self,
        lake: &Lake,
        plan: &Plan,
        observer: &dyn Observer,
    ) -> Vec<StepOutcome> {
        let ran = crate::run(&self.resolved, lake, plan, "test", observer).await;
        ran.unwrap()
    }

    async fn run(&self, lake: &Lake, dates: &[&str]) -> Vec<StepOutcome> {
        let plan = self.plan(lake, dates).await.unwrap();
        self.carry_out(lake, &plan, &Quiet).await
    }

    async fn state(&self, lake: &Lake) -> LakeState {
        LakeState::read(lake, &Scope::Whole).await.unwrap()
    }
}

struct Quiet;

impl Observer for Quiet {
    fn on(&self, _: Event<'_>) {}
}

/// Does something when something happens.
struct When<F: Fn(Event<'_>) + Send + Sync>(F);

impl<F: Fn(Event<'_>) + Send + Sync> Observer for When<F> {
    fn on(&self, event: Event<'_>) {
        self.0(event);
    }
}

async fn local_lake() -> (Lake, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path().join("lake").to_str().unwrap()).await;
    (lake.unwrap(), dir)
}

fn id(table: &str, date: &str) -> PartitionId {
    PartitionId::new(table.parse().unwrap(), date.parse().unwrap())
}

fn failure<'a>(outcomes: &'a [StepOutcome], table: &str) -> &'a str {
    let found = outcomes
        .iter()
        .find(|step| step.id.table.to_string() == table);
    match &found.unwrap().result {
        Outcome::Failed(failure) => &failure.message,
        other => panic!("{other:?}"),
    }
}

/// Longer than the clock of any file system's times takes for a step.
fn tick() {
    std::thread::sleep(Duration::from_millis(20));
}

const DAY: &str = "2024-03-01";

#[tokio::test(flavor = "multi_thread")]
async fn a_file_swapped_between_planning_and_reading_fails_its_date() {
    let project = Project::new().await;
    let (lake, _dir) = local_lake().await;
    project.write(DAY, &[1, 2, 3]);
    project.write("2024-03-02", &[1, 2]);
    let plan = project.plan(&lake, &[DAY, "2024-03-02"]).await.unwrap();
    tick();
    project.write(DAY, &[1, 2, 4]);
    let outcomes = project.carry_out(&lake, &plan, &Quiet).await;
    let message = failure(&outcomes[..3], "ingest.books");
    assert!(
        message.ends_with("till_2024-03-01.jsonl changed between planning and reading; run again"),
        "{message}"
    );
    assert!(matches!(outcomes[1].result, Outcome::Blocked(_)));
    let dates = lake.dates(&"ingest.books".parse().unwrap()).await.unwrap();
    assert_eq!(dates, ["2024-03-02".parse::<SnapshotDate>().unwrap()]);

    // Planned anew, it is what it is.
    project.run(&lake, &[DAY]).await;
    let manifest = lake.manifest(&id("ingest.books", DAY)).await.unwrap();
    let source = manifest.unwrap().facts.source.unwrap();
    let bytes = fs::read(project.file(DAY)).unwrap();
    assert_eq!(source.blake3, blake3::hash(&bytes).to_hex().to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changes_while_it_is_read_fails_its_date() {
    let project = Project::new().await;
    let (lake, _dir) = local_lake().await;
    project.write(DAY, &[1, 2, 3]);
    let plan = project.plan(&lake, &[DAY]).await.unwrap();
    let observer = When(|event| {
        if let Event::Rows(id, _) = event
            && id.table.stage() == "ingest"
        {
            tick();
            project.write(DAY, &[1, 2, 4]);
        }
    });
    let outcomes = project.carry_out(&lake, &plan, &observer).await;
    let message = failure(&outcomes, "ingest.books");
    assert!(
        message.ends_with(
            "till_2024-03-01.jsonl changed while it was read; run again once it is complete"
        ),
        "{message}"
    );
    assert!(!lake.exists().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_fails_its_step_and_no_other() {
    let project = Project::new().await;
    let (lake, _dir) = local_lake().await;
    for date in [DAY, "2024-03-02"] {
        project.write(date, &[1, 2]);
    }
    let plan = project.plan(&lake, &[DAY, "2024-03-02"]).await.unwrap();
    let observer = When(|event| {
        if let Event::Started(started) = event
            && *started == id("ingest.books", DAY)
        {
            panic!("index out of bounds");
        }
    });
    let outcomes = project.carry_out(&lake, &plan, &observer).await;
    let message = failure(&outcomes[..3], "ingest.books");
    assert!(
        message.contains("broke off (index out of bounds)"),
        "{message}"
    );
    let made = outcomes[3..].iter();
    let made = made.filter(|step| matches!(step.result, Outcome::Made(_)));
    assert_eq!(made.count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_during_a_run_is_not_taken_for_what_was_written() {
    let project = Project::new().await;
    let (lake, _dir) = local_lake().await;
    project.write(DAY, &[1, 2]);
    let plan = project.plan(&lake, &[DAY]).await.unwrap();
    let rare = id("aggregate.rare", DAY);
    let part = "aggregate/rare/snapshot_date=2024-03-01/part-00000.parquet";
    let part = lake.local_root().unwrap().join(part);
    let observer = When(|event| {
        if let Event::Finished(step) = event
            && step.id == rare
        {
            tick();
            let mut bytes = fs::read(&part).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(&part, bytes).unwrap();
        }
    });
    project.carry_out(&lake, &plan, &observer).await;
    let state = project.state(&lake).await;
    let unreadable: Vec<Unreadable> = state.unreadable(&rare.table).collect();
    let expected = Unreadable {
        id: rare.clone(),
        reason: Damage::Content,
    };
    assert_eq!(unreadable, [expected]);
    assert_eq!(
        unreadable[0].to_string(),
        "aggregate.rare of 2024-03-01: its file was changed since it was written"
    );
    assert_eq!(
        state.unreadable(&"ingest.books".parse().unwrap()).count(),
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_damage_has_its_reason() {
    let project = Project::new().await;
    let (lake, _dir) = local_lake().await;
    let dates = [DAY, "2024-03-02", "2024-03-03"];
    for date in dates {
        project.write(date, &[1, 2]);
    }
    project.run(&lake, &dates).await;
    let part = |table: &str, date: &str| {
        let file = format!("{table}/snapshot_date={date}/part-00000.parquet");
        lake.local_root().unwrap().join(file)
    };
    fs::remove_file(part("ingest/books", DAY)).unwrap();
    fs::write(part("ingest/books", dates[1]), "PAR1").unwrap();
    fs::create_dir_all(part("aggregate/years", dates[2]).parent().unwrap()).unwrap();
    fs::write(part("aggregate/years", dates[2]), "PAR1").unwrap();
    let state = project.state(&lake).await;
    let reasons = |table: &str| -> Vec<String> {
        let unreadable = state.unreadable(&table.parse().unwrap());
        unreadable.map(|found| found.to_string()).collect()
    };
    let ingested = reasons("ingest.books");
    assert_eq!(
        ingested[0],
        "ingest.books of 2024-03-01: its file is missing"
    );
    assert!(
        ingested[1].starts_with("ingest.books of 2024-03-02: its file has 4 bytes instead of "),
        "{ingested:?}"
    );
    assert_eq!(
        reasons("aggregate.years"),
        ["aggregate.years of 2024-03-03: it has a file, though it was skipped"]
    );

    // What is needed of it, and cannot be made without its source, is told with that.
    fs::remove_file(part("aggregate/rare", DAY)).unwrap();
    let plan = project.plan_of(&lake, &[DAY], None).await.unwrap();
    let rare = plan
        .steps
        .iter()
        .find(|step| step.id == id("aggregate.rare", DAY));
    assert_eq!(
        rare.unwrap().forecast,
        Forecast::Cannot(
            "ingest.books of 2024-03-01 cannot be read (its file is missing), and was made from \
             till_2024-03-01.jsonl: read that again with `--source till --dates 2024-03-01`"
                .to_owned()
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lake_that_is_none_is_told_unless_a_source_makes_it_one() {
    let project = Project::new().await;
    let (lake, _dir) = local_lake().await;
    let error = project.plan_of(&lake, &[], None).await.unwrap_err();
    assert!(error.to_string().contains("there is no lake at"), "{error}");
    project.write(DAY, &[1]);
    assert!(project.plan(&lake, &[]).await.unwrap().is_new);
    project.run(&lake, &[]).await;
    assert!(!project.plan(&lake, &[]).await.unwrap().is_new);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_are_gone_are_told_and_not_kept() {
    let project = Project::new().await;
    let (lake, _dir) = local_lake().await;
    let warned = |outcomes: &[StepOutcome]| -> Vec<String> {
        let made = outcomes.iter().filter_map(|step| match &step.result {
            Outcome::Made(made) => Some(&made.warnings),
            _ => None,
        });
        made.flatten()
            .map(|warning| format!("{} {}", warning.rows, warning.check))
            .collect()
    };
    project.write(DAY, &[1, 1, 2]);
    project.write("2024-03-02", &[3]);
    assert_eq!(warned(&project.run(&lake, &[DAY]).await), [""; 0]);
    let since = "2 gone: aggregate.rare has none now, and had some of 2024-03-01";
    assert_eq!(warned(&project.run(&lake, &["2024-03-02"]).await), [since]);
    let manifest = lake.manifest(&id("aggregate.rare", "2024-03-02")).await;
    assert!(manifest.unwrap().unwrap().facts.counts.is_empty());
    // None since long is not told again.
    project.write("2024-03-03", &[4]);
    assert_eq!(warned(&project.run(&lake, &["2024-03-03"]).await), [""; 0]);
    tick();
    project.write(DAY, &[5]);
    assert_eq!(warned(&project.run(&lake, &[DAY]).await), [since]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_knows_whether_its_data_is_generated() {
    let project = Project::new().await;
    let (lake, _dir) = local_lake().await;
    let generated = project.dir.path().join("till_2024-03-01.generated.jsonl");
    fs::write(&generated, "{\"isbn\":\"1\",\"copies\":1}\n").unwrap();
    let source = SourceRequest {
        name: "till".to_owned(),
        location: Some(generated.display().to_string().replace(DAY, "{date}")),
    };
    let plan = project.plan_of(&lake, &[DAY], Some(source)).await.unwrap();
    assert_eq!(plan.generated(&[]), None);
    let outcomes = project.carry_out(&lake, &plan, &Quiet).await;
    let note = "till_2024-03-01.generated.jsonl is generated, as its name says: not real data.";
    assert_eq!(plan.generated(&outcomes), Some(note));

    let idle = project.plan_of(&lake, &[], None).await.unwrap();
    let outcomes = project.carry_out(&lake, &idle, &Quiet).await;
    assert_eq!(idle.generated(&outcomes), Some(note));

    project.write(DAY, &[7]);
    let plan = project.plan(&lake, &[DAY]).await.unwrap();
    let outcomes = project.carry_out(&lake, &plan, &Quiet).await;
    // The skipped table says it still: it was skipped for the generated file's sake.
    let skipped = outcomes
        .iter()
        .any(|step| matches!(step.result, Outcome::Skipped(_)));
    assert!(skipped);
}

/// What was asked of a store.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Requests {
    gets: Vec<String>,
    heads: usize,
    lists: usize,
    puts: usize,
}

impl Requests {
    fn total(&self) -> usize {
        self.gets.len() + self.heads + self.lists + self.puts
    }

    fn partitions_read(&self) -> usize {
        let parquet = self.gets.iter().filter(|path| path.ends_with(".parquet"));
        parquet.count()
    }
}

/// A store in memory that counts, and may refuse to be written to.
#[derive(Debug, Default)]
struct Counting {
    inner: InMemory,
    requests: Mutex<Requests>,
    read_only: std::sync::atomic::AtomicBool,
}

impl Counting {
    fn count(&self, count: impl FnOnce(&mut Requests)) {
        count(&mut self.requests.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn take(&self) -> Requests {
        std::mem::take(&mut self.requests.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl std::fmt::Display for Counting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("counting")
    }
}

type Stored<T> = Result<T, object_store::Error>;

#[async_trait]
impl ObjectStore for Counting {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Stored<PutResult> {
        self.count(|requests| requests.puts += 1);
        if self.read_only.load(std::sync::atomic::Ordering::SeqCst) {
            return Err(object_store::Error::PermissionDenied {
                path: location.to_string(),
                source: "read-only".into(),
            });
        }
        self.inner.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Stored<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Stored<GetResult> {
        self.count(|requests| match options.head {
            true => requests.heads += 1,
            false => requests.gets.push(location.to_string()),
        });
        self.inner.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Stored<Vec<Bytes>> {
        self.count(|requests| requests.gets.push(location.to_string()));
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Stored<Path>>,
    ) -> BoxStream<'static, Stored<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Stored<ObjectMeta>> {
        self.count(|requests| requests.lists += 1);
        self.inner.list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Stored<ObjectMeta>> {
        self.count(|requests| requests.lists += 1);
        self.inner.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Stored<ListResult> {
        self.count(|requests| requests.lists += 1);
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Stored<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

/// A lake of so many dates up to the last of January, and what counts its requests.
async fn counted(project: &Project, days: u32) -> (Lake, Arc<Counting>) {
    let store = Arc::new(Counting::default());
    let dyn_store: Arc<dyn ObjectStore> = Arc::<Counting>::clone(&store);
    let lake = Lake::on(dyn_store, Path::from("lake"), None).unwrap();
    let dates: Vec<String> = (32 - days..32)
        .map(|day| format!("2024-01-{day:02}"))
        .collect();
    for date in &dates {
        project.write(date, &[1, 2, 3]);
    }
    let dates: Vec<&str> = dates.iter().map(String::as_str).collect();
    let outcomes = project.run(&lake, &dates).await;
    let skipped = outcomes
        .iter()
        .filter(|step| matches!(step.result, Outcome::Skipped(_)));
    assert_eq!(skipped.count(), dates.len());
    store.take();
    (lake, store)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_run_asks_no_more_of_a_lake_with_many_dates() {
    let last = ["2024-01-31"];
    let project = Project::new().await;
    let (few, few_asked) = counted(&project, 2).await;
    project.run(&few, &last).await;
    let few_asked = few_asked.take();

    let (many, many_asked) = counted(&project, 30).await;
    let outcomes = project.run(&many, &last).await;
    let many_asked = many_asked.take();
    assert!(
        outcomes
            .iter()
            .all(|step| !matches!(step.result, Outcome::Made(_)))
    );
    assert_eq!(
        many_asked.total(),
        few_asked.total(),
        "{many_asked:?}\n{few_asked:?}"
    );
    assert_eq!((many_asked.heads, many_asked.partitions_read()), (0, 0));
    // The plan and the run each read the manifests of one date and list the tables.
    assert!(many_asked.total() < 25, "{many_asked:?}");

    // A copy is read once by whatever command comes first, and of no file it is asked whether it
    // is there, skipped or not.
    let (copy, asked) = copied(&many).await;
    project.state(&copy).await;
    let first = asked.take();
    assert_eq!((first.heads, first.partitions_read()), (0, 60), "{first:?}");
    project.state(&copy).await;
    let second = asked.take();
    assert_eq!(
        (second.heads, second.partitions_read()),
        (0, 0),
        "{second:?}"
    );
}

/// The same objects in another store.
async fn copied(lake: &Lake) -> (Lake, Arc<Counting>) {
    let store = Arc::new(Counting::default());
    let listed = futures::TryStreamExt::try_collect::<Vec<ObjectMeta>>(lake.store().list(None));
    for meta in listed.await.unwrap() {
        let bytes = lake.store().get(&meta.location).await.unwrap();
        let bytes = bytes.bytes().await.unwrap();
        store.inner.put(&meta.location, bytes.into()).await.unwrap();
    }
    let dyn_store: Arc<dyn ObjectStore> = Arc::<Counting>::clone(&store);
    let copy = Lake::on(dyn_store, Path::from("lake"), None).unwrap();
    (copy, store)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lake_that_cannot_be_written_to_can_be_looked_at() {
    let project = Project::new().await;
    let (lake, store) = counted(&project, 2).await;
    let cache = lake.locate("_cache/partitions.json");
    store.inner.delete(&cache).await.unwrap();
    store
        .read_only
        .store(true, std::sync::atomic::Ordering::SeqCst);
    for _ in 0..2 {
        let state = project.state(&lake).await;
        assert_eq!(state.dates(&"ingest.books".parse().unwrap()).count(), 2);
        assert_eq!(store.take().partitions_read(), 4);
    }
}
