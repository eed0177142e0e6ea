//! Why the command ends without a result.

use sparsea_lab::LabError;
use sparsea_lab::plot::PlotError;

use crate::export::{ExportError, ExportProblem};
use crate::input;

/// Why the command ends without a result.
#[derive(Debug)]
pub enum Failure {
    /// Help or the version was asked for: printed, success.
    Information(clap::Error),
    /// Wrong input: one line for standard error, exit status 2.
    Message(String),
    /// The input was fine, but the result could not be written, as on a full disk: one line, exit status 1.
    Broken(String),
    /// Nobody reads standard output any more, as after `| head`: success, silently.
    Closed,
}

/// Errors that blame what was given.
macro_rules! blames_input {
    ($($error:ty),*) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::Message(error.to_string())
            }
        })*
    };
}

blames_input!(String, sparsea::Error, input::InputError, input::Problem);

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        let line = error.to_string();
        if matches!(error.problem, ExportProblem::Io(_)) { Self::Broken(line) } else { Self::Message(line) }
    }
}

impl From<PlotError> for Failure {
    fn from(error: PlotError) -> Self {
        let line = error.to_string();
        if matches!(error, PlotError::Write { .. }) { Self::Broken(line) } else { Self::Message(line) }
    }
}

impl From<LabError> for Failure {
    fn from(error: LabError) -> Self {
        match error {
            LabError::Plot(error) => error.into(),
            LabError::File { .. } | LabError::Unwritten { .. } => Self::Broken(error.to_string()),
            _ => Self::Message(error.to_string()),
        }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Broken(error.to_string())
    }
}
