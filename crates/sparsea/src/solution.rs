//! The result of a run.

use std::time::Duration;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::counts::Counts;
use crate::problem::FixedPart;
use crate::scalar::Scalar;
use crate::stop_reason::StopReason;

/// The best point that a run visited, why it stopped, and what it cost.
///
/// It serialises to the object that the command prints with `--json`: the fields in this order; `elapsed` as `elapsed_seconds`; `groups`
/// and `report` only if present; without `ncols`, `counts` and `memory`. Complex coefficients are pairs [re, im].
#[derive(Debug, Clone, PartialEq)]
pub struct Solution<T> {
    /// Name of the algorithm, or of the chain, such as `omp+sea`.
    pub algorithm: String,
    /// Number of columns n of A, the length of x.
    pub ncols: usize,
    /// S, sorted. It has at most k indices, and fewer if k exceeds the rank of A.
    pub support: Vec<usize>,
    /// x_S, in the scale of A. None of them is 0: a column that depends on others of the support is not in the support. For a joint
    /// support, X_S row by row: [`right_hand_sides`](Self::right_hand_sides) numbers for each column, not all of them 0, serialised as
    /// rows.
    pub coefficients: Vec<T>,
    /// ‖y − A x‖.
    pub residual_norm: f64,
    /// ‖y − A x‖ / ‖y‖ (0 when y = 0).
    pub relative_residual: f64,
    /// ½‖y − A x‖².
    pub objective: f64,
    /// Iterations of the algorithm (of the last link of a chain). Iteration 0 is the start.
    pub iterations: u64,
    /// The last iteration at which ‖y − A x‖ fell by more than rounding. If the iterates converge, the point returned may come from a later
    /// one.
    pub best_iteration: u64,
    /// Distinct supports that the run visited, starting algorithms included.
    pub supports_explored: usize,
    /// Why the run ended.
    pub stop_reason: StopReason,
    /// What the run cost, starting algorithms included.
    pub counts: Counts,
    /// Wall time of the run, starting algorithms included.
    pub elapsed: Duration,
    /// Bytes held at the end for the things that [`Memory`](crate::Memory) limits: Gram columns (or a sparse A by rows), cached fits, and
    /// the state of the algorithms. Gram columns left by an earlier run of a batch are included.
    pub memory: usize,
    /// The report, if it was requested.
    pub report: Option<ExplorationReport>,
    /// B, the number of right-hand sides that share the support; 1 unless the problem is [joint](crate::Problem::joint).
    pub right_hand_sides: usize,
    /// The groups in the support, sorted by number, if atoms are [groups](crate::Problem::with_groups).
    pub groups: Option<Vec<usize>>,
    /// The fixed part of the model, if the problem was [adjusted](crate::Adjusted).
    pub fixed: Option<FixedPart<T>>,
}

/// What a run learnt besides its best support: near-ties, and how often each column occurs in them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExplorationReport {
    /// Number of distinct supports considered (in a search, the ends of exchanges; in other algorithms, the points), and of near-ties one
    /// exchange away from the best support.
    pub distinct_supports: usize,
    /// Whether every exchange of one column of the best support for another was scored. If not, nothing is known beyond the supports that
    /// the run passed through: a run may end at the first support that fits exactly.
    pub exchanges_scored: bool,
    /// Number of columns among which exchanges were sought: all n, unless a search among many columns ended with a working set.
    pub columns_in_play: usize,
    /// Supports count as near-ties if ‖r‖ is at most (1 + margin) times the best.
    pub margin: f64,
    /// Number of near-ties among the supports kept, including the best.
    pub near_ties: usize,
    /// The best supports, best first.
    pub best: Vec<RankedSupport>,
    /// Every index that occurs in the near-ties, most frequent first.
    pub indices: Vec<IndexReport>,
    /// Disjoint sets of columns that stand in for each other: *every* near-tie that is counted holds exactly the same number of columns of
    /// a set. There are none if exchanges were not scored, or if an exchange leads from the chosen support to one so much better that the
    /// chosen support is no near-tie of it.
    ///
    /// If an exchange S − j + i gives a near-tie, columns i and j are in one set. Sets are merged if another near-tie holds more columns of
    /// one and fewer of the other. A set is omitted if a near-tie with fewer columns holds fewer of its columns. What holds for the
    /// near-ties counted may fail for supports that were not considered, which differ from S in two columns or more.
    pub stand_ins: Vec<StandIns>,
    /// The chosen columns that every near-tie counted holds, sorted. Empty if exchanges were not scored.
    pub certain: Vec<usize>,
}

