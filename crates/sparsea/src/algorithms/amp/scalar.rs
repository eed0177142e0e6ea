//! The scalar form: one variance for all errors, which the Onsager correction keeps independent of A.

use super::messages::Belief;
use crate::kernels::norm_squared;
use crate::scalar::Scalar;
use crate::workspace::Workspace;

/// What the scalar form keeps between iterations.
#[derive(Debug)]
pub(super) struct ScalarForm<T> {
    /// z, the corrected residual.
    residual: Vec<T>,
    /// A x.
    image: Vec<T>,
}

impl<T: Scalar> ScalarForm<T> {
    pub(super) fn new(rows: usize) -> Self {
        Self { residual: vec![T::ZERO; rows], image: vec![T::ZERO; rows] }
    }

    /// z ← y − A x.
    pub(super) fn begin(&mut self, workspace: &mut Workspace<'_, T>, belief: &Belief<T>) {
        if belief.mean.iter().all(|&x| x == T::ZERO) {
            self.residual.copy_from_slice(&belief.data);
            return;
        }
        workspace.apply(&belief.mean, &mut self.image);
        for ((z, &y), &image) in self.residual.iter_mut().zip(&belief.data).zip(&self.image) {
            *z = y - image;
        }
    }

    /// τ ← ‖z‖²/m, r ← x + Aᴴ z, x ← E[x | r], z ← y − A x + z Σ v_j/(m τ); returns τ.
    pub(super) fn iterate(
        &mut self,
        workspace: &mut Workspace<'_, T>,
        belief: &mut Belief<T>,
        damping: f64,
        reinforcement: f64,
    ) -> f64 {
        let rows = self.residual.len() as f64;
        let noise = norm_squared(&self.residual) / rows;
        if !(noise > 0.0 && noise.is_finite()) {
            return noise;
        }
        workspace.apply_adjoint(&self.residual, &mut belief.seen);
        belief.seen.iter_mut().zip(&belief.mean).for_each(|(r, &x)| *r += x);
        let variance = belief.update(workspace.column_norms(), noise, reinforcement);
        for (x, &new) in belief.mean.iter_mut().zip(&belief.posterior_mean) {
            *x = new.scale(1.0 - damping) + x.scale(damping);
        }
        workspace.apply(&belief.mean, &mut self.image);
        let correction = variance / (noise * rows);
        for ((z, &y), &image) in self.residual.iter_mut().zip(&belief.data).zip(&self.image) {
            *z = (y - image + z.scale(correction)).scale(1.0 - damping) + z.scale(damping);
        }
        noise
    }
}
