//! Criteria for choosing k among the solutions of a path.

use faer::{Mat, MatRef};

use crate::compiled::compiled_here;
use crate::scalar::Scalar;
use crate::tolerance::EXACT;

/// A criterion. The k with the least value is chosen.
///
/// n is the number of samples, each of r [real numbers](Criteria::responses), N = n r, RSS the residual sum of squares, and q the number of
/// coefficients in addition to those of every model:
///
/// | criterion | value |
/// | --- | --- |
/// | AIC | N log(RSS/N) + 2 q |
/// | AICc | AIC + 2 p (p + 1)/(N − p − 1), where p counts q, the coefficients of every model and the variance |
/// | BIC | N log(RSS/N) + q log n |
/// | EBIC | BIC + 2 γ log (number of supports of k atoms) |
/// | Cp | RSS/σ² − N + 2 q |
///
/// If σ² is [given](Criteria::variance), RSS/σ² replaces N log(RSS/N), and AICc equals AIC.
///
/// Akaike 1974, DOI 10.1109/TAC.1974.1100705; Hurvich & Tsai 1989, DOI 10.1093/biomet/76.2.297; Schwarz 1978, DOI 10.1214/aos/1176344136;
/// Chen & Chen 2008, DOI 10.1093/biomet/asn034; Mallows 1973, DOI 10.1080/00401706.1973.10489103.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Criterion {
    /// Akaike's information criterion.
    Aic,
    /// Akaike's information criterion, corrected for few observations.
    Aicc,
    /// The Bayesian information criterion.
    Bic,
    /// The extended Bayesian information criterion, which takes into account the number of supports to choose from.
    Ebic,
    /// Mallows's Cp.
    Cp,
}

/// The properties of a problem that criteria depend on.
///
/// ```
/// use sparsea::criteria::{Criteria, Criterion, Fit};
///
/// let criteria = Criteria::new(100.0, 50).always(1);
/// let fit = Fit { rss: 80.0, atoms: 2, coefficients: 2 };
/// let expected = 100.0 * 0.8f64.ln() + 2.0 * 100f64.ln();
/// assert!((criteria.value(Criterion::Bic, fit) - expected).abs() < 1e-12);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Criteria {
    samples: f64,
    /// Samples that are not repetitions of others.
    distinct: f64,
    responses: usize,
    atoms: usize,
    always: usize,
    gamma: f64,
    variance: Option<f64>,
    exact: f64,
}

/// The properties of a solution that criteria depend on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    /// The residual sum of squares, weighted if the rows are weighted.
    pub rss: f64,
    /// Number of atoms k in the support: columns, or groups.
    pub atoms: usize,
    /// Number of non-zero real numbers in x: two for each complex number.
    pub coefficients: usize,
}

impl Criteria {
    /// Criteria for n samples of one real number each and supports chosen from this many atoms, with γ = 1.
    pub fn new(samples: f64, atoms: usize) -> Self {
        Self { samples, distinct: samples, responses: 1, atoms, always: 0, gamma: 1.0, variance: None, exact: 0.0 }
    }

    /// Number of distinct samples, if n counts repetitions, as a sum of weights does. As many coefficients as distinct samples fit
    /// anything. Default: n.
    #[must_use]
    pub fn distinct(mut self, samples: usize) -> Self {
        self.distinct = samples as f64;
        self
    }

    /// Real numbers per sample: the number of columns of Y, or twice that if they are complex.
    #[must_use]
    pub fn responses(mut self, numbers: usize) -> Self {
        self.responses = numbers;
        self
    }

    /// Number of coefficients that every model has: intercept and fixed columns.
    #[must_use]
    pub fn always(mut self, coefficients: usize) -> Self {
        self.always = coefficients;
        self
    }

    /// γ of EBIC, from 0 (BIC) to 1.
    #[must_use]
    pub fn gamma(mut self, gamma: f64) -> Self {
        self.gamma = gamma;
        self
    }

