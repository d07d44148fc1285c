//! Named sets of server settings, so that each figure can say under which it stands.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Poll rates a shard: the default of 20 makes each task wait for the next 50 ms.
const POLL_RATES: [&str; 3] = [
    "history.transferProcessorMaxPollRPS",
    "history.timerProcessorMaxPollRPS",
    "history.visibilityProcessorMaxPollRPS",
];
/// The shift that delays timers (and so retries) by up to 1 s by default.
const TIMER_SHIFT: &str = "history.timerProcessorMaxTimeShift";

/// Whether clients may have an execution skip time; off by default.
const TIME_SKIPPING: &str = "frontend.WorkflowTimeSkippingEnabled";

/// A named set of dynamic configuration values of the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSettings {
    /// `default`, `tuned-poll`, `tuned-timer`, `tuned`, or a name of the caller's.
    pub name: String,
    /// Setting → value as JSON text, such as `2000` or `"5ms"` with its quotes.
    pub dynamic_config: BTreeMap<String, String>,
}

/// A settings name that is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown server settings {name:?}; known: {}", ServerSettings::NAMES.join(", "))]
pub struct UnknownSettings {
    /// The name that was asked for.
    pub name: String,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self::server_defaults()
    }
}

impl ServerSettings {
    /// The names that [`ServerSettings::named`] knows.
    pub const NAMES: [&'static str; 4] = ["default", "tuned", "tuned-poll", "tuned-timer"];

    /// The server's own defaults, which is what users run.
    pub fn server_defaults() -> Self {
        ServerSettings {
            name: "default".to_owned(),
            dynamic_config: BTreeMap::new(),
        }
    }

    /// Task poll rates of 2000 a second and shard; nothing else.
    pub fn tuned_poll() -> Self {
        Self::with("tuned-poll", poll_rates())
    }

    /// A timer shift of 5 ms; nothing else.
    pub fn tuned_timer() -> Self {
        Self::with("tuned-timer", timer_shift())
    }

    /// Both.
    pub fn tuned() -> Self {
        Self::with("tuned", poll_rates().chain(timer_shift()))
    }

    /// A settings by its name.
    ///
    /// # Errors
    /// [`UnknownSettings`], which lists the known names.
    pub fn named(name: &str) -> Result<Self, UnknownSettings> {
        match name {
            "default" => Ok(Self::server_defaults()),
            "tuned" => Ok(Self::tuned()),
            "tuned-poll" => Ok(Self::tuned_poll()),
            "tuned-timer" => Ok(Self::tuned_timer()),
            _ => Err(UnknownSettings {
                name: name.to_owned(),
            }),
        }
    }

    /// The same, on which an execution may skip time, as far as the server has that.
    #[must_use]
    pub fn skipping_time(mut self) -> Self {
        self.dynamic_config
            .insert(TIME_SKIPPING.to_owned(), "true".to_owned());
        self
    }

    /// The command-line arguments for `temporal server start-dev`.
    pub(super) fn args(&self) -> impl Iterator<Item = String> + '_ {
        self.dynamic_config.iter().flat_map(|(key, value)| {
            [
                "--dynamic-config-value".to_owned(),
                format!("{key}={value}"),
            ]
        })
    }

    /// The same as the file that a server reads at `DYNAMIC_CONFIG_FILE_PATH`.
    pub(super) fn dynamic_config_file(&self) -> String {
        if self.dynamic_config.is_empty() {
            // An empty file would be no mapping.
            return "{}\n".to_owned();
        }
        let line = |(key, value)| format!("{key}: [{{value: {value}}}]\n");
        self.dynamic_config.iter().map(line).collect()
    }

    fn with(name: &str, settings: impl Iterator<Item = (String, String)>) -> Self {
        ServerSettings {
            name: name.to_owned(),
            dynamic_config: settings.collect(),
        }
    }
}

fn poll_rates() -> impl Iterator<Item = (String, String)> {
    POLL_RATES
        .iter()
        .map(|key| ((*key).to_owned(), "2000".to_owned()))
}

fn timer_shift() -> impl Iterator<Item = (String, String)> {
    std::iter::once((TIMER_SHIFT.to_owned(), "\"5ms\"".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_set_changes_only_what_it_names() -> Result<(), UnknownSettings> {
        let keys = |name: &str| -> Result<Vec<String>, UnknownSettings> {
            Ok(ServerSettings::named(name)?
                .dynamic_config
                .into_keys()
                .collect())
        };
        assert!(keys("default")?.is_empty());
        assert_eq!(keys("tuned-timer")?, [TIMER_SHIFT]);
        assert!(
            keys("tuned-poll")?
                .iter()
                .all(|k| k.ends_with("MaxPollRPS"))
        );
        assert_eq!(keys("tuned")?.len(), POLL_RATES.len() + 1);
        for name in ServerSettings::NAMES {
            assert_eq!(ServerSettings::named(name)?.name, name);
        }
        Ok(())
    }

    #[test]
    fn the_settings_are_a_file_of_lists() {
        assert_eq!(ServerSettings::default().dynamic_config_file(), "{}\n");
        assert_eq!(
            ServerSettings::tuned_timer().dynamic_config_file(),
            "history.timerProcessorMaxTimeShift: [{value: \"5ms\"}]\n"
        );
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_known_ones() {
        let error = ServerSettings::named("fast").map(|t| t.name);
        assert_eq!(
            error.map_err(|e| e.to_string()),
            Err(
                "unknown server settings \"fast\"; known: default, tuned, tuned-poll, tuned-timer"
                    .to_owned()
            )
        );
    }
}
