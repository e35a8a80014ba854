//! Snapshots taken from a Hub, and the tables made of them.

use std::fs;
use std::process::Command;
use std::time::Duration;

use hubcensus_fixture_hub::{Fault, Faults, FixtureHub, ListKind, Quotas, Settings};

use crate::harness::{Project, Ran, assert_same};
use crate::reading;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A Hub on threads of its own.
pub(crate) struct Hub {
    pub(crate) hub: FixtureHub,
    _runtime: tokio::runtime::Runtime,
}

impl Hub {
    pub(crate) fn with(latency: u64) -> Self {
        Self::of(Settings {
            latency: Duration::from_millis(latency),
            ..Settings::default()
        })
    }

    pub(crate) fn of(settings: Settings) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        Self {
            hub: runtime.block_on(FixtureHub::start(settings)).unwrap(),
            _runtime: runtime,
        }
    }

    /// A command that captures from it.
    fn capture(&self, project: &Project, args: &[&str]) -> Command {
        self.command(
            project,
            &[&["capture", "hub-api", "--to", "snapshots"], args].concat(),
        )
    }

    /// A command that knows no other Hub.
    pub(crate) fn command(&self, project: &Project, args: &[&str]) -> Command {
        let mut command = project.command(args);
        command
            .env("HF_ENDPOINT", self.hub.address())
            .env_remove("HF_TOKEN");
        command
    }
}

/// The snapshot's date, of the one file of models that there is.
fn date(project: &Project) -> String {
    let files = fs::read_dir(project.path("snapshots/hub-api")).unwrap();
    let mut names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let date = names.find_map(|name| {
        let rest = name.strip_prefix("models_")?;
        Some(rest.strip_suffix(".jsonl.zst")?.to_owned())
    });
    date.unwrap()
}

#[test]
fn a_capture_gives_the_tables_of_its_rows() {
    let project = Project::empty();
    let sample = [
        "sample",
        "--models",
        "2500",
        "--shape",
        "api-items",
        "--out",
        "sample",
    ];
    project.ok(&[&sample[..], &["--project", ROOT]].concat());
    let rows =
        fs::read_to_string(project.path("sample/models_2025-10-01.generated.jsonl")).unwrap();
    let hub = Hub::with(0);
    hub.hub.add(ListKind::Models, rows.lines()).unwrap();
    let ran = Ran::of(hub.capture(&project, &[]).output().unwrap());
    assert_eq!(ran.code, 0, "{ran}");
    ran.assert_out(&format!("{} rows", {
        let count = rows.lines().count();
        format!("{},{:03}", count / 1000, count % 1000)
    }));
    let date = date(&project);
    project.write(&format!("plain/models_{date}.jsonl"), &rows);
    for (lake, from) in [
        ("captured", "snapshots/hub-api/models_{date}.jsonl.zst"),
        ("plain-lake", "plain/models_{date}.jsonl"),
    ] {
        project.ok(&[
            "run",
            "ingest",
            "normalize",
            "--project",
            ROOT,
            "--lake",
            lake,
            "--source",
            "hub-api",
            "--from",
            from,
            "--dates",
            &date,
        ]);
    }
    let tables = |lake: &str| {
        let mut files = project.files(lake);
        files.retain(|path, _| path.ends_with(".parquet"));
        let files = files.into_iter().map(|(path, (bytes, _))| (path, bytes));
        files.collect::<std::collections::BTreeMap<_, _>>()
    };
    assert!(tables("captured").len() > 1);
    assert_same(&tables("captured"), &tables("plain-lake"));

    // Once more, and there is nothing to do.
    let again = Ran::of(hub.capture(&project, &[]).output().unwrap());
    again.assert_out("there already");
}

#[test]
fn killed_or_stopped_the_next_capture_goes_on() {
    let hub = Hub::with(30);
    hub.hub.generate(ListKind::Models, 12_000, 5);
    let whole = Project::empty();
    let ran = Ran::of(hub.capture(&whole, &[]).output().unwrap());
    assert_eq!(ran.code, 0, "{ran}");
    let file = |project: &Project| {
        fs::read(project.path(&format!(
            "snapshots/hub-api/models_{}.jsonl.zst",
            date(project)
        )))
    };
    let expected = file(&whole).unwrap();

    let project = Project::empty();
    for (pages, signal) in [(3, "KILL"), (6, "INT"), (9, "KILL")] {
        let mut capture = hub.capture(&project, &[]).spawn().unwrap();
        let journal = || {
            let folder = project.path("snapshots/_capture/hub-api");
            let entry = fs::read_dir(folder).ok()?.next()?.ok()?;
            let text = fs::read_to_string(entry.path().join("journal")).ok()?;
            Some(text.lines().count())
        };
        while journal().unwrap_or(0) <= pages {
            assert!(
                capture.try_wait().unwrap().is_none(),
                "it ended before page {pages}"
            );
            std::thread::sleep(Duration::from_millis(2));
        }
        let pid = capture.id().to_string();
        let sent = Command::new("kill")
            .args(["-s", signal, &pid])
            .status()
            .unwrap();
        assert!(sent.success());
        let ran = Ran::of(capture.wait_with_output().unwrap());
        if signal == "INT" {
            assert_eq!(ran.code, 130, "{ran}");
            ran.assert_err("run the same command again to go on");
        }
    }
    let ran = Ran::of(hub.capture(&project, &[]).output().unwrap());
    assert_eq!(ran.code, 0, "{ran}");
    ran.assert_err("goes on after");
    assert!(file(&project).unwrap() == expected);
}

