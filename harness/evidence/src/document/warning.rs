//! Warnings as texts.

use super::{Text, figure, path, text};
use crate::record::Warning;

/// A warning's words, those of its `Display`, with every field a figure of its own; `index` is
/// its place in `verdicts.json`.
pub fn warning(index: usize, warning: &Warning) -> Text {
    let place = |field: &str| path::verdicts(&format!("warnings/{index}/{field}"));
    let quoted = |text: &str, field: &str| figure::quoted(text, place(field));
    let count = |count: usize, field: &str| figure::count(count, place(field));
    let trial = |trial: &str| text!["trial ", quoted(trial, "trial")];
    match warning {
        Warning::Partial { ended, planned } => text![
            "partial results: ",
            count(*ended, "ended"),
            " of ",
            count(*planned, "planned"),
            " planned trials have an end",
        ],
        Warning::Unreachable { engine, reason } => text![
            "engine ",
            quoted(engine, "engine"),
            " could not be reached: ",
            quoted(reason, "reason")
        ],
        Warning::Unfinished { trial: id, reason } => text![
            trial(id),
            " was not made to its end: ",
            quoted(reason, "reason")
        ],
        Warning::Void { trial: id, reason } => text![
            trial(id),
            " is void and counts for nothing: ",
            quoted(reason, "reason")
        ],
        Warning::NothingCounts { condition } => {
            text!["no trial counts: ", quoted(condition, "condition")]
        }
        Warning::NotReached { part, points } => text![
            "sweep ",
            quoted(part, "part"),
            ": no trial reached ",
            quoted(&points.join(", "), "points")
        ],
        Warning::Malformed { trial: id, message } => {
            text![trial(id), " cannot be read: ", quoted(message, "message")]
        }
        Warning::Damaged { file, problem } => {
            text![quoted(file, "file"), ": ", quoted(problem, "problem")]
        }
        Warning::BusyAtStart { load_percent } => text![
            "the machine was busy when the run began: a load of ",
            count(*load_percent as usize, "load_percent"),
            " % of one processor; every figure is of a busy machine",
        ],
        Warning::Busy {
            trial: id,
            steal_percent,
            foreign_percent,
        } => text![
            trial(id),
            ": the machine was busy with something else (",
            count(*foreign_percent as usize, "foreign_percent"),
            " % of its processors, ",
            count(*steal_percent as usize, "steal_percent"),
            " % stolen)",
        ],
        Warning::Differs { file } => text![
            quoted(file, "file"),
            " is not what the raw files give: `orchbench report` writes it anew"
        ],
        Warning::GeneratorLate {
            trial: id,
            load,
            lateness_us,
        } => text![
            trial(id),
            ": the generator of the open loop at ",
            quoted(load, "load"),
            " was late (",
            count(*lateness_us as usize, "lateness_us"),
            " µs at p99, more than 5 % of the median latency), so its latencies are left out",
        ],
        Warning::BehindOffer {
            trial: id,
            load,
            achieved_percent,
        } => text![
            trial(id),
            ": the open loop at ",
            quoted(load, "load"),
            " achieved ",
            count(*achieved_percent as usize, "achieved_percent"),
            " % of its offer (99 % needed), so its latencies are left out",
        ],
        Warning::LocalImage { version } => text![
            "the server's image ",
            quoted(version, "version"),
            " was built locally under the vendor's name"
        ],
        Warning::DebugBuild => Text::from(warning.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_reads_as_its_display_does() {
        let partial = Warning::Partial {
            ended: 3,
            planned: 5,
        };
        let behind = Warning::BehindOffer {
            trial: "open-1".into(),
            load: "half".into(),
            achieved_percent: 5,
        };
        let late = Warning::GeneratorLate {
            trial: "open-1".into(),
            load: "half".into(),
            lateness_us: 2_000,
        };
        let busy = Warning::Busy {
            trial: "open-1".into(),
            steal_percent: 1,
            foreign_percent: 30,
        };
        let busy_at_start = Warning::BusyAtStart { load_percent: 304 };
        let differs = Warning::Differs {
            file: "claims.json".into(),
        };
        let void = Warning::Void {
            trial: "kill-1".into(),
            reason: "the fault hit nothing".into(),
        };
        let unreachable = Warning::Unreachable {
            engine: "an-engine".into(),
            reason: "nobody answers".into(),
        };
        let unfinished = Warning::Unfinished {
            trial: "open-1".into(),
            reason: "interrupted".into(),
        };
        let nothing = Warning::NothingCounts {
            condition: "kills on an-engine".into(),
        };
        let not_reached = Warning::NotReached {
            part: "kills".into(),
            points: vec!["load/after_effect".into(), "load/before_return".into()],
        };
        let malformed = Warning::Malformed {
            trial: "open-1".into(),
            message: "line 3".into(),
        };
        let damaged = Warning::Damaged {
            file: "plan.json".into(),
            problem: "sealed, and missing".into(),
        };
        let local = Warning::LocalImage {
            version: "1.2".into(),
        };
        for each in [
            partial,
            behind,
            late,
            busy,
            busy_at_start,
            differs,
            void,
            unreachable,
            unfinished,
            nothing,
            not_reached,
            malformed,
            damaged,
            local,
            Warning::DebugBuild,
        ] {
            assert_eq!(warning(0, &each).as_read(), each.to_string());
        }
    }
}
