//! A given by its sufficient statistics: AᴴA, Aᴴy, yᴴy and the number of rows.

use std::sync::Arc;

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt_pivoting::factor;
use faer::{MatMut, MatRef, Par};

use super::{Columns, DenseOperator, LinearMap, OperatorError, Profile, Structure, TOGETHER, contiguous, inverse};
use crate::check::check_finite;
use crate::compiled::compiled_here;
use crate::error::{Error, non_finite_word};
use crate::kernels::{dot, eigenvalues, norm_squared};
use crate::problem::NORM_RANGE;
use crate::scalar::Scalar;
use crate::tolerance::{GRAM_RANK, STATISTICS};

/// An operator A of which only G = AᴴA and the number of rows m are known. With its [`data`](Self::data), Aᴴy and yᴴy, it defines the same
/// [`Problem`](crate::Problem) as A and y: ½‖A x − y‖² = ½(xᴴ G x − 2 Re xᴴ Aᴴy + yᴴy).
///
/// A is replaced by a root R of G with min(m, n + 1) rows, RᴴR = G, from a pivoted Cholesky factorisation. y is replaced by a vector ỹ with
/// Rᴴỹ = Aᴴy and ‖ỹ‖² = yᴴy, in which the part of y outside the range of R is one more entry. A and R differ by a unitary matrix on the
/// left, so every support has the same coefficients and the same ‖r‖. The given Gram columns and Aᴴy are used as they are.
///
/// # Accuracy
/// The condition number of G is the square of that of A, and yᴴy − ‖A x‖² cancels. Coefficients therefore lose twice as many digits as with
/// A, and ‖r‖ below about 10⁻⁷‖y‖ counts as 0. Columns that are dependent to the rounding of G, a distance of 10⁻⁷ ‖a_j‖, count as
/// dependent.
///
/// # Cost
/// n³/3 multiply-adds on one thread to factorise. Holds n² numbers for G and min(m, n) n for R.
///
/// # Reference
/// Higham 2002, *Accuracy and Stability of Numerical Algorithms*, section 10.3 (the factorisation of a semidefinite matrix),
/// DOI 10.1137/1.9780898718027.
///
/// ```
/// use faer::mat;
/// use sparsea::{Gram, Omp, Problem, solve};
///
/// # fn main() -> Result<(), sparsea::Error> {
/// // Of A = [2 1; 0 1; 0 0] and y = (2, 0, 1).
/// let a = Gram::new(mat![[4.0, 2.0], [2.0, 2.0]].as_ref(), 3)?;
/// let y = a.data(&[4.0, 2.0], 5.0)?;
/// let solution = solve(&Problem::of_gram(&a, &y, 1)?, Omp::default())?;
/// assert_eq!(solution.support, [0]);
/// assert!((solution.coefficients[0] - 1.0).abs() < 1e-15 && (solution.residual_norm - 1.0).abs() < 1e-15);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Gram<T: Scalar> {
    /// G by columns.
    gram: Vec<T>,
    norms: Vec<f64>,
    /// R without its rows of zeros, of which one stays if all are.
    root: DenseOperator<'static, T>,
    /// Rows of the root that are not zero.
    rank: usize,
    /// The column whose pivot made each of them.
    pivots: Vec<usize>,
    /// The least pivot, relative to ‖a_j‖².
    smallest: f64,
    /// m.
    rows: usize,
    /// What rounding may have done to a product of unit columns.
    tolerance: f64,
}

/// y, given by Aᴴy and yᴴy: see [`Gram::data`].
#[derive(Debug, Clone)]
pub struct GramData<T> {
    data: Vec<T>,
    correlation: Arc<[T]>,
}

impl<T> GramData<T> {
    /// ỹ, which replaces y.
    pub fn data(&self) -> &[T] {
        &self.data
    }

    /// Aᴴy.
    pub fn correlation(&self) -> Arc<[T]> {
        self.correlation.clone()
    }
}

