//! `sparsea theory`: what is guaranteed for an operator, before any data is seen.
//!
//! Ctrl-C ends it as usual: nothing is written, and there is no best so far.

use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

use serde::{Serialize, Serializer};
use sparsea::theory::{Condition, exact_recovery_coefficient};
use sparsea::{Error, Interval, LinearMap, Recovery, Scalar, Signal, Verdict};

use crate::cli::Theory;
use crate::failure::Failure;
use crate::input::{self, Vector};
use crate::problem::{AnyOperator, Owned, blur, read_operator};
use crate::report::short;
use crate::say::say_json;

/// Orders s whose δ_s are shown to a person; of more, those on which the theorem rests.
const ORDERS: usize = 13;

pub fn run(arguments: &Theory) -> Result<ExitCode, Failure> {
    let (operator, names) = match (&arguments.matrix, &arguments.kernel, arguments.columns) {
        (Some(matrix), _, None) => read_operator(matrix)?,
        (Some(_), _, Some(_)) => return Err(Failure::Message("-n goes with --kernel; A has its columns".into())),
        (None, Some(kernel), Some(columns)) => (blur(columns, kernel)?, None),
        (None, Some(_), None) => return Err(Failure::Message("--kernel needs the number of spikes: -n".into())),
        (None, None, _) => return Err(Failure::Message("A is missing; give a file, or --kernel".into())),
    };
    match operator {
        AnyOperator::Real(operator) => theory(&operator, names.as_deref(), arguments),
        AnyOperator::Complex(operator) => theory(&operator, names.as_deref(), arguments),
    }
}

fn theory<T: Scalar>(operator: &Owned<T>, names: Option<&[String]>, arguments: &Theory) -> Result<ExitCode, Failure> {
    let operator = operator.operator();
    let k = arguments.sparsity;
    // First what costs nothing: all that can be refused.
    let mut given = read_given(&*operator, arguments)?;
    let signal = given.as_ref().map(|given| given.signal);
    if let Some(nonzeros) = signal.map(|signal| signal.nonzeros()).filter(|&nonzeros| k > 0 && nonzeros > k) {
        return Err(Error::TruthSize { nonzeros, sparsity: k }.into());
    }
    let recovery = Recovery::new(&*operator, k, arguments.work)?;
    let condition = recovery.condition(&signal.unwrap_or_else(|| Signal::flat(k)))?;
    if let Some(given) = &mut given {
        given.exact_recovery = exact_recovery_coefficient(&*operator, &given.support)?;
    }
    if arguments.json {
        say_json(&json_of(&recovery, &condition, given.as_ref()))?;
    } else {
        let shape = operator.shape();
        say!(
            "{}\n{}",
            table(&recovery, &condition, shape, names, given.as_ref()),
            sentence(&recovery, &condition, given.as_ref())
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// What the files say of x*, e, 𝒳⁰ and η.
struct Given {
    signal: Signal,
    support: Vec<usize>,
    /// Measured later: max over i ∉ S* of ‖A_S*⁺ a_i‖₁.
    exact_recovery: f64,
}

/// `None` without x*.
fn read_given<T: Scalar>(operator: &dyn LinearMap<T>, arguments: &Theory) -> Result<Option<Given>, Failure> {
    let Some(truth) = &arguments.truth else { return Ok(None) };
    let (rows, columns) = operator.shape();
    let x = moduli::<T>(truth, columns, "columns")?;
    if x.iter().all(|&x| x == T::ZERO) {
        return Err(Failure::Message(format!(
            "{}: holds no non-zero, so there is no support to find",
            truth.display()
        )));
    }
    let mut signal = Signal::new(operator, &x)?;
    if let Some(norm) = arguments.noise_norm {
        signal = signal.noise_norm(norm)?;
    }
    if let Some(path) = &arguments.noise {
        let e = moduli::<T>(path, rows, "rows")?;
        // Scaled, so that no square leaves the range of doubles.
        let largest = e.iter().map(|e| e.real()).fold(0.0, f64::max);
        let sum: f64 = e.iter().map(|e| (e.real() / largest).powi(2)).sum();
        signal = signal.noise_norm(if largest > 0.0 { largest * sum.sqrt() } else { 0.0 })?;
    }
    if let Some(path) = &arguments.start {
        signal = signal.start(operator, &moduli::<T>(path, columns, "columns")?, arguments.step_size)?;
    }
    let support: Vec<usize> = (0..columns).filter(|&j| x[j] != T::ZERO).collect();
    Ok(Some(Given { signal, support, exact_recovery: f64::NAN }))
}

/// The moduli of a vector, which is all that the theorem looks at: x may be complex where A is real.
fn moduli<T: Scalar>(path: &Path, length: usize, dimension: &str) -> Result<Vec<T>, Failure> {
    let moduli: Vec<f64> = match input::read_vector(path)? {
        Vector::Real(values) => values.into_iter().map(f64::abs).collect(),
        Vector::Complex(values) => values.into_iter().map(|v| v.norm()).collect(),
    };
    if moduli.len() != length {
        let (file, found) = (path.display(), moduli.len());
        return Err(Failure::Message(format!("{file}: has {found} entries, but A has {length} {dimension}")));
    }
    Ok(moduli.into_iter().map(T::from_real).collect())
}

/// The JSON form; what is infinite is null.
#[derive(Serialize)]
struct Json<'r> {
    coherence: f64,
    babel: &'r [f64],
    restricted_isometry: ByOrder<'r>,
    alpha: [f64; 2],
    gamma: [f64; 2],
    condition: JsonCondition,
    iteration_bound: Option<f64>,
}

#[derive(Serialize)]
struct JsonCondition {
    verdict: &'static str,
    of: &'static str,
    left: [f64; 2],
    right: f64,
    dynamic_range: Option<f64>,
    dynamic_range_limit: [f64; 2],
    error_bound: Option<f64>,
    exact_recovery_coefficient: Option<f64>,
}

/// An object from s to the bounds of δ_s, in the order of s.
struct ByOrder<'r>(&'r [Interval]);

impl Serialize for ByOrder<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map((1..).zip(self.0).map(|(s, &delta): (usize, _)| (s, bounds(delta))))
    }
}

