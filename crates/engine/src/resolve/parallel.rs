//! Jobs planned side by side: most of what it takes to check a project.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::executor::block_on;
use hubcensus_spec::Project;

use crate::query::session::Session;
use crate::resolve::resolver::{PlannedJob, Resolver};

/// Bytes, as many as the main thread has: planners call themselves.
const STACK: usize = 8 << 20;

/// Every job, and what is wrong with it, in the project's order.
pub(super) fn all<'a>(project: &'a Project, session: &'a Session) -> Vec<PlannedJob<'a>> {
    let next = AtomicUsize::new(0);
    let some = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = project.jobs.get(index) else {
                return done;
            };
            let mut resolver = Resolver::new(project, session);
            let recipe = block_on(resolver.job(job));
            done.push((index, (job, recipe, resolver.diagnostics)));
        }
    };
    let mut all = std::thread::scope(|scope| {
        let threads = (1..session.cores()).filter_map(|_| {
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
