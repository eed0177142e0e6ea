//! The operator A as a user writes it: a shape and two products, and what a form knows besides.

use std::ops::Deref;
use std::sync::Arc;

use super::Columns;
use crate::failure::{Failure, OperatorError};
use crate::scalar::Scalar;

/// A linear map A from Tⁿ to Tᵐ.
///
/// Three methods make one: [`shape`](Self::shape) and two products, which may fail where a device, a server or another language
/// computes them. The others state what a form knows besides; their defaults say nothing. Results must not depend on the number
/// of threads. Slices passed in have the lengths stated.
pub trait LinearMap<T: Scalar>: Send + Sync {
    /// (m, n), the lengths of y and x.
    fn shape(&self) -> (usize, usize);

    /// y ← A x, overwriting `y` (length m) from `x` (length n).
    ///
    /// # Errors
    /// Whatever keeps the product from being computed; it ends the run, which returns it as
    /// [`Error::Operator`](crate::Error::Operator).
    fn apply(&self, x: &[T], y: &mut [T]) -> Result<(), OperatorError>;

    /// x ← Aᴴ y, overwriting `x` (length n) from `y` (length m).
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    fn apply_adjoint(&self, y: &[T], x: &mut [T]) -> Result<(), OperatorError>;

    /// Costs, and numbers that are known. It is asked for once for every problem.
    fn profile(&self) -> Profile {
        Profile::default()
    }

    /// What is computed faster than by products with all of A. Default: nothing.
    fn columns(&self) -> Option<&dyn Columns<T>> {
        None
    }

    /// Where the entries of A that are not zero lie. Default: anywhere.
    fn structure(&self) -> Structure<'_, T> {
        Structure::None
    }
}

/// What a [`LinearMap`] knows of itself.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Profile {
    /// ‖a_j‖ of every column. Without them they come from [`Columns::norms`]; or from products, see
    /// [`Problem::new`](crate::Problem::new).
    pub column_norms: Option<Vec<f64>>,
    /// Multiply-adds of a product with Aᴴ, about. It decides whether Aᴴ r is computed by the operator or from cached columns of
    /// the Gram matrix. Without it m n.
    pub cost: Option<usize>,
    /// Gram columns that are computed at hardly more than the cost of one, because A is read once for all of them. Without it 1.
    pub block: Option<usize>,
    /// Set from outside, it keeps further products from being computed, as one that failed does.
    pub failure: Option<Failure>,
    /// Products are collective: several processes compute them together, each in a run of its own. A run then makes them from one thread,
    /// in an order that depends on its input alone, and what may differ between processes is agreed upon. Without it any thread makes
    /// products, several at a time.
    pub agreement: Option<Agreement>,
}

/// How processes that compute products together agree, as by a broadcast from the first of them.
///
/// All call it with what each of them holds to be so: whether the time is over, or whether the run was stopped. All get the same answer. A run
/// asks after every step, since a step that one process cuts off would leave the others waiting.
#[derive(Clone)]
pub struct Agreement(Arc<dyn Fn(bool) -> bool + Send + Sync>);

impl Agreement {
    /// One by this function.
    pub fn new(agree: impl Fn(bool) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(agree))
    }

    /// What all agree on.
    pub fn on(&self, own: bool) -> bool {
        (self.0)(own)
    }
}

impl std::fmt::Debug for Agreement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Agreement(..)")
    }
}

impl Profile {
    /// States ‖a_j‖ for every column.
    #[must_use]
    pub fn with_column_norms(mut self, norms: Vec<f64>) -> Self {
        self.column_norms = Some(norms);
        self
    }

    /// States how many multiply-adds a product with Aᴴ takes.
    #[must_use]
    pub fn with_cost(mut self, multiply_adds: usize) -> Self {
        self.cost = Some(multiply_adds);
        self
    }

    /// States how many Gram columns are computed in one pass over A.
    #[must_use]
    pub fn with_block(mut self, columns: usize) -> Self {
        self.block = Some(columns);
        self
    }

    /// States that products are collective.
    #[must_use]
    pub fn with_agreement(mut self, agreement: Agreement) -> Self {
        self.agreement = Some(agreement);
        self
    }

    /// What a map has of another whose products it is made of.
    #[must_use]
    pub fn made_of(inner: &Self) -> Self {
        Self { failure: inner.failure.clone(), agreement: inner.agreement.clone(), ..Self::default() }
    }

    /// Lets a failure from outside end the run.
    #[must_use]
    pub fn with_failure(mut self, failure: Failure) -> Self {
        self.failure = Some(failure);
        self
    }
}