impl<T: Scalar> Gram<T> {
    /// Checks and factorises G = AᴴA for an A of `rows` rows. G may differ from its self-adjoint part by rounding; the self-adjoint part is
    /// used.
    ///
    /// # Errors
    /// [`Error::Structure`] unless G is square; [`Error::Empty`]; [`Error::NonFiniteEntry`]; [`Error::ColumnOverflow`] for norms outside
    /// 10^±140; [`Error::Statistics`] if, beyond rounding, G is not self-adjoint, has a negative eigenvalue or has a rank above the number
    /// of rows.
    pub fn new(gram: MatRef<'_, T>, rows: usize) -> Result<Self, Error> {
        Self::with_precision(gram, rows, f64::EPSILON)
    }

    /// Like [`new`](Self::new), for numbers rounded to the given relative precision, such as 1.2·10⁻⁷ for single precision. G is replaced
    /// by RᴴR, without the directions that are only rounding.
    ///
    /// # Errors
    /// Those of [`new`](Self::new); [`Error::Number`] unless the precision is from ε to 0.01.
    pub fn with_precision(gram: MatRef<'_, T>, rows: usize, precision: f64) -> Result<Self, Error> {
        let (n, columns) = gram.shape();
        if n != columns {
            return Err(Error::Structure(format!("{} is {n} × {columns}; it must be square", name::<T>())));
        }
        if n == 0 || rows == 0 {
            return Err(Error::Empty { rows, columns: n });
        }
        if !(f64::EPSILON..=0.01).contains(&precision) {
            let what = "the precision of the statistics";
            return Err(Error::Number { what, rule: "from 2.220446049250313e-16 to 0.01", value: precision });
        }
        let tolerance = tolerance(n, rows, precision);
        let (gram, norms) = symmetric(gram, tolerance)?;
        let Root { root, rank, pivots, smallest } = factorise(&gram, &norms, tolerance)?;
        let mut found = Self { gram, norms, root, rank, pivots, smallest, rows, tolerance };
        found.check_rest()?;
        if rank > rows {
            let what = name::<T>();
            return Err(Error::Statistics(format!("{what} has rank {rank}, more than the {rows} rows of A")));
        }
        if precision > f64::EPSILON {
            found.recompute()?;
        }
        Ok(found)
    }

    /// Makes the data y from Aᴴy and yᴴy.
    ///
    /// # Errors
    /// [`Error::VectorLength`], [`Error::NonFinite`]; [`Error::Number`] for a yᴴy below 0; [`Error::Statistics`] if, beyond rounding, no y
    /// has these statistics: Aᴴy is outside the range of AᴴA, or explains more than yᴴy.
    pub fn data(&self, correlation: &[T], square: f64) -> Result<GramData<T>, Error> {
        let (what, length) = (correlation_name::<T>(), square_name::<T>());
        let columns = self.norms.len();
        if correlation.len() != columns {
            return Err(Error::VectorLength { what, entries: correlation.len(), columns });
        }
        check_finite(what, correlation)?;
        if !(square.is_finite() && square >= 0.0) {
            return Err(Error::Number { what: length, rule: "finite and at least 0", value: square });
        }
        // By substitution, along the pivots.
        let mut data = vec![T::ZERO; self.shape().0];
        for (l, &pivot) in self.pivots.iter().enumerate() {
            let column = self.root.line(pivot);
            let rest = correlation[pivot] - dot(&column[..l], &data[..l]);
            data[l] = rest.scale(1.0 / column[l].real());
        }
        let explained = norm_squared(&data);
        if !explained.is_finite() {
            return Err(Error::Overflow { what });
        }
        let mut reached = vec![T::ZERO; columns];
        self.root.apply_adjoint(&data[..self.held()], &mut reached).map_err(Error::Operator)?;
        for (j, (&wanted, &reached)) in correlation.iter().zip(&reached).enumerate() {
            // The part of column j that the root leaves out has at most this length.
            let allowed = self.tolerance.sqrt() * self.norms[j] * square.sqrt();
            if Scalar::abs(wanted - reached) > allowed {
                let reason = format!(
                    "{what} is not in the range of {}: at index {j} (counted from 0) it is {wanted}, where {reached} would be",
                    name::<T>()
                );
                return Err(Error::Statistics(reason));
            }
        }
        let slack = square * self.tolerance / self.smallest.sqrt();
        let rest = square - explained;
        if rest < -slack {
            let reason = format!("{length} is {square}, but {what} is of a y of which A explains {explained}");
            return Err(Error::Statistics(reason));
        }
        match data.get_mut(self.rank) {
            // What cancels to rounding says nothing.
            Some(entry) if rest > self.tolerance * square => *entry = T::from_real(rest.sqrt()),
            None if rest > slack => {
                let (what, rank) = (name::<T>(), self.rank);
                return Err(Error::Statistics(format!(
                    "{what} has rank {rank}, as many as A has rows, so {length} must be {explained}, got {square}"
                )));
            }
            _ => {}
        }
        Ok(GramData { data, correlation: correlation.into() })
    }

