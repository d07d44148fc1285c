//! Scenarios: an experiment with its parameters, one TOML file each under `scenarios/`,
//! embedded in the binary. The file's name is the scenario's name.

pub(crate) mod bounds;

use std::collections::BTreeMap;

use include_dir::{Dir, include_dir};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::engine::{self, Engine, StepExecution};

/// Something to try.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The file's name without its ending.
    #[serde(skip)]
    pub name: String,
    /// What a reader would call it.
    pub title: String,
    /// Registered name of the experiment.
    pub experiment: String,
    /// Engines, each with the names of the settings under which it is tried.
    pub arms: Vec<Arm>,
    /// Arms that are made twice in each block and compared with themselves (A/A).
    #[serde(default)]
    pub twins: Vec<Twin>,
    /// The experiment's own parameters.
    #[serde(default)]
    pub parameters: toml::Table,
}

/// An engine and the settings under which it is tried.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arm {
    /// Registered name of the engine.
    pub engine: String,
    /// Names of settings, see [`crate::engine::Settings`].
    pub settings: Vec<String>,
    /// Where its steps are executed, each an arm of its own and a factor of its trials; empty for the
    /// engine's default, which is no factor.
    #[serde(default)]
    pub executions: Vec<StepExecution>,
}

/// An arm that is made twice in each block.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Twin {
    /// Registered name of the engine.
    pub engine: String,
    /// The settings.
    pub settings: String,
    /// Factors that single out the conditions; empty for all.
    #[serde(default)]
    pub factors: BTreeMap<String, String>,
}

impl Arm {
    fn validate(&self, place: &str) -> Result<(), ConfigError> {
        let engine = known_engine(place, &self.engine)?;
        let can: Vec<&str> = engine.executions.iter().map(|each| each.as_str()).collect();
        let place = format!("{place}: arm of {}", self.engine);
        self.executions
            .iter()
            .try_for_each(|each| known_name(&place, "execution", each.as_str(), &can))
    }
}

impl Twin {
    fn is_of(&self, arms: &[Arm]) -> bool {
        let is = |arm: &Arm| arm.engine == self.engine && arm.settings.contains(&self.settings);
        arms.iter().any(is)
    }
}

/// Why a scenario or profile cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{place}: {source}")]
    Io {
        /// The file.
        place: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Its contents are wrong.
    #[error("{place}: {message}")]
    Invalid {
        /// The file, and where in it.
        place: String,
        /// What was expected and what was found.
        message: String,
    },
    /// A name is not known.
    #[error("{place}: unknown {kind} {found:?}: expected one of {}{}", known.join(", "), nearest(found, known))]
    Unknown {
        /// The file or the command line's word.
        place: String,
        /// `scenario`, `engine`, `settings`, …
        kind: &'static str,
        /// What was found.
        found: String,
        /// What there is.
        known: Vec<String>,
    },
}

fn nearest(found: &str, known: &[String]) -> String {
    known
        .iter()
        .map(|name| (strsim::jaro_winkler(found, name), name))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(likeness, _)| *likeness > 0.8)
        .map_or(String::new(), |(_, name)| format!(" (nearest: {name})"))
}

