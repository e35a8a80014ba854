//! Who lives on a date: the models of known entities, the tail, those gone by the reference date
//! and those born after it.

use chrono::NaiveDate;

use super::SampleSpec;
use super::error::SampleError;
use super::model::Model;
use super::plan::Plan;
use super::tail::Tail;
use super::top::Top;

/// Calls `visit` for each model alive on a date, always in the same order; returns their number.
pub(crate) fn each<'a, E: From<SampleError>>(
    spec: &'a SampleSpec,
    date: NaiveDate,
    visit: &mut dyn FnMut(&Model<'a>) -> Result<(), E>,
) -> Result<u64, E> {
    let plan = Plan::new(spec, date)?;
    let mut model = Model::default();
    let mut count = 0;
    let mut pass = |alive: bool, model: &Model<'a>| {
        if !alive {
            return Ok(());
        }
        count += 1;
        visit(model)
    };
    for row in Top::rows(&plan) {
        for sibling in 0..=row.siblings() {
            let alive = row.fill(&plan, sibling, &mut model);
            pass(alive, &model)?;
        }
    }
    let tail = Tail::new(&plan);
    for index in 0..plan.tail_models {
        let alive = tail.resident(index, &mut model);
        pass(alive, &model)?;
    }
    let totals = &spec.facts.totals;
    let daily = |rate: f64| (rate * spec.models as f64 + 0.5) as u64;
    for last_day in plan.day + 1..=totals.reference {
        for index in 0..daily(totals.deletions_per_day) {
            let alive = tail.gone(last_day, index, &mut model);
            pass(alive, &model)?;
        }
    }
    for birthday in totals.reference + 1..=plan.day {
        for index in 0..daily(totals.births_per_day) {
            let alive = tail.newborn(birthday, index, &mut model);
            pass(alive, &model)?;
        }
    }
    Ok(count)
}
