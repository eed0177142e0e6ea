//! Chains of algorithms, each starting from the solution of the one before.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Algorithm, Solver, find};
use crate::error::Error;
use crate::scalar::Scalar;

/// One algorithm, or several in sequence: `omp+sea` is SEA started from the solution of OMP.
#[derive(Debug, Clone)]
pub struct Chain<T: Scalar> {
    links: Vec<Arc<dyn Solver<T>>>,
}

impl<T: Scalar> Chain<T> {
    /// A chain of one link.
    pub fn of(algorithm: impl Algorithm<T>) -> Self {
        Self { links: vec![Arc::new(algorithm)] }
    }

    /// This chain, then `algorithm`.
    #[must_use]
    pub fn then(mut self, algorithm: impl Algorithm<T>) -> Self {
        self.links.push(Arc::new(algorithm));
        self
    }

    /// Parses a chain from names joined by `+`. `settings` apply to the last link. The key `start`, a name or chain, puts links in front.
    ///
    /// # Errors
    /// [`Error::UnknownAlgorithm`], [`Error::UnknownSetting`], [`Error::InvalidSetting`].
    pub fn parse(names: &str, settings: &Map<String, Value>) -> Result<Self, Error> {
        let mut settings = settings.clone();
        let start = settings.remove("start");
        let mut links = Vec::new();
        let words: Vec<&str> = names.split('+').map(str::trim).collect();
        for (at, word) in words.iter().enumerate() {
            let entry = find::<T>(word)?;
            let last = at + 1 == words.len();
            let link = if last { entry.build(&settings) } else { entry.build(&Map::new()) };
            links.push(link?);
        }
        match start {
            None | Some(Value::Null) => {}
            Some(Value::String(name)) if name == "zero" => {}
            Some(Value::String(names)) => {
                let front = Self::parse(&names, &Map::new())?;
                links.splice(0..0, front.links);
            }
            Some(value) => {
                let algorithm = links.last().map_or("", |link| link.name());
                let rule = "'zero' or the name of an algorithm or chain";
                return Err(Error::InvalidSetting { algorithm, setting: "start", rule, value: value.to_string() });
            }
        }
        Ok(Self { links })
    }

    /// The algorithms, first to last; there is at least one.
    pub fn links(&self) -> &[Arc<dyn Solver<T>>] {
        &self.links
    }
}

impl<T: Scalar> fmt::Display for Chain<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, link) in self.links.iter().enumerate() {
            if at > 0 {
                f.write_str("+")?;
            }
            f.write_str(link.name())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(text: &str) -> Map<String, Value> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn chains_are_read() {
        let chain = Chain::<f64>::parse("omp + sea", &object(r#"{"step_size": 0.5}"#)).unwrap();
        assert_eq!(chain.to_string(), "omp+sea");
        assert_eq!(chain.links()[1].settings()["step_size"], 0.5);
        let chain = Chain::<f64>::parse("sea", &object(r#"{"start": "iht+htp"}"#)).unwrap();
        assert_eq!(chain.to_string(), "iht+htp+sea");
    }

    #[test]
    fn what_is_wrong_is_said() {
        let message =
            |names: &str, settings: &str| Chain::<f64>::parse(names, &object(settings)).unwrap_err().to_string();
        assert_eq!(
            message("sae", "{}"),
            "unknown algorithm 'sae'; known: sea, search, els, omp, ols, ompr, foba, splicing, htp, iht, niht, cosamp, subspace_pursuit, lasso, segment, amp, bp"
        );
        assert_eq!(
            message("omp+", "{}"),
            "unknown algorithm ''; known: sea, search, els, omp, ols, ompr, foba, splicing, htp, iht, niht, cosamp, subspace_pursuit, lasso, segment, amp, bp"
        );
        assert_eq!(
            message("sea", r#"{"stepsize": 1}"#),
            "unknown setting 'stepsize' for sea; it takes: step_size, start"
        );
        assert_eq!(message("sea", r#"{"step_size": -1}"#), "sea: step_size must be greater than 0 and finite, got -1");
        assert_eq!(
            message("sea", r#"{"step_size": "big"}"#),
            "sea: step_size must be greater than 0 and finite, got 'big'"
        );
        assert_eq!(
            message("sea", r#"{"start": 3}"#),
            "sea: start must be 'zero' or the name of an algorithm or chain, got 3"
        );
    }
}
