//! The report as decision records: whether the guidance is adopted, and the advice on the example workloads.

use std::collections::BTreeMap;

use super::section::{guidance, summary};
use crate::advice::{Advice, adr, confirmation, day};
use crate::claim::{GUIDANCE, count_phrases, of_phrase, phrases};
use crate::document::madr::Record;
use crate::document::{Block, Text, figure, path, text};
use crate::record::ClaimVerdict;
use crate::results::Analysis;

const WHOLE: &str = "the whole guidance";
const SUPPORTED: &str = "what of the guidance is supported";
const NOTHING: &str = "nothing of the guidance";

/// `adr.md`, and `advice/NAME.md` of each example workload.
pub(super) fn files(advices: &[(String, Advice)], analysis: &Analysis) -> BTreeMap<String, String> {
    let of_advice = |(name, advice): &(String, Advice)| {
        let text = adr(advice, analysis).markdown("../");
        (format!("advice/{name}.md"), text)
    };
    let of_guidance = ("adr.md".to_owned(), record(analysis).markdown(""));
    let advices = advices.iter().map(of_advice);
    advices.chain([of_guidance]).collect()
}

/// Whether the guidance is adopted: as a whole where each phrase is supported, without the others where some
/// are.
pub(super) fn record(analysis: &Analysis) -> Record {
    let claims = &analysis.claims.claims;
    let of = |verdict| count_phrases(claims, verdict);
    let chosen = match of(ClaimVerdict::Supported) {
        0 => NOTHING,
        supported if supported == phrases().count() => WHOLE,
        _ => SUPPORTED,
    };
    let rows = GUIDANCE.iter().map(|row| Text::from(row.name));
    Record {
        title: format!("When to use Temporal, when Dagster: adopt {chosen}"),
        date: day(analysis),
        problem: vec![
            Block::paragraph(
                "Is a data pipeline built on durable workflows or on an asset-style orchestrator? There is guidance; is it to be followed?",
            ),
            guidance::table(claims),
        ],
        drivers: rows
            .chain([Text::from(
                "evidence: what is not measured is an argument for nobody",
            )])
            .collect(),
        options: [WHOLE, SUPPORTED, NOTHING]
            .map(|option| (option.to_owned(), judged(option, analysis)))
            .into(),
        outcome: vec![
            Block::paragraph(text![
                format!("Chosen option: “{chosen}”, because its phrases are: "),
                summary::counts("phrases", of),
                " So, for a pipeline:"
            ]),
            Block::list(guidance::advice(analysis)),
        ],
        consequences: vec![
            Text::from(
                "Good, because whoever doubts a sentence finds the measurement behind it, and can make it again",
            ),
            Text::from(
                "Neutral, because it holds for the sources, machine, versions and settings that the report names",
            ),
        ],
        confirmation: confirmation(analysis, &[]),
        more: vec![Text::from(
            "The report beside this record has the trials behind each sentence; advice/ has records for example workloads, orchbench advise makes one for a workload of one's own.",
        )],
    }
}

/// What speaks for an option and against it: its phrases by their verdicts.
fn judged(option: &str, analysis: &Analysis) -> Vec<Text> {
    let claims = &analysis.claims.claims;
    let standing = |verdict| match (option, verdict) {
        (NOTHING, ClaimVerdict::Supported) => "Bad, because it would not follow",
        (_, ClaimVerdict::Supported) => "Good, because it follows",
        (WHOLE, ClaimVerdict::Contradicted) => "Bad, because it follows",
        (_, ClaimVerdict::Contradicted) => "Good, because it does not follow",
        (WHOLE, _) => "Neutral, because it follows",
        _ => "Neutral, because it does not follow",
    };
    let all = phrases().map(|phrase| {
        let verdict = of_phrase(claims, phrase.words);
        let why = guidance::sentence(claims, phrase.words)
            .map_or_else(Text::default, |sentence| text![": ", sentence]);
        text![
            format!("{} “{}”, ", standing(verdict), phrase.words),
            figure::quoted(verdict.to_string(), path::phrase(phrase.words)),
            why
        ]
    });
    all.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Span;
    use crate::measure::fixture::small_results;

    fn records() -> anyhow::Result<Vec<Record>> {
        let place = tempfile::tempdir()?;
        let analysis = crate::analysis::analyze(&small_results(place.path())?)?;
        let advices = crate::advice::on_examples(&analysis)?;
        let advised = advices.iter().map(|(_, advice)| adr(advice, &analysis));
        let mut records: Vec<Record> = advised.collect();
        records.push(record(&analysis));
        Ok(records)
    }

    #[test]
    fn every_number_is_a_figure_or_a_field_of_the_workload() -> anyhow::Result<()> {
        let mut figures = 0;
        for record in records()? {
            for text in record.blocks().iter().flat_map(Block::texts) {
                for span in text.spans() {
                    let Span::Plain(words) = span else {
                        figures += 1;
                        continue;
                    };
                    let digit = |each: char| each.is_ascii_digit();
                    let change = words.starts_with("With ") && words.contains(" = ");
                    anyhow::ensure!(change || !words.contains(digit), "no figure: {words}");
                }
            }
        }
        anyhow::ensure!(figures > 100, "{figures} figures");
        Ok(())
    }

    #[test]
    fn the_guidance_is_adopted_as_far_as_it_is_supported() -> anyhow::Result<()> {
        let place = tempfile::tempdir()?;
        let mut analysis = crate::analysis::analyze(&small_results(place.path())?)?;
        let adopted = |analysis: &Analysis, option: &str| {
            let title = record(analysis).title;
            anyhow::ensure!(title.ends_with(&format!("adopt {option}")), "{title}");
            Ok(())
        };
        for claim in &mut analysis.claims.claims {
            claim.verdict = ClaimVerdict::Contradicted;
        }
        adopted(&analysis, NOTHING)?;
        let phrase = analysis.claims.claims[0].phrase.clone();
        for claim in &mut analysis.claims.claims {
            if claim.phrase == phrase {
                claim.verdict = ClaimVerdict::Supported;
            }
        }
        adopted(&analysis, SUPPORTED)?;
        for claim in &mut analysis.claims.claims {
            claim.verdict = ClaimVerdict::Supported;
        }
        adopted(&analysis, WHOLE)
    }
}
