//! What is asked of a store.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt as _;
use futures::stream::BoxStream;
use hubcensus_lake::Lake;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt as _, PutMultipartOptions, PutOptions, PutPayload, PutResult,
};

use super::Project;
use crate::Outcome;

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
    read_only: AtomicBool,
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
        if self.read_only.load(Ordering::SeqCst) {
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
    let listed = lake.store().list(None).try_collect::<Vec<_>>();
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
    store.read_only.store(true, Ordering::SeqCst);
    for _ in 0..2 {
        let state = project.state(&lake).await;
        assert_eq!(state.dates(&"ingest.books".parse().unwrap()).count(), 2);
        assert_eq!(store.take().partitions_read(), 4);
    }
}
