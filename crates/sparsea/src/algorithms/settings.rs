//! Reads settings by name, with errors that state the rule and the value.

use serde_json::{Map, Value};

use super::Algorithm;
use crate::error::Error;
use crate::scalar::Scalar;

/// Description of one setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// The allowed values, to complete "must be …".
    pub range: &'static str,
    /// The default, as written in JSON.
    pub default: &'static str,
    /// What it does.
    pub meaning: &'static str,
}

/// Settings of algorithm A from a JSON object; those not given keep their defaults.
pub(super) fn read<A: Algorithm<T>, T: Scalar>(given: &Map<String, Value>) -> Result<A, Error> {
    let mut known: Vec<&str> = A::SETTINGS.iter().map(|setting| setting.name).collect();
    if let Some(unknown) = given.keys().find(|key| !known.contains(&key.as_str())) {
        known.push("start");
        return Err(Error::UnknownSetting { algorithm: A::NAME, setting: unknown.clone(), known: known.join(", ") });
    }
    // One at a time, so that a value that does not fit is known by its name.
    let mut algorithm = A::default();
    let mut fields = serde_json::to_value(&algorithm).unwrap_or_default();
    for setting in A::SETTINGS {
        let Some(value) = given.get(setting.name) else { continue };
        fields[setting.name] = value.clone();
        let read = serde_json::from_value(fields.clone()).map_err(|_| Error::InvalidSetting {
            algorithm: A::NAME,
            setting: setting.name,
            rule: setting.range,
            value: value.as_str().map_or_else(|| value.to_string(), |text| format!("'{text}'")),
        });
        algorithm = read?;
    }
    Ok(algorithm)
}

/// Checks a number that must be positive.
pub(super) fn check_positive(algorithm: &'static str, setting: &'static str, value: f64) -> Result<(), Error> {
    if value > 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(Error::InvalidSetting { algorithm, setting, rule: "greater than 0 and finite", value: value.to_string() })
}
