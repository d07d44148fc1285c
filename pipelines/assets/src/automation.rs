//! What starts runs of a source's assets without a person: a schedule, a sensor and a rule; and, for
//! the example `order`, the sensor that undoes what failed.

mod arrivals;
mod corrections;

use std::path::Path;

use asset_engine::{Automation, Condition, Cron, Mode, Order, Rule, Schedule, Selection, Sensor};
use orchbench_etl::{Day, DayRange, Source, StepName};

pub use self::arrivals::arrivals;
use self::arrivals::arrived;
use self::corrections::corrected;
use crate::AssetsError;
use crate::approval::gate_key;
use crate::graph::asset_key;
use crate::order;

/// Six in the morning where the flights are.
const MORNINGS: (&str, &str) = ("0 6 * * *", "America/New_York");

/// The automations of a source:
/// - `<source>-daily`, a schedule: every morning, what is missing or stale up to the warehouse of
///   the day before;
/// - `<source>-arrivals`, a sensor: the same for each day that has arrived, see [`arrivals`];
/// - `<source>-corrections`, a sensor: the same for the days that were loaded and are not fresh any
///   more, as their input was seen in another version, or what was made of it is gone;
/// - `<source>-publication`, a rule: marts and announcement as soon as what they read has changed,
///   and with `gated` the gate between them, as soon as there is a new word.
///
/// # Errors
/// The source's name cannot be part of an asset key.
pub fn automations(
    work_dir: &Path,
    source: &Source,
    gated: bool,
) -> Result<Vec<Box<dyn Automation>>, AssetsError> {
    let name = &source.name;
    let warehouse = asset_key(name, StepName::Load)?;
    let up_to_warehouse = Selection::parse(&format!("*{warehouse}"))?;
    let of_days = {
        let selection = up_to_warehouse.clone();
        move |days: &[String], key: String| {
            Order::new(key, selection.clone().with_partitions(days)).mode(Mode::Stale)
        }
    };
    let (line, zone) = MORNINGS;
    let (scheduled, corrects) = (of_days.clone(), of_days.clone());
    let range = source.days;
    let daily = Schedule::new(
        format!("{name}-daily"),
        Cron::new(line, zone)?,
        move |tick| {
            // The calendar has a day before every day but its first.
            let day = tick.day.yesterday().map(|day| day.to_string());
            let known = day.into_iter().filter(|day| is_day_of(range, day));
            known
                .map(|day| scheduled(std::slice::from_ref(&day), day.clone()))
                .collect()
        },
    );
    let folder = arrivals(work_dir);
    let sensor = Sensor::new(format!("{name}-arrivals"), move |cx| {
        arrived(&folder, range, cx, |day| {
            of_days(&[day.to_owned()], day.to_owned())
        })
    });
    let own_name = format!("{name}-corrections");
    let corrections = Sensor::new(own_name.clone(), move |cx| {
        corrected(&own_name, &warehouse, &up_to_warehouse, cx, &corrects)
    });
    let mut published = vec![
        asset_key(name, StepName::Publish)?,
        asset_key(name, StepName::Announce)?,
    ];
    if gated {
        published.push(gate_key(name)?);
    }
    let rule = Rule::new(
        format!("{name}-publication"),
        Selection::assets(published),
        Condition::keep_fresh(),
    );
    Ok(vec![
        Box::new(daily),
        Box::new(sensor),
        Box::new(corrections),
        Box::new(rule),
    ])
}

/// Whether a text names a day of a range, written as partitions are.
fn is_day_of(range: DayRange, text: &str) -> bool {
    text.parse::<Day>()
        .is_ok_and(|day| range.contains(day) && day.to_string() == text)
}

/// The automation of the example `order`: `order-undo`, a sensor that starts the undoing of every
/// order whose run failed.
#[must_use]
pub fn order_automations() -> Vec<Box<dyn Automation>> {
    vec![Box::new(order::undo())]
}
