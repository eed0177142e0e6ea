//! The algorithms, one per file, and the registry that makes them available by name.

mod amp;
mod bp;
mod chain;
mod cosamp;
mod els;
mod foba;
mod homotopy;
mod htp;
mod iht;
mod lasso;
mod niht;
mod ols;
mod omp;
mod ompr;
mod rank_aware;
mod sea;
mod search;
mod segment;
mod settings;
mod splicing;
mod subspace_pursuit;

use std::fmt::Debug;
use std::sync::Arc;

use num_complex::Complex;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

pub use amp::{Amp, AmpForm};
pub use bp::Bp;
pub use chain::Chain;
pub use cosamp::CoSaMp;
pub use els::Els;
pub use foba::FoBa;
pub use htp::Htp;
pub use iht::{Iht, StepRule, StepSize};
pub use lasso::Lasso;
pub use niht::Niht;
pub use ols::Ols;
pub use omp::Omp;
pub use ompr::Ompr;
pub use sea::Sea;
pub use search::{Perturbation, Search};
pub use segment::Segment;
pub use settings::Setting;
pub use splicing::Splicing;
pub use subspace_pursuit::SubspacePursuit;

use crate::compiled::of_scalar;
use crate::error::Error;
use crate::halt::Halt;
use crate::operator::{Access, LinearMap};
use crate::problem::{Needs, Problem};
use crate::scalar::Scalar;
use crate::workspace::{Initial, Step, Workspace};

/// An algorithm. Its settings are the fields of the implementing struct; its `State` holds everything that changes during a run.
///
/// An algorithm moves the point of a [`Workspace`]. The run loop handles stopping, the best point and observers. CONTRIBUTING.md has the
/// checklist for adding an algorithm.
pub trait Algorithm<T: Scalar>: Debug + Clone + Default + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Its name in the command, in Python and in chains.
    const NAME: &'static str;
    /// Its full name.
    const TITLE: &'static str;
    /// Its idea in one line.
    const SUMMARY: &'static str;
    /// Authors, year and DOI (or arXiv number) of the source.
    const REFERENCE: &'static str;
    /// Multiply-adds of one iteration, in addition to the operations it names; S is the current support, and the operator is dense m × n.
    const COST: &'static str;
    /// Numbers held, in addition to the problem and the cache of Gram columns.
    const MEMORY: &'static str;
    /// When to use it.
    const WHEN: &'static str;
    /// Its settings, one per field.
    const SETTINGS: &'static [Setting];

    /// Its state between steps.
    type State: Send + 'static;

    /// Its requirements on a problem, with default settings. Default: none; it works with every loss and domain.
    const NEEDS: Needs = Needs::NONE;

    /// Whether it may revisit a support, so that fits are worth caching.
    const REVISITS: bool = true;

    /// Whether its points are least-squares fits. If so, the fit on a start also counts as a point, even if the algorithm cannot work with
    /// all of its columns.
    const FITS: bool = true;

    /// Checks the ranges of the settings.
    ///
    /// # Errors
    /// [`Error::InvalidSetting`].
    fn check(&self) -> Result<(), Error> {
        Ok(())
    }

    /// Its requirements on a problem, with these settings. Default: [`NEEDS`](Self::NEEDS).
    fn needs(&self) -> Needs {
        Self::NEEDS
    }

    /// Its halting rule if no limit is given. Default: when it has finished. An algorithm that may go on for ever has a [`Halt::Budget`].
    fn default_halt(&self) -> Halt {
        Halt::Never
    }

    /// How many numbers the state holds, if they may be many more than m + n. This is compared with [`Memory::state`](crate::Memory::state)
    /// before the start.
    fn state_size(&self, problem: &Problem<'_, T>) -> usize {
        let _ = problem;
        0
    }

    /// Moves the workspace to iterate 0 and makes the state.
    fn start(&self, workspace: &mut Workspace<'_, T>, initial: &Initial<T>) -> Self::State;

    /// Moves the workspace to the next iterate. A step may count at most `budget` iterations.
    fn step(&self, state: &mut Self::State, workspace: &mut Workspace<'_, T>, budget: u64) -> Step;

    /// The variable whose k entries largest in magnitude are the support, if there is one in addition to the point: see
    /// [`Iterate::exploration`](crate::Iterate::exploration). Default: none.
    fn exploration<'s>(&self, state: &'s Self::State) -> Option<&'s [T]> {
        let _ = state;
        None
    }
}

