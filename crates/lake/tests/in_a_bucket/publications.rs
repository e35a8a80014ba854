//! Tables that are published to a bucket.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use serde_json::Value;

use crate::program::{Project, Ran};

const TO: &str = "s3://bucket/out";

async fn bytes(store: &dyn ObjectStore, path: &str) -> Option<bytes::Bytes> {
    let found = store.get(&Path::from(format!("out/{path}"))).await.ok()?;
    found.bytes().await.ok()
}

/// Whether all that a record names is there, of the size that it says.
async fn whole(store: &dyn ObjectStore, record: &[u8]) -> Result<(), String> {
    let record: Value = serde_json::from_slice(record).map_err(|error| error.to_string())?;
    for table in record["tables"].as_object().unwrap().values() {
        for file in table["files"].as_object().unwrap().values() {
            let path = file["path"].as_str().unwrap();
            let found = bytes(store, path).await;
            let size = found.map(|bytes| bytes.len() as u64);
            if size != file["bytes"].as_u64() {
                return Err(format!("{path}: {size:?} bytes, not {}", file["bytes"]));
            }
        }
    }
    Ok(())
}

/// Reads as long as it is asked to; gives how many publications were whole.
async fn read(store: Arc<dyn ObjectStore>, done: Arc<AtomicBool>, count: Arc<AtomicUsize>) {
    while !done.load(Ordering::Relaxed) {
        let Some(record) = bytes(&*store, "publication.json").await else {
            continue;
        };
        if let Err(why) = whole(&*store, &record).await {
            // One that was read slowly is superseded by then.
            let now = bytes(&*store, "publication.json").await;
            assert!(now.is_some_and(|now| now != record), "{why}");
        }
        let card = bytes(&*store, "README.md").await;
        assert!(card.is_none_or(|card| card.starts_with(b"---\n")));
        count.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_publications_one_stops_and_readers_see_a_whole_one() {
    let project = Project::new().await;
    // Two lakes of the same dates with other rows.
    for (lake, copies) in [("one", 3), ("two", 8)] {
        project.snapshot("2024-03-01", copies);
        project.snapshot("2024-03-02", copies + 1);
        project.ok(&["run", "--source", "till", "--lake", lake]);
    }
    let publish = |lake: &str| project.command(&["publish", "--lake", lake, "--to", TO]);
    let ran = Ran::of(&publish("one").output().unwrap());
    assert_eq!(ran.code, Some(0), "{}", ran.said);

    let (done, count) = (Arc::new(AtomicBool::new(false)), Arc::default());
    let store: Arc<dyn ObjectStore> = project.bucket.store();
    let reader = tokio::spawn(read(
        Arc::clone(&store),
        Arc::clone(&done),
        Arc::clone(&count),
    ));
    let mut stopped = 0;
    for _ in 0..6 {
        let both = ["two", "one"].map(|lake| publish(lake).spawn().unwrap());
        let ran = both.map(|child| Ran::of(&child.wait_with_output().unwrap()));
        assert!(ran.iter().any(|ran| ran.code == Some(0)), "{ran:?}");
        for ran in ran.iter().filter(|ran| ran.code != Some(0)) {
            stopped += 1;
            let busy = ran.said.contains("is being published to by process");
            let late = ran
                .said
                .contains("was published to by another process meanwhile");
            assert!(ran.code == Some(1) && (busy || late), "{}", ran.said);
        }
        let record = bytes(&*store, "publication.json").await.unwrap();
        whole(&*store, &record).await.unwrap();
    }
    assert!(stopped > 0, "they never met");
    done.store(true, Ordering::Relaxed);
    reader.await.unwrap();
    assert!(count.load(Ordering::Relaxed) > 10);

    // In the end what a directory gets, and nothing of a lock.
    for lake in ["two", "one"] {
        let ran = Ran::of(&publish(lake).output().unwrap());
        assert_eq!(ran.code, Some(0), "{}", ran.said);
        project.ok(&["publish", "--lake", lake, "--to", "local"]);
    }
    let (objects, files) = (project.objects("out").await, project.files("local"));
    let names = |files: &std::collections::BTreeMap<String, Vec<u8>>| {
        files.keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(names(&objects), names(&files));
    let differing: Vec<&String> = objects
        .keys()
        .filter(|path| objects[*path] != files[*path])
        .collect();
    assert!(differing.is_empty(), "{differing:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_that_another_publishes_to_is_left_alone() {
    let project = Project::new().await;
    project.snapshot("2024-03-01", 3);
    project.ok(&["run", "--source", "till"]);
    // As a publication holds it.
    let folder = project.bucket.lake("out/.publishing");
    let lock = folder.lock().await.unwrap();
    let ran = project.run(&["publish", "--to", TO]);
    assert_eq!(ran.code, Some(1), "{}", ran.said);
    ran.assert_says(&format!(
        "is being published to by process {}",
        std::process::id()
    ));
    assert_eq!(project.objects("out").await.len(), 1);
    lock.release().await;
    project.ok(&["publish", "--to", TO]);
    let objects = project.objects("out").await;
    assert!(objects.contains_key("README.md"));
    assert!(
        objects.keys().all(|path| !path.starts_with('.')),
        "{:?}",
        objects.keys()
    );
}
