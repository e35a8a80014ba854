//! Some columns of a Parquet file: which bytes they are, and a file that has only them.
//!
//! The pages are copied as they are, neither decoded nor encoded anew: what the archive wrote is
//! what is kept, and the same columns of the same file give the same bytes.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::column::writer::ColumnCloseResult;
use parquet::file::metadata::{
    ColumnChunkMetaData, KeyValue, ParquetMetaData, ParquetMetaDataReader,
};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{Type, TypePtr};

/// Gaps between wanted bytes that are not worth a request of their own.
const GAP: u64 = 64 << 10;
/// Descriptions of the schema in other terms, which do not fit some of the columns.
const OF_ALL_COLUMNS: [&str; 3] = ["ARROW:schema", "pandas", "huggingface"];

/// The last bytes of a Parquet file: the length of its footer, and a mark.
pub(crate) const TAIL: u64 = 8;

/// How long the footer is, by the file's last bytes.
pub(crate) fn footer_length(tail: &[u8]) -> Result<u64, String> {
    let Some((rest, b"PAR1")) = tail.split_last_chunk::<4>() else {
        return Err("it is no Parquet file, or is cut off".to_owned());
    };
    let length = rest.last_chunk::<4>().ok_or("it is too short")?;
    Ok(u64::from(u32::from_le_bytes(*length)))
}

/// Reads a footer, without the file's last bytes.
pub(crate) fn footer(bytes: &[u8]) -> Result<ParquetMetaData, String> {
    ParquetMetaDataReader::decode_metadata(bytes).map_err(|error| error.to_string())
}

/// What a file has of the columns that are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Columns {
    /// Those that are there, with their types.
    pub(crate) taken: BTreeMap<String, String>,
    pub(crate) missing: Vec<String>,
    pub(crate) others: Vec<String>,
}

impl Columns {
    /// Compares the file with the columns wanted; none wanted means all.
    pub(crate) fn of(metadata: &ParquetMetaData, wanted: &[String]) -> Self {
        let fields = metadata.file_metadata().schema().get_fields();
        let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|one| one == name);
        let mut columns = Self {
            taken: BTreeMap::new(),
            missing: Vec::new(),
            others: Vec::new(),
        };
        for field in fields {
            if is_wanted(field.name()) {
                columns
                    .taken
                    .insert(field.name().to_owned(), type_name(field));
            } else {
                columns.others.push(field.name().to_owned());
            }
        }
        columns.missing = wanted
            .iter()
            .filter(|name| !columns.taken.contains_key(*name))
            .cloned()
            .collect();
        columns
    }

    fn has(&self, chunk: &ColumnChunkMetaData) -> bool {
        let first = chunk.column_path().parts().first();
        first.is_some_and(|name| self.taken.contains_key(name))
    }

    /// The bytes of the file that they are, in its order.
    pub(crate) fn ranges(&self, metadata: &ParquetMetaData) -> Vec<(u64, u64)> {
        let groups = metadata.row_groups().iter();
        let mut ranges: Vec<(u64, u64)> = groups
            .flat_map(|group| group.columns())
            .filter(|chunk| self.has(chunk))
            .map(|chunk| {
                let (from, length) = chunk.byte_range();
                (from, from + length)
            })
            .collect();
        ranges.sort_unstable();
        let mut merged: Vec<(u64, u64)> = Vec::new();
        for (from, to) in ranges {
            match merged.last_mut() {
                Some((_, end)) if from <= *end + GAP => *end = (*end).max(to),
                _ => merged.push((from, to)),
            }
        }
        merged
    }
}

/// A column's type in words that stay the same: `string`, `int64`, `list<…>`, `struct<…>`.
fn type_name(field: &Type) -> String {
    use parquet::basic::{LogicalType, Repetition, Type as Physical};
    let info = field.get_basic_info();
    let name = if field.is_primitive() {
        let physical = field.get_physical_type();
        match (info.logical_type_ref(), physical) {
            (Some(LogicalType::String), _) => "string".to_owned(),
            (Some(LogicalType::Timestamp { .. }), _) => "timestamp".to_owned(),
            (Some(LogicalType::Date), _) => "date".to_owned(),
            (_, Physical::BYTE_ARRAY)
                if info.converted_type() == parquet::basic::ConvertedType::UTF8 =>
            {
                "string".to_owned()
            }
            (_, physical) => physical.to_string().to_lowercase(),
        }
    } else {
        let members: Vec<&TypePtr> = field.get_fields().iter().collect();
        let is_list = matches!(info.logical_type_ref(), Some(LogicalType::List))
            || info.converted_type() == parquet::basic::ConvertedType::LIST;
        match members.as_slice() {
            [list] if is_list => match list.is_group() && list.get_fields().len() == 1 {
                true => {
                    let item = list.get_fields().first();
                    format!(
                        "list<{}>",
                        item.map(|item| type_name(item)).unwrap_or_default()
                    )
                }
                false => format!("list<{}>", type_name(list)),
            },
            members => {
                let members: Vec<String> = members
                    .iter()
                    .map(|member| format!("{}: {}", member.name(), type_name(member)))
                    .collect();
                format!("struct<{}>", members.join(", "))
            }
        }
    };
    let repeated = info.has_repetition() && info.repetition() == Repetition::REPEATED;
    if repeated {
        format!("list<{name}>")
    } else {
        name
    }
}

/// Writes a file that has only the columns taken, of a file of which at least their bytes are
/// there. Returns its rows.
pub(crate) fn write(
    from: &Path,
    metadata: &ParquetMetaData,
    columns: &Columns,
    to: &Path,
) -> Result<u64, String> {
    let told = |error: parquet::errors::ParquetError| error.to_string();
    let file_metadata = metadata.file_metadata();
    let schema = file_metadata.schema();
    let fields = schema.get_fields().iter();
    let fields = fields
        .filter(|field| columns.taken.contains_key(field.name()))
        .cloned()
        .collect();
    let schema = Type::group_type_builder(schema.name())
        .with_fields(fields)
        .build()
        .map_err(told)?;
    let kept = file_metadata.key_value_metadata().map(|all| {
        let of_some = |entry: &&KeyValue| !OF_ALL_COLUMNS.contains(&entry.key.as_str());
        all.iter().filter(of_some).cloned().collect::<Vec<_>>()
    });
    let properties = WriterProperties::builder()
        .set_key_value_metadata(kept.filter(|kept| !kept.is_empty()))
        .build();
    let source = File::open(from).map_err(|error| error.to_string())?;
    let sink = File::create(to).map_err(|error| error.to_string())?;
    let mut writer =
        SerializedFileWriter::new(sink, Arc::new(schema), Arc::new(properties)).map_err(told)?;
    for group in metadata.row_groups() {
        let rows = u64::try_from(group.num_rows()).unwrap_or(0);
        let mut copy = writer.next_row_group().map_err(told)?;
        for chunk in group.columns().iter().filter(|chunk| columns.has(chunk)) {
            let close = ColumnCloseResult {
                bytes_written: u64::try_from(chunk.compressed_size()).unwrap_or(0),
                rows_written: rows,
                metadata: chunk.clone(),
                bloom_filter: None,
                column_index: None,
                offset_index: None,
            };
            copy.append_column(&source, close).map_err(told)?;
        }
        copy.close().map_err(told)?;
    }
    let file = writer.into_inner().map_err(told)?;
    file.sync_all().map_err(|error| error.to_string())?;
    Ok(u64::try_from(file_metadata.num_rows()).unwrap_or(0))
}
