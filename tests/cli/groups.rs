//! The rows of a group of entities, of any table that has entities.

use crate::books;
use crate::harness::Project;

const GROUPS: &str = r#"stage: reference
tables:
  - name: groups
    description: Groups of entities.
    file: data/reference/groups.csv
    key: [group_name, entity]
    columns:
      group_name: {type: utf8, description: Name of the group.}
      entity: {type: utf8, description: Member.}
"#;

const OWNERS: &str = r#"stage: aggregate
jobs:
  - name: owners
    description: Copies by owner.
    query: SELECT city AS entity, copies FROM aggregate.cities
    key: [entity]
    sort: [entity]
    columns:
      entity: {type: utf8, description: Who.}
      copies: {type: int64, description: How many copies.}
"#;

/// Owners are Bergen with 6 copies, Oslo with 5, and unknown with 4.
fn project() -> Project {
    let project = books::project();
    project.write("pipelines/reference/groups.yaml", GROUPS);
    project.write("pipelines/aggregate/owners.yaml", OWNERS);
    project.write(
        "data/reference/groups.csv",
        "group_name,entity\nHarbours,Bergen\nHarbours,Stavanger\nMy organisation,Oslo\nMy organisation,unknown\n",
    );
    project.ok(&["run", "--source", "till", "--dates", books::DATES[0]]);
    project
}

#[test]
fn the_members_of_a_group_are_shown() {
    let project = project();
    let shown = |group: &str, more: &[&str]| {
        let mut args = vec!["show", "owners", "--group", group, "--format", "csv"];
        args.extend(more);
        project.ok(&args).out
    };
    assert_eq!(
        shown("My organisation", &[]),
        "entity,copies\nOslo,5\nunknown,4\n"
    );
    assert_eq!(
        shown("my ORGANISATION", &[]),
        "entity,copies\nOslo,5\nunknown,4\n"
    );
    // A member that has no row has none here either.
    assert_eq!(shown("harbours", &[]), "entity,copies\nBergen,6\n");
    assert_eq!(
        shown("my organisation", &["--where", "copies<5"]),
        "entity,copies\nunknown,4\n"
    );
    assert_eq!(
        shown(
            "my organisation",
            &["--sort", "copies", "--columns", "copies", "-n", "1"]
        ),
        "copies\n4\n"
    );
    // A member that is added is there at once.
    let groups = "group_name,entity\nHarbours,Bergen\nHarbours,Oslo\n";
    project.write("data/reference/groups.csv", groups);
    assert_eq!(shown("harbours", &[]), "entity,copies\nBergen,6\nOslo,5\n");
}

#[test]
fn what_is_no_group_and_what_has_no_entities() {
    let project = project();
    for (args, says) in [
        (
            &["show", "owners", "--group", "my organisations"][..],
            "no group `my organisations` in reference.groups; did you mean `My organisation`?",
        ),
        (
            &["show", "owners", "--group", "airports"],
            "no group `airports` in reference.groups; the groups are Harbours, My organisation",
        ),
        (
            &["show", "cities", "--group", "harbours"],
            "aggregate.cities has no column `entity`",
        ),
    ] {
        project.fails(1, args).assert_err(says);
    }
    // A project without groups has no such table.
    let without = books::made();
    without
        .fails(1, &["show", "cities", "--group", "harbours"])
        .assert_err("no table `reference.groups`");
}
