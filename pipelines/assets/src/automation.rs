//! What starts runs of a source's assets without a person: a schedule, a sensor and a rule; and, for
//! the example `order`, the sensor that undoes what failed.

use std::path::{Path, PathBuf};

use asset_engine::{
    Automation, Condition, Cron, Evaluation, EvaluationContext, Mode, Order, Rule, Schedule,
    Selection, Sensor,
};
use orchbench_etl::{Day, Source, StepName};

use crate::AssetsError;
use crate::approval::gate_key;
use crate::graph::asset_key;
use crate::order::undo_of_failed;

/// Six in the morning where the flights are.
const MORNINGS: (&str, &str) = ("0 6 * * *", "America/New_York");

/// The folder in which the sensor looks for arrivals: an entry is called after the day whose input
/// has arrived, such as `2013-01-01`.
#[must_use]
pub fn arrivals(work_dir: &Path) -> PathBuf {
    work_dir.join("arrivals")
}

/// The automations of a source:
/// - `<source>-daily`, a schedule: every morning, what is missing or stale up to the warehouse of
///   the day before;
/// - `<source>-arrivals`, a sensor: the same for each day that has arrived, see [`arrivals`];
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
    let days = source.partitions();
    let of_day = move |day: &str, key: String| {
        let known = day.parse::<Day>().is_ok_and(|day| days.contains(&day));
        known.then(|| Order {
            mode: Mode::Stale,
            ..Order::new(key, up_to_warehouse.clone().with_partitions([day]))
        })
    };
    let (line, zone) = MORNINGS;
    let scheduled = of_day.clone();
    let daily = Schedule::new(
        format!("{name}-daily"),
        Cron::new(line, zone)?,
        move |tick| {
            // The calendar has a day before every day but its first.
            let day = tick.day.yesterday().map(|day| day.to_string());
            day.iter()
                .filter_map(|day| scheduled(day, day.clone()))
                .collect()
        },
    );
    let folder = arrivals(work_dir);
    let sensor = Sensor::new(format!("{name}-arrivals"), move |cx| {
        arrived(&folder, cx, |day| of_day(day, day.to_owned()))
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
        Condition::eager(),
    );
    Ok(vec![Box::new(daily), Box::new(sensor), Box::new(rule)])
}

/// Orders for the days that have arrived since the cursor, which is the newest day seen. Days that
/// arrive late, after a younger one, are for a backfill.
fn arrived(
    folder: &Path,
    cx: &EvaluationContext<'_>,
    order: impl Fn(&str) -> Option<Order>,
) -> Result<Evaluation, String> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(Evaluation::default());
        }
        Err(error) => return Err(format!("{}: {error}", folder.display())),
    };
    let mut days = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| format!("{}: {error}", folder.display()))?;
        days.push(entry.file_name().to_string_lossy().into_owned());
    }
    days.retain(|day| cx.cursor.is_none_or(|seen| day.as_str() > seen));
    days.sort();
    Ok(Evaluation {
        orders: days.iter().filter_map(|day| order(day)).collect(),
        cursor: days.pop(),
        note: None,
    })
}

/// The automation of the example `order`: `order-undo`, a sensor that starts the undoing of every
/// order whose run failed.
#[must_use]
pub fn order_automations() -> Vec<Box<dyn Automation>> {
    vec![Box::new(Sensor::new("order-undo", undo_of_failed))]
}
