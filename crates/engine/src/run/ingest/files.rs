//! A snapshot's files as a table that can be read once.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{ArrayRef, AsArray as _, RecordBatch};
use arrow::compute::unary;
use arrow::datatypes::{Int64Type, SchemaRef};
use datafusion::catalog::streaming::StreamingTable;
use datafusion::common::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::streaming::PartitionStream;
use hubcensus_hub::read::{self, Partition, ReadError, Request, Survey};

use crate::origin;
use crate::plan::address;
use crate::run::rejects::{RejectLog, Rejected, RowPlace};

/// A file on the local disk.
#[derive(Debug, Clone)]
pub(super) struct ToRead {
    pub(super) path: PathBuf,
    /// How messages call it.
    pub(super) address: String,
}

/// The files of a snapshot, about to be read.
pub(super) struct Files {
    files: Vec<ToRead>,
    request: Arc<Request>,
    /// The only file. Several are opened one after another, as they are read.
    only: Option<read::Reader>,
    surveys: Surveys,
}

/// What is found beside the rows of each file.
#[derive(Debug, Clone, Default)]
pub(super) struct Surveys(Arc<Mutex<BTreeMap<usize, FileSurvey>>>);

/// What is found beside the rows of a file.
#[derive(Debug, Clone)]
pub(super) struct FileSurvey {
    /// The file's name, if there are several.
    pub(super) file: Option<String>,
    pub(super) survey: Arc<Survey>,
}

impl Surveys {
    /// Those of the files that were read, in their order.
    pub(super) fn of_files(&self) -> Vec<FileSurvey> {
        let surveys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        surveys.values().cloned().collect()
    }

    fn add(&self, place: usize, file: Option<String>, survey: Arc<Survey>) {
        let mut surveys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        surveys.insert(place, FileSurvey { file, survey });
    }
}

impl Files {
    /// Looks at the file, if there is one only.
    ///
    /// # Errors
    ///
    /// It is missing, or not what its source says.
    pub(super) fn open(files: Vec<ToRead>, request: Request) -> Result<Self, ReadError> {
        let surveys = Surveys::default();
        let mut only = None;
        if let [file] = files.as_slice() {
            let reader = read::open(&file.path, &file.address, &request)?;
            surveys.add(0, None, reader.survey());
            only = Some(reader);
        }
        Ok(Self {
            files,
            request: Arc::new(request),
            only,
            surveys,
        })
    }

    /// That a file was generated, in the words of the first that says so.
    pub(super) fn generated(&self) -> Option<String> {
        let mut files = self.files.iter();
        files.find_map(|file| origin::note(&file.path, &file.address))
    }

    /// What is found beside the rows, complete when they are read.
    pub(super) fn surveys(&self) -> Surveys {
        self.surveys.clone()
    }

    /// The rows as a table of at most so many partitions. Those that cannot be
    /// read go to `rejects`.
    ///
    /// # Errors
    ///
    /// Those of DataFusion.
    pub(super) fn table(
        self,
        partitions: usize,
        rejects: &RejectLog,
    ) -> Result<StreamingTable, DataFusionError> {
        let schema = self.request.schema();
        let parts: Vec<Vec<Rows>> = match self.only {
            Some(reader) => {
                let parts = reader.split(partitions).into_iter();
                parts.map(|part| vec![Rows::Opened(part)]).collect()
            }
            None => {
                let mut parts: Vec<Vec<Rows>> = Vec::new();
                parts.resize_with(partitions.clamp(1, self.files.len().max(1)), Vec::new);
                let among = parts.len();
                for (place, file) in self.files.into_iter().enumerate() {
                    if let Some(part) = parts.get_mut(place % among) {
                        part.push(Rows::File(place, file));
                    }
                }
                parts
            }
        };
        let parts = parts.into_iter().map(|rows| -> Arc<dyn PartitionStream> {
            Arc::new(FilePart {
                schema: Arc::clone(&schema),
                rows: Mutex::new(rows),
                request: Arc::clone(&self.request),
                surveys: self.surveys.clone(),
                rejects: rejects.clone(),
            })
        });
        StreamingTable::try_new(Arc::clone(&schema), parts.collect())
    }
}

/// Some of a snapshot's rows.
enum Rows {
    /// A part of the only file.
    Opened(Partition),
    /// All of a file, with its place among the files.
    File(usize, ToRead),
}

struct FilePart {
    schema: SchemaRef,
    rows: Mutex<Vec<Rows>>,
    request: Arc<Request>,
    surveys: Surveys,
    rejects: RejectLog,
}

impl fmt::Debug for FilePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilePart")
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

impl PartitionStream for FilePart {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let rows = std::mem::take(&mut *self.rows.lock().unwrap_or_else(PoisonError::into_inner));
        let request = Arc::clone(&self.request);
        let surveys = self.surveys.clone();
        let rejects = self.rejects.clone();
        let mut builder = RecordBatchReceiverStream::builder(Arc::clone(&self.schema), 2);
        let sender = builder.tx();
        builder.spawn_blocking(move || {
            let failed = |e: ReadError| DataFusionError::External(Box::new(e));
            for rows in rows {
                let (place, parts) = match rows {
                    Rows::Opened(part) => (0, vec![part]),
                    Rows::File(place, file) => {
                        let reader =
                            read::open(&file.path, &file.address, &request).map_err(failed)?;
                        let name = address::file_name(&file.address);
                        surveys.add(place, Some(name.to_owned()), reader.survey());
                        (place, reader.split(1))
                    }
                };
                let offset = RowPlace::offset(place);
                for chunk in parts.into_iter().flatten() {
                    let chunk = chunk.map_err(failed)?;
                    rejects.read((chunk.batch.num_rows() + chunk.rejects.len()) as u64);
                    for reject in chunk.rejects {
                        let row = i64::try_from(reject.row).unwrap_or(i64::MAX);
                        rejects.add(Rejected {
                            row: RowPlace::of(offset.saturating_add(row)),
                            reason: reject.reason.as_str().to_owned(),
                            detail: reject.detail,
                            content: reject.content,
                        });
                    }
                    let batch = placed(&chunk.batch, offset)?;
                    if sender.blocking_send(Ok(batch)).is_err() {
                        return Ok(());
                    }
                }
            }
            Ok(())
        });
        builder.build()
    }
}

/// A batch of a file's rows, their places being those among all files.
fn placed(batch: &RecordBatch, offset: i64) -> Result<RecordBatch, DataFusionError> {
    if offset == 0 {
        return Ok(batch.clone());
    }
    let at = batch.schema().index_of(read::ROW)?;
    let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
    if let Some(places) = columns.get_mut(at) {
        let rows = places.as_primitive::<Int64Type>();
        *places = Arc::new(unary::<_, _, Int64Type>(rows, |row| {
            row.saturating_add(offset)
        }));
    }
    Ok(RecordBatch::try_new(batch.schema(), columns)?)
}
