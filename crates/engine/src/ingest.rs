//! From a source's file to a staged partition of an ingest table: read, map,
//! set aside what breaks the rules, order, write.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array as _, AsArray as _, BooleanArray, Int64Array, RecordBatch};
use arrow::compute::{concat_batches, filter_record_batch, is_null, not};
use arrow::datatypes::{Int64Type, SchemaRef};
use datafusion::catalog::streaming::StreamingTable;
use datafusion::common::{Column, DFSchema, DataFusionError};
use datafusion::dataframe::DataFrame;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::{Expr, ExprFunctionExt as _, cast, lit, when};
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::streaming::PartitionStream;
use datafusion::prelude::ident;
use datafusion::scalar::ScalarValue;
use futures::StreamExt as _;
use hubcensus_hub::read::{self, Partition};
use hubcensus_lake::{Lake, Staged};
use hubcensus_spec::{Contract, Format, IngestTable, RejectRule, SnapshotDate, Source};

use crate::audit;
use crate::generated;
use crate::input::{FoundSource, Inputs, LocalFile};
use crate::make::{self, Writer};
use crate::outcome::{StepError, json_rows};
use crate::rejects::{RejectLog, Rejected};
use crate::resolve::{self, Made, MadeFrom, Resolved};
use crate::run::Rows;
use crate::session::Tables;
use crate::source_schema;
use crate::sql::{REJECT, ROW, SOURCE};

/// The reason of a row whose key the file had already.
const DUPLICATE: &str = "duplicate_key";

/// What is being ingested.
pub(crate) struct Ingest<'a> {
    pub(crate) resolved: &'a Resolved,
    pub(crate) lake: &'a Lake,
    pub(crate) inputs: &'a Inputs,
    pub(crate) table: &'a IngestTable,
    pub(crate) made: &'a Made,
    pub(crate) date: SnapshotDate,
}

/// A staged partition, and the rows that did not come into it.
pub(crate) struct Ingested {
    pub(crate) staged: Result<Staged, StepError>,
    pub(crate) rejects: RejectLog,
    pub(crate) address: String,
    /// What the file says of its being generated.
    pub(crate) generated: Option<String>,
}