    /// The variance σ² of the noise in each of the N numbers, if it is known.
    #[must_use]
    pub fn variance(mut self, variance: f64) -> Self {
        self.variance = Some(variance);
        self
    }

    /// An estimate of σ², for Cp. The estimate from exact data is only rounding, and is raised to the level that the exact RSS implies.
    #[must_use]
    pub fn estimated_variance(self, variance: f64) -> Self {
        // Without an estimate there is no Cp.
        if variance.is_nan() { self } else { self.variance(variance.max(self.exact / self.numbers())) }
    }

    /// ‖y‖ after the fit of the coefficients that every model has. A residual below its rounding is an exact fit.
    #[must_use]
    pub fn data_norm(self, norm: f64) -> Self {
        self.exact_below((EXACT * norm).powi(2))
    }

    /// The RSS up to which a fit is exact.
    #[must_use]
    pub fn exact_below(mut self, rss: f64) -> Self {
        self.exact = rss.max(f64::MIN_POSITIVE);
        self
    }

    /// N.
    fn numbers(&self) -> f64 {
        self.samples * self.responses as f64
    }

    /// Whether a fit is exact to rounding.
    pub fn is_exact(&self, rss: f64) -> bool {
        rss <= self.exact
    }

    /// The value of a criterion. It is infinite for a fit with as many coefficients as observations, because nothing is known of its noise,
    /// and NaN for Cp without σ².
    pub fn value(&self, criterion: Criterion, fit: Fit) -> f64 {
        let (n, q) = (self.numbers(), fit.coefficients as f64);
        let rss = fit.rss.max(self.exact);
        let free = self.distinct * self.responses as f64 - q - self.always as f64;
        let misfit = match self.variance {
            Some(variance) => rss / variance,
            None if free > 0.0 => n * (rss / n).ln(),
            None => f64::INFINITY,
        };
        match criterion {
            Criterion::Aic => misfit + 2.0 * q,
            Criterion::Bic => misfit + q * self.samples.ln(),
            Criterion::Ebic => misfit + q * self.samples.ln() + 2.0 * self.gamma * log_choices(self.atoms, fit.atoms),
            Criterion::Cp => self.variance.map_or(f64::NAN, |variance| rss / variance - n + 2.0 * q),
            Criterion::Aicc if self.variance.is_some() => misfit + 2.0 * q,
            Criterion::Aicc => {
                let parameters = q + self.always as f64 + 1.0;
                let rest = n - parameters - 1.0;
                let correction = if rest > 0.0 { 2.0 * parameters * (parameters + 1.0) / rest } else { f64::INFINITY };
                misfit + 2.0 * q + correction
            }
        }
    }
}

/// The index of the least value up to the first exact fit, because later fits explain nothing more. Of equal values, the first; 0 if there
/// are none.
pub fn least(values: &[f64], is_exact: impl Fn(usize) -> bool) -> usize {
    let end = (0..values.len()).find(|&at| is_exact(at)).map_or(values.len(), |at| at + 1);
    (0..end).filter(|&at| !values[at].is_nan()).min_by(|&a, &b| values[a].total_cmp(&values[b])).unwrap_or(0)
}

/// Logarithm of the number of supports of k of n atoms.
pub fn log_choices(n: usize, k: usize) -> f64 {
    let k = k.min(n.saturating_sub(k));
    (1..=k).map(|i| ((n - k + i) as f64 / i as f64).ln()).sum()
}

/// Leave-one-out errors of least squares on given columns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LeftOut {
    /// The mean of w |y_i − ŷ_i|², with ŷ_i from a fit to all other rows.
    pub error: f64,
    /// (1 + tr C⁻¹/m)/(1 − q/m), where C is the matrix of mean products of the q columns scaled to mean square 1. It estimates how much
    /// larger the error is on new rows.
    pub factor: f64,
}

impl LeftOut {
    /// The error times the factor, by which models are chosen.
    pub fn corrected(&self) -> f64 {
        self.error * self.factor
    }
}

