//! The kinds of problem that a study can have.

use faer::Mat;
use serde::{Deserialize, Serialize};
use sparsea::generate::Amplitudes;
use sparsea::operator::pulse;

/// Kinds of operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Independent normal entries.
    Gaussian,
    /// Independent entries ±1.
    Bernoulli,
    /// Random rows of the discrete cosine transform.
    PartialCosine,
    /// Random rows of the discrete Fourier transform: complex.
    PartialFourier,
    /// Full convolution with a Gaussian of width σ.
    GaussianFilter,
    /// Full convolution with a one-sided exponential of time constant τ.
    ExponentialFilter,
    /// Rows are AR(1) sequences: columns i and j have correlation ρ^|i − j|.
    Autoregressive,
    /// Every two columns have the same correlation.
    Equicorrelated,
    /// Column j steps from 0 to 1 at row j: piecewise constant trends.
    Steps,
    /// A matrix from a file.
    Matrix,
}

/// How the non-zeros of x are drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Coefficients {
    /// Uniform on [−2, −1] ∪ [1, 2].
    #[default]
    Bounded,
    /// Standard normal.
    Normal,
    /// All equal to 1.
    Ones,
    /// Uniform on [1, 2].
    Positive,
    /// The moduli of standard normal numbers.
    HalfNormal,
}

impl From<Coefficients> for Amplitudes {
    fn from(coefficients: Coefficients) -> Self {
        match coefficients {
            Coefficients::Bounded => Self::Bounded,
            Coefficients::Normal => Self::Normal,
            Coefficients::Ones => Self::Ones,
            Coefficients::Positive => Self::Positive,
            Coefficients::HalfNormal => Self::HalfNormal,
        }
    }
}

impl Family {
    /// Its name in a study file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Gaussian => "gaussian",
            Self::Bernoulli => "bernoulli",
            Self::PartialCosine => "partial_cosine",
            Self::PartialFourier => "partial_fourier",
            Self::GaussianFilter => "gaussian_filter",
            Self::ExponentialFilter => "exponential_filter",
            Self::Autoregressive => "autoregressive",
            Self::Equicorrelated => "equicorrelated",
            Self::Steps => "steps",
            Self::Matrix => "matrix",
        }
    }

    /// The name of the parameter of the family, if it has one.
    pub fn parameter(self) -> Option<&'static str> {
        match self {
            Self::GaussianFilter => Some("sigma"),
            Self::ExponentialFilter => Some("tau"),
            Self::Autoregressive | Self::Equicorrelated => Some("correlation"),
            _ => None,
        }
    }

    /// The keys of a study file that belong to it, beside those of every family.
    pub(super) fn takes(self) -> &'static [&'static str] {
        match self {
            Self::Gaussian | Self::Bernoulli | Self::PartialCosine | Self::PartialFourier => &["n", "m", "zeta"],
            Self::Autoregressive | Self::Equicorrelated => &["n", "m", "zeta", "correlation"],
            Self::GaussianFilter => &["n", "sigma"],
            Self::ExponentialFilter => &["n", "tau"],
            Self::Steps => &["n"],
            Self::Matrix => &["file"],
        }
    }

    pub(super) fn check_parameter(self, value: f64) -> Result<(), String> {
        match self {
            Self::GaussianFilter => {
                pulse::gaussian(value).map(|_| ()).map_err(|error| format!("problem.sigma: {error}"))
            }
            Self::ExponentialFilter => {
                pulse::exponential(value).map(|_| ()).map_err(|error| format!("problem.tau: {error}"))
            }
            _ if (0.0..1.0).contains(&value) => Ok(()),
            _ => Err(format!("problem.correlation must be at least 0 and below 1, got {value}")),
        }
    }

    /// Rows that follow from n and the parameter alone.
    pub(super) fn rows(self, n: usize, parameter: Option<f64>) -> Option<usize> {
        let parameter = parameter.unwrap_or(0.0);
        match self {
            Self::GaussianFilter => pulse::gaussian(parameter).ok().map(|kernel| n + kernel.len() - 1),
            Self::ExponentialFilter => pulse::exponential(parameter).ok().map(|kernel| n + kernel.len() - 1),
            Self::Steps => Some(n),
            _ => None,
        }
    }

    /// Whether its rows are some of those of an n × n matrix.
    pub(super) fn is_partial(self) -> bool {
        matches!(self, Self::PartialCosine | Self::PartialFourier)
    }

    /// Whether its columns overlap only their neighbours.
    pub(super) fn is_local(self) -> bool {
        matches!(self, Self::GaussianFilter | Self::ExponentialFilter)
    }

    /// Whether its problems are complex.
    pub fn is_complex(self) -> bool {
        self == Self::PartialFourier
    }
}

/// A number that changes with the entries of a matrix, by which a store knows the matrix again.
pub(super) fn checksum(matrix: &Mat<f64>) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for j in 0..matrix.ncols() {
        for i in 0..matrix.nrows() {
            hash = (hash ^ matrix[(i, j)].to_bits()).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
        }
    }
    format!("{} × {}, {hash:016x}", matrix.nrows(), matrix.ncols())
}