fn bounds(interval: Interval) -> [f64; 2] {
    [interval.lower, interval.upper]
}

fn json_of<'r>(recovery: &'r Recovery, condition: &Condition, given: Option<&Given>) -> Json<'r> {
    let constants = recovery.constants();
    let coherence = constants.coherence();
    Json {
        coherence: coherence.mutual,
        babel: &coherence.babel[..coherence.babel.len().min(recovery.sparsity())],
        restricted_isometry: ByOrder(constants.constants()),
        alpha: bounds(recovery.alpha()),
        gamma: bounds(recovery.gamma()),
        condition: JsonCondition {
            verdict: condition.verdict.word(),
            of: if given.is_some() { "truth" } else { "equal non-zeros" },
            left: bounds(condition.left),
            right: condition.right,
            dynamic_range: given.map(|given| given.signal.dynamic_range()),
            dynamic_range_limit: bounds(recovery.dynamic_range()),
            error_bound: condition.error_bound,
            exact_recovery_coefficient: given.map(|given| given.exact_recovery),
        },
        iteration_bound: condition.iteration_bound,
    }
}

/// A number to read, `∞` where it is infinite.
fn readable(value: f64) -> String {
    if value.is_infinite() { "∞".into() } else { short(value) }
}

fn readable_bounds(interval: Interval) -> String {
    let (lower, upper) = (readable(interval.lower), readable(interval.upper));
    if interval.is_exact() { lower } else { format!("{lower} to {upper}") }
}

