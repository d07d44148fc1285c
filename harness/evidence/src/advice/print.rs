//! Advice for a terminal.

use super::{Advice, Choice, Standing};
use crate::document::{number, plural};

/// What comes before the table, the table of needs by option, and what comes after it.
pub fn text(advice: &Advice) -> (Vec<String>, Vec<Vec<String>>, Vec<String>) {
    let Some(first) = advice.recommended() else {
        return (
            vec!["no engine of this folder is an option".to_owned()],
            Vec::new(),
            Vec::new(),
        );
    };
    let mut before = vec![
        format!("{}: {}", advice.workload.title, first.label),
        reason(advice, first),
    ];
    before.extend(advice.both.then(|| BOTH.to_owned()));
    before.push(format!(
        "by {} that count, of a run that is {}",
        plural(advice.trials, "trial"),
        advice.conclusion
    ));
    before.push(String::new());
    let mut after = vec![String::new(), "what would change it:".to_owned()];
    let flips = advice.flips.iter();
    after.extend(flips.map(|flip| format!("  {}: {}", flip.change, label(advice, &flip.to))));
    if advice.flips.is_empty() {
        after.push("  no change of one field".to_owned());
    }
    (before, table(advice), after)
}

/// Said where each of two orchestrators has by itself what the other has not.
pub(super) const BOTH: &str = "each of the two has by itself what the other has not; assets executed by durable workflows \
would have both, and are not measured";

/// What the recommendation rests on, in words.
pub(super) fn reason(advice: &Advice, choice: &Choice) -> String {
    if choice.stances.is_empty() {
        return "it asks for nothing beyond a plain run, so the least that is added to one decides"
            .to_owned();
    }
    let standings = [
        Standing::Native,
        Standing::Emulated,
        Standing::NotMeasured,
        Standing::Lacking,
    ];
    let counts = standings.map(|standing| (choice.count(standing), standing.as_str()));
    let counts: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let tied = advice.choices.iter().skip(1).find(|other| {
        standings
            .iter()
            .all(|standing| other.count(*standing) == choice.count(*standing))
    });
    let tie = tied.map_or(String::new(), |other| {
        let adds = match other.added_s.and(choice.added_s) {
            Some(_) => "adds more time to a run",
            None => "what one of them adds to a run is not known",
        };
        format!("; {} stands as well, and {adds}", other.label)
    });
    let needs = plural(choice.stances.len(), "need");
    format!("of {needs} it has {}{tie}", counts.join(", "))
}

/// What an option's engine is called.
pub(super) fn label<'a>(advice: &'a Advice, engine: &'a str) -> &'a str {
    let mut choices = advice.choices.iter();
    let found = choices.find(|choice| choice.engine == engine);
    found.map_or(engine, |choice| choice.label.as_str())
}

/// The time that an option adds to a run.
pub(super) fn added(choice: &Choice) -> String {
    match choice.added_s {
        Some(seconds) => format!("{} s", number(seconds)),
        None => "not measured".to_owned(),
    }
}

fn table(advice: &Advice) -> Vec<Vec<String>> {
    let labels = advice.choices.iter().map(|choice| choice.label.clone());
    let mut rows = vec![
        std::iter::once("need".to_owned())
            .chain(labels)
            .collect::<Vec<_>>(),
    ];
    let needs = advice
        .choices
        .first()
        .map_or(&[][..], |choice| &choice.stances);
    for (at, need) in needs.iter().enumerate() {
        let standings = advice
            .choices
            .iter()
            .map(|choice| choice.stances[at].standing.as_str().to_owned());
        rows.push(
            std::iter::once(need.need.clone())
                .chain(standings)
                .collect(),
        );
    }
    let added = advice.choices.iter().map(added);
    rows.push(
        std::iter::once("added to a run".to_owned())
            .chain(added)
            .collect(),
    );
    rows
}