/// Columns that stand in for each other: exactly one of these eight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StandIns {
    /// The columns, sorted; more than `count`.
    pub columns: Vec<usize>,
    /// Number of these columns that every near-tie holds.
    pub count: usize,
}

/// A support and its residual.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RankedSupport {
    /// The support, sorted.
    pub support: Vec<usize>,
    /// ‖y − A x‖ of the least-squares fit on the support.
    pub residual_norm: f64,
}

/// How one column of A occurs in the near-ties.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IndexReport {
    /// The column.
    pub index: usize,
    /// Whether it is in the best support.
    pub chosen: bool,
    /// Fraction of the near-ties that contain it.
    pub frequency: f64,
    /// The column most correlated with it, and |cos| of the angle between the two. Also `None` if there was no time to look for it.
    pub neighbour: Option<(usize, f64)>,
}

impl<T: Scalar> Solution<T> {
    /// x = 0, for a run that was stopped before it could begin, for example by [`Error::Stopped`](crate::Error::Stopped).
    pub fn zero(algorithm: String, ncols: usize, data: &[T], stop_reason: StopReason, elapsed: Duration) -> Self {
        let residual_norm = crate::kernels::norm(data);
        Self {
            algorithm,
            ncols,
            support: vec![],
            coefficients: vec![],
            residual_norm,
            relative_residual: if residual_norm > 0.0 { 1.0 } else { 0.0 },
            objective: 0.5 * residual_norm * residual_norm,
            iterations: 0,
            best_iteration: 0,
            supports_explored: 0,
            stop_reason,
            counts: Counts::default(),
            elapsed,
            memory: 0,
            report: None,
            right_hand_sides: 1,
            groups: None,
            fixed: None,
        }
    }

    /// x as a full vector of length n, fixed columns included. For a joint support, the columns of X, end to end.
    pub fn to_dense(&self) -> Vec<T> {
        let sides = self.right_hand_sides.max(1);
        let mut x = vec![T::ZERO; self.ncols * sides];
        let mut put = |columns: &[usize], rows: &[T]| {
            for (&j, row) in columns.iter().zip(rows.chunks(sides)) {
                row.iter().enumerate().for_each(|(b, &value)| x[b * self.ncols + j] = value);
            }
        };
        if let Some(fixed) = &self.fixed {
            put(&fixed.fixed, &fixed.fixed_coefficients);
        }
        put(&self.support, &self.coefficients);
        x
    }
}

impl<T: Serialize> Serialize for Solution<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.write(serializer, self.groups.as_deref())
    }
}

/// A solution that is serialised with labels of its groups: [`Solution::labelled`].
#[derive(Debug)]
struct Labelled<'s, T, L> {
    solution: &'s Solution<T>,
    labels: &'s [L],
}

impl<T: Serialize, L: Serialize> Serialize for Labelled<'_, T, L> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let label = |groups: &Vec<usize>| groups.iter().filter_map(|&group| self.labels.get(group)).collect::<Vec<_>>();
        self.solution.write(serializer, self.solution.groups.as_ref().map(label).as_deref())
    }
}

impl<T: Serialize> Solution<T> {
    /// The solution, to be serialised with labels of groups in place of their numbers: one label per group, in the order of their first
    /// columns.
    pub fn labelled<'s, L: Serialize>(&'s self, labels: &'s [L]) -> impl Serialize + 's {
        Labelled { solution: self, labels }
    }

