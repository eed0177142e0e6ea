//! All errors of inputs; each states the rule and the value that breaks it.

use thiserror::Error;

use crate::failure::OperatorError;
use crate::stop_reason::StopReason;

/// Why a problem, an operator or a setting was refused. Reaching a limit is never an error.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum Error {
    /// The data vector does not have one entry per row of A.
    #[error("y has {entries} entries, but A has {rows} rows")]
    DataLength {
        /// Entries of y.
        entries: usize,
        /// Rows of A.
        rows: usize,
    },
    /// The sparsity is larger than a dimension of A, or 0 where at least one column is needed.
    #[error("k must be between {least} and {limit} (the number of {dimension}), got {sparsity}")]
    Sparsity {
        /// The requested sparsity.
        sparsity: usize,
        /// The smallest possible sparsity: 0 for a [`Problem`](crate::Problem), 1 for computations about columns.
        least: usize,
        /// The largest possible sparsity.
        limit: usize,
        /// `rows` or `columns`, whichever is smaller.
        dimension: &'static str,
    },
    /// Not even one vector of this length fits into memory.
    #[error("A is {rows} × {columns}, but a vector of that length does not fit into memory")]
    TooLarge {
        /// Rows of A.
        rows: usize,
        /// Columns of A.
        columns: usize,
    },
    /// A matrix holds NaN or an infinity.
    #[error("{what} contains {value} at row {row}, column {column} (counted from 0)")]
    NonFiniteEntry {
        /// The input: `A`, …
        what: &'static str,
        /// `NaN`, `inf` or `-inf`.
        value: String,
        /// Row of the entry.
        row: usize,
        /// Column of the entry.
        column: usize,
    },
    /// A vector holds NaN or an infinity.
    #[error("{what} contains {value} at index {index} (counted from 0)")]
    NonFinite {
        /// The input: `y`, `the start vector`, `the kernel`.
        what: &'static str,
        /// `NaN`, `inf` or `-inf`.
        value: String,
        /// Index of the entry.
        index: usize,
    },
    /// The Euclidean norm of a column is beyond the range of the scalar although its entries are finite.
    #[error("column {column} of A has a norm outside 1e-140 … 1e140 (but not zero); rescale it")]
    ColumnOverflow {
        /// The column.
        column: usize,
    },
    /// A column of zeros where unit columns are needed.
    #[error("column {column} of A is zero (counted from 0); the theory is about columns of norm 1")]
    ZeroColumn {
        /// The column.
        column: usize,
    },
    /// The true x has more than k non-zeros.
    #[error("the true x has {nonzeros} non-zeros, but k is {sparsity}")]
    TruthSize {
        /// Number of non-zeros of the true x.
        nonzeros: usize,
        /// The sparsity.
        sparsity: usize,
    },
    /// The true x, or another vector that is compared with x, does not have one entry per column of A.
    #[error("{what} has {entries} entries, but A has {columns} columns")]
    VectorLength {
        /// The quantity: `the true x`, …
        what: &'static str,
        /// Number of its entries.
        entries: usize,
        /// Columns of A.
        columns: usize,
    },
    /// A number that is not allowed.
    #[error("{what} must be {rule}, got {}", short(*value))]
    Number {
        /// The quantity: `the noise norm`, …
        what: &'static str,
        /// The allowed values.
        rule: &'static str,
        /// The given value.
        value: f64,
    },
    /// The norm of y, or a product of A with it, is beyond the range of the scalar.
    #[error("{what} is beyond the range of double precision; rescale the data")]
    Overflow {
        /// The quantity that overflowed.
        what: &'static str,
    },
    /// An operator without rows or columns.
    #[error("A must have at least one row and one column, got {rows} × {columns}")]
    Empty {
        /// Rows of A.
        rows: usize,
        /// Columns of A.
        columns: usize,
    },
    /// No algorithm has this name.
    #[error("unknown algorithm '{name}'; known: {known}")]
    UnknownAlgorithm {
        /// The requested name.
        name: String,
        /// The names of the registry.
        known: String,
    },
    /// The algorithm is not defined for complex numbers.
    #[error("{algorithm} works on real data only, but A or y is complex")]
    RealOnly {
        /// The algorithm.
        algorithm: &'static str,
    },
    /// The algorithm is not defined for losses other than the squared loss, or for coefficients that are not free.
    #[error("{algorithm} needs the squared loss and coefficients of any value")]
    NotQuadratic {
        /// The algorithm.
        algorithm: &'static str,
    },
    /// The algorithm is not defined for groups of columns, or for several right-hand sides.
    #[error("{algorithm} works on single columns and one y, not on groups of columns or a joint support")]
    ColumnsOnly {
        /// The algorithm.
        algorithm: &'static str,
    },
    /// Two forms of a problem that exclude each other.
    #[error("{one} cannot be combined with {other}")]
    NotTogether {
        /// One form.
        one: &'static str,
        /// The other form.
        other: &'static str,
    },
    /// k is above the number of groups.
    #[error("k must be at most the number of groups, {groups}, got {sparsity}")]
    GroupCount {
        /// The sparsity.
        sparsity: usize,
        /// The number of groups.
        groups: usize,
    },
    /// A joint support without data vectors.
    #[error("Y must have at least one column for a joint support")]
    SideCount,
    /// The algorithm works for a single operator only, and A is another.
    #[error("{algorithm} needs the operator {operator}, but A is another")]
    OtherOperator {
        /// The algorithm.
        algorithm: &'static str,
        /// The operator.
        operator: &'static str,
    },
    /// The algorithm, or another search, would hold more than its limit.
    #[error("{algorithm} would hold {} for this problem, more than the {} it may", size(*bytes), size(*limit))]
    StateMemory {
        /// The algorithm.
        algorithm: &'static str,
        /// The bytes that it would hold.
        bytes: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The algorithm has no setting of this name.
    #[error("unknown setting '{setting}' for {algorithm}; it takes: {known}")]
    UnknownSetting {
        /// The algorithm.
        algorithm: &'static str,
        /// The requested name.
        setting: String,
        /// The names of its settings.
        known: String,
    },
    /// A setting has a value of the wrong type or out of range.
    #[error("{algorithm}: {setting} must be {rule}, got {value}")]
    InvalidSetting {
        /// The algorithm.
        algorithm: &'static str,
        /// The setting.
        setting: &'static str,
        /// The allowed values.
        rule: &'static str,
        /// The given value.
        value: String,
    },
    /// A halting rule with an impossible limit.
    #[error("halt: {rule}, got {value}")]
    InvalidHalt {
        /// The allowed values.
        rule: &'static str,
        /// The given value.
        value: String,
    },
    /// A product with A failed.
    #[error("a product with A failed: {0}")]
    Operator(OperatorError),
    /// An interrupt or its deadline came while the columns of A were being measured.
    #[error("stopped while the columns of A were measured: {reason}")]
    Stopped {
        /// Why.
        reason: StopReason,
    },
    /// An option of a report is out of range.
    #[error("report: {rule}, got {value}")]
    InvalidReport {
        /// The allowed values.
        rule: &'static str,
        /// The given value.
        value: String,
    },
    /// A start vector of the wrong length.
    #[error("the start vector has {entries} entries, but A has {columns} columns")]
    StartLength {
        /// Entries of the start vector.
        entries: usize,
        /// Columns of A.
        columns: usize,
    },
    /// A support with an index out of range.
    #[error("the support contains {index}, but A has {columns} columns (indices count from 0)")]
    SupportIndex {
        /// The index.
        index: usize,
        /// Columns of A.
        columns: usize,
    },
    /// A support that names an index twice.
    #[error("the support contains {index} twice")]
    SupportRepeats {
        /// The index.
        index: usize,
    },
    /// A start support has more than k indices.
    #[error("the start support has {size} indices, but k is {sparsity}")]
    SupportSize {
        /// Number of indices in the support.
        size: usize,
        /// The sparsity.
        sparsity: usize,
    },
    /// A fixed or excluded column that A does not have.
    #[error("column {index} is {what}, but A has {columns} columns (indices count from 0)")]
    ColumnIndex {
        /// `fixed` or `excluded`.
        what: &'static str,
        /// The index.
        index: usize,
        /// Columns of A.
        columns: usize,
    },
    /// A column that is fixed twice, or excluded twice.
    #[error("column {index} is {what} twice")]
    ColumnRepeats {
        /// `fixed` or `excluded`.
        what: &'static str,
        /// The index.
        index: usize,
    },
    /// A column that is both fixed and excluded.
    #[error("column {index} is both fixed and excluded")]
    FixedAndExcluded {
        /// The index.
        index: usize,
    },
    /// A start uses a column that may not be chosen.
    #[error("the start has column {index}, which is excluded")]
    ExcludedStart {
        /// The index.
        index: usize,
    },
    /// k is above the limit that fixed and excluded columns and rows of weight 0 leave.
    #[error("k must be {}, as there are {left}; got {sparsity}", range(*limit))]
    SparsityLeft {
        /// The requested sparsity.
        sparsity: usize,
        /// The largest possible sparsity.
        limit: usize,
        /// What is left to choose from.
        left: String,
    },
    /// A convolution kernel that cannot be used.
    #[error("the kernel {problem}")]
    Kernel {
        /// The problem with it.
        problem: String,
    },
    /// A row to keep that the transform does not have.
    #[error("kept contains {index}, but the transform has {length} samples (indices count from 0)")]
    KeptIndex {
        /// The index.
        index: usize,
        /// Samples of the transform.
        length: usize,
    },
    /// A row to keep that is given twice.
    #[error("kept contains {index} twice")]
    KeptRepeats {
        /// The index.
        index: usize,
    },
    /// A length for which there is no Hadamard transform.
    #[error("n must be a power of two for a Hadamard transform, got {length}")]
    TransformLength {
        /// The requested length.
        length: usize,
    },
    /// A matrix whose parts do not fit together.
    #[error("{0}")]
    Structure(String),
    /// Sufficient statistics that no A and y can have.
    #[error("{0}")]
    Statistics(String),
    /// The algorithm, or a loss, needs single rows of A, but only the Gram matrix is known.
    #[error("{what} needs the {rows} rows of A, but only its Gram matrix is known")]
    HiddenRows {
        /// The algorithm or loss.
        what: &'static str,
        /// Number of rows of A.
        rows: usize,
    },
    /// `apply` and `apply_adjoint` are not adjoint to each other.
    #[error(
        "apply and apply_adjoint are not adjoint: ⟨A u, v⟩ and ⟨u, Aᴴ v⟩ differ by {difference:.2e} (relative), allowed {allowed:.0e}"
    )]
    NotAdjoint {
        /// |⟨A u, v⟩ − ⟨u, Aᴴ v⟩| / (‖A u‖ ‖v‖).
        difference: f64,
        /// The tolerance.
        allowed: f64,
    },
    /// A request that would take more work than its limit.
    #[error("{what} would take {cost:.3e} {unit}, more than the limit of {limit:.3e}")]
    TooExpensive {
        /// The request.
        what: &'static str,
        /// Its cost.
        cost: f64,
        /// The unit of the cost.
        unit: &'static str,
        /// The limit.
        limit: f64,
    },
}

/// The word for a number that is not finite.
pub(crate) fn non_finite_word(re: f64, im: f64) -> String {
    let bad = if re.is_finite() { im } else { re };
    if bad.is_nan() {
        "NaN".into()
    } else if bad > 0.0 {
        "inf".into()
    } else {
        "-inf".into()
    }
}

/// The sparsities up to a limit.
fn range(limit: usize) -> String {
    if limit == 0 { "0".into() } else { format!("between 0 and {limit}") }
}

/// A number without hundreds of zeros.
fn short(value: f64) -> String {
    let plain = value == 0.0 || !value.is_finite() || (1e-5..1e17).contains(&value.abs());
    if plain { value.to_string() } else { format!("{value:e}") }
}

/// A number of bytes, in MiB where that is not a mere fraction.
fn size(bytes: usize) -> String {
    const MEBI: usize = 1 << 20;
    if bytes < MEBI { format!("{bytes} bytes") } else { format!("{:.3} MiB", bytes as f64 / MEBI as f64) }
}
