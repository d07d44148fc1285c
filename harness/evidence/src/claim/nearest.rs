//! The nearest known name.

/// The name that is written most like the given one.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .max_by(|a, b| strsim::jaro_winkler(name, a).total_cmp(&strsim::jaro_winkler(name, b)))
}

/// The nearest known name to one that serde does not know, as the end of its message; empty where it names
/// none. It has the unknown one first and those that it knows after it, in backticks.
pub(crate) fn hint(message: &str) -> String {
    let mut names = message.split('`').skip(1).step_by(2);
    let found = names.next().unwrap_or_default();
    nearest(found, names)
        .map(|name| format!("; did you mean {name:?}?"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found() {
        assert_eq!(
            nearest("recovry_ms", crate::experiment::metrics()),
            Some("recovery_ms")
        );
        assert_eq!(nearest("x", []), None);
    }
}
