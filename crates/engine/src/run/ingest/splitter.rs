//! Which of the rows stay, and which are set aside.

use std::collections::BTreeMap;

use arrow::array::{Array as _, AsArray as _, BooleanArray, Int64Array, RecordBatch};
use arrow::compute::{concat_batches, filter_record_batch, is_null, not};
use arrow::datatypes::Int64Type;
use datafusion::common::DataFusionError;
use hubcensus_exec::repeats;
use hubcensus_spec::{Contract, RejectRule};

use crate::audit::violation::json_rows;
use crate::run::rejects::{RejectLog, Rejected, RowPlace};

/// The reason of a row whose key the file had already.
pub(super) const DUPLICATE: &str = "duplicate_key";

/// Parts the good rows from those that are set aside, duplicates of the key
/// among them. Sees the rows in the order of the key.
pub(super) struct Splitter {
    key: Vec<String>,
    details: BTreeMap<String, String>,
    last: Option<RecordBatch>,
    rejects: RejectLog,
}

impl Splitter {
    pub(super) fn new<'r>(
        contract: &Contract,
        rules: impl Iterator<Item = &'r RejectRule>,
        rejects: RejectLog,
    ) -> Self {
        let mut details: BTreeMap<String, String> = rules
            .map(|rule| {
                let said = rule.description.as_ref().unwrap_or(&rule.condition.text);
                (rule.reason.value.clone(), said.trim().to_owned())
            })
            .collect();
        details.insert(
            DUPLICATE.to_owned(),
            "an earlier row of the snapshot has this key; the first one stays".to_owned(),
        );
        Self {
            key: contract
                .key
                .iter()
                .map(|column| column.value.clone())
                .collect(),
            details,
            last: None,
            rejects,
        }
    }

    /// The rows that stay, without the columns that tell.
    pub(super) fn good(&mut self, batch: &RecordBatch) -> Result<RecordBatch, DataFusionError> {
        let width = batch.num_columns() - 2;
        let reasons = batch.column(width + 1);
        let mut kept = batch.clone();
        if reasons.null_count() < batch.num_rows() {
            let fits = is_null(reasons)?;
            self.set_aside(&filter_record_batch(batch, &not(&fits)?)?, None)?;
            kept = filter_record_batch(batch, &fits)?;
        }
        let first = self.first_of_key(&kept)?;
        if first.true_count() < kept.num_rows() {
            self.set_aside(&filter_record_batch(&kept, &not(&first)?)?, Some(DUPLICATE))?;
            kept = filter_record_batch(&kept, &first)?;
        }
        let columns: Vec<usize> = (0..width).collect();
        Ok(kept.project(&columns)?)
    }

    fn first_of_key(&mut self, batch: &RecordBatch) -> Result<BooleanArray, DataFusionError> {
        if batch.num_rows() == 0 {
            return Ok(BooleanArray::from(Vec::<bool>::new()));
        }
        let indices = self
            .key
            .iter()
            .map(|name| batch.schema().index_of(name))
            .collect::<Result<Vec<_>, _>>()?;
        let keys = batch.project(&indices)?;
        let first = match &self.last {
            Some(last) => {
                let joined = concat_batches(&keys.schema(), [last, &keys])?;
                not(&repeats(&joined)?)?
            }
            None => {
                let repeats = repeats(&keys)?;
                std::iter::once(Some(true))
                    .chain(repeats.iter().map(|same| same.map(|same| !same)))
                    .collect()
            }
        };
        self.last = Some(keys.slice(keys.num_rows() - 1, 1));
        Ok(first)
    }

    fn set_aside(
        &mut self,
        rows: &RecordBatch,
        reason: Option<&str>,
    ) -> Result<(), DataFusionError> {
        let width = rows.num_columns() - 2;
        let content = json_rows(&rows.project(&(0..width).collect::<Vec<_>>())?);
        let places: &Int64Array = rows.column(width).as_primitive::<Int64Type>();
        let reasons = rows.column(width + 1).as_string::<i32>();
        for (row, content) in content.into_iter().enumerate() {
            let reason = match reason {
                Some(reason) => reason,
                None => reasons.value(row),
            };
            self.rejects.add(Rejected {
                row: RowPlace::of(places.value(row)),
                reason: reason.to_owned(),
                detail: self.details.get(reason).cloned().unwrap_or_default(),
                content,
            });
        }
        Ok(())
    }
}
