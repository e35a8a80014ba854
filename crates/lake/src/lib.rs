//! Where tables live: layout, deterministic Parquet, staging and commit, manifests, verification.
//!
//! A lake is a directory or a bucket. It holds one Parquet file per table and snapshot date, and
//! beside the tables what it needs to know about them:
//!
//! ```text
//! <root>/<stage>/<table>/snapshot_date=2026-08-22/part-00000.parquet   what readers glob
//! <root>/_manifests/<stage>/<table>/2026-08-22.json                    what it was made of
//! <root>/_rejected/<stage>/<table>/2026-08-22/…                        what was refused, and why
//! <root>/_staging/…                                                    files being written
//! <root>/_cache/…                                                      what can be lost
//! <root>/_lock                                                         who writes
//! ```
//!
//! A partition is replaced in one step, and only by a file that was finished and looked at. The
//! same rows give the same bytes. The lake knows nothing of queries, nor of what the rows mean.
//!
//! ```
//! # use std::sync::Arc;
//! # use arrow::array::{ArrayRef, Int64Array, RecordBatch};
//! # use hubcensus_lake::{Facts, FileSpec, Lake};
//! # use hubcensus_spec::{PartitionId, TableName};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let models: ArrayRef = Arc::new(Int64Array::from(vec![3, 5]));
//! # let batch = RecordBatch::try_from_iter([("models", models)])?;
//! let lake = Lake::open("memory://").await?;
//! let lock = lake.lock().await?;
//! let table = TableName::new("aggregate", "totals")?;
//! let id = PartitionId::new(table, "2026-08-22".parse()?);
//! let spec = FileSpec {
//!     schema: batch.schema(),
//!     sorting: vec!["models".into()],
//!     metadata: vec![],
//! };
//! let mut stage = lake.stage(&id, spec).await?;
//! stage.write(&batch)?;
//! let staged = stage.finish()?;
//! assert_eq!(staged.facts().rows, 2);
//! staged.commit(Facts::default()).await?;
//! lock.release().await;
//! assert_eq!(lake.dates(&id.table).await?, [id.date]);
//! # Ok(())
//! # }
//! ```

mod address;
mod commit;
#[cfg(test)]
mod crash;
mod encode;
mod error;
mod lake;
mod layout;
mod lock;
mod manifest;
mod object;
mod place;
mod read;
mod stage;
mod stamp;
mod types;
mod verify;

pub use address::hub::HUB_ENDPOINT;
pub use commit::Committed;
pub use error::{Error, Result};
pub use lake::Lake;
pub use lock::LakeLock;
pub use manifest::{ColumnFacts, Contents, CoverageFacts, Facts, FileFacts, Manifest, SourceFacts};
pub use object::object_at;
pub use stage::{FileSpec, Stage, Staged, StagedObject};
pub use stamp::Stamp;
pub use types::{plain, type_name};
pub use verify::Problem;
