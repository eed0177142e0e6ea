//! Every numerical tolerance of the library: what it bounds, how it follows from ε, and who uses it.
//!
//! All are relative: scaling y or a column of A changes no decision. ε is [`f64::EPSILON`], 2.2·10⁻¹⁶. Unit columns are
//! assumed in the derivations; the code multiplies by ‖a_j‖ where columns are kept as they are.

const EPSILON: f64 = f64::EPSILON;

/// Rounding of one entry of AᴴA or Aᴴy, and of the sums made with it: blocked summation of m products stays below 8 ε for
/// m up to 10⁶ in practice, doubled. (`least_squares`)
pub(crate) const GRAM_ROUNDING: f64 = 16.0 * EPSILON;

/// sin² of the angle between a column and the span of the others, from which on normal equations are used.
/// A pivot of this size still has log₁₀(10⁻¹⁰ / 16 ε) = 4 digits where the other columns are well conditioned; how many it has
/// where they are not is checked beside. (`cholesky`, `clusters`, `tableau`, `distances`)
pub(crate) const NORMAL_SINE_SQUARED: f64 = 1e-10;

/// sin² from which on a pivot of the normal equations is not suspected of being rounding: that takes coefficients of 10⁴ in
/// terms of the other columns. A pivot above it that is rounding all the same belongs to the exact factor of a Gram matrix within
/// rounding, so correlations stay small; the estimate of the condition may then be too low by more than
/// [`CONDITION_SAFETY`]. (`cholesky`)
pub(crate) const SUSPICIOUS_SINE_SQUARED: f64 = 1e-6;

/// A pivot below that must exceed its own rounding by this factor. That rounding is
/// [`GRAM_ROUNDING`] (1 + Σ|c_i|‖a_i‖/‖a_j‖)², with c the coefficients of column j in terms of the others. (`cholesky`)
pub(crate) const PIVOT_DIGITS: f64 = 4.0;

/// Column a_j depends on the columns before it, to rounding, if its distance from their span is at most this times
/// ‖a_j‖ + Σ|c_i|‖a_i‖, with c its coefficients in terms of them. That sum is the size of what cancels when a_j is written
/// by the others, so columns rounded to ε leave up to ε times it; the factor allows for entries of A that were themselves
/// computed by short sums. (`orthogonal`, `clusters`, `least_squares`)
pub(crate) const DEPENDENT: f64 = 32.0 * EPSILON;

/// The same for a column and those before it in its group: by what its orthonormal form is computed from, up to 10⁶ digits of rounding are
/// lost, and corrections of a fit still converge. (`problem::grouping`)
pub(crate) const GROUPED: f64 = 1e-10;

/// Singular values of Y below max(m, B) times this share of the largest are rounding of Y. (`problem::joint`)
pub(crate) const RANK: f64 = 4.0 * EPSILON;

/// A column farther than this times ‖a_j‖ from the span of those before it never counts as dependent on them: up to a condition
/// of 10¹⁰ fits are promised to be as good as by singular values. (`orthogonal`, `clusters`, `least_squares`)
pub(crate) const INDEPENDENT: f64 = 1e-10;

/// Coarser thresholds in place of [`DEPENDENT`], which bound ‖R⁻¹‖ by |S| over them; tried in turn where a fit has coefficients so large that their rounding
/// shows in ‖y − A x‖. The fit with the least ‖y − A x‖ is kept. (`orthogonal`, `clusters`)
pub(crate) const COARSER_DEPENDENT: [f64; 3] = [1e-12, 1e-10, 1e-8];

/// ‖y − A x‖ of a fit may exceed the length of y outside the span of the columns by this share, and [`FIT`] ‖y‖, before coarser
/// thresholds are tried. (`orthogonal`, `clusters`)
pub(crate) const RESIDUAL_EXCESS: f64 = 1e-8;

/// |a_jᴴ r|/‖a_j‖ on the support, and ‖A (x − x_exact)‖ where it is measured, relative to ‖y‖, that a fit may leave: a tenth of the 10⁻¹⁰
/// that is promised. (`least_squares`, `clusters`, `orthogonal`)
pub(crate) const FIT: f64 = 1e-11;

/// Σ|x_j|‖a_j‖ / (√|S| ‖y‖) of a fit above which coarser thresholds are tried too: up to a condition of 10¹⁰ no fit has more, and
/// rounding x then shows in the sixth digit of ‖y − A x‖. (`orthogonal`, `clusters`)
pub(crate) const LARGE_COEFFICIENTS: f64 = 1e10;

/// ‖A (x − x_exact)‖, relative to ‖y‖, that normal equations may leave. It adds its square over 2‖r‖ to ‖r‖, and they are used for
/// ‖r‖ ≥ √[`RESIDUAL_CANCELLATION`] ‖y‖ only, so that is below 10⁻¹³ ‖y‖. Correlations do not depend on it: normal equations are solved
/// with a small residual whatever their condition. (`least_squares`)
pub(crate) const EXCESS: f64 = 1e-8;

