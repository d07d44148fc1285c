//! What differs between the environments of two runs.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use crate::record::Environment;

/// A field that is not the same in both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Its place in environment.json, such as `server/version`.
    pub field: String,
    /// What the earlier run has there; empty where nothing.
    pub a: String,
    /// What the later one has.
    pub b: String,
}

/// Different in any two runs, and told with each.
const OF_THE_MOMENT: [&str; 3] = ["started_at", "load_1m", "foreign_share"];

/// All of them, by place.
pub(super) fn differences(a: &Environment, b: &Environment) -> Vec<Difference> {
    let (a, b) = (fields(a), fields(b));
    let places: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let told = |fields: &BTreeMap<String, String>, place: &String| {
        fields.get(place).cloned().unwrap_or_default()
    };
    places
        .into_iter()
        .filter(|place| a.get(*place) != b.get(*place))
        .filter(|place| !OF_THE_MOMENT.contains(&place.as_str()))
        .map(|place| Difference {
            field: place.clone(),
            a: told(&a, place),
            b: told(&b, place),
        })
        .collect()
}

/// Every value by its place.
fn fields(environment: &Environment) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    // A record of plain fields has a JSON form.
    let value = serde_json::to_value(environment).unwrap_or_default();
    collect(String::new(), &value, &mut found);
    found
}

fn collect(place: String, value: &Value, found: &mut BTreeMap<String, String>) {
    let under = |name: &str| match place.as_str() {
        "" => name.to_owned(),
        place => format!("{place}/{name}"),
    };
    match value {
        Value::Object(fields) => fields
            .iter()
            .for_each(|(name, value)| collect(under(name), value, found)),
        Value::Array(items) => (0..).zip(items).for_each(|(index, value): (usize, _)| {
            collect(under(&index.to_string()), value, found)
        }),
        Value::Null => {}
        Value::String(text) => {
            found.insert(place, text.clone());
        }
        other => {
            found.insert(place, other.to_string());
        }
    }
}
