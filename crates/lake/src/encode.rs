//! How rows become the bytes of a Parquet file: the same rows give the same bytes.
//!
//! Where the encoder ends a page, gives up a dictionary or rounds a statistic depends on the
//! pieces it is fed. So batches are cut anew into chunks of one size before it sees them, and
//! neither the batches of the engine nor the number of threads show in the file.

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
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
/// Fewer rows than this are not worth a thread.
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
    threads: usize,
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
            threads: std::thread::available_parallelism().map_or(1, usize::from),
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

    /// Encodes the slab, and ends the row group with it if asked to.
    fn encode(&mut self, end_group: bool) -> Result<(), ParquetError> {
        let slab = std::mem::take(&mut self.slab);
        let rows: usize = slab.iter().map(RecordBatch::num_rows).sum();
        if rows == 0 && self.group_rows == 0 {
            return Ok(());
        }
        if self.group_rows == 0 {
            let index = self.file.flushed_row_groups().len();
            self.group = self.factory.create_column_writers(index)?;
        }
        self.group_rows += rows;
        let work = Work {
            schema: &self.schema,
            slab: &slab,
            end_group,
        };
        let threads = if rows < ROWS_WORTH_A_THREAD {
            1
        } else {
            self.threads
        };
        let done = work.share(std::mem::take(&mut self.group), threads)?;
        if !end_group {
            let open = done.into_iter().filter_map(|column| match column {
                Column::Open(writer) => Some(*writer),
                Column::Closed(_) => None,
            });
            self.group = open.collect();
            return Ok(());
        }
        let mut group = self.file.next_row_group()?;
        for column in done {
            if let Column::Closed(chunk) = column {
                chunk.append_to_row_group(&mut group)?;
            }
        }
        group.close()?;
        self.group_rows = 0;
        Ok(())
    }
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
struct Work<'a> {
    schema: &'a SchemaRef,
    slab: &'a [RecordBatch],
    end_group: bool,
}

