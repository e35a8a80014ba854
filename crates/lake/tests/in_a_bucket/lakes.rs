//! Tables that are made in a bucket.

use crate::program::Project;

const LAKE: &str = "s3://bucket/lakes/books";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lake_in_a_bucket_has_the_bytes_of_one_on_the_disk() {
    let project = Project::new().await;
    let run = |lake: &str| project.ok(&["run", "--source", "till", "--lake", lake]);
    project.snapshot("2024-03-01", 3);
    project.snapshot("2024-03-02", 4);
    run(LAKE).assert_says("6 made, 0 up to date");
    run(LAKE).assert_says("0 made, 6 up to date");
    // A date more, another changed.
    project.snapshot("2024-03-02", 5);
    project.snapshot("2024-03-03", 6);
    run(LAKE).assert_says("6 made, 3 up to date");
    run("lake").assert_says("9 made, 0 up to date");
    let tables = |mut files: std::collections::BTreeMap<String, Vec<u8>>| {
        files.retain(|path, _| path != "_lock" && !path.starts_with("_cache/"));
        files
    };
    let (objects, files) = (project.objects("lakes/books").await, project.files("lake"));
    assert_eq!(tables(objects), tables(files));
    project.ok(&["verify", "--lake", LAKE]);
    let sum = "SELECT snapshot_date, copies FROM aggregate.totals ORDER BY 1";
    let query = [
        "query", "--dates", "all", "--format", "csv", "--lake", LAKE, sum,
    ];
    let rows = "2024-03-01,30\n2024-03-02,50\n2024-03-03,60\n";
    project.ok(&query).assert_says(rows);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_writer_at_a_time() {
    let project = Project::new().await;
    project.snapshot("2024-03-01", 3);
    let run = ["run", "--source", "till", "--lake", LAKE];
    let lake = project.bucket.lake("lakes/books");
    let lock = lake.lock().await.unwrap();
    let refused = project.run(&run);
    assert_eq!(refused.code, Some(1), "{}", refused.said);
    let holder = format!("is being written to by process {}", std::process::id());
    refused.assert_says(&holder);
    // Of the files that it looked at it may keep the hashes.
    let mut objects = project.objects("lakes/books").await;
    objects.retain(|path, _| path != "_lock" && !path.starts_with("_cache/"));
    assert_eq!(objects, std::collections::BTreeMap::new());
    lock.release().await;
    project.ok(&run).assert_says("3 made");
}
