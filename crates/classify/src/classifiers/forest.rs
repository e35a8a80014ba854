//! Forests: trees that differ by chance; their answers are averaged.
//!
//! A random forest grows each tree on models drawn with replacement and takes the best of some questions drawn at
//! random. Extra trees see every model, and of a number they try one cut drawn at random.

use rayon::prelude::*;

use super::tree::{Bins, Node, Tree};
use super::{Classifier, Training};
use crate::matrix::{Matrix, Probabilities};
use crate::rng::Rng;

pub(super) const RANDOM_FOREST: &str = "random forest";
pub(super) const EXTRA_TREES: &str = "extra trees";

const BINS: u8 = 64;
/// One feature in so many is tried for a question, where that is more than the square root: among hundreds of tokens,
/// each absent from most models, a few drawn at random split off next to nothing.
const SHARE: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    RandomForest,
    ExtraTrees,
}

impl Kind {
    /// Trees that see other models each need more company than trees that see all.
    const fn trees(self) -> usize {
        match self {
            Self::RandomForest => 60,
            Self::ExtraTrees => 30,
        }
    }
}

struct Forest {
    /// The answer of a tree is how many of its training models that it cannot tell apart have each task.
    trees: Vec<Tree<Vec<(u32, f64)>>>,
    task_count: usize,
}

pub(super) fn random_forest(training: &Training<'_>) -> Box<dyn Classifier> {
    fit(training, Kind::RandomForest)
}

pub(super) fn extra_trees(training: &Training<'_>) -> Box<dyn Classifier> {
    fit(training, Kind::ExtraTrees)
}

fn fit(training: &Training<'_>, kind: Kind) -> Box<dyn Classifier> {
    let bins = Bins::new(training.features, BINS);
    let trees = (0..kind.trees())
        .into_par_iter()
        .map(|tree| Grower::new(training, &bins, kind, Rng::new(training.seed, tree)).grow())
        .collect();
    Box::new(Forest {
        trees,
        task_count: training.task_count,
    })
}

impl Classifier for Forest {
    fn probabilities(&self, features: &Matrix) -> Probabilities {
        let mut shares = vec![0.0; features.rows() * self.task_count];
        for (row, shares) in features
            .iter()
            .zip(shares.chunks_exact_mut(self.task_count))
        {
            for tree in &self.trees {
                for &(task, share) in tree.ask(row) {
                    shares[task as usize] += share;
                }
            }
        }
        Probabilities::from_weights(self.task_count, shares)
    }
}

/// Grows one tree. The counts are of the node at hand.
struct Grower<'a> {
    training: &'a Training<'a>,
    bins: &'a Bins,
    kind: Kind,
    rng: Rng,
    /// Models by task.
    models: Vec<u32>,
    /// Models by flag and task, all zero between nodes.
    with: Vec<u32>,
    /// Models by flag, all zero between nodes.
    totals: Vec<u32>,
    /// Flags of any model.
    seen: Vec<u32>,
    /// Models by bin and task.
    binned: Vec<u32>,
}

/// A question that tells models apart.
#[derive(Debug, Clone, Copy)]
enum Question {
    Flag(u32),
    /// The number, and the bin after which to cut.
    Number(usize, u8),
}

impl<'a> Grower<'a> {
    fn new(training: &'a Training<'a>, bins: &'a Bins, kind: Kind, rng: Rng) -> Self {
        let (flags, tasks) = (training.features.flags, training.task_count);
        Self {
            training,
            bins,
            kind,
            rng,
            models: vec![0; tasks],
            with: vec![0; flags * tasks],
            totals: vec![0; flags],
            seen: Vec::new(),
            binned: vec![0; usize::from(BINS) * tasks],
        }
    }

