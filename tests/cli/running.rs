//! A run makes the tables, and a second one nothing.

use crate::books::{self, DATES};
use crate::harness::assert_same;

#[test]
fn tables_are_made_of_every_snapshot_that_the_source_has() {
    let project = books::project();
    let plan = project.ok(&["plan", "--source", "till"]);
    plan.assert_out("3 snapshots: 2024-03-01 2024-03-02 2024-03-03");
    assert_eq!(plan.planned().len(), 18);
    assert!(
        plan.planned()
            .iter()
            .all(|(_, what)| what == "make: not there yet"),
        "{plan}"
    );
    assert!(project.lake().is_empty(), "a plan makes nothing");

    let ran = project.ok(&["run", "--source", "till"]);
    ran.assert_tables("18 made, 0 up to date");
    assert_eq!(
        ran.made(),
        plan.planned()
            .into_iter()
            .map(|(head, _)| head)
            .collect::<Vec<_>>()
    );
    ran.assert_out("3 snapshots, 2024-03-01 to 2024-03-03, in ");
    ran.assert_out("  memory    ");
    assert_eq!(
        project
            .rows("SELECT snapshot_date, city, books, copies FROM aggregate.cities ORDER BY 1, 2"),
        [
            "2024-03-01,Bergen,3,6",
            "2024-03-01,Oslo,1,5",
            "2024-03-01,unknown,1,4",
            "2024-03-02,Bergen,1,8",
            "2024-03-02,Oslo,1,12",
            "2024-03-03,Oslo,1,9",
        ]
    );
    assert_eq!(
        project.rows("SELECT snapshot_date, shelf, copies FROM aggregate.shelves ORDER BY 1, 2"),
        [
            "2024-03-01,fiction,10",
            "2024-03-01,maps,1",
            "2024-03-01,other,4",
            "2024-03-02,fiction,20",
            "2024-03-03,maps,9",
        ]
    );
    assert_eq!(
        project
            .rows("SELECT * FROM aggregate.overview WHERE snapshot_date = '2024-03-02'")
            .len(),
        2
    );
}

#[test]
fn a_second_run_makes_nothing_and_touches_nothing() {
    let project = books::project();
    project.ok(&["run", "--source", "till"]);
    let before = project.files("lake");
    let plan = project.ok(&["plan", "--source", "till"]);
    assert_eq!(plan.planned(), []);
    plan.assert_out("0 to look at, 18 up to date");
    let again = project.ok(&["run", "--source", "till"]);
    again.assert_tables("0 made, 18 up to date");
    assert_eq!(again.made(), [""; 0]);
    // Without a source the lake's own snapshots are worked on.
    project.ok(&["run"]).assert_tables("0 made, 15 up to date");
    let mut after = project.files("lake");
    // The lock names its last holder.
    after.insert("_lock".to_owned(), before["_lock"].clone());
    assert_same(&before, &after);
}

#[test]
fn force_makes_the_same_bytes_again() {
    let project = books::made();
    let before = project.lake_bytes();
    let plan = project.ok(&["plan", "--source", "till", "--dates", DATES[0], "--force"]);
    assert!(
        plan.planned()
            .iter()
            .all(|(_, what)| what == "make: forced"),
        "{plan}"
    );
    let forced = project.ok(&["run", "--source", "till", "--dates", DATES[0], "--force"]);
    forced.assert_tables("6 made, 0 up to date");
    assert_same(&before, &project.lake_bytes());
}
