//! Models as record batches and Parquet, in the columns of the hub-stats archive.

use std::sync::Arc;

use arrow::array::{
    ArrayBuilder, ArrayRef, Float64Builder, Int64Array, Int64Builder, ListArray, ListBuilder,
    RecordBatch, StringBuilder, StructArray, TimestampMicrosecondBuilder, new_null_array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use chrono::NaiveDate;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;

use super::draw::mix_text;
use super::dtypes::DTYPES;
use super::model::{Model, push_object_id};
use super::{NOTICE, NOTICE_KEY};

/// 1970-01-01 as a day of the common era.
pub(crate) const UNIX_DAY: i64 = 719_163;

/// Rows of a row group: what is buffered while writing, and the least that a reader takes.
const ROW_GROUP_ROWS: usize = 16 * super::BATCH_ROWS;

fn nullable(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, true)
}

fn parameters_fields() -> Fields {
    DTYPES
        .iter()
        .map(|name| nullable(name, DataType::Int64))
        .collect()
}

fn safetensors_fields() -> Fields {
    Fields::from(vec![
        nullable("parameters", DataType::Struct(parameters_fields())),
        nullable("total", DataType::Int64),
    ])
}

fn base_model_fields() -> Fields {
    Fields::from(vec![
        nullable("_id", DataType::Utf8),
        nullable("id", DataType::Utf8),
    ])
}

fn base_model_item() -> Arc<Field> {
    Arc::new(nullable("element", DataType::Struct(base_model_fields())))
}

fn base_models_fields() -> Fields {
    Fields::from(vec![
        nullable("relation", DataType::Utf8),
        nullable("models", DataType::List(base_model_item())),
    ])
}

fn tag_item() -> Arc<Field> {
    Arc::new(nullable("element", DataType::Utf8))
}

/// The columns of a generated snapshot: those of the hub-stats archive.
#[must_use]
pub fn schema() -> SchemaRef {
    let moment = DataType::Timestamp(TimeUnit::Microsecond, None);
    Arc::new(Schema::new(vec![
        nullable("id", DataType::Utf8),
        nullable("author", DataType::Utf8),
        nullable("createdAt", moment.clone()),
        nullable("lastModified", moment),
        nullable("downloads", DataType::Int64),
        nullable("downloadsAllTime", DataType::Int64),
        nullable("likes", DataType::Int64),
        nullable("trendingScore", DataType::Float64),
        nullable("tags", DataType::List(tag_item())),
        nullable("cardData", DataType::Utf8),
        nullable("safetensors", DataType::Struct(safetensors_fields())),
        nullable("gguf", DataType::Utf8),
        nullable("baseModels", DataType::Struct(base_models_fields())),
        nullable("pipeline_tag", DataType::Utf8),
        nullable("library_name", DataType::Utf8),
    ]))
}

/// How the file is written; the same on every machine and every day.
pub(crate) fn properties(date: NaiveDate) -> Result<WriterProperties, ParquetError> {
    let column =
        |path: &[&str]| ColumnPath::new(path.iter().map(|part| (*part).to_owned()).collect());
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_created_by("hubcensus".to_owned())
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_key_value_metadata(Some(vec![
            KeyValue::new(NOTICE_KEY.to_owned(), NOTICE.to_owned()),
            KeyValue::new("hubcensus.snapshot_date".to_owned(), date.to_string()),
        ]));
    // Values that hardly repeat: a dictionary would only be built to be thrown away.
    for path in [
        &["id"][..],
        &["createdAt"],
        &["lastModified"],
        &["cardData"],
        &["gguf"],
    ] {
        properties = properties.set_column_dictionary_enabled(column(path), false);
    }
    Ok(properties.build())
}

/// Columns under construction.
pub(crate) struct Rows {
    id: StringBuilder,
    author: StringBuilder,
    created: TimestampMicrosecondBuilder,
    modified: TimestampMicrosecondBuilder,
    downloads: Int64Builder,
    downloads_all_time: Int64Builder,
    likes: Int64Builder,
    trending: Float64Builder,
    tags: ListBuilder<StringBuilder>,
    card: StringBuilder,
    safetensors: Vec<Option<(usize, i64)>>,
    gguf: StringBuilder,
    relation: StringBuilder,
    base_object_id: StringBuilder,
    base_id: StringBuilder,
    base_ends: Vec<usize>,
    pipeline_tag: StringBuilder,
    library: StringBuilder,
    text: String,
}

