//! The long tail: accounts and models that are invented, and look it.

use super::draw::{Draws, mix};
use super::dtypes::{BF16, F16, F32};
use super::facts::{Archetype, Format, SampleFacts};
use super::growth::{Growth, PERIOD_DAYS};
use super::model::{Model, push_number};
use super::plan::Plan;
use super::top::{finish, root};

const RESIDENTS: u64 = 5;
const GONE: u64 = 6;
const NEWBORN: u64 = 7;

/// Models above this rank (of 1) are older than a few weeks, and downloaded every month.
const OLD_FROM: f64 = 0.9;
/// Old models were created before this part (of 1) of all models was.
const OLD_CREATED: f64 = 0.93;
/// Renames fall into this many days before and after the reference date.
const RENAME_DAYS: u64 = 180;
/// What a renamed model's name ends in.
const RENAMED: &str = "-renamed";

/// The tail at one scale, on one day.
pub(crate) struct Tail<'p, 'a> {
    plan: &'p Plan<'a>,
    facts: &'a SampleFacts,
    models: f64,
}

/// What the parts of the tail differ in.
struct Life {
    growth: Growth,
    /// The first day on which it is gone.
    gone: i64,
    account: u64,
    renamed: i64,
}

impl<'p, 'a> Tail<'p, 'a> {
    pub(crate) fn new(plan: &'p Plan<'a>) -> Self {
        Self {
            plan,
            facts: plan.facts,
            models: plan.tail_models as f64,
        }
    }

    /// A model that is alive on the reference date.
    pub(crate) fn resident(&self, index: u64, model: &mut Model<'a>) -> bool {
        let totals = &self.facts.totals;
        let mut draws = Draws::new(self.plan.seed, RESIDENTS, index);
        let rank = self.plan.ranks.place(index);
        let until =
            |rank: u64| (self.plan.tail_curve.area(rank as f64 / self.models) * self.models) as u64;
        let total = until(rank + 1) - until(rank);
        let position = (rank as f64 + 0.5) / self.models;
        let popular = position > totals.fixed_until;
        let old = position > OLD_FROM || total as f64 > self.plan.young_limit;
        let age = draws.unit() * if old { OLD_CREATED } else { 1.0 };
        let created = totals.first + self.facts.curves.created.value(age) as i64;
        let (active, pace) = (draws.unit(), draws.unit());
        let last_period = if position <= OLD_FROM && active >= totals.active_share {
            0
        } else if popular {
            (total as f64 * totals.popular_rate * (0.5 + pace)) as u64
        } else {
            ((total as f64 * totals.active_rate * 2.0 * pace) as u64).max(1)
        };
        let life = Life {
            growth: Growth {
                created: created.min(totals.reference - 1),
                reference: totals.reference,
                total,
                last_period,
                launch: draws.below(160),
                stale: (draws.unit() < totals.regression_share).then_some(draws.below(11) as i64),
            },
            gone: totals.reference + 1 + self.days_to_live(&mut draws),
            account: self.account(Some(rank), &mut draws),
            renamed: self.renamed(&mut draws),
        };
        self.describe(&life, &mut draws, &[index], model)
    }

    /// A model that was there until the day before `gone`.
    pub(crate) fn gone(&self, gone: i64, index: u64, model: &mut Model<'a>) -> bool {
        let totals = &self.facts.totals;
        let mut draws = Draws::new(self.plan.seed, GONE, mix(gone as u64) ^ index);
        let total = self.plan.tail_curve.value(draws.unit() * OLD_FROM) as u64;
        let span = (gone - 1 - totals.first).max(1) as u64;
        let life = Life {
            growth: Growth {
                created: totals.first + draws.below(span) as i64,
                reference: gone,
                total,
                last_period: total / 20,
                launch: draws.below(160),
                stale: None,
            },
            gone,
            account: self.account(None, &mut draws),
            renamed: i64::MAX,
        };
        self.describe(&life, &mut draws, &[gone as u64, index], model)
    }

    /// A model created after the reference date.
    pub(crate) fn newborn(&self, born: i64, index: u64, model: &mut Model<'a>) -> bool {
        let mut draws = Draws::new(self.plan.seed, NEWBORN, mix(born as u64) ^ index);
        let total = self.plan.tail_curve.value(draws.unit() * OLD_FROM) as u64;
        let life = Life {
            growth: Growth {
                created: born,
                reference: born + 2 * PERIOD_DAYS,
                total,
                last_period: total / 5,
                launch: 0,
                stale: None,
            },
            gone: born + 1 + self.days_to_live(&mut draws),
            account: self.account(None, &mut draws),
            renamed: i64::MAX,
        };
        self.describe(&life, &mut draws, &[born as u64, index], model)
    }

