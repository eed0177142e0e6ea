//! Deconvolution of images, and of several traces: what files hold, and what they are taken for.

use std::path::Path;

use faer::Mat;
use num_complex::Complex;
use sparsea::{Boundary, Convolution2d, Scalar};

use crate::cli::{BoundaryChoice, Kernel, KernelOptions, Origin};
use crate::failure::Failure;
use crate::input::{self, Matrix, Problem, Vector};
use crate::problem::{Any, Loaded, Owned, baseline_of, gaussian, traces};

/// Rows and columns.
pub type Two = (usize, usize);

/// Where the pixels of x and y are.
#[derive(Debug, Clone, Copy)]
pub struct Placed {
    /// Of the image y.
    pub seen: Two,
    /// Of the image x.
    pub spikes: Two,
    /// How far below and right of its place in x a point appears in y.
    shift: (isize, isize),
}

impl Placed {
    /// The pixel of y at which column j lies; it may be outside.
    pub fn position(&self, j: usize) -> (isize, isize) {
        let width = self.spikes.1;
        ((j / width) as isize + self.shift.0, (j % width) as isize + self.shift.1)
    }
}

/// What a file of a deconvolution holds.
pub enum Samples {
    /// A single row or column.
    One(Vector),
    /// Several rows and columns, and the names of the columns.
    Table(Matrix, Option<Vec<String>>),
}

