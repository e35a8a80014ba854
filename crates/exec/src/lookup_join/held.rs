//! The rows that are held, found by their keys.

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
pub(super) const FEW: usize = 65_536;

/// Of more keys than these no more is said than what they lie between: of more,
/// a scan makes nothing either.
const LISTED: usize = 20;

/// See the module.
pub(super) struct Held {
    rows: RecordBatch,
    keys: Vec<ArrayRef>,
    /// By the hash of its key, each row that has one.
    places: HashMap<u64, u32, RandomState>,
}

impl Held {
    /// Nothing, if the rows are many or two of them may have one key.
    #[expect(clippy::cast_possible_truncation, reason = "the rows are few")]
    pub(super) fn of(
        schema: &SchemaRef,
        batches: &[RecordBatch],
        keys: &[Arc<dyn PhysicalExpr>],
    ) -> Result<Option<Self>> {
        if batches.iter().map(RecordBatch::num_rows).sum::<usize>() > FEW {
            return Ok(None);
        }
        let rows = concat_batches(schema, batches)?;
        let keys = evaluate_expressions_to_arrays(keys, &rows)?;
        let unknown = keys.iter().fold(None, |unknown, key| {
            NullBuffer::union(unknown.as_ref(), key.nulls())
        });
        let mut places = HashMap::default();
        for (row, hash) in hashes(&keys, rows.num_rows())?.into_iter().enumerate() {
            let is_known = unknown.as_ref().is_none_or(|nulls| nulls.is_valid(row));
            if is_known && places.insert(hash, row as u32).is_some() {
                return Ok(None);
            }
        }
        Ok(Some(Self { rows, keys, places }))
    }

    /// Whether there is nothing to be found.
    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The place of the row that has each of some keys, if one has.
    pub(super) fn find(&self, sought: &[ArrayRef], rows: usize) -> Result<UInt32Array> {
        let hashes = hashes(sought, rows)?;
        let places = hashes.iter().map(|hash| self.places.get(hash).copied());
        let places: UInt32Array = places.collect();
        if places.null_count() == rows {
            return Ok(places);
        }
        // Other keys may have the same hash.
        let mut found = BooleanBuffer::new_set(rows);
        for (key, sought) in self.keys.iter().zip(sought) {
            found = &found & &is_true(&eq(&take(key, &places, None)?, sought)?);
        }
        let missed = NullBuffer::new(found);
        let missed = Some(missed).filter(|missed| missed.null_count() > 0);
        Ok(UInt32Array::try_new(places.values().clone(), missed)?)
    }

    /// The values of a column at some places.
    pub(super) fn at(&self, column: usize, places: &ArrayRef) -> Result<ArrayRef> {
        let values = self.rows.column(column);
        if places.null_count() == places.len() {
            return Ok(new_null_array(values.data_type(), places.len()));
        }
        Ok(take(values, places, None)?)
    }

    /// What is true of all rows for which one is found here, and of few others,
    /// said of what they are `sought` by. There must be a row to be found.
    pub(super) fn finds(
        &self,
        sought: &[Arc<dyn PhysicalExpr>],
        schema: &Schema,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        let each = self.keys.iter().zip(sought);
        let each = each.map(|(key, sought)| among(sought, key, schema));
        Ok(conjunction(each.collect::<Result<Vec<_>>>()?))
    }
}

fn among(
    sought: &Arc<dyn PhysicalExpr>,
    key: &ArrayRef,
    schema: &Schema,
) -> Result<Arc<dyn PhysicalExpr>> {
    if key.len() <= LISTED {
        let known = (0..key.len()).filter(|row| key.is_valid(*row));
        let known = known.map(|row| Ok(lit(ScalarValue::try_from_array(key, row)?)));
        return in_list(
            Arc::clone(sought),
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
        Arc::new(BinaryExpr::new(Arc::clone(sought), operator, lit(value))) as Arc<dyn PhysicalExpr>
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
        let held = Held::of(&rows.schema(), &[rows], &key).unwrap();
        let mut held = held.unwrap();
        let sought: ArrayRef = Arc::new(Int64Array::from(vec![Some(7), Some(6), None, Some(5)]));
        let found = UInt32Array::from(vec![None, Some(1), None, Some(0)]);
        assert_eq!(held.find(&[Arc::clone(&sought)], 4).unwrap(), found);
        // As if 7 and what is not known had the hashes of 5 and 6.
        let same = hashes(&[Arc::clone(&sought)], 4).unwrap();
        held.places.extend([(same[0], 0), (same[2], 1)]);
        assert_eq!(held.find(&[sought], 4).unwrap(), found);
    }
}
