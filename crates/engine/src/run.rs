//! Fourth and fifth phase: each step of a plan made, audited, and put in its
//! place, or not.

pub(crate) mod event;
mod ingest;
mod materialize;

mod rejects;
mod schedule;
pub(crate) mod step_error;
#[cfg(test)]
mod tests;
mod writer;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use futures::FutureExt as _;
use hubcensus_lake::{Committed, Contents, Facts, Lake, Manifest, SourceFacts};
use hubcensus_spec::{Contract, IngestTable, PartitionId, Severity};
use tokio::runtime::Handle;

use crate::audit::violation::Violation;
use crate::audit::{Audit, Findings};
use crate::error::EngineError;
use crate::origin::DataOrigin;
use crate::outcome::{Failure, MadePartition, Outcome, StepOutcome};
use crate::plan::cause::causes;
use crate::plan::lake_state::{Absent, LakeState, Scope};
use crate::plan::skip::{self, SkipReason};
use crate::plan::{Forecast, Plan, Step};
use crate::query::session::STACK;
use crate::resolve::fingerprint::FingerprintParts;
use crate::resolve::resolved::{Origin, Recipe, Resolved, ResolvedJob};
use crate::run::event::{Event, Observer, RowProgress};
use crate::run::ingest::{Ingest, Ingested};
use crate::run::materialize::SnapshotView;
use crate::run::schedule::Schedule;
use crate::run::step_error::StepError;
use crate::run::writer::StagedPartition;

/// Carries out a plan. What the lake holds when a step's turn comes decides,
/// not what the plan foresaw: a step whose inputs came out unchanged is not
/// made.
///
/// Takes the lake's lock itself, for as long as it lasts: the caller must not
/// hold it. Blocks the calling thread until all steps are done, since it works
/// on steps too, and needs a runtime of several threads. It cannot be cancelled
/// by dropping the future; a process that ends in the midst leaves every
/// partition whole, and the next run goes on from there.
///
/// # Errors
///
/// A lake that another run is writing to, or that cannot be read. Failures of
/// single steps are outcomes.
pub async fn run(
    resolved: &Resolved,
    lake: &Lake,
    plan: &Plan,
    tool_version: &str,
    observer: &dyn Observer,
) -> Result<Vec<StepOutcome>, EngineError> {
    let lock = lake.lock().await?;
    lake.sweep(&lock).await?;
    resolved
        .session
        .register_store(lake.store_url(), Arc::clone(lake.store()));
    let first = plan.steps.iter().map(|step| &step.id.date).min();
    let state = LakeState::read(lake, &Scope::of_run(first, resolved)).await?;
    let runner = Runner {
        resolved,
        lake,
        plan,
        tool_version,
        observer,
        state: RwLock::new(state),
        failed: Mutex::default(),
    };
    let schedule = Schedule::new(resolved, &plan.steps, observer);
    let runtime = Handle::current();
    std::thread::scope(|workers| {
        let work = || {
            schedule.work(|step| runtime.block_on(runner.step(&plan.steps[step])));
        };
        let spawned = (0..resolved.session.cores()).filter(|_| {
            // What a thread that cannot be had leaves undone, others do.
            let thread = std::thread::Builder::new().stack_size(STACK);
            thread.spawn_scoped(workers, work).is_ok()
        });
        if spawned.count() == 0 {
            workers.spawn(work);
        }
    });
    let mut state = runner
        .state
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    state.save_hashes().await;
    lock.release().await;
    Ok(schedule.outcomes())
}

struct Runner<'a> {
    resolved: &'a Resolved,
    lake: &'a Lake,
    plan: &'a Plan,
    tool_version: &'a str,
    observer: &'a dyn Observer,
    state: RwLock<LakeState>,
    failed: Mutex<BTreeSet<PartitionId>>,
}

