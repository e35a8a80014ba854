//! Decision trees: yes-no questions about a model's features, and what is said of those who answer alike.

use crate::matrix::{Matrix, Row};

/// A question or, at the end of them, an answer. Places are among the nodes of the tree.
#[derive(Debug, Clone)]
pub(super) enum Node<T> {
    /// Does the model have the flag?
    Flag {
        flag: u32,
        no: u32,
        yes: u32,
    },
    /// Is the number above the cut?
    Number {
        number: u32,
        cut: f32,
        no: u32,
        yes: u32,
    },
    Leaf(T),
}

/// The first node is asked first.
#[derive(Debug, Clone)]
pub(super) struct Tree<T> {
    pub(super) nodes: Vec<Node<T>>,
}

impl<T> Tree<T> {
    /// The answer for a model.
    pub(super) fn ask(&self, row: Row<'_>) -> &T {
        let mut place = 0;
        loop {
            let (yes, places) = match &self.nodes[place] {
                Node::Leaf(answer) => return answer,
                Node::Flag { flag, no, yes } => (row.flags.binary_search(flag).is_ok(), (no, yes)),
                Node::Number {
                    number,
                    cut,
                    no,
                    yes,
                } => (row.numbers[*number as usize] > *cut, (no, yes)),
            };
            place = *(if yes { places.1 } else { places.0 }) as usize;
        }
    }
}

/// The numbers of the training models by bins of about as many models each: a tree tries the cuts between bins, not
/// those between all values.
#[derive(Debug)]
pub(super) struct Bins {
    /// Of each number the cuts between its bins, ascending.
    pub(super) cuts: Vec<Vec<f32>>,
    /// Of each number the bin of each model.
    pub(super) bins: Vec<Vec<u8>>,
}

impl Bins {
    pub(super) fn new(features: &Matrix, bins: u8) -> Self {
        let cuts: Vec<Vec<f32>> = (0..features.numbers)
            .map(|number| {
                let mut values: Vec<f32> = features.iter().map(|row| row.numbers[number]).collect();
                values.sort_unstable_by(f32::total_cmp);
                let mut cuts: Vec<f32> = (1..usize::from(bins))
                    .filter_map(|bin| {
                        let below = values[(bin * values.len() / usize::from(bins)).max(1) - 1];
                        let above =
                            values[values.partition_point(|&value| value <= below)..].first()?;
                        Some(f32::midpoint(below, *above))
                    })
                    .collect();
                cuts.dedup();
                cuts
            })
            .collect();
        let bin = |cuts: &[f32], value: f32| {
            // There are at most as many cuts as a u8 counts.
            u8::try_from(cuts.partition_point(|&cut| cut < value)).unwrap_or(u8::MAX)
        };
        let bins = (0..)
            .zip(&cuts)
            .map(|(number, cuts): (usize, &Vec<f32>)| {
                features
                    .iter()
                    .map(|row| bin(cuts, row.numbers[number]))
                    .collect()
            })
            .collect();
        Self { cuts, bins }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_lead_to_the_answer() {
        let tree = Tree {
            nodes: vec![
                Node::Flag {
                    flag: 3,
                    no: 1,
                    yes: 2,
                },
                Node::Number {
                    number: 1,
                    cut: 0.5,
                    no: 3,
                    yes: 4,
                },
                Node::Leaf('c'),
                Node::Leaf('a'),
                Node::Leaf('b'),
            ],
        };
        let ask = |flags: &[u32], numbers: &[f32]| *tree.ask(Row { flags, numbers });
        assert_eq!(ask(&[1, 3, 9], &[0.0, 0.0]), 'c');
        assert_eq!(ask(&[1, 9], &[9.0, 0.5]), 'a');
        assert_eq!(ask(&[], &[0.0, 0.6]), 'b');
    }

    #[test]
    fn bins_hold_about_as_many_models_each_and_equal_values_share_one() {
        let mut features = Matrix::new(0, 2);
        for model in 0..100_u8 {
            let second = if model < 90 { 1.0 } else { 2.0 };
            features.push(&mut vec![], &[f32::from(model), second]);
        }
        let bins = Bins::new(&features, 4);
        assert_eq!(bins.cuts, vec![vec![24.5, 49.5, 74.5], vec![1.5]]);
        assert_eq!(bins.bins[0][24..26], [0, 1]);
        assert_eq!(bins.bins[0][99], 3);
        assert_eq!(bins.bins[1][89..91], [0, 1]);
    }
}
