//! Schedules: runs at the times of a cron line.

mod cursor;

use jiff::Timestamp;
use jiff::civil::Date;

use super::{Automation, AutomationError, Evaluation, EvaluationContext, Order};
use crate::cron::Cron;
use crate::partition::Partitions;
use crate::selection::Selection;
use cursor::Cursor;

/// Missed times that are made good when nothing else is said, as Dagster's `max_catchup_runs`.
const CATCH_UP: usize = 5;

/// What makes orders of a time.
type Orders = Box<dyn Fn(&ScheduledTick) -> Vec<Order> + Send>;

/// Runs at the times of a cron line, from the time on at which it is first evaluated.
///
/// A line that is changed counts from the first evaluation that sees it; up to then, the times of the
/// one before do. Where both come once on the day on which that one came last, the new line leaves out
/// that day: what is run daily is run once a day. (Dagster's schedules by partition have the
/// partition as run key, so that it is never run twice.)
pub struct Schedule {
    name: String,
    cron: Cron,
    catch_up: usize,
    orders: Orders,
}

/// One time of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScheduledTick {
    /// The time; its text is a key for an order.
    pub at: Timestamp,
    /// The day on the calendar of the schedule's place.
    pub day: Date,
}

impl Schedule {
    /// A schedule whose orders for each time are made by a function.
    pub fn new(
        name: impl Into<String>,
        cron: Cron,
        orders: impl Fn(&ScheduledTick) -> Vec<Order> + Send + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            cron,
            catch_up: CATCH_UP,
            orders: Box::new(orders),
        }
    }

    /// A schedule that materializes the partition of the day before: at six in the morning, what
    /// yesterday brought.
    pub fn of_previous_day(name: impl Into<String>, cron: Cron, selection: Selection) -> Self {
        Self::new(name, cron, move |tick| {
            // The calendar has a day before every day but its first.
            let Ok(day) = tick.day.yesterday() else {
                return Vec::new();
            };
            let selection = selection.clone().with_partitions([day.to_string()]);
            vec![Order::new(tick.at.to_string(), selection)]
        })
    }

    /// A schedule that materializes the latest partition that is over at each time: every hour the hour
    /// before, on the first of a month the month before (Dagster's
    /// `build_schedule_from_partitioned_job`). Nothing while none is over.
    pub fn of_latest(
        name: impl Into<String>,
        cron: Cron,
        selection: Selection,
        partitions: Partitions,
    ) -> Self {
        Self::new(name, cron, move |tick| {
            // More keys than can be counted are none to be had.
            let keys = partitions.latest(tick.at).unwrap_or_default();
            let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
            if keys.is_empty() {
                return Vec::new();
            }
            let selection = selection.clone().with_partitions(keys);
            vec![Order::new(tick.at.to_string(), selection)]
        })
    }

    /// Sets how many missed times are made good, the newest of them; at least the newest is.
    #[must_use]
    pub fn catch_up(mut self, times: usize) -> Self {
        self.catch_up = times.max(1);
        self
    }
}

impl Automation for Schedule {
    fn name(&self) -> &str {
        &self.name
    }

    fn evaluate(&self, cx: &EvaluationContext<'_>) -> Result<Evaluation, AutomationError> {
        let Some(cursor) = cx.cursor else {
            return Ok(Evaluation {
                cursor: Some(Cursor::new(&self.cron, cx.now).text()?),
                note: Some(format!("begins with the first time after {}", cx.now)),
                ..Evaluation::default()
            });
        };
        let cursor = Cursor::read(cursor, &self.cron)?;
        let line = cursor.line()?;
        let times = line.ticks(cursor.after, cx.now).map(|at| {
            let day = line.day(at);
            ScheduledTick { at, day }
        });
        let (due, had): (Vec<_>, Vec<_>) = times.partition(|tick| cursor.had != Some(tick.day));
        let missed = due.len().saturating_sub(self.catch_up);
        let mut notes = Vec::new();
        if missed > 0 {
            notes.push(format!("{missed} missed times are not made good"));
        }
        if let Some(tick) = had.first() {
            let at = tick.at;
            notes.push(format!(
                "{at} is left out: its day was run before the line was changed"
            ));
        }
        let mut next = cursor.clone();
        if let Some(last) = due.iter().chain(&had).map(|tick| tick.at).max() {
            next.after = last;
        }
        next.ran = due.last().map(|tick| tick.day).or(cursor.ran);
        if line != self.cron {
            next = next.changed(&line, &self.cron, cx.now);
            notes.push(format!(
                "the line was {line} up to {}, now {}",
                cx.now, self.cron
            ));
        }
        let due = due[missed..].iter();
        let mut evaluation = Evaluation::new(due.flat_map(|tick| (self.orders)(tick)));
        evaluation.cursor = (next != cursor).then(|| next.text()).transpose()?;
        evaluation.note = (!notes.is_empty()).then(|| notes.join("; "));
        Ok(evaluation)
    }
}
