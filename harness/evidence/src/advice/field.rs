//! The fields of a workload, each once: what is asked for it, what it may be, and what it stands at where a
//! workload does not ask for it.

use std::ops::RangeInclusive;

use super::workload::Workload;

/// One field.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// As the workload's file has it.
    pub name: &'static str,
    /// What is asked for it.
    pub asks: &'static str,
    /// What is likely, as the file would have it.
    pub otherwise: &'static str,
    /// What it may be.
    pub holds: Holds,
}

/// What a field may be.
#[derive(Debug, Clone, Copy)]
pub enum Holds {
    /// Words.
    Words,
    /// Whether something is needed.
    Switch,
    /// A number.
    Number {
        /// The least that it may be; of a need, that there is none.
        least: f64,
        /// The most that it may be.
        most: f64,
        /// The least that is likely to be meant where there is a need; `None` of a number that is none.
        meant: Option<f64>,
    },
}

/// How many steps a run may have.
pub(super) const STEPS: RangeInclusive<u32> = 1..=100_000;

/// The longest that a run may wait, hours: a century.
const CENTURY_HOURS: f64 = 100.0 * 365.0 * 24.0;

/// All fields, in the order in which they are asked for.
pub const FIELDS: &[Field] = &[
    words("title", "what is it called", "\"my pipeline\""),
    number(
        "steps",
        "how many steps has a run",
        "10",
        [*STEPS.start() as f64, *STEPS.end() as f64],
        None,
    ),
    number(
        "step_seconds",
        "how long does a step take, seconds",
        "10",
        [0.0, 7.0 * 86_400.0],
        None,
    ),
    switch(
        "side_by_side",
        "are the steps made side by side, not one after the other",
    ),
    number(
        "runs_a_day",
        "how many runs, or partitions, are there a day",
        "1",
        [0.0, 1e8],
        None,
    ),
    number(
        "peak_runs_a_second",
        "how many runs begin a second when most do (0: few)",
        "0",
        [0.0, 1e6],
        Some(10.0),
    ),
    number(
        "hosts",
        "on how many hosts are steps made",
        "1",
        [1.0, 1e5],
        Some(2.0),
    ),
    switch("people", "does somebody decide while a run waits"),
    number(
        "longest_wait_hours",
        "how long may a run wait for something outside, hours",
        "0",
        [0.0, CENTURY_HOURS],
        Some(24.0),
    ),
    switch(
        "undo",
        "is what a run did to be undone when it fails for good",
    ),
    switch(
        "lineage",
        "is it asked which data was made from which, and when",
    ),
    switch(
        "backfill",
        "are many partitions made at once, such as a year's",
    ),
    switch(
        "services",
        "are steps calls of services, which may be late, fail or refuse",
    ),
    switch("dbt_models", "are steps the models of a dbt project"),
    number(
        "failed_attempts",
        "which share of attempts at a step fails",
        "0.01",
        [0.0, 0.99],
        Some(0.01),
    ),
    number(
        "kills_a_month",
        "how often does a process with runs in work die, a month",
        "1",
        [0.0, 1e6],
        Some(1.0),
    ),
    number(
        "corrections_a_month",
        "how many partitions are corrected later, a month",
        "0",
        [0.0, 1e6],
        Some(1.0),
    ),
    number(
        "price_an_action",
        "what does an action of Temporal's cloud cost (0: it is operated by oneself)",
        "0",
        [0.0, 1e6],
        None,
    ),
    number(
        "price_a_materialization",
        "what does a materialization of Dagster's cloud cost (0: it is operated by oneself)",
        "0",
        [0.0, 1e6],
        None,
    ),
];

const fn words(name: &'static str, asks: &'static str, otherwise: &'static str) -> Field {
    Field {
        name,
        asks,
        otherwise,
        holds: Holds::Words,
    }
}

const fn switch(name: &'static str, asks: &'static str) -> Field {
    Field {
        name,
        asks,
        otherwise: "false",
        holds: Holds::Switch,
    }
}

