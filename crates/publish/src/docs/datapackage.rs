//! The description as a Frictionless data package, version 2.

use serde_json::{Value, json};

use crate::error::Result;
use crate::licence;
use crate::record::{self, Column, File, Publication, Table};

pub(crate) const DATAPACKAGE: &str = "datapackage.json";

pub(super) fn datapackage(record: &Publication) -> Result<Vec<u8>> {
    let resources: Vec<Value> = record
        .tables
        .iter()
        .filter_map(|(config, table)| resource(config, table))
        .collect();
    let sources: Vec<Value> = record
        .sources
        .iter()
        .map(|(name, source)| json!({"title": name, "description": source.description}))
        .collect();
    let real = record.files().any(|file| file.generated.is_none());
    let mut licenses: Vec<&str> = record
        .sources
        .values()
        .filter_map(|source| source.license.as_deref())
        .collect();
    licenses.sort_unstable();
    licenses.dedup();
    let licenses: Vec<Value> = licenses
        .into_iter()
        .map(|license| match licence::url(license) {
            Some(url) => json!({"name": license, "path": url}),
            None => json!({"name": license}),
        })
        .collect();
    let mut document = json!({
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": "hubcensus",
        "title": record.title,
        "description": record.about,
        "sources": sources,
        "resources": resources,
    });
    if let Some(document) = document.as_object_mut() {
        if real && !licenses.is_empty() {
            document.insert("licenses".to_owned(), json!(licenses));
        }
        if let Some(generated) = record.generated() {
            document.insert("generated".to_owned(), json!(generated));
        }
        if let Some(newest) = record.newest() {
            document.insert("version".to_owned(), json!(newest.to_string()));
        }
    }
    record::json(DATAPACKAGE, &document)
}

/// The newest file of a table; `parts` has those of all dates.
fn resource(config: &str, table: &Table) -> Option<Value> {
    let (_, newest) = table.latest()?;
    let part = |(date, file): (&hubcensus_spec::SnapshotDate, &File)| {
        json!({
            "snapshot_date": date.to_string(),
            "path": file.path,
            "bytes": file.bytes,
            "hash": format!("sha256:{}", file.sha256),
            "rows": file.rows,
        })
    };
    let parts: Vec<Value> = table.files.iter().map(part).collect();
    let fields: Vec<Value> = table.columns.iter().map(field).collect();
    Some(json!({
        "name": config,
        "description": table.description,
        "path": newest.path,
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
        "bytes": newest.bytes,
        "hash": format!("sha256:{}", newest.sha256),
        "schema": {
            "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
            "fields": fields,
            "primaryKey": table.key,
        },
        "parts": parts,
    }))
}

fn field(column: &Column) -> Value {
    let data_type = match column.type_name.as_str() {
        "int64" => "integer",
        "float64" => "number",
        "boolean" => "boolean",
        "date32" => "date",
        "timestamp" => "datetime",
        "list<utf8>" => "array",
        _ => "string",
    };
    json!({
        "name": column.name,
        "type": data_type,
        "description": column.description,
        "constraints": {"required": !column.nullable},
    })
}
