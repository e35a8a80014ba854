//! The SQL aggregates that the pipelines have beside DataFusion's.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type};
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::logical_expr::{Accumulator, AggregateUDF, Volatility, create_udaf};

use crate::{Versioned, classifier};

/// Every aggregate, ready to be registered.
pub(crate) fn all() -> Vec<Versioned<AggregateUDF>> {
    let list = DataType::List(Arc::new(Field::new_list_field(DataType::Float64, true)));
    let natural_breaks = create_udaf(
        "natural_breaks",
        vec![DataType::Float64, DataType::Int64],
        Arc::new(list.clone()),
        Volatility::Immutable,
        Arc::new(|_| Ok(Box::new(NaturalBreaks::default()))),
        Arc::new(vec![list, DataType::Int64]),
    );
    vec![
        Versioned {
            function: natural_breaks,
            version: "1",
        },
        Versioned {
            function: classifier::aggregate(),
            version: classifier::VERSION,
        },
    ]
}

/// `natural_breaks(x, k)`: the largest value of each of the `k` clusters that
/// have the least sum of squares within them (one-dimensional k-means, optimal
/// and not iterated: Wang and Song, "Ckmeans.1d.dp", The R Journal 3/2, 2011),
/// ascending. With fewer distinct values than `k`, one cluster for each. Nulls
/// and what is not finite are passed over; null where nothing is left.
#[derive(Debug, Default)]
struct NaturalBreaks {
    values: Vec<f64>,
    clusters: Option<i64>,
}

impl NaturalBreaks {
    fn take_clusters(&mut self, array: &ArrayRef) {
        let clusters = array.as_primitive::<Int64Type>().iter().flatten().next();
        self.clusters = self.clusters.or(clusters);
    }
}

impl Accumulator for NaturalBreaks {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let [values, clusters] = values else {
            return exec_err!("natural_breaks takes two arguments");
        };
        let values = values.as_primitive::<Float64Type>();
        self.values
            .extend(values.iter().flatten().filter(|value| value.is_finite()));
        self.take_clusters(clusters);
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [values, clusters] = states else {
            return exec_err!("natural_breaks has two parts of state");
        };
        for values in values.as_list::<i32>().iter().flatten() {
            self.values
                .extend(values.as_primitive::<Float64Type>().iter().flatten());
        }
        self.take_clusters(clusters);
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let values: Vec<ScalarValue> = self
            .values
            .iter()
            .map(|value| ScalarValue::Float64(Some(*value)))
            .collect();
        Ok(vec![
            ScalarValue::List(ScalarValue::new_list_nullable(&values, &DataType::Float64)),
            ScalarValue::Int64(self.clusters),
        ])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let none = ScalarValue::new_null_list(DataType::Float64, true, 1);
        if self.values.is_empty() {
            return Ok(none);
        }
        let Some(clusters) = self
            .clusters
            .and_then(|k| u8::try_from(k).ok())
            .filter(|k| *k > 0)
        else {
            return exec_err!("natural_breaks takes a number of clusters from 1 to 255");
        };
        let clusters = clusters.min(u8::try_from(self.values.len()).unwrap_or(u8::MAX));
        let (sorted, clusters) = match ckmeans::ckmeans_indices(&self.values, clusters) {
            Ok(found) => found,
            Err(error) => return exec_err!("natural_breaks: {error}"),
        };
        let bounds: Vec<ScalarValue> = clusters
            .iter()
            .filter_map(|(_, last)| sorted.get(*last))
            .map(|bound| ScalarValue::Float64(Some(*bound)))
            .collect();
        Ok(ScalarValue::List(ScalarValue::new_list_nullable(
            &bounds,
            &DataType::Float64,
        )))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.values.capacity() * size_of::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Array as _, Float64Array, Int64Array};

    fn breaks(values: Vec<Option<f64>>, clusters: i64) -> Vec<f64> {
        let mut whole = NaturalBreaks::default();
        // In two parts, as two partitions have them.
        for part in values.chunks(3) {
            let mut accumulator = NaturalBreaks::default();
            let rows = part.len();
            let part: ArrayRef = Arc::new(Float64Array::from(part.to_vec()));
            let k: ArrayRef = Arc::new(Int64Array::from(vec![clusters; rows]));
            accumulator.update_batch(&[part, k]).unwrap();
            let state = accumulator.state().unwrap();
            let state: Vec<ArrayRef> = state.iter().map(|s| s.to_array().unwrap()).collect();
            whole.merge_batch(&state).unwrap();
        }
        let ScalarValue::List(list) = whole.evaluate().unwrap() else {
            panic!("no list");
        };
        if list.is_null(0) {
            return Vec::new();
        }
        list.value(0)
            .as_primitive::<Float64Type>()
            .values()
            .to_vec()
    }

    #[test]
    fn three_heaps_are_three_clusters() {
        let values = [78.0, 1.0, 12.0, 13.0, 2.0, 3.0, 5.0, 82.0]
            .map(Some)
            .to_vec();
        assert_eq!(breaks(values, 3), [5.0, 13.0, 82.0]);
    }

    #[test]
    fn fewer_values_than_clusters_and_none_at_all() {
        assert_eq!(
            breaks(vec![Some(4.0), None, Some(4.0), Some(9.0)], 5),
            [4.0, 9.0]
        );
        assert_eq!(breaks(vec![None, Some(f64::NAN)], 5), Vec::<f64>::new());
    }
}
