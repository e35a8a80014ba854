//! Gradient boosting: for each task a sum of small trees that tells its models from all others.
//!
//! Trees grow level by level over bins, as those of LightGBM and XGBoost do; only the models that have a flag are
//! looked at, and those without it are what is left of their node.

use rayon::prelude::*;

use super::tree::{Bins, Node, Tree};
use super::{Classifier, Training};
use crate::matrix::{Matrix, Probabilities};
use crate::rng::Rng;

pub(super) const NAME: &str = "gradient boosting";

const TREES: usize = 100;
const DEPTH: usize = 4;
/// Nodes of a tree of that depth.
const NODES: usize = (2 << DEPTH) - 1;
/// How much of what it found a tree may say.
const RATE: f64 = 0.3;
/// One in so many of the features a tree may look at, where that leaves enough.
const FEATURES: usize = 10;
const ENOUGH: usize = 10;
/// Tokens have two values; the numbers need no more steps than this.
const BINS: u8 = 32;
/// Added to the curvature of a leaf, so that few models say little.
const RIDGE: f64 = 0.3;
/// Least sum of p(1 - p) in a leaf. The usual 1 forbids every split for a task of a few dozen models among thousands.
const LEAF_WEIGHT: f64 = 0.02;

/// Of each task the logarithm of its odds among all, and what trees add to it.
struct Boosting {
    boosters: Vec<(f64, Vec<Tree<f64>>)>,
}

pub(super) fn fit(training: &Training<'_>) -> Box<dyn Classifier> {
    let bins = Bins::new(training.features, BINS);
    let by_flag = training.features.models_by_flag();
    let boosters = (0..training.task_count)
        .into_par_iter()
        .map(|task| boost(training, &bins, &by_flag, task))
        .collect();
    Box::new(Boosting { boosters })
}

impl Classifier for Boosting {
    fn probabilities(&self, features: &Matrix) -> Probabilities {
        let mut weights = Vec::with_capacity(features.rows() * self.boosters.len());
        for row in features.iter() {
            weights.extend(self.boosters.iter().map(|(odds, trees)| {
                probability(odds + trees.iter().map(|tree| tree.ask(row)).sum::<f64>())
            }));
        }
        Probabilities::from_weights(self.boosters.len(), weights)
    }
}

fn probability(odds: f64) -> f64 {
    1.0 / (1.0 + (-odds).exp())
}

/// Slope and curvature of the loss, of a model or summed over several.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Gradient {
    slope: f64,
    curvature: f64,
}

impl Gradient {
    fn add(&mut self, other: Self) {
        self.slope += other.slope;
        self.curvature += other.curvature;
    }

    fn without(self, other: Self) -> Self {
        Self {
            slope: self.slope - other.slope,
            curvature: self.curvature - other.curvature,
        }
    }

    /// How much the best common answer lowers the loss, doubled.
    fn gain(self) -> f64 {
        self.slope * self.slope / (self.curvature + RIDGE)
    }

    fn answer(self) -> f64 {
        -self.slope / (self.curvature + RIDGE) * RATE
    }
}

fn boost(
    training: &Training<'_>,
    bins: &Bins,
    by_flag: &[Vec<u32>],
    task: usize,
) -> (f64, Vec<Tree<f64>>) {
    let mut rng = Rng::new(training.seed, task);
    let is_task: Vec<f64> = training
        .tasks
        .iter()
        .map(|&of| f64::from(u8::from(of as usize == task)))
        .collect();
    let models: f64 = is_task.iter().sum();
    let start = (models / (is_task.len() as f64 - models)).ln();
    let mut odds = vec![start; is_task.len()];
    let mut columns: Vec<usize> = (0..training.features.columns()).collect();
    let looked_at = (columns.len() / FEATURES).max(ENOUGH).min(columns.len());
    let mut gradients = vec![Gradient::default(); is_task.len()];
    let trees = (0..TREES)
        .map(|_| {
            for ((gradient, odds), is_task) in gradients.iter_mut().zip(&odds).zip(&is_task) {
                let probability = probability(*odds);
                gradient.slope = probability - is_task;
                gradient.curvature = probability * (1.0 - probability);
            }
            rng.draw(&mut columns, looked_at);
            let mut grown = Growth::new(&gradients, bins, by_flag);
            for _ in 0..DEPTH {
                if !grown.level(&columns[..looked_at]) {
                    break;
                }
            }
            for (odds, &place) in odds.iter_mut().zip(&grown.places) {
                *odds += grown.sums[usize::from(place)].answer();
            }
            grown.tree()
        })
        .collect();
    (start, trees)
}

