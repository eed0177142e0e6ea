//! From files to a problem: a matrix or a convolution, data, both real or both complex.

use std::path::Path;
use std::sync::Arc;

use faer::sparse::SparseColMat;
use num_complex::Complex;
use sparsea::operator::pulse;
use sparsea::{
    Boundary, Bounds, Convolution, Convolution2d, DenseOperator, Domain, Error, Gram, LinearMap, NonNegative, Problem,
    Scalar, SparseOperator,
};

use crate::batch::AnyBatch;
use crate::blocks::joined;
use crate::cli::{Baseline, BoundaryChoice, DomainOptions, Kernel, KernelOptions, ModelOptions, Origin};
use crate::failure::Failure;
use crate::image::{self, Deconvolution, Placed};
use crate::input::{self, Data, Dense, Layout, Matrix, Narrow, NarrowMatrix, Statistics, Table, Vector};
use crate::text;

/// A or the convolution, owned.
pub enum Owned<T: Scalar> {
    Dense(Dense<T>),
    Narrow(Box<dyn NarrowMatrix<T>>),
    Gram(Box<Gram<T>>),
    Sparse(SparseColMat<usize, T>),
    Convolution(Convolution<T>),
    Image(Convolution2d<T>),
}

impl<T: Scalar> Owned<T> {
    /// (m, n).
    pub fn shape(&self) -> (usize, usize) {
        self.operator().shape()
    }

    pub fn operator(&self) -> Box<dyn LinearMap<T> + '_> {
        match self {
            Self::Dense(matrix) => Box::new(DenseOperator::new(matrix.as_ref())),
            Self::Narrow(matrix) => matrix.operator(),
            Self::Gram(gram) => Box::new(&**gram),
            Self::Sparse(matrix) => Box::new(SparseOperator::new(matrix.as_ref())),
            Self::Convolution(convolution) => Box::new(convolution),
            Self::Image(convolution) => Box::new(convolution),
        }
    }
}

/// A problem read from files, without its sparsity.
pub struct Loaded<T: Scalar> {
    pub operator: Owned<T>,
    /// y, or the columns of Y, end to end.
    pub data: Vec<T>,
    /// Columns of Y, if they have one support.
    pub sides: Option<usize>,
    /// Names of the columns of A, if its file had them.
    pub names: Option<Vec<String>>,
    /// Of a deconvolution: how far right of its spike index a spike appears in the trace.
    pub shift: Option<isize>,
    /// Of the deconvolution of an image.
    pub image: Option<Placed>,
    /// What was subtracted from the trace.
    pub baseline: f64,
    /// Whether y is a column of A's own table, which has names.
    pub is_named: bool,
    /// Where A and y are known by sufficient statistics: Aᴴy, and the rows of A.
    pub statistics: Option<(Arc<[T]>, usize)>,
}

impl DomainOptions {
    /// What coefficients of n columns may be; `None` for anything.
    pub fn domain<T: Scalar>(&self, columns: usize) -> Result<Option<Box<dyn Domain<T>>>, Failure> {
        Ok(match self.bounds {
            Some((lower, upper)) => {
                let lower = if self.nonnegative { 0.0 } else { lower };
                Some(Box::new(Bounds::all(lower, upper, columns)?))
            }
            None if self.nonnegative => Some(Box::new(NonNegative)),
            None => None,
        })
    }
}

impl<T: Scalar> Loaded<T> {
    /// The problem for this sparsity, on the operator of this and on data of its form.
    pub fn problem<'a>(
        &self,
        operator: &'a dyn LinearMap<T>,
        data: &'a [T],
        sparsity: usize,
    ) -> Result<Problem<'a, T>, Error> {
        let problem = match self.sides {
            Some(sides) => Problem::joint(operator, data, sides, sparsity)?,
            None => Problem::new(operator, data, sparsity)?,
        };
        match &self.statistics {
            Some((correlation, _)) => problem.with_data_correlation(correlation.clone()),
            None => Ok(problem),
        }
    }

    /// The same with other rows of A and y.
    pub fn with(&self, operator: Owned<T>, data: Vec<T>) -> Self {
        let &Self { sides, shift, image: _, baseline, is_named, .. } = self;
        let (names, statistics) = (self.names.clone(), self.statistics.clone());
        Self { operator, data, sides, names, shift, image: None, baseline, is_named, statistics }
    }

    /// The rows of A.
    pub fn rows(&self) -> usize {
        self.statistics.as_ref().map_or_else(|| self.data.len() / self.sides.unwrap_or(1).max(1), |&(_, rows)| rows)
    }
}

