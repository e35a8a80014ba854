//! How a partition comes to be: written aside, looked at, and only then put in its place.
//!
//! ```text
//! Lake::stage ──▶ Stage ──finish──▶ Staged ──commit──▶ Manifest
//!                 write*              ├──reject──▶ _rejected/
//!                                     └──discard─▶ nothing
//! ```
//!
//! Dropped on the way, or cut off by a crash, it leaves the partition as it was.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::SchemaRef;
use hubcensus_spec::PartitionId;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use tempfile::TempPath;
use url::Url;

use crate::commit::{self, Committed};
use crate::encode::Encoder;
use crate::error::{Error, Result};
use crate::lake::Lake;
use crate::layout;
use crate::manifest::{ColumnFacts, Contents, Facts, FileFacts, Manifest};
use crate::place::file::Scratch;
use crate::place::{Ready, blocking};
use crate::types::{conform, file_schema, plain, type_name};

impl Lake {
    /// Begins a new file for a partition.
    ///
    /// # Errors
    /// [`Error::Type`] and [`Error::FileSpec`] if no such file can be.
    pub async fn stage(&self, id: &PartitionId, spec: FileSpec) -> Result<Stage> {
        Stage::new(self, id, spec).await
    }

    /// Keeps the rows that were set aside on their way in, of whatever types, for people to look
    /// at; removes those of an earlier run when there are none. `metadata` is the file's key-value
    /// metadata. Gives the file, relative to the lake's root.
    ///
    /// Call it while the [`LakeLock`](crate::LakeLock) is held. Dropped on the way, it leaves the old or the new.
    ///
    /// # Errors
    /// [`Error::LockLost`]; the disk's and the store's errors.
    pub async fn put_rejected_rows(
        &self,
        id: &PartitionId,
        batches: &[RecordBatch],
        metadata: Vec<(String, String)>,
    ) -> Result<String> {
        self.ensure_writer()?;
        let path = layout::rejected_rows(id);
        write_plain(self, id, batches, metadata, &path).await?;
        Ok(path)
    }
}

/// What file is to be written.
#[derive(Clone, Debug)]
pub struct FileSpec {
    /// Its columns. Only types that [`type_name`] knows; a field that is not nullable is checked.
    pub schema: SchemaRef,
    /// The columns by which the rows come sorted: ascending, nulls last. Not checked.
    pub sorting: Vec<String>,
    /// Key-value metadata of the file. Whatever varies here makes the bytes vary.
    pub metadata: Vec<(String, String)>,
}

/// A partition being written.
#[derive(Debug)]
pub struct Stage {
    lake: Lake,
    id: PartitionId,
    metadata: Vec<(String, String)>,
    writer: Writer,
}

impl Stage {
    pub(crate) async fn new(lake: &Lake, id: &PartitionId, spec: FileSpec) -> Result<Self> {
        Ok(Self {
            lake: lake.clone(),
            id: id.clone(),
            metadata: spec.metadata.clone(),
            writer: Writer::new(lake, id, spec).await?,
        })
    }

    /// Appends rows. Their order is the order of the file; how they are cut into batches is not
    /// seen in it. Encodes on this thread and on others, so call it where blocking is allowed.
    ///
    /// # Errors
    /// [`Error::Columns`] and [`Error::Null`] if the batch is not what the file was opened for.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.writer.write(batch)
    }

    /// The rows written so far.
    pub fn rows(&self) -> u64 {
        self.writer.rows
    }

    /// Ends the file. It can be read from now on, and is not yet part of the lake.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn finish(self) -> Result<Staged> {
        let (scratch, mut facts) = self.writer.finish()?;
        facts.file = layout::part(&self.id);
        Ok(Staged {
            lake: self.lake,
            id: self.id,
            metadata: self.metadata,
            scratch,
            facts,
        })
    }
}

/// A finished partition that is not yet part of the lake. Dropping it discards it.
#[derive(Debug)]
pub struct Staged {
    lake: Lake,
    id: PartitionId,
    metadata: Vec<(String, String)>,
    scratch: Scratch,
    facts: FileFacts,
}

