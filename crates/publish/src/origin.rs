//! Which sources the rows of a partition come from, and what its snapshot covers.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::{Date32Type, Int64Type};
use hubcensus_lake::{Lake, Manifest};
use hubcensus_spec::{PartitionId, SnapshotDate, TableName};
use object_store::ObjectStoreExt as _;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::error::{Error, Result};
use crate::record::Coverage;

/// The sources of partitions, followed through the inputs that manifests name.
pub(crate) struct Origins<'a> {
    manifests: &'a BTreeMap<PartitionId, Manifest>,
    known: BTreeMap<PartitionId, BTreeSet<String>>,
}

impl<'a> Origins<'a> {
    pub(crate) fn new(manifests: &'a BTreeMap<PartitionId, Manifest>) -> Self {
        Self {
            manifests,
            known: BTreeMap::new(),
        }
    }

    /// The names of the sources that went into a partition. Where the lake does not have what it was
    /// made from, the one that its manifest names.
    pub(crate) fn of(&mut self, id: &PartitionId) -> BTreeSet<String> {
        if let Some(known) = self.known.get(id) {
            return known.clone();
        }
        // What is asked for again on the way there is no source by itself.
        self.known.insert(id.clone(), BTreeSet::new());
        let Some(manifest) = self.manifests.get(id) else {
            return BTreeSet::new();
        };
        let facts = &manifest.facts;
        let mut sources: BTreeSet<String> = facts.source.iter().map(|s| s.name.clone()).collect();
        for input in facts.inputs.keys() {
            let (table, date) = match input.split_once('@') {
                Some((table, date)) => (table, date.parse().ok()),
                None => (input.as_str(), Some(id.date)),
            };
            if let (Ok(table), Some(date)) = (table.parse::<TableName>(), date) {
                sources.extend(self.of(&PartitionId::new(table, date)));
            }
        }
        if sources.is_empty() {
            sources.extend(
                facts
                    .coverage
                    .iter()
                    .map(|coverage| coverage.source.clone()),
            );
        }
        self.known.insert(id.clone(), sources.clone());
        sources
    }
}

/// What a table of the lake tells of its snapshot, a row for each kind.
pub(crate) async fn told(lake: &Lake, manifest: Option<&Manifest>) -> Result<Vec<Coverage>> {
    let Some(file) = manifest.and_then(Manifest::file) else {
        return Ok(Vec::new());
    };
    let path = lake.locate(&file.file);
    let found = lake.store().get(&path).await;
    let bytes = found.map_err(Error::store("read", &path))?.bytes().await;
    let bytes = bytes.map_err(Error::store("read", &path))?;
    let unread = Error::parquet("read", &file.file);
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).and_then(|reader| reader.build());
    let mut covers = Vec::new();
    for batch in reader.map_err(&unread)? {
        let batch = batch.map_err(|error| unread(error.into()))?;
        covers.extend((0..batch.num_rows()).filter_map(|row| coverage(&batch, row)));
    }
    covers.sort();
    Ok(covers)
}

fn coverage(batch: &RecordBatch, row: usize) -> Option<Coverage> {
    let text = |name: &str| {
        let values = batch.column_by_name(name)?.as_string_opt::<i32>()?;
        values.is_valid(row).then(|| values.value(row).to_owned())
    };
    let date = || {
        let values = batch.column_by_name("counters_date")?;
        let values = values.as_primitive_opt::<Date32Type>()?;
        let days = values.is_valid(row).then(|| values.value(row))?;
        SnapshotDate::from_days_since_epoch(days)
    };
    let rows = || {
        let values = batch
            .column_by_name("rows")?
            .as_primitive_opt::<Int64Type>()?;
        u64::try_from(values.is_valid(row).then(|| values.value(row))?).ok()
    };
    Some(Coverage {
        kind: text("kind"),
        source: text("source")?,
        coverage: text("coverage")?,
        part: text("part"),
        counters_date: date(),
        rows: rows(),
    })
}

/// What the manifests of a snapshot say that it covers.
pub(crate) fn declared(
    manifests: &BTreeMap<PartitionId, Manifest>,
    date: SnapshotDate,
) -> Vec<Coverage> {
    let of_date = manifests
        .values()
        .filter(|manifest| manifest.id.date == date);
    let covers = of_date.filter_map(|manifest| manifest.facts.coverage.as_ref());
    let covers: BTreeSet<Coverage> = covers
        .map(|facts| Coverage {
            kind: None,
            source: facts.source.clone(),
            coverage: facts.kind.clone(),
            part: facts.part.clone(),
            counters_date: None,
            rows: None,
        })
        .collect();
    covers.into_iter().collect()
}