/// ‖y‖² − xᴴ Aᴴ y is used for ‖r‖² down to this share of the numbers subtracted. (`least_squares`)
pub(crate) const RESIDUAL_CANCELLATION: f64 = 1e-6;

/// Rounding of ‖y − A x‖ computed from A, relative to ‖y‖ + Σ|x_j|‖a_j‖: one rounding for the scale of each coefficient, one
/// for each product, and those of the sums. Smaller differences decide nothing. (`run`)
pub(crate) const RESIDUAL_ROUNDING: f64 = 4.0 * EPSILON;

/// Aᴴ r from Gram columns is rounded to ε Σ|x_j|‖a_j‖; it is used while ‖r‖ is 10⁴ times that. (`least_squares`)
pub(crate) const CORRELATION_ROUNDING: f64 = 1e4 * EPSILON;

/// ‖y − A x‖ relative to ‖y‖ that counts as zero: the rounding of a product with A. (`run`)
pub(crate) const EXACT: f64 = 128.0 * EPSILON;

/// Correlations of an updated tableau may be off by this much, relative to ‖y‖; then it is built again. (`els`, `search`, `run::path`)
pub(crate) const DRIFT: f64 = 1e-9;

/// Gains of ‖r‖² below this share of it are rounding of the tableau, which works with Gram columns. (`els`, `search`, `run::path`)
pub(crate) const SMALLEST_GAIN: f64 = 1e-10;

/// Changes of ‖r‖ below this share of ‖y‖ are rounding of the tableau too. (`search`, `run::path`)
pub(crate) const TABLEAU_ROUNDING: f64 = 1e-10;

/// A gain smaller than this share of the loss that it is reduced by says nothing. (`tableau`)
pub(crate) const EXCHANGE_CANCELLATION: f64 = 1e-11;

/// Gains of ‖r‖² that a column must bring to be kept, as a share of it; gains are differences of fits, not of a tableau. (`foba`)
pub(crate) const FOBA_GAIN: f64 = 1e-12;

/// ‖r‖ relative to ‖y‖ down to which Aᴴ r is carried along from step to step; below, too many digits are lost on the way.
/// (`ols`)
pub(crate) const CARRIED: f64 = 1e-6;

/// The largest relative change of an iterate that counts as none. (`iht`, `niht`)
pub(crate) const UNCHANGED: f64 = 2.0 * EPSILON;

/// ‖A_Sᴴ r‖ of a fit by conjugate gradients falls to this share before r is computed from A again: half of the digits, so that what the
/// recursion of r loses does not show. (`least_squares::products`)
pub(crate) const CONJUGATE: f64 = 1e-8;

/// A condition estimate is multiplied by this to be used as a bound. The estimator (Cline, Moler, Stewart & Wilkinson 1979)
/// is below the truth, by less than this factor on Kahan's matrices, Gaussian pulses and random ones (tests of `cholesky`) whose
/// smallest singular value the Gram matrix resolves, σ² ≥ 64 |S| [`GRAM_ROUNDING`].
/// (`cholesky`)
pub(crate) const CONDITION_SAFETY: f64 = 8.0;

/// ‖r‖ relative to ‖y‖ below which a tableau cannot tell it from zero: its ‖r‖² is a difference of numbers as large as ‖y‖²,
/// rounded to 10⁻¹² of it at worst. (`run::report`, `search`)
pub(crate) const TABLEAU_BLIND: f64 = 1e-6;

/// Columns within this share of λ of the bound join together: knots of the path are computed from fits, which are good to
/// 10⁻¹¹. (`homotopy`)
pub(crate) const LASSO_TIE: f64 = 1e-10;

/// Rounding of a correlation, relative to the largest λ: 45 ε. (`homotopy`)
pub(crate) const LASSO_ROUNDING: f64 = 1e-14;

/// λ relative to its largest value that counts as zero; correlations of a fit are no more exact. (`homotopy`)
pub(crate) const LASSO_END: f64 = 1e-12;

/// sin² of the angle between a column and the span of the others from which on exhaustive search uses it: its pivots come
/// from k ≤ 20 eliminations, each rounded to a few ε. (`exhaustive`)
pub(crate) const EXHAUSTIVE_SINE_SQUARED: f64 = 1e-12;

/// ‖y − A x‖ relative to ‖y‖ below which more columns fit nothing but the rounding of y: of samples that are sums of a few
/// numbers. (`segment`)
pub(crate) const SEGMENT_END: f64 = 4.0 * EPSILON;

/// Sums of squares that differ by less than this share are equal: each is the sum of a few, whose terms are positive and
/// rounded to ε. (`segment`)
pub(crate) const SEGMENT_TIE: f64 = 4.0 * EPSILON;

