//! The build side: its rows, looked up by their keys.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, BooleanArray, RecordBatch, UInt32Array, new_null_array};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::compute::kernels::cmp::eq;
use arrow::compute::{concat_batches, take};
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::hash_utils::{QualityRandomState, RandomState, create_hashes};
use datafusion::common::{Result, ScalarValue};
use datafusion::functions_aggregate::min_max::{MaxAccumulator, MinAccumulator};
use datafusion::logical_expr::{Accumulator as _, Operator};
use datafusion::physical_expr::expressions::{BinaryExpr, in_list, lit};
use datafusion::physical_expr::{PhysicalExpr, conjunction};
use datafusion::physical_expr_common::utils::evaluate_expressions_to_arrays;

/// More rows than these are left to DataFusion.
pub(super) const MAX_ROWS: usize = 65_536;

/// Up to so many keys are listed in a filter; of more, it says only what they lie
/// between. A scan does not prune by longer lists.
const MAX_LISTED: usize = 20;

/// Rows each of which has a key of its own.
pub(super) struct BuildSide {
    rows: RecordBatch,
    keys: Vec<ArrayRef>,
    /// The row of each key, by the key's hash.
    index: HashMap<u64, u32, RandomState>,
}

impl BuildSide {
    /// Nothing, if the rows are too many or two of them may have one key.
    #[expect(clippy::cast_possible_truncation, reason = "the rows are few")]
    pub(super) fn new(
        schema: &SchemaRef,
        batches: &[RecordBatch],
        keys: &[Arc<dyn PhysicalExpr>],
    ) -> Result<Option<Self>> {
        if batches.iter().map(RecordBatch::num_rows).sum::<usize>() > MAX_ROWS {
            return Ok(None);
        }
        let rows = concat_batches(schema, batches)?;
        let keys = evaluate_expressions_to_arrays(keys, &rows)?;
        let nulls = keys.iter().fold(None, |nulls: Option<NullBuffer>, key| {
            NullBuffer::union(nulls.as_ref(), key.nulls())
        });
        let mut index = HashMap::default();
        for (row, hash) in hashes(&keys, rows.num_rows())?.into_iter().enumerate() {
            let is_known = nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
            if is_known && index.insert(hash, row as u32).is_some() {
                return Ok(None);
            }
        }
        Ok(Some(Self { rows, keys, index }))
    }

    /// About how many bytes it takes.
    pub(super) fn memory_size(&self) -> usize {
        let entries = self.index.capacity() * size_of::<(u64, u32)>();
        self.rows.get_array_memory_size() + entries
    }

    /// Whether no row has a key.
    pub(super) fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// The row that has each of some keys, if one has.
    pub(super) fn find(&self, probe_keys: &[ArrayRef], rows: usize) -> Result<UInt32Array> {
        let hashes = hashes(probe_keys, rows)?;
        let found = hashes.iter().map(|hash| self.index.get(hash).copied());
        let found: UInt32Array = found.collect();
        if found.null_count() == rows {
            return Ok(found);
        }
        // Other keys may have the same hash.
        let mut equal = BooleanBuffer::new_set(rows);
        for (key, probe_key) in self.keys.iter().zip(probe_keys) {
            equal = &equal & &is_true(&eq(&take(key, &found, None)?, probe_key)?);
        }
        let nulls = NullBuffer::new(equal);
        let nulls = Some(nulls).filter(|nulls| nulls.null_count() > 0);
        Ok(UInt32Array::try_new(found.values().clone(), nulls)?)
    }

    /// A column's values in some rows.
    pub(super) fn take(&self, column: usize, rows: &ArrayRef) -> Result<ArrayRef> {
        let values = self.rows.column(column);
        if rows.null_count() == rows.len() {
            return Ok(new_null_array(values.data_type(), rows.len()));
        }
        Ok(take(values, rows, None)?)
    }

    /// A filter that all rows of the probe side with a match pass, and few others.
    /// There must be a row with a key.
    pub(super) fn key_filter(
        &self,
        probe_keys: &[Arc<dyn PhysicalExpr>],
        schema: &Schema,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        let each = self.keys.iter().zip(probe_keys);
        let each = each.map(|(key, probe_key)| key_range(probe_key, key, schema));
        Ok(conjunction(each.collect::<Result<Vec<_>>>()?))
    }
}

fn key_range(
    probe_key: &Arc<dyn PhysicalExpr>,
    key: &ArrayRef,
    schema: &Schema,
) -> Result<Arc<dyn PhysicalExpr>> {
    if key.len() <= MAX_LISTED {
        let known = (0..key.len()).filter(|row| key.is_valid(*row));
        let known = known.map(|row| Ok(lit(ScalarValue::try_from_array(key, row)?)));
        return in_list(
            Arc::clone(probe_key),
            known.collect::<Result<_>>()?,
            &false,
            schema,
        );
    }
    let mut least = MinAccumulator::try_new(key.data_type())?;
    let mut most = MaxAccumulator::try_new(key.data_type())?;
    least.update_batch(std::slice::from_ref(key))?;
    most.update_batch(std::slice::from_ref(key))?;
    let bound = |operator, value| {
        Arc::new(BinaryExpr::new(Arc::clone(probe_key), operator, lit(value)))
            as Arc<dyn PhysicalExpr>
    };
    Ok(conjunction([
        bound(Operator::GtEq, least.evaluate()?),
        bound(Operator::LtEq, most.evaluate()?),
    ]))
}

fn hashes(keys: &[ArrayRef], rows: usize) -> Result<Vec<u64>> {
    let mut hashes = vec![0; rows];
    create_hashes(keys, &QualityRandomState::with_seed(0), &mut hashes)?;
    Ok(hashes)
}

/// Where a value is known and true.
fn is_true(values: &BooleanArray) -> BooleanBuffer {
    match values.nulls() {
        Some(nulls) => values.values() & nulls.inner(),
        None => values.values().clone(),
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::Int64Array;
    use datafusion::physical_expr::expressions::col;

    use super::*;

    #[test]
    fn another_key_of_the_same_hash_is_not_found() {
        let ids: ArrayRef = Arc::new(Int64Array::from(vec![Some(5), Some(6), None]));
        let rows = RecordBatch::try_from_iter([("id", ids)]).unwrap();
        let key = [col("id", &rows.schema()).unwrap()];
        let build = BuildSide::new(&rows.schema(), &[rows], &key).unwrap();
        let mut build = build.unwrap();
        let probe: ArrayRef = Arc::new(Int64Array::from(vec![Some(7), Some(6), None, Some(5)]));
        let found = UInt32Array::from(vec![None, Some(1), None, Some(0)]);
        assert_eq!(build.find(&[Arc::clone(&probe)], 4).unwrap(), found);
        // As if 7 and what is not known had the hashes of 5 and 6.
        let same = hashes(&[Arc::clone(&probe)], 4).unwrap();
        build.index.extend([(same[0], 0), (same[2], 1)]);
        assert_eq!(build.find(&[probe], 4).unwrap(), found);
    }
}
