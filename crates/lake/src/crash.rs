//! What is left behind by a run that is cut off at each of its steps, or whose steps fail one at a
//! time.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use hubcensus_spec::{PartitionId, TableName};
use object_store::ObjectStoreExt;

use crate::error::Error;
use crate::lake::Lake;
use crate::layout;
use crate::manifest::{Facts, Manifest};
use crate::stage::{FileSpec, Staged};
use crate::verify::Problem;

/// Which of the changes of a place fail.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults(Arc<Mutex<Fault>>);

#[derive(Debug, Default)]
struct Fault {
    kind: Kind,
    /// How many changes succeed before.
    after: usize,
    /// The changes that were asked for.
    log: Vec<&'static str>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Kind {
    #[default]
    None,
    /// One change fails.
    Once,
    /// From one change on all fail, as if the process had ended.
    PowerLoss,
}

impl Faults {
    fn set(&self, kind: Kind, after: usize) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Fault {
            kind,
            after,
            log: Vec::new(),
        };
    }

    fn log(&self) -> Vec<&'static str> {
        let fault = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        fault.log.clone()
    }

    /// Called before each change.
    pub(crate) fn before(&self, operation: &'static str) -> io::Result<()> {
        let mut fault = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        fault.log.push(operation);
        if fault.kind == Kind::None {
            return Ok(());
        }
        if fault.after > 0 {
            fault.after -= 1;
            return Ok(());
        }
        if fault.kind == Kind::Once {
            fault.kind = Kind::None;
        }
        Err(io::Error::from(io::ErrorKind::StorageFull))
    }
}

fn id() -> PartitionId {
    let table = TableName::new("aggregate", "totals").unwrap();
    PartitionId::new(table, "2026-08-22".parse().unwrap())
}

async fn staged(lake: &Lake, values: Vec<i64>) -> Staged {
    let column: ArrayRef = Arc::new(Int64Array::from(values));
    let batch = RecordBatch::try_from_iter([("models", column)]).unwrap();
    let spec = FileSpec {
        schema: batch.schema(),
        sorting: vec!["models".into()],
        metadata: vec![],
    };
    let mut stage = lake.stage(&id(), spec).await.unwrap();
    stage.write(&batch).unwrap();
    stage.finish().unwrap()
}