/// Refuses an empty list.
pub(crate) fn not_empty<T>(place: &str, list: &[T]) -> Result<(), ConfigError> {
    match list {
        [] => Err(ConfigError::Invalid {
            place: place.to_owned(),
            message: "expected at least one, found none".to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Refuses a name that is not among the known ones.
pub fn known_name(
    place: &str,
    kind: &'static str,
    found: &str,
    known: &[&str],
) -> Result<(), ConfigError> {
    match known.contains(&found) {
        true => Ok(()),
        false => Err(unknown(place, kind, found, known)),
    }
}

/// The engine of a name; any other name is refused as by [`known_name`].
pub fn known_engine(place: &str, name: &str) -> Result<&'static Engine, ConfigError> {
    engine::named(name).ok_or_else(|| unknown(place, "engine", name, &engine::names()))
}

fn unknown(place: &str, kind: &'static str, found: &str, known: &[&str]) -> ConfigError {
    ConfigError::Unknown {
        place: place.to_owned(),
        kind,
        found: found.to_owned(),
        known: known.iter().map(|name| (*name).to_owned()).collect(),
    }
}

/// Parses a TOML text; an unknown key is refused with the known ones.
pub fn parse<T: DeserializeOwned>(place: &str, text: &str) -> Result<T, ConfigError> {
    toml::from_str(text).map_err(|error| ConfigError::Invalid {
        place: place.to_owned(),
        message: error.to_string().trim_end().replace('\n', "\n  "),
    })
}

static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/scenarios");

/// The texts of an embedded folder of TOML files, by name without ending, in order of names.
pub(crate) fn embedded(dir: &'static Dir<'static>) -> Vec<(&'static str, &'static str)> {
    let mut texts: Vec<_> = dir
        .files()
        .filter(|file| {
            file.path()
                .extension()
                .is_some_and(|ending| ending == "toml")
        })
        .filter_map(|file| Some((file.path().file_stem()?.to_str()?, file.contents_utf8()?)))
        .collect();
    texts.sort_unstable();
    texts
}

/// All scenarios, by name.
pub fn all() -> Result<Vec<Scenario>, ConfigError> {
    embedded(&EMBEDDED)
        .into_iter()
        .map(|(name, text)| {
            let place = format!("scenarios/{name}.toml");
            let scenario: Scenario = parse(&place, text)?;
            scenario.validate(&place)?;
            Ok(Scenario {
                name: name.to_owned(),
                ..scenario
            })
        })
        .collect()
}

impl Scenario {
    /// Keeps these arms, and their twins.
    pub(crate) fn keep_arms(&mut self, keep: impl Fn(&Arm) -> bool) {
        self.arms.retain(keep);
        self.keep_twins_of_arms();
    }

    /// Leaves out the twins of arms that are left out.
    pub(crate) fn keep_twins_of_arms(&mut self) {
        let arms = &self.arms;
        self.twins.retain(|twin| twin.is_of(arms));
    }

    pub(crate) fn validate(&self, place: &str) -> Result<(), ConfigError> {
        for (name, value) in &self.parameters {
            bounds::parameter(&format!("{place}: parameters.{name}"), value)?;
        }
        for twin in &self.twins {
            if !twin.is_of(&self.arms) {
                return Err(ConfigError::Invalid {
                    place: format!("{place}: twins"),
                    message: format!(
                        "expected an arm of the scenario, found {} under {}",
                        twin.engine, twin.settings
                    ),
                });
            }
        }
        for arm in &self.arms {
            arm.validate(place)?;
            for settings in &arm.settings {
                known_name(place, "settings", settings, &engine::settings_names())?;
            }
        }
        Ok(())
    }

    /// The parameters in the experiment's own type.
    pub fn parameters<T: DeserializeOwned>(&self) -> Result<T, ConfigError> {
        T::deserialize(toml::Value::Table(self.parameters.clone())).map_err(|error| {
            ConfigError::Invalid {
                place: format!("scenario {}: parameters", self.name),
                message: error.to_string(),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_scenario_is_valid() -> anyhow::Result<()> {
        assert!(all()?.len() >= 11);
        Ok(())
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_nearest() {
        let error = known_name("x.toml", "engine", "temporral", &["direct", "temporal"])
            .expect_err("must be refused");
        let message = error.to_string();
        assert!(message.contains("nearest: temporal"), "{message}");
        assert!(message.contains("x.toml"), "{message}");
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line() {
        let error = parse::<Scenario>("s.toml", "title = \"t\"\nexperimant = \"overhead\"\n")
            .expect_err("must be refused");
        assert!(error.to_string().contains("experimant"), "{error}");
    }
}