fn table(
    recovery: &Recovery,
    condition: &Condition,
    (rows, columns): (usize, usize),
    names: Option<&[String]>,
    given: Option<&Given>,
) -> String {
    let k = recovery.sparsity();
    let constants = recovery.constants();
    let coherence = constants.coherence();
    let mut out = String::new();
    let mut line = |label: &str, text: String| {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{label:<20}{text}");
    };
    line("problem", format!("A is {rows} × {columns}, columns scaled to norm 1, k = {k}"));
    let name = |j: usize| names.and_then(|names| names.get(j)).cloned().unwrap_or_else(|| j.to_string());
    let pair = coherence.pair.map_or(String::new(), |(i, j)| format!(" (columns {} and {})", name(i), name(j)));
    line("coherence", format!("{}{pair}", short(coherence.mutual)));
    if let Some(&babel) = coherence.babel.get(k - 1) {
        line(&format!("Babel μ₁({k})"), short(babel));
    }
    let known = constants.constants().len();
    let shown = |s: usize| known <= ORDERS || s <= 3 || [k, 2 * k].contains(&s) || s == known;
    for (s, &delta) in (1..).zip(constants.constants()).filter(|&(s, _)| shown(s)) {
        let exact = if delta.is_exact() { "" } else { "  (bounds)" };
        line(&format!("δ_{s}"), format!("{}{exact}", readable_bounds(delta)));
    }
    if let Some(given) = given {
        line("exact recovery", format!("{} (OMP finds this support if below 1)", readable(given.exact_recovery)));
    }
    line(&format!("α_{k}"), readable_bounds(recovery.alpha()));
    line(&format!("γ_{k}"), readable_bounds(recovery.gamma()));
    let x = if given.is_some() { "" } else { " (all non-zeros 1)" };
    let (left, right) = (readable_bounds(condition.left), short(condition.right));
    line("condition", format!("α_{k}‖x‖ + γ_{k}‖e‖ = {left} must be below x_min/{} = {right}{x}", 2 * k));
    if let Some(bound) = condition.iteration_bound {
        line("iterations at most", bound.floor().to_string());
    }
    if let Some(bound) = condition.error_bound.filter(|&bound| bound > 0.0) {
        line("error at most", short(bound));
    }
    out
}

/// Whether the theorem applies, and why.
fn sentence(recovery: &Recovery, condition: &Condition, given: Option<&Given>) -> String {
    let (k, alpha, limit) = (recovery.sparsity(), recovery.alpha(), recovery.dynamic_range());
    let single = recovery.constants().constant(k);
    let subject = if given.is_some() { "this x".into() } else { format!("any x with {k} non-zeros") };
    let may = "; SEA may find the support all the same";
    let more = "; a larger --work may tell";
    match (condition.verdict, given) {
        (Verdict::Applies, Some(_)) => {
            let bound =
                condition.iteration_bound.map_or(String::new(), |bound| format!(" {} iterations", bound.floor()));
            format!("The theorem applies: SEA visits a support that contains the true one within{bound}.")
        }
        (Verdict::Applies, None) if limit.lower.is_infinite() => {
            format!(
                "The theorem applies to every x with at most {k} non-zeros, if there is no noise: the columns are orthogonal."
            )
        }
        (Verdict::Applies, None) => {
            let least = short((k as f64).sqrt());
            let limit = short(limit.lower);
            format!(
                "The theorem applies to every x with {k} non-zeros and ‖x‖/min|x_j| below {limit} (it is at least {least}), if there is no noise."
            )
        }
        (Verdict::CannotApply, _) if single.lower >= 1.0 => {
            format!(
                "The theorem cannot apply to {subject}: it needs δ_{k} < 1, which is {} or more{may}.",
                short(single.lower)
            )
        }
        (Verdict::CannotApply, _) => {
            let (left, right) = (short(condition.left.lower), short(condition.right));
            format!(
                "The theorem cannot apply to {subject}: the left side of its condition is at least {left}, not below {right}{may}."
            )
        }
        (Verdict::Unknown, _) if single.upper >= 1.0 => {
            format!("Unknown whether the theorem applies to {subject}: δ_{k} is not known to be below 1{more}.")
        }
        (Verdict::Unknown, _) if alpha.is_exact() => {
            format!(
                "Unknown whether the theorem applies to {subject}: both sides of its condition are equal up to rounding."
            )
        }
        (Verdict::Unknown, _) => {
            format!("Unknown whether the theorem applies to {subject}: the bounds of δ are too far apart{more}.")
        }
    }
}