const fn number(
    name: &'static str,
    asks: &'static str,
    otherwise: &'static str,
    [least, most]: [f64; 2],
    meant: Option<f64>,
) -> Field {
    Field {
        name,
        asks,
        otherwise,
        holds: Holds::Number { least, most, meant },
    }
}

/// The field of this name.
pub(super) fn named(name: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.name == name)
}

impl Field {
    /// What was expected, where a workload's value cannot be.
    pub(super) fn refuses(&self, workload: &Workload) -> Option<String> {
        let Holds::Number { least, most, .. } = self.holds else {
            return None;
        };
        let found = self.number(workload);
        let name = self.name;
        let refused = || format!("{name}: expected {least} to {most}, found {found}");
        (!(least..=most).contains(&found)).then(refused)
    }

    /// Whether a workload asks for something by it.
    pub(super) fn asks(&self, workload: &Workload) -> bool {
        match self.holds {
            Holds::Words => false,
            Holds::Switch => self.of(workload) == Some(true.into()),
            Holds::Number { least, .. } => self.number(workload) > least,
        }
    }

    /// What it would be if what is asked for were not, or the other way round; `None` of a field that
    /// asks for nothing.
    pub(super) fn other(&self, workload: &Workload) -> Option<toml::Value> {
        let asked = self.asks(workload);
        match self.holds {
            Holds::Words => None,
            Holds::Switch => Some((!asked).into()),
            Holds::Number { least, meant, .. } => {
                let meant = meant?;
                self.valued(workload, if asked { least } else { meant })
            }
        }
    }

    /// A number as the workload's file has this field; `None` of one that the file does not have.
    pub(super) fn valued(&self, workload: &Workload, number: f64) -> Option<toml::Value> {
        Some(match self.of(workload)? {
            toml::Value::Integer(_) => toml::Value::Integer(number as i64),
            _ => toml::Value::Float(number),
        })
    }

    /// The value that a workload has there.
    pub(super) fn shown(&self, workload: &Workload) -> String {
        let value = self.of(workload);
        value.map_or_else(String::new, |value| shown(&value))
    }

    /// With a value, as the workload's file would have it.
    pub(super) fn said(&self, value: &toml::Value) -> String {
        format!("{} = {}", self.name, shown(value))
    }

    /// The number that a workload has there; 0 of another field.
    pub(super) fn number(&self, workload: &Workload) -> f64 {
        let value = self.of(workload);
        value.as_ref().and_then(number_of).unwrap_or(0.0)
    }

    fn of(&self, workload: &Workload) -> Option<toml::Value> {
        workload.as_table().remove(self.name)
    }
}

fn shown(value: &toml::Value) -> String {
    number_of(value).map_or_else(|| value.to_string(), |number| number.to_string())
}

fn number_of(value: &toml::Value) -> Option<f64> {
    let whole = value.as_integer().map(|whole| whole as f64);
    whole.or_else(|| value.as_float())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_are_those_of_a_workload_and_documented() {
        let text = FIELDS
            .iter()
            .map(|field| format!("{} = {}", field.name, field.otherwise));
        let text: Vec<String> = text.collect();
        let workload = Workload::parse("likely", &text.join("\n")).expect("what is likely can be");
        let table = workload.as_table();
        let names: Vec<&str> = FIELDS.iter().map(|field| field.name).collect();
        assert!(table.keys().all(|name| names.contains(&name.as_str())));
        assert_eq!(table.len(), names.len());
        let page = include_str!("../../../../docs/architecture-review.md");
        for name in names {
            assert!(page.contains(&format!("`{name}`")), "{name}");
        }
    }

    #[test]
    fn the_other_of_the_other_is_what_was() {
        let text = "title = \"t\"\nsteps = 3\nstep_seconds = 1\nruns_a_day = 1";
        let workload = Workload::parse("w", text).expect("a workload");
        for field in FIELDS {
            let Some(other) = field.other(&workload) else {
                continue;
            };
            let moved = workload.with(field.name, other);
            assert!(
                field.asks(&moved) && !field.asks(&workload),
                "{}",
                field.name
            );
            let back = field.other(&moved).expect("it asks");
            assert_eq!(moved.with(field.name, back), workload);
        }
    }
}
