//! Names of what is to come, and the nearest known one.

/// Experiments that claims wait for, in alphabetical order.
pub(super) const PLANNED_EXPERIMENTS: &[&str] = &[
    "change",
    "dbt",
    "effort",
    "limits",
    "microservices",
    "timers",
];

/// The name that is written most like the given one.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .max_by(|a, b| strsim::jaro_winkler(name, a).total_cmp(&strsim::jaro_winkler(name, b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_a_planned_experiment_is_not_there_yet() {
        assert!(PLANNED_EXPERIMENTS.is_sorted());
        for experiment in crate::experiment::all() {
            assert!(!PLANNED_EXPERIMENTS.contains(&experiment.name));
        }
    }

    #[test]
    fn the_nearest_name_is_found() {
        assert_eq!(
            nearest("recovry_ms", crate::experiment::metrics()),
            Some("recovery_ms")
        );
        assert_eq!(nearest("x", []), None);
    }
}
