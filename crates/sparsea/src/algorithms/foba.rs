//! FoBa, adaptive forward-backward greedy search.

use serde::{Deserialize, Serialize};

use super::{Algorithm, Setting};
use crate::error::Error;
use crate::scalar::Scalar;
use crate::support::{Support, SupportSet};
use crate::tolerance::FOBA_GAIN;
use crate::workspace::{Initial, Step, Workspace};

/// Adaptive forward-backward greedy search. Each iteration
///
/// - adds the column most correlated with the residual, like OMP, and records the decrease of ‖r‖² as the gain of the new size,
/// - then drops columns, each time the one whose removal, with the others unchanged, raises ‖r‖² least, by |x_j|²‖a_j‖², as long as this is
///   at most ν times the gain recorded for the present size;
///
/// until the support has `growth` · k columns or nothing is gained. Then columns are dropped in the same way, one per iteration, down to k.
/// With ν < 1 every iteration lowers ‖r‖ for its size, so the algorithm ends. Zhang stops by a threshold on the gain. The limit on the
/// size, and growing beyond k before dropping, are from Liu, Ye & Fujimaki.
///
/// # Reference
/// Zhang 2011, *Adaptive forward-backward greedy algorithm for learning sparse representations*,
/// DOI 10.1109/TIT.2011.2146690; Liu, Ye & Fujimaki 2014, *Forward-backward greedy algorithms for general convex smooth
/// functions over a cardinality constraint*, PMLR 32(2):503–511.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FoBa {
    /// ν, between 0 and 1; columns are dropped more readily for larger ν.
    pub ratio: f64,
    /// Size to which the support grows before it shrinks to k columns, in units of k; from 1 to 3.
    pub growth: f64,
}

impl Default for FoBa {
    fn default() -> Self {
        Self { ratio: 0.5, growth: 2.0 }
    }
}

/// State of FoBa between steps.
#[derive(Debug)]
pub struct State {
    support: Support,
    /// What ‖r‖² fell by when the support last grew to each size; at `gains[s - 1]` for s columns.
    gains: Vec<f64>,
    shrinking: bool,
    /// Supports after which the support has grown. One that comes again ends the growth: losses are bounded by coefficients,
    /// which is not so of fits that pass over columns, and the same columns might come and go for ever.
    seen: SupportSet,
}

impl<T: Scalar> Algorithm<T> for FoBa {
    const NAME: &'static str = "foba";
    const TITLE: &'static str = "Adaptive Forward-Backward Greedy Search";
    const SUMMARY: &'static str = "like omp, but also removes columns that have become nearly useless";
    const REFERENCE: &'static str = "Zhang 2011, 10.1109/TIT.2011.2146690";
    const COST: &'static str = "n |S| + |S|² for each column added or dropped, and one Gram column";
    const MEMORY: &'static str = "k² besides the Gram columns";
    const WHEN: &'static str = "variable selection among correlated columns";
    const SETTINGS: &'static [Setting] = &[
        Setting {
            name: "ratio",
            range: "between 0 and 1",
            default: "0.5",
            meaning: "ν; the larger, the more readily columns are dropped",
        },
        Setting {
            name: "growth",
            range: "from 1 to 3",
            default: "2.0",
            meaning: "columns to grow to before shrinking to k, in units of k",
        },
    ];

    type State = State;

    fn check(&self) -> Result<(), Error> {
        let refuse = |setting, rule, value: f64| {
            Err(Error::InvalidSetting { algorithm: "foba", setting, rule, value: value.to_string() })
        };
        if !(self.ratio > 0.0 && self.ratio < 1.0) {
            return refuse("ratio", "between 0 and 1", self.ratio);
        }
        if !(1.0..=3.0).contains(&self.growth) {
            return refuse("growth", "from 1 to 3", self.growth);
        }
        Ok(())
    }

    fn start(&self, workspace: &mut Workspace<'_, T>, initial: &Initial<T>) -> State {
        let (support, _) = workspace.truncated(initial);
        workspace.fit(&support);
        // What the columns of a start gained is not known: they may be dropped at no gain only.
        State { gains: vec![0.0; workspace.size(&support)], support, shrinking: false, seen: SupportSet::default() }
    }

    fn step(&self, state: &mut State, workspace: &mut Workspace<'_, T>, _budget: u64) -> Step {
        let k = workspace.sparsity();
        let State { support, gains, shrinking, seen } = state;
        if !*shrinking {
            *shrinking = workspace.size(support) as f64 >= self.growth * k as f64
                || !grow(support, gains, self.ratio, workspace)
                || !seen.insert(support);
            return Step { iterations: 1, finished: *shrinking && workspace.size(support) <= k };
        }
        if let Some((leaving, _)) = workspace.cheapest() {
            workspace.remove(support, leaving);
            workspace.fit(support);
        }
        Step { iterations: 1, finished: workspace.size(support) <= k }
    }
}

/// Adds a column, then drops those that have become nearly useless. False if no column lowers the residual.
fn grow<T: Scalar>(support: &mut Support, gains: &mut Vec<f64>, ratio: f64, workspace: &mut Workspace<'_, T>) -> bool {
    let before = workspace.residual_norm();
    let Some((entering, _)) = workspace.strongest() else {
        return false;
    };
    workspace.insert(support, entering);
    workspace.fit(support);
    let lowered = workspace.lowers(before);
    let after = workspace.residual_norm();
    let gain = (before - after) * (before + after);
    if !lowered || gain.is_nan() || gain <= FOBA_GAIN * before * before {
        workspace.remove(support, entering);
        workspace.fit(support);
        return false;
    }
    gains.push(gain);
    while let Some((weakest, loss)) = workspace.cheapest() {
        if loss > ratio * gains[workspace.size(support) - 1] {
            break;
        }
        workspace.remove(support, weakest);
        gains.pop();
        workspace.fit(support);
    }
    true
}
