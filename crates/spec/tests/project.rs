//! What is read from files in which nothing is wrong.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use hubcensus_spec::{
    Cell, ColumnRule, ColumnType, Format, History, Number, PathStep, Project, RawType, RejectLimit,
    Scalar, Severity, SourceFile, Span, TableName, parse, render,
};

const COUNTRIES: &str = "\
stage: reference
tables:
  - name: countries
    description: Countries by ISO code.
    file: data/reference/countries.csv
    key: [country]
    columns:
      country: {type: utf8, description: 'ISO 3166-1 alpha-2.', checks: [{matches: '^[A-Z]{2}$'}]}
      eu_from: {type: date32, nullable: true, description: First day in the EU.}
    checks:
      - {name: has_rows, query: \"SELECT 1 WHERE (SELECT count(*) FROM reference.countries) = 0\"}
";

const MODELS: &str = "\
stage: ingest
tables:
  - name: models
    description: One row per model.
    key: [id]
    sort: [id]
    columns:
      id: {type: utf8, description: Id.}
      downloads: {type: int64, nullable: true, description: Downloads.}
    rejects:
      - {reason: missing_id, where: id IS NULL, description: No id.}
    reject_limit: {share: 0.5}
    checks:
      - {name: odd, severity: warn, query: SELECT 1}
sources:
  - name: radar-2
    description: Lines.
    table: models
    coverage: census
    location: 'data/{date}.jsonl.zst'
    format: json
    rows: models
    columns:
      id: {type: utf8}
      parents: {type: list<utf8>, path: 'baseModels.models[].id'}
      sizes: {type: entries, path: safetensors.parameters}
    rejects: [{reason: spam, where: id = 'x'}]
    query: SELECT id, CAST(NULL AS BIGINT) AS downloads FROM source
    tests:
      - name: passes_on
        given: {source: [{id: a, sizes: [BF16=3]}]}
        expect: [{id: a, downloads: null}]
";

const TOTALS: &str = "\
stage: aggregate
section: Counts and growth
jobs:
  - name: by_{dimension}_{unit}
    matrix:
      dimension: [task, country]
      unit: [models, downloads]
    description: The {unit} by {dimension}.
    query: |
      SELECT {dimension}, sum({unit}) AS n
      FROM ingest.models
    key: ['{dimension}']
    sort: ['{dimension}']
    columns:
      '{dimension}': {type: utf8, description: The group.}
      n:
        type: float64
        description: 'How many, in all.'
        checks: [{min: 0}, {max: 1e9, severity: warn}]
    tests:
      - name: sums
        given: {ingest.models: [{id: a, downloads: 2}]}
        expect:
          - '{dimension}': x
            n: 2
  - name: growth
    description: Against the snapshot before.
    query: SELECT $top AS n
    parameters:
      top: {type: int64, value: 50, description: How many.}
      since: {type: timestamp, value: 1970-01-01T00:00:01Z}
      names: {type: list<utf8>, value: [a, b]}
    history:
      ingest.models: previous
      aggregate.growth: {last: 30}
      aggregate.by_task_models: all
      aggregate.by_task_downloads: {days: 30}
      aggregate.by_country_models: {days: [$top, 7]}
      aggregate.by_country_downloads: {days: {at_least: $top}}
    needs: [ingest.models.downloads, [ingest.models.downloads, ingest.models.id], {column: ingest.models.downloads, because: id}]
    skip_if_empty: nobody downloads
    intermediate: true
    key: [n]
    sort: [country, n]
    columns:
      n: {type: int64, description: N.}
      country:
        type: utf8
        description: C.
        checks: [{references: reference.countries.country}, {values: [DE, FR]}]
    tests:
      - name: previous_day
        snapshot_date: 2025-10-01
        given:
          ingest.models:
            - {snapshot_date: 2025-09-30, id: a}
        expect: []
";

fn files() -> Vec<SourceFile> {
    [
        ("pipelines/reference/countries.yaml", COUNTRIES),
        ("pipelines/ingest/models.yaml", MODELS),
        ("pipelines/aggregate/totals.yaml", TOTALS),
    ]
    .map(|(path, text)| SourceFile {
        path: path.into(),
        text: text.into(),
    })
    .to_vec()
}

fn project() -> Project {
    let parsed = parse(files());
    let said = render(&parsed.diagnostics, &parsed.project.files, false);
    assert!(parsed.diagnostics.is_empty(), "{said}");
    parsed.project
}

fn name(text: &str) -> TableName {
    text.parse().unwrap()
}

fn source(project: &Project, span: Span) -> &str {
    &project.files[span.file].text[span.start..span.end]
}

#[test]
fn tables_come_in_the_order_of_the_way_of_the_data() {
    let project = project();
    let names: Vec<String> = project
        .tables()
        .map(|table| table.name().to_string())
        .collect();
    assert_eq!(
        names,
        [
            "reference.countries",
            "ingest.models",
            "aggregate.by_task_models",
            "aggregate.by_task_downloads",
            "aggregate.by_country_models",
            "aggregate.by_country_downloads",
            "aggregate.growth",
        ]
    );
    let table = project.table(&name("ingest.models")).unwrap();
    assert_eq!(table.description(), "One row per model.");
    assert_eq!(table.contract().columns.len(), 2);
    assert_eq!(table.checks()[0].severity, Severity::Warning);
    assert!(project.is_complete(&name("ingest.models")));
    assert!(project.may_have(&name("ingest.models")));
    assert!(!project.may_have(&name("ingest.modes")));
    assert!(project.table(&name("ingest.modes")).is_none());
}

#[test]
fn a_reference_table_is_sorted_by_its_key_unless_it_says_otherwise() {
    let project = project();
    let countries = &project.references[0];
    assert_eq!(countries.file.value, "data/reference/countries.csv");
    assert_eq!(countries.contract.sort, countries.contract.key);
    let eu_from = countries.contract.column("eu_from").unwrap();
    assert!(eu_from.nullable);
    assert_eq!(eu_from.data_type, ColumnType::Date32);
    let country = countries.contract.column("country").unwrap();
    assert_eq!(
        country.checks[0].rule,
        ColumnRule::Matches("^[A-Z]{2}$".into())
    );
    assert_eq!(country.checks[0].severity, Severity::Error);
}

#[test]
fn a_source_says_what_is_read_and_how() {
    let project = project();
    let source = project.source("radar-2").next().unwrap();
    assert_eq!(source.table.value, name("ingest.models"));
    assert_eq!(
        (source.format, source.rows.as_deref()),
        (Format::Json, Some("models"))
    );
    assert_eq!(
        source.location.at("2026-08-22".parse().unwrap()),
        "data/2026-08-22.jsonl.zst"
    );
    let key = |key: &str| PathStep::Key(key.into());
    assert_eq!(source.columns[0].path, [key("id")]);
    assert_eq!(
        source.columns[1].path,
        [key("baseModels"), key("models"), PathStep::Each, key("id")]
    );
    assert_eq!(source.columns[2].data_type, RawType::Entries);
    assert_eq!(source.rejects[0].reason.value, "spam");
    let (table, rows) = &source.tests[0].given[0];
    assert_eq!(table.value, "source");
    assert_eq!(
        rows[0].cells[1].1.value,
        Cell::List(vec![Cell::Text("BF16=3".into())])
    );
    let models = &project.ingest_tables[0];
    assert_eq!(models.rejects[0].condition.text, "id IS NULL");
    assert_eq!(
        models.reject_limit,
        RejectLimit {
            share: Some(0.5),
            ..RejectLimit::default()
        }
    );
}

#[test]
fn a_matrix_is_the_product_of_its_axes() {
    let project = project();
    let job = &project.jobs[1];
    assert_eq!(job.name.value, name("aggregate.by_task_downloads"));
    assert_eq!(job.family.as_deref(), Some("by_{dimension}_{unit}"));
    assert_eq!(job.description, "The downloads by task.");
    assert_eq!(
        job.query.text,
        "SELECT task, sum(downloads) AS n\nFROM ingest.models\n"
    );
    assert_eq!(job.contract.key[0].value, "task");
    assert_eq!(job.contract.columns[0].name.value, "task");
    assert_eq!(job.tests[0].expect[0].cells[0].0.value, "task");
    // The integer written in a float64 column is a float.
    assert_eq!(job.tests[0].expect[0].cells[1].1.value, Cell::Float(2.0));
    assert_eq!(
        job.contract.columns[1].checks[1].rule,
        ColumnRule::Max(Number::Float(1e9))
    );
    assert_eq!(source(&project, job.query.span_at(1, 8, 4)), "{dimension}");
    assert_eq!(source(&project, job.query.span_at(1, 18, 9)), "{unit}");
    assert_eq!(source(&project, job.query.span_at(1, 32, 1)), "n");
    assert_eq!(
        source(&project, job.query.span_at(2, 6, 13)),
        "ingest.models"
    );
}

#[test]
fn a_job_says_what_it_reads_besides() {
    let project = project();
    let job = &project.jobs[4];
    assert_eq!(job.family, None);
    let history: Vec<(String, History)> = job
        .history
        .iter()
        .map(|(table, history)| (table.to_string(), history.clone()))
        .collect();
    assert_eq!(
        history,
        [
            ("ingest.models".to_owned(), History::Previous),
            ("aggregate.growth".to_owned(), History::Last(30)),
            ("aggregate.by_task_models".to_owned(), History::All),
            (
                "aggregate.by_task_downloads".to_owned(),
                History::Days(vec![30])
            ),
            (
                "aggregate.by_country_models".to_owned(),
                History::Days(vec![50, 7])
            ),
            (
                "aggregate.by_country_downloads".to_owned(),
                History::AtLeast(50)
            ),
        ]
    );
    let need = |column: &str| (name("ingest.models"), column.to_owned());
    let needs: Vec<Vec<_>> = job
        .needs
        .iter()
        .map(|need| {
            need.either
                .iter()
                .map(|column| column.value.clone())
                .collect()
        })
        .collect();
    assert_eq!(
        needs,
        [
            vec![need("downloads")],
            vec![need("downloads"), need("id")],
            vec![need("downloads")]
        ]
    );
    let because: Vec<_> = job
        .needs
        .iter()
        .map(|need| need.because.as_ref().map(|column| column.value.clone()))
        .collect();
    assert_eq!(because, [None, None, Some(need("id"))]);
    assert_eq!(job.skip_if_empty.as_deref(), Some("nobody downloads"));
    let said: Vec<_> = project
        .tables()
        .map(|table| (table.section(), table.is_intermediate()))
        .collect();
    assert_eq!(
        said,
        [
            (None, false),
            (None, false),
            (Some("Counts and growth"), false),
            (Some("Counts and growth"), false),
            (Some("Counts and growth"), false),
            (Some("Counts and growth"), false),
            (Some("Counts and growth"), true),
        ]
    );
    let parameters: Vec<&Scalar> = job.parameters.iter().map(|p| &p.value).collect();
    assert_eq!(
        parameters,
        [
            &Scalar::Int64(50),
            &Scalar::Timestamp(1_000_000),
            &Scalar::ListUtf8(vec!["a".into(), "b".into()]),
        ]
    );
    assert_eq!(
        job.contract.columns[1].checks[0].rule,
        ColumnRule::References {
            table: name("reference.countries"),
            column: "country".into()
        }
    );
    assert_eq!(
        job.tests[0].snapshot_date,
        Some("2025-10-01".parse().unwrap())
    );
}

/// Whatever is cut off or left out, it is said, and nothing panics.
#[test]
fn broken_files_are_survived() {
    let files = files();
    for (index, file) in files.iter().enumerate() {
        let cuts = (0..file.text.len())
            .step_by(5)
            .map(|at| file.text[..at].to_owned());
        let holes = (0..file.text.len()).step_by(7).map(|at| {
            let mut text = file.text.clone();
            text.replace_range(at..(at + 3).min(text.len()), "");
            text
        });
        for text in cuts.chain(holes) {
            let mut files = files.clone();
            files[index].text = text;
            let parsed = parse(files);
            render(&parsed.diagnostics, &parsed.project.files, true);
            for job in &parsed.project.jobs {
                job.query.span_all();
                job.query.span_at(2, 3, 4);
            }
        }
    }
}
