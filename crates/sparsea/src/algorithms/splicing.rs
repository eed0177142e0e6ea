//! Splicing, the exchange search of abess.

use serde::{Deserialize, Serialize};

use super::{Algorithm, Setting};
use crate::error::Error;
use crate::scalar::Scalar;
use crate::support::Support;
use crate::workspace::{Initial, Step, Workspace};

/// Best-subset selection by splicing. From the fit x on a support S of k columns, for each C = 1, 2, … up to a limit, consider the support
/// in which the C members of S with the least sacrifice ‖a_j‖|x_j| are replaced by the C columns outside with the largest sacrifice |a_iᴴ
/// r|/‖a_i‖. Take the best of these supports if it lowers ‖y − A x‖; repeat until none does.
///
/// From x = 0, the first iteration takes the k largest |a_jᴴ y|/‖a_j‖; a support of fewer than k columns is filled up in the same way. The
/// published acceptance threshold has the units of y² and depends on m and n. Here an exchange is taken if it lowers ‖r‖² by more than a
/// given share, whatever the units.
///
/// # Reference
/// Zhu, Wen, Zhu, Zhang & Wang 2020, *A polynomial algorithm for best-subset selection problem*,
/// DOI 10.1073/pnas.2014241117.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Splicing {
    /// The largest number of columns exchanged at a time; at least 1. Never more than k are exchanged.
    pub exchanges: usize,
    /// The share of ‖r‖² by which an exchange must lower it; at least 0.
    pub threshold: f64,
}

impl Default for Splicing {
    fn default() -> Self {
        Self { exchanges: 5, threshold: 1e-10 }
    }
}

/// State of splicing between steps.
#[derive(Debug)]
pub struct State {
    support: Support,
    /// The sacrifices of atoms off the support, largest first.
    forward: Vec<(usize, f64)>,
    /// Those of atoms on it, smallest first.
    backward: Vec<(usize, f64)>,
}

impl<T: Scalar> Algorithm<T> for Splicing {
    const NAME: &'static str = "splicing";
    const TITLE: &'static str = "Splicing (the search of abess)";
    const SUMMARY: &'static str = "exchanges the weakest columns for the most correlated, several at a time";
    const REFERENCE: &'static str = "Zhu, Wen, Zhu, Zhang & Wang 2020, 10.1073/pnas.2014241117";
    const COST: &'static str = "n k, and k² and up to C Gram columns for each number C of exchanges tried";
    const MEMORY: &'static str = "k² besides the Gram columns";
    const WHEN: &'static str = "variable selection with many rows and moderate correlation";
    const SETTINGS: &'static [Setting] = &[
        Setting {
            name: "exchanges",
            range: "a whole number of at least 1",
            default: "5",
            meaning: "the most columns exchanged at a time",
        },
        Setting {
            name: "threshold",
            range: "at least 0 and below 1",
            default: "1e-10",
            meaning: "the share of ‖r‖² by which an exchange must lower it",
        },
    ];

    type State = State;

    fn check(&self) -> Result<(), Error> {
        let refuse = |setting, rule, value| Err(Error::InvalidSetting { algorithm: "splicing", setting, rule, value });
        if self.exchanges == 0 {
            return refuse("exchanges", "a whole number of at least 1", "0".to_owned());
        }
        if !(0.0..1.0).contains(&self.threshold) {
            return refuse("threshold", "at least 0 and below 1", self.threshold.to_string());
        }
        Ok(())
    }

    fn start(&self, workspace: &mut Workspace<'_, T>, initial: &Initial<T>) -> State {
        let (support, _) = workspace.truncated(initial);
        workspace.fit(&support);
        State { support, forward: vec![], backward: vec![] }
    }

    fn step(&self, state: &mut State, workspace: &mut Workspace<'_, T>, _budget: u64) -> Step {
        let before = workspace.residual_norm();
        let State { support: current, forward, backward } = state;
        workspace.pulls(forward);
        // Of equal sacrifices the lower index enters.
        forward.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let room = workspace.sparsity() - workspace.size(current);
        if room > 0 && !forward.is_empty() {
            forward.iter().take(room).for_each(|&(j, _)| workspace.insert(current, j));
            workspace.fit(current);
            return Step { iterations: 1, finished: false };
        }
        workspace.weights(backward);
        // Of equal sacrifices the higher index gives way.
        backward.sort_unstable_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
        let most = self.exchanges.min(backward.len()).min(forward.len());
        let (mut best, mut best_norm) = (None, before * (1.0 - self.threshold).sqrt());
        for exchanged in 1..=most {
            if workspace.stop() {
                break;
            }
            let mut support = current.clone();
            backward[..exchanged].iter().for_each(|&(j, _)| workspace.remove(&mut support, j));
            forward[..exchanged].iter().for_each(|&(j, _)| workspace.insert(&mut support, j));
            workspace.fit(&support);
            if workspace.lowers(best_norm) {
                (best, best_norm) = (Some(support), workspace.residual_norm());
            }
        }
        let finished = best.is_none();
        if let Some(support) = best {
            *current = support;
        }
        workspace.fit(current);
        Step { iterations: 1, finished }
    }
}