    fn grow(mut self) -> Tree<Vec<(u32, f64)>> {
        let rows = self.training.features.rows();
        let mut models: Vec<u32> = match self.kind {
            // As many as there are, so below 2^32.
            #[expect(clippy::cast_possible_truncation, reason = "a number of a row")]
            Kind::RandomForest => (0..rows).map(|_| self.rng.below(rows) as u32).collect(),
            Kind::ExtraTrees => (0..).take(rows).collect(),
        };
        let mut nodes = vec![Node::Leaf(Vec::new())];
        let mut open = vec![(0, 0, rows)];
        while let Some((place, first, end)) = open.pop() {
            let models = &mut models[first..end];
            self.count(models);
            let Some(question) = self.question(models) else {
                nodes[place] = Node::Leaf(self.answer(models.len()));
                continue;
            };
            let middle = first + self.part(models, question);
            let (no, yes) = (nodes.len(), nodes.len() + 1);
            nodes.extend([Node::Leaf(Vec::new()), Node::Leaf(Vec::new())]);
            open.extend([(no, first, middle), (yes, middle, end)]);
            // Twice as many nodes as models at most.
            #[expect(clippy::cast_possible_truncation, reason = "a number of a node")]
            let (no, yes) = (no as u32, yes as u32);
            nodes[place] = match question {
                Question::Flag(flag) => Node::Flag { flag, no, yes },
                #[expect(clippy::cast_possible_truncation, reason = "a number of a column")]
                Question::Number(number, bin) => Node::Number {
                    number: number as u32,
                    cut: self.bins.cuts[number][usize::from(bin)],
                    no,
                    yes,
                },
            };
        }
        Tree { nodes }
    }

    fn count(&mut self, models: &[u32]) {
        self.models.fill(0);
        for &model in models {
            self.models[self.training.tasks[model as usize] as usize] += 1;
        }
    }

    /// Shares of the tasks.
    fn answer(&self, models: usize) -> Vec<(u32, f64)> {
        (0..)
            .zip(&self.models)
            .filter(|(_, count)| **count > 0)
            .map(|(task, &count)| (task, f64::from(count) / models as f64))
            .collect()
    }

    /// The question that leaves the least Gini impurity, of some drawn among those that tell any two models apart.
    fn question(&mut self, models: &[u32]) -> Option<Question> {
        if self.models.iter().filter(|count| **count > 0).count() < 2 {
            return None;
        }
        let Training {
            features,
            tasks,
            task_count,
            ..
        } = *self.training;
        for &model in models {
            let task = tasks[model as usize] as usize;
            for &flag in features.row(model as usize).flags {
                if self.totals[flag as usize] == 0 {
                    self.seen.push(flag);
                }
                self.totals[flag as usize] += 1;
                self.with[flag as usize * task_count + task] += 1;
            }
        }
        let mut asked: Vec<usize> = self
            .seen
            .iter()
            .map(|&flag| flag as usize)
            .filter(|&flag| (self.totals[flag] as usize) < models.len())
            .chain((0..features.numbers).filter_map(|number| {
                let (least, most) = self.span(models, number);
                (least < most).then_some(features.flags + number)
            }))
            .collect();
        let columns = features.columns();
        let drawn = (columns / SHARE).max(columns.isqrt());
        self.rng.draw(&mut asked, drawn);
        let mut best = (f64::NEG_INFINITY, None);
        for &column in asked.iter().take(drawn) {
            let (purity, question) = if let Some(number) = column.checked_sub(features.flags) {
                self.cut(models, number)
            } else {
                let with = &self.with[column * task_count..][..task_count];
                #[expect(clippy::cast_possible_truncation, reason = "a number of a flag")]
                let question = Question::Flag(column as u32);
                (purity(&self.models, with), question)
            };
            if purity > best.0 {
                best = (purity, Some(question));
            }
        }
        for flag in self.seen.drain(..).map(|flag| flag as usize) {
            self.totals[flag] = 0;
            self.with[flag * task_count..][..task_count].fill(0);
        }
        best.1
    }

    /// The least and the highest bin of the models.
    fn span(&self, models: &[u32], number: usize) -> (u8, u8) {
        let bins = &self.bins.bins[number];
        models.iter().fold((u8::MAX, 0), |(least, most), &model| {
            let bin = bins[model as usize];
            (least.min(bin), most.max(bin))
        })
    }