impl Ingest<'_> {
    /// Reads the date's file into staging.
    ///
    /// # Errors
    ///
    /// A file that cannot be had at all; what is wrong with its rows comes with
    /// the rows that were set aside.
    pub(crate) async fn run(&self, rows: &Rows<'_>) -> Result<Ingested, StepError> {
        let file = self.inputs.file(self.date).map_err(StepError::Unreadable)?;
        let (found, from) = self
            .inputs
            .made(self.resolved)
            .ok_or_else(|| StepError::Unreadable("no source is given".to_owned()))?;
        let source = self
            .resolved
            .project
            .sources
            .get(from.index)
            .ok_or_else(|| StepError::Unreadable(format!("no source `{}`", found.name)))?;
        let local = file.fetch().await?;
        let rejects = RejectLog::default();
        let staged = self
            .stage(source, found, from, &local, &file.address, &rejects, rows)
            .await;
        let generated = generated::note(local.path(), &file.address);
        Ok(Ingested {
            staged,
            rejects,
            address: file.address.clone(),
            generated,
        })
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one call, the parts of one ingest"
    )]
    async fn stage(
        &self,
        source: &Source,
        found: &FoundSource,
        from: &MadeFrom,
        local: &LocalFile,
        address: &str,
        rejects: &RejectLog,
        rows: &Rows<'_>,
    ) -> Result<Staged, StepError> {
        let unreadable = |error: read::ReadError| StepError::Unreadable(error.to_string());
        let request = read::Request::new(source_schema::fields(source), format(source));
        let reader = read::open(local.path(), address, &request).map_err(unreadable)?;
        let table = streaming(reader, self.resolved.session.cores(), rejects)?;
        let frame = self.mapped(source, from, Arc::new(table)).await?;
        let mut stream = frame.execute_stream().await?;
        let rules = source.rejects.iter().chain(&self.table.rejects);
        let mut splitter = Splitter::new(&self.table.contract, rules, rejects.clone());
        let mut writer = Writer::open(
            self.lake,
            &self.table.name.value,
            &self.table.contract,
            self.made,
            self.date,
        )
        .await?;
        let written: Result<(), StepError> = async {
            while let Some(batch) = stream.next().await {
                writer.write(&splitter.good(&batch?)?)?;
                rows.seen(writer.rows);
            }
            self.within_limit(writer.rows, address, rejects)
        }
        .await;
        tracing::debug!(source = found.name, rows = rejects.rows_read(), "read");
        match written {
            Ok(()) => writer.finish().await,
            Err(error) => Err(error),
        }
    }

    /// The file's rows as the contract has them, each with its place and the
    /// reason for which it is set aside, if any; by key and place.
    async fn mapped(
        &self,
        source: &Source,
        from: &MadeFrom,
        raw: Arc<StreamingTable>,
    ) -> Result<DataFrame, StepError> {
        let session = &self.resolved.session;
        let mut tables = Tables::default();
        for name in &from.references {
            if let Some(reference) = self.resolved.references.get(name) {
                tables.insert(name.clone(), reference.table()?);
            }
        }
        let context = datafusion::prelude::SessionContext::new_with_state(session.seeing(&tables)?);
        let raw = context.read_table(raw)?;
        let reject = reason(&self.rules(&source.rejects, raw.schema())?, None)?;
        let mut columns: Vec<Expr> = raw
            .schema()
            .columns()
            .into_iter()
            .map(Expr::Column)
            .collect();
        columns.push(reject.alias(REJECT));
        tables.insert_bare(SOURCE, raw.select(columns)?.into_view());

        let statement = from
            .query
            .bind(&resolve::parameters(&[], Some(self.date)))?;
        let (state, plan) = session.plan(statement, &tables).await?;
        let frame = DataFrame::new(state, plan);
        let mut columns = make::projection(&self.table.contract);
        columns.push(cast(ident(ROW), arrow::datatypes::DataType::Int64).alias(ROW));
        columns.push(ident(REJECT));
        let frame = frame.select(columns)?;
        let mut rules = self.rules(&self.table.rejects, frame.schema())?;
        rules.extend(missing(&self.table.contract));
        let reject = reason(&rules, Some(ident(REJECT)))?;
        let (frame, reject) = self.numbered(frame, reject)?;
        let mut columns: Vec<Expr> = self
            .table
            .contract
            .columns
            .iter()
            .map(|column| ident(column.name.as_str()))
            .collect();
        columns.push(ident(ROW));
        columns.push(reject.alias(REJECT));
        let mut order: Vec<_> = self
            .table
            .contract
            .sort
            .iter()
            .map(|column| ident(column.as_str()).sort(true, false))
            .collect();
        order.push(ident(ROW).sort(true, false));
        Ok(frame.select(columns)?.sort(order)?)
    }

    /// Where the key does not lead the table's order, repeated keys are no
    /// neighbours in it: they are told by their number among the rows of a key
    /// that are not set aside, in the file's order.
    fn numbered(
        &self,
        frame: DataFrame,
        reject: Expr,
    ) -> Result<(DataFrame, Expr), DataFusionError> {
        const NUMBER: &str = "_number";
        let contract = &self.table.contract;
        let leads = contract.sort.len() == contract.key.len();
        if leads {
            return Ok((frame, reject));
        }
        let schema = Arc::clone(frame.schema().inner());
        let mut columns: Vec<Expr> = schema
            .fields()
            .iter()
            .filter(|field| field.name() != REJECT)
            .map(|field| ident(field.name()))
            .collect();
        columns.push(reject.alias(REJECT));
        let frame = frame.select(columns)?;
        let mut group: Vec<Expr> = contract
            .key
            .iter()
            .map(|column| ident(column.as_str()))
            .collect();
        group.push(ident(REJECT).is_null());
        let number = row_number()
            .partition_by(group)
            .order_by(vec![ident(ROW).sort(true, false)])
            .build()?
            .alias(NUMBER);
        let repeated = ident(REJECT).is_null().and(ident(NUMBER).gt(lit(1_u64)));
        let reject = when(repeated, lit(DUPLICATE)).otherwise(ident(REJECT))?;
        Ok((frame.window(vec![number])?, reject))
    }

    fn rules(
        &self,
        rules: &[RejectRule],
        schema: &DFSchema,
    ) -> Result<Vec<(String, Expr)>, DataFusionError> {
        rules
            .iter()
            .map(|rule| {
                let condition = resolve::condition(
                    &self.resolved.session,
                    &rule.condition,
                    &unqualified(schema)?,
                )?;
                Ok((rule.reason.value.clone(), condition))
            })
            .collect()
    }

    fn within_limit(&self, kept: u64, address: &str, rejects: &RejectLog) -> Result<(), StepError> {
        let rejected: u64 = rejects.counts().values().sum();
        let rows = kept + rejected;
        if rows == 0 {
            return Err(StepError::Unreadable(format!(
                "{address} holds no rows; a snapshot has at least one"
            )));
        }
        let limit = self.table.reject_limit;
        // A share such as 0.29 is no double: what it means of 100 rows is 29.
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a row count, within 2^53"
        )]
        let allowed = ((rows as f64 * limit.share + 1e-6) as u64).max(limit.rows);
        if rejected > allowed {
            return Err(StepError::TooManyRejected {
                address: address.to_owned(),
                rejected,
                rows,
                limit: allowed,
            });
        }
        Ok(())
    }
}