/// A question of a node: how much it gains, the column, and the bin after which to cut a number.
#[derive(Debug, Clone, Copy)]
struct Split {
    gain: f64,
    column: usize,
    bin: u8,
}

/// A tree on the way to its last level.
struct Growth<'a> {
    gradients: &'a [Gradient],
    bins: &'a Bins,
    by_flag: &'a [Vec<u32>],
    /// The node of each model.
    places: Vec<u8>,
    nodes: Vec<Node<f64>>,
    /// Of each node the gradients of its models.
    sums: Vec<Gradient>,
    /// The first node of the last level.
    first: usize,
}

impl<'a> Growth<'a> {
    fn new(gradients: &'a [Gradient], bins: &'a Bins, by_flag: &'a [Vec<u32>]) -> Self {
        let mut all = Gradient::default();
        gradients.iter().for_each(|&gradient| all.add(gradient));
        Self {
            gradients,
            bins,
            by_flag,
            places: vec![0; gradients.len()],
            nodes: vec![Node::Leaf(0.0)],
            sums: vec![all],
            first: 0,
        }
    }

    /// Adds a level where questions gain anything; whether it did.
    fn level(&mut self, columns: &[usize]) -> bool {
        let mut best: Vec<Option<Split>> = vec![None; self.nodes.len()];
        for &column in columns {
            if let Some(number) = column.checked_sub(self.by_flag.len()) {
                self.try_number(column, number, &mut best);
            } else {
                self.try_flag(column, &mut best);
            }
        }
        let first = self.nodes.len();
        for (place, split) in best.into_iter().enumerate() {
            if let Some(split) = split {
                self.split(place, split);
            }
        }
        self.first = first;
        self.nodes.len() > first
    }

    fn try_flag(&self, column: usize, best: &mut [Option<Split>]) {
        let mut with = [Gradient::default(); NODES];
        for &model in &self.by_flag[column] {
            let place = usize::from(self.places[model as usize]);
            with[place].add(self.gradients[model as usize]);
        }
        for (place, &with) in with[..self.nodes.len()].iter().enumerate().skip(self.first) {
            self.consider(place, with, column, 0, best);
        }
    }

    fn try_number(&self, column: usize, number: usize, best: &mut [Option<Split>]) {
        let bins = self.bins.cuts[number].len() + 1;
        let mut binned = vec![Gradient::default(); self.nodes.len() * bins];
        let model_bins = &self.bins.bins[number];
        for ((&place, &bin), &gradient) in self.places.iter().zip(model_bins).zip(self.gradients) {
            binned[usize::from(place) * bins + usize::from(bin)].add(gradient);
        }
        for place in self.first..self.nodes.len() {
            let mut above = self.sums[place];
            for (bin, &gradient) in (0..).zip(&binned[place * bins..][..bins - 1]) {
                above = above.without(gradient);
                self.consider(place, above, column, bin, best);
            }
        }
    }

    /// Takes the split if it gains more than those before it.
    fn consider(
        &self,
        place: usize,
        yes: Gradient,
        column: usize,
        bin: u8,
        best: &mut [Option<Split>],
    ) {
        let no = self.sums[place].without(yes);
        if yes.curvature < LEAF_WEIGHT || no.curvature < LEAF_WEIGHT {
            return;
        }
        let gain = yes.gain() + no.gain() - self.sums[place].gain();
        if gain > best[place].map_or(1e-9, |best| best.gain) {
            best[place] = Some(Split { gain, column, bin });
        }
    }