/// The leave-one-out error of least squares on m rows: the mean of Σ_i |r_i/(1 − h_i)|²/m over the columns of `data`, which are one y or
/// several, or their residuals. The leverages h are from a QR factorisation, and the error equals that of m fits. The columns of `always`
/// are in every model (intercept, fixed columns). C contains them as they are, and the `chosen` columns after projection off them. `None`
/// if one row alone decides a coefficient, columns are dependent, or there are as many columns as rows. For a weighted problem, columns and
/// data must be multiplied by √w; `rows` is the number of rows of weight above 0.
///
/// Allen 1974, DOI 10.1080/00401706.1974.10489157; the correction: Chapelle, Vapnik & Bengio 2002, DOI 10.1023/A:1013943418833, applied to
/// these errors as in Blatman & Sudret 2011, DOI 10.1016/j.jcp.2010.12.021.
///
/// Cost: 2 m q² multiply-adds.
pub fn leave_one_out<T: Scalar>(
    always: MatRef<'_, T>,
    chosen: MatRef<'_, T>,
    data: MatRef<'_, T>,
    rows: usize,
) -> Option<LeftOut> {
    let (m, q) = (rows as f64, always.ncols() + chosen.ncols());
    if q >= rows {
        return None;
    }
    let (outer, _) = factored(always.to_owned())?;
    let mut rest = chosen.to_owned();
    // The second time what rounding has left.
    for _ in 0..2 {
        let parts = outer.adjoint() * &rest;
        rest -= &outer * parts;
    }
    if (0..rest.ncols()).any(|j| rest.col(j).norm_l2() <= EXACT * chosen.col(j).norm_l2()) {
        return None;
    }
    let (inner, triangle) = factored(rest)?;
    let mut residuals = data.to_owned();
    for basis in [&outer, &inner] {
        let parts = basis.adjoint() * &residuals;
        residuals -= basis * parts;
    }
    let mut squares = 0.0;
    for i in 0..residuals.nrows() {
        let leverage: f64 = outer.row(i).iter().chain(inner.row(i).iter()).map(|v| v.abs2()).sum();
        // What is left of 1 where a row decides a coefficient alone is rounding.
        let left = 1.0 - leverage;
        if left <= EXACT {
            return None;
        }
        squares += residuals.row(i).iter().map(|r| r.abs2()).sum::<f64>() / (left * left);
    }
    let error = squares / (m * residuals.ncols().max(1) as f64);
    let trace = always.ncols() as f64 + inverse_square(triangle.as_ref());
    Some(LeftOut { error, factor: (1.0 + trace / m) / (1.0 - q as f64 / m) })
}

compiled_here! {
    /// Q and R of columns scaled to norm 1; `None` if they are dependent.
    fn factored(columns: Mat<T>) -> Option<(Mat<T>, Mat<T>)> = factor;
}

fn factor<T: Scalar>(mut columns: Mat<T>) -> Option<(Mat<T>, Mat<T>)> {
    for column in columns.as_mut().col_iter_mut() {
        let size = column.norm_l2();
        if size == 0.0 {
            return None;
        }
        column.iter_mut().for_each(|v| *v = v.scale(1.0 / size));
    }
    let factors = columns.qr();
    let (basis, triangle) = (factors.compute_thin_Q(), factors.thin_R().to_owned());
    let dependent = (0..triangle.ncols()).any(|j| Scalar::abs(triangle[(j, j)]) <= EXACT);
    (!dependent).then_some((basis, triangle))
}

/// ‖R⁻¹‖².
fn inverse_square<T: Scalar>(triangle: MatRef<'_, T>) -> f64 {
    let mut sum = 0.0;
    for j in 0..triangle.ncols() {
        let mut x = vec![T::ZERO; j + 1];
        for i in (0..=j).rev() {
            let whole = if i == j { T::from_real(1.0) } else { T::ZERO };
            let known = (i + 1..=j).fold(whole, |left, l| left - triangle[(i, l)] * x[l]);
            x[i] = known / triangle[(i, i)];
        }
        sum += x.iter().map(|v| v.abs2()).sum::<f64>();
    }
    sum
}