/// Any algorithm with its settings, as an object. Implemented once, for every [`Algorithm`].
pub trait Solver<T: Scalar>: Debug + Send + Sync {
    /// Its properties: those that do not depend on settings, and the requirements with these settings.
    fn info(&self) -> Info;
    /// Its settings as a JSON object.
    fn settings(&self) -> Value;
    /// Checks the ranges of the settings.
    ///
    /// # Errors
    /// [`Error::InvalidSetting`].
    fn check(&self) -> Result<(), Error>;
    /// Its halting rule if no limit is given.
    fn default_halt(&self) -> Halt;
    /// See [`Algorithm::state_size`].
    fn state_size(&self, problem: &Problem<'_, T>) -> usize;
    /// Starts it on a workspace.
    fn launch(&self, workspace: &mut Workspace<'_, T>, initial: &Initial<T>) -> Box<dyn Process<T>>;
}

/// Properties of an algorithm: those that do not depend on its settings, and its requirements with these settings.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Info {
    /// Its name.
    pub name: &'static str,
    /// See [`Algorithm::needs`].
    pub needs: Needs,
    /// See [`Algorithm::REVISITS`].
    pub revisits: bool,
    /// See [`Algorithm::FITS`].
    pub fits: bool,
}

impl<T: Scalar> dyn Solver<T> + '_ {
    /// The algorithm's name.
    pub fn name(&self) -> &'static str {
        self.info().name
    }

    /// See [`Algorithm::needs`].
    pub fn needs(&self) -> Needs {
        self.info().needs
    }

    /// See [`Algorithm::REVISITS`].
    pub fn revisits(&self) -> bool {
        self.info().revisits
    }

    /// See [`Algorithm::FITS`].
    pub fn fits(&self) -> bool {
        self.info().fits
    }
}

/// A started algorithm.
pub trait Process<T: Scalar>: Send {
    /// See [`Algorithm::step`].
    fn step(&mut self, workspace: &mut Workspace<'_, T>, budget: u64) -> Step;
    /// See [`Algorithm::exploration`].
    fn exploration(&self) -> Option<&[T]>;
}

struct Started<A, S> {
    algorithm: A,
    state: S,
}

impl<T: Scalar, A: Algorithm<T>> Process<T> for Started<A, A::State> {
    fn step(&mut self, workspace: &mut Workspace<'_, T>, budget: u64) -> Step {
        self.algorithm.step(&mut self.state, workspace, budget)
    }

    fn exploration(&self) -> Option<&[T]> {
        self.algorithm.exploration(&self.state)
    }
}

impl<T: Scalar, A: Algorithm<T>> Solver<T> for A {
    fn info(&self) -> Info {
        Info { name: A::NAME, needs: Algorithm::needs(self), revisits: A::REVISITS, fits: A::FITS }
    }

