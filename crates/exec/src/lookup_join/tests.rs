//! Worked out by hand, and compared with DataFusion's own join.

use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, BooleanArray, Date32Array, Float64Array, Int32Array, Int64Array,
    ListArray, RecordBatch, StringArray, UInt64Array,
};
use arrow::compute::take_record_batch;
use arrow::datatypes::Int32Type;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::datasource::MemTable;
use datafusion::physical_plan::{ExecutionPlan, collect, displayable};
use datafusion::prelude::{ParquetReadOptions, SessionContext, ident};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;

use super::build_side::MAX_ROWS;
use crate::testing::{Draw, SIZES, both, ordered, random, same, session};

/// A table of one batch for each of some sizes, and of what is left.
fn table(columns: Vec<(&str, ArrayRef)>, sizes: &[usize]) -> MemTable {
    let columns = columns.into_iter().map(|(name, one)| (name, one, true));
    let whole = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let mut batches = Vec::new();
    let mut from = 0;
    for size in sizes.iter().copied().chain([usize::MAX]) {
        let size = size.min(whole.num_rows() - from);
        batches.push(whole.slice(from, size));
        from += size;
    }
    MemTable::try_new(whole.schema(), vec![batches]).unwrap()
}

fn texts(values: &[Option<&str>]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn numbers(values: &[Option<i64>]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

/// Seven rows, in the order of `place`.
fn many() -> MemTable {
    let parts = [Some(1), Some(2), None, Some(9), Some(1), Some(2), Some(1)];
    let words = ["a", "b", "a", "b", "", "a", "b"].map(|word| Some(word).filter(|w| !w.is_empty()));
    let places: Vec<Option<i64>> = (0..7).map(Some).collect();
    let columns = vec![
        ("place", numbers(&places)),
        ("part", numbers(&parts)),
        ("word", texts(&words)),
    ];
    table(columns, &[3, 0, 2]).with_sort_order(vec![vec![ident("place").sort(true, false)]])
}

fn few(rows: &[(Option<i64>, &str, &str)]) -> MemTable {
    let parts: Vec<_> = rows.iter().map(|row| row.0).collect();
    let words: Vec<_> = rows.iter().map(|row| Some(row.1)).collect();
    let titles: Vec<_> = rows.iter().map(|row| Some(row.2)).collect();
    let columns = vec![
        ("part", numbers(&parts)),
        ("word", texts(&words)),
        ("title", texts(&titles)),
    ];
    table(columns, &[1])
}

fn titles() -> MemTable {
    few(&[
        (Some(1), "a", "one"),
        (Some(2), "b", "two"),
        (Some(3), "c", "three"),
        (None, "a", "none"),
    ])
}

/// So few that they are held whatever is asked of them.
fn fewer_titles() -> MemTable {
    few(&[
        (Some(1), "a", "one"),
        (None, "a", "none"),
        (Some(2), "b", "two"),
    ])
}

fn context(ours: bool, tables: &[(&str, &Arc<MemTable>)]) -> SessionContext {
    session(ours, 64, tables)
}

fn shown(plan: &Arc<dyn ExecutionPlan>) -> String {
    displayable(plan.as_ref()).indent(false).to_string()
}

async fn asked(context: &SessionContext, sql: &str) -> (Arc<dyn ExecutionPlan>, Vec<RecordBatch>) {
    let frame = context.sql(sql).await.unwrap();
    let plan = frame.create_physical_plan().await.unwrap();
    let batches = collect(Arc::clone(&plan), context.task_ctx()).await;
    (plan, batches.unwrap())
}

/// The rows in their order, null as `-`.
fn rows(batches: &[RecordBatch]) -> Vec<String> {
    let options = FormatOptions::new().with_null("-");
    let text = |batch: &RecordBatch, row: usize| {
        let values = batch.columns().iter().map(|column| {
            let values = ArrayFormatter::try_new(column, &options).unwrap();
            values.value(row).to_string()
        });
        values.collect::<Vec<_>>().join(" ")
    };
    let each = batches.iter();
    each.flat_map(|batch| (0..batch.num_rows()).map(|row| text(batch, row)))
        .collect()
}

/// Whether rows were looked up, and not left to DataFusion's join.
fn looked_up(plan: &Arc<dyn ExecutionPlan>) -> bool {
    if plan.name() == "LookupJoinExec" {
        return plan.metrics().unwrap().sum_by_name("build_time").is_none();
    }
    plan.children().into_iter().any(looked_up)
}

/// What a query of `m` and `f` gives, by a lookup.
async fn found(many: MemTable, few: MemTable, sql: &str) -> Vec<String> {
    let (many, few) = (Arc::new(many), Arc::new(few));
    let (plan, batches) = asked(&context(true, &[("m", &many), ("f", &few)]), sql).await;
    assert!(looked_up(&plan), "{}", shown(&plan));
    rows(&batches)
}

const ALL: &str = "SELECT m.place, m.word, f.title FROM m LEFT JOIN f ON m.part = f.part";
const MATCHED: &str = "SELECT m.place, m.word, f.title FROM m JOIN f ON m.part = f.part";

#[tokio::test]
async fn every_row_is_kept_whether_anything_is_found_or_not() {
    let expected = [
        "0 a one", "1 b two", "2 a -", "3 b -", "4 - one", "5 a two", "6 b one",
    ];
    assert_eq!(found(many(), titles(), ALL).await, expected);
}

#[tokio::test]
async fn only_rows_that_match_are_kept() {
    let expected = ["0 a one", "1 b two", "4 - one", "5 a two", "6 b one"];
    assert_eq!(found(many(), titles(), MATCHED).await, expected);
    let others = few(&[
        (Some(8), "", "eight"),
        (Some(9), "", "nine"),
        (None, "", ""),
    ]);
    assert_eq!(found(many(), others, MATCHED).await, ["3 b nine"]);
    let others = few(&[(Some(7), "a", "seven"), (Some(8), "b", "eight")]);
    assert!(found(many(), others, MATCHED).await.is_empty());
}

#[tokio::test]
async fn two_columns_are_a_key() {
    let expected = ["0 one", "1 two", "2 -", "3 -", "4 -", "5 -", "6 -"];
    let sql = "SELECT m.place, f.title FROM m LEFT JOIN f ON m.part = f.part AND m.word = f.word";
    assert_eq!(found(many(), titles(), sql).await, expected);
    let sql = sql.replace("LEFT", "");
    assert_eq!(found(many(), titles(), &sql).await, expected[..2]);
}

#[tokio::test]
async fn one_text_is_a_key() {
    let sql = "SELECT m.place, f.title FROM m LEFT JOIN f ON m.word = f.word";
    let words = few(&[(None, "b", "bee"), (None, "", "empty")]);
    let expected = ["0 -", "1 bee", "2 -", "3 bee", "4 -", "5 -", "6 bee"];
    assert_eq!(found(many(), words, sql).await, expected);
}

#[tokio::test]
async fn a_key_of_several_rows_is_left_to_the_other_join() {
    let several = || {
        few(&[
            (Some(2), "", "two"),
            (Some(9), "", "nine"),
            (Some(2), "", "zwei"),
        ])
    };
    let all = [
        "0 a -", "1 b two", "1 b zwei", "2 a -", "3 b nine", "4 - -", "5 a two", "5 a zwei",
        "6 b -",
    ];
    let matched = ["1 b two", "1 b zwei", "3 b nine", "5 a two", "5 a zwei"];
    for (sql, expected) in [(ALL, &all[..]), (MATCHED, &matched)] {
        let (many, few) = (Arc::new(many()), Arc::new(several()));
        let (plan, batches) = asked(&context(true, &[("m", &many), ("f", &few)]), sql).await;
        let text = shown(&plan);
        assert!(
            text.contains("LookupJoinExec") && !looked_up(&plan),
            "{text}"
        );
        let mut rows = rows(&batches);
        rows.sort();
        assert_eq!(rows, expected);
    }
    // Two rows whose key is unknown have none.
    let unknown = few(&[(Some(9), "", "nine"), (None, "", "?"), (None, "", "?")]);
    assert_eq!(found(many(), unknown, MATCHED).await, ["3 b nine"]);
}

#[tokio::test]
async fn many_rows_are_left_to_the_other_join() {
    let ids = |count: usize| -> ArrayRef { Arc::new(Int64Array::from_iter(0..count as i64)) };
    let few = Arc::new(table(vec![("id", ids(MAX_ROWS + 1))], &[MAX_ROWS / 2]));
    let many = Arc::new(table(
        vec![("id", ids(MAX_ROWS + 9)), ("n", ids(MAX_ROWS + 9))],
        &[],
    ));
    let sql = "SELECT count(*) AS rows, count(f.id) AS found, sum(m.n - f.id) AS off \
               FROM m LEFT JOIN f ON m.id = f.id";
    let (plan, batches) = asked(&context(true, &[("m", &many), ("f", &few)]), sql).await;
    assert!(!looked_up(&plan), "{}", shown(&plan));
    assert_eq!(rows(&batches), ["65545 65537 0"]);
}

#[tokio::test]
async fn nothing_held() {
    let expected = [
        "0 a -", "1 b -", "2 a -", "3 b -", "4 - -", "5 a -", "6 b -",
    ];
    assert_eq!(found(many(), few(&[]), ALL).await, expected);
    assert!(found(many(), few(&[]), MATCHED).await.is_empty());
    let unknown = || few(&[(None, "a", "none")]);
    assert_eq!(found(many(), unknown(), ALL).await, expected);
    assert!(found(many(), unknown(), MATCHED).await.is_empty());
}

#[tokio::test]
async fn columns_that_are_not_asked_for() {
    for (choice, expected) in [
        ("f.title", vec!["one", "two", "one", "two", "one"]),
        ("m.place", vec!["0", "1", "4", "5", "6"]),
        ("f.word, m.place", vec!["a 0", "b 1", "a 4", "b 5", "a 6"]),
        ("count(*) AS rows", vec!["5"]),
    ] {
        let sql = format!("SELECT {choice} FROM m JOIN f ON m.part = f.part");
        assert_eq!(found(many(), fewer_titles(), &sql).await, expected);
    }
    let sql = "SELECT count(*) AS rows FROM m LEFT JOIN f ON m.part = f.part";
    assert_eq!(found(many(), fewer_titles(), sql).await, ["7"]);
}

#[tokio::test]
async fn the_order_of_what_streams_past_is_kept_and_known() {
    let (many, few) = (Arc::new(many()), Arc::new(titles()));
    let context = context(true, &[("m", &many), ("f", &few)]);
    for sql in [ALL, MATCHED] {
        let (plan, batches) = asked(&context, &format!("{sql} ORDER BY m.place")).await;
        let text = shown(&plan);
        assert!(looked_up(&plan) && !text.contains("Sort"), "{text}");
        assert!(rows(&batches).is_sorted());
    }
}

#[tokio::test]
async fn what_is_below_changes_in_turn() {
    let sql = "SELECT m.rank, m.place, f.title FROM \
               (SELECT *, row_number() OVER (ORDER BY word DESC NULLS LAST, place) AS rank FROM m) m \
               LEFT JOIN f ON m.part = f.part";
    let (many, few) = (Arc::new(many()), Arc::new(fewer_titles()));
    let (plan, batches) = asked(&context(true, &[("m", &many), ("f", &few)]), sql).await;
    let text = shown(&plan);
    assert!(looked_up(&plan) && text.contains("RankSortExec"), "{text}");
    let expected = [
        "1 1 two", "2 3 -", "3 6 one", "4 0 one", "5 2 -", "6 5 two", "7 4 one",
    ];
    assert_eq!(rows(&batches), expected);
}

#[tokio::test]
async fn a_batch_that_goes_on_whole_is_not_copied() {
    let columns = vec![
        ("part", numbers(&[1, 2, 3, 1, 2, 3].map(Some))),
        ("word", texts(&["a", "b", "c", "d", "e", "f"].map(Some))),
    ];
    let many = Arc::new(table(columns, &[]));
    let whole = many.batches[0].read().await[0].clone();
    let few = Arc::new(few(&[(Some(2), "", "b"), (Some(1), "", "a")]));
    let context = context(true, &[("m", &many), ("f", &few)]);
    let sql = "SELECT m.word, f.title FROM m LEFT JOIN f ON m.part = f.part";
    let (plan, batches) = asked(&context, sql).await;
    assert!(looked_up(&plan), "{}", shown(&plan));
    let came = whole.column(1).to_data();
    let went = batches[0].column(0).to_data();
    assert!(came.ptr_eq(&went));
}

#[tokio::test]
async fn few_rows_of_many_batches_come_together() {
    let rows = 6_400;
    let parts: Vec<_> = (0..rows).map(|row| Some(row % 64)).collect();
    let many = Arc::new(table(vec![("part", numbers(&parts))], &[]));
    let few = Arc::new(few(&[(Some(3), "", "three"), (Some(5), "", "five")]));
    let context = context(true, &[("m", &many), ("f", &few)]);
    let sql = "SELECT m.part, f.title FROM m JOIN f ON m.part = f.part";
    let (plan, batches) = asked(&context, sql).await;
    assert!(looked_up(&plan), "{}", shown(&plan));
    let sizes: Vec<usize> = batches.iter().map(RecordBatch::num_rows).collect();
    assert_eq!(sizes, [64, 64, 64, 8]);
}

#[tokio::test]
async fn what_is_no_lookup() {
    let numbers = |values: Vec<f64>| -> ArrayRef { Arc::new(Float64Array::from(values)) };
    let shares = Arc::new(table(vec![("share", numbers(vec![0.0, 0.5, 1.0]))], &[]));
    let (many, few) = (Arc::new(many()), Arc::new(titles()));
    let context = context(true, &[("m", &many), ("f", &few), ("s", &shares)]);
    for sql in [
        "SELECT m.place FROM m LEFT JOIN f ON m.part = f.part AND m.word > f.title",
        "SELECT m.place FROM m FULL JOIN f ON m.part = f.part",
        "SELECT m.place FROM m JOIN f ON m.part IS NOT DISTINCT FROM f.part",
        "SELECT m.place FROM m WHERE m.part IN (SELECT part FROM f)",
        "SELECT m.place FROM m JOIN f ON m.part = f.part LIMIT 2",
        "SELECT a.share FROM s a JOIN s b ON a.share = b.share",
    ] {
        let (plan, _) = asked(&context, sql).await;
        let plan = shown(&plan);
        assert!(plan.contains("HashJoinExec"), "{plan}");
        assert!(!plan.contains("LookupJoinExec"), "{plan}");
    }
}

/// Numbers that follow no pattern.
fn drawn(count: usize, mut seed: u64) -> Vec<u64> {
    let mut next = || {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        seed >> 33
    };
    (0..count).map(|_| next()).collect()
}

/// Keys of several types, each unknown now and then, and lists.
fn random_table(keys: &[u64]) -> Vec<(&'static str, ArrayRef)> {
    let known = |every: u64| {
        keys.iter()
            .map(move |key| (key % every > 0).then_some(*key))
    };
    let lists = known(5).map(|key| key.map(|key| vec![Some(key as i32); (key % 4) as usize]));
    let texts = known(13).map(|key| key.map(|key| format!("{key}/some-name")));
    let numbers: Int32Array = known(11).map(|key| key.map(|key| key as i32)).collect();
    let days: Date32Array = known(17).map(|key| key.map(|key| key as i32 / 2)).collect();
    let signs: BooleanArray = known(19).map(|key| key.map(|key| key % 2 > 0)).collect();
    vec![
        ("number", Arc::new(numbers)),
        ("text", Arc::new(texts.collect::<StringArray>())),
        ("day", Arc::new(days)),
        ("sign", Arc::new(signs)),
        (
            "list",
            Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(lists)),
        ),
    ]
}

#[tokio::test]
async fn thousands_of_rows_as_datafusion_joins_them() {
    // Each number once, in no order.
    let held = RecordBatch::try_from_iter(random_table(&Vec::from_iter(0..700))).unwrap();
    let mut order: Vec<u64> = (0..700).collect();
    let weights = drawn(700, 5);
    order.sort_by_key(|row| weights[*row as usize]);
    let held = take_record_batch(&held, &UInt64Array::from(order)).unwrap();
    let batches = vec![vec![held.slice(0, 300), held.slice(300, 400)]];
    let few = Arc::new(MemTable::try_new(held.schema(), batches).unwrap());
    let keys: Vec<u64> = drawn(5_000, 7).iter().map(|key| key % 1_000).collect();
    let sizes = drawn(60, 9);
    let sizes: Vec<usize> = sizes.iter().map(|size| (size % 130) as usize).collect();
    let many = Arc::new(table(random_table(&keys), &sizes));
    let tables = [("m", &many), ("f", &few)];
    let (ours, theirs) = (context(true, &tables), context(false, &tables));
    for (on, is_one) in [
        ("m.number = f.number", true),
        ("m.text = f.text", true),
        ("m.day = f.day AND m.sign = f.sign", true),
        (
            "m.sign = f.sign AND m.text = f.text AND m.number = f.number",
            true,
        ),
        ("m.day = f.day", false),
    ] {
        for kind in ["JOIN", "LEFT JOIN"] {
            let sql = format!(
                "SELECT m.number, m.text, m.list, f.number AS other, f.list AS found, f.day, f.sign \
                 FROM m {kind} f ON {on}"
            );
            let (plan, batches) = asked(&ours, &sql).await;
            assert!(shown(&plan).contains("LookupJoinExec"), "{sql}");
            assert_eq!(looked_up(&plan), is_one, "{sql}");
            let mut mine = rows(&batches);
            let (plan, batches) = asked(&theirs, &sql).await;
            assert!(shown(&plan).contains("HashJoinExec"), "{sql}");
            let mut other = rows(&batches);
            assert!(other.len() > 1_000);
            mine.sort();
            other.sort();
            assert!(mine == other, "{sql}");
        }
    }
}

#[tokio::test]
async fn a_scan_leaves_out_what_has_none_of_the_keys() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.parquet");
    let places: Vec<_> = (0..1_000).map(Some).collect();
    let columns = vec![("part", numbers(&places)), ("place", numbers(&places))];
    let whole = RecordBatch::try_from_iter(columns).unwrap();
    let groups = WriterProperties::builder().set_max_row_group_row_count(Some(100));
    let file = std::fs::File::create(&path).unwrap();
    let mut writer = ArrowWriter::try_new(file, whole.schema(), Some(groups.build())).unwrap();
    writer.write(&whole).unwrap();
    writer.close().unwrap();

    // Of the scan at the bottom, where what streams past comes from.
    let read = |plan: &Arc<dyn ExecutionPlan>| {
        let mut scan = plan;
        while let Some(last) = scan.children().last() {
            scan = last;
        }
        scan.metrics().unwrap().output_rows().unwrap()
    };
    let keys = |keys: &[i64]| {
        let rows = keys.iter().map(|key| (Some(*key), "", "title"));
        few(&rows.collect::<Vec<_>>())
    };
    let range: Vec<i64> = (0..30).map(|at| 310 + at * 6).collect();
    for (few, is_one, matched, all) in [
        (keys(&[150, 820]), true, 2, 1_000),
        (keys(&range), true, 30, 1_000),
        (keys(&[150, 820, 150]), false, 3, 1_001),
    ] {
        let few = Arc::new(few);
        let context = context(true, &[("f", &few)]);
        let path = path.to_str().unwrap();
        let options = ParquetReadOptions::default();
        context.register_parquet("m", path, options).await.unwrap();
        for (sql, rows, read_of) in [(MATCHED, matched, 200), (ALL, all, 1_000)] {
            let sql = sql.replace("m.word, ", "");
            let (plan, batches) = asked(&context, &sql).await;
            let text = shown(&plan);
            assert!(text.contains("LookupJoinExec"), "{text}");
            assert_eq!(looked_up(&plan), is_one, "{text}");
            let joined: usize = batches.iter().map(RecordBatch::num_rows).sum();
            assert_eq!(joined, rows, "{text}");
            assert_eq!(read(&plan), read_of, "{text}");
        }
    }
}

