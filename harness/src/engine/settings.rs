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

    /// Every setting with its value, for environment.json.
    pub fn describe(&self) -> BTreeMap<String, String> {
        let mut described: BTreeMap<String, String> = self
            .server()
            .dynamic_config
            .into_iter()
            .map(|(key, value)| (format!("server: {key}"), value))
            .collect();
        let worker = orchbench_temporal::WorkerSettings::of(self.worker());
        if let Ok(serde_json::Value::Object(worker)) = serde_json::to_value(worker) {
            described.extend(
                worker
                    .into_iter()
                    .map(|(key, value)| (format!("worker: {key}"), value.to_string())),
            );
        }
        described
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
