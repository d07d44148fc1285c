//! Advice as a decision record: MADR 4.0, its front matter and its sections, no others.

use super::print::{BOTH, added, label, reason};
use super::{Advice, Choice, Stance, Standing};
use crate::document::{Block, Text, figure, markdown, path, text};
use crate::results::Analysis;

/// The record; `base` leads from where it will lie to the results folder. Status is proposed: who decides
/// is the reader.
pub fn adr(advice: &Advice, analysis: &Analysis, base: &str) -> String {
    let date = analysis
        .environment
        .started_at
        .get(..10)
        .unwrap_or_default();
    let front = format!(
        "---\nstatus: \"proposed\"\ndate: {date}\ndecision-makers:\nconsulted:\ninformed:\n---\n"
    );
    let title = markdown::blocks(&[Block::Heading(1, title(advice))], "");
    format!(
        "{front}{title}{}",
        markdown::blocks(&blocks(advice, analysis), base)
    )
}

fn title(advice: &Advice) -> String {
    let chosen = advice
        .recommended()
        .map_or("nothing", |choice| choice.label.as_str());
    format!("Orchestrate “{}” with {chosen}", advice.workload.title)
}

fn blocks(advice: &Advice, analysis: &Analysis) -> Vec<Block> {
    let mut blocks = vec![
        Block::heading("Context and Problem Statement"),
        Block::paragraph(problem(advice)),
        Block::heading("Decision Drivers"),
        Block::List(drivers(advice)),
        Block::heading("Considered Options"),
        Block::List(
            advice
                .choices
                .iter()
                .map(|choice| Text::from(choice.label.as_str()))
                .collect(),
        ),
        Block::heading("Decision Outcome"),
    ];
    if let Some(chosen) = advice.recommended() {
        blocks.extend(outcome(advice, chosen, analysis));
    }
    blocks.push(Block::heading("Pros and Cons of the Options"));
    for choice in &advice.choices {
        blocks.push(Block::subheading(choice.label.as_str()));
        blocks.push(Block::List(judged(choice)));
    }
    blocks.push(Block::heading("More Information"));
    blocks.push(Block::List(more(advice)));
    blocks
}

fn problem(advice: &Advice) -> String {
    let workload = &advice.workload;
    format!(
        "{}: {} runs a day of {} steps of {} s. By which kind of orchestrator shall they be run, durable workflows, data assets, or none?",
        workload.title, workload.runs_a_day, workload.steps, workload.step_seconds
    )
}

fn drivers(advice: &Advice) -> Vec<Text> {
    let needs = advice
        .recommended()
        .map_or(&[][..], |choice| &choice.stances);
    let mut drivers: Vec<Text> = needs
        .iter()
        .map(|stance| Text::from(format!("{}: {}", stance.need, stance.asks)))
        .collect();
    drivers.push(Text::from("the time that is added to a run"));
    drivers
}

fn outcome(advice: &Advice, chosen: &Choice, analysis: &Analysis) -> Vec<Block> {
    let stances = chosen.stances.iter();
    let mut consequences: Vec<Text> = stances
        .map(|stance| Text::from(in_words(stance)))
        .chain([Text::from(adds(chosen))])
        .collect();
    consequences.extend(
        advice
            .both
            .then(|| Text::from(format!("Neutral, because {BOTH}"))),
    );
    vec![
        Block::paragraph(format!(
            "Chosen option: “{}”, because {}. The order is: what an option lacks, then what was not measured of it, then what takes code around it, then the time that it adds.",
            chosen.label,
            reason(advice, chosen)
        )),
        Block::subheading("Consequences"),
        Block::List(consequences),
        Block::subheading("Confirmation"),
        Block::paragraph(text![
            "Measured again, with the profile ",
            figure::quoted(analysis.plan.profile.as_str(), path::plan("profile")),
            " on the machines that are meant, held against these results, and asked again:"
        ]),
        Block::Code(format!(
            "orchbench run {} --out mine\norchbench compare RESULTS mine\norchbench advise WORKLOAD --results mine",
            analysis.plan.profile
        )),
    ]
}

/// What speaks for an option and against it, with what was seen.
fn judged(choice: &Choice) -> Vec<Text> {
    let stances = choice.stances.iter();
    let stances = stances.map(|stance| text![in_words(stance), ": ", stance.seen.clone()]);
    let added = text![adds(choice), ": ", choice.added.clone()];
    stances.chain([added]).collect()
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

fn adds(choice: &Choice) -> String {
    match choice.added_s {
        Some(_) => format!("Neutral, because it adds {} to a run", added(choice)),
        None => "Neutral, because what it adds to a run is not known".to_owned(),
    }
}

fn more(advice: &Advice) -> Vec<Text> {
    let flips = advice.flips.iter().map(|flip| {
        Text::from(format!(
            "With {} it would be {}.",
            flip.change,
            label(advice, &flip.to)
        ))
    });
    let settings = "Engines at their default settings, as deployed where that was tried; survival of deaths at tuned ones. The report beside the figures says on which machine, server and store.";
    flips.chain([Text::from(settings)]).collect()
}
