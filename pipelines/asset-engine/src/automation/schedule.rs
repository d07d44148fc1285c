//! Schedules: runs at the times of a cron line.

use jiff::Timestamp;
use jiff::civil::Date;

use super::{Automation, AutomationError, Cron, Evaluation, EvaluationContext, Order};
use crate::selection::Selection;

/// Missed times that are made good when nothing else is said, as Dagster's `max_catchup_runs`.
const CATCH_UP: usize = 5;

/// What makes orders of a time.
type Orders = Box<dyn Fn(&ScheduledTick) -> Vec<Order> + Send>;

/// Runs at the times of a cron line, from the time on at which it is first evaluated.
pub struct Schedule {
    name: String,
    cron: Cron,
    catch_up: usize,
    orders: Orders,
}

/// One time of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
                cursor: Some(cx.now.to_string()),
                note: Some(format!("begins with the first time after {}", cx.now)),
                ..Evaluation::default()
            });
        };
        let after: Timestamp =
            cursor
                .parse()
                .map_err(|error: jiff::Error| AutomationError::Cursor {
                    found: cursor.to_owned(),
                    reason: error.to_string(),
                })?;
        let ticks: Vec<Timestamp> = self.cron.ticks(after, cx.now).collect();
        let missed = ticks.len().saturating_sub(self.catch_up);
        let tick = |at: &Timestamp| {
            let day = self.cron.day(*at)?;
            Some(ScheduledTick { at: *at, day })
        };
        let due = ticks[missed..].iter().filter_map(tick);
        Ok(Evaluation {
            orders: due.flat_map(|tick| (self.orders)(&tick)).collect(),
            cursor: ticks.last().map(ToString::to_string),
            note: (missed > 0).then(|| format!("{missed} missed times are not made good")),
        })
    }
}
