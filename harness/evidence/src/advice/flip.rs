//! What would change the recommendation: one field of the workload at a time.

use serde::Serialize;

use super::field::{self, FIELDS, Field, Holds};
use super::weigh::Options;
use super::workload::Workload;

/// A change of one field, and what would then be recommended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Flip {
    /// The field with its value, as the workload's file would have it.
    pub change: String,
    /// The value that it has.
    pub now: String,
    /// The engine that would be recommended.
    pub to: String,
    /// The needs of the changed workload that nobody has measured of it.
    pub not_measured: Vec<String>,
}

impl Flip {
    /// What would be recommended under its label, and what is not known of it.
    pub fn told(&self, label: &str) -> String {
        match self.not_measured.as_slice() {
            [] => label.to_owned(),
            [only] => format!("{label}, of which {only} is not measured"),
            several => format!("{label}, of which {} are not measured", several.join(", ")),
        }
    }
}

/// The numbers of which it matters how large they are, and not only whether they ask for something.
const SCALED: [&str; 2] = ["peak_runs_a_second", "steps"];

/// The changes that change it: what is asked for is not, and the other way round; of a number that is scaled
/// the nearest that does, up and down.
pub(super) fn flips(workload: &Workload, options: &Options<'_>) -> Vec<Flip> {
    let recommended = |workload: &Workload| options.choices(workload).into_iter().next();
    let engine = recommended(workload).map(|choice| choice.engine);
    let flip = |field: &Field, value: toml::Value| {
        let change = field.said(&value);
        let to = recommended(&workload.with(field.name, value))?;
        (Some(&to.engine) != engine.as_ref()).then(|| Flip {
            change,
            now: field.shown(workload),
            not_measured: to.not_measured(),
            to: to.engine,
        })
    };
    let switches = FIELDS
        .iter()
        .filter(|field| !SCALED.contains(&field.name))
        .filter_map(|field| flip(field, field.other(workload)?));
    let mut flips: Vec<Flip> = switches.collect();
    for field in SCALED.into_iter().filter_map(field::named) {
        let at = |number| flip(field, field.valued(workload, f64::from(number))?);
        let nearest = scales(field, workload).into_iter();
        let nearest = nearest.filter_map(|scale| first_that(&scale, |number| at(number).is_some()));
        flips.extend(nearest.filter_map(&at));
    }
    flips
}

/// The numbers from where a field stands, up by doublings and down by halves.
fn scales(field: &Field, workload: &Workload) -> [Vec<u32>; 2] {
    let Holds::Number { least, most, .. } = field.holds else {
        return [Vec::new(), Vec::new()];
    };
    let (least, most) = (least.ceil() as u32, most as u32);
    let now = field.number(workload).round() as u32;
    let up = |number: &u32| (*number < most).then(|| number.saturating_mul(2).clamp(1, most));
    let down = |number: &u32| (*number > least).then(|| (number / 2).max(least));
    [
        std::iter::successors(Some(now), up).collect(),
        std::iter::successors(Some(now), down).collect(),
    ]
}

/// Of a scale, whose first number does not differ, the number nearest to that which does.
fn first_that(scale: &[u32], differs: impl Fn(u32) -> bool) -> Option<u32> {
    let at = scale.iter().skip(1).position(|number| differs(*number))?;
    Some(nearest(scale[at], scale[at + 1], differs))
}

/// Between a number that does not differ and one that does, one that does beside one that does not, by
/// halves.
fn nearest(mut same: u32, mut other: u32, differs: impl Fn(u32) -> bool) -> u32 {
    while same.abs_diff(other) > 1 {
        let middle = same.midpoint(other);
        if differs(middle) {
            other = middle;
        } else {
            same = middle;
        }
    }
    other
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_scale_the_nearest_number_that_differs_is_found() {
        let up = [3, 6, 12, 24];
        assert_eq!(first_that(&up, |number| number >= 17), Some(17));
        assert_eq!(first_that(&up, |number| number >= 4), Some(4));
        assert_eq!(
            first_that(&[40, 20, 10, 5], |number| number <= 33),
            Some(33)
        );
        assert_eq!(first_that(&up, |_| false), None);
        assert_eq!(first_that(&[7], |_| true), None);
    }
}
