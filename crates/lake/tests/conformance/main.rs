//! What a lake promises, on every kind of store.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bucket;
mod namespace;
mod suite;

use hubcensus_lake::Lake;

/// Runs each promise on a lake of its own, given by `$open` as a lake and what keeps it alive.
macro_rules! on {
    ($store:ident, $open:expr) => {
        mod $store {
            on!(@each $open, commits_and_reads_back, replaces, keeps_empty_tables, refuses,
                sets_rows_aside, skips, removes, finds_damage, locks, lists, keeps_side_files,
                moves_large_files);
        }
    };
    (@each $open:expr, $($promise:ident),*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $promise() {
            let (lake, _alive) = $open.await;
            super::suite::$promise(lake).await;
        })*
    };
}

on!(memory, super::memory());
on!(local, super::local());
on!(s3, super::bucket::lake());

async fn memory() -> (Lake, ()) {
    (Lake::open("memory:///some/lake").await.unwrap(), ())
}

async fn local() -> (Lake, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("some lake/ä");
    (Lake::open(path.to_str().unwrap()).await.unwrap(), dir)
}