/// Where a spike lies: a sample, or the row and column of a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(untagged)]
pub enum Position {
    Sample(isize),
    Pixel([isize; 2]),
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sample(at) => write!(f, "{at}"),
            Self::Pixel([row, column]) => write!(f, "{row}, {column}"),
        }
    }
}

impl<T: Scalar> Loaded<T> {
    /// Where the spikes of a support lie in the trace or the image; `None` for other problems.
    pub fn positions(&self, support: &[usize]) -> Option<Vec<Position>> {
        match (&self.operator, &self.image) {
            (Owned::Convolution(one), _) => Some(support.iter().map(|&j| Position::Sample(one.position(j))).collect()),
            (_, Some(placed)) => Some(support.iter().map(|&j| Position::Pixel(placed.position(j).into())).collect()),
            _ => None,
        }
    }
}

/// A problem of either scalar.
pub enum Any {
    Real(Loaded<f64>),
    Complex(Loaded<Complex<f64>>),
}

/// An operator of either scalar, without data.
pub enum AnyOperator {
    Real(Owned<f64>),
    Complex(Owned<Complex<f64>>),
}

/// Reads A, and the names of its columns if its file has them.
pub fn read_operator(matrix: &Path) -> Result<(AnyOperator, Option<Vec<String>>), Failure> {
    let Table { matrix, column_names, .. } = input::read_predictors(matrix)?;
    let operator = match matrix {
        Matrix::Dense(a) => AnyOperator::Real(Owned::Dense(a)),
        Matrix::Sparse(a) => AnyOperator::Real(Owned::Sparse(a)),
        Matrix::DenseComplex(a) => AnyOperator::Complex(Owned::Dense(a)),
        Matrix::Narrow(a) if a.is_complex() => AnyOperator::Complex(Owned::Narrow(a.complex())),
        Matrix::Narrow(a) => AnyOperator::Real(Owned::Narrow(real(a)?)),
        Matrix::SparseComplex(a) => AnyOperator::Complex(Owned::Sparse(a)),
    };
    Ok((operator, shown(column_names)))
}

/// A matrix of narrow numbers for a real problem.
fn real(matrix: Narrow) -> Result<Box<dyn NarrowMatrix<f64>>, Failure> {
    matrix.real().ok_or_else(|| Failure::Message("A is complex although y is real".into()))
}

/// Names as tables and pictures show them, each on its line.
fn shown(names: Option<Vec<String>>) -> Option<Vec<String>> {
    names.map(|names| names.iter().map(|name| text::visible(name).into_owned()).collect())
}

/// The operator that blurs `n` spikes.
pub fn blur(n: usize, options: &KernelOptions) -> Result<AnyOperator, Failure> {
    if options.baseline != Baseline::None {
        return Err(Failure::Message("--baseline is for a trace".into()));
    }
    // Of a full convolution all of the kernel is seen.
    let seen = if options.boundary == BoundaryChoice::Full { usize::MAX } else { n };
    Ok(match read_kernel(&options.kernel, seen)? {
        Vector::Real(kernel) => AnyOperator::Real(Owned::Convolution(spikes(n, &kernel, options)?)),
        Vector::Complex(kernel) => AnyOperator::Complex(Owned::Convolution(spikes(n, &kernel, options)?)),
    })
}

/// Names of columns, and whether y was one of them.
type Names = (Option<Vec<String>>, bool);

/// Reads A and y, or a matrix Y of several with one support, in which there may be gaps.
pub fn from_matrix(matrix: &Path, data: &str, model: &ModelOptions) -> Result<Any, Failure> {
    if model.joint {
        let table = input::read_predictors(matrix)?;
        let read = input::read_data_matrix(Path::new(data), model.drops())?;
        let (data, columns) = columns_for(&table, read.matrix)?;
        return posed(table, data, Some(columns), false);
    }
    let (table, data, is_named) = input::read_problem(matrix, data, model.drops())?;
    posed(table, data, None, is_named)
}