    /// The best cut of a number with more than one bin, or for extra trees one drawn at random.
    fn cut(&mut self, models: &[u32], number: usize) -> (f64, Question) {
        let tasks = self.training.task_count;
        let (least, most) = self.span(models, number);
        let (first, end) = (usize::from(least), usize::from(most));
        let bins = &self.bins.bins[number];
        self.binned[first * tasks..(end + 1) * tasks].fill(0);
        for &model in models {
            let task = self.training.tasks[model as usize] as usize;
            self.binned[usize::from(bins[model as usize]) * tasks + task] += 1;
        }
        let only = match self.kind {
            Kind::RandomForest => None,
            Kind::ExtraTrees => Some(first + self.rng.below(end - first)),
        };
        let mut below = vec![0; tasks];
        let mut best = (f64::NEG_INFINITY, Question::Number(number, least));
        for bin in least..most {
            let counts = &self.binned[usize::from(bin) * tasks..][..tasks];
            below
                .iter_mut()
                .zip(counts)
                .for_each(|(sum, count)| *sum += count);
            if only.is_none_or(|only| only == usize::from(bin)) {
                let purity = purity(&self.models, &below);
                if purity > best.0 {
                    best = (purity, Question::Number(number, bin));
                }
            }
        }
        best
    }

    /// Orders the models by the answer to a question, no before yes, and counts the noes.
    fn part(&self, models: &mut [u32], question: Question) -> usize {
        let yes = |model: u32| match question {
            Question::Flag(flag) => {
                let row = self.training.features.row(model as usize);
                row.flags.binary_search(&flag).is_ok()
            }
            Question::Number(number, bin) => self.bins.bins[number][model as usize] > bin,
        };
        let mut noes = 0;
        for place in 0..models.len() {
            if !yes(models[place]) {
                models.swap(noes, place);
                noes += 1;
            }
        }
        noes
    }
}

/// The sum over both sides of the squared counts of tasks against the side's models: what Gini impurity lacks to all.
fn purity(models: &[u32], yes: &[u32]) -> f64 {
    let (mut noes, mut yeses, mut no_squares, mut yes_squares) = (0, 0, 0_u64, 0_u64);
    for (&all, &yes) in models.iter().zip(yes) {
        let no = all - yes;
        noes += no;
        yeses += yes;
        no_squares += u64::from(no) * u64::from(no);
        yes_squares += u64::from(yes) * u64::from(yes);
    }
    let part = |squares: u64, models: u32| squares as f64 / f64::from(models.max(1));
    part(no_squares, noes) + part(yes_squares, yeses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purity_of_a_split_by_hand() {
        // 3 and 1 of the models on one side, 0 and 2 on the other: (9 + 1) / 4 + 4 / 2
        assert!((purity(&[3, 3], &[0, 2]) - 4.5).abs() < 1e-12);
        // all on one side: 18 / 6
        assert!((purity(&[3, 3], &[0, 0]) - 3.0).abs() < 1e-12);
    }

    /// Flag 0 halves the tasks, flag 1 says nothing, the number tells the rest.
    fn training() -> (Matrix, Vec<u32>) {
        let mut features = Matrix::new(2, 1);
        let tasks: Vec<u32> = (0..120).map(|model| model % 4).collect();
        for (model, &task) in (0_u32..).zip(&tasks) {
            let mut flags = Vec::new();
            flags.extend((task >= 2).then_some(0));
            flags.extend((model % 3 == 0).then_some(1));
            features.push(&mut flags, &[f32::from(task % 2 == 1)]);
        }
        (features, tasks)
    }

    #[test]
    fn a_tree_asks_what_tells_most_and_stops_when_all_are_told() {
        let (features, tasks) = training();
        let training = Training {
            features: &features,
            tasks: &tasks,
            task_count: 4,
            seed: 0,
        };
        let bins = Bins::new(&features, BINS);
        let tree = Grower::new(&training, &bins, Kind::ExtraTrees, Rng::new(0, 0)).grow();
        let leaves: Vec<_> = tree
            .nodes
            .iter()
            .filter_map(|node| match node {
                Node::Leaf(answer) => Some(answer.clone()),
                _ => None,
            })
            .collect();
        assert!(
            leaves
                .iter()
                .all(|answer| answer.len() == 1 && answer[0].1 == 1.0)
        );
        for (row, task) in features.iter().zip(&tasks) {
            assert_eq!(tree.ask(row), &vec![(*task, 1.0)]);
        }
    }
}
