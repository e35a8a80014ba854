//! Snapshots that are put into a bucket.

use std::process::Command;
use std::time::Duration;

use hubcensus_fixture_hub::{FixtureHub, ListKind, Settings};
use object_store::ObjectStoreExt as _;
use object_store::path::Path;

use crate::program::{Project, Ran};

const TO: &str = "s3://bucket/snapshots";

async fn hub() -> FixtureHub {
    let settings = Settings {
        latency: Duration::from_millis(60),
        ..Settings::default()
    };
    let hub = FixtureHub::start(settings).await.unwrap();
    hub.generate(ListKind::Models, 6_000, 5);
    hub
}

/// A capture whose work is kept in a directory of its own, as that of another machine.
fn capture(hub: &FixtureHub, project: &Project, to: &str, work: &str) -> Command {
    let mut command = project.command(&["capture", "hub-api", "--to", to, "--work", work]);
    command.args(["--kinds", "models"]);
    command.env("HF_ENDPOINT", hub.address());
    command
}

/// The lock of the capture that is under way.
async fn lock(project: &Project) -> Path {
    for _ in 0..1_000 {
        let objects = project.objects("snapshots/_capture").await;
        if let Some(lock) = objects.keys().find(|path| path.ends_with("_lock")) {
            return Path::from(format!("snapshots/_capture/{lock}"));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("no capture was begun")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_captures_of_a_date_the_second_stops() {
    let (hub, project) = (hub().await, Project::new().await);
    let first = capture(&hub, &project, TO, "one").spawn().unwrap();
    let lock = lock(&project).await;
    let second = Ran::of(&capture(&hub, &project, TO, "two").output().unwrap());
    assert_eq!(second.code, Some(1), "{}", second.said);
    second.assert_says(&format!("is being captured by process {}", first.id()));
    let first = Ran::of(&first.wait_with_output().unwrap());
    assert_eq!(first.code, Some(0), "{}", first.said);
    first.assert_says("6,000 rows");

    // Byte for byte what a directory gets, and there for everybody.
    let local = Ran::of(
        &capture(&hub, &project, "local", "local/_capture")
            .output()
            .unwrap(),
    );
    assert_eq!(local.code, Some(0), "{}", local.said);
    let rows = |files: std::collections::BTreeMap<String, Vec<u8>>| {
        let mut files = files;
        files.retain(|path, _| path.ends_with(".jsonl.zst") && !path.contains("_capture"));
        files
    };
    let objects = rows(project.objects("snapshots").await);
    assert_eq!(objects.len(), 1);
    assert!(objects == rows(project.files("local")));
    let again = Ran::of(&capture(&hub, &project, TO, "two").output().unwrap());
    again.assert_says("there already");

    // One that died holds the lock until its lease has run out; then another machine begins anew.
    let restart = |work: &str| {
        let mut command = capture(&hub, &project, TO, work);
        command.arg("--restart");
        command
    };
    let store = project.bucket.store();
    store.delete(&lock).await.unwrap();
    let mut dies = restart("one").spawn().unwrap();
    self::lock(&project).await;
    dies.kill().unwrap();
    dies.wait().unwrap();
    let busy = Ran::of(&restart("two").output().unwrap());
    busy.assert_says("if that has died, its lease ends in");
    store
        .put(&lock, r#"{"owner":"nobody","ends":1}"#.into())
        .await
        .unwrap();
    let ran = Ran::of(&restart("two").output().unwrap());
    assert_eq!(ran.code, Some(0), "{}", ran.said);
    assert!(rows(project.objects("snapshots").await) == objects);
}
