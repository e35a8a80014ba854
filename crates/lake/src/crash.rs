//! What a run that is cut off at each of its steps leaves behind.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use hubcensus_spec::{SnapshotDate, TableName};

use crate::error::{Error, Result};
use crate::lake::Lake;
use crate::layout;
use crate::manifest::Facts;
use crate::stage::{FileSpec, Staged};
use crate::verify::Problem;

/// A number of changes after which a place takes no more, as if the process had ended.
#[derive(Clone, Debug)]
pub(crate) struct Power(Arc<AtomicUsize>);

impl Default for Power {
    fn default() -> Self {
        Self(Arc::new(AtomicUsize::new(usize::MAX)))
    }
}

impl Power {
    fn set(&self, changes: usize) {
        self.0.store(changes, Ordering::SeqCst);
    }

    /// Called before each change.
    pub(crate) fn draw(&self) -> Result<()> {
        let left = self.0.load(Ordering::SeqCst);
        if left == 0 {
            return Err(Error::Thread("power"));
        }
        self.set(left - 1);
        Ok(())
    }
}

fn table() -> TableName {
    TableName::new("aggregate", "totals").unwrap()
}

fn date() -> SnapshotDate {
    "2026-08-22".parse().unwrap()
}

async fn staged(lake: &Lake, values: Vec<i64>) -> Staged {
    let column: ArrayRef = Arc::new(Int64Array::from(values));
    let batch = RecordBatch::try_from_iter([("models", column)]).unwrap();
    let spec = FileSpec {
        schema: batch.schema(),
        sorting: vec!["models".into()],
        metadata: vec![],
    };
    let mut stage = lake.stage(&table(), date(), spec).await.unwrap();
    stage.write(&batch).unwrap();
    stage.finish().unwrap()
}

fn facts(fingerprint: &str) -> Facts {
    Facts {
        fingerprint: fingerprint.to_owned(),
        ..Facts::default()
    }
}

async fn lakes() -> [(Lake, tempfile::TempDir); 2] {
    let dir = || tempfile::tempdir().unwrap();
    let local = dir();
    let address = local.path().join("lake");
    [
        (Lake::open("memory:///lake").await.unwrap(), dir()),
        (Lake::open(address.to_str().unwrap()).await.unwrap(), local),
    ]
}

/// Checks what must hold whenever a run ended: the file is the old one, the new one or none, and
/// a manifest describes the file that is there.
async fn assert_whole(lake: &Lake, wholes: &[&str]) {
    let found = lake.place().hash(&layout::part(&table(), date())).await;
    let found = found.unwrap().map(|(_, hash)| hash);
    if let Some(found) = &found {
        assert!(wholes.contains(&found.as_str()), "a file that nobody wrote");
    }
    if let Some(manifest) = lake.manifest(&table(), date()).await.unwrap()
        && lake.intact(&manifest).await.unwrap()
    {
        let described = manifest.file().map(|file| file.blake3.clone());
        assert_eq!(described, found, "a manifest beside another file");
    }
}

#[tokio::test]
async fn a_commit_cut_off_anywhere_leaves_old_or_new_and_can_be_done_again() {
    for (lake, _dir) in lakes().await {
        let mut cuts = 0;
        loop {
            lake.place().power.set(usize::MAX);
            let old = staged(&lake, vec![1, 2]).await;
            let old_hash = old.facts().blake3.clone();
            old.commit(facts("old")).await.unwrap();
            // The same size, so that only the order of the steps tells old from new.
            let new = staged(&lake, vec![1, 3]).await;
            let new_hash = new.facts().blake3.clone();
            assert_eq!(
                Some(new.facts().bytes),
                lake.place()
                    .size(&layout::part(&table(), date()))
                    .await
                    .unwrap()
            );

            lake.place().power.set(cuts);
            let result = new.commit(facts("new")).await;
            assert_whole(&lake, &[&old_hash, &new_hash]).await;
            if result.is_ok() {
                break;
            }
            cuts += 1;

            lake.place().power.set(usize::MAX);
            let again = staged(&lake, vec![1, 3]).await;
            let manifest = again.commit(facts("new")).await.unwrap();
            assert!(lake.intact(&manifest).await.unwrap());
            assert_eq!(lake.verify().await.unwrap(), []);
        }
        assert_eq!(cuts, 3, "old manifest, file, new manifest");
    }
}

#[tokio::test]
async fn a_skip_cut_off_anywhere_never_leaves_a_stale_file_behind_its_manifest() {
    for (lake, _dir) in lakes().await {
        for cuts in 0..3 {
            lake.place().power.set(usize::MAX);
            let old = staged(&lake, vec![1]).await;
            let old_hash = old.facts().blake3.clone();
            old.commit(facts("old")).await.unwrap();
            lake.place().power.set(cuts);
            let skipped = lake.skip(&table(), date(), "no counter", facts("s")).await;
            assert_eq!(skipped.is_ok(), cuts == 2);
            assert_whole(&lake, &[&old_hash]).await;
            let manifest = lake.manifest(&table(), date()).await.unwrap().unwrap();
            assert_eq!(lake.intact(&manifest).await.unwrap(), cuts != 1);
            assert_eq!(manifest.skipped().is_some(), cuts == 2);
        }
    }
}

#[tokio::test]
async fn what_is_dropped_on_the_way_leaves_nothing() {
    for (lake, _dir) in lakes().await {
        let old = staged(&lake, vec![1]).await;
        let old = old.commit(facts("old")).await.unwrap();
        drop(staged(&lake, vec![2]).await);
        let spec = FileSpec {
            schema: Arc::new(arrow::datatypes::Schema::new(vec![
                arrow::datatypes::Field::new("models", arrow::datatypes::DataType::Int64, false),
            ])),
            sorting: vec![],
            metadata: vec![],
        };
        drop(lake.stage(&table(), date(), spec).await.unwrap());
        staged(&lake, vec![3]).await.discard().unwrap();
        assert_eq!(lake.manifest(&table(), date()).await.unwrap(), Some(old));
        assert_eq!(lake.verify().await.unwrap(), []);
    }
}

#[tokio::test]
async fn what_a_dead_process_left_is_found_and_swept() {
    let [_, (lake, _dir)] = lakes().await;
    // A process that dies runs no destructors.
    std::mem::forget(staged(&lake, vec![1]).await);
    let problems = lake.verify().await.unwrap();
    assert!(
        matches!(problems.as_slice(), [Problem::LeftOver { file }]
            if file.starts_with("_staging/aggregate.totals.2026-08-22.")),
        "{problems:?}"
    );
    let lock = lake.lock().await.unwrap();
    assert_eq!(lake.sweep(&lock).await.unwrap(), 1);
    assert_eq!(lake.verify().await.unwrap(), []);
}