async fn committed(lake: &Lake, values: Vec<i64>, fingerprint: &str) -> Manifest {
    let staged = staged(lake, values).await;
    staged.commit(facts(fingerprint)).await.unwrap().manifest
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

async fn file_hash(lake: &Lake) -> Option<String> {
    let found = lake.place().hash(&layout::part(&id())).await.unwrap();
    found.map(|(_, hash)| hash)
}

/// What the manifest says that the file's hash is.
fn described(manifest: &Manifest) -> Option<String> {
    manifest.file().map(|file| file.blake3.clone())
}

/// Checks what must hold whenever a run ended: the file is the old one, the new one or none, and
/// a manifest describes the file that is there.
async fn assert_whole(lake: &Lake, wholes: &[&Option<String>]) {
    let found = file_hash(lake).await;
    if found.is_some() {
        assert!(wholes.contains(&&found), "a file that nobody wrote");
    }
    if let Some(manifest) = lake.manifest(&id()).await.unwrap()
        && lake.intact(&manifest).await.unwrap()
    {
        assert_eq!(
            described(&manifest),
            found,
            "a manifest beside another file"
        );
    }
}

#[tokio::test]
async fn a_commit_cut_off_anywhere_leaves_old_or_new_and_can_be_done_again() {
    for (lake, _dir) in lakes().await {
        let faults = &lake.place().faults;
        let mut cuts = 0;
        loop {
            faults.set(Kind::None, 0);
            let old = described(&committed(&lake, vec![1, 2], "old").await);
            // The same size, so that only the order of the steps tells old from new.
            let new = staged(&lake, vec![1, 3]).await;
            let new_hash = Some(new.facts().blake3.clone());
            let size = lake.place().size(&layout::part(&id())).await.unwrap();
            assert_eq!(Some(new.facts().bytes), size);

            faults.set(Kind::PowerLoss, cuts);
            let result = new.commit(facts("new")).await;
            assert_whole(&lake, &[&old, &new_hash]).await;
            if result.is_ok() {
                break;
            }
            cuts += 1;

            faults.set(Kind::None, 0);
            let manifest = committed(&lake, vec![1, 3], "new").await;
            assert!(lake.intact(&manifest).await.unwrap());
            assert_eq!(lake.verify().await.unwrap(), []);
        }
        let expected: &[&str] = if lake.local_root().is_some() {
            &[
                // The file, and the new manifest, on their disk.
                "sync file",
                "write",
                "sync file",
                // The old manifest, the file, the new manifest.
                "remove",
                "sync directory",
                "rename",
                "sync directory",
                "rename",
                "sync directory",
            ]
        } else {
            &[
                "remove",
                "answer to a removal",
                "put",
                "answer to a put",
                "put",
                "answer to a put",
            ]
        };
        assert_eq!(faults.log(), expected);
        assert_eq!(cuts, expected.len());
    }
}

/// One change fails, or its answer is lost; all others succeed.
#[tokio::test]
async fn a_failed_commit_leaves_the_old_with_its_manifest_or_says_that_the_new_is_in_place() {
    for (lake, _dir) in lakes().await {
        let faults = &lake.place().faults;
        let (mut failed, mut in_place) = (0, 0);
        loop {
            faults.set(Kind::None, 0);
            let old = committed(&lake, vec![1, 2], "old").await;
            let new = staged(&lake, vec![1, 3]).await;
            let new_hash = Some(new.facts().blake3.clone());
            faults.set(Kind::Once, failed + in_place);
            let result = new.commit(facts("new")).await;
            let manifest = lake.manifest(&id()).await.unwrap().unwrap();
            assert_eq!(described(&manifest), file_hash(&lake).await);
            match result {
                Ok(_) => break,
                Err(Error::InPlace { .. }) => {
                    assert_eq!(described(&manifest), new_hash);
                    assert_eq!(manifest.facts.fingerprint, "new");
                    in_place += 1;
                }
                Err(error) => {
                    assert_eq!(manifest, old, "{error}");
                    failed += 1;
                }
            }
            assert_eq!(lake.verify().await.unwrap(), []);
        }
        // On a disk the file is in its place from its rename on; in a bucket from the put on whose
        // answer is lost.
        let expected = if lake.local_root().is_some() {
            (6, 3)
        } else {
            (3, 3)
        };
        assert_eq!((failed, in_place), expected);
    }
}

#[tokio::test]
async fn a_first_commit_that_fails_leaves_nothing_or_says_that_it_is_in_place() {
    for (lake, _dir) in lakes().await {
        let faults = &lake.place().faults;
        for after in 0.. {
            faults.set(Kind::None, 0);
            lake.remove(&id()).await.unwrap();
            let new = staged(&lake, vec![1, 3]).await;
            faults.set(Kind::Once, after);
            let result = new.commit(facts("new")).await;
            let manifest = lake.manifest(&id()).await.unwrap();
            match &result {
                Ok(_) | Err(Error::InPlace { .. }) => {
                    assert_eq!(described(&manifest.unwrap()), file_hash(&lake).await);
                }
                Err(_) => {
                    assert_eq!(manifest, None);
                    assert_eq!(file_hash(&lake).await, None);
                }
            }
            assert_eq!(lake.verify().await.unwrap(), []);
            if result.is_ok() {
                assert!(after > 3);
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_skip_cut_off_anywhere_never_leaves_a_stale_file_behind_its_manifest() {
    for (lake, _dir) in lakes().await {
        let faults = &lake.place().faults;
        for cuts in 0.. {
            faults.set(Kind::None, 0);
            let old = described(&committed(&lake, vec![1], "old").await);
            faults.set(Kind::PowerLoss, cuts);
            let skipped = lake.skip(&id(), "no counter", facts("s")).await;
            assert_whole(&lake, &[&old]).await;
            if let Ok(skipped) = skipped {
                assert_eq!(lake.manifest(&id()).await.unwrap(), Some(skipped));
                assert_eq!(file_hash(&lake).await, None);
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_failed_skip_leaves_the_old_with_its_manifest_or_says_that_it_is_in_place() {
    for (lake, _dir) in lakes().await {
        let faults = &lake.place().faults;
        for after in 0.. {
            faults.set(Kind::None, 0);
            let old = committed(&lake, vec![1], "old").await;
            faults.set(Kind::Once, after);
            let result = lake.skip(&id(), "no counter", facts("s")).await;
            let manifest = lake.manifest(&id()).await.unwrap().unwrap();
            assert_eq!(described(&manifest), file_hash(&lake).await);
            match result {
                Ok(_) => break,
                Err(Error::InPlace { .. }) => assert!(manifest.skipped().is_some()),
                Err(_) => assert_eq!(manifest, old),
            }
        }
    }
}

/// The stamp is of what was written, not of what lies there later.
#[tokio::test]
async fn a_commit_gives_the_stamp_of_its_file() {
    for (lake, _dir) in lakes().await {
        let committed = staged(&lake, vec![1]).await.commit(facts("f")).await;
        let stamp = committed.unwrap().stamp.unwrap();
        assert!(stamp.tells());
        let found = lake.stamps([&id()]).await.unwrap();
        assert_eq!(found.get(&id()), Some(&stamp));

        std::thread::sleep(std::time::Duration::from_millis(20));
        let at = lake.locate(&layout::part(&id()));
        let bytes = lake.store().get(&at).await.unwrap().bytes().await.unwrap();
        lake.store().put(&at, bytes.into()).await.unwrap();
        let found = lake.stamps([&id()]).await.unwrap();
        assert_ne!(found.get(&id()), Some(&stamp));
    }
}

#[tokio::test]
async fn what_is_dropped_on_the_way_leaves_nothing() {
    for (lake, _dir) in lakes().await {
        let old = committed(&lake, vec![1], "old").await;
        drop(staged(&lake, vec![2]).await);
        let spec = FileSpec {
            schema: Arc::new(arrow::datatypes::Schema::new(vec![
                arrow::datatypes::Field::new("models", arrow::datatypes::DataType::Int64, false),
            ])),
            sorting: vec![],
            metadata: vec![],
        };
        drop(lake.stage(&id(), spec).await.unwrap());
        staged(&lake, vec![3]).await.discard().unwrap();
        assert_eq!(lake.manifest(&id()).await.unwrap(), Some(old));
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

/// Directories on two file systems, if there are two.
#[cfg(target_os = "linux")]
fn two_disks() -> Option<[tempfile::TempDir; 2]> {
    use std::os::unix::fs::MetadataExt;
    let here = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir_in("/dev/shm").ok()?;
    let device = |dir: &tempfile::TempDir| dir.path().metadata().unwrap().dev();
    (device(&here) != device(&other)).then_some([here, other])
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_stage_or_staging_may_lie_on_another_disk() {
    for moved in ["aggregate", "_staging", "_manifests"] {
        let Some([here, other]) = two_disks() else {
            eprintln!("skipped: /dev/shm and the temporary directory are one file system");
            return;
        };
        let root = here.path().join("lake");
        std::fs::create_dir(&root).unwrap();
        std::os::unix::fs::symlink(other.path(), root.join(moved)).unwrap();
        let lake = Lake::open(root.to_str().unwrap()).await.unwrap();
        committed(&lake, vec![1], "old").await;
        let new = committed(&lake, vec![2], "new").await;
        assert_eq!(described(&new), file_hash(&lake).await);
        assert_eq!(lake.verify().await.unwrap(), []);
        let bad = staged(&lake, vec![-1]).await;
        bad.reject(&[]).await.unwrap();

        // What a process that died left beside its file is told, and goes with the next commit.
        let left = root.join("aggregate/totals/snapshot_date=2026-08-22/.part-00000.parquet.x.tmp");
        std::fs::write(&left, "half").unwrap();
        let problems = lake.verify().await.unwrap();
        assert!(
            matches!(&problems[..], [Problem::LeftOver { .. }]),
            "{problems:?}"
        );
        committed(&lake, vec![3], "newer").await;
        let swept = moved != "_manifests";
        assert_eq!(!left.exists(), swept, "{moved}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_failed_commit_to_another_disk_leaves_the_old() {
    let Some([here, other]) = two_disks() else {
        eprintln!("skipped: /dev/shm and the temporary directory are one file system");
        return;
    };
    let root = here.path().join("lake");
    std::fs::create_dir(&root).unwrap();
    std::os::unix::fs::symlink(other.path(), root.join("aggregate")).unwrap();
    let lake = Lake::open(root.to_str().unwrap()).await.unwrap();
    for after in 0.. {
        lake.place().faults.set(Kind::None, 0);
        let old = committed(&lake, vec![1, 2], "old").await;
        let new = staged(&lake, vec![1, 3]).await;
        lake.place().faults.set(Kind::Once, after);
        let result = new.commit(facts("new")).await;
        let manifest = lake.manifest(&id()).await.unwrap().unwrap();
        assert_eq!(described(&manifest), file_hash(&lake).await);
        match result {
            Ok(_) => break,
            Err(Error::InPlace { .. }) => assert_eq!(manifest.facts.fingerprint, "new"),
            Err(_) => assert_eq!(manifest, old),
        }
        assert_eq!(lake.verify().await.unwrap(), []);
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_is_no_file_or_has_no_name_is_told_and_stops_nothing() {
    use std::os::unix::ffi::OsStrExt;
    let [_, (lake, _dir)] = lakes().await;
    let root = lake.local_root().unwrap().to_owned();
    committed(&lake, vec![1], "old").await;
    let part = root.join(layout::part(&id()));
    std::fs::remove_file(&part).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&part).status();
    assert!(made.unwrap().success());
    assert_eq!(lake.stamps([&id()]).await.unwrap().len(), 0);
    let problems = lake.verify().await.unwrap();
    assert!(
        matches!(&problems[..], [Problem::Unread { why, .. }]
            if why.ends_with("part-00000.parquet: it is no regular file")),
        "{problems:?}"
    );

    let odd = std::ffi::OsStr::from_bytes(b"\xff\xfe");
    std::fs::write(part.parent().unwrap().join(odd), "").unwrap();
    std::fs::write(root.join("_staging").join(odd), "").unwrap();
    let new = committed(&lake, vec![2], "new").await;
    assert_eq!(lake.manifests().await.unwrap(), [new]);
    assert_eq!(lake.stamps([&id()]).await.unwrap().len(), 1);
    let problems = lake.verify().await.unwrap();
    assert!(
        matches!(
            &problems[..],
            [Problem::Orphan { .. }, Problem::LeftOver { .. }]
        ),
        "{problems:?}"
    );
    let lock = lake.lock().await.unwrap();
    assert_eq!(lake.sweep(&lock).await.unwrap(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_that_holds_itself_is_entered_once() {
    let [_, (lake, _dir)] = lakes().await;
    committed(&lake, vec![1], "f").await;
    let root = lake.local_root().unwrap();
    std::os::unix::fs::symlink(root, root.join("aggregate/again")).unwrap();
    assert_eq!(lake.verify().await.unwrap(), []);
}

#[tokio::test]
async fn a_lake_is_one_from_its_first_commit_on() {
    for (lake, _dir) in lakes().await {
        let error = lake.require().await.unwrap_err().to_string();
        let why = match lake.local_root() {
            Some(_) => "there is no such directory",
            None => "nothing is there under `_manifests`",
        };
        assert!(error.contains(why), "{error}");
        if let Some(root) = lake.local_root() {
            std::fs::create_dir(root).unwrap();
            let error = lake.require().await.unwrap_err().to_string();
            assert!(error.contains("has no `_manifests`"), "{error}");
        }
        committed(&lake, vec![1], "f").await;
        lake.require().await.unwrap();
    }
}