/// Where a staged file can be read. Valid as long as the [`Staged`] it came from.
#[derive(Clone, Debug)]
pub struct StagedObject {
    /// The store that has it.
    pub store: Arc<dyn ObjectStore>,
    /// What to register the store under.
    pub store_url: Url,
    /// The object in the store.
    pub location: Path,
    /// The file on the local disk.
    pub file: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
}

impl Staged {
    /// Which partition it would be.
    pub fn id(&self) -> &PartitionId {
        &self.id
    }

    /// What was written: rows, bytes, hash, nulls of each column.
    pub fn facts(&self) -> &FileFacts {
        &self.facts
    }

    /// Where the file can be read before it is committed. It lies on the local disk, also when
    /// the lake does not: what is refused is never sent.
    ///
    /// # Errors
    /// [`Error::Address`] if the temporary directory has a name that no URL can hold.
    pub fn object(&self) -> Result<StagedObject> {
        let file = self.scratch.path.to_path_buf();
        let wrong = |why: String| Error::Address {
            address: file.display().to_string(),
            why,
        };
        Ok(StagedObject {
            store: Arc::new(LocalFileSystem::new()),
            store_url: Url::parse("file:///").map_err(|error| wrong(error.to_string()))?,
            location: Path::from_absolute_path(&file).map_err(|error| wrong(error.to_string()))?,
            file: file.clone(),
            bytes: self.facts.bytes,
        })
    }

    /// Puts the file in its place, and its manifest after it.
    ///
    /// The file is replaced in one step. The manifest of an earlier file is removed before, so at
    /// no moment does a manifest stand beside a file that it does not describe; cut off in
    /// between, the partition counts as absent and is made again.
    ///
    /// Call it while the [`LakeLock`](crate::LakeLock) is held. Dropped on the way, the partition
    /// may be left absent.
    ///
    /// # Errors
    /// [`Error::LockLost`] if someone else may be writing; [`Error::InPlace`],
    /// [`Error::Unsettled`]; the disk's and the store's errors, and then the partition is what it
    /// was.
    pub async fn commit(self, facts: Facts) -> Result<Committed> {
        let manifest = Manifest {
            id: self.id,
            contents: Contents::File(self.facts),
            facts,
        };
        commit::commit(&self.lake, manifest, Some(self.scratch)).await
    }

    /// Puts the file and the rows that broke a rule, by the name of the check, under `_rejected/`
    /// for people to look at, with the file's metadata; the partition stays as it was. Gives the folder, relative to the
    /// lake's root.
    ///
    /// Call it while the [`LakeLock`](crate::LakeLock) is held. Dropped on the way, it leaves some
    /// of the files.
    ///
    /// # Errors
    /// [`Error::FileName`] if a check's name cannot be part of a file's name; the disk's and the
    /// store's errors.
    pub async fn reject(self, violations: &[(String, Vec<RecordBatch>)]) -> Result<String> {
        let Self {
            lake,
            id,
            metadata,
            scratch,
            ..
        } = self;
        lake.ensure_writer()?;
        lake.clear_rejected(&id).await?;
        lake.place()
            .publish(Ready::File(scratch), &layout::rejected_part(&id))
            .await?;
        for (check, batches) in violations {
            let path = layout::violations(&id, check)?;
            write_plain(&lake, &id, batches, metadata.clone(), &path).await?;
        }
        Ok(layout::rejected(&id))
    }

    /// Forgets the file. The same as dropping it, but says what goes wrong.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn discard(self) -> Result<()> {
        let path = self.scratch.path.to_path_buf();
        self.scratch
            .path
            .close()
            .map_err(Error::io("remove", &path))
    }
}

