//! Parquet: which columns are read, and which rows by whom.

mod checksum;
mod nesting;
mod thrift;

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::basic::{ConvertedType, LogicalType, Repetition};
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};
use parquet::schema::types::Type;

use super::error::{Place, ReadError};
use super::input::Input;
use super::plan::names;
use super::quiet::caught;
use super::survey::Survey;
use super::{Chunk, Request, Step, cast};

const MAGIC: &[u8] = b"PAR1";
/// How many names of columns a message shows.
const SHOWN_COLUMNS: usize = 20;

/// A file that several threads read at places of their own. (Clones of a [`File`] share one
/// position.)
#[derive(Clone)]
struct Shared {
    file: Arc<Mutex<File>>,
    length: u64,
}

impl Shared {
    fn read_at(&self, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(at))?;
        file.read(buf)
    }
}

/// A shared file from some place on.
struct Placed {
    shared: Shared,
    at: u64,
}

impl Read for Placed {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.shared.read_at(self.at, buf)?;
        self.at += n as u64;
        Ok(n)
    }
}

impl Length for Shared {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for Shared {
    type T = BufReader<Placed>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(BufReader::new(Placed {
            shared: self.clone(),
            at: start,
        }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        // A damaged footer may ask for more than there is memory for.
        if start
            .checked_add(length as u64)
            .is_none_or(|end| end > self.length)
        {
            return Err(ParquetError::EOF(format!(
                "bytes {start} and {length} more are not all in the file"
            )));
        }
        let mut bytes = vec![0; length];
        Placed {
            shared: self.clone(),
            at: start,
        }
        .read_exact(&mut bytes)?;
        Ok(bytes.into())
    }
}

/// A Parquet file.
pub(super) struct ParquetSource {
    file: String,
    shared: Shared,
    metadata: ArrowReaderMetadata,
    wanted: cast::Wanted,
    survey: Arc<Survey>,
    leaves: Vec<usize>,
    batch_rows: usize,
}

impl ParquetSource {
    pub(super) fn open(
        input: Input,
        request: &Request,
        survey: Arc<Survey>,
    ) -> Result<Self, ReadError> {
        const EXPECTED: &str = "a Parquet file";
        if !input.head().starts_with(MAGIC) {
            let help = "correct the format in the source's entry, or fetch it again";
            return Err(input.not(EXPECTED, input.found(), help));
        }
        let file = input.file.clone();
        let (plain, length) = input.into_file()?;
        let shared = Shared {
            file: Arc::new(Mutex::new(plain)),
            length,
        };
        let mut tail = [0; 8];
        let read = Placed {
            shared: shared.clone(),
            at: length.saturating_sub(8),
        }
        .read_exact(&mut tail);
        let [footer @ .., _, _, _, _] = tail;
        if length < 12 || read.is_err() || !tail.ends_with(MAGIC) {
            if let Some(source) = read.err().filter(|_| length >= 12) {
                return Err(ReadError::Io {
                    file,
                    place: Place::at_byte(length),
                    source,
                });
            }
            return Err(ReadError::CutOff {
                file,
                place: Place::at_byte(length),
                detail: "a Parquet file ends with its footer and PAR1, this one does not"
                    .to_owned(),
            });
        }
        refuse_deep(&file, &shared, u64::from(u32::from_le_bytes(footer)))?;

        // Types come from the file's own schema alone: with the writer's Arrow schema they would
        // be large, view and dictionary types too.
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let metadata = guarded(&file, Place::at_byte(length), || {
            ArrowReaderMetadata::load(&shared, options)
        })?;
        let root = metadata.parquet_schema().root_schema();
        see_members(root, "", &survey);
        let mut leaves = Vec::new();
        for field in &request.fields {
            let before = leaves.len();
            wanted_leaves(root, &field.path, 0, &mut leaves);
            if leaves.len() == before {
                members_leaves(root, &field.path, &mut leaves);
            }
        }
        leaves.sort_unstable();
        leaves.dedup();
        if leaves.is_empty() && !request.fields.is_empty() {
            let list = |names: Vec<String>| super::reject::shown(&names.join(", "));
            let wanted = request
                .fields
                .iter()
                .map(|field| Step::show_path(&field.path))
                .collect();
            let found = root
                .get_fields()
                .iter()
                .take(SHOWN_COLUMNS)
                .map(|field| field.name().to_owned())
                .collect();
            return Err(ReadError::NotWhatItSays {
                file,
                expected: format!("a Parquet file with some of the columns {}", list(wanted)),
                found: format!("the columns {}", list(found)),
                help: "correct the paths in the source's entry".to_owned(),
            });
        }
        Ok(ParquetSource {
            file,
            shared,
            metadata,
            wanted: cast::Wanted {
                fields: request.fields.clone(),
                schema: request.schema(),
                null_values: request.null_values.clone(),
            },
            survey,
            leaves,
            batch_rows: request.batch_rows.max(1),
        })
    }

