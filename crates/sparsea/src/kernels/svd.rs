//! Singular values, on one thread, so that the bits do not depend on the number of threads.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::svd::{ComputeSvdVectors, svd, svd_scratch};
use faer::{Mat, MatRef, Par};

use crate::compiled::compiled_here;
use crate::scalar::Scalar;

compiled_here! {
    /// The singular values of a matrix, the largest first, and as many right singular vectors as columns. `None` if the iteration does
    /// not converge, which is not known to happen.
    pub(crate) fn right_singular(matrix: MatRef<'_, T>) -> Option<(Vec<f64>, Mat<T>)> = decompose;
}

fn decompose<T: Scalar>(matrix: MatRef<'_, T>) -> Option<(Vec<f64>, Mat<T>)> {
    let (m, n) = matrix.shape();
    let size = m.min(n);
    let mut values = faer::diag::Diag::<T>::zeros(size);
    let mut vectors = Mat::zeros(n, size);
    let (no, thin) = (ComputeSvdVectors::No, ComputeSvdVectors::Thin);
    let mut memory = MemBuffer::new(svd_scratch::<T>(m, n, no, thin, Par::Seq, Default::default()));
    svd(
        matrix,
        values.as_mut(),
        None,
        Some(vectors.as_mut()),
        Par::Seq,
        MemStack::new(&mut memory),
        Default::default(),
    )
    .ok()?;
    let values: Vec<f64> = values.column_vector().iter().map(|value| value.real()).collect();
    values.iter().all(|value| value.is_finite()).then_some((values, vectors))
}