/// One problem, or several that differ in y.
pub enum Read {
    One(Any),
    Several(AnyBatch),
}

/// Reads A and y, or a matrix Y of which each column is a problem by itself, in which there may be gaps; or sufficient statistics
/// where there is no y.
pub fn one_or_several(matrix: &Path, data: Option<&str>, model: &ModelOptions) -> Result<Read, Failure> {
    let data = match data {
        Some(data) if !model.joint => data,
        _ => return from_matrix_or_statistics(matrix, data, model).map(Read::One),
    };
    let (table, data, is_named) = input::read_problems(matrix, data, model.drops())?;
    match data {
        Data::One(data) => posed(table, data, None, is_named).map(Read::One),
        Data::Several(several) => {
            let names = several.column_names.clone();
            let (data, count) = columns_for(&table, several.matrix)?;
            Ok(Read::Several(AnyBatch::split(posed(table, data, None, false)?, names, count)))
        }
    }
}

/// The columns of Y, end to end, and their number.
fn columns_for(table: &Table, matrix: Matrix) -> Result<(Vector, usize), Failure> {
    let (data, columns) = joined(matrix);
    let (rows, expected) = (data.len() / columns.max(1), table.matrix.nrows());
    if rows != expected {
        let line = if columns == expected {
            format!("Y has {rows} rows and {columns} columns, but A has {expected} rows: transpose Y")
        } else {
            format!("Y has {rows} rows, but A has {expected} rows")
        };
        return Err(Failure::Message(line));
    }
    Ok((data, columns))
}

/// The problem of A and y, or of A and the columns of Y, end to end, which have one support where `sides` says how many they are.
fn posed(table: Table, data: Vector, sides: Option<usize>, is_named: bool) -> Result<Any, Failure> {
    let Table { matrix, column_names, .. } = table;
    let names = shown(column_names);
    let (matrix, data) = if matrix.is_complex() || data.is_complex() {
        (matrix.into_complex(), Vector::Complex(data.into_complex()))
    } else {
        (matrix, data)
    };
    fn loaded<T: Scalar>(operator: Owned<T>, data: Vec<T>, (names, is_named): Names) -> Loaded<T> {
        let (shift, image, baseline, statistics) = (None, None, 0.0, None);
        Loaded { operator, data, sides: None, names, shift, image, baseline, is_named, statistics }
    }
    let names: Names = (names, is_named);
    let mut any = match (matrix, data) {
        (Matrix::Dense(a), Vector::Real(y)) => Any::Real(loaded(Owned::Dense(a), y, names)),
        (Matrix::Sparse(a), Vector::Real(y)) => Any::Real(loaded(Owned::Sparse(a), y, names)),
        (Matrix::DenseComplex(a), y) => Any::Complex(loaded(Owned::Dense(a), y.into_complex(), names)),
        (Matrix::Narrow(a), Vector::Real(y)) => Any::Real(loaded(Owned::Narrow(real(a)?), y, names)),
        (Matrix::Narrow(a), Vector::Complex(y)) => Any::Complex(loaded(Owned::Narrow(a.complex()), y, names)),
        (Matrix::SparseComplex(a), y) => Any::Complex(loaded(Owned::Sparse(a), y.into_complex(), names)),
        (Matrix::Dense(_) | Matrix::Sparse(_), Vector::Complex(_)) => {
            return Err(Failure::Message("A is real although y is complex".into()));
        }
    };
    match &mut any {
        Any::Real(loaded) => loaded.sides = sides,
        Any::Complex(loaded) => loaded.sides = sides,
    }
    Ok(any)
}

/// Reads A and y, in which there may be gaps, or sufficient statistics where there is no y.
pub fn from_matrix_or_statistics(matrix: &Path, data: Option<&str>, model: &ModelOptions) -> Result<Any, Failure> {
    data.map_or_else(|| from_statistics(matrix), |data| from_matrix(matrix, data, model))
}

/// Reads A and y, a trace where there is a kernel, or sufficient statistics where there is neither. That one of these is asked for is a rule
/// of the command line.
pub fn from_files(
    matrix: &Path,
    data: Option<&str>,
    kernel: Option<&KernelOptions>,
    model: &ModelOptions,
) -> Result<Any, Failure> {
    match kernel {
        Some(kernel) => {
            input::refuse_selection("a trace")?;
            from_trace(matrix, kernel, model)
        }
        None => from_matrix_or_statistics(matrix, data, model),
    }
}

