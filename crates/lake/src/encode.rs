//! How rows become the bytes of a Parquet file: the same rows give the same bytes.
//!
//! Where the encoder ends a page, gives up a dictionary or rounds a statistic depends on the
//! pieces it is fed. So batches are cut anew into chunks of one size before it sees them, and
//! neither the batches of the engine nor the number of threads show in the file.

use std::cmp::Reverse;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, ArrayRef, AsArray as _, ListArray, RecordBatch, make_array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::concat_batches;
use arrow::datatypes::{ArrowNativeType as _, DataType, SchemaRef};
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves,
};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;

/// Rows fed to a column's encoder at once; the batch size of most engines, so that whole batches
/// pass through without being copied.
const CHUNK_ROWS: usize = 8_192;
/// Chunks held back so that the columns of all can be encoded side by side.
const SLAB_CHUNKS: usize = 8;
/// Rows of a row group: a whole number of slabs.
const ROW_GROUP_ROWS: usize = 1_048_576;
/// Fewer rows than this are encoded where they are.
const ROWS_WORTH_A_THREAD: usize = 16_384;
/// Names the way of encoding, which changes only when the bytes do.
const CREATED_BY: &str = "hubcensus version 1";
const ZSTD_LEVEL: i32 = 1;

/// Writes record batches of one schema as a Parquet file to `W`.
pub(crate) struct Encoder<W: Write + Send> {
    schema: SchemaRef,
    file: SerializedFileWriter<W>,
    factory: ArrowRowGroupWriterFactory,
    /// Batches that do not make a chunk yet, and the rows in them.
    pending: Vec<RecordBatch>,
    pending_rows: usize,
    slab: Vec<RecordBatch>,
    /// The encoders of the row group that was begun, and the rows in it.
    group: Vec<ArrowColumnWriter>,
    group_rows: usize,
    /// The slab that is being encoded while the next one fills.
    underway: Option<Underway>,
}

/// The encoding of a slab, its columns side by side.
struct Underway {
    columns: Receiver<Result<Vec<Column>, ParquetError>>,
    end_group: bool,
}

impl<W: Write + Send> Encoder<W> {
    /// Begins a file. `sorting` are indices of columns, sorted ascending with nulls last.
    pub(crate) fn new(
        to: W,
        schema: SchemaRef,
        sorting: &[usize],
        metadata: Vec<(String, String)>,
    ) -> Result<Self, ParquetError> {
        let sorting = sorting.iter().map(|column| {
            Ok(SortingColumn {
                column_idx: i32::try_from(*column)
                    .map_err(|error| ParquetError::General(error.to_string()))?,
                descending: false,
                nulls_first: false,
            })
        });
        let sorting = sorting.collect::<Result<Vec<_>, ParquetError>>()?;
        let metadata = metadata
            .into_iter()
            .map(|(key, value)| KeyValue::new(key, value))
            .collect();
        let properties = WriterProperties::builder()
            .set_created_by(CREATED_BY.to_owned())
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?))
            .set_statistics_enabled(EnabledStatistics::Page)
            .set_key_value_metadata(Some(metadata))
            .set_sorting_columns(Some(sorting).filter(|columns| !columns.is_empty()))
            .build();
        // No copy of the Arrow schema goes into the file: every type allowed here is told by
        // Parquet itself, so each reader chooses its own and none must undo ours.
        let parquet = ArrowSchemaConverter::new()
            .schema_root("schema")
            .convert(&schema)?;
        let file = SerializedFileWriter::new(to, parquet.root_schema_ptr(), Arc::new(properties))?;
        let factory = ArrowRowGroupWriterFactory::new(&file, Arc::clone(&schema));
        Ok(Self {
            schema,
            file,
            factory,
            pending: Vec::new(),
            pending_rows: 0,
            slab: Vec::new(),
            group: Vec::new(),
            group_rows: 0,
            underway: None,
        })
    }

    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), ParquetError> {
        let mut from = 0;
        while from < batch.num_rows() {
            let rows = (batch.num_rows() - from).min(CHUNK_ROWS - self.pending_rows);
            self.pending.push(batch.slice(from, rows));
            self.pending_rows += rows;
            from += rows;
            if self.pending_rows == CHUNK_ROWS {
                self.end_chunk()?;
            }
        }
        Ok(())
    }

    /// Ends the file.
    pub(crate) fn finish(mut self) -> Result<W, ParquetError> {
        self.end_chunk()?;
        self.encode(true)?;
        self.settle()?;
        self.file.into_inner()
    }

    fn end_chunk(&mut self) -> Result<(), ParquetError> {
        let chunk = match self.pending.as_slice() {
            [] => return Ok(()),
            [whole] => whole.clone(),
            pieces => concat_batches(&self.schema, pieces)?,
        };
        self.pending.clear();
        self.pending_rows = 0;
        self.slab.push(uniform(&chunk)?);
        if self.slab.len() == SLAB_CHUNKS {
            let group_is_full = self.group_rows + SLAB_CHUNKS * CHUNK_ROWS >= ROW_GROUP_ROWS;
            self.encode(group_is_full)?;
        }
        Ok(())
    }

    /// Has the slab encoded, and the row group ended with it if asked to.
    fn encode(&mut self, end_group: bool) -> Result<(), ParquetError> {
        self.settle()?;
        let slab = std::mem::take(&mut self.slab);
        let rows: usize = slab.iter().map(RecordBatch::num_rows).sum();
        if rows == 0 && self.group_rows == 0 {
            return Ok(());
        }
        if self.group_rows == 0 {
            let index = self.file.flushed_row_groups().len();
            self.group = self.factory.create_column_writers(index)?;
        }
        let work = Work {
            schema: Arc::clone(&self.schema),
            slab,
            end_group,
        };
        let writers = std::mem::take(&mut self.group);
        self.group_rows = if end_group { 0 } else { self.group_rows + rows };
        if rows < ROWS_WORTH_A_THREAD {
            return self.take_back(work.alone(writers)?, end_group);
        }
        let (done, columns) = sync_channel(1);
        rayon::spawn_fifo(move || {
            // Whoever waits hears of a panic by hearing nothing, and may have given up.
            let _ = catch_unwind(AssertUnwindSafe(|| done.send(work.shared(writers))));
        });
        self.underway = Some(Underway { columns, end_group });
        Ok(())
    }

    /// Waits for the slab that is being encoded.
    fn settle(&mut self) -> Result<(), ParquetError> {
        let Some(Underway { columns, end_group }) = self.underway.take() else {
            return Ok(());
        };
        let columns = columns.recv().map_err(|_| not_encoded())??;
        self.take_back(columns, end_group)
    }

    fn take_back(&mut self, columns: Vec<Column>, end_group: bool) -> Result<(), ParquetError> {
        if !end_group {
            let open = columns.into_iter().filter_map(|column| match column {
                Column::Open(writer) => Some(*writer),
                Column::Closed(_) => None,
            });
            self.group = open.collect();
            return Ok(());
        }
        let mut group = self.file.next_row_group()?;
        for column in columns {
            if let Column::Closed(chunk) = column {
                chunk.append_to_row_group(&mut group)?;
            }
        }
        group.close()?;
        Ok(())
    }
}