/// Conditions are written over bare column names.
fn unqualified(schema: &DFSchema) -> Result<DFSchema, DataFusionError> {
    DFSchema::try_from(Arc::clone(schema.inner()))
}

fn format(source: &Source) -> read::Format {
    match source.format {
        Format::Parquet => read::Format::Parquet,
        Format::Ndjson => read::Format::Ndjson,
        Format::Json => read::Format::Json {
            rows: source.rows.clone(),
        },
        Format::Csv => read::Format::Csv,
    }
}

/// The reason of the first rule that a row meets, else what was there before,
/// else null.
fn reason(rules: &[(String, Expr)], before: Option<Expr>) -> Result<Expr, DataFusionError> {
    let none = lit(ScalarValue::Utf8(None));
    let mut arms = Vec::new();
    if let Some(before) = before {
        arms.push((Box::new(before.clone().is_not_null()), Box::new(before)));
    }
    for (reason, condition) in rules {
        arms.push((Box::new(condition.clone()), Box::new(lit(reason.as_str()))));
    }
    if arms.is_empty() {
        return Ok(none);
    }
    Ok(Expr::Case(datafusion::logical_expr::Case::new(
        None,
        arms,
        Some(Box::new(none)),
    )))
}

/// A null where the contract has none sets the row aside.
fn missing(contract: &Contract) -> Vec<(String, Expr)> {
    contract
        .columns
        .iter()
        .filter(|column| !column.nullable)
        .map(|column| {
            let name = column.name.as_str();
            (
                format!("missing_{name}"),
                Expr::Column(Column::from_name(name)).is_null(),
            )
        })
        .collect()
}

/// A file's partitions as a table that can be read once.
fn streaming(
    reader: read::Reader,
    partitions: usize,
    rejects: &RejectLog,
) -> Result<StreamingTable, DataFusionError> {
    let schema = reader.schema();
    let partitions = reader
        .split(partitions)
        .into_iter()
        .map(|partition| -> Arc<dyn PartitionStream> {
            Arc::new(FilePart {
                schema: Arc::clone(&schema),
                partition: Mutex::new(Some(partition)),
                rejects: rejects.clone(),
            })
        })
        .collect();
    StreamingTable::try_new(schema, partitions)
}

struct FilePart {
    schema: SchemaRef,
    partition: Mutex<Option<Partition>>,
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
        let partition = self
            .partition
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let rejects = self.rejects.clone();
        let mut builder = RecordBatchReceiverStream::builder(Arc::clone(&self.schema), 2);
        let sender = builder.tx();
        builder.spawn_blocking(move || {
            for chunk in partition.into_iter().flatten() {
                let chunk = chunk.map_err(|e| DataFusionError::External(Box::new(e)))?;
                rejects.read((chunk.batch.num_rows() + chunk.rejects.len()) as u64);
                for reject in chunk.rejects {
                    rejects.add(Rejected {
                        row: reject.row,
                        reason: reject.reason.as_str().to_owned(),
                        detail: reject.detail,
                        content: reject.content,
                    });
                }
                if sender.blocking_send(Ok(chunk.batch)).is_err() {
                    break;
                }
            }
            Ok(())
        });
        builder.build()
    }
}