    /// m, the number of rows of A.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The rank of G, to rounding.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// Column j of G.
    fn column(&self, j: usize) -> &[T] {
        let n = self.norms.len();
        &self.gram[j * n..][..n]
    }

    /// Rows of R that are held.
    fn held(&self) -> usize {
        self.root.shape().0
    }

    /// Refuses a G that is not R^H R to rounding: columns that are no pivots were not looked at.
    fn check_rest(&self) -> Result<(), Error> {
        let n = self.norms.len();
        let mut is_pivot = vec![false; n];
        self.pivots.iter().for_each(|&j| is_pivot[j] = true);
        let others: Vec<usize> = (0..n).filter(|&j| !is_pivot[j] && self.norms[j] > 0.0).collect();
        let mut block = vec![T::ZERO; n * TOGETHER];
        for some in others.chunks(TOGETHER) {
            let block = &mut block[..n * some.len()];
            let out = MatMut::from_column_major_slice_mut(block, n, some.len());
            self.root.gram(None, some, out).map_err(Error::Operator)?;
            for (&j, column) in some.iter().zip(block.chunks(n)) {
                for (i, (&given, &made)) in self.column(j).iter().zip(column).enumerate() {
                    let allowed = 2.0 * self.tolerance * self.norms[i] * self.norms[j];
                    if Scalar::abs(given - made) > allowed {
                        return Err(indefinite(&self.gram, &self.norms, self.tolerance));
                    }
                }
            }
        }
        Ok(())
    }

    /// G ← RᴴR.
    fn recompute(&mut self) -> Result<(), Error> {
        let n = self.norms.len();
        let all: Vec<usize> = (0..n).collect();
        for (some, block) in all.chunks(TOGETHER).zip(self.gram.chunks_mut(n * TOGETHER)) {
            let out = MatMut::from_column_major_slice_mut(block, n, some.len());
            self.root.gram(None, some, out).map_err(Error::Operator)?;
        }
        self.norms = (0..n).map(|j| self.gram[j * n + j].real().sqrt()).collect();
        Ok(())
    }
}

/// `AᵀA`, as messages call it.
fn name<T: Scalar>() -> &'static str {
    if T::IS_COMPLEX { "AᴴA" } else { "AᵀA" }
}

fn correlation_name<T: Scalar>() -> &'static str {
    if T::IS_COMPLEX { "Aᴴy" } else { "Aᵀy" }
}

fn square_name<T: Scalar>() -> &'static str {
    if T::IS_COMPLEX { "yᴴy" } else { "yᵀy" }
}

/// What rounding may do to the eigenvalues of a Gram matrix of n unit columns: sums of `rows` products, rounded to ε, and numbers
/// rounded to `precision`.
fn tolerance(n: usize, rows: usize, precision: f64) -> f64 {
    let (n, rows) = (n as f64, rows as f64);
    let made = f64::EPSILON * (n * rows).sqrt() + precision * n.sqrt();
    (STATISTICS * made).max(GRAM_RANK * n)
}

