//! The models of known entities: famous ones under their names, and their siblings.

use super::draw::{Draws, mix};
use super::facts::Head;
use super::growth::{Growth, PERIOD_DAYS};
use super::model::{Model, push_number};
use super::plan::Plan;

const STREAM: u64 = 3;
const SECONDS_A_DAY: i64 = 86_400;

/// A head and how many siblings it has at this scale.
pub(crate) struct Top<'a> {
    head: &'a Head,
    index: u64,
    siblings: u64,
    popular: u64,
    sized: u64,
    /// Downloads of the head and of all its siblings on the reference date.
    head_downloads: f64,
    sibling_downloads: f64,
    popular_share: f64,
}

impl<'a> Top<'a> {
    /// All heads; their siblings are allotted so that the number of models is exact.
    pub(crate) fn rows(plan: &Plan<'a>) -> Vec<Self> {
        let heads = &plan.facts.heads;
        let all: u64 = heads.iter().map(|head| head.siblings).sum();
        let free = plan.top_models - heads.len() as u64;
        let until = |sum: u64| u128::from(free) * u128::from(sum) / u128::from(all.max(1));
        let mut sum = 0;
        let mut rows = Vec::with_capacity(heads.len());
        for (index, head) in heads.iter().enumerate() {
            let siblings = (until(sum + head.siblings) - until(sum)) as u64;
            sum += head.siblings;
            // At a smaller scale, the same part of the siblings is popular and has a size.
            let part = |count: u64| {
                let scaled = u128::from(siblings) * u128::from(count);
                scaled.div_ceil(u128::from(head.siblings.max(1))) as u64
            };
            let downloads = plan.top_downloads * head.share;
            let own = if siblings == 0 { 1.0 } else { head.head_share };
            let popular = part(head.popular);
            rows.push(Self {
                head,
                index: index as u64,
                siblings,
                popular,
                sized: part(head.sized),
                head_downloads: downloads * own,
                sibling_downloads: downloads * (1.0 - own),
                popular_share: match popular {
                    0 => 0.0,
                    all if all == siblings => 1.0,
                    _ => head.popular_share,
                },
            });
        }
        rows
    }

    pub(crate) fn siblings(&self) -> u64 {
        self.siblings
    }

    /// Downloads on the reference date; number 0 is the head, siblings follow by rank.
    fn downloads(&self, number: u64) -> u64 {
        if number == 0 {
            return self.head_downloads as u64;
        }
        self.until(number) - self.until(number - 1)
    }

    /// Downloads of the first siblings together: the popular ones fall off in a straight line, the
    /// others quadratically to nothing.
    fn until(&self, number: u64) -> u64 {
        let part = if number <= self.popular {
            let x = number as f64 / self.popular.max(1) as f64;
            self.popular_share * (1.6 * x - 0.6 * x * x)
        } else {
            let others = (self.siblings - self.popular).max(1) as f64;
            let left = 1.0 - (number - self.popular) as f64 / others;
            self.popular_share + (1.0 - self.popular_share) * (1.0 - left * left * left)
        };
        (self.sibling_downloads * part) as u64
    }

    /// Describes the head (number 0) or a sibling; false when it is not there on that day.
    pub(crate) fn fill(&self, plan: &Plan<'a>, number: u64, model: &mut Model<'a>) -> bool {
        let head = self.head;
        let reference = plan.facts.totals.reference;
        let mut draws = Draws::new(plan.seed, STREAM, mix(self.index) ^ number);
        let newest = (reference - 2 * PERIOD_DAYS).max(head.created);
        let span = if number == 0 {
            0
        } else {
            newest - head.created
        };
        let created = head.created + draws.below(span.max(0) as u64 + 1) as i64;
        let second = draws.below(SECONDS_A_DAY as u64) as i64;
        if plan.day < created {
            return false;
        }
        let downloads = self.downloads(number);
        let pace = if number == 0 {
            1.0
        } else {
            0.7 + 0.6 * draws.unit()
        };
        let growth = Growth {
            created,
            reference,
            total: downloads,
            last_period: (downloads as f64 * head.monthly_rate * pace) as u64,
            launch: draws.below(128),
            stale: None,
        };
        model.id.clear();
        model.id.push_str(&head.account);
        model.author = model.id.len();
        model.id.push('/');
        if number == 0 {
            model.id.push_str(&head.model);
        } else {
            let kind = [&head.kind.model_type, &head.kind.library];
            let stem = kind.into_iter().find(|text| !text.is_empty());
            model.id.push_str(stem.map_or("model", String::as_str));
            model.id.push_str("-sample-");
            push_number(&mut model.id, self.index, 3);
            push_number(&mut model.id, number, 5);
        }
        let sized = number <= self.sized;
        model.kind = Some(&head.kind);
        model.dtype = head.dtype;
        model.parameters = if sized { head.parameters } else { 0 };
        if number > 0 {
            model.parameters -= draws.below(model.parameters / 400 + 1);
        }
        model.languages.clear();
        model
            .languages
            .extend(head.languages.iter().map(String::as_str));
        model.license = &head.license;
        model.dataset = "";
        model.bases.clear();
        if !head.base_model.is_empty() {
            model.bases.push(&head.base_model);
        }
        model.gated = &head.gated;
        model.has_card = number == 0 || draws.chance(0.9);
        let likes = root(downloads) * (30 + draws.below(170)) / 1600;
        finish(plan, &growth, second, likes, &mut draws, model);
        true
    }
}

/// The whole part of a square root.
pub(crate) fn root(value: u64) -> u64 {
    (value as f64).sqrt() as u64
}

/// Fills what every model gets from its growth: counters, likes, dates, identity.
pub(crate) fn finish(
    plan: &Plan<'_>,
    growth: &Growth,
    second: i64,
    likes: u64,
    draws: &mut Draws,
    model: &mut Model<'_>,
) {
    let epoch = |day: i64| (day - super::encode::UNIX_DAY) * SECONDS_A_DAY;
    let (all_time, last_period) = growth.counters(plan.day);
    model.downloads_all_time = all_time;
    model.downloads = last_period;
    let steady = growth.on(plan.day);
    model.likes = match growth.total {
        0 => likes,
        total => (u128::from(likes) * u128::from(steady) / u128::from(total)) as u64,
    };
    // Nothing is older than the moment at which the Hub began to keep creation dates.
    let totals = &plan.facts.totals;
    let first = epoch(totals.first) + totals.first_second;
    model.created = (epoch(growth.created) + second).max(first);
    let rest = draws.bits();
    model.object_id = (u32::try_from(model.created).unwrap_or(u32::MAX), rest);
    let life = (growth.reference - growth.created).max(1) as u64;
    let changed = growth.created + draws.below(life) as i64;
    model.modified = model.created;
    if changed > growth.created && changed < plan.day {
        model.modified = epoch(changed) + (rest % SECONDS_A_DAY as u64) as i64;
    }
    // Trends last a week; the more is downloaded, the likelier one is.
    let week = plan.day.div_euclid(7) as u64;
    let mut trend = Draws::new(rest, 4, week);
    let heat = root(last_period).min(4000);
    let hot = trend.below(40_000) < 20 + heat;
    model.trending = if hot {
        (1 + heat / (1 + trend.below(12)) / 4) as f64
    } else {
        0.0
    };
}