    fn settings(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    fn check(&self) -> Result<(), Error> {
        Algorithm::check(self)
    }

    fn default_halt(&self) -> Halt {
        Algorithm::default_halt(self)
    }

    fn state_size(&self, problem: &Problem<'_, T>) -> usize {
        Algorithm::state_size(self, problem)
    }

    fn launch(&self, workspace: &mut Workspace<'_, T>, initial: &Initial<T>) -> Box<dyn Process<T>> {
        let state = self.start(workspace, initial);
        Box::new(Started { algorithm: self.clone(), state })
    }
}

/// Makes an algorithm from its settings.
type Build<T> = fn(&Map<String, Value>) -> Result<Arc<dyn Solver<T>>, Error>;

/// An algorithm in the registry.
#[derive(Debug, Clone, Copy)]
pub struct Entry<T: Scalar> {
    /// Its name.
    pub name: &'static str,
    /// Its full name.
    pub title: &'static str,
    /// Its idea in one line.
    pub summary: &'static str,
    /// Its source.
    pub reference: &'static str,
    /// The cost of one iteration.
    pub cost: &'static str,
    /// The memory it holds.
    pub memory: &'static str,
    /// When to use it.
    pub when: &'static str,
    /// Its settings.
    pub settings: &'static [Setting],
    /// Its requirements on a problem.
    pub needs: Needs,
    build: Build<T>,
}

impl<T: Scalar> Entry<T> {
    fn of<A: Algorithm<T>>() -> Self {
        Self {
            name: A::NAME,
            title: A::TITLE,
            summary: A::SUMMARY,
            reference: A::REFERENCE,
            cost: A::COST,
            memory: A::MEMORY,
            when: A::WHEN,
            settings: A::SETTINGS,
            needs: A::NEEDS,
            build: |given| {
                let algorithm: A = settings::read::<A, T>(given)?;
                Algorithm::check(&algorithm)?;
                Ok(Arc::new(algorithm))
            },
        }
    }

    /// The algorithm with these settings; all others have their defaults.
    ///
    /// # Errors
    /// [`Error::UnknownSetting`], [`Error::InvalidSetting`].
    pub fn build(&self, settings: &Map<String, Value>) -> Result<Arc<dyn Solver<T>>, Error> {
        (self.build)(settings)
    }
}

/// Every algorithm. A new one is a file in this folder and a line here.
fn listed<T: Scalar>() -> Vec<Entry<T>> {
    vec![
        Entry::of::<Sea>(),
        Entry::of::<Search>(),
        Entry::of::<Els>(),
        Entry::of::<Omp>(),
        Entry::of::<Ols>(),
        Entry::of::<Ompr>(),
        Entry::of::<FoBa>(),
        Entry::of::<Splicing>(),
        Entry::of::<Htp>(),
        Entry::of::<Iht>(),
        Entry::of::<Niht>(),
        Entry::of::<CoSaMp>(),
        Entry::of::<SubspacePursuit>(),
        Entry::of::<Lasso>(),
        Entry::of::<Segment>(),
        Entry::of::<Amp>(),
        Entry::of::<Bp>(),
    ]
}

/// The same, compiled with this crate.
fn all<T: Scalar>() -> Vec<Entry<T>> {
    #[inline(never)]
    fn real() -> Vec<Entry<f64>> {
        listed()
    }
    #[inline(never)]
    fn complex() -> Vec<Entry<Complex<f64>>> {
        listed()
    }
    type List<T> = fn() -> Vec<Entry<T>>;
    of_scalar::<List<T>>(real as List<f64>, complex as List<Complex<f64>>)()
}

/// Every algorithm for numbers of the type T.
pub fn registry<T: Scalar>() -> Vec<Entry<T>> {
    let mut entries = all::<T>();
    entries.retain(|entry| entry.needs.check_scalar::<T>(entry.name).is_ok());
    entries
}

/// The algorithms whose requirements a problem meets.
pub fn applicable<T: Scalar>(problem: &Problem<'_, T>) -> Vec<Entry<T>> {
    let mut entries = all::<T>();
    entries.retain(|entry| problem.check(entry.name, entry.needs).is_ok());
    entries
}

/// The largest n k for which [`search`](Search) scores all columns in every exchange. Above it, search works on the columns that can matter
/// and checks the others from time to time.
pub const SEARCHED: usize = 1_000_000;

/// The name of the default algorithm for n columns and sparsity k. This is [`search`](Search), which recovers more than any other algorithm
/// in the same time (docs/any-time-search.md), unless k is so large that it would hold too many numbers; then it is [`sea`](Sea). See
/// [`default_for`].
pub fn default_algorithm(columns: usize, sparsity: usize) -> &'static str {
    /// Numbers that search may read in an exchange.
    const MOST: usize = 25 * SEARCHED;
    if search::columns_in_play(columns, sparsity).saturating_mul(sparsity) <= MOST {
        <Search as Algorithm<f64>>::NAME
    } else {
        <Sea as Algorithm<f64>>::NAME
    }
}

/// The name of the default algorithm for an operator: [`search`](Search), unless k is in the thousands and columns overlap more than their
/// neighbours; then [`sea`](Sea).
pub fn default_for<T: Scalar>(operator: &dyn LinearMap<T>, sparsity: usize) -> &'static str {
    let name = default_algorithm(operator.shape().1, sparsity);
    if name == <Sea as Algorithm<f64>>::NAME && has_parts(&Access::new(operator), sparsity) {
        return <Search as Algorithm<f64>>::NAME;
    }
    name
}

