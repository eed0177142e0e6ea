//! The operator A as a user defines it: a shape, two products, and optional knowledge of its form.

use std::ops::Deref;
use std::sync::Arc;

use super::Columns;
use crate::failure::{Failure, OperatorError};
use crate::scalar::Scalar;

/// A linear map A from Tⁿ to Tᵐ.
///
/// Three methods are required: [`shape`](Self::shape) and two products. The products may fail, for example if a device, a server or another
/// language computes them. The other methods state what else is known of A; their defaults state nothing. Results must not depend on the
/// number of threads. Slices passed in have the lengths stated.
pub trait LinearMap<T: Scalar>: Send + Sync {
    /// (m, n), the lengths of y and x.
    fn shape(&self) -> (usize, usize);

    /// y ← A x, overwriting `y` (length m) from `x` (length n).
    ///
    /// # Errors
    /// Any error that prevents the product. It ends the run, which returns it as [`Error::Operator`](crate::Error::Operator).
    fn apply(&self, x: &[T], y: &mut [T]) -> Result<(), OperatorError>;

    /// x ← Aᴴ y, overwriting `x` (length n) from `y` (length m).
    ///
    /// # Errors
    /// Those of [`apply`](Self::apply).
    fn apply_adjoint(&self, y: &[T], x: &mut [T]) -> Result<(), OperatorError>;

    /// Known costs and numbers. Called once for every problem.
    fn profile(&self) -> Profile {
        Profile::default()
    }

    /// Operations that are faster than products with all of A. Default: none.
    fn columns(&self) -> Option<&dyn Columns<T>> {
        None
    }

    /// Where the non-zero entries of A lie. Default: anywhere.
    fn structure(&self) -> Structure<'_, T> {
        Structure::None
    }
}

/// Known properties of a [`LinearMap`].
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Profile {
    /// ‖a_j‖ of every column. Without them, they are computed by [`Columns::norms`] or from products; see
    /// [`Problem::new`](crate::Problem::new).
    pub column_norms: Option<Vec<f64>>,
    /// Approximate multiply-adds of a product with Aᴴ. They decide whether Aᴴ r is computed by the operator or from cached Gram columns.
    /// Default: m n.
    pub cost: Option<usize>,
    /// Number of Gram columns that can be computed together at little more than the cost of one, because A is read once for all of them.
    /// Default: 1.
    pub block: Option<usize>,
    /// A failure that can be set from outside. Once set, no further products are computed, as after a product that failed.
    pub failure: Option<Failure>,
    /// Declares that products are collective: several processes compute them together, each within its own run. A run then makes products
    /// from one thread, in an order that depends only on its input, and the processes agree on everything that may differ between them.
    /// Without it, any thread makes products, several at a time.
    pub agreement: Option<Agreement>,
}

/// How processes that compute products together agree, for example by a broadcast from the first of them.
///
/// All processes call it, each with its own view of whether the time is over or the run was stopped. All get the same answer. A run calls
/// it after every step, because a step that one process cuts short would leave the others waiting.
#[derive(Clone)]
pub struct Agreement(Arc<dyn Fn(bool) -> bool + Send + Sync>);

impl Agreement {
    /// Makes an agreement from a function.
    pub fn new(agree: impl Fn(bool) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(agree))
    }

    /// The answer that all processes agree on.
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
    /// Supplies ‖a_j‖ for every column.
    #[must_use]
    pub fn with_column_norms(mut self, norms: Vec<f64>) -> Self {
        self.column_norms = Some(norms);
        self
    }

    /// Sets the number of multiply-adds of a product with Aᴴ.
    #[must_use]
    pub fn with_cost(mut self, multiply_adds: usize) -> Self {
        self.cost = Some(multiply_adds);
        self
    }

    /// Sets the number of Gram columns computed in one pass over A.
    #[must_use]
    pub fn with_block(mut self, columns: usize) -> Self {
        self.block = Some(columns);
        self
    }

    /// Declares that products are collective.
    #[must_use]
    pub fn with_agreement(mut self, agreement: Agreement) -> Self {
        self.agreement = Some(agreement);
        self
    }

    /// The profile of a map that is made of the products of another: the properties that it inherits from it.
    #[must_use]
    pub fn made_of(inner: &Self) -> Self {
        Self { failure: inner.failure.clone(), agreement: inner.agreement.clone(), ..Self::default() }
    }

    /// Adds a failure that can be set from outside to end the run.
    #[must_use]
    pub fn with_failure(mut self, failure: Failure) -> Self {
        self.failure = Some(failure);
        self
    }
}