/// Keeps how many rows are odd, by check.
fn count(facts: &mut Facts, warnings: &[Violation]) {
    for warning in warnings {
        facts
            .counts
            .insert(format!("warning:{}", warning.check), warning.rows);
    }
}

impl Runner<'_> {
    fn state(&self) -> RwLockReadGuard<'_, LakeState> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn state_mut(&self) -> RwLockWriteGuard<'_, LakeState> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self) -> MutexGuard<'_, BTreeSet<PartitionId>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn step(&self, step: &Step) -> StepOutcome {
        // A decoder may panic over a damaged file. That ends this step and no other.
        let outcome = AssertUnwindSafe(self.outcome(step)).catch_unwind();
        let result = outcome.await.unwrap_or_else(|panic| {
            let error = StepError::Panicked(step_error::panic_text(panic.as_ref()));
            Outcome::Failed(error.into())
        });
        if matches!(result, Outcome::Failed(_) | Outcome::Blocked(_)) {
            self.failed().insert(step.id.clone());
        }
        StepOutcome {
            id: step.id.clone(),
            result,
        }
    }

    async fn outcome(&self, step: &Step) -> Outcome {
        let id = &step.id;
        if self.observer.stops() {
            return Outcome::Stopped;
        }
        let Some(recipe) = self.resolved.recipes.get(&id.table) else {
            return Outcome::UpToDate;
        };
        let failed = recipe.inputs.iter().find(|input| {
            let input = PartitionId::new((*input).clone(), id.date);
            self.failed().contains(&input)
        });
        if let Some(input) = failed {
            return Outcome::Blocked(input.clone());
        }
        if let Forecast::Cannot(reason) = &step.forecast {
            return Outcome::Failed(Failure::of(reason.clone()));
        }
        let parts = match &recipe.origin {
            Origin::Ingest(_) => self.plan.inputs.fingerprint(self.resolved, id),
            Origin::Job(_) => self
                .state()
                .fingerprint(self.resolved, id, recipe)
                .map_err(|Absent(input)| self.state().absence(self.resolved, &input, &id.table)),
        };
        let parts = match parts {
            Ok(parts) => parts,
            Err(reason) => return Outcome::Failed(Failure::of(reason)),
        };
        let lacking = self.plan.inputs.lacking(id);
        if lacking.is_some() && self.state().readable(id).is_some() {
            return Outcome::UpToDate;
        }
        let causes = causes(&self.state(), id, &parts, self.plan.force);
        let Some(causes) = causes else {
            return match skip::skipped(&self.state(), id) {
                Some(reason) => Outcome::Skipped(reason),
                None => Outcome::UpToDate,
            };
        };
        self.observer.on(Event::Started(id));
        let result = match &recipe.origin {
            Origin::Ingest(table) => match lacking {
                Some(reason) => self.skip(recipe, id, &parts, reason.to_owned()).await,
                None => self.ingest(table, recipe, id, &parts).await,
            },
            Origin::Job(job) => self.job(job, recipe, id, &parts).await,
        };
        self.observer.on(Event::Ended(id));
        match result {
            Ok(Outcome::Made(made)) => Outcome::Made(MadePartition { causes, ..made }),
            Ok(outcome) => outcome,
            Err(error) => Outcome::Failed(Failure::of(error.to_string())),
        }
    }

    async fn job(
        &self,
        job: &ResolvedJob,
        recipe: &Recipe,
        id: &PartitionId,
        parts: &FingerprintParts,
    ) -> Result<Outcome, StepError> {
        let snapshot = self.snapshot(id, recipe);
        let reason = skip::reason(&self.state(), self.resolved, job, recipe, id.date);
        if let Some(SkipReason { text, because }) = reason {
            let said = match &because {
                Some((table, column)) => snapshot.first_text(table, column).await?,
                None => None,
            };
            return self.skip(recipe, id, parts, said.unwrap_or(text)).await;
        }
        let origin = self.origin(recipe, id);
        let progress = self.progress(id);
        let staged = materialize::job(snapshot, job, &origin, progress).await;
        match (staged, &job.job.skip_if_empty) {
            (Ok(staged), Some(reason)) if staged.staged.facts().rows == 0 => {
                staged.staged.discard()?;
                self.skip(recipe, id, parts, reason.clone()).await
            }
            (Ok(staged), _) => {
                let facts = self.facts(recipe, parts, origin, BTreeMap::new());
                self.audit_and_commit(staged, &job.job.contract, recipe, id, facts)
                    .await
            }
            (Err(error), _) => Ok(Outcome::Failed(error.into())),
        }
    }

    async fn skip(
        &self,
        recipe: &Recipe,
        id: &PartitionId,
        parts: &FingerprintParts,
        reason: String,
    ) -> Result<Outcome, StepError> {
        let origin = self.origin(recipe, id);
        let facts = self.facts(recipe, parts, origin, BTreeMap::new());
        let manifest = self.lake.skip(id, &reason, facts).await?;
        self.state_mut().put(manifest, None);
        Ok(Outcome::Skipped(reason))
    }

    fn progress<'b>(&'b self, id: &'b PartitionId) -> RowProgress<'b> {
        RowProgress {
            observer: self.observer,
            id,
        }
    }

    fn snapshot<'b>(&'b self, id: &'b PartitionId, recipe: &'b Recipe) -> SnapshotView<'b> {
        SnapshotView {
            resolved: self.resolved,
            lake: self.lake,
            state: &self.state,
            id,
            recipe,
        }
    }

    async fn ingest(
        &self,
        table: &IngestTable,
        recipe: &Recipe,
        id: &PartitionId,
        parts: &FingerprintParts,
    ) -> Result<Outcome, StepError> {
        let ingest = Ingest {
            resolved: self.resolved,
            lake: self.lake,
            inputs: &self.plan.inputs,
            table,
            recipe,
            id,
        };
        let Ingested {
            staged,
            rejects,
            warnings,
            names,
            origin,
        } = ingest.run(self.progress(id)).await?;
        let counts = rejects.counts();
        let batch = rejects
            .batch(&names)
            .map_err(datafusion::common::DataFusionError::from)?;
        // Of a file that could not be read to its end those before are left, which are of
        // the partition that still stands.
        let complete = staged.as_ref().map_or_else(StepError::is_of_rows, |_| true);
        let kept_at = if complete {
            let place = self
                .lake
                .put_rejected_rows(id, batch.as_slice(), origin.metadata().collect())
                .await?;
            batch.map(|_| place)
        } else {
            None
        };
        let staged = match staged {
            Ok(staged) => staged,
            Err(error) => {
                let mut failure = Failure::from(error);
                if complete {
                    failure.rejected = counts;
                }
                failure.kept_at = kept_at.or(failure.kept_at);
                return Ok(Outcome::Failed(failure));
            }
        };
        let mut facts = self.facts(recipe, parts, origin, counts.clone());
        count(&mut facts, &warnings);
        facts.source = self
            .plan
            .inputs
            .files(id)
            .ok()
            .zip(self.plan.inputs.source.as_ref())
            .map(|(files, source)| SourceFacts {
                blake3: files.hash.clone(),
                bytes: files.bytes(),
                location: files.name(),
                name: source.name.clone(),
            });
        let outcome = self
            .audit_and_commit(staged, &table.contract, recipe, id, facts)
            .await?;
        Ok(match outcome {
            Outcome::Made(made) => Outcome::Made(MadePartition {
                read: rejects.rows_read(),
                rejected: counts,
                rejected_at: kept_at,
                warnings: [warnings, made.warnings].concat(),
                ..made
            }),
            other => other,
        })
    }

    async fn audit_and_commit(
        &self,
        staged: StagedPartition,
        contract: &Contract,
        recipe: &Recipe,
        id: &PartitionId,
        mut facts: Facts,
    ) -> Result<Outcome, StepError> {
        let StagedPartition { staged, inline } = staged;
        let snapshot = self.snapshot(id, recipe);
        let audit = Audit {
            session: &self.resolved.session,
            source: &snapshot,
            table: &id.table,
            contract,
            checks: &recipe.checks,
            parameters: recipe.parameters(id.date),
            inline,
        };
        let own = materialize::staged_table(&staged, contract, id.date)?;
        let Findings { checks, violations } = audit.run(Arc::new(own)).await?;
        let (errors, mut warnings): (Vec<Violation>, Vec<Violation>) = violations
            .into_iter()
            .partition(|v| v.severity == Severity::Error);
        if !errors.is_empty() {
            let refused = step_error::reject(staged, errors).await?;
            return Ok(Outcome::Failed(refused.into()));
        }
        count(&mut facts, &warnings);
        let same = self
            .state()
            .manifest(id)
            .and_then(Manifest::file)
            .is_some_and(|file| file.blake3 == staged.facts().blake3);
        // What it is compared with is not part of what it is made from: it is told, and not kept.
        warnings.extend(self.emptied(id, staged.facts().rows).await?);
        let Committed { manifest, stamp } = staged.commit(facts).await?;
        let mut outcome = MadePartition {
            checks,
            warnings,
            same,
            generated: manifest.facts.generated.clone(),
            ..MadePartition::default()
        };
        if let Contents::File(file) = &manifest.contents {
            outcome.rows = file.rows;
            outcome.bytes = file.bytes;
        }
        self.state_mut().put(manifest, stamp);
        Ok(Outcome::Made(outcome))
    }

    /// A warning if a partition has no rows, and had some before it is made
    /// again, or had some at the date before.
    async fn emptied(&self, id: &PartitionId, rows: u64) -> Result<Option<Violation>, StepError> {
        if rows > 0 {
            return Ok(None);
        }
        let had_rows = |manifest: &Manifest| Some((manifest.id.date, manifest.file()?.rows));
        let before = self.state().manifest(id).and_then(had_rows);
        let before = match before.filter(|(_, rows)| *rows > 0) {
            Some(before) => Some(before),
            None => {
                let earlier = self.lake.manifest_before(id).await?;
                earlier.as_ref().and_then(had_rows)
            }
        };
        Ok(before
            .filter(|(_, rows)| *rows > 0)
            .map(|(date, rows)| Violation {
                check: format!("gone: {} has none now, and had some of {date}", id.table),
                severity: Severity::Warning,
                rows,
                sample: Vec::new(),
                note: None,
            }))
    }

    /// What the inputs of a partition say of where their data is from.
    fn origin(&self, recipe: &Recipe, id: &PartitionId) -> DataOrigin {
        let state = self.state();
        let inputs = recipe.inputs.iter();
        let inputs =
            inputs.filter_map(|input| state.manifest(&PartitionId::new(input.clone(), id.date)));
        let earlier = recipe.history.iter();
        let earlier = earlier.flat_map(|(table, history)| state.history(table, id.date, history));
        let earlier = earlier.map(|(_, manifest)| manifest);
        let earlier = earlier.filter(|manifest| manifest.id != *id);
        let origin = DataOrigin::of_inputs(inputs);
        let before = DataOrigin::of_inputs(earlier);
        DataOrigin {
            generated: origin.generated.or(before.generated),
            coverage: origin.coverage.or(before.coverage),
        }
    }

    fn facts(
        &self,
        recipe: &Recipe,
        parts: &FingerprintParts,
        origin: DataOrigin,
        counts: BTreeMap<String, u64>,
    ) -> Facts {
        Facts {
            counts,
            coverage: origin.coverage,
            fingerprint: parts.total(),
            generated: origin.generated,
            inputs: parts.0.clone(),
            query_fingerprint: recipe.definition.total(),
            source: None,
            tool_version: self.tool_version.to_owned(),
        }
    }
}
