//! What changes, breaks or disappears while a run goes on, and what is told of it.

use std::fs;
use std::time::Duration;

use hubcensus_lake::Lake;
use hubcensus_spec::{PartitionId, SnapshotDate};

use super::{Project, Quiet};
use crate::{Damage, Event, Forecast, Observer, Outcome, SourceRequest, StepOutcome, Unreadable};

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
        // That the file lacks a declared column is told of each.
        made.flatten()
            .filter(|warning| !warning.check.starts_with("absent_column_"))
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
    let note = "Generated, as the name of the snapshot's file says: not real data.";
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
