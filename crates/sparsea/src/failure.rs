//! Failures of products with A.

use std::fmt;
use std::sync::{Arc, OnceLock};

/// Why a product with A could not be computed. Any error converts into it.
#[derive(Clone)]
pub struct OperatorError(Arc<dyn std::error::Error + Send + Sync>);

impl OperatorError {
    /// With only a message.
    #[must_use]
    pub fn new(message: &str) -> Self {
        Self(Box::<dyn std::error::Error + Send + Sync>::from(message).into())
    }

    /// The error that it was made from.
    #[must_use]
    pub fn inner(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
        &*self.0
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for OperatorError {
    fn from(error: E) -> Self {
        Self(Arc::new(error))
    }
}

impl fmt::Display for OperatorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for OperatorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Two are the same if they are one error.
impl PartialEq for OperatorError {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// The first failure of a product, for whoever can end the run.
#[derive(Debug, Clone, Default)]
pub struct Failure(Arc<OnceLock<OperatorError>>);

impl Failure {
    /// Keeps the first error.
    pub fn set(&self, error: OperatorError) {
        // A later one is its consequence.
        let _ = self.0.set(error);
    }

    /// Whether a product has failed.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.get().is_some()
    }

    /// The failure, if there was one.
    pub(crate) fn get(&self) -> Option<&OperatorError> {
        self.0.get()
    }
}
