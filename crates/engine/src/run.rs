//! Fourth and fifth phase: each step of a plan made, audited, and put in its
//! place, or not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use hubcensus_lake::{Contents, Facts, Lake, Manifest, SourceFacts};
use hubcensus_spec::{Contract, Job, Severity, SnapshotDate, TableName};
use tokio::runtime::Handle;

use crate::audit::{Audit, Findings};
use crate::error::EngineError;
use crate::fingerprint::Prints;
use crate::generated;
use crate::ingest::{Ingest, Ingested};
use crate::lacking;
use crate::make::{self, Snapshot, Written};
use crate::outcome::{
    self, Failure, Made as MadeOutcome, Outcome, StepError, StepOutcome, Violation,
};
use crate::plan::{Cause, Forecast, Plan, Step, causes};
use crate::resolve::{Kind, Made, Resolved};
use crate::schedule::Schedule;
use crate::sql::ReadOnly;
use crate::state::{Absent, LakeState, Scope};

/// Told what happens while it happens.
pub trait Observer: Send + Sync {
    /// Something happened.
    fn on(&self, event: Event<'_>);
}

/// What an [`Observer`] is told.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// A step begins to be made.
    Started {
        /// The table.
        table: &'a TableName,
        /// The snapshot.
        date: SnapshotDate,
    },
    /// Rows written so far.
    Rows {
        /// The table.
        table: &'a TableName,
        /// The snapshot.
        date: SnapshotDate,
        /// How many.
        rows: u64,
    },
    /// A step was worked on and is over.
    Ended {
        /// The table.
        table: &'a TableName,
        /// The snapshot.
        date: SnapshotDate,
    },
    /// What became of a step; told in the plan's order, once all before it are
    /// over.
    Finished(&'a StepOutcome),
}

/// Tells an observer of the rows of one step.
pub(crate) struct Rows<'a> {
    observer: &'a dyn Observer,
    table: &'a TableName,
    date: SnapshotDate,
}

impl Rows<'_> {
    pub(crate) fn seen(&self, rows: u64) {
        self.observer.on(Event::Rows {
            table: self.table,
            date: self.date,
            rows,
        });
    }
}

/// Carries out a plan. What the lake holds when a step's turn comes decides,
/// not what the plan foresaw: a step whose inputs came out unchanged is not
/// made.
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
    let first = plan.steps.iter().map(|step| &step.date).min();
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
        for _ in 1..resolved.session.cores() {
            workers.spawn(work);
        }
        workers.spawn(work);
    });
    let mut state = runner
        .state
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    state.remember(lake).await;
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
    failed: Mutex<BTreeSet<(TableName, SnapshotDate)>>,
}

