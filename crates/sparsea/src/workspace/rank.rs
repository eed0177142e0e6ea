//! The space spanned by the residuals of several right-hand sides.

use faer::Mat;

use super::Workspace;
use crate::kernels::axpy;
use crate::problem::principal;
use crate::scalar::Scalar;
use crate::tolerance::RANK;

impl<T: Scalar> Workspace<'_, T> {
    /// W with R W an orthonormal basis of the left singular vectors of the residuals R = Y − A X of a joint support whose singular
    /// values exceed `tolerance` ‖Y‖, and rounding. `None` for a single right-hand side, whose residual is its own basis.
    pub(crate) fn residual_basis(&mut self, tolerance: f64) -> Option<Mat<T>> {
        let sides = self.system.sides.len();
        if sides < 2 {
            return None;
        }
        let size = self.data_norm_or_one();
        let residual = self.residual();
        let rows = residual.len() / sides;
        let (values, vectors) = principal(residual, sides, size)?;
        let least = tolerance.max(RANK * rows.max(sides) as f64);
        let rank = values.iter().filter(|&&value| value > least).count();
        Some(Mat::from_fn(sides, rank, |b, c| vectors[(b, c)].scale((values[c] * size).recip())))
    }

    /// Like [`strongest`](Self::strongest), but with the orthonormal basis U of the residuals in place of the residuals: the atom off the
    /// support with the largest ‖a_jᴴ U‖. U omits singular values up to `tolerance` ‖Y‖.
    ///
    /// # Reference
    /// Davies & Eldar 2012, *Rank awareness in joint sparse recovery*, DOI 10.1109/TIT.2011.2173722.
    pub fn strongest_by_rank(&mut self, tolerance: f64) -> Option<(usize, T)> {
        let Some(basis) = self.residual_basis(tolerance) else { return self.strongest() };
        let turned = turned(self.correlate(), &basis);
        self.scoring.strongest(&turned, &self.point.support)
    }
}

/// C W, for C = `blocks` of as many columns as W has rows, end to end; columns of zeros make it as large as C.
pub(crate) fn turned<T: Scalar>(blocks: &[T], basis: &Mat<T>) -> Vec<T> {
    let mut turned = vec![T::ZERO; blocks.len()];
    let n = blocks.len() / basis.nrows().max(1);
    for (c, out) in turned.chunks_mut(n.max(1)).take(basis.ncols()).enumerate() {
        blocks.chunks(n).enumerate().for_each(|(b, block)| axpy(basis[(b, c)], block, out));
    }
    turned
}
