//! Jobs planned side by side: most of what it takes to check a project.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::executor::block_on;
use hubcensus_spec::Job;

use crate::query::session::STACK;
use crate::resolve::checked::Checked;
use crate::resolve::context::Context;
use crate::resolve::resolved::Recipe;

/// A job, and how its table is made if its query could be parsed.
pub(super) type PlannedJob<'a> = (&'a Arc<Job>, Checked<Option<Recipe>>);

/// Every job, in the project's order.
pub(super) fn all(context: Context<'_>) -> Vec<PlannedJob<'_>> {
    let next = AtomicUsize::new(0);
    let some = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = context.project.jobs.get(index) else {
                return done;
            };
            done.push((index, (job, block_on(context.job(job)))));
        }
    };
    let mut all = std::thread::scope(|scope| {
        let threads = (1..context.session.cores()).filter_map(|_| {
            // What a thread that cannot be had leaves undone, others do.
            let thread = std::thread::Builder::new().stack_size(STACK);
            thread.spawn_scoped(scope, some).ok()
        });
        let threads: Vec<_> = threads.collect();
        let mut all = some();
        for thread in threads {
            let done = thread.join();
            all.extend(done.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        all
    });
    all.sort_by_key(|(index, _)| *index);
    all.into_iter().map(|(_, job)| job).collect()
}