    fn write<S: Serializer>(&self, serializer: S, groups: Option<&[impl Serialize]>) -> Result<S::Ok, S::Error> {
        let optional =
            [groups.is_some(), self.report.is_some()].into_iter().chain(self.fixed.iter().flat_map(|part| {
                let has = [!part.intercept.is_empty(), !part.fixed.is_empty(), !part.fixed.is_empty()];
                has.into_iter().chain([!part.baseline_coefficients.is_empty()])
            }));
        let fields = 11 + optional.filter(|is_there| *is_there).count();
        let mut object = serializer.serialize_struct("Solution", fields)?;
        object.serialize_field("algorithm", &self.algorithm)?;
        object.serialize_field("support", &self.support)?;
        object.serialize_field("coefficients", &self.rows(&self.coefficients))?;
        object.serialize_field("residual_norm", &self.residual_norm)?;
        object.serialize_field("relative_residual", &self.relative_residual)?;
        object.serialize_field("objective", &self.objective)?;
        object.serialize_field("iterations", &self.iterations)?;
        object.serialize_field("best_iteration", &self.best_iteration)?;
        object.serialize_field("supports_explored", &self.supports_explored)?;
        object.serialize_field("stop_reason", &self.stop_reason)?;
        object.serialize_field("elapsed_seconds", &self.elapsed.as_secs_f64())?;
        if let Some(groups) = groups {
            object.serialize_field("groups", groups)?;
        }
        if let Some(report) = &self.report {
            object.serialize_field("report", report)?;
        }
        if let Some(part) = &self.fixed {
            match &part.intercept[..] {
                [] => {}
                [one] => object.serialize_field("intercept", one)?,
                several => object.serialize_field("intercept", several)?,
            }
            if !part.fixed.is_empty() {
                object.serialize_field("fixed", &part.fixed)?;
                object.serialize_field("fixed_coefficients", &self.rows(&part.fixed_coefficients))?;
            }
            if !part.baseline_coefficients.is_empty() {
                object.serialize_field("baseline_coefficients", &self.rows(&part.baseline_coefficients))?;
            }
        }
        object.end()
    }

    fn rows<'s>(&self, values: &'s [T]) -> Rows<'s, T> {
        if self.right_hand_sides == 1 { Rows::One(values) } else { Rows::Many(values, self.right_hand_sides.max(1)) }
    }
}

/// Numbers of one right-hand side, or rows of those of several.
enum Rows<'s, T> {
    One(&'s [T]),
    Many(&'s [T], usize),
}

impl<T: Serialize> Serialize for Rows<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::One(values) => values.serialize(serializer),
            Self::Many(values, sides) => serializer.collect_seq(values.chunks(*sides)),
        }
    }
}

#[cfg(test)]
mod tests {
    use num_complex::Complex;

    use super::*;

    /// Programs read these keys: they may be added to, but neither renamed nor moved.
    #[test]
    fn the_keys_are_a_contract() {
        let mut solution = Solution {
            support: vec![3],
            coefficients: vec![Complex::new(1.5, -2.0)],
            counts: Counts { applies: 7, ..Counts::default() },
            memory: 99,
            ..Solution::zero(
                "sea".into(),
                5,
                &[Complex::new(0.0, 2.0)],
                StopReason::ExactFit,
                Duration::from_millis(250),
            )
        };
        let expected = r#"{"algorithm":"sea","support":[3],"coefficients":[[1.5,-2.0]],"residual_norm":2.0,"#
            .to_owned()
            + r#""relative_residual":1.0,"objective":2.0,"iterations":0,"best_iteration":0,"supports_explored":0,"#
            + r#""stop_reason":"exact_fit","elapsed_seconds":0.25"#;
        assert_eq!(serde_json::to_string(&solution).unwrap(), expected.clone() + "}");
        solution.report = Some(ExplorationReport {
            distinct_supports: 2,
            exchanges_scored: true,
            columns_in_play: 7,
            margin: 0.5,
            near_ties: 1,
            best: vec![RankedSupport { support: vec![3], residual_norm: 2.0 }],
            indices: vec![IndexReport { index: 3, chosen: true, frequency: 1.0, neighbour: Some((1, 0.25)) }],
            stand_ins: vec![StandIns { columns: vec![1, 3], count: 1 }],
            certain: vec![3],
        });
        let report = r#","report":{"distinct_supports":2,"exchanges_scored":true,"columns_in_play":7,"margin":0.5,"near_ties":1,"#
            .to_owned()
            + r#""best":[{"support":[3],"residual_norm":2.0}],"#
            + r#""indices":[{"index":3,"chosen":true,"frequency":1.0,"neighbour":[1,0.25]}],"#
            + r#""stand_ins":[{"columns":[1,3],"count":1}],"certain":[3]}}"#;
        assert_eq!(serde_json::to_string(&solution).unwrap(), expected + &report);
    }
}
