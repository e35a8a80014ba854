//! From a source's file to a staged partition of an ingest table: read, map,
//! set aside what breaks the rules, order, write.

mod files;
mod findings;
mod limit;
mod splitter;

use std::sync::Arc;

use datafusion::catalog::streaming::StreamingTable;
use datafusion::common::{Column, DFSchema, DataFusionError};
use datafusion::dataframe::DataFrame;
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::{Expr, ExprFunctionExt as _, cast, lit, when};
use datafusion::prelude::ident;
use datafusion::scalar::ScalarValue;
use futures::StreamExt as _;
use hubcensus_lake::Lake;
use hubcensus_spec::{Contract, IngestTable, PartitionId, RejectRule, Source, missing_reason};

use crate::audit::violation::Violation;
use crate::origin::DataOrigin;
use crate::plan::description::Description;
use crate::plan::input::Inputs;
use crate::query::condition::condition;
use crate::query::frame;
use crate::query::parameters::parameters;
use crate::query::session::Tables;
use crate::query::source_schema;
use crate::query::sql::{REJECT, ROW, SOURCE};
use crate::resolve::resolved::{Recipe, Resolved, ResolvedSource};
use crate::run::event::RowProgress;
use crate::run::ingest::files::{Files, ToRead};
use crate::run::ingest::limit::RowCounts;
use crate::run::ingest::splitter::{DUPLICATE, Splitter};
use crate::run::rejects::RejectLog;
use crate::run::step_error::StepError;
use crate::run::writer::{StagedPartition, Writer};

/// What is being ingested.
pub(crate) struct Ingest<'a> {
    pub(crate) resolved: &'a Resolved,
    pub(crate) lake: &'a Lake,
    pub(crate) inputs: &'a Inputs,
    pub(crate) table: &'a IngestTable,
    pub(crate) recipe: &'a Recipe,
    pub(crate) id: &'a PartitionId,
}

/// What files are read as.
#[derive(Clone, Copy)]
struct Reading<'a> {
    from: &'a ResolvedSource,
    /// The source as the files' description has it.
    source: &'a Source,
    /// How messages call the files.
    shown: &'a str,
    rejects: &'a RejectLog,
    origin: &'a DataOrigin,
}

/// What came of files that could be read.
struct ReadFile {
    staged: StagedPartition,
    warnings: Vec<Violation>,
}

/// A staged partition, and the rows that did not come into it.
pub(crate) struct Ingested {
    pub(crate) staged: Result<StagedPartition, StepError>,
    pub(crate) rejects: RejectLog,
    /// What is odd in the files but stays in.
    pub(crate) warnings: Vec<Violation>,
    /// The names of the files.
    pub(crate) names: Vec<String>,
    /// Where the data is from.
    pub(crate) origin: DataOrigin,
}

/// A source as the description beside a snapshot's files has it: what part of
/// all there is they have is known better there than of the source as a whole.
fn described(source: &Arc<Source>, description: Option<&Description>) -> Arc<Source> {
    let Some(said) = description else {
        return Arc::clone(source);
    };
    let mut source = Source::clone(source);
    source.coverage = said.coverage;
    source.part.clone_from(&said.part);
    Arc::new(source)
}

