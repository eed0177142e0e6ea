//! `sparsea generate`: problems whose truth is known, as files.

use std::process::ExitCode;

use faer::Mat;
use sparsea::generate::{self, Amplitudes, Instance, stream};
use sparsea::{Access, Boundary, DenseOperator, LinearMap};

use crate::cli::{Family, Generate};
use crate::failure::Failure;
use crate::files::Files;
use crate::input::{self, Matrix, Vector};
use crate::problem::gaussian;
use crate::{export, text};

/// The largest A, in entries, that is made.
const LARGEST: usize = 1 << 28;

pub fn run(arguments: &Generate) -> Result<ExitCode, Failure> {
    let &Generate { family, rows, columns, sparsity, noise, sigma, rho, seed, .. } = arguments;
    let n = columns.unwrap_or(match family {
        Family::Deconvolution => 500,
        Family::Steps => 300,
        _ => 256,
    });
    let own_rows = matches!(family, Family::Deconvolution | Family::Steps);
    if own_rows && rows.is_some() {
        return Err(Failure::Message("--rows: the rows of this kind of problem follow from its columns".into()));
    }
    let kernel = if family == Family::Deconvolution { Some(gaussian(sigma)?) } else { None };
    let m = match &kernel {
        Some(kernel) => n.saturating_add(kernel.len() - 1),
        None if own_rows => n,
        None => rows.unwrap_or(n.div_ceil(2)),
    };
    check_size(m, n)?;
    let mut rng = stream(seed, 0, 0);
    let (matrix, amplitudes) = match family {
        Family::Gaussian => (generate::gaussian_matrix(&mut rng, m, n), Amplitudes::Normal),
        Family::Bernoulli => (generate::bernoulli_matrix(&mut rng, m, n), Amplitudes::Normal),
        Family::Correlated => (generate::correlated_matrix(&mut rng, m, n, rho), Amplitudes::Ones),
        Family::Steps => (generate::step_matrix(n), Amplitudes::Bounded),
        Family::Deconvolution => {
            let a = sparsea::Convolution::new(kernel.as_deref().unwrap_or_default(), n, Boundary::Full)?;
            let a = Access::new(&a);
            let mut matrix = Mat::zeros(a.nrows(), n);
            a.columns(&(0..n).collect::<Vec<_>>(), matrix.as_mut());
            (matrix, Amplitudes::Bounded)
        }
    };
    let Instance { operator: matrix, data, support, coefficients } =
        generate::observe(&mut rng, matrix, dense, sparsity, amplitudes, noise)?;
    let mut x = vec![0.0; n];
    for (&j, &value) in support.iter().zip(&coefficients) {
        x[j] = value;
    }
    export::make_folder(&arguments.out)?;
    let file = |name: &str| arguments.out.join(format!("{name}.{}", arguments.format.extension()));
    let mut written = ["A", "y", "x", "support"].map(file).to_vec();
    written.extend(kernel.is_some().then(|| file("kernel")));
    // Links may make one file of two.
    let mut files = Files::default();
    for path in &written {
        files.claim(path)?;
        export::check_writable(path)?;
    }
    let m = matrix.nrows();
    export::write_matrix(&file("A"), &Matrix::Dense(matrix.into()))?;
    export::write_vector(&file("y"), &Vector::Real(data))?;
    export::write_vector(&file("x"), &Vector::Real(x))?;
    export::write_indices(&file("support"), &support)?;
    if let Some(kernel) = kernel {
        export::write_vector(&file("kernel"), &Vector::Real(kernel))?;
    }
    let written: Vec<String> = written.iter().map(|path| text::path(path)).collect();
    // Only now: whoever reads this may go away, and the files are there all the same.
    say!("A is {m} × {n}, k = {sparsity}, noise {noise}, seed {seed}");
    say!("true support: {}", support.iter().map(usize::to_string).collect::<Vec<_>>().join(" "));
    say!("wrote {}", written.join(", "));
    Ok(ExitCode::SUCCESS)
}

/// Refuses an A that is too large, or for which there is no memory: an allocation that fails would end the process.
fn check_size(m: usize, n: usize) -> Result<(), Failure> {
    let Some(entries) = m.checked_mul(n).filter(|entries| (1..=LARGEST).contains(entries)) else {
        return Err(Failure::Message(format!("A must have between 1 and {LARGEST} entries, got {m} × {n}")));
    };
    /// What the command takes anyway, most of it for the stacks and heaps of threads.
    const BASE: usize = 1 << 27;
    // A, a copy of it or the transforms that it is made by, and the vectors computed from it.
    let needed = (2 * entries).saturating_add(16 * (m + n)).saturating_mul(size_of::<f64>()).saturating_add(BASE);
    input::check_room(needed).map_err(|problem| Failure::Message(format!("A of {m} × {n} {problem}")))
}

fn dense(matrix: &Mat<f64>) -> Box<dyn LinearMap<f64> + '_> {
    Box::new(DenseOperator::new(matrix.as_ref()))
}