impl Work<'_> {
    /// Encodes each column on whichever thread is free, and gives them back in their order.
    fn share(
        &self,
        writers: Vec<ArrowColumnWriter>,
        threads: usize,
    ) -> Result<Vec<Column>, ParquetError> {
        let threads = threads.min(writers.len());
        if threads <= 1 {
            let columns = writers.into_iter().enumerate();
            return columns
                .map(|(index, writer)| self.column(index, writer))
                .collect();
        }
        let order = self.heaviest_first();
        let slots: Vec<_> = writers
            .into_iter()
            .map(|writer| Mutex::new((Some(writer), None)))
            .collect();
        let next = AtomicUsize::new(0);
        let run = || {
            while let Some(index) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                let Some(slot) = slots.get(*index) else {
                    continue;
                };
                // No other thread asks for this slot; the lock only hands it over.
                let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(writer) = slot.0.take() {
                    slot.1 = Some(self.column(*index, writer));
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..threads {
                scope.spawn(run);
            }
            run();
        });
        let done = slots.into_iter().map(|slot| {
            let slot = slot.into_inner().unwrap_or_else(PoisonError::into_inner);
            slot.1.unwrap_or_else(|| {
                Err(ParquetError::General("a column was not encoded".to_owned()))
            })
        });
        done.collect()
    }

    fn column(&self, index: usize, mut writer: ArrowColumnWriter) -> Result<Column, ParquetError> {
        let field = self.schema.field(index);
        for chunk in self.slab {
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

    /// So that no thread begins with the longest column when the others are done.
    fn heaviest_first(&self) -> Vec<usize> {
        let weight = |index: usize| -> usize {
            let sizes = self.slab.iter().map(|chunk| {
                let data = chunk.column(index).to_data();
                data.get_slice_memory_size().unwrap_or(0)
            });
            sizes.sum()
        };
        let mut order: Vec<usize> = (0..self.schema.fields().len()).collect();
        order.sort_by_cached_key(|index| std::cmp::Reverse(weight(*index)));
        order
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, ListArray, ListBuilder,
        StringArray, StringBuilder, TimestampMicrosecondArray,
    };
    use arrow::buffer::{NullBuffer, OffsetBuffer};
    use arrow::datatypes::{DataType, Field, Schema};
    use bytes::Bytes;
    use parquet::file::reader::{FileReader, SerializedFileReader};

    use super::*;

    /// Rows of every type, with runs, repeats, nulls, and more distinct texts than a dictionary
    /// page can hold.
    fn rows(count: usize) -> RecordBatch {
        let count = i64::try_from(count).unwrap();
        let some = |i: i64| (i % 11 != 0).then_some(i);
        let mut lists = ListBuilder::new(StringBuilder::new()).with_field(Field::new(
            "element",
            DataType::Utf8,
            true,
        ));
        for i in 0..count {
            for k in 0..i % 5 {
                lists
                    .values()
                    .append_option((k != 3).then(|| format!("tag-{}", i * k % 97)));
            }
            lists.append(i % 13 != 0);
        }
        let id = |i| format!("{:016x}/model-{i:09}", i * 7_919 % 104_729);
        let columns: Vec<(&str, ArrayRef, bool)> = vec![
            (
                "id",
                Arc::new(StringArray::from_iter_values((0..count).map(id))),
                false,
            ),
            (
                "task",
                Arc::new(StringArray::from_iter(
                    (0..count).map(|i| some(i).map(|i| format!("task-{}", i % 40))),
                )),
                true,
            ),
            (
                "downloads",
                Arc::new(Int64Array::from_iter((0..count).map(some))),
                true,
            ),
            (
                "share",
                Arc::new(Float64Array::from_iter(
                    (0..count).map(|i| some(i).map(|i| 1.0 / (i as f64 + 1.0))),
                )),
                true,
            ),
            (
                "listed",
                Arc::new(BooleanArray::from_iter(
                    (0..count).map(|i| Some(i % 3 == 0)),
                )),
                false,
            ),
            (
                "day",
                Arc::new(Date32Array::from_iter_values(
                    (0..count).map(|i| (i % 9_000) as i32),
                )),
                false,
            ),
            (
                "at",
                Arc::new(
                    TimestampMicrosecondArray::from_iter_values(0..count).with_timezone("UTC"),
                ),
                false,
            ),
            ("tags", Arc::new(lists.finish()), true),
        ];
        RecordBatch::try_from_iter_with_nullable(columns).unwrap()
    }

    fn encoded(batches: &[RecordBatch], threads: usize) -> Vec<u8> {
        let metadata = vec![("hubcensus.table".to_owned(), "a.b".to_owned())];
        let schema = batches[0].schema();
        let mut encoder = Encoder::new(Vec::new(), schema, &[0], metadata).unwrap();
        encoder.threads = threads;
        for batch in batches {
            encoder.write(batch).unwrap();
        }
        encoder.finish().unwrap()
    }

    fn cut(batch: &RecordBatch, sizes: &[usize]) -> Vec<RecordBatch> {
        let mut pieces = Vec::new();
        let mut from = 0;
        for size in sizes.iter().cycle() {
            let rows = (*size).min(batch.num_rows() - from);
            pieces.push(batch.slice(from, rows));
            from += rows;
            if from == batch.num_rows() {
                return pieces;
            }
        }
        pieces
    }

    #[test]
    fn batches_and_threads_do_not_show_in_the_bytes() {
        let rows = rows(80_001);
        let whole = encoded(std::slice::from_ref(&rows), 1);
        for (sizes, threads) in [
            (&[8_192][..], 2),
            (&[8_191], 3),
            (&[1, 0, 70_000, 3], 16),
            (&[100_000], 1),
            (&[4_096, 20_001], 2),
        ] {
            assert!(encoded(&cut(&rows, sizes), threads) == whole, "{sizes:?}");
        }
    }

    #[test]
    fn what_lies_under_a_null_does_not_show_in_the_bytes() {
        let schema = Arc::new(Schema::new(vec![
            Field::new("n", DataType::Int64, true),
            Field::new(
                "tags",
                DataType::List(Arc::new(Field::new("element", DataType::Utf8, true))),
                true,
            ),
        ]));
        let batch = |n: ArrayRef, under: &[&str], valid: Option<Vec<bool>>| {
            let DataType::List(item) = schema.field(1).data_type() else {
                panic!("a list");
            };
            let middle = i32::try_from(under.len()).unwrap();
            let values: Vec<&str> = ["a"].iter().chain(under).chain(&["b"]).copied().collect();
            let tags = ListArray::new(
                Arc::clone(item),
                OffsetBuffer::new(vec![0, 1, 1 + middle, 2 + middle].into()),
                Arc::new(StringArray::from(values)),
                valid.map(NullBuffer::from),
            );
            RecordBatch::try_new(Arc::clone(&schema), vec![n, Arc::new(tags)]).unwrap()
        };
        let nulls = |n: [i64; 3]| -> ArrayRef {
            let mask = Some(NullBuffer::from(vec![true, false, true]));
            Arc::new(Int64Array::new(n.to_vec().into(), mask))
        };
        let null_in_the_middle = Some(vec![true, false, true]);
        assert_eq!(
            encoded(
                &[batch(nulls([1, 0, 3]), &[], null_in_the_middle.clone())],
                1
            ),
            encoded(
                &[batch(nulls([1, 9, 3]), &["x", "y"], null_in_the_middle)],
                1
            ),
        );
        // A mask that hides nothing is no mask.
        let mask = NullBuffer::from(vec![true; 3]);
        let masked = Int64Array::new(vec![1, 2, 3].into(), Some(mask));
        assert_eq!(
            encoded(
                &[batch(
                    Arc::new(Int64Array::from(vec![1, 2, 3])),
                    &["x"],
                    None
                )],
                1
            ),
            encoded(&[batch(Arc::new(masked), &["x"], Some(vec![true; 3]))], 1),
        );
    }

    #[test]
    fn a_mask_without_nulls_does_not_show_in_the_bytes() {
        let item = Arc::new(Field::new("element", DataType::Utf8, true));
        let schema = Arc::new(Schema::new(vec![
            Field::new("word", DataType::Utf8, true),
            Field::new("tags", DataType::List(item), true),
        ]));
        let rows = |from: i32, to: i32| {
            let word = |i: i32| (i > 5).then(|| format!("w{}", i % 50));
            let words = StringArray::from_iter((from..to).map(word));
            let mut tags = ListBuilder::new(StringBuilder::new()).with_field(Field::new(
                "element",
                DataType::Utf8,
                true,
            ));
            for i in from..to {
                tags.values().append_option(word(i));
                tags.append(i != 3);
            }
            let columns: Vec<ArrayRef> = vec![Arc::new(words), Arc::new(tags.finish())];
            RecordBatch::try_new(Arc::clone(&schema), columns).unwrap()
        };
        let end = 3 * i32::try_from(CHUNK_ROWS).unwrap() + 7;
        let whole = [rows(0, end)];
        // Built by themselves, the later rows have no mask at all.
        let parts = [rows(0, 100), rows(100, 20_000), rows(20_000, end)];
        assert!(encoded(&whole, 1) == encoded(&parts, 2));
        let chunk = i32::try_from(CHUNK_ROWS).unwrap();
        let chunks = [rows(0, chunk), rows(chunk, 2 * chunk), rows(2 * chunk, end)];
        assert!(encoded(&whole, 1) == encoded(&chunks, 1));
    }

    #[test]
    fn row_groups_end_where_they_should() {
        let column = |rows: usize| -> ArrayRef {
            Arc::new(BooleanArray::from_iter((0..rows).map(|i| Some(i % 2 == 0))))
        };
        for (rows, groups) in [
            (0, vec![]),
            (1, vec![1]),
            (ROW_GROUP_ROWS, vec![ROW_GROUP_ROWS]),
            (
                2 * ROW_GROUP_ROWS + 5,
                vec![ROW_GROUP_ROWS, ROW_GROUP_ROWS, 5],
            ),
        ] {
            let batch = RecordBatch::try_from_iter([("b", column(rows))]).unwrap();
            let bytes = encoded(&cut(&batch, &[300_000]), 2);
            let file = SerializedFileReader::new(Bytes::from(bytes)).unwrap();
            let found = file.metadata().row_groups().iter();
            let found: Vec<usize> = found.map(|group| group.num_rows() as usize).collect();
            assert_eq!(found, groups);
        }
    }

    #[test]
    fn the_footer_says_what_readers_need_and_no_more() {
        let bytes = encoded(&[rows(30_000)], 2);
        let file = SerializedFileReader::new(Bytes::from(bytes)).unwrap();
        let about = file.metadata().file_metadata();
        assert_eq!(about.created_by(), Some("hubcensus version 1"));
        let metadata = about.key_value_metadata().unwrap();
        assert_eq!(metadata.len(), 1);
        assert_eq!(metadata[0].key, "hubcensus.table");
        let group = file.metadata().row_group(0);
        assert_eq!(
            group.sorting_columns().unwrap(),
            &vec![SortingColumn {
                column_idx: 0,
                descending: false,
                nulls_first: false
            }]
        );
        for column in group.columns() {
            let path = column.column_path().string();
            assert!(column.statistics().is_some(), "{path}");
            assert!(column.offset_index_offset().is_some(), "{path}");
            assert!(column.column_index_offset().is_some(), "{path}");
            assert!(matches!(column.compression(), Compression::ZSTD(_)));
        }
        assert_eq!(
            group
                .columns()
                .iter()
                .map(|c| c.column_path().string())
                .next_back()
                .unwrap(),
            "tags.list.element"
        );
    }
}