fn not_encoded() -> ParquetError {
    ParquetError::General("a column was not encoded".to_owned())
}

/// The same rows with nothing left of how they came about: a column without a null has no mask of
/// them. The encoder writes the two in different runs.
fn uniform(chunk: &RecordBatch) -> Result<RecordBatch, ParquetError> {
    let columns = chunk.columns().iter().map(plain);
    let columns = columns.collect::<Result<Vec<_>, ParquetError>>()?;
    Ok(RecordBatch::try_new(chunk.schema(), columns)?)
}

fn plain(array: &ArrayRef) -> Result<ArrayRef, ParquetError> {
    if let Some(list) = array.as_list_opt::<i32>() {
        // Of the values those of these rows, so that no others' nulls count.
        let offsets = list.offsets();
        let first = offsets.first().copied().unwrap_or(0);
        let last = offsets.last().copied().unwrap_or(0);
        let values = list
            .values()
            .slice(first.as_usize(), (last - first).as_usize());
        let offsets = OffsetBuffer::new(offsets.iter().map(|offset| offset - first).collect());
        let DataType::List(item) = list.data_type() else {
            return Ok(Arc::clone(array));
        };
        let nulls = list.nulls().filter(|nulls| nulls.null_count() > 0).cloned();
        let list = ListArray::try_new(Arc::clone(item), offsets, plain(&values)?, nulls)?;
        return Ok(Arc::new(list));
    }
    if array.nulls().is_none_or(|nulls| nulls.null_count() > 0) {
        return Ok(Arc::clone(array));
    }
    let data = array.to_data().into_builder().nulls(None).build()?;
    Ok(make_array(data))
}

/// A column of the row group, after its part of a slab was encoded.
enum Column {
    Open(Box<ArrowColumnWriter>),
    Closed(Box<ArrowColumnChunk>),
}

/// The encoding of one slab.
struct Work {
    schema: SchemaRef,
    slab: Vec<RecordBatch>,
    end_group: bool,
}

impl Work {
    /// Encodes one column after the other.
    fn alone(&self, writers: Vec<ArrowColumnWriter>) -> Result<Vec<Column>, ParquetError> {
        let columns = writers.into_iter().enumerate();
        columns
            .map(|(index, writer)| self.column(index, writer))
            .collect()
    }

    /// Encodes each column on whichever thread is free, and gives them back in their order.
    fn shared(&self, writers: Vec<ArrowColumnWriter>) -> Result<Vec<Column>, ParquetError> {
        let mut columns: Vec<_> = writers.into_iter().enumerate().collect();
        columns.sort_by_cached_key(|(index, _)| Reverse(self.weight(*index)));
        let done = Mutex::new(Vec::with_capacity(columns.len()));
        rayon::scope_fifo(|scope| {
            for (index, writer) in columns {
                let done = &done;
                scope.spawn_fifo(move |_| {
                    let column = self.column(index, writer);
                    let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                    done.push((index, column));
                });
            }
        });
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_by_key(|(index, _)| *index);
        done.into_iter().map(|(_, column)| column).collect()
    }

    fn column(&self, index: usize, mut writer: ArrowColumnWriter) -> Result<Column, ParquetError> {
        let field = self.schema.field(index);
        for chunk in &self.slab {
            // Each type allowed in a file has one leaf.
            for leaf in compute_leaves(field, chunk.column(index))? {
                writer.write(&leaf)?;
            }
        }
        Ok(if self.end_group {
            Column::Closed(Box::new(writer.close()?))
        } else {
            Column::Open(Box::new(writer))
        })
    }

    /// Bytes of a column: the heaviest are begun first, so that none is left when the others are done.
    fn weight(&self, index: usize) -> usize {
        let sizes = self.slab.iter().map(|chunk| {
            let data = chunk.column(index).to_data();
            data.get_slice_memory_size().unwrap_or(0)
        });
        sizes.sum()
    }
}

#[cfg(test)]
mod tests;