/// At moments that no page is waited for, with a token, faults, and windows that end meanwhile.
#[test]
fn killed_at_any_moment_it_asks_for_no_more_than_it_may() {
    let hub = Hub::of(Settings {
        latency: Duration::from_millis(25),
        quotas: Quotas {
            api: (6, 6),
            ..Quotas::default()
        },
        window: 1,
        ..Settings::default()
    });
    hub.hub.generate(ListKind::Models, 5_000, 5);
    let whole = Project::empty();
    let capture = |project: &Project| {
        let mut command = hub.capture(project, &[]);
        command.env("HF_TOKEN", "hf_of_nobody");
        command
    };
    let ran = Ran::of(capture(&whole).output().unwrap());
    assert_eq!(ran.code, 0, "{ran}");
    let date = date(&whole);
    let file = format!("snapshots/hub-api/models_{date}.jsonl.zst");

    let project = Project::empty();
    let mut faults = Faults::all(0.3, 8);
    faults.drawn = vec![
        Fault::Reset,
        Fault::Cut,
        Fault::Torn,
        Fault::Slow(Duration::from_millis(40)),
    ];
    hub.hub.set_faults(faults);
    let mut draw = 12_345_u64;
    for _ in 0..10 {
        draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let mut capture = capture(&project).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(20 + (draw >> 33) % 280));
        capture.kill().unwrap();
        capture.wait().unwrap();
    }
    hub.hub.set_faults(Faults::default());
    let ran = Ran::of(capture(&project).output().unwrap());
    assert_eq!(ran.code, 0, "{ran}");
    assert!(fs::read(project.path(&file)).unwrap() == fs::read(whole.path(&file)).unwrap());
    let counts = hub.hub.counts();
    assert_eq!(
        (counts.beyond_the_grant, counts.tokens_at_the_files),
        (0, 0),
        "{counts:?}"
    );
    assert_eq!(counts.with_token, counts.requests, "{counts:?}");
}

#[test]
fn what_cannot_be_meant_is_said() {
    let hub = Hub::with(0);
    let project = Project::empty();
    let run = |args: &[&str]| Ran::of(hub.capture(&project, args).output().unwrap());
    let ran = run(&["--dates", "2025-01-01"]);
    assert_eq!(ran.code, 1, "{ran}");
    ran.assert_err("the live Hub cannot be captured for 2025-01-01");
    run(&["--kinds", "model"]).assert_err("expected models, datasets, spaces, papers, accounts");
    run(&["--kinds", "papers", "--first", "3"]).assert_err("papers are captured whole");
    run(&["--kinds", "accounts"]).assert_err("which accounts to ask for is not known");
    assert_eq!(hub.hub.counts().requests, 0);

    // A part has a name of its own.
    hub.hub.generate(ListKind::Models, 300, 5);
    let ran = run(&["--first", "20", "--by", "likes"]);
    assert_eq!(ran.code, 0, "{ran}");
    ran.assert_out("models-first-20-by-likes_");
    ran.assert_out("20 rows");
    ran.assert_out("the first 20 by likes");
}

/// What part of the Hub a snapshot has, its description says, and not its source.
#[test]
fn a_part_is_no_census() {
    let project = Project::empty();
    let hub = Hub::with(0);
    hub.hub.generate(ListKind::Models, 300, 5);
    let first = ["--kinds", "models", "--first", "20", "--by", "downloads"];
    let ran = Ran::of(hub.capture(&project, &first).output().unwrap());
    assert_eq!(ran.code, 0, "{ran}");
    let folder = fs::read_dir(project.path("snapshots/hub-api")).unwrap();
    let mut names = folder.map(|file| file.unwrap().file_name().into_string().unwrap());
    let file = names.find(|name| name.ends_with(".jsonl.zst")).unwrap();
    let (stem, date) = file.trim_end_matches(".jsonl.zst").split_once('_').unwrap();
    let from = format!("snapshots/hub-api/{stem}_{{date}}.jsonl.zst");
    let run = |lake: &str| {
        let args = [
            "run",
            "ingest",
            "--project",
            ROOT,
            "--lake",
            lake,
            "--source",
            "hub-api",
        ];
        project.hubcensus(&[&args[..], &["--from", &from, "--dates", date]].concat())
    };
    let ran = run("part");
    assert_eq!(ran.code, 0, "{ran}");
    let path = |lake: &str| {
        project.path(&format!(
            "{lake}/ingest/models/snapshot_date={date}/part-00000.parquet"
        ))
    };
    assert_eq!(reading::texts(&path("part"), "coverage"), ["ranking"; 20]);
    assert_eq!(reading::texts(&path("part"), "source"), ["hub-api"; 20]);
    let parts = reading::texts(&path("part"), "part");
    assert!(parts[0].contains("20"), "{parts:?}");

    // Without its description it is what the source says, and is made anew.
    let described = project.path(&format!("snapshots/hub-api/{stem}_{date}.capture.json"));
    let description = fs::read_to_string(&described).unwrap();
    fs::remove_file(&described).unwrap();
    run("part").assert_out("1 made, 0 up to date");
    assert_eq!(reading::texts(&path("part"), "coverage"), ["census"; 20]);

    // A file that is not the one that is described is not read.
    let hash = description.split("\"hash\": \"").nth(1).unwrap();
    let other = description.replace(&hash[..8], "00000000");
    fs::write(&described, other).unwrap();
    let ran = run("other");
    assert_eq!(ran.code, 1, "{ran}");
    ran.assert_err("has the hash of other bytes");
    assert!(!path("other").exists());
}