impl Ingest<'_> {
    /// Reads the date's files into staging.
    ///
    /// # Errors
    ///
    /// A file that cannot be had at all; what is wrong with its rows comes with
    /// the rows that were set aside.
    pub(crate) async fn run(&self, progress: RowProgress<'_>) -> Result<Ingested, StepError> {
        let files = self.inputs.files(self.id).map_err(StepError::Unreadable)?;
        let from = self
            .inputs
            .resolved(self.resolved, &self.id.table)
            .ok_or_else(|| StepError::Unreadable("no source is given".to_owned()))?;
        let local = files.fetch().await.map_err(StepError::Unreadable)?;
        let rejects = RejectLog::default();
        let to_read = files
            .files()
            .iter()
            .zip(&local)
            .map(|(file, local)| ToRead {
                path: local.path().to_owned(),
                address: file.address.clone(),
            });
        let source = described(&from.source, files.description.as_ref());
        let (staged, origin) = match Files::open(to_read.collect(), source_schema::request(&source))
        {
            Ok(opened) => {
                let origin = DataOrigin::of_source(&source, opened.generated());
                let reading = Reading {
                    from,
                    source: &source,
                    shown: &files.shown,
                    rejects: &rejects,
                    origin: &origin,
                };
                (self.stage(opened, reading, progress).await, origin)
            }
            Err(error) => (
                Err(StepError::Unreadable(error.to_string())),
                DataOrigin::default(),
            ),
        };
        // Whatever was read or not read of a file that changed meanwhile means nothing.
        let unchanged = files.unchanged(&local).await;
        unchanged.map_err(StepError::Unreadable)?;
        let (staged, warnings) = match staged {
            Ok(read) => (Ok(read.staged), read.warnings),
            Err(error) => (Err(error), Vec::new()),
        };
        Ok(Ingested {
            staged,
            rejects,
            warnings,
            names: files.files().iter().map(|f| f.name().to_owned()).collect(),
            origin,
        })
    }

    async fn stage(
        &self,
        files: Files,
        Reading {
            from,
            source,
            shown,
            rejects,
            origin,
        }: Reading<'_>,
        progress: RowProgress<'_>,
    ) -> Result<ReadFile, StepError> {
        let surveys = files.surveys();
        let table = files.table(self.resolved.session.cores(), rejects)?;
        let frame = self.mapped(source, from, Arc::new(table)).await?;
        let mut stream = frame.execute_stream().await?;
        let rules = source.rejects.iter().chain(&self.table.rejects);
        let mut splitter = Splitter::new(&self.table.contract, rules, rejects.clone());
        let mut writer = Writer::open(
            self.lake,
            &self.resolved.session,
            self.id,
            &self.table.contract,
            self.recipe,
            origin,
        )
        .await?;
        let written: Result<(), StepError> = async {
            while let Some(batch) = stream.next().await {
                writer.write(&splitter.good(&batch?)?)?;
                progress.written(writer.rows);
            }
            let counts = RowCounts {
                kept: writer.rows,
                rejected: &rejects.counts(),
            };
            counts.within(
                &self.table.reject_limit,
                &source.reject_limit,
                shown,
                || findings::absent_columns(&surveys.of_files()),
            )
        }
        .await;
        tracing::debug!(
            source = source.name.as_str(),
            rows = rejects.rows_read(),
            "read"
        );
        written?;
        let warnings = findings::warnings(source, &surveys.of_files(), writer.rows);
        Ok(ReadFile {
            staged: writer.finish().await?,
            warnings,
        })
    }

    /// The files' rows as the contract has them, each with its place and the
    /// reason for which it is set aside, if any; by key and place.
    async fn mapped(
        &self,
        source: &Source,
        from: &ResolvedSource,
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

        let values = parameters(&source.parameters, Some(self.id.date));
        let statement = from.query.bind(&values)?;
        let (state, plan) = session.plan(statement, &tables).await?;
        let frame = DataFrame::new(session.on_all_cores(state), plan);
        let said = source_schema::stated(source);
        let mut columns = frame::projection_or(&said, &self.table.contract, frame.schema());
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
                let condition = condition(
                    &self.resolved.session,
                    &rule.condition,
                    &unqualified(schema)?,
                )?;
                Ok((rule.reason.value.clone(), condition))
            })
            .collect()
    }
}

/// Conditions are written over bare column names.
fn unqualified(schema: &DFSchema) -> Result<DFSchema, DataFusionError> {
    DFSchema::try_from(Arc::clone(schema.inner()))
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
                missing_reason(name),
                Expr::Column(Column::from_name(name)).is_null(),
            )
        })
        .collect()
}
