//! Lakes that the program makes of made-up snapshots, read whole.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::dates;
use crate::read;
use crate::reference;
use crate::rows::{Table, Value};
use crate::snapshot::{INPUTS, Snapshot};
use crate::world::World;

/// Tables of what classifiers have learned, which nobody computes by hand.
const LEARNED: [&str; 2] = ["task_model_scores", "task_predictions"];
/// The tables that look at more than one snapshot.
pub(crate) const ACROSS: [&str; 15] = [
    "crossovers",
    "engagement",
    "entity_type_changes",
    "gains",
    "geography_changes",
    "library_changes",
    "license_changes",
    "momentum",
    "rank_persistence",
    "size_changes",
    "snapshot_changes",
    "snapshot_gaps",
    "snapshots",
    "task_changes",
    "windows",
];
/// Those of them that are made of a source with tombstones.
const OF_TOMBSTONES: [&str; 2] = ["engagement", "snapshot_changes"];
/// Tables in which such a source, without downloads of all time, makes a
/// difference.
const OF_TOMBSTONES_LAST: [&str; 9] = [
    "derivatives",
    "entities",
    "geography",
    "hub_totals",
    "missing_values",
    "size_clusters",
    "sizes",
    "task_popularity",
    "top_models",
];
/// Tables that have limits, which need more models to be reached, and those
/// that the properties are about.
const OF_GENERATED: [&str; 20] = [
    "accounts",
    "architectures",
    "concentration",
    "download_distribution",
    "entities",
    "entity_types",
    "geography",
    "hub_totals",
    "languages",
    "libraries",
    "licenses",
    "modalities",
    "model_impact",
    "relations",
    "relative_adoption",
    "sizes",
    "tasks",
    "top_liked_by_year",
    "top_models",
    "trending_by_geography",
];
/// Dates with gaps between, of which the first is in the windows of a week and of a month.
pub(crate) const DATES: [&str; 3] = ["2026-08-01", "2026-08-19", "2026-08-23"];
/// More of them, with the end of a month and of a year between.
pub(crate) const SERIES: [&str; 4] = ["2026-01-30", "2026-01-31", "2026-02-02", "2026-02-03"];

/// A directory with snapshots and a lake, removed when dropped.
pub(crate) struct Workplace {
    dir: TempDir,
}

/// All that a lake holds, by table and date.
pub(crate) struct Lake {
    tables: BTreeMap<(String, String), Table>,
    pub(crate) snapshots: Vec<Snapshot>,
    /// Files of a run over all dates, where one was made.
    pub(crate) backfill: BTreeMap<String, Vec<u8>>,
    /// Tables that were asked for, where all were.
    pub(crate) published: Vec<String>,
}

/// The program, as cargo built it or as the environment names it.
fn program() -> OsString {
    let built = option_env!("CARGO_BIN_EXE_hubcensus").map(OsString::from);
    let named = std::env::var_os("HUBCENSUS_BIN");
    named.or(built).expect("HUBCENSUS_BIN names no program")
}

impl Workplace {
    pub(crate) fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, content: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Runs the program, which is to end well; what it says.
    #[track_caller]
    pub(crate) fn hubcensus(&self, args: &[&str]) -> String {
        let output = Command::new(program())
            .args(args)
            .current_dir(self.dir.path())
            .env("HUBCENSUS_PROJECT", reference::project())
            .env_remove("HUBCENSUS_LAKE")
            .env_remove("HUBCENSUS_CORES")
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{args:?}\n{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// Names of all published tables that are not learned, helpers included.
    pub(crate) fn published(&self) -> Vec<String> {
        let said = self.hubcensus(&["tables"]);
        let words = said
            .lines()
            .filter_map(|line| line.split_whitespace().next());
        let names = words.filter_map(|word| word.strip_prefix("aggregate."));
        names
            .filter(|name| !LEARNED.contains(name))
            .map(str::to_owned)
            .collect()
    }

    /// Makes tables of the snapshots of some dates.
    pub(crate) fn run(&self, lake: &str, source: &str, dates: &[&str], tables: &[String]) {
        let dates = dates.join(",");
        let mut args = vec!["run", "--lake", lake, "--source", source, "--dates", &dates];
        args.extend(["--from", "models_{date}.jsonl"]);
        args.extend(tables.iter().map(String::as_str));
        self.hubcensus(&args);
    }

    /// Makes tables of a generated snapshot, the smallest that there is.
    fn generate(&self, date: &str, tables: &[String]) {
        let sample = [
            "sample", "--models", "1252", "--dates", date, "--out", "sample",
        ];
        self.hubcensus(&sample);
        let mut args = vec!["run", "--lake", "lake", "--source", "hub-stats"];
        args.extend(["--from", "sample/models_{date}.parquet"]);
        args.extend(tables.iter().map(String::as_str));
        self.hubcensus(&args);
    }

    /// Writes the snapshots of the nasty Hub.
    pub(crate) fn write_nasty(&self) {
        let mut world = World::new(1, 400, DATES[0]);
        for (number, date) in DATES.iter().enumerate() {
            if number > 0 {
                world.pass(date);
            }
            self.write(&format!("models_{date}.jsonl"), &world.api_items(1));
        }
    }

    /// Every file of the tables, by its path.
    pub(crate) fn files(&self, lake: &str) -> BTreeMap<String, Vec<u8>> {
        let mut found = BTreeMap::new();
        collect(&self.path(lake), &self.path(lake), &mut found);
        found.retain(|path, _| !path.starts_with('_'));
        found
    }

    /// Reads all tables of a lake.
    pub(crate) fn lake(&self, lake: &str) -> Lake {
        let mut tables = BTreeMap::new();
        for path in self.files(lake).keys() {
            // stage/table/snapshot_date=2026-08-19/part-00000.parquet
            let parts: Vec<&str> = path.split('/').collect();
            let [stage, name, partition, _] = parts[..] else {
                panic!("what is {path}?");
            };
            let date = partition.strip_prefix("snapshot_date=").unwrap();
            let name = format!("{stage}.{name}");
            let mut table = read::parquet(&self.path(lake).join(path), &name);
            drop_the_date(&mut table, date);
            let twice = tables.insert((name, date.to_owned()), table);
            assert!(twice.is_none(), "{path} is not the only file");
        }
        let dates = tables.keys().filter(|(name, _)| name == "enrich.models");
        let snapshots = dates
            .map(|(_, date)| {
                let of_date = |name: &str| tables[&(name.to_owned(), date.clone())].clone();
                Snapshot::of(date, of_date)
            })
            .collect();
        Lake {
            tables,
            snapshots,
            backfill: BTreeMap::new(),
            published: Vec::new(),
        }
    }
}

impl Lake {
    pub(crate) fn table(&self, name: &str, date: &str) -> Option<&Table> {
        self.tables.get(&(name.to_owned(), date.to_owned()))
    }

    /// Tables of a stage that the lake has for a date.
    pub(crate) fn names(&self, stage: &str, date: &str) -> Vec<&str> {
        let here = self.tables.keys().filter(|(_, of)| of == date);
        here.filter_map(|(name, _)| name.strip_prefix(stage)?.strip_prefix('.'))
            .collect()
    }

    /// The snapshot of the last date.
    pub(crate) fn last(&self) -> &Snapshot {
        self.snapshots.last().unwrap()
    }
}

/// Every file says in its last column what its folder says; the contracts do
/// not.
fn drop_the_date(table: &mut Table, date: &str) {
    assert_eq!(table.columns.pop().unwrap(), "observed_date");
    for row in &mut table.rows {
        assert_eq!(row.pop().unwrap(), Value::Date(dates::parse(date)));
    }
}

fn collect(root: &Path, folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, found);
        } else {
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_string_lossy()
                .into_owned();
            found.insert(name, fs::read(&path).unwrap());
        }
    }
}