/// Where the non-zero entries of A lie.
#[derive(Clone, Copy)]
pub enum Structure<'s, T> {
    /// Anywhere.
    None,
    /// In few places, stored by columns: supports are correlated by the rows that their columns meet.
    Sparse(&'s dyn SparseColumns<T>),
    /// In columns that overlap only their neighbours: on large problems, fits split into independent clusters.
    Local(&'s dyn Local<T>),
    /// In columns that are images of one patch and overlap only their neighbours: large problems are searched tile by tile.
    Planar(&'s dyn Planar<T>),
    /// Columns of a local or planar operator, minus their components in the span of a few vectors: an intercept or fixed columns.
    Projected(&'s dyn Projected<T>),
    /// Column j is 0 before row j and 1 from it on, m = n, as [`Segment`](crate::Segment) requires.
    Steps,
    /// Unknown, because the rows themselves are unknown: A is a [`Gram`](super::Gram) matrix, of an A with this many rows.
    Gram(usize),
}

/// An operator that stores the non-zero entries of its columns.
pub trait SparseColumns<T>: Send + Sync {
    /// Calls `visit(i, a_ij)` for the entries of column j.
    fn visit(&self, j: usize, visit: &mut dyn FnMut(usize, T));
}

/// An operator whose columns are each non-zero in a few neighbouring rows, further down from column to column.
pub trait Local<T>: Send + Sync {
    /// The largest |i − j| at which columns i and j have a row in common.
    fn reach(&self) -> usize;

    /// Appends to `out` the part of column j in which it may be non-zero, and returns the row where that part begins. The first and last
    /// rows must not decrease from column to column. If columns are periodic, rows are counted on beyond the last.
    fn segment(&self, j: usize, out: &mut Vec<T>) -> usize;

    /// Range of columns that are shifted copies of each other, by as many rows as they are columns apart. Default: empty.
    fn alike(&self) -> std::ops::Range<usize> {
        0..0
    }

    /// Whether column j is a shifted copy of those that are [alike](Self::alike), even if others lie between. Default: whether it is one of
    /// them.
    fn is_alike(&self, j: usize) -> bool {
        self.alike().contains(&j)
    }

    /// m = n, if the column after the last is the first again, one period further down. Default: `None`.
    fn period(&self) -> Option<usize> {
        None
    }
}

/// An operator from images to images, both row by row. Its columns are copies of one patch (L × L' pixels), each shifted to another place
/// of the image and cut off at its borders, or continued at the opposite border.
///
/// The entry (l, l') of the patch of column (i, j) lies at the pixel (i + l − f, j + l' − f') of the observed image. Pixels may be
/// weighted, and columns left out.
pub trait Planar<T>: Send + Sync {
    /// (H, W): column i W + j has its patch at (i, j).
    fn image(&self) -> (usize, usize);

    /// Rows and columns of the observed image, A x.
    fn seen(&self) -> (usize, usize);

    /// (f, f').
    fn first(&self) -> (usize, usize);

    /// Whether patches continue at the opposite border. If so, both images have the same size.
    fn is_periodic(&self) -> bool;

    /// (L, L') and the patch, row by row.
    fn patch(&self) -> ((usize, usize), &[T]);

    /// a_iᴴ a_j of two [whole](Self::is_whole) columns that are j − i = (d, d') apart, row by row for d = 1 − L … L − 1 and d' = 1 − L' … L' − 1.
    fn autocorrelation(&self) -> &[T];

    /// a_iᴴ a_j.
    fn entry(&self, i: usize, j: usize) -> T;

    /// u and v, if the patch is u vᵀ to rounding. Default: `None`, not known.
    fn factors(&self) -> Option<(&[T], &[T])> {
        None
    }

    /// The factor by which each observed pixel is multiplied, after the patches. Default: `None`, no factors.
    fn pixel_factors(&self) -> Option<&[f64]> {
        None
    }

    /// Whether column j is the whole patch, with factors of 1. Default: whether no border cuts it off.
    fn is_whole(&self, j: usize) -> bool {
        let (across, (length, _)) = (self.image().1, self.patch());
        let whole = |at: usize, first: usize, length: usize, seen: usize| at >= first && at + length <= first + seen;
        self.is_periodic()
            || (whole(j / across, self.first().0, length.0, self.seen().0)
                && whole(j % across, self.first().1, length.1, self.seen().1))
    }

    /// Whether column j is left out, and so is zero. Default: false.
    fn is_left_out(&self, j: usize) -> bool {
        let _ = j;
        false
    }
}

/// P A for an operator A whose columns overlap only their neighbours, where P projects off the span of a few vectors.
pub trait Projected<T: Scalar>: Send + Sync {
    /// A, which has [`Local`] or [`Planar`] structure.
    fn inner(&self) -> &dyn LinearMap<T>;

    /// Orthonormal vectors q of length m; P projects off their span.
    fn basis(&self) -> &[Vec<T>];

    /// Aᴴ q for each vector q.
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