/// Reads sufficient statistics.
pub fn from_statistics(path: &Path) -> Result<Any, Failure> {
    fn loaded<T: Scalar>(matrix: &Dense<T>, correlation: &[T], given: &Statistics) -> Result<Loaded<T>, Failure> {
        let gram = Gram::with_precision(matrix.as_ref(), given.rows, given.precision)?;
        let data = gram.data(correlation, given.square)?;
        let statistics = Some((data.correlation(), given.rows));
        let data = data.data().to_vec();
        Ok(Loaded {
            operator: Owned::Gram(Box::new(gram)),
            data,
            sides: None,
            names: None,
            shift: None,
            baseline: 0.0,
            image: None,
            is_named: false,
            statistics,
        })
    }
    input::refuse_selection("sufficient statistics")?;
    let given = input::read_statistics(path)?;
    let problem = match (&given.matrix, &given.correlation) {
        (Matrix::Dense(matrix), Vector::Real(correlation)) => Any::Real(loaded(matrix, correlation, &given)?),
        (Matrix::DenseComplex(matrix), correlation) => {
            Any::Complex(loaded(matrix, &correlation.clone().into_complex(), &given)?)
        }
        (Matrix::Dense(matrix), Vector::Complex(correlation)) => {
            Any::Complex(loaded(&matrix.clone().into_complex(), correlation, &given)?)
        }
        _ => return Err(Failure::Message(format!("{}: AtA must be a dense matrix", path.display()))),
    };
    Ok(problem)
}

/// Reads one trace, one image, or traces with one support, in which there may be gaps, and a kernel.
pub fn from_trace(trace: &Path, options: &KernelOptions, model: &ModelOptions) -> Result<Any, Failure> {
    match image::read(trace, options, model.drops())? {
        Deconvolution::Several(all, _) if !model.joint => {
            let (shown, count) = (trace.display(), all.len());
            Err(Failure::Message(format!("{shown} holds {count} traces; this command takes one")))
        }
        read => in_one(read, options, model),
    }
}

/// What was read as one problem: that of a trace or an image, or that of several traces with one support.
pub fn in_one(read: Deconvolution, options: &KernelOptions, model: &ModelOptions) -> Result<Any, Failure> {
    let refuse = |line: &str| Err(Failure::Message(line.into()));
    match read {
        Deconvolution::One(_) if model.joint => {
            refuse("--joint needs a matrix of several traces, with one in each column")
        }
        Deconvolution::One(one) => Ok(*one),
        Deconvolution::Several(..) if options.baseline != Baseline::None => {
            refuse("--baseline is for traces by themselves; with --joint say --intercept, which is fitted to each")
        }
        Deconvolution::Several(traces, _) => side_by_side(traces),
    }
}

/// The problem of several traces.
fn side_by_side(traces: Vec<Any>) -> Result<Any, Failure> {
    fn of<T: Scalar>(mut traces: Vec<Loaded<T>>) -> Option<Loaded<T>> {
        let (data, sides) = (traces.iter().flat_map(|trace| trace.data.clone()).collect(), Some(traces.len()));
        Some(Loaded { data, sides, ..traces.pop()? })
    }
    let (mut real, mut complex) = (vec![], vec![]);
    for trace in traces {
        match trace {
            Any::Real(one) => real.push(one),
            Any::Complex(one) => complex.push(one),
        }
    }
    // They are columns of one matrix: all real, or all complex.
    let joined = if complex.is_empty() { of(real).map(Any::Real) } else { of(complex).map(Any::Complex) };
    joined.ok_or_else(|| Failure::Message("there is no trace".into()))
}