/// These tables, all that they are made of, and all that is read of a lake.
fn with_inputs(tables: &[&str]) -> Vec<String> {
    let tables = tables.iter().map(|name| format!("+aggregate.{name}"));
    let inputs = INPUTS.iter().map(|name| format!("+{name}"));
    tables.chain(inputs).collect()
}

/// Three snapshots with all that is nasty, from a source that states
/// identities: tables across snapshots of all, the others of the last.
pub(crate) fn nasty() -> &'static Lake {
    static LAKE: OnceLock<Lake> = OnceLock::new();
    LAKE.get_or_init(|| {
        let work = Workplace::new();
        work.write_nasty();
        work.run("lake", "hub-api", &DATES, &with_inputs(&ACROSS));
        let backfill = work.files("lake");
        let published = work.published();
        let names: Vec<&str> = published.iter().map(String::as_str).collect();
        work.run("lake", "hub-api", &DATES[2..], &with_inputs(&names));
        Lake {
            backfill,
            published,
            ..work.lake("lake")
        }
    })
}

/// Four snapshots of a source without identities and with tombstones.
pub(crate) fn tombstones() -> &'static Lake {
    static LAKE: OnceLock<Lake> = OnceLock::new();
    LAKE.get_or_init(|| {
        let work = Workplace::new();
        let mut world = World::new(2, 150, SERIES[0]);
        for (number, date) in SERIES.iter().enumerate() {
            if number > 0 {
                world.pass(date);
            }
            work.write(&format!("models_{date}.jsonl"), &world.radar());
        }
        work.run("lake", "radar", &SERIES, &with_inputs(&OF_TOMBSTONES));
        work.run(
            "lake",
            "radar",
            &SERIES[3..],
            &with_inputs(&OF_TOMBSTONES_LAST),
        );
        work.lake("lake")
    })
}

/// A generated snapshot that looks like the Hub.
pub(crate) fn generated() -> &'static Lake {
    static LAKE: OnceLock<Lake> = OnceLock::new();
    LAKE.get_or_init(|| {
        let work = Workplace::new();
        work.generate(DATES[0], &with_inputs(&OF_GENERATED));
        work.lake("lake")
    })
}

/// Snapshots of three sources in one lake: a part of the Hub, and twice the whole.
pub(crate) fn of_several_sources() -> Lake {
    let work = Workplace::new();
    let tables = with_inputs(&["hub_totals", "snapshot_changes"]);
    // So many that the generated ones are not twice as many.
    let mut world = World::new(4, 900, DATES[0]);
    work.write(&format!("models_{}.jsonl", DATES[0]), &world.radar());
    work.run("lake", "radar", &DATES[..1], &tables);
    world.pass(DATES[1]);
    work.write(&format!("models_{}.jsonl", DATES[1]), &world.api_items(1));
    work.run("lake", "hub-api", &DATES[1..2], &tables);
    work.generate(DATES[2], &tables);
    work.lake("lake")
}

/// One nasty snapshot of another seed, its counters times a factor.
pub(crate) fn seeded(seed: u64, factor: i64, tables: &[&str]) -> Lake {
    let work = Workplace::new();
    let world = World::new(seed, 200, DATES[0]);
    work.write(
        &format!("models_{}.jsonl", DATES[0]),
        &world.api_items(factor),
    );
    work.run("lake", "hub-api", &DATES[..1], &with_inputs(tables));
    work.lake("lake")
}
