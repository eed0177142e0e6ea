//! The best point of a run.

use crate::interrupt::Interrupt;
use crate::scalar::Scalar;
use crate::support::Support;
use crate::workspace::{Initial, Workspace};

/// The best point so far, and what is known of its ‖y − A x‖.
pub(super) struct Best<T> {
    pub(super) support: Support,
    pub(super) values: Vec<T>,
    pub(super) residual_norm: f64,
    /// The latest iteration at which ‖y − A x‖ fell by more than rounding.
    pub(super) iteration: u64,
    /// The least ‖y − A x‖ found on the support.
    least: f64,
    /// How far ‖y − A x‖ may be off.
    off: f64,
    /// Whether it was computed from A.
    formed: bool,
}

impl<T: Scalar> Best<T> {
    /// x = 0.
    pub(super) fn zero(workspace: &Workspace<'_, T>) -> Self {
        let least = workspace.data_norm();
        let (support, values) = (Support::new(), vec![]);
        Self { support, values, residual_norm: least, iteration: 0, least, off: 0.0, formed: true }
    }

    /// Takes the current point of the workspace if its support has at most k atoms and its ‖y − A x‖ is lower, by more than
    /// rounding. Where that cannot be told from what is known, both are computed from A. Of points on the best support the
    /// later is taken unless it is worse, since iterates that converge improve after ‖y − A x‖ has ceased to show it.
    pub(super) fn consider(&mut self, workspace: &mut Workspace<'_, T>, iteration: u64) {
        if workspace.size(workspace.support()) > workspace.sparsity() {
            return;
        }
        let (residual_norm, off) = (workspace.residual_norm(), workspace.residual_off());
        let may_be_lower = residual_norm - off < self.residual_norm + self.off;
        // A residual that is not a number is not lower.
        if !may_be_lower {
            return;
        }
        let same = *workspace.support() == self.support;
        if same && workspace.values() == self.values {
            return;
        }
        let mut lower = residual_norm + off < self.residual_norm - self.off;
        if !lower {
            if !self.formed {
                (self.residual_norm, self.off) = workspace.formed_residual_norm_of(&self.support, &self.values);
                (self.formed, self.least) = (true, self.residual_norm);
            }
            let (residual_norm, off) = (workspace.formed_residual_norm(), workspace.residual_off());
            lower = residual_norm + off < self.residual_norm - self.off;
            let later = same && !workspace.is_fitted() && residual_norm <= self.least + off;
            if !lower && !later {
                return;
            }
        }
        if lower {
            self.iteration = iteration;
        }
        self.support.clone_from(workspace.support());
        self.values.clear();
        self.values.extend_from_slice(workspace.values());
        (self.residual_norm, self.off) = (workspace.residual_norm(), workspace.residual_off());
        self.least = if same { self.least.min(self.residual_norm) } else { self.residual_norm };
        self.formed = workspace.residual_is_formed();
    }

    /// Considers a start: its point, if it has at most k non-zeros, and the fit on its support or its k largest, if that counts
    /// or there is no point. From then on `interrupt` is watched; the fit is given up for it where there is a point.
    pub(super) fn consider_start(
        &mut self,
        workspace: &mut Workspace<'_, T>,
        initial: &Initial<T>,
        fits: bool,
        interrupt: &Interrupt,
    ) {
        let (support, values) = workspace.truncated(initial);
        let has_point = !values.is_empty() && values.len() == initial.values.len();
        if has_point {
            workspace.place(&support, &values);
            self.consider(workspace, 0);
            workspace.watch(interrupt.clone());
        }
        if fits || !has_point {
            workspace.fit_apart(&support);
            if workspace.given_up().is_none() {
                self.consider(workspace, 0);
            }
        }
        if !has_point {
            workspace.watch(interrupt.clone());
        }
    }

    /// Where nothing better than x = 0 was found yet, and the workspace is not at a fit, considers the fit on its support:
    /// columns found are not thrown away because their coefficients are still too far off.
    pub(super) fn consider_refit(&mut self, workspace: &mut Workspace<'_, T>, iteration: u64) {
        let size = workspace.size(workspace.support());
        if !self.support.is_empty() || size == 0 || size > workspace.sparsity() || workspace.is_fitted() {
            return;
        }
        let (support, values) = (workspace.support().clone(), workspace.values().to_vec());
        workspace.fit(&support);
        if workspace.given_up().is_none() {
            self.consider(workspace, iteration);
            workspace.place(&support, &values);
        }
    }
}