/// A trace, and the kernel of the options.
pub fn traces(data: Vector, options: &KernelOptions) -> Result<Any, Failure> {
    let length = data.len();
    let too_long = |samples: usize, advice: String| {
        Failure::Message(format!("the kernel has {samples} samples, more than the {length} of the trace{advice}"))
    };
    if let Kernel::Gaussian(sigma) = options.kernel {
        // Before it is made: it may be far longer.
        match gaussian_length(sigma) {
            Some(samples) if samples > length => return Err(too_long(samples, gaussian_advice(length))),
            _ => {}
        }
    }
    let kernel = read_kernel(&options.kernel, length)?;
    if kernel.len() > length {
        return Err(too_long(kernel.len(), String::new()));
    }
    Ok(match (data, kernel) {
        (Vector::Real(data), Vector::Real(kernel)) => Any::Real(convolution(data, &kernel, options)?),
        (data, kernel) => Any::Complex(convolution(data.into_complex(), &kernel.into_complex(), options)?),
    })
}

/// Which widths fit a trace of this length.
fn gaussian_advice(length: usize) -> String {
    let rule = "; gaussian:SIGMA spans 2*ceil(8*SIGMA)+1 samples";
    match length.saturating_sub(1) / 2 {
        0 => format!("{rule}, at least 3"),
        reach => format!("{rule}, so SIGMA must be smaller here, at most {}", reach as f64 / 8.0),
    }
}

/// Samples of the Gaussian kernel of this width, if it is one that can be made.
fn gaussian_length(sigma: f64) -> Option<usize> {
    /// As the library.
    const LONGEST: f64 = 1e8;
    let length = 2.0 * (8.0 * sigma).ceil();
    (sigma > 0.0 && length <= LONGEST).then(|| length as usize + 1)
}

/// A Gaussian kernel.
pub fn gaussian(sigma: f64) -> Result<Vec<f64>, Failure> {
    check_pulse(16.0 * sigma, usize::MAX)?;
    Ok(pulse::gaussian(sigma)?)
}

/// Refuses a kernel that does not fit into memory, or the transforms of a convolution with the `used` samples of it.
fn check_pulse(samples: f64, used: usize) -> Result<(), Failure> {
    /// Bytes a sample: complex numbers of up to twice the length in a few buffers.
    const TRANSFORMS: f64 = 2.0 * 16.0 * 6.0;
    // The library refuses those that are longer, and those that are no numbers.
    if !(0.0..=1e8).contains(&samples) {
        return Ok(());
    }
    let needed = size_of::<f64>() as f64 * samples + TRANSFORMS * samples.min(used as f64);
    input::check_room(needed as usize)
        .map_err(|problem| Failure::Message(format!("a kernel of {samples:.0} samples {problem}")))
}

fn read_kernel(kernel: &Kernel, length: usize) -> Result<Vector, Failure> {
    Ok(match kernel {
        Kernel::Gaussian(sigma) => Vector::Real(gaussian(*sigma)?),
        Kernel::Exponential(tau) => {
            check_pulse(20.0 * tau, length)?;
            let mut samples = pulse::exponential(*tau)?;
            // What lies more than a trace's length behind a spike is never seen.
            samples.truncate(length);
            Vector::Real(samples)
        }
        // A misspelt shape is no file either; that it is missing would say nothing.
        Kernel::File(path) if path.to_string_lossy().contains(':') && !input::is_there(path) => {
            let text = path.display();
            return Err(Failure::Message(format!(
                "--kernel: '{text}' is neither a file nor a known shape; the shapes are gaussian:SIGMA, exponential:TAU"
            )));
        }
        Kernel::File(path) => input::read_vector(path)?,
    })
}

/// A deconvolution from the trace and the kernel.
pub fn convolution<T: Scalar>(mut data: Vec<T>, kernel: &[T], options: &KernelOptions) -> Result<Loaded<T>, Failure> {
    let (m, length) = (data.len(), kernel.len());
    let n = match options.boundary {
        BoundaryChoice::Same | BoundaryChoice::Circular => m,
        BoundaryChoice::Full => m + 1 - length,
        BoundaryChoice::Valid => m + length - 1,
    };
    let operator = spikes(n, kernel, options)?;
    // From where it lies, by the origin, to where it peaks.
    let shift = operator.position(0) + position_of_largest(kernel) as isize - operator.origin() as isize;
    let baseline = baseline_of(&data, &options.baseline)?;
    data.iter_mut().for_each(|y| *y -= T::from_real(baseline));
    let operator = Owned::Convolution(operator);
    let (shift, is_named, statistics) = (Some(shift), false, None);
    Ok(Loaded { operator, data, sides: None, names: None, shift, image: None, baseline, is_named, statistics })
}