/// Whether [`search`](Search) solves a trace in windows, or an image in tiles.
pub(crate) fn has_parts<T: Scalar>(operator: &Access<'_, T>, sparsity: usize) -> bool {
    search::windows_apply(operator, sparsity) || search::tiles_apply(operator, sparsity)
}

/// The name of the default algorithm for a problem. For single columns and a single y, this is [`default_for`]. For groups or a joint
/// support, it is [`search`](Search) if n times the number of columns of k groups is at most [`SEARCHED`], because search then scores all
/// groups in every exchange, and [`sea`](Sea) otherwise. It is also [`sea`](Sea) if exchanges do not support the loss or the domain.
pub fn default_of<T: Scalar>(problem: &Problem<'_, T>) -> &'static str {
    let (search, sea) = (<Search as Algorithm<f64>>::NAME, <Sea as Algorithm<f64>>::NAME);
    if problem.check(search, <Search as Algorithm<T>>::NEEDS).is_err() {
        return sea;
    }
    if problem.is_plain() {
        return default_for(problem.operator().map(), problem.sparsity());
    }
    default_for_blocks(problem.operator().ncols(), problem.atoms().most_columns(problem.sparsity()))
}

/// The name of the default algorithm for n columns in groups, of which k have up to `members` columns, or for a joint support of up to
/// `members` columns: see [`default_of`].
pub fn default_for_blocks(columns: usize, members: usize) -> &'static str {
    let is_small = columns.saturating_mul(members) <= SEARCHED;
    if is_small { <Search as Algorithm<f64>>::NAME } else { <Sea as Algorithm<f64>>::NAME }
}

/// The algorithm called `name`.
///
/// # Errors
/// [`Error::UnknownAlgorithm`], with the known names; [`Error::RealOnly`].
pub fn find<T: Scalar>(name: &str) -> Result<Entry<T>, Error> {
    let entries = all::<T>();
    if let Some(entry) = entries.iter().find(|entry| entry.name == name) {
        return entry.needs.check_scalar::<T>(entry.name).map(|()| *entry);
    }
    let entries = registry::<T>();
    let known = entries.iter().map(|entry| entry.name).collect::<Vec<_>>().join(", ");
    Err(Error::UnknownAlgorithm { name: name.to_owned(), known })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_settings_are_the_fields_and_defaults() {
        for entry in registry::<f64>() {
            let solver = entry.build(&Map::new()).unwrap();
            let Value::Object(fields) = solver.settings() else { panic!("settings are an object") };
            let mut documented: Vec<&str> = entry.settings.iter().map(|setting| setting.name).collect();
            documented.sort_unstable();
            assert_eq!(fields.keys().map(String::as_str).collect::<Vec<_>>(), documented, "{}", entry.name);
            for setting in entry.settings {
                let shown = fields[setting.name].to_string();
                assert_eq!(shown.trim_matches('"'), setting.default, "{} {}", entry.name, setting.name);
            }
        }
    }
}
