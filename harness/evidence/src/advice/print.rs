//! Advice for a terminal: figures with numbers in brackets, which the last lines resolve to their places
//! in the results folder.

use super::{Advice, Choice, Flip, Rehearsed, Standing};
use crate::document::{Span, Text, figure, number, path, text};

/// What comes before the table, the table of needs by option, and what comes after it.
pub fn text(advice: &Advice) -> (Vec<String>, Vec<Vec<String>>, Vec<String>) {
    let Some(first) = advice.recommended() else {
        return (
            vec!["no engine of this folder is an option".to_owned()],
            Vec::new(),
            Vec::new(),
        );
    };
    let mut notes = Notes::default();
    let mut before = vec![
        format!("{}: {}", advice.workload.title, first.label),
        reason(advice, first),
    ];
    before.push(format!("{BOTH}: {}", both(advice)));
    before.push(notes.told(&rests_on(advice)));
    before.push(String::new());
    let table = table(advice, &mut notes);
    let mut after = vec![String::new(), format!("what was seen of {}:", first.label)];
    let seen = first.stances.iter();
    after
        .extend(seen.map(|stance| format!("  {}: {}", stance.need, notes.told(&stance.grounds()))));
    let added = notes.told(&first.added.seen);
    after.push(format!("  added to a run: {added}"));
    for choice in &advice.choices {
        let seen = choice.price.as_ref().map(|price| notes.told(&price.seen));
        after.extend(seen.map(|seen| format!("what a month of {} costs: by {seen}", choice.label)));
    }
    after.extend([String::new(), "what would change it:".to_owned()]);
    let flips = advice.flips.iter();
    after.extend(flips.map(|flip| {
        let Flip { change, now, .. } = flip;
        format!(
            "  {change} (now {now}): {}",
            flip.told(label(advice, &flip.to))
        )
    }));
    if advice.flips.is_empty() {
        after.push("  no change of one field".to_owned());
    }
    after.extend([String::new(), "where the figures are:".to_owned()]);
    after.extend(notes.listed(""));
    (before, table, after)
}

/// The option of which there is no engine yet.
pub(super) const BOTH: &str = "both (assets on Temporal)";
/// What is known of it.
pub(super) const BOTH_UNMEASURED: &str =
    "no engine here executes assets by durable workflows: not measured";
/// Said where each of two orchestrators has by itself what the other has not.
pub(super) const COMPLEMENT: &str = "each of the two has by itself what the other has not";

/// What is to be said of both together.
pub(super) fn both(advice: &Advice) -> String {
    match advice.both {
        true => format!("{COMPLEMENT}; {BOTH_UNMEASURED}"),
        false => BOTH_UNMEASURED.to_owned(),
    }
}

/// The ways in which a workload was rehearsed, as a table, and where its figures are in the folder of that
/// name.
pub fn rehearsal_text(
    ways: &[Rehearsed],
    folder: &str,
) -> (Vec<String>, Vec<Vec<String>>, Vec<String>) {
    let mut notes = Notes::default();
    let head = [
        "engine",
        "settings",
        "meanwhile",
        "predicted, s",
        "measured, s",
        "measured / predicted",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for way in ways {
        let predicted = way.predicted_s.map(|[value, low, high]| {
            format!("{} [{}, {}]", number(value), number(low), number(high))
        });
        let both = way.predicted_s.zip(way.measured_s);
        let over = both.map(|([value, _, _], seconds)| number(seconds / value));
        rows.push(vec![
            way.label.clone(),
            way.settings.clone(),
            way.meanwhile.clone(),
            predicted.unwrap_or_else(|| "not known".to_owned()),
            notes.told(&way.said),
            over.unwrap_or_else(|| "–".to_owned()),
        ]);
    }
    let before = vec![
        String::new(),
        "rehearsed here, one run a way; predicted by the model of the results, at default settings:".to_owned(),
    ];
    (before, rows, notes.listed(&format!("{folder}/")))
}

/// The evidence behind it.
pub(super) fn rests_on(advice: &Advice) -> Text {
    text![
        "by ",
        figure::count(advice.trials, path::plan("trials:counted")),
        format!(" trials that count, of a run that is {}", advice.conclusion)
    ]
}

/// What the recommendation rests on, in words.
pub(crate) fn reason(advice: &Advice, choice: &Choice) -> String {
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
    let named = standings.iter().filter_map(|standing| {
        let of_it = choice
            .stances
            .iter()
            .filter(|each| each.standing == *standing);
        let names: Vec<&str> = of_it.map(|each| each.need.as_str()).collect();
        (!names.is_empty()).then(|| format!("{}: {}", standing.as_str(), names.join(", ")))
    });
    let tied = advice.choices.iter().skip(1).find(|other| {
        standings
            .iter()
            .all(|standing| other.count(*standing) == choice.count(*standing))
    });
    let tie = tied.map_or(String::new(), |other| {
        let adds = match other.added.seconds.and(choice.added.seconds) {
            Some(_) => "adds more time to a run",
            None => "what one of them adds to a run is not known",
        };
        format!("; {} stands as well, and {adds}", other.label)
    });
    format!("{}{tie}", named.collect::<Vec<_>>().join("; "))
}

/// What an option's engine is called.
pub(super) fn label<'a>(advice: &'a Advice, engine: &'a str) -> &'a str {
    let mut choices = advice.choices.iter();
    let found = choices.find(|choice| choice.engine == engine);
    found.map_or(engine, |choice| choice.label.as_str())
}

fn table(advice: &Advice, notes: &mut Notes) -> Vec<Vec<String>> {
    let choices = &advice.choices;
    let labels = choices.iter().map(|choice| choice.label.clone());
    let mut rows = vec![row("need", labels)];
    let needs = choices.first().map_or(&[][..], |choice| &choice.stances);
    for (at, need) in needs.iter().enumerate() {
        let standings = choices
            .iter()
            .map(|choice| choice.stances[at].standing.as_str().to_owned());
        rows.push(row(&need.need, standings));
    }
    let added = choices.iter().map(|choice| notes.told(&choice.added.said));
    rows.push(row("added to a run, s", added));
    if choices.iter().any(|choice| choice.price.is_some()) {
        let said = |choice: &Choice| {
            let price = choice.price.as_ref();
            price.map_or_else(|| "–".to_owned(), |price| notes.told(&price.said))
        };
        rows.push(row("price a month", choices.iter().map(said)));
    }
    rows
}

fn row(head: &str, cells: impl Iterator<Item = String>) -> Vec<String> {
    std::iter::once(head.to_owned()).chain(cells).collect()
}

/// Places of figures, in the order in which they are first named.
#[derive(Default)]
struct Notes {
    paths: Vec<String>,
}

impl Notes {
    /// A text as it is read, behind each figure the number of its place, from 1.
    fn told(&mut self, text: &Text) -> String {
        let spans = text.spans().iter();
        spans
            .map(|span| match span {
                Span::Plain(words) => words.clone(),
                Span::Figure { text, path } => format!("{text} [{}]", self.number(path)),
            })
            .collect()
    }

    /// A line a place, each below a folder.
    fn listed(&self, base: &str) -> Vec<String> {
        let paths = self.paths.iter().enumerate();
        paths
            .map(|(index, path)| format!("  [{}] {base}{path}", index + 1))
            .collect()
    }

    fn number(&mut self, path: &str) -> usize {
        let known = self.paths.iter().position(|each| each == path);
        let index = known.unwrap_or_else(|| {
            self.paths.push(path.to_owned());
            self.paths.len() - 1
        });
        index + 1
    }
}