/// Where the entries of A that are not zero lie.
#[derive(Clone, Copy)]
pub enum Structure<'s, T> {
    /// Anywhere.
    None,
    /// Few, and stored by columns: supports are correlated by the rows that their columns meet.
    Sparse(&'s dyn SparseColumns<T>),
    /// Columns overlap only their neighbours: on large problems fits fall into independent clusters.
    Local(&'s dyn Local<T>),
    /// Columns are images of one patch, which overlap only their neighbours: large problems are searched tile by tile.
    Planar(&'s dyn Planar<T>),
    /// Columns are those of such an operator, less their parts in the span of a few vectors: an intercept or fixed columns.
    Projected(&'s dyn Projected<T>),
    /// Column j is 0 before row j and 1 from it on, m = n: what [`Segment`](crate::Segment) needs.
    Steps,
    /// Unknown, as are the rows themselves: A is a [`Gram`](super::Gram) matrix of so many rows.
    Gram(usize),
}

/// An operator that stores the entries of its columns which are not zero.
pub trait SparseColumns<T>: Send + Sync {
    /// Calls `visit(i, a_ij)` for the entries of column j.
    fn visit(&self, j: usize, visit: &mut dyn FnMut(usize, T));
}

/// An operator whose columns are non-zero in a few neighbouring rows each, further down from column to column.
pub trait Local<T>: Send + Sync {
    /// The largest |i − j| at which columns i and j have a row in common.
    fn reach(&self) -> usize;

    /// Appends the part of column j in which it may be non-zero to `out`, and returns the row with which that begins. The
    /// first rows, and the last ones, of later columns are not above those of earlier ones; rows are counted on beyond the last
    /// where columns are periodic.
    fn segment(&self, j: usize, out: &mut Vec<T>) -> usize;

    /// Columns that are shifted copies of each other, by as many rows as they are columns apart. Default: none.
    fn alike(&self) -> std::ops::Range<usize> {
        0..0
    }

    /// Whether column j is a shifted copy of those that are [alike](Self::alike), though others may lie between. Default: if it is one
    /// of them.
    fn is_alike(&self, j: usize) -> bool {
        self.alike().contains(&j)
    }

    /// m = n, if the column after the last is the first again, one period further down. Default: `None`.
    fn period(&self) -> Option<usize> {
        None
    }
}

/// An operator from images to images, both row by row, whose columns are copies of one patch (L × L' pixels), each shifted to another
/// place of the image and cut off at its borders, or continued at the opposite one.
///
/// The entry (l, l') of the patch of column (i, j) lies at the pixel (i + l − f, j + l' − f') of the image that is seen. Pixels may be
/// weighted, and columns left out.
pub trait Planar<T>: Send + Sync {
    /// (H, W): column i W + j is the one at (i, j).
    fn image(&self) -> (usize, usize);

    /// Rows and columns of the image that is seen, A x.
    fn seen(&self) -> (usize, usize);

    /// (f, f').
    fn first(&self) -> (usize, usize);

    /// Whether patches go on at the opposite border. Both images have the same size then.
    fn is_periodic(&self) -> bool;

    /// (L, L') and the patch, row by row.
    fn patch(&self) -> ((usize, usize), &[T]);

    /// a_iᴴ a_j of two [whole](Self::is_whole) columns that are j − i = (d, d') apart, row by row for d = 1 − L … L − 1 and d' = 1 − L' … L' − 1.
    fn autocorrelation(&self) -> &[T];

    /// a_iᴴ a_j.
    fn entry(&self, i: usize, j: usize) -> T;

    /// u and v, if the patch is u vᵀ to rounding. Default: it is not known to be.
    fn factors(&self) -> Option<(&[T], &[T])> {
        None
    }

    /// What each pixel that is seen is multiplied by, after the patches. Default: nothing.
    fn pixel_factors(&self) -> Option<&[f64]> {
        None
    }

    /// Whether column j is all of the patch, with factors of 1. Default: if no border cuts it off.
    fn is_whole(&self, j: usize) -> bool {
        let (across, (length, _)) = (self.image().1, self.patch());
        let whole = |at: usize, first: usize, length: usize, seen: usize| at >= first && at + length <= first + seen;
        self.is_periodic()
            || (whole(j / across, self.first().0, length.0, self.seen().0)
                && whole(j % across, self.first().1, length.1, self.seen().1))
    }

    /// Whether column j is left out, so that it is zero. Default: none is.
    fn is_left_out(&self, j: usize) -> bool {
        let _ = j;
        false
    }
}

/// P A for an operator A whose columns overlap only their neighbours, and the projector P off the span of a few vectors.
pub trait Projected<T: Scalar>: Send + Sync {
    /// A, which has [`Local`] or [`Planar`] structure.
    fn inner(&self) -> &dyn LinearMap<T>;

    /// Orthonormal vectors q of m numbers, whose span P projects off.
    fn basis(&self) -> &[Vec<T>];

    /// Aᴴ q for each of them.
    fn products(&self) -> &[Vec<T>];
}

/// References, boxes and shared pointers to a map are that map, and so is whatever else dereferences to one.
impl<T: Scalar, P: Deref<Target: LinearMap<T>> + Send + Sync> LinearMap<T> for P {
    fn shape(&self) -> (usize, usize) {
        (**self).shape()
    }

    fn apply(&self, x: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        (**self).apply(x, y)
    }

    fn apply_adjoint(&self, y: &[T], x: &mut [T]) -> Result<(), OperatorError> {
        (**self).apply_adjoint(y, x)
    }

    fn profile(&self) -> Profile {
        (**self).profile()
    }

    fn columns(&self) -> Option<&dyn Columns<T>> {
        (**self).columns()
    }

    fn structure(&self) -> Structure<'_, T> {
        (**self).structure()
    }
}
