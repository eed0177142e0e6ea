//! The algorithms, each one file, and the registry that makes them known everywhere by name.

mod chain;
mod htp;
mod iht;
mod omp;
mod sea;
mod settings;

use std::fmt::Debug;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

pub use chain::Chain;
pub use htp::Htp;
pub use iht::{Iht, StepRule, StepSize};
pub use omp::Omp;
pub use sea::Sea;
pub use settings::Setting;

use crate::error::Error;
use crate::run::{Halt, Initial, Step, Workspace};
use crate::scalar::Scalar;

/// An algorithm: its settings are the fields of the implementing struct; what changes during a run is its `State`.
///
/// An algorithm moves the point of a [`Workspace`] and knows nothing of stopping, of the best point, or of watching:
/// that is the run loop's. See CONTRIBUTING.md for the checklist of adding one.
pub trait Algorithm<T: Scalar>: Debug + Clone + Default + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The word for it: in the command, in Python, in chains.
    const NAME: &'static str;
    /// Its full name.
    const TITLE: &'static str;
    /// Its idea in one line.
    const SUMMARY: &'static str;
    /// Authors, year and DOI (or arXiv number) of the source.
    const REFERENCE: &'static str;
    /// Its settings: one for each field, in order.
    const SETTINGS: &'static [Setting];

    /// What it keeps between steps.
    type State: Send + 'static;

    /// Checks the ranges of the settings.
    ///
    /// # Errors
    /// [`Error::InvalidSetting`].
    fn check(&self) -> Result<(), Error> {
        Ok(())
    }

    /// When it stops if the user does not say.
    fn default_halt(&self) -> Halt {
        Halt::Iterations(1000)
    }

    /// Moves the workspace to iterate 0 and makes the state.
    fn start(&self, workspace: &mut Workspace<'_, T>, initial: &Initial<T>) -> Self::State;

    /// Moves the workspace to the next iterate. `budget` is how many iterations a step may count at most.
    fn step(&self, state: &mut Self::State, workspace: &mut Workspace<'_, T>, budget: u64) -> Step;
}

/// Any algorithm with its settings, as an object. Implemented once, for every [`Algorithm`].
pub trait Solver<T: Scalar>: Debug + Send + Sync {
    /// The algorithm's word.
    fn name(&self) -> &'static str;
    /// Its settings as a JSON object.
    fn settings(&self) -> Value;
    /// Checks the ranges of the settings.
    ///
    /// # Errors
    /// [`Error::InvalidSetting`].
    fn check(&self) -> Result<(), Error>;
    /// When it stops if the user does not say.
    fn default_halt(&self) -> Halt;
    /// Starts it on a workspace.
    fn launch(&self, workspace: &mut Workspace<'_, T>, initial: &Initial<T>) -> Box<dyn Process<T>>;
}

/// A started algorithm.
pub trait Process<T: Scalar>: Send {
    /// See [`Algorithm::step`].
    fn step(&mut self, workspace: &mut Workspace<'_, T>, budget: u64) -> Step;
}

struct Started<A, S> {
    algorithm: A,
    state: S,
}

impl<T: Scalar, A: Algorithm<T>> Process<T> for Started<A, A::State> {
    fn step(&mut self, workspace: &mut Workspace<'_, T>, budget: u64) -> Step {
        self.algorithm.step(&mut self.state, workspace, budget)
    }
}

impl<T: Scalar, A: Algorithm<T>> Solver<T> for A {
    fn name(&self) -> &'static str {
        A::NAME
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

    fn launch(&self, workspace: &mut Workspace<'_, T>, initial: &Initial<T>) -> Box<dyn Process<T>> {
        let state = self.start(workspace, initial);
        Box::new(Started { algorithm: self.clone(), state })
    }
}

/// Makes an algorithm from its settings.
type Build<T> = fn(&Map<String, Value>) -> Result<Arc<dyn Solver<T>>, Error>;

/// An algorithm as the registry knows it.
#[derive(Debug, Clone, Copy)]
pub struct Entry<T: Scalar> {
    /// Its word.
    pub name: &'static str,
    /// Its full name.
    pub title: &'static str,
    /// Its idea in one line.
    pub summary: &'static str,
    /// Its source.
    pub reference: &'static str,
    /// Its settings.
    pub settings: &'static [Setting],
    build: Build<T>,
}

impl<T: Scalar> Entry<T> {
    fn of<A: Algorithm<T>>() -> Self {
        Self {
            name: A::NAME,
            title: A::TITLE,
            summary: A::SUMMARY,
            reference: A::REFERENCE,
            settings: A::SETTINGS,
            build: |given| {
                let algorithm: A = settings::read::<A, T>(given)?;
                Algorithm::check(&algorithm)?;
                Ok(Arc::new(algorithm))
            },
        }
    }

    /// The algorithm with these settings, the others at their defaults.
    ///
    /// # Errors
    /// [`Error::UnknownSetting`], [`Error::InvalidSetting`].
    pub fn build(&self, settings: &Map<String, Value>) -> Result<Arc<dyn Solver<T>>, Error> {
        (self.build)(settings)
    }
}

/// Every algorithm. A new one is a file in this folder and a line here.
pub fn registry<T: Scalar>() -> Vec<Entry<T>> {
    vec![Entry::of::<Sea>(), Entry::of::<Omp>(), Entry::of::<Htp>(), Entry::of::<Iht>()]
}

/// The algorithm called `name`.
///
/// # Errors
/// [`Error::UnknownAlgorithm`], with the names that are known.
pub fn find<T: Scalar>(name: &str) -> Result<Entry<T>, Error> {
    let entries = registry::<T>();
    entries.iter().find(|entry| entry.name == name).copied().ok_or_else(|| Error::UnknownAlgorithm {
        name: name.to_owned(),
        known: entries.iter().map(|entry| entry.name).collect::<Vec<_>>().join(", "),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_settings_are_the_fields_and_defaults() {
        for entry in registry::<f64>() {
            let solver = entry.build(&Map::new()).unwrap();
            let Value::Object(fields) = solver.settings() else { panic!("settings are an object") };
            let documented: Vec<&str> = entry.settings.iter().map(|setting| setting.name).collect();
            assert_eq!(fields.keys().map(String::as_str).collect::<Vec<_>>(), documented, "{}", entry.name);
            for setting in entry.settings {
                let shown = fields[setting.name].to_string();
                assert_eq!(shown.trim_matches('"'), setting.default, "{} {}", entry.name, setting.name);
            }
        }
    }
}