    fn days_to_live(&self, draws: &mut Draws) -> i64 {
        let rate = self.facts.totals.deletions_per_day;
        let days = draws.unit() / if rate > 0.0 { rate } else { 1e-9 };
        days as i64
    }

    /// What is downloaded is spread evenly over the accounts, so that none of them outgrows a known
    /// entity; the rest crowds in the first accounts.
    fn account(&self, rank: Option<u64>, draws: &mut Draws) -> u64 {
        let accounts = self.plan.accounts;
        let unit = draws.unit();
        match rank {
            Some(rank) if rank as f64 > self.models * self.facts.totals.fixed_until => {
                let from_top = self.plan.tail_models - 1 - rank;
                self.plan.account_order.place(from_top % accounts)
            }
            _ => ((accounts as f64 * unit * unit.sqrt()) as u64).min(accounts - 1),
        }
    }

    fn renamed(&self, draws: &mut Draws) -> i64 {
        let day = self.facts.totals.reference - RENAME_DAYS as i64;
        let renamed = draws.chance(self.facts.totals.renamed_share);
        let after = draws.below(2 * RENAME_DAYS) as i64;
        if renamed { day + after } else { i64::MAX }
    }

    /// Describes a model; false when it is not there on that day.
    fn describe(
        &self,
        life: &Life,
        draws: &mut Draws,
        number: &[u64],
        model: &mut Model<'a>,
    ) -> bool {
        let day = self.plan.day;
        let facts = self.facts;
        if day < life.growth.created || day >= life.gone {
            return false;
        }
        let Some(archetype) = facts.archetypes.pick(draws.unit()) else {
            return false;
        };
        let second = draws.below(86_400) as i64;
        model.kind = Some(&archetype.kind);
        self.name(life, archetype, draws, number, model);
        size(archetype, draws, model);
        model.languages.clear();
        if draws.chance(archetype.language_rate) {
            let more = draws.chance(0.15);
            let language = facts.choices.languages.pick(draws.unit());
            model.languages.extend(language.map(String::as_str));
            let second = facts.choices.languages.pick(draws.unit());
            let second = second
                .filter(|code| more && Some(code.as_str()) != model.languages.first().copied());
            model.languages.extend(second.map(String::as_str));
        }
        model.bases.clear();
        if !archetype.kind.relation.is_empty() {
            let parents = if archetype.kind.relation == "merge" {
                3
            } else {
                1
            };
            for _ in 0..parents {
                let base = archetype.bases.pick(draws.unit()).map(String::as_str);
                model
                    .bases
                    .extend(base.filter(|base| !model.bases.contains(base)));
            }
        }
        model.has_card = draws.chance(archetype.card_rate);
        let license = facts
            .choices
            .licenses
            .pick(draws.unit())
            .map_or("", String::as_str);
        model.license = if model.has_card && draws.chance(0.7) {
            license
        } else {
            ""
        };
        let dataset = facts
            .choices
            .datasets
            .pick(draws.unit())
            .map_or("", String::as_str);
        model.dataset = if model.has_card && draws.chance(0.1) {
            dataset
        } else {
            ""
        };
        model.gated = match draws.unit() / facts.totals.gated_share {
            half if half < 0.5 => "auto",
            rest if rest < 1.0 => "manual",
            _ => "",
        };
        let eager = draws.unit();
        let likes = (root(life.growth.total) as f64 * eager * eager * 0.2) as u64;
        finish(self.plan, &life.growth, second, likes, draws, model);
        true
    }

    fn name(
        &self,
        life: &Life,
        archetype: &'a Archetype,
        draws: &mut Draws,
        number: &[u64],
        model: &mut Model<'a>,
    ) {
        let id = &mut model.id;
        id.clear();
        id.push_str(if life.account % 12 == 7 {
            "lab-"
        } else {
            "user-"
        });
        push_number(id, life.account, 5);
        model.author = id.len();
        id.push('/');
        id.push_str(&archetype.stem);
        let (word, quality) = (draws.unit(), draws.unit());
        if archetype.kind.format == Format::Name
            && let Some(word) = archetype.size_words.pick(word)
        {
            id.push('-');
            id.push_str(word);
        }
        if let Some(quality) = self.facts.choices.qualities.pick(quality) {
            id.push('-');
            id.push_str(quality);
        }
        for number in number {
            id.push('-');
            push_number(id, *number, 6);
        }
        if self.plan.day >= life.renamed {
            id.push_str(RENAMED);
        }
    }
}

/// Sets how many parameters a model has, and in what type.
fn size(archetype: &Archetype, draws: &mut Draws, model: &mut Model<'_>) {
    let (place, half) = (draws.unit(), draws.unit());
    model.parameters = archetype.size.value(place) as u64;
    model.dtype = (archetype.kind.format == Format::Safetensors).then_some(match half {
        _ if !archetype.large => F32,
        half if half < 0.7 => BF16,
        _ => F16,
    });
}