/// A count as the archive stores it.
fn count(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

impl Rows {
    pub(crate) fn new() -> Self {
        Self {
            id: StringBuilder::new(),
            author: StringBuilder::new(),
            created: TimestampMicrosecondBuilder::new(),
            modified: TimestampMicrosecondBuilder::new(),
            downloads: Int64Builder::new(),
            downloads_all_time: Int64Builder::new(),
            likes: Int64Builder::new(),
            trending: Float64Builder::new(),
            tags: ListBuilder::new(StringBuilder::new()).with_field(tag_item()),
            card: StringBuilder::new(),
            safetensors: Vec::new(),
            gguf: StringBuilder::new(),
            relation: StringBuilder::new(),
            base_object_id: StringBuilder::new(),
            base_id: StringBuilder::new(),
            base_ends: Vec::new(),
            pipeline_tag: StringBuilder::new(),
            library: StringBuilder::new(),
            text: String::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.safetensors.len()
    }

    pub(crate) fn push(&mut self, model: &Model<'_>) {
        let text = &mut self.text;
        self.id.append_value(&model.id);
        self.author.append_value(model.author());
        self.created.append_value(model.created * 1_000_000);
        self.modified.append_value(model.modified * 1_000_000);
        self.downloads.append_value(count(model.downloads));
        self.downloads_all_time
            .append_value(count(model.downloads_all_time));
        self.likes.append_value(count(model.likes));
        self.trending.append_value(model.trending);
        let tags = self.tags.values();
        model.tags(text, &mut |tag| tags.append_value(tag));
        self.tags.append(true);
        let has_card = model.card(text);
        self.card.append_option(has_card.then_some(text.as_str()));
        let safetensors = model.safetensors();
        self.safetensors
            .push(safetensors.map(|(dtype, total)| (dtype, count(total))));
        let has_gguf = model.gguf(text);
        self.gguf.append_option(has_gguf.then_some(text.as_str()));
        self.relation.append_option(model.relation());
        for base in &model.bases {
            text.clear();
            push_object_id(text, object_id(base));
            self.base_object_id.append_value(&*text);
            self.base_id.append_value(base);
        }
        self.base_ends.push(self.base_id.len());
        self.pipeline_tag.append_option(model.pipeline_tag());
        self.library.append_option(model.library());
    }

    /// The rows so far; the next ones start anew.
    pub(crate) fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.id.finish()),
            Arc::new(self.author.finish()),
            Arc::new(self.created.finish()),
            Arc::new(self.modified.finish()),
            Arc::new(self.downloads.finish()),
            Arc::new(self.downloads_all_time.finish()),
            Arc::new(self.likes.finish()),
            Arc::new(self.trending.finish()),
            Arc::new(self.tags.finish()),
            Arc::new(self.card.finish()),
            self.safetensors()?,
            Arc::new(self.gguf.finish()),
            self.base_models()?,
            Arc::new(self.pipeline_tag.finish()),
            Arc::new(self.library.finish()),
        ];
        RecordBatch::try_new(schema(), columns)
    }

    fn safetensors(&mut self) -> Result<ArrayRef, ArrowError> {
        let rows = std::mem::take(&mut self.safetensors);
        let present: NullBuffer = rows.iter().map(Option::is_some).collect();
        let total: Int64Array = rows.iter().map(|row| row.map(|(_, total)| total)).collect();
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(DTYPES.len());
        for dtype in 0..DTYPES.len() {
            let of_type = |row: &Option<(usize, i64)>| row.filter(|row| row.0 == dtype);
            columns.push(if rows.iter().any(|row| of_type(row).is_some()) {
                let values = rows.iter().map(|row| of_type(row).map(|row| row.1));
                Arc::new(values.collect::<Int64Array>())
            } else {
                new_null_array(&DataType::Int64, rows.len())
            });
        }
        let parameters = StructArray::try_new(parameters_fields(), columns, Some(present.clone()))?;
        let columns: Vec<ArrayRef> = vec![Arc::new(parameters), Arc::new(total)];
        let all = StructArray::try_new(safetensors_fields(), columns, Some(present))?;
        Ok(Arc::new(all))
    }

    fn base_models(&mut self) -> Result<ArrayRef, ArrowError> {
        let ends = std::mem::take(&mut self.base_ends);
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let lengths: Vec<usize> = starts.zip(&ends).map(|(start, end)| end - start).collect();
        let present: NullBuffer = lengths.iter().map(|length| *length > 0).collect();
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.base_object_id.finish()),
            Arc::new(self.base_id.finish()),
        ];
        let items = StructArray::try_new(base_model_fields(), columns, None)?;
        let models = ListArray::try_new(
            base_model_item(),
            OffsetBuffer::from_lengths(lengths),
            Arc::new(items),
            Some(present.clone()),
        )?;
        let columns: Vec<ArrayRef> = vec![Arc::new(self.relation.finish()), Arc::new(models)];
        let all = StructArray::try_new(base_models_fields(), columns, Some(present))?;
        Ok(Arc::new(all))
    }
}

/// The object id that base models are named with: the same for the same id.
pub(crate) fn object_id(id: &str) -> (u32, u64) {
    let hash = mix_text(id);
    (0x6400_0000 | (hash >> 41) as u32, hash)
}
