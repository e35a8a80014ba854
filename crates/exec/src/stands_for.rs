//! What each operator of this crate stands for.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::physical_plan::ExecutionPlan;

/// An operator of this crate, which gives the same rows as one of DataFusion's.
pub(crate) trait StandsFor {
    /// DataFusion's operator over the same inputs. It may provide less order.
    fn original(&self) -> Result<Arc<dyn ExecutionPlan>>;
}
