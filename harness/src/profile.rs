//! Profiles: which scenarios a run makes, how often. Those of the folder `profiles` are
//! embedded; any other name is a file of the same form.

use std::path::Path;

use include_dir::{Dir, include_dir};
use serde::Deserialize;

use crate::scenario::{self, Arm, ConfigError, Scenario, bounds, known_name, parse};

/// A profile.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its name: the embedded one's, or the file's without ending.
    #[serde(skip)]
    pub name: String,
    /// One sentence for `orchbench list`.
    pub description: String,
    /// Seed of orders and intervals.
    pub seed: u64,
    /// Scenarios, in the order in which they are made. One may come again, with other arms.
    #[serde(rename = "scenario")]
    pub scenarios: Vec<Entry>,
}

/// A scenario's part in a profile.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The scenario's name.
    pub name: String,
    /// Blocks of trials: each engine and setting once (and once more in mirrored order in
    /// the next block), in fresh processes.
    pub blocks: u32,
    /// Blocks where Temporal is on PostgreSQL in containers, which every trial starts
    /// afresh; `None` for as many as elsewhere, 0 for none.
    #[serde(default)]
    pub docker_blocks: Option<u32>,
    /// Arms instead of the scenario's own.
    #[serde(default)]
    pub arms: Option<Vec<Arm>>,
    /// Whether arms are made twice where the scenario says so (A/A).
    #[serde(default = "yes")]
    pub twins: bool,
    /// Parameters that differ from the scenario's own.
    #[serde(default)]
    pub parameters: toml::Table,
}

fn yes() -> bool {
    true
}

static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/profiles");

/// The embedded profiles.
pub fn embedded() -> Result<Vec<Profile>, ConfigError> {
    scenario::embedded(&EMBEDDED)
        .into_iter()
        .map(|(name, text)| read_text(name, &format!("profiles/{name}.toml"), text))
        .collect()
}

/// The profile of a name, or of a file.
pub fn find(word: &str) -> Result<Profile, ConfigError> {
    let known = scenario::embedded(&EMBEDDED);
    if let Some((name, text)) = known.iter().find(|(name, _)| *name == word) {
        return read_text(name, &format!("profiles/{name}.toml"), text);
    }
    let path = Path::new(word);
    if path.extension().is_none() && !path.exists() {
        let known: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        known_name("PROFILE (or a .toml file)", "profile", word, &known)?;
    }
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Io {
        place: format!("profile {word}"),
        source,
    })?;
    let name = path
        .file_stem()
        .map_or_else(|| word.to_owned(), |stem| stem.to_string_lossy().into());
    read_text(&name, word, &text)
}

fn read_text(name: &str, place: &str, text: &str) -> Result<Profile, ConfigError> {
    let profile: Profile = parse(place, text)?;
    let scenarios = crate::scenario::all()?;
    let known: Vec<&str> = scenarios.iter().map(|each| each.name.as_str()).collect();
    for entry in &profile.scenarios {
        known_name(place, "scenario", &entry.name, &known)?;
        for count in [Some(entry.blocks), entry.docker_blocks]
            .into_iter()
            .flatten()
        {
            bounds::blocks(&format!("{place}: {}: blocks", entry.name), count)?;
        }
    }
    Ok(Profile {
        name: name.to_owned(),
        ..profile
    })
}

impl Profile {
    /// The profile's scenarios with its own parameters laid over theirs.
    pub fn resolve(&self) -> Result<Vec<(Scenario, u32)>, ConfigError> {
        let all = crate::scenario::all()?;
        let mut resolved = Vec::new();
        for entry in &self.scenarios {
            if let Some(scenario) = all.iter().find(|each| each.name == entry.name) {
                let mut scenario = scenario.clone();
                scenario.parameters.extend(entry.parameters.clone());
                if let Some(arms) = &entry.arms {
                    scenario.arms.clone_from(arms);
                }
                if entry.twins {
                    scenario.keep_twins_of_arms();
                } else {
                    scenario.twins.clear();
                }
                scenario.validate(&format!("profile {}: {}", self.name, entry.name))?;
                resolved.push((scenario, entry.blocks));
            }
        }
        Ok(resolved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_profiles_resolve() -> anyhow::Result<()> {
        for profile in embedded()? {
            assert!(!profile.resolve()?.is_empty(), "{}", profile.name);
        }
        Ok(())
    }

    #[test]
    fn numbers_without_measure_are_refused_by_name() -> anyhow::Result<()> {
        let entry = |blocks: &str, parameters: &str| {
            format!(
                "description = \"\"\nseed = 1\n[[scenario]]\nname = \"overhead\"\nblocks = {blocks}\n\
                 [scenario.parameters]\n{parameters}\n"
            )
        };
        for (blocks, parameters, part) in [
            (
                "4294967295",
                "",
                "overhead: blocks: expected 0 to 1000, found 4294967295",
            ),
            (
                "1",
                "steps = [1, 4294967295]",
                "parameters.steps: expected 0 to 10000000",
            ),
            ("1", "samples = -1", "parameters.samples: expected 0 to"),
            ("1", "samples = inf", "parameters.samples: expected 0 to"),
            ("1", "steps = []", "parameters.steps: expected at least one"),
        ] {
            let made =
                read_text("mine", "mine.toml", &entry(blocks, parameters)).and_then(|profile| {
                    let resolved = profile.resolve()?;
                    crate::experiment::plan(&resolved[0].0, resolved[0].1)
                });
            let message = made.expect_err("must be refused").to_string();
            anyhow::ensure!(message.contains(part), "{message}");
        }
        Ok(())
    }

    #[test]
    fn an_unknown_profile_names_the_known_ones() {
        let error = find("quik").expect_err("must be refused").to_string();
        assert!(error.contains("nearest: quick"), "{error}");
    }
}
