//! What is unusual about extracts that succeeded: no rows at all, or many of them in quarantine.

use orchbench_journal::Day;

use crate::dataset::Dataset;
use crate::outcome::{DayResult, Extracted};
use crate::source::Source;

/// As many days as a warning names.
const NAMED_DAYS: usize = 3;

/// An extract: the dataset, its day where it has days, and what came of it.
pub type Extract<'a> = (Dataset, Option<Day>, &'a Extracted);

impl DayResult {
    /// The extracts of the day.
    pub fn extracts(&self) -> [Extract<'_>; 2] {
        [
            (Dataset::Flights, Some(self.day), &self.flights),
            (Dataset::Weather, Some(self.day), &self.weather),
        ]
    }
}

impl Source {
    /// Whether more of an extract is in quarantine than is usual for the source.
    #[must_use]
    pub fn is_unusual(&self, extracted: &Extracted) -> bool {
        extracted.quarantined as f64 > self.max_quarantine * extracted.extracted as f64
    }

    /// What a run of the source should warn of, a line a dataset and kind; usually nothing.
    #[must_use]
    pub fn warnings<'a>(&self, extracts: impl IntoIterator<Item = Extract<'a>>) -> Vec<String> {
        let extracts: Vec<Extract<'a>> = extracts.into_iter().collect();
        let of = |dataset: Dataset| {
            let own: Vec<&Extract<'a>> = extracts.iter().filter(|one| one.0 == dataset).collect();
            [no_rows(dataset, &own), self.quarantine(dataset, &own)]
        };
        Dataset::ALL.into_iter().flat_map(of).flatten().collect()
    }

    fn quarantine(&self, dataset: Dataset, extracts: &[&Extract<'_>]) -> Option<String> {
        let unusual = extracts.iter().filter(|one| self.is_unusual(one.2));
        let unusual: Vec<&&Extract<'_>> = unusual.collect();
        if unusual.is_empty() {
            return None;
        }
        let sum =
            |count: fn(&Extracted) -> u64| -> u64 { extracts.iter().map(|one| count(one.2)).sum() };
        let (quarantined, extracted) = (sum(|one| one.quarantined), sum(|one| one.extracted));
        let days = days(&unusual, extracts.len(), |extracted| {
            format!(" ({} of {})", extracted.quarantined, extracted.extracted)
        });
        let days = days.map_or(String::new(), |days| format!(" on {days}"));
        Some(format!(
            "{}: {quarantined} of {extracted} rows are in quarantine, more{days} than \
             max_quarantine = {} allows",
            dataset.name(),
            self.max_quarantine
        ))
    }
}

fn no_rows(dataset: Dataset, extracts: &[&Extract<'_>]) -> Option<String> {
    let empty = extracts.iter().filter(|one| one.2.extracted == 0);
    let empty: Vec<&&Extract<'_>> = empty.collect();
    if empty.is_empty() {
        return None;
    }
    let days = days(&empty, extracts.len(), |_| String::new());
    let days = days.map_or(String::new(), |days| format!(" for {days}"));
    Some(format!("{}: no rows{days}", dataset.name()))
}

/// Some of a number of days, such as `2 of 7 days: 2013-01-01, 2013-01-02`; `None` for what has no
/// days.
fn days(some: &[&&Extract<'_>], all: usize, more: impl Fn(&Extracted) -> String) -> Option<String> {
    let mut named = Vec::new();
    for (_, day, extracted) in some.iter().take(NAMED_DAYS) {
        named.push(format!("{}{}", (*day)?, more(extracted)));
    }
    let rest = match some.len().saturating_sub(NAMED_DAYS) {
        0 => String::new(),
        rest => format!(" and {rest} more"),
    };
    let of = format!("{} of {all} days", some.len());
    Some(format!("{of}: {}{rest}", named.join(", ")))
}