    fn split(&mut self, place: usize, Split { column, bin, .. }: Split) {
        // A tree has fewer nodes than a u8 counts.
        #[expect(clippy::cast_possible_truncation, reason = "at most NODES")]
        let (old, no, yes) = (
            place as u8,
            self.nodes.len() as u8,
            self.nodes.len() as u8 + 1,
        );
        let mut says_yes = Gradient::default();
        #[expect(clippy::cast_possible_truncation, reason = "a number of a column")]
        let node = if let Some(number) = column.checked_sub(self.by_flag.len()) {
            let bins = &self.bins.bins[number];
            for ((place, &of), &gradient) in self.places.iter_mut().zip(bins).zip(self.gradients) {
                if *place == old && of > bin {
                    *place = yes;
                    says_yes.add(gradient);
                }
            }
            Node::Number {
                number: number as u32,
                cut: self.bins.cuts[number][usize::from(bin)],
                no: u32::from(no),
                yes: u32::from(yes),
            }
        } else {
            for &model in &self.by_flag[column] {
                let place = &mut self.places[model as usize];
                if *place == old {
                    *place = yes;
                    says_yes.add(self.gradients[model as usize]);
                }
            }
            Node::Flag {
                flag: column as u32,
                no: u32::from(no),
                yes: u32::from(yes),
            }
        };
        for place in &mut self.places {
            if *place == old {
                *place = no;
            }
        }
        let says_no = self.sums[place].without(says_yes);
        self.nodes[place] = node;
        self.nodes.extend([Node::Leaf(0.0), Node::Leaf(0.0)]);
        self.sums.extend([says_no, says_yes]);
    }

    fn tree(mut self) -> Tree<f64> {
        for (node, sum) in self.nodes.iter_mut().zip(&self.sums) {
            if let Node::Leaf(answer) = node {
                *answer = sum.answer();
            }
        }
        Tree { nodes: self.nodes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_tree_by_hand() {
        // Ten models, three of the task; all three have flag 0, and one other. At odds of 3 : 7 every slope is 0.3 for
        // others and -0.7 for the task, every curvature 0.21.
        let mut features = Matrix::new(1, 1);
        for model in 0..10 {
            features.push(&mut (model < 4).then_some(0).into_iter().collect(), &[0.0]);
        }
        let gradients: Vec<Gradient> = (0..10)
            .map(|model| Gradient {
                slope: if model < 3 { -0.7 } else { 0.3 },
                curvature: 0.21,
            })
            .collect();
        let bins = Bins::new(&features, BINS);
        let by_flag = features.models_by_flag();
        let mut grown = Growth::new(&gradients, &bins, &by_flag);
        assert!(grown.level(&[0, 1]));
        assert!(!grown.level(&[0, 1]), "nothing is left to ask");
        let tree = grown.tree();
        let yes = (2.1 - 0.3) / (4.0 * 0.21 + RIDGE) * RATE;
        let no = -6.0 * 0.3 / (6.0 * 0.21 + RIDGE) * RATE;
        assert!((tree.ask(features.row(0)) - yes).abs() < 1e-12);
        assert!((tree.ask(features.row(9)) - no).abs() < 1e-12);
    }

    #[test]
    fn the_cut_of_a_number_is_where_it_gains_most() {
        let mut features = Matrix::new(0, 1);
        (0..8_u8).for_each(|model| features.push(&mut vec![], &[f32::from(model)]));
        let gradients: Vec<Gradient> = (0..8)
            .map(|model| Gradient {
                slope: if model < 5 { 0.5 } else { -0.5 },
                curvature: 0.25,
            })
            .collect();
        let bins = Bins::new(&features, BINS);
        let mut grown = Growth::new(&gradients, &bins, &[]);
        assert!(grown.level(&[0]));
        assert!(
            matches!(grown.nodes[0], Node::Number { number: 0, cut, .. } if (cut - 4.5).abs() < 1e-6)
        );
    }
}