    pub(super) fn rows(&self) -> u64 {
        u64::try_from(self.metadata.metadata().file_metadata().num_rows()).unwrap_or(0)
    }

    /// At most `n` ranges of rows. A range ends where a row group does if one ends nearby:
    /// elsewhere the readers of both ranges decode part of the group in between.
    pub(super) fn split(self, n: usize) -> Vec<ParquetRows> {
        let mut group_ends = vec![0];
        for group in self.metadata.metadata().row_groups() {
            let rows = u64::try_from(group.num_rows()).unwrap_or(0);
            group_ends.push(group_ends[group_ends.len() - 1] + rows);
        }
        let rows = group_ends[group_ends.len() - 1];
        let n = (n as u64).min(rows.div_ceil(self.batch_rows as u64)).max(1);
        let near = rows / n / 8;
        let cut = |part: u64| {
            // Widened: rows of a damaged footer times a part may exceed a u64.
            let even = (u128::from(rows) * u128::from(part) / u128::from(n)) as u64;
            let nearest = group_ends
                .iter()
                .copied()
                .min_by_key(|end| end.abs_diff(even))
                .unwrap_or(even);
            if nearest.abs_diff(even) <= near {
                nearest
            } else {
                even
            }
        };
        let source = Arc::new(self);
        let rows = |part: u64| ParquetRows {
            range: cut(part)..if part + 1 == n { rows } else { cut(part + 1) },
            source: Arc::clone(&source),
            group_ends: group_ends.clone(),
            reader: None,
        };
        (0..n).map(rows).collect()
    }
}

/// A range of a Parquet file's rows.
pub(super) struct ParquetRows {
    source: Arc<ParquetSource>,
    /// The rows that are still to be read, from 0.
    range: Range<u64>,
    /// Where each row group ends, after a 0.
    group_ends: Vec<u64>,
    reader: Option<ParquetRecordBatchReader>,
}

impl ParquetRows {
    pub(super) fn chunk(&mut self) -> Result<Option<Chunk>, ReadError> {
        if self.range.is_empty() {
            return Ok(None);
        }
        let source = Arc::clone(&self.source);
        let place = Place::default().in_row(self.range.start + 1);
        let mut reader = match self.reader.take() {
            Some(reader) => reader,
            None => {
                self.verify(place)?;
                guarded(&source.file, place, || self.open_reader())?
            }
        };
        let batch = guarded(&source.file, place, || {
            reader.next().transpose().map_err(ParquetError::from)
        })?;
        let Some(batch) = batch else {
            return Err(ReadError::CutOff {
                file: source.file.clone(),
                place,
                detail: format!("its footer promises rows up to {}", self.range.end),
            });
        };
        let first = self.range.start + 1;
        self.range.start += batch.num_rows() as u64;
        self.reader = Some(reader);
        guarded(&source.file, place, || {
            Ok(cast::chunk(&batch, &source.wanted, &source.survey, first)?)
        })
        .map(Some)
    }

    /// Compares the pages that are read with their checksums. A row group is looked at by whoever
    /// reads its first row.
    fn verify(&self, place: Place) -> Result<(), ReadError> {
        let source = &self.source;
        for (group, start) in self.group_ends.iter().enumerate() {
            if !self.range.contains(start) || group + 1 == self.group_ends.len() {
                continue;
            }
            for &leaf in &source.leaves {
                let wrong = guarded(&source.file, place, || {
                    let chunk = source.metadata.metadata().row_group(group).column(leaf);
                    let wrong = checksum::first_wrong(&source.shared, chunk)?;
                    Ok(wrong.map(|wrong| (wrong, chunk.column_path().string())))
                })?;
                if let Some((wrong, column)) = wrong {
                    return Err(ReadError::Damaged {
                        file: source.file.clone(),
                        place: Place {
                            byte: wrong.byte,
                            ..place
                        },
                        detail: format!(
                            "a page of column `{column}` should have the checksum {:08x}, and has {:08x}",
                            wrong.stated, wrong.found
                        ),
                        help: "fetch it again".to_owned(),
                    });
                }
            }
        }
        Ok(())
    }