/// Writes rows of any type to `path`; removes it if there is none.
pub(crate) async fn write_plain(
    lake: &Lake,
    id: &PartitionId,
    batches: &[RecordBatch],
    metadata: Vec<(String, String)>,
    path: &str,
) -> Result<()> {
    let Some(first) = batches.iter().find(|batch| batch.num_rows() > 0) else {
        lake.place().remove(path).await?;
        return Ok(());
    };
    let spec = FileSpec {
        schema: plain(first)?.schema(),
        sorting: Vec::new(),
        metadata,
    };
    let mut writer = Writer::new(lake, id, spec).await?;
    let batches = batches.to_vec();
    let (scratch, _) = blocking(move || {
        for batch in batches.iter().filter(|batch| batch.num_rows() > 0) {
            writer.write(&plain(batch)?)?;
        }
        writer.finish()
    })
    .await?;
    lake.place().publish(Ready::File(scratch), path).await?;
    Ok(())
}

/// A Parquet file being written, whatever becomes of it.
struct Writer {
    encoder: Encoder<Hashed>,
    path: TempPath,
    schema: SchemaRef,
    sorting: Vec<String>,
    rows: u64,
    nulls: Vec<u64>,
}

impl Writer {
    async fn new(lake: &Lake, id: &PartitionId, spec: FileSpec) -> Result<Self> {
        let schema = file_schema(&spec.schema)?;
        let sorting = sorting(id, &schema, &spec.sorting)?;
        let prefix = format!("{}.{}.", id.table, id.date);
        let scratch = lake.place().scratch(prefix).await?;
        let hashed = Hashed {
            file: scratch.file,
            bytes: 0,
            hasher: blake3::Hasher::new(),
        };
        let encoder = Encoder::new(hashed, Arc::clone(&schema), &sorting, spec.metadata)
            .map_err(Error::parquet(&scratch.path))?;
        Ok(Self {
            encoder,
            path: scratch.path,
            nulls: vec![0; schema.fields().len()],
            schema,
            sorting: spec.sorting,
            rows: 0,
        })
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let batch = conform(batch, &self.schema, self.rows)?;
        for (nulls, column) in self.nulls.iter_mut().zip(batch.columns()) {
            *nulls += column.null_count() as u64;
        }
        self.rows += batch.num_rows() as u64;
        self.encoder
            .write(&batch)
            .map_err(Error::parquet(&self.path))
    }

    fn finish(self) -> Result<(Scratch, FileFacts)> {
        let hashed = self.encoder.finish().map_err(Error::parquet(&self.path))?;
        let columns = self.schema.fields().iter().zip(self.nulls);
        let columns = columns.map(|(field, nulls)| ColumnFacts {
            name: field.name().clone(),
            nullable: field.is_nullable(),
            nulls,
            type_name: type_name(field.data_type()).unwrap_or_default().to_owned(),
        });
        let facts = FileFacts {
            file: String::new(),
            bytes: hashed.bytes,
            blake3: hashed.hasher.finalize().to_hex().to_string(),
            rows: self.rows,
            columns: columns.collect(),
            sorting: self.sorting,
        };
        let scratch = Scratch {
            file: hashed.file,
            path: self.path,
            durable: false,
        };
        Ok((scratch, facts))
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer")
            .field("path", &self.path)
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

/// The columns to sort by, as indices.
fn sorting(id: &PartitionId, schema: &SchemaRef, names: &[String]) -> Result<Vec<usize>> {
    let wrong = |why: String| Error::FileSpec {
        table: id.table.to_string(),
        why,
    };
    let fields = schema.fields();
    if fields.is_empty() {
        return Err(wrong("it has no columns".to_owned()));
    }
    for (index, field) in fields.iter().enumerate() {
        if fields.iter().take(index).any(|f| f.name() == field.name()) {
            return Err(wrong(format!("it has two columns `{}`", field.name())));
        }
    }
    let index = |name: &String| {
        let index = schema.index_of(name).map_err(|_| {
            wrong(format!(
                "it is sorted by `{name}`, which is no column of it"
            ))
        })?;
        match type_name(schema.field(index).data_type()) {
            Some("list<utf8>") => Err(wrong(format!("it is sorted by `{name}`, which is a list"))),
            _ => Ok(index),
        }
    };
    names.iter().map(index).collect()
}

/// A file that is hashed as it is written.
struct Hashed {
    file: File,
    bytes: u64,
    hasher: blake3::Hasher,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(bytes.get(..written).unwrap_or_default());
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
