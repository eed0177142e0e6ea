//! Eigenvalues of self-adjoint matrices, on one thread, so that the bits do not depend on the number of threads.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::{Mat, MatRef, Par};

use crate::compiled::compiled_here;
use crate::scalar::Scalar;

/// Eigenvalues of a self-adjoint matrix in ascending order, and its eigenvectors as columns. `None` if the iteration
/// does not converge, which is not known to happen.
pub(crate) fn eigen<T: Scalar>(matrix: MatRef<'_, T>) -> Option<(Vec<f64>, Mat<T>)> {
    let mut vectors = Mat::zeros(matrix.nrows(), matrix.nrows());
    let values = decomposed(matrix, Some(&mut vectors))?;
    Some((values, vectors))
}

/// Eigenvalues alone, in ascending order.
pub(crate) fn eigenvalues<T: Scalar>(matrix: MatRef<'_, T>) -> Option<Vec<f64>> {
    decomposed(matrix, None)
}

compiled_here! {
    fn decomposed(matrix: MatRef<'_, T>, vectors: Option<&mut Mat<T>>) -> Option<Vec<f64>> = decompose;
}

fn decompose<T: Scalar>(matrix: MatRef<'_, T>, vectors: Option<&mut Mat<T>>) -> Option<Vec<f64>> {
    let size = matrix.nrows();
    let mut values = faer::diag::Diag::<T>::zeros(size);
    let wanted = if vectors.is_some() { ComputeEigenvectors::Yes } else { ComputeEigenvectors::No };
    let scratch = self_adjoint_evd_scratch::<T>(size, wanted, Par::Seq, Default::default());
    let mut memory = MemBuffer::new(scratch);
    self_adjoint_evd(
        matrix,
        values.as_mut(),
        vectors.map(|vectors| vectors.as_mut()),
        Par::Seq,
        MemStack::new(&mut memory),
        Default::default(),
    )
    .ok()?;
    let values: Vec<f64> = values.column_vector().iter().map(|value| value.real()).collect();
    values.iter().all(|value| value.is_finite()).then_some(values)
}
