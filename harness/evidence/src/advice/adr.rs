//! Advice as a decision record.

use super::print::{BOTH, COMPLEMENT, both, label, reason, rests_on};
use super::{Advice, Choice, Stance, Standing};
use crate::document::madr::Record;
use crate::document::{Block, Text, figure, path, text};
use crate::results::Analysis;

/// The record.
pub fn adr(advice: &Advice, analysis: &Analysis) -> Record {
    let workload = &advice.workload;
    let chosen = advice.recommended();
    let name = chosen.map_or("nothing", |choice| choice.label.as_str());
    let options = advice.choices.iter();
    Record {
        title: format!("Orchestrate “{}” with {name}", workload.title),
        date: day(analysis),
        problem: vec![
            Block::paragraph(
                "By which kind of orchestrator shall this workload be run, durable workflows, data assets, or none?",
            ),
            Block::Code(workload.to_toml()),
        ],
        drivers: drivers(advice),
        options: options
            .map(|choice| (choice.label.clone(), judged(choice)))
            .chain([(BOTH.to_owned(), vec![Text::from(neutral(&both(advice)))])])
            .collect(),
        outcome: chosen.map_or_else(Vec::new, |chosen| outcome(advice, chosen)),
        consequences: chosen.map_or_else(Vec::new, |chosen| consequences(advice, chosen)),
        confirmation: confirmation(analysis, &["orchbench advise WORKLOAD --results mine"]),
        more: more(advice),
    }
}

/// The day on which the run was begun.
pub(crate) fn day(analysis: &Analysis) -> String {
    let started_at = &analysis.environment.started_at;
    started_at.get(..10).unwrap_or_default().to_owned()
}

/// How a decision that rests on a results folder is confirmed; `asked_again` are the commands after those
/// that measure again and compare.
pub(crate) fn confirmation(analysis: &Analysis, asked_again: &[&str]) -> Vec<Block> {
    let profile = &analysis.plan.profile;
    let mut commands = vec![
        format!("orchbench run {profile} --out mine"),
        "orchbench compare RESULTS mine".to_owned(),
    ];
    commands.extend(asked_again.iter().map(ToString::to_string));
    vec![
        Block::paragraph(text![
            "Measured again, with the profile ",
            figure::quoted(profile.as_str(), path::plan("profile")),
            " on the machines that are meant, held against these results, and asked again:"
        ]),
        Block::Code(commands.join("\n")),
    ]
}

fn drivers(advice: &Advice) -> Vec<Text> {
    let stances = advice
        .recommended()
        .map_or(&[][..], |choice| &choice.stances);
    let needs = stances
        .iter()
        .map(|stance| Text::from(format!("{}: {}", stance.need, stance.asks)));
    needs
        .chain([Text::from("the time that is added to a run")])
        .collect()
}

fn outcome(advice: &Advice, chosen: &Choice) -> Vec<Block> {
    vec![
        Block::paragraph(format!(
            "Chosen option: “{}”, because of its standing to the needs: {}. The order is: what an option lacks, then what was not measured of it, then what takes code around it, then the time that it adds.",
            chosen.label,
            reason(advice, chosen)
        )),
        Block::paragraph(text!["It rests on what was seen ", rests_on(advice), "."]),
    ]
}

fn consequences(advice: &Advice, chosen: &Choice) -> Vec<Text> {
    let stances = chosen.stances.iter();
    let both = advice.both.then(|| Text::from(neutral(COMPLEMENT)));
    stances
        .map(|stance| Text::from(in_words(stance)))
        .chain([adds(chosen)])
        .chain(priced(chosen))
        .chain(both)
        .collect()
}

/// What speaks for an option and against it, with what was seen.
fn judged(choice: &Choice) -> Vec<Text> {
    let stances = choice.stances.iter();
    let stances = stances.map(|stance| text![in_words(stance), ": ", stance.grounds()]);
    let added = text![adds(choice), ": ", choice.added.seen.clone()];
    stances.chain([added]).chain(priced(choice)).collect()
}

fn in_words(stance: &Stance) -> String {
    let words = match stance.standing {
        Standing::Native => "Good, because by itself",
        Standing::Emulated => "Neutral, because by code around the engine",
        Standing::NotMeasured => "Neutral, because it is not measured whether",
        Standing::Lacking => "Bad, because it did not come out that",
    };
    format!("{words} {}", stance.asks)
}

fn neutral(why: &str) -> String {
    format!("Neutral, because {why}")
}

fn adds(choice: &Choice) -> Text {
    match choice.added.seconds {
        Some(_) => text![
            "Neutral, because it adds ",
            choice.added.said.clone(),
            " s to a run"
        ],
        None => Text::from("Neutral, because what it adds to a run is not known"),
    }
}

fn priced(choice: &Choice) -> Option<Text> {
    let price = choice.price.as_ref()?;
    Some(text![
        "Neutral, because a month of it costs ",
        price.said.clone(),
        " by ",
        price.seen.clone()
    ])
}

fn more(advice: &Advice) -> Vec<Text> {
    let flips = advice.flips.iter().map(|flip| {
        Text::from(format!(
            "With {} in place of {} it would be {}.",
            flip.change,
            flip.now,
            flip.told(label(advice, &flip.to))
        ))
    });
    let none = advice
        .flips
        .is_empty()
        .then(|| Text::from("No change of one field would change it."));
    let settings = "Engines at their default settings, as deployed where that was tried; survival of deaths at tuned ones. The report beside the figures says on which machine, server and store.";
    flips.chain(none).chain([Text::from(settings)]).collect()
}