/// What to subtract from data, of which NaN are gaps.
pub fn baseline_of<T: Scalar>(data: &[T], rule: &Baseline) -> Result<f64, Failure> {
    let seen: Vec<f64> = data.iter().map(|y| y.real()).filter(|y| !y.is_nan()).collect();
    Ok(match rule {
        Baseline::None => 0.0,
        _ if T::IS_COMPLEX => return Err(Failure::Message("--baseline is for real traces".into())),
        _ if seen.is_empty() => 0.0,
        Baseline::Mean => seen.iter().sum::<f64>() / seen.len() as f64,
        Baseline::Quantile(p) => quantile(seen, *p),
    })
}

/// The convolution of n spikes with a kernel.
fn spikes<T: Scalar>(n: usize, kernel: &[T], options: &KernelOptions) -> Result<Convolution<T>, Failure> {
    let origin = match options.origin {
        None => position_of_largest(kernel),
        Some(Origin::Sample(at)) => at,
        Some(Origin::Pixel(row, _)) => {
            return Err(Failure::Message(format!("--origin: a trace takes one sample of the kernel, as {row}")));
        }
    };
    let boundary = match options.boundary {
        BoundaryChoice::Same => Boundary::Same,
        BoundaryChoice::Circular => Boundary::Circular,
        BoundaryChoice::Full => Boundary::Full,
        BoundaryChoice::Valid => Boundary::Valid,
    };
    Ok(Convolution::with_origin(kernel, n, boundary, origin)?)
}

fn position_of_largest<T: Scalar>(kernel: &[T]) -> usize {
    let mut best = 0;
    for (at, value) in kernel.iter().enumerate() {
        if Scalar::abs(*value) > Scalar::abs(kernel[best]) {
            best = at;
        }
    }
    best
}

/// The p-quantile, linear between order statistics as in NumPy.
fn quantile(mut values: Vec<f64>, p: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = p * (values.len() - 1) as f64;
    let (low, high) = (place.floor() as usize, place.ceil() as usize);
    values[low] + (place - low as f64) * (values[high] - values[low])
}

/// A vector of either scalar, for writing.
pub fn to_vector<T: Scalar>(values: &[T]) -> Vector {
    if T::IS_COMPLEX {
        Vector::Complex(values.iter().map(|v| v.to_complex()).collect())
    } else {
        Vector::Real(values.iter().map(|v| v.real()).collect())
    }
}

/// A vector as a matrix row by row, for writing.
pub fn to_matrix<T: Scalar>(values: &[T], shape: (usize, usize)) -> Matrix {
    laid_out(values, shape, Layout::Rows)
}

/// A vector as a matrix column by column, for writing.
pub fn to_columns<T: Scalar>(values: &[T], shape: (usize, usize)) -> Matrix {
    laid_out(values, shape, Layout::Columns)
}

fn laid_out<T: Scalar>(values: &[T], (rows, columns): (usize, usize), layout: Layout) -> Matrix {
    match to_vector(values) {
        Vector::Real(values) => Matrix::Dense(Dense::new(values, rows, columns, layout)),
        Vector::Complex(values) => Matrix::DenseComplex(Dense::new(values, rows, columns, layout)),
    }
}

/// A vector read from a file, as this scalar.
pub fn from_vector<T: Scalar>(path: &Path, vector: Vector) -> Result<Vec<T>, Failure> {
    match vector {
        Vector::Real(values) => Ok(values.into_iter().map(T::from_real).collect()),
        Vector::Complex(values) if T::IS_COMPLEX => Ok(values.into_iter().map(T::from_complex).collect()),
        Vector::Complex(_) => Err(Failure::Message(format!("{}: is complex, but A and y are real", path.display()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_numpy() {
        // np.quantile([3, 1, 2, 10], [0, .1, .5, 1]) = [1, 1.3, 2.5, 10]
        let values = vec![3.0, 1.0, 2.0, 10.0];
        for (p, expected) in [(0.0, 1.0), (0.1, 1.3), (0.5, 2.5), (1.0, 10.0)] {
            assert!((quantile(values.clone(), p) - expected).abs() < 1e-12);
        }
    }
}
