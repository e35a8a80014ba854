//! The description in the Croissant format, version 1.0.

use serde_json::{Value, json};

use crate::error::Result;
use crate::licence;
use crate::record::{self, Column, Publication, Table};

pub(crate) const CROISSANT: &str = "croissant.json";

pub(super) fn croissant(record: &Publication) -> Result<Vec<u8>> {
    let mut distribution = Vec::new();
    for (config, table) in &record.tables {
        for file in table.files.values() {
            distribution.push(json!({
                "@type": "cr:FileObject",
                "@id": file.path,
                "name": file.path,
                "contentUrl": file.path,
                "contentSize": format!("{} B", file.bytes),
                "encodingFormat": "application/x-parquet",
                "sha256": file.sha256,
            }));
        }
        let files: Vec<Value> = table
            .files
            .values()
            .map(|file| json!({"@id": file.path}))
            .collect();
        distribution.push(json!({
            "@type": "cr:FileSet",
            "@id": set(config),
            "name": set(config),
            "containedIn": files,
            "encodingFormat": "application/x-parquet",
            "includes": format!("{}/*/*.parquet", table.folder()),
        }));
    }
    let records: Vec<Value> = record
        .tables
        .iter()
        .map(|(config, table)| records(config, table))
        .collect();
    let mut licenses: Vec<&str> = record
        .sources
        .values()
        .filter_map(|s| s.license.as_deref())
        .collect();
    licenses.sort_unstable();
    licenses.dedup();
    if record.files().all(|file| file.generated.is_some()) {
        licenses.clear();
    }
    let licenses: Vec<&str> = licenses
        .iter()
        .map(|l| licence::url(l).unwrap_or(l))
        .collect();
    let mut document = json!({
        "@context": context(),
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": record.title,
        "description": description(record),
        "distribution": distribution,
        "recordSet": records,
    });
    if let Some(document) = document.as_object_mut() {
        if !licenses.is_empty() {
            document.insert("license".to_owned(), json!(licenses));
        }
        if let Some(newest) = record.newest() {
            document.insert("version".to_owned(), json!(version(newest)));
            document.insert("datePublished".to_owned(), json!(newest.to_string()));
        }
    }
    record::json(CROISSANT, &document)
}

/// The newest snapshot as a semantic version.
fn version(date: hubcensus_spec::SnapshotDate) -> String {
    let date = date.to_string();
    let parts: Vec<&str> = date
        .split('-')
        .map(|part| part.trim_start_matches('0'))
        .collect();
    parts.join(".")
}

fn description(record: &Publication) -> String {
    match record.generated() {
        Some(generated) => format!("{} {generated}", record.about),
        None => record.about.clone(),
    }
}

fn set(config: &str) -> String {
    format!("{config}/files")
}

fn records(config: &str, table: &Table) -> Value {
    let fields: Vec<Value> = table
        .columns
        .iter()
        .map(|column| field(config, column))
        .collect();
    let key: Vec<Value> = table
        .key
        .iter()
        .map(String::as_str)
        .chain(["observed_date"])
        .map(|key| json!({"@id": format!("{config}/{key}")}))
        .collect();
    json!({
        "@type": "cr:RecordSet",
        "@id": config,
        "name": config,
        "description": table.description,
        "key": key,
        "field": fields,
    })
}

fn field(config: &str, column: &Column) -> Value {
    let (data_type, repeated) = match column.type_name.as_str() {
        "int64" => ("cr:Int64", false),
        "float64" => ("cr:Float64", false),
        "boolean" => ("sc:Boolean", false),
        "date32" => ("sc:Date", false),
        "timestamp" => ("sc:DateTime", false),
        "list<utf8>" => ("sc:Text", true),
        _ => ("sc:Text", false),
    };
    let mut field = json!({
        "@type": "cr:Field",
        "@id": format!("{config}/{}", column.name),
        "name": format!("{config}/{}", column.name),
        "description": column.description,
        "dataType": data_type,
        "source": {"fileSet": {"@id": set(config)}, "extract": {"column": column.name}},
    });
    if let (true, Some(field)) = (repeated, field.as_object_mut()) {
        field.insert("repeated".to_owned(), json!(true));
    }
    field
}

/// As the specification gives it.
fn context() -> Value {
    json!({
        "@language": "en",
        "@vocab": "https://schema.org/",
        "citeAs": "cr:citeAs",
        "column": "cr:column",
        "conformsTo": "dct:conformsTo",
        "cr": "http://mlcommons.org/croissant/",
        "rai": "http://mlcommons.org/croissant/RAI/",
        "data": {"@id": "cr:data", "@type": "@json"},
        "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
        "dct": "http://purl.org/dc/terms/",
        "examples": {"@id": "cr:examples", "@type": "@json"},
        "extract": "cr:extract",
        "field": "cr:field",
        "fileProperty": "cr:fileProperty",
        "fileObject": "cr:fileObject",
        "fileSet": "cr:fileSet",
        "format": "cr:format",
        "includes": "cr:includes",
        "isLiveDataset": "cr:isLiveDataset",
        "jsonPath": "cr:jsonPath",
        "key": "cr:key",
        "md5": "cr:md5",
        "parentField": "cr:parentField",
        "path": "cr:path",
        "recordSet": "cr:recordSet",
        "references": "cr:references",
        "regex": "cr:regex",
        "repeated": "cr:repeated",
        "replace": "cr:replace",
        "sc": "https://schema.org/",
        "separator": "cr:separator",
        "source": "cr:source",
        "subField": "cr:subField",
        "transform": "cr:transform",
    })
}
