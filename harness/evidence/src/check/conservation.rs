//! Sums are conserved: extracted = accepted + quarantined, and every count, digest and sum
//! of a run's summary is what plain calls gave for the same source.

use orchbench_journal::Summary;

use super::{Finding, Invariant};
use crate::measure::TrialEvidence;

pub(super) const INVARIANT: Invariant = Invariant {
    name: "conservation",
    statement: "extracted = accepted + quarantined, and all sums are those of plain calls",
    check,
};

fn check(trial: &TrialEvidence) -> Option<Finding> {
    let runs = trial.runs();
    let mut problems = Vec::new();
    let mut summaries = 0;
    let mut uncompared = Vec::new();
    for run in &runs {
        let (Some(summary), Some(name)) = (run.summary, run.source) else {
            continue;
        };
        summaries += 1;
        if Some(summary.extracted) != summary.accepted.checked_add(summary.quarantined) {
            problems.push(format!(
                "run {}: expected extracted = accepted + quarantined, found {} and {} + {}",
                run.id, summary.extracted, summary.accepted, summary.quarantined
            ));
        }
        match trial
            .sources
            .get(name)
            .and_then(|source| source.summary.as_deref())
        {
            Some(expected) => problems.extend(differences(run.id, summary, expected)),
            None => uncompared.push(name),
        }
    }
    if summaries == 0 {
        return None;
    }
    // A sink that only appends has every row of a repeated load twice, and so have its sums.
    let naive = trial.factor("sink") == "naive";
    let finding = Finding::of_problems(problems, || match uncompared.first() {
        Some(name) => Finding::unknown(format!(
            "source {name}: the expected sums are not in the folder"
        )),
        None => Finding::pass(format!("{summaries} summaries, all sums as expected")),
    });
    Some(finding.expected_if(naive))
}

/// A name and how a summary writes it.
type Field = (&'static str, fn(&Summary) -> String);

fn differences(run: &str, found: &Summary, expected: &Summary) -> Vec<String> {
    let fields: [Field; 10] = [
        ("partitions", |summary| summary.partitions.to_string()),
        ("extracted", |summary| summary.extracted.to_string()),
        ("accepted", |summary| summary.accepted.to_string()),
        ("quarantined", |summary| summary.quarantined.to_string()),
        ("loaded", |summary| summary.loaded.to_string()),
        ("digest", |summary| summary.digest.clone()),
        ("unresolved planes", |summary| {
            summary.unresolved.plane.to_string()
        }),
        ("unresolved airports", |summary| {
            summary.unresolved.airport.to_string()
        }),
        ("unresolved weather", |summary| {
            summary.unresolved.weather.to_string()
        }),
        ("arr_delay_sum", |summary| summary.arr_delay_sum.to_string()),
    ];
    fields
        .iter()
        .filter(|(_, field)| field(found) != field(expected))
        .map(|(name, field)| {
            format!(
                "run {run}: {name}: expected {}, found {}",
                field(expected),
                field(found)
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::fixture::TrialBuilder;
    use crate::record::{EventBody, Outcome};

    fn outcome_after(change: impl Fn(&mut Summary)) -> Option<Outcome> {
        let mut trial = TrialBuilder::good("t").evidence();
        for event in &mut trial.events {
            if let EventBody::RunEnded {
                summary: Some(summary),
                ..
            } = &mut event.body
            {
                change(summary);
            }
        }
        check(&trial).map(|found| found.outcome)
    }

    #[test]
    fn planted_wrong_sums_are_caught() {
        assert_eq!(outcome_after(|_| {}), Some(Outcome::Pass));
        assert_eq!(
            outcome_after(|summary| summary.extracted += 1),
            Some(Outcome::Fail)
        );
        assert_eq!(
            outcome_after(|summary| summary.arr_delay_sum -= 1),
            Some(Outcome::Fail)
        );
        assert_eq!(
            outcome_after(|summary| summary.unresolved.weather += 1),
            Some(Outcome::Fail)
        );
    }
}