/// The build side has each row once, and keys that repeat, of all types.
#[tokio::test]
async fn random_rows_in_batches_of_all_sizes() {
    let mut draw = Draw::new(4);
    for (build, probe) in [(0, 9), (1, 5), (20, 90), (40, 400)] {
        let (build, probe) = (random(&mut draw, build), random(&mut draw, probe));
        for size in SIZES {
            let other = SIZES[draw.below(SIZES.len())];
            let (b, p) = (
                ordered(&build, &[], size),
                ordered(&probe, &["number"], other),
            );
            for (on, is_unique) in [
                ("p.whole = b.row", true),
                ("p.number = b.row", true),
                ("p.number = b.row AND p.few = b.few", true),
                // Keys that repeat are left to the other join.
                ("p.text = b.text", false),
                ("p.number = b.number AND p.few = b.few", false),
            ] {
                for kind in ["JOIN", "LEFT JOIN"] {
                    let sql = format!(
                        "SELECT p.row, b.row AS other, p.list, b.text, b.fraction FROM p {kind} b ON {on}"
                    );
                    let tables = [("b", &b), ("p", &p)];
                    same("LookupJoinExec", size, &tables, &sql).await;
                    // Rows of the probe side stay in order.
                    if !is_unique {
                        continue;
                    }
                    let rows = both(size, &tables, &sql).await.rows;
                    let rows = rows.iter().map(|row| row.split(" | ").next());
                    let rows: Vec<i64> = rows.map(|row| row.unwrap().parse().unwrap()).collect();
                    assert!(rows.is_sorted(), "{sql}");
                }
            }
        }
    }
}

/// Zeros of both signs are equal, and keys of fractions are left as they are.
#[tokio::test]
async fn fractions_are_no_lookup() {
    let mut draw = Draw::new(5);
    let (build, probe) = (random(&mut draw, 9), random(&mut draw, 90));
    let (b, p) = (ordered(&build, &[], 64), ordered(&probe, &[], 64));
    let sql = "SELECT p.row, b.row AS other FROM p JOIN b ON p.fraction = b.fraction";
    let found = both(64, &[("b", &b), ("p", &p)], sql).await;
    assert!(!found.plan.contains("LookupJoinExec"), "{}", found.plan);
    assert_eq!(found.rows.len(), found.expected.len());
}