/// G, made self-adjoint, by columns, and the norms of the columns of A.
fn symmetric<T: Scalar>(gram: MatRef<'_, T>, tolerance: f64) -> Result<(Vec<T>, Vec<f64>), Error> {
    let (n, what) = (gram.nrows(), name::<T>());
    let mut norms = Vec::with_capacity(n);
    for j in 0..n {
        for row in 0..n {
            let value = gram[(row, j)];
            if !Scalar::is_finite(value) {
                let value = non_finite_word(value.real(), value.imag());
                return Err(Error::NonFiniteEntry { what, value, row, column: j });
            }
        }
        let square = gram[(j, j)].real();
        if square < 0.0 {
            return Err(Error::Statistics(format!(
                "{what} has {square} at row {j}, column {j} (counted from 0), but the square of a norm is at least 0"
            )));
        }
        let norm = square.sqrt();
        if norm != 0.0 && !NORM_RANGE.contains(&norm) {
            return Err(Error::ColumnOverflow { column: j });
        }
        norms.push(norm);
    }
    let mut made = vec![T::ZERO; n * n];
    for j in 0..n {
        for i in 0..=j {
            let (one, other) = (gram[(i, j)], Scalar::conj(gram[(j, i)]));
            let allowed = tolerance * norms[i] * norms[j];
            if Scalar::abs(one - other) > allowed {
                let kind = if T::IS_COMPLEX { "self-adjoint" } else { "symmetric" };
                return Err(Error::Statistics(format!(
                    "{what} must be {kind}, but it has {one} at row {i}, column {j} and {} at row {j}, column {i} (counted from 0)",
                    gram[(j, i)]
                )));
            }
            // Exact where both are equal.
            let mean = if one == other { one } else { (one + other).scale(0.5) };
            made[j * n + i] = mean;
            made[i * n + j] = Scalar::conj(mean);
        }
        made[j * n + j] = T::from_real(gram[(j, j)].real());
        if norms[j] == 0.0
            && let Some(i) = (0..n).find(|&i| gram[(i, j)] != T::ZERO)
        {
            return Err(Error::Statistics(format!(
                "{what} has 0 at row {j}, column {j}, but {} at row {i} of that column (counted from 0)",
                gram[(i, j)]
            )));
        }
    }
    Ok((made, norms))
}

struct Root<T: Scalar> {
    root: DenseOperator<'static, T>,
    rank: usize,
    pivots: Vec<usize>,
    smallest: f64,
}

compiled_here! {
    /// R with RᴴR = G, from the factor of G scaled to a diagonal of 1.
    fn factorise(gram: &[T], norms: &[f64], tolerance: f64) -> Result<Root<T>, Error> = root;
}

fn root<T: Scalar>(gram: &[T], norms: &[f64], tolerance: f64) -> Result<Root<T>, Error> {
    let n = norms.len();
    if norms.iter().all(|&norm| norm == 0.0) {
        let root = DenseOperator::owned(vec![T::ZERO; n], 1, n)?;
        return Ok(Root { root, rank: 0, pivots: vec![], smallest: 1.0 });
    }
    let mut values = scaled(gram, norms);
    let mut order = vec![0usize; n];
    let mut places = vec![0usize; n];
    let scratch = factor::cholesky_in_place_scratch::<usize, T>(n, Par::Seq, Default::default());
    let mut memory = MemBuffer::new(scratch);
    // The lower triangle of the transpose is the upper one of what lies by columns: there R comes to lie, conjugated twice.
    let factored = factor::cholesky_in_place(
        MatMut::from_column_major_slice_mut(&mut values, n, n).transpose_mut(),
        &mut order,
        &mut places,
        Par::Seq,
        MemStack::new(&mut memory),
        Default::default(),
    );
    let Ok((information, _)) = factored else { return Err(indefinite(gram, norms, tolerance)) };
    let square = |l: usize, values: &[T]| values[l * n + l].real().powi(2);
    let rank = (0..information.rank).find(|&l| square(l, &values) < tolerance).unwrap_or(information.rank);
    let smallest = (0..rank).map(|l| square(l, &values)).fold(1.0, f64::min);
    let pivots = order[..rank].to_vec();
    for (p, column) in values.chunks_mut(n).enumerate() {
        column[(p + 1).min(rank)..].fill(T::ZERO);
        let norm = norms[order[p]];
        column.iter_mut().for_each(|v| *v = v.scale(norm));
    }
    // From the order of the pivots to that of A.
    for p in 0..n {
        while order[p] != p {
            let to = order[p];
            let (low, high) = (p.min(to), p.max(to));
            let (before, from) = values.split_at_mut(high * n);
            before[low * n..][..n].swap_with_slice(&mut from[..n]);
            order.swap(p, to);
        }
    }
    let held = rank.max(1);
    for j in 1..n {
        values.copy_within(j * n..j * n + held, j * held);
    }
    values.truncate(held * n);
    values.shrink_to_fit();
    Ok(Root { root: DenseOperator::owned(values, held, n)?, rank, pivots, smallest })
}