/// Parts the good rows from those that are set aside, duplicates of the key
/// among them. Sees the rows in the order of the key.
struct Splitter {
    key: Vec<String>,
    details: BTreeMap<String, String>,
    last: Option<RecordBatch>,
    rejects: RejectLog,
}

impl Splitter {
    fn new<'r>(
        contract: &Contract,
        rules: impl Iterator<Item = &'r RejectRule>,
        rejects: RejectLog,
    ) -> Self {
        let mut details: BTreeMap<String, String> = rules
            .map(|rule| {
                let said = rule.description.as_ref().unwrap_or(&rule.condition.text);
                (rule.reason.value.clone(), said.trim().to_owned())
            })
            .collect();
        details.insert(
            DUPLICATE.to_owned(),
            "an earlier row of the file has this key; the first one stays".to_owned(),
        );
        Self {
            key: contract
                .key
                .iter()
                .map(|column| column.value.clone())
                .collect(),
            details,
            last: None,
            rejects,
        }
    }

    /// The rows that stay, without the columns that tell.
    fn good(&mut self, batch: &RecordBatch) -> Result<RecordBatch, DataFusionError> {
        let width = batch.num_columns() - 2;
        let reasons = batch.column(width + 1);
        let mut kept = batch.clone();
        if reasons.null_count() < batch.num_rows() {
            let fits = is_null(reasons)?;
            self.set_aside(&filter_record_batch(batch, &not(&fits)?)?, None)?;
            kept = filter_record_batch(batch, &fits)?;
        }
        let first = self.first_of_key(&kept)?;
        if first.true_count() < kept.num_rows() {
            self.set_aside(&filter_record_batch(&kept, &not(&first)?)?, Some(DUPLICATE))?;
            kept = filter_record_batch(&kept, &first)?;
        }
        let columns: Vec<usize> = (0..width).collect();
        Ok(kept.project(&columns)?)
    }

    fn first_of_key(&mut self, batch: &RecordBatch) -> Result<BooleanArray, DataFusionError> {
        if batch.num_rows() == 0 {
            return Ok(BooleanArray::from(Vec::<bool>::new()));
        }
        let indices = self
            .key
            .iter()
            .map(|name| batch.schema().index_of(name))
            .collect::<Result<Vec<_>, _>>()?;
        let keys = batch.project(&indices)?;
        let first = match &self.last {
            Some(last) => {
                let joined = concat_batches(&keys.schema(), [last, &keys])?;
                not(&audit::repeats(&joined)?)?
            }
            None => {
                let repeats = audit::repeats(&keys)?;
                std::iter::once(Some(true))
                    .chain(repeats.iter().map(|same| same.map(|same| !same)))
                    .collect()
            }
        };
        self.last = Some(keys.slice(keys.num_rows() - 1, 1));
        Ok(first)
    }

    fn set_aside(
        &mut self,
        rows: &RecordBatch,
        reason: Option<&str>,
    ) -> Result<(), DataFusionError> {
        let width = rows.num_columns() - 2;
        let content = json_rows(&rows.project(&(0..width).collect::<Vec<_>>())?);
        let places: &Int64Array = rows.column(width).as_primitive::<Int64Type>();
        let reasons = rows.column(width + 1).as_string::<i32>();
        for (row, content) in content.into_iter().enumerate() {
            let reason = match reason {
                Some(reason) => reason,
                None => reasons.value(row),
            };
            self.rejects.add(Rejected {
                row: u64::try_from(places.value(row)).unwrap_or(0),
                reason: reason.to_owned(),
                detail: self.details.get(reason).cloned().unwrap_or_default(),
                content,
            });
        }
        Ok(())
    }
}
