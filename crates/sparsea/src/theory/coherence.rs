//! How parallel columns are: mutual coherence, the Babel function and the exact recovery coefficient.

use faer::MatMut;

use super::{descending, unit_columns};
use crate::error::Error;
use crate::fit::least_squares::Orthogonal;
use crate::operator::{Access, LinearMap};
use crate::scalar::Scalar;
use crate::support::Support;
use crate::tolerance::DEPENDENT;

/// Entries of Gram columns that are held at a time.
const BLOCK: usize = 1 << 20;

/// Values of the Babel function that may be asked for of fewer columns, from which on they are all the same.
const LARGEST_ORDER: usize = 1 << 20;
/// Multiply-adds that an exact recovery coefficient may take: hours.
const MOST_WORK: f64 = 1e13;

/// The coherence of an operator.
#[derive(Debug, Clone, PartialEq)]
pub struct Coherence {
    /// μ = max over i ≠ j of |⟨a_i, a_j⟩|; 0 for a single column.
    pub mutual: f64,
    /// The first pair of columns, i < j, that attains μ; `None` for a single column.
    pub pair: Option<(usize, usize)>,
    /// μ₁(1), μ₁(2), …: see [`coherence`].
    pub babel: Vec<f64>,
}

/// The mutual coherence μ and the Babel function μ₁(p) for p = 1 … `order`, of columns scaled to norm 1:
///
/// μ₁(p) = max over |S| = p and i ∉ S of Σ_{j ∈ S} |⟨a_i, a_j⟩|,
///
/// the largest sum of p moduli in a column of the Gram matrix without its diagonal. For p ≥ n, all other columns are summed.
///
/// # Errors
/// [`Error::Empty`], [`Error::ZeroColumn`], [`Error::NonFiniteEntry`], [`Error::ColumnOverflow`]; [`Error::Number`] if
/// `order` is above both n and 2²⁰.
///
/// # Cost
/// n Gram columns: m n² multiply-adds for a dense A. Holds a million of their entries at a time, or one column.
///
/// # Reference
/// Tropp, *Greed is good: algorithmic results for sparse approximation*, IEEE Trans. Inf. Theory 50, 2004, DOI
/// 10.1109/TIT.2004.834793.
pub fn coherence<T: Scalar>(operator: &dyn LinearMap<T>, order: usize) -> Result<Coherence, Error> {
    let unit = unit_columns(operator)?;
    if order > unit.ncols().max(LARGEST_ORDER) {
        let what = "the order of the Babel function";
        return Err(Error::Number { what, rule: "at most n or 2²⁰, whichever is larger", value: order as f64 });
    }
    let measured = measure(&unit, order);
    unit.check()?;
    Ok(measured)
}

/// [`coherence`] of columns that have norm 1 already.
pub(super) fn measure<T: Scalar>(operator: &Access<'_, T>, order: usize) -> Coherence {
    let n = operator.ncols();
    let width = (BLOCK / n).clamp(1, n);
    let mut block = vec![T::ZERO; n * width];
    let (mut mutual, mut pair) = (0.0, (n > 1).then_some((0, 1)));
    // No more than n − 1 others can be summed.
    let (asked, order) = (order, order.min(n - 1));
    let mut babel = vec![0.0f64; order];
    let mut moduli = Vec::with_capacity(n);
    let all: Vec<usize> = (0..n).collect();
    for columns in all.chunks(width) {
        let gram = &mut block[..n * columns.len()];
        operator.gram_columns(columns, MatMut::from_column_major_slice_mut(gram, n, columns.len()));
        for (&j, column) in columns.iter().zip(gram.chunks_exact(n)) {
            for i in 0..j {
                let modulus = Scalar::abs(column[i]);
                if modulus > mutual {
                    (mutual, pair) = (modulus, Some((i, j)));
                }
            }
            moduli.clear();
            moduli.extend((0..n).filter(|&i| i != j).map(|i| Scalar::abs(column[i])));
            if order > 0 && moduli.len() > order {
                moduli.select_nth_unstable_by(order - 1, descending);
                moduli.truncate(order);
            }
            moduli.sort_unstable_by(descending);
            let mut sum = 0.0;
            for (p, largest) in babel.iter_mut().enumerate() {
                sum += moduli.get(p).copied().unwrap_or(0.0);
                *largest = largest.max(sum);
            }
        }
    }
    babel.resize(asked, babel.last().copied().unwrap_or(0.0));
    Coherence { mutual, pair, babel }
}

/// The exact recovery coefficient of a support S: max over i ∉ S of ‖A_S⁺ a_i‖₁, of columns scaled to norm 1.
///
/// If it is below 1, OMP and basis pursuit recover S from any y = A x with x supported on all of S (Tropp's exact recovery condition). For
/// every S of k columns it is at most μ₁(k) / (1 − μ₁(k − 1)) if μ₁(k − 1) < 1. It is 0 if no column is outside S. It is infinite if the
/// columns on S are linearly dependent, because x is then not determined.
///
/// # Errors
/// Those of [`coherence`], and [`Error::SupportIndex`], [`Error::SupportRepeats`]; [`Error::TooExpensive`] if it would take more than 10¹³
/// multiply-adds.
///
/// # Cost
/// 4 m |S|³ multiply-adds and |S| products Aᴴ v.
///
/// # Reference
/// Tropp 2004, DOI 10.1109/TIT.2004.834793, theorems A and 3.5.
pub fn exact_recovery_coefficient<T: Scalar>(operator: &dyn LinearMap<T>, support: &[usize]) -> Result<f64, Error> {
    let unit = unit_columns(operator)?;
    let support = Support::checked(support.to_vec(), unit.ncols())?;
    let cost = 4.0 * unit.nrows() as f64 * (support.len() as f64).powi(3);
    // More columns than rows are dependent, which the first of them tells.
    if support.len() <= unit.nrows() && cost > MOST_WORK {
        let what = "the exact recovery coefficient";
        return Err(Error::TooExpensive { what, cost, unit: "multiply-adds", limit: MOST_WORK });
    }
    let (mut column, mut products) = (vec![T::ZERO; unit.nrows()], vec![T::ZERO; unit.ncols()]);
    let (mut fit, mut values, mut rest) = (Orthogonal::default(), Vec::new(), Vec::new());
    let mut sums = vec![0.0; unit.ncols()];
    for &j in &support {
        // Row j of A_S⁺ is dᴴ/‖d‖², where d is what the other columns on S leave of a_j.
        let others: Vec<usize> = support.iter().copied().filter(|&i| i != j).collect();
        unit.column(j, &mut column);
        let dependent = fit.fit(&unit, &column, &others, &mut values, &mut rest);
        unit.check()?;
        let square = crate::kernels::norm_squared(&rest);
        if dependent > 0 || square.sqrt() <= 2.0 * DEPENDENT {
            return Ok(f64::INFINITY);
        }
        unit.apply_adjoint(&rest, &mut products);
        unit.check()?;
        for (sum, product) in sums.iter_mut().zip(&products) {
            *sum += Scalar::abs(*product) / square;
        }
    }
    support.iter().for_each(|&j| sums[j] = 0.0);
    Ok(sums.into_iter().fold(0.0, f64::max))
}
