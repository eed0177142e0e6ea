//! Rank-aware selection for joint supports, by the space that the residuals span; a setting of greedy algorithms.

use super::Setting;
use crate::error::Error;
use crate::problem::Needs;

/// The settings `rank_aware` and `rank_tolerance`.
pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        name: "rank_aware",
        range: "true or false",
        default: "false",
        meaning: "joint supports: score with an orthonormal basis of the residuals in place of the residuals",
    },
    Setting {
        name: "rank_tolerance",
        range: "at least 0 and below 1",
        default: "1e-6",
        meaning: "singular values of the residuals up to this, relative to ‖Y‖, are noise; nothing is added for noise",
    },
];

/// Of [`SETTINGS`].
pub(super) const RANK_TOLERANCE: f64 = 1e-6;

pub(super) fn check(algorithm: &'static str, tolerance: f64) -> Result<(), Error> {
    if (0.0..1.0).contains(&tolerance) {
        return Ok(());
    }
    let Setting { name: setting, range: rule, .. } = SETTINGS[1];
    Err(Error::InvalidSetting { algorithm, setting, rule, value: tolerance.to_string() })
}

/// What selection needs beyond `needs`: a basis of the residuals has no signs, and is of residuals.
pub(super) fn needs(needs: Needs, rank_aware: bool) -> Needs {
    if rank_aware { needs.and(Needs::QUADRATIC) } else { needs }
}
