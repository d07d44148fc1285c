//! Histories as rows of text.

use orchbench_temporal::client::{Execution, HistoryEvent, PendingActivity};

/// How much of an argument or a result a row shows; `--json` has all of it.
const DATA_CHARS: usize = 80;

/// One line about an execution.
pub(super) fn title(execution: &Execution) -> String {
    let took = match (execution.started_ns, execution.closed_ns) {
        (Some(started), Some(closed)) => {
            format!(" after {}", duration(closed.saturating_sub(started)))
        }
        _ => String::new(),
    };
    format!(
        "{} {} (run {}): {}{took}; {} events; started {}",
        execution.workflow,
        execution.workflow_id,
        execution.run_id,
        execution.status,
        execution.events,
        time(execution.started_ns),
    )
}

/// A row an event: time since the start, number, kind, subject, attempt, duration, what came of it.
/// Workflow tasks are the machinery between the steps: without `all`, only those that went wrong.
pub(super) fn steps(history: &[HistoryEvent], all: bool) -> Vec<Vec<String>> {
    let start_ns = history.first().map_or(0, |event| event.t_ns);
    history
        .iter()
        .filter(|event| {
            all || !event.event_type.starts_with("WorkflowTask") || event.failure.is_some()
        })
        .map(|event| {
            vec![
                format!("{:>12}", since(event.t_ns.saturating_sub(start_ns))),
                format!("{:>4}", event.id),
                event.event_type.clone(),
                subject(event),
                event
                    .attempt
                    .map(|attempt| format!("attempt {attempt}"))
                    .unwrap_or_default(),
                event.since_origin_ns.map(duration).unwrap_or_default(),
                outcome(event),
            ]
        })
        .collect()
}

fn subject(event: &HistoryEvent) -> String {
    match (&event.name, &event.child) {
        (Some(name), Some(child)) => format!("{name} {child}"),
        (Some(name), None) => name.clone(),
        (None, child) => child.clone().unwrap_or_default(),
    }
}

fn outcome(event: &HistoryEvent) -> String {
    match (&event.failure, &event.data) {
        (Some(failure), _) => failure.clone(),
        (None, Some(data)) => cut(&data.to_string()),
        (None, None) => event
            .next_run_id
            .as_ref()
            .map(|run| format!("goes on as run {run}"))
            .unwrap_or_default(),
    }
}

/// A row a pending activity: which, attempt, state, last heartbeat's rows, last failure.
pub(super) fn pending(activities: &[PendingActivity]) -> Vec<Vec<String>> {
    activities
        .iter()
        .map(|each| {
            vec![
                format!("  {}", each.activity),
                format!("attempt {}", each.attempt),
                each.state.clone(),
                each.rows
                    .map(|rows| format!("{rows} rows"))
                    .unwrap_or_default(),
                each.last_failure
                    .as_ref()
                    .map(|failure| format!("last failure: {failure}"))
                    .unwrap_or_default(),
            ]
        })
        .collect()
}

/// A time of day in UTC, to the second.
fn time(ns: Option<u64>) -> String {
    ns.and_then(|ns| jiff::Timestamp::from_nanosecond(i128::from(ns)).ok())
        .map(|time| format!("{time:.0}"))
        .unwrap_or_default()
}

fn since(ns: u64) -> String {
    format!("+{:.3} s", seconds(ns))
}

fn duration(ns: u64) -> String {
    format!("{:.3} s", seconds(ns))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "nanoseconds of a run fit into 53 bits for a hundred days"
)]
fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(DATA_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: i64, event_type: &str, t_ns: u64) -> HistoryEvent {
        HistoryEvent {
            id,
            event_type: event_type.to_owned(),
            t_ns,
            name: None,
            origin: None,
            since_origin_ns: None,
            activity: None,
            activity_id: None,
            attempt: None,
            child: None,
            identity: None,
            data: None,
            failure: None,
            next_run_id: None,
        }
    }

    #[test]
    fn a_row_says_when_what_which_attempt_how_long_and_what_came_of_it() {
        let begun = 1_000_000_000;
        let history = [
            event(1, "WorkflowExecutionStarted", begun),
            event(2, "WorkflowTaskScheduled", begun),
            HistoryEvent {
                name: Some("load".to_owned()),
                attempt: Some(2),
                since_origin_ns: Some(1_500_000_000),
                data: Some("x".repeat(100).into()),
                ..event(7, "ActivityTaskCompleted", begun + 2_000_000_000)
            },
        ];
        let rows = steps(&history, false);
        assert_eq!(rows.len(), 2);
        let row: Vec<&str> = rows[1].iter().map(|cell| cell.trim()).collect();
        let said = [
            "+2.000 s",
            "7",
            "ActivityTaskCompleted",
            "load",
            "attempt 2",
        ];
        assert_eq!(row[..5], said);
        assert_eq!(row[5], "1.500 s");
        assert!(row[6].ends_with('…') && row[6].chars().count() == DATA_CHARS + 1);
        assert_eq!(steps(&history, true).len(), 3);
    }

    #[test]
    fn a_workflow_task_that_went_wrong_is_never_left_out() {
        let failed = HistoryEvent {
            failure: Some("[TMPRL1100] nondeterminism".to_owned()),
            ..event(4, "WorkflowTaskFailed", 0)
        };
        assert!(steps(&[failed], false)[0][6].contains("TMPRL1100"));
    }
}
