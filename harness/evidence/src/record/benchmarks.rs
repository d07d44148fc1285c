//! `benchmarks.json`: what criterion estimated, taken in after the run, and not sealed with it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{FORMAT_VERSION, FormatVersion};

/// Why criterion's estimates cannot be taken in.
#[derive(Debug, Error)]
#[error("{}: expected {expected}, found {found}", .path.display())]
pub struct CriterionError {
    path: PathBuf,
    expected: &'static str,
    found: String,
}

impl CriterionError {
    fn new(path: &Path, expected: &'static str, found: impl ToString) -> Self {
        Self {
            path: path.to_owned(),
            expected,
            found: found.to_string(),
        }
    }
}

/// Estimates of criterion by the benchmark's full id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Benchmarks {
    /// See [`super::FORMAT_VERSION`].
    pub format_version: FormatVersion,
    /// The estimates.
    pub benchmarks: BTreeMap<String, Benchmark>,
}

/// The median of a benchmark's iterations.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Benchmark {
    /// The estimate, nanoseconds.
    pub median_ns: f64,
    /// The lower end of its interval, by bootstrap.
    pub low_ns: f64,
    /// The upper end.
    pub high_ns: f64,
    /// The interval's level, such as 0.95.
    pub level: f64,
}

/// Criterion's `estimates.json`, of which the median is read.
#[derive(Deserialize)]
struct Estimates {
    median: Estimated,
}

#[derive(Deserialize)]
struct Estimated {
    point_estimate: f64,
    confidence_interval: Confidence,
}

#[derive(Deserialize)]
struct Confidence {
    confidence_level: f64,
    lower_bound: f64,
    upper_bound: f64,
}

/// Criterion's `benchmark.json`, of which the id is read.
#[derive(Deserialize)]
struct Id {
    full_id: String,
}

impl Benchmarks {
    /// What criterion has written below a folder such as `target/criterion`: of each benchmark the latest
    /// estimates, `…/new/estimates.json` and `…/new/benchmark.json`.
    ///
    /// # Errors
    /// When the folder has none, or one of them is not as criterion writes it.
    pub fn of_criterion(root: &Path) -> Result<Self, CriterionError> {
        let mut benchmarks = BTreeMap::new();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            let latest = folder.join("new");
            if latest.join("estimates.json").is_file() {
                let Id { full_id } = read(&latest.join("benchmark.json"))?;
                let Estimates { median } = read(&latest.join("estimates.json"))?;
                let Confidence {
                    confidence_level,
                    lower_bound,
                    upper_bound,
                } = median.confidence_interval;
                let benchmark = Benchmark {
                    median_ns: median.point_estimate,
                    low_ns: lower_bound,
                    high_ns: upper_bound,
                    level: confidence_level,
                };
                benchmarks.insert(full_id, benchmark);
            }
            let unread = |error| CriterionError::new(&folder, "a folder that can be read", error);
            for entry in fs::read_dir(&folder).map_err(unread)? {
                let path = entry.map_err(unread)?.path();
                if path.is_dir() {
                    folders.push(path);
                }
            }
        }
        if benchmarks.is_empty() {
            let expected = "criterion's folder, with new/estimates.json of a benchmark";
            return Err(CriterionError::new(root, expected, "none"));
        }
        Ok(Self {
            format_version: FORMAT_VERSION,
            benchmarks,
        })
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, CriterionError> {
    let expected = "what criterion writes";
    let text =
        fs::read_to_string(path).map_err(|error| CriterionError::new(path, expected, error))?;
    serde_json::from_str(&text).map_err(|error| CriterionError::new(path, expected, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(root: &Path, name: &str, id: &str, median: &str) {
        let latest = root.join(name).join("new");
        fs::create_dir_all(&latest).expect("a folder");
        let id = format!("{{\"full_id\": \"{id}\", \"title\": \"t\"}}");
        fs::write(latest.join("benchmark.json"), id).expect("written");
        fs::write(latest.join("estimates.json"), median).expect("written");
    }

    const MEDIAN: &str = r#"{"mean": null, "median": {"confidence_interval": {"confidence_level": 0.95,
        "lower_bound": 900.0, "upper_bound": 1200.0}, "point_estimate": 1000.0, "standard_error": 1.0}}"#;

    #[test]
    fn the_latest_estimates_are_read_wherever_they_lie() {
        let place = tempfile::tempdir().expect("a folder");
        written(place.path(), "a", "a", MEDIAN);
        written(&place.path().join("group"), "b/10", "group/b/10", MEDIAN);
        let found = Benchmarks::of_criterion(place.path()).expect("benchmarks");
        let ids: Vec<&String> = found.benchmarks.keys().collect();
        assert_eq!(ids, ["a", "group/b/10"]);
        let expected = Benchmark {
            median_ns: 1000.0,
            low_ns: 900.0,
            high_ns: 1200.0,
            level: 0.95,
        };
        assert_eq!(found.benchmarks["a"], expected);
    }

    #[test]
    fn what_is_not_criterions_is_refused_with_its_place() {
        let place = tempfile::tempdir().expect("a folder");
        let refused = |root: &Path| {
            Benchmarks::of_criterion(root)
                .expect_err("a refusal")
                .to_string()
        };
        assert!(refused(place.path()).ends_with("of a benchmark, found none"));
        let nowhere = place.path().join("nowhere");
        assert!(refused(&nowhere).contains("nowhere: expected a folder that can be read"));
        written(place.path(), "a", "a", "{}");
        let said = refused(place.path());
        assert!(
            said.contains("a/new/estimates.json: expected what criterion writes"),
            "{said}"
        );
    }
}