    fn open_reader(&self) -> Result<ParquetRecordBatchReader, ParquetError> {
        let source = &self.source;
        let Range { start, end } = self.range;
        let overlaps =
            |group: &usize| self.group_ends[*group] < end && self.group_ends[group + 1] > start;
        let groups: Vec<_> = (0..self.group_ends.len() - 1).filter(overlaps).collect();
        let before = groups.first().map_or(0, |&group| self.group_ends[group]);
        let rows = |rows: u64| {
            usize::try_from(rows).map_err(|error| ParquetError::General(error.to_string()))
        };
        ParquetRecordBatchReaderBuilder::new_with_metadata(
            source.shared.clone(),
            source.metadata.clone(),
        )
        .with_projection(ProjectionMask::leaves(
            source.metadata.parquet_schema(),
            source.leaves.iter().copied(),
        ))
        .with_batch_size(source.batch_rows)
        .with_row_groups(groups)
        .with_offset(rows(start - before)?)
        .with_limit(rows(end - start)?)
        .build()
    }
}

/// Refuses a file whose schema is nested deeper than it can be built.
fn refuse_deep(file: &str, shared: &Shared, footer: u64) -> Result<(), ReadError> {
    let metadata = match shared.length.checked_sub(footer + 8) {
        Some(start) => guarded(file, Place::at_byte(start), || {
            shared.get_bytes(start, usize::try_from(footer).unwrap_or(usize::MAX))
        })?,
        // What the decoder says of that is clear.
        None => return Ok(()),
    };
    match nesting::of_footer(&metadata).filter(|depth| *depth > nesting::MOST_NESTING) {
        None => Ok(()),
        Some(depth) => Err(ReadError::NotWhatItSays {
            file: file.to_owned(),
            expected: format!(
                "columns nested at most {} levels deep",
                nesting::MOST_NESTING
            ),
            found: format!("a schema of {depth} levels"),
            help: "write it anew without the columns that are not read".to_owned(),
        }),
    }
}

/// Runs a step of the Parquet decoder. A damaged file can bring it to panic; that is an error too.
fn guarded<T>(
    file: &str,
    place: Place,
    step: impl FnOnce() -> Result<T, ParquetError>,
) -> Result<T, ReadError> {
    let detail = match caught(step) {
        Some(Ok(value)) => return Ok(value),
        Some(Err(error)) => error.to_string(),
        None => "the Parquet decoder gave up".to_owned(),
    };
    Err(ReadError::Damaged {
        file: file.to_owned(),
        place,
        detail,
        help: "fetch it again, or write it anew with another tool".to_owned(),
    })
}

/// Adds the leaves that `steps` lead to from a type whose first leaf is `first`. Where the file's
/// shape is not that of the path, all that is there is read, so that it can be refused row by row.
fn wanted_leaves(at: &Type, steps: &[Step], first: usize, leaves: &mut Vec<usize>) {
    let list_member = list_member(at);
    match (steps.split_first(), list_member) {
        (Some((Step::Each, rest)), Some(member)) => wanted_leaves(member, rest, first, leaves),
        (Some((Step::Each, rest)), None) => wanted_leaves(at, rest, first, leaves),
        (Some((Step::Key(_), _)), None) if at.is_group() && !is_map(at) => {
            let mut next = first;
            for member in at.get_fields() {
                for (_, rest) in names(steps).filter(|(name, _)| name == member.name()) {
                    wanted_leaves(member, rest, next, leaves);
                }
                next += leaf_count(member);
            }
        }
        _ => leaves.extend(first..first + leaf_count(at)),
    }
}

/// Adds the leaves of the columns that are members of the object at a path, one by one.
fn members_leaves(root: &Type, path: &[Step], leaves: &mut Vec<usize>) {
    let start = format!("{}.", Step::show_path(path));
    let mut next = 0;
    for member in root.get_fields() {
        if member.name().starts_with(&start) {
            leaves.extend(next..next + leaf_count(member));
        }
        next += leaf_count(member);
    }
}

/// Tells the survey what the file has.
fn see_members(at: &Type, above: &str, survey: &Survey) {
    for member in at.get_fields() {
        let path = format!("{above}{}", member.name());
        let is_object = member.is_group() && list_member(member).is_none() && !is_map(member);
        if survey.see(&path) && is_object {
            see_members(member, &format!("{path}."), survey);
        }
    }
}

fn leaf_count(at: &Type) -> usize {
    if at.is_group() {
        at.get_fields()
            .iter()
            .map(|member| leaf_count(member))
            .sum()
    } else {
        1
    }
}

/// The type of a list's members, of a list in the usual three levels.
fn list_member(at: &Type) -> Option<&Type> {
    let info = at.get_basic_info();
    let is_list = info.converted_type() == ConvertedType::LIST
        || info.logical_type_ref() == Some(&LogicalType::List);
    let [repeated] = (if at.is_group() && is_list {
        at.get_fields()
    } else {
        &[]
    }) else {
        return None;
    };
    let repeats = repeated.get_basic_info().repetition() == Repetition::REPEATED;
    match if repeated.is_group() {
        repeated.get_fields()
    } else {
        &[]
    } {
        [member] if repeats => Some(member),
        _ => None,
    }
}

fn is_map(at: &Type) -> bool {
    let info = at.get_basic_info();
    matches!(
        info.converted_type(),
        ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE
    ) || info.logical_type_ref() == Some(&LogicalType::Map)
}