/// G with rows and columns divided by the norms.
fn scaled<T: Scalar>(gram: &[T], norms: &[f64]) -> Vec<T> {
    let n = norms.len();
    let scales: Vec<f64> = norms.iter().map(|&norm| inverse(norm)).collect();
    let mut values = Vec::with_capacity(n * n);
    for (j, column) in gram.chunks(n).enumerate() {
        values.extend(column.iter().zip(&scales).map(|(v, &scale)| v.scale(scale).scale(scales[j])));
        if norms[j] > 0.0 {
            values[j * n + j] = T::ONE;
        }
    }
    values
}

/// The error of a G that has a negative eigenvalue.
fn indefinite<T: Scalar>(gram: &[T], norms: &[f64], tolerance: f64) -> Error {
    let n = norms.len();
    let values = scaled(gram, norms);
    let least = eigenvalues(MatRef::from_column_major_slice(&values, n, n)).and_then(|values| values.first().copied());
    let least = least.map_or(String::new(), |least| format!("; scaled to a diagonal of 1, it has {least:.3e}"));
    Error::Statistics(format!(
        "{} must have no eigenvalue below 0 by more than rounding, {tolerance:.1e}{least}",
        name::<T>()
    ))
}

impl<T: Scalar> LinearMap<T> for Gram<T> {
    fn shape(&self) -> (usize, usize) {
        let n = self.norms.len();
        (self.rows.min(n + 1), n)
    }

    fn apply(&self, x: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        let (held, rest) = y.split_at_mut(self.held());
        rest.fill(T::ZERO);
        self.root.apply(x, held)
    }

    fn apply_adjoint(&self, y: &[T], x: &mut [T]) -> Result<(), OperatorError> {
        self.root.apply_adjoint(&y[..self.held()], x)
    }

    fn profile(&self) -> Profile {
        let profile = Profile::default().with_column_norms(self.norms.clone());
        match self.root.profile().cost {
            Some(cost) => profile.with_cost(cost),
            None => profile,
        }
    }

    fn columns(&self) -> Option<&dyn Columns<T>> {
        Some(self)
    }

    fn structure(&self) -> Structure<'_, T> {
        Structure::Gram(self.rows)
    }
}

impl<T: Scalar> Columns<T> for Gram<T> {
    fn gather(&self, support: &[usize], out: MatMut<'_, T>) -> Result<(), OperatorError> {
        for (&j, out) in support.iter().zip(out.col_iter_mut()) {
            let (held, rest) = contiguous(out).split_at_mut(self.held());
            held.copy_from_slice(self.root.line(j));
            rest.fill(T::ZERO);
        }
        Ok(())
    }

    fn norms(&self) -> Result<Vec<f64>, OperatorError> {
        Ok(self.norms.clone())
    }

    fn adjoint_block(&self, ys: &[&[T]], out: MatMut<'_, T>) -> Result<(), OperatorError> {
        let held: Vec<&[T]> = ys.iter().map(|y| &y[..self.held()]).collect();
        self.root.adjoint_block(&held, out)
    }

    fn gram(&self, rows: Option<&[usize]>, support: &[usize], out: MatMut<'_, T>) -> Result<(), OperatorError> {
        for (&j, out) in support.iter().zip(out.col_iter_mut()) {
            let (column, out) = (self.column(j), contiguous(out));
            match rows {
                None => out.copy_from_slice(column),
                Some(rows) => out.iter_mut().zip(rows).for_each(|(out, &i)| *out = column[i]),
            }
        }
        Ok(())
    }

    fn combine(&self, support: &[usize], values: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        let (held, rest) = y.split_at_mut(self.held());
        rest.fill(T::ZERO);
        self.root.combine(support, values, held)
    }

    fn correlate(&self, support: &[usize], y: &[T], out: &mut [T]) -> Result<(), OperatorError> {
        self.root.correlate(support, &y[..self.held()], out)
    }
}