impl Samples {
    /// Reads data, in which there may be `gaps`, or a kernel, without them; as a table in any case, if it is to be an `image`.
    fn read(path: &Path, image: bool, gaps: Option<bool>) -> Result<Self, Failure> {
        let read_matrix = |path: &Path| match gaps {
            Some(gaps) => input::read_data_matrix(path, gaps),
            None => input::read_matrix(path),
        };
        let read_vector = |path: &Path| match gaps {
            Some(gaps) => input::read_data_vector(path, gaps),
            None => input::read_vector(path),
        };
        if image {
            let table = read_matrix(path)?;
            return Ok(Self::Table(table.matrix, table.column_names));
        }
        match read_vector(path) {
            Ok(vector) => Ok(Self::One(vector)),
            Err(error) if matches!(*error.problem, Problem::NotAVector(_)) => {
                // What is no matrix either is refused as it was before.
                read_matrix(path).map(|table| Self::Table(table.matrix, table.column_names)).map_err(|second| {
                    if matches!(*second.problem, Problem::NotAMatrix(_)) { error.into() } else { second.into() }
                })
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// What there is to deconvolve: one trace or image, or several traces.
pub enum Deconvolution {
    One(Box<Any>),
    /// Several traces, and their names.
    Several(Vec<Any>, Option<Vec<String>>),
}

/// Reads a trace, several, or an image, in which there may be `gaps`, and the kernel.
pub fn read(path: &Path, options: &KernelOptions, gaps: bool) -> Result<Deconvolution, Failure> {
    let refuse = |line: String| Err(Failure::Message(line));
    let one = |read: Any| Deconvolution::One(Box::new(read));
    let samples = Samples::read(path, options.image, Some(gaps))?;
    let kernel = match &options.kernel {
        Kernel::File(file) if input::is_there(file) => Some(Samples::read(file, options.image, None)?),
        _ => None,
    };
    let shown = path.display();
    match (samples, kernel) {
        (Samples::Table(y, _), Some(Samples::Table(kernel, _))) if !options.traces => {
            image(y, kernel, options, "").map(one)
        }
        (Samples::Table(y, _), None) if options.image => {
            let Kernel::Gaussian(sigma) = options.kernel else {
                let rule = "an image takes --kernel gaussian:SIGMA or a file with a matrix";
                return refuse(rule.into());
            };
            let line = gaussian(sigma)?;
            let room = y.nrows().min(y.ncols()).saturating_sub(1) / 2;
            let advice = format!(
                "; gaussian:SIGMA spans 2*ceil(8*SIGMA)+1 in both directions, so SIGMA is at most {} here",
                room as f64 / 8.0
            );
            // Not made, where it is far larger than the image.
            if line.len() > y.nrows() || line.len() > y.ncols() {
                return refuse(too_large((line.len(), line.len()), (y.nrows(), y.ncols()), &advice));
            }
            let kernel = Mat::from_fn(line.len(), line.len(), |i, j| line[i] * line[j]);
            image(y, Matrix::Dense(input::Dense::from(kernel)), options, &advice).map(one)
        }
        (Samples::Table(y, _), None) if !options.traces => refuse(format!(
            "{shown} has {} rows and {} columns, and the kernel a name: say --image for an image, or --traces for a trace in each \
             column",
            y.nrows(),
            y.ncols()
        )),
        (_, Some(Samples::Table(..))) => {
            let why = if options.traces { "--traces" } else { "a single trace" };
            refuse(format!("the kernel has several rows and columns, as for an image, which does not go with {why}"))
        }
        (Samples::Table(y, names), _) => {
            let columns = columns_of(y);
            let all = columns.into_iter().map(|y| traces(y, options)).collect::<Result<_, _>>()?;
            Ok(Deconvolution::Several(all, names))
        }
        (Samples::One(y), _) => Ok(one(traces(y, options)?)),
    }
}

/// The columns of a matrix.
fn columns_of(matrix: Matrix) -> Vec<Vector> {
    fn each<T: Copy>(count: usize, rows: usize, at: impl Fn(usize, usize) -> T) -> Vec<Vec<T>> {
        (0..count).map(|j| (0..rows).map(|i| at(i, j)).collect()).collect()
    }
    let (rows, count) = (matrix.nrows(), matrix.ncols());
    match full(matrix) {
        Full::Real(a) => each(count, rows, |i, j| a[(i, j)]).into_iter().map(Vector::Real).collect(),
        Full::Complex(a) => each(count, rows, |i, j| a[(i, j)]).into_iter().map(Vector::Complex).collect(),
    }
}

/// A matrix with all its entries.
enum Full {
    Real(Mat<f64>),
    Complex(Mat<Complex<f64>>),
}

fn full(matrix: Matrix) -> Full {
    match matrix {
        Matrix::Dense(a) => Full::Real(a.as_ref().to_owned()),
        Matrix::Narrow(a) => full(a.widened()),
        Matrix::Sparse(a) => Full::Real(a.to_dense()),
        Matrix::DenseComplex(a) => Full::Complex(a.as_ref().to_owned()),
        Matrix::SparseComplex(a) => Full::Complex(a.to_dense()),
    }
}

fn too_large(kernel: Two, image: Two, advice: &str) -> String {
    format!(
        "the kernel has {} × {} pixels, more than the {} × {} of the image in one direction{advice}",
        kernel.0, kernel.1, image.0, image.1
    )
}

fn image(y: Matrix, kernel: Matrix, options: &KernelOptions, advice: &str) -> Result<Any, Failure> {
    let (seen, length) = ((y.nrows(), y.ncols()), (kernel.nrows(), kernel.ncols()));
    if length.0 > seen.0 || length.1 > seen.1 {
        return Err(Failure::Message(too_large(length, seen, advice)));
    }
    if y.is_complex() || kernel.is_complex() {
        let (Full::Complex(y), Full::Complex(kernel)) = (full(y.into_complex()), full(kernel.into_complex())) else {
            return Err(Failure::Message("A is real although y is complex".into()));
        };
        return Ok(Any::Complex(pose(&y, &kernel, options)?));
    }
    let (Full::Real(y), Full::Real(kernel)) = (full(y), full(kernel)) else {
        return Err(Failure::Message("A is complex although y is real".into()));
    };
    Ok(Any::Real(pose(&y, &kernel, options)?))
}

fn pose<T: Scalar>(y: &Mat<T>, kernel: &Mat<T>, options: &KernelOptions) -> Result<Loaded<T>, Failure> {
    let (seen, length) = ((y.nrows(), y.ncols()), (kernel.nrows(), kernel.ncols()));
    let origin = match options.origin {
        Some(Origin::Pixel(row, column)) => (row, column),
        Some(Origin::Sample(at)) => {
            let rule = format!("--origin: an image takes a row and a column of the kernel, as {at},{at}");
            return Err(Failure::Message(rule));
        }
        None => largest(kernel),
    };
    let (boundary, spikes, first) = match options.boundary {
        BoundaryChoice::Same => (Boundary::Same, seen, origin),
        BoundaryChoice::Circular => (Boundary::Circular, seen, origin),
        BoundaryChoice::Full => (Boundary::Full, (seen.0 + 1 - length.0, seen.1 + 1 - length.1), (0, 0)),
        BoundaryChoice::Valid => {
            (Boundary::Valid, (seen.0 + length.0 - 1, seen.1 + length.1 - 1), (length.0 - 1, length.1 - 1))
        }
    };
    let operator = Convolution2d::with_origin(kernel.as_ref(), spikes, boundary, origin)?;
    let mut data: Vec<T> = (0..seen.0).flat_map(|i| (0..seen.1).map(move |j| y[(i, j)])).collect();
    let baseline = baseline_of(&data, &options.baseline)?;
    data.iter_mut().for_each(|y| *y -= T::from_real(baseline));
    let shift = (origin.0 as isize - first.0 as isize, origin.1 as isize - first.1 as isize);
    Ok(Loaded {
        operator: Owned::Image(operator),
        data,
        sides: None,
        names: None,
        shift: None,
        image: Some(Placed { seen, spikes, shift }),
        baseline,
        is_named: false,
        statistics: None,
    })
}

/// Row and column of the entry largest in magnitude, the first of several in the order of rows.
fn largest<T: Scalar>(kernel: &Mat<T>) -> Two {
    let mut best = (0, 0);
    for i in 0..kernel.nrows() {
        for j in 0..kernel.ncols() {
            if Scalar::abs(kernel[(i, j)]) > Scalar::abs(kernel[best]) {
                best = (i, j);
            }
        }
    }
    best
}