impl Runner<'_> {
    fn state(&self) -> RwLockReadGuard<'_, LakeState> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn state_mut(&self) -> RwLockWriteGuard<'_, LakeState> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self) -> MutexGuard<'_, BTreeSet<(TableName, SnapshotDate)>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn step(&self, step: &Step) -> StepOutcome {
        let result = self.outcome(step).await;
        if matches!(result, Outcome::Failed(_) | Outcome::Blocked(_)) {
            self.failed().insert((step.table.clone(), step.date));
        }
        StepOutcome {
            table: step.table.clone(),
            date: step.date,
            result,
        }
    }

    async fn outcome(&self, step: &Step) -> Outcome {
        let Some(made) = self.resolved.made.get(&step.table) else {
            return Outcome::UpToDate;
        };
        let failed = made
            .inputs
            .iter()
            .find(|input| self.failed().contains(&((*input).clone(), step.date)));
        if let Some(input) = failed {
            return Outcome::Blocked(input.clone());
        }
        if let Forecast::Cannot(reason) = &step.forecast {
            return Outcome::Failed(Failure::of(reason.clone()));
        }
        let prints = match &made.kind {
            Kind::Ingest(_) => self.plan.inputs.prints(self.resolved, step.date),
            Kind::Job(..) => self
                .state()
                .prints(self.resolved, &step.table, made, step.date)
                .map_err(|Absent(input)| format!("{input} has no snapshot of {}", step.date)),
        };
        let prints = match prints {
            Ok(prints) => prints,
            Err(reason) => return Outcome::Failed(Failure::of(reason)),
        };
        let causes = causes(
            &self.state(),
            &step.table,
            step.date,
            &prints,
            self.plan.force,
        );
        let Some(causes) = causes else {
            return match lacking::skipped(&self.state(), &step.table, step.date) {
                Some(reason) => Outcome::Skipped(reason),
                None => Outcome::UpToDate,
            };
        };
        self.observer.on(Event::Started {
            table: &step.table,
            date: step.date,
        });
        let result = match &made.kind {
            Kind::Ingest(index) => self.ingest(*index, made, step, &prints).await,
            Kind::Job(index, query) => match self.resolved.project.jobs.get(*index) {
                Some(job) => self.job(job, query, made, step, &prints).await,
                None => return Outcome::UpToDate,
            },
        };
        self.observer.on(Event::Ended {
            table: &step.table,
            date: step.date,
        });
        match result {
            Ok(Outcome::Made(made)) => Outcome::Made(MadeOutcome { causes, ..made }),
            Ok(outcome) => outcome,
            Err(error) => Outcome::Failed(Failure::of(error.to_string())),
        }
    }

    async fn job(
        &self,
        job: &Job,
        query: &ReadOnly,
        made: &Made,
        step: &Step,
        prints: &Prints,
    ) -> Result<Outcome, StepError> {
        let lacking = lacking::reason(&self.state(), self.resolved, job, query, made, step.date);
        if let Some(reason) = lacking {
            return self.skip(made, step, prints, reason).await;
        }
        let rows = Rows {
            observer: self.observer,
            table: &step.table,
            date: step.date,
        };
        let written = make::job(
            self.snapshot(&step.table, made, step.date),
            job,
            query,
            &rows,
        )
        .await;
        match written {
            Ok(written) if written.staged.facts().rows == 0 && job.skip_if_empty.is_some() => {
                written.staged.discard()?;
                let reason = job.skip_if_empty.clone().unwrap_or_default();
                self.skip(made, step, prints, reason).await
            }
            Ok(written) => {
                let facts = self.facts(made, prints, step.date, None, BTreeMap::new());
                self.audit_and_commit(written, &job.contract, made, step, facts)
                    .await
            }
            Err(error) => Ok(Outcome::Failed(Failure::of_step(error))),
        }
    }

    async fn skip(
        &self,
        made: &Made,
        step: &Step,
        prints: &Prints,
        reason: String,
    ) -> Result<Outcome, StepError> {
        let facts = self.facts(made, prints, step.date, None, BTreeMap::new());
        let manifest = self
            .lake
            .skip(&step.table, step.date, &reason, facts)
            .await?;
        self.state_mut().put(manifest);
        Ok(Outcome::Skipped(reason))
    }

    fn snapshot<'b>(
        &'b self,
        table: &'b TableName,
        made: &'b Made,
        date: SnapshotDate,
    ) -> Snapshot<'b> {
        Snapshot {
            resolved: self.resolved,
            lake: self.lake,
            state: &self.state,
            table,
            made,
            date,
        }
    }

    async fn ingest(
        &self,
        index: usize,
        made: &Made,
        step: &Step,
        prints: &Prints,
    ) -> Result<Outcome, StepError> {
        let Some(table) = self.resolved.project.ingest_tables.get(index) else {
            return Ok(Outcome::UpToDate);
        };
        let rows = Rows {
            observer: self.observer,
            table: &step.table,
            date: step.date,
        };
        let ingest = Ingest {
            resolved: self.resolved,
            lake: self.lake,
            inputs: &self.plan.inputs,
            table,
            made,
            date: step.date,
        };
        let Ingested {
            staged,
            rejects,
            address,
            generated,
        } = ingest.run(&rows).await?;
        let counts = rejects.counts();
        let name = generated::file_name(&address);
        let batch = rejects
            .batch(name)
            .map_err(datafusion::common::DataFusionError::from)?;
        // What a file that could not be read left is that of the partition that
        // still stands.
        let kept_at = if batch.is_some() || staged.is_ok() {
            let place = self
                .lake
                .put_rejected_rows(&step.table, step.date, batch.as_slice())
                .await?;
            batch.map(|_| place)
        } else {
            None
        };
        let written = match staged {
            Ok(written) => written,
            Err(error) => {
                let mut failure = Failure::of_step(error);
                failure.rejected = counts;
                failure.kept_at = kept_at.or(failure.kept_at);
                return Ok(Outcome::Failed(failure));
            }
        };
        let mut facts = self.facts(made, prints, step.date, generated, counts.clone());
        facts.source = self
            .plan
            .inputs
            .file(step.date)
            .ok()
            .zip(self.plan.inputs.source.as_ref())
            .map(|(file, source)| SourceFacts {
                blake3: file.hash.clone(),
                bytes: file.bytes,
                location: name.to_owned(),
                name: source.name.clone(),
            });
        let outcome = self
            .audit_and_commit(written, &table.contract, made, step, facts)
            .await?;
        Ok(match outcome {
            Outcome::Made(made) => Outcome::Made(MadeOutcome {
                read: rejects.rows_read(),
                rejected: counts,
                rejected_at: kept_at,
                ..made
            }),
            other => other,
        })
    }

    async fn audit_and_commit(
        &self,
        written: Written,
        contract: &Contract,
        made: &Made,
        step: &Step,
        mut facts: Facts,
    ) -> Result<Outcome, StepError> {
        let Written { staged, seen } = written;
        let snapshot = self.snapshot(&step.table, made, step.date);
        let audit = Audit {
            session: &self.resolved.session,
            source: &snapshot,
            table: &step.table,
            contract,
            checks: &made.checks,
            parameters: self.resolved.parameters(made, step.date),
            seen,
        };
        let own = make::staged_table(&staged, contract, step.date)?;
        let Findings { checks, violations } = audit.run(Arc::new(own)).await?;
        let (errors, warnings): (Vec<Violation>, Vec<Violation>) = violations
            .into_iter()
            .partition(|v| v.severity == Severity::Error);
        if !errors.is_empty() {
            let refused = outcome::reject(staged, errors).await?;
            return Ok(Outcome::Failed(Failure::of_step(refused)));
        }
        for warning in &warnings {
            facts
                .counts
                .insert(format!("warning:{}", warning.check), warning.rows);
        }
        let same = self
            .state()
            .manifest(&step.table, step.date)
            .and_then(Manifest::file)
            .is_some_and(|file| file.blake3 == staged.facts().blake3);
        let manifest = staged.commit(facts).await?;
        let mut outcome = MadeOutcome {
            checks,
            warnings,
            same,
            ..MadeOutcome::default()
        };
        if let Contents::File(file) = &manifest.contents {
            outcome.rows = file.rows;
            outcome.bytes = file.bytes;
        }
        self.state_mut().put(manifest);
        Ok(Outcome::Made(outcome))
    }

    fn facts(
        &self,
        made: &Made,
        prints: &Prints,
        date: SnapshotDate,
        generated: Option<String>,
        counts: BTreeMap<String, u64>,
    ) -> Facts {
        let generated = generated.or_else(|| {
            let state = self.state();
            made.inputs
                .iter()
                .filter_map(|input| state.manifest(input, date))
                .find_map(|manifest| manifest.facts.generated.clone())
        });
        Facts {
            counts,
            fingerprint: prints.total(),
            generated,
            inputs: prints.0.clone(),
            query_fingerprint: made.definition.total(),
            source: None,
            tool_version: self.tool_version.to_owned(),
        }
    }
}

/// Whether a cause is that an input changed.
impl Cause {
    /// The table whose change it is, if it is one's.
    pub fn table(&self) -> Option<&str> {
        match self {
            Self::Changed(part) if part.contains('.') => Some(part),
            _ => None,
        }
    }
}
