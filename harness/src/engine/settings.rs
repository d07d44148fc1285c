//! Named settings of engine and server. What each one sets is written into the results,
//! so that every figure can say under which it was taken.

use std::collections::BTreeMap;

use orchbench_lab::server::ServerSettings;

/// A named set of settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Its name in scenarios, results and reports.
    pub name: &'static str,
    /// The Temporal server's part.
    server: &'static str,
    /// Whether Temporal's workers use the short sticky timeout.
    pub tuned_worker: bool,
}

const ALL: [Settings; 5] = [
    Settings {
        name: "default",
        server: "default",
        tuned_worker: false,
    },
    Settings {
        name: "tuned",
        server: "tuned",
        tuned_worker: true,
    },
    Settings {
        name: "tuned-poll",
        server: "tuned-poll",
        tuned_worker: false,
    },
    Settings {
        name: "tuned-sticky",
        server: "default",
        tuned_worker: true,
    },
    Settings {
        name: "tuned-timer",
        server: "tuned-timer",
        tuned_worker: false,
    },
];

/// Names of all settings.
pub fn settings_names() -> Vec<&'static str> {
    ALL.iter().map(|each| each.name).collect()
}

/// The settings of a name.
pub fn settings(name: &str) -> Option<Settings> {
    ALL.into_iter().find(|each| each.name == name)
}

impl Settings {
    /// The Temporal server's part.
    pub fn server(&self) -> ServerSettings {
        ServerSettings::named(self.server).unwrap_or_default()
    }

    /// Every setting with its value, by engine, for environment.json.
    pub fn describe(&self) -> BTreeMap<String, String> {
        let engines = super::all();
        let described = engines.iter().flat_map(|engine| {
            let of_engine = (engine.describe)(self).into_iter();
            of_engine.map(|(key, value)| (format!("{} {key}", engine.name), value))
        });
        described.collect()
    }

    /// The Temporal worker's part.
    pub fn worker(&self) -> orchbench_temporal::SettingsName {
        if self.tuned_worker {
            orchbench_temporal::SettingsName::Tuned
        } else {
            orchbench_temporal::SettingsName::Default
        }
    }
}