/// ⟨A u, v⟩ and ⟨u, Aᴴ v⟩ may differ by this times ‖A u‖‖v‖: rounding of two inner products, far below any wrong adjoint.
/// (`operator::check`)
pub(crate) const ADJOINT: f64 = 1e4 * EPSILON;

/// A kernel is an outer product u vᵀ if no entry is off by more than this share of the largest: entries that are products of two
/// numbers, or a function of their place, are rounded to an ε, and so are u, v and u vᵀ. (`operator::convolution_2d`)
pub(crate) const SEPARABLE: f64 = 4.0 * EPSILON;

/// ‖a_j‖² as a share of m/n, the mean over all columns, below which a column of a partial cosine transform is measured entry by entry.
/// Inner products that come from one transform of the set of rows are off by a few ε √m/n, so for columns above it by at most
/// [`GRAM_ROUNDING`] ‖a_i‖‖a_j‖ for m from about 100 on. (`operator::partial_transform`)
pub(crate) const SMALL_COLUMN: f64 = 1.0 / 16.0;

/// What rounding leaves of a centred column, in units of (1 + √m) ‖√W a_j‖: entries that are sums of several numbers are off by
/// a few ε each, and their mean, a sum of m terms, by √m times as much. The same number is in
/// `python/sparsea/sklearn/_design.py`. (`operator::centered`, `cross_validation`)
pub(crate) const CENTRED_ROUNDING: f64 = 4.0 * EPSILON;

/// Bounds of a δ closer to each other than this are one value: what rounding may have done to eigenvalues. (`theory`)
pub(crate) const ISOMETRY_ROUNDING: f64 = 1e-12;

/// √ of what a step of Newton's method is predicted to lower 2F by, relative to √(2F(0)), that ends it: below a tenth of [`FIT`], as the
/// prediction is exact near the minimum. (`newton`)
pub(crate) const NEWTON_END: f64 = 1e-12;

/// The share of the predicted decrease that a step must make at least (Armijo's rule). (`newton`)
pub(crate) const NEWTON_DECREASE: f64 = 1e-4;

/// A predicted decrease below this share of F is not seen in F for rounding: sums of up to 10⁶ terms, some of which cancel.
/// (`newton`)
pub(crate) const NEWTON_BLIND: f64 = 1e-9;

/// Curvatures below this share of the largest are raised to it, so that W^(−½) exists: steps are then shorter than Newton's along
/// rows that hardly count. (`newton`)
pub(crate) const CURVATURE_FLOOR: f64 = 1e-10;

/// sin² of the angle between a column of a window and the span of its members below which it does not join: the columns of a
/// window are nearly dependent by nature, and every window's outcome is compared with ‖r‖² formed from A.
/// (`search::windows`)
pub(crate) const WINDOW_DISTANCE: f64 = 1e-7;

/// An exchange in a window must lower ‖r‖² by this share of what the leaving column explains. (`search::windows`)
pub(crate) const WINDOW_GAIN: f64 = 1e-9;

/// ‖r‖² on the rows of a window below this share of Σ|x_j|²‖a_j‖² is the rounding of a residual that was carried from window to window.
/// (`search::windows`)
pub(crate) const WINDOW_EXPLAINED: f64 = 1e-22;

/// Changes of ‖r‖² + λ|S| in a window below this share of Σ|x_j|²‖a_j‖² are rounding: 450 ε. (`search::windows`)
pub(crate) const WINDOW_ROUNDING: f64 = 1e-13;

/// Squares of singular values below this share of the largest are rounding of AAᴴ. (`amp`)
pub(crate) const SPECTRUM: f64 = 1e-12;

/// log ε of the threshold of message passing is located to this: what rounding in the maximum that decides it allows.
/// (`theory::state_evolution`)
pub(crate) const STATE_EVOLUTION: f64 = 1e-13;

/// ‖r‖² + λ|S| on a segment must exceed the truth's by this share of the mean square of the truth's residual to be worse: a price of
/// that mean square is the least considered, and differences far below it are no spike's. (`metrics::segments`)
pub(crate) const WORSE_SEGMENT: f64 = 1e-6;

/// The mean square of a residual, relative to that of y, that counts as rounding in place of noise: (10⁻⁹)², far above ε² and far
/// below what a missed spike leaves. (`metrics::segments`)
pub(crate) const SEGMENT_NOISE: f64 = 1e-18;

/// What is known of the rounding of AᴴA: of sums of m products, √m ε each, n of which add up as √n in an eigenvalue. This many times that
/// counts as rounding. (`operator::gram`)
pub(crate) const STATISTICS: f64 = 16.0;

/// Pivots of a factor of AᴴA are rounded by a few times this times n, relative to ‖a_j‖². (`operator::gram`)
pub(crate) const GRAM_RANK: f64 = 4.0 * EPSILON;
