//! Where a run starts.

use crate::algorithms::Chain;
use crate::check::check_finite;
use crate::error::Error;
use crate::problem::{LARGEST_NORM, Problem};
use crate::random::{normal_vector, stream};
use crate::scalar::Scalar;
use crate::support::Support;
use crate::workspace::Initial;

/// Where a run starts.
#[derive(Debug, Clone, Default)]
pub enum Start<T: Scalar> {
    /// x = 0.
    #[default]
    Zero,
    /// A random vector drawn from this seed: n standard normal entries, all non-zero, times the largest |a_jᴴ y|/‖a_j‖.
    Random(u64),
    /// The least-squares solution on this support of at most k columns, in any order.
    Support(Vec<usize>),
    /// A full vector of length n, in the scale of A. Algorithms on k-sparse points take its k largest entries.
    Vector(Vec<T>),
    /// The solution of another algorithm, or of a chain of them.
    Chain(Chain<T>),
}

/// Checks a start that is not a chain and brings it to the scale of the algorithms. `largest` is max_j |a_jᴴ y|/‖a_j‖.
pub(super) fn resolve<T: Scalar>(
    start: &Start<T>,
    problem: &Problem<'_, T>,
    largest: f64,
) -> Result<Initial<T>, Error> {
    let columns = problem.operator().ncols();
    let from_dense = |vector: Vec<T>| {
        let support: Support = (0..columns).filter(|&j| vector[j] != T::ZERO).collect();
        let values = support.iter().map(|&j| vector[j]).collect();
        Initial { support, values }
    };
    match start {
        Start::Zero | Start::Chain(_) => Ok(Initial::default()),
        Start::Random(seed) => {
            let vector: Vec<T> = normal_vector(&mut stream(*seed, 0, 0), columns);
            let region = problem.region();
            let allowed = |(j, v): (usize, &T)| region.nearest(j, v.scale(largest));
            Ok(from_dense(vector.iter().enumerate().map(allowed).collect()))
        }
        Start::Support(support) => {
            let support = Support::checked(support.clone(), columns)?;
            let size = problem.atoms().count(&support);
            if size > problem.sparsity() {
                return Err(Error::SupportSize { size, sparsity: problem.sparsity() });
            }
            Ok(Initial { support, values: Vec::new() })
        }
        Start::Vector(vector) => {
            if vector.len() != columns {
                return Err(Error::StartLength { entries: vector.len(), columns });
            }
            check_finite("the start vector", vector)?;
            let scales = problem.scales();
            // A zero column contributes nothing, whatever its coefficient.
            let scaled = |(x, &scale): (&T, &f64)| if scale > 0.0 { x.scale(1.0 / scale) } else { T::ZERO };
            let scaled: Vec<T> = vector.iter().zip(scales.iter()).map(scaled).collect();
            check_range(&scaled, problem.column_norms(), &scales)?;
            let region = problem.region();
            Ok(from_dense(scaled.into_iter().enumerate().map(|(j, x)| region.nearest(j, x)).collect()))
        }
    }
}

/// Refuses a start, in the scale of the algorithms, that is so large that squares of it or of A x would leave the range of
/// doubles.
fn check_range<T: Scalar>(scaled: &[T], norms: &[f64], scales: &[f64]) -> Result<(), Error> {
    let moduli = || scaled.iter().map(|x| x.real().hypot(x.imag()));
    let image: f64 = moduli().zip(norms.iter().zip(scales)).map(|(x, (norm, scale))| x * (norm * scale)).sum();
    let largest = moduli().fold(image, f64::max);
    if largest <= LARGEST_NORM {
        return Ok(());
    }
    let what = "the start vector, in the scale of unit columns,";
    Err(Error::Number { what, rule: "at most 1e140 in sum of moduli", value: largest })
}
