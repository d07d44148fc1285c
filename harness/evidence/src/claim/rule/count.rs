//! Count: totals of two sides over what both have, of figures without chance.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::{Measured, Test, beside, lacking};
use crate::claim::decide::Results;
use crate::claim::definition::{Claim, Predicted, Rule, SideOf};
use crate::claim::select::Selected;
use crate::document::number;
use crate::record::{ClaimVerdict, EngineValue};

/// The values of a side by those of the factor; `None` where trials differ.
type Counts = BTreeMap<String, Option<f64>>;

/// Both totals, `None` where trials of one side differ.
struct Totals {
    totals: Option<[f64; 2]>,
    predicted: Predicted,
}

pub(super) fn measure(claim: &Claim, results: &Results<'_>) -> Result<Measured, String> {
    let Rule::Count {
        experiment,
        metric,
        over,
        predicted,
        a,
        b,
    } = &claim.text.rule
    else {
        return Err("not a count".to_owned());
    };
    let of = |side: &SideOf| Selected::of(results.measurements, experiment, metric, side);
    let sides = [of(a), of(b)];
    for (side, selected) in [a, b].into_iter().zip(&sides) {
        if selected.measurements.is_empty() {
            return Err(lacking(&claim.text.rule, side, results));
        }
    }
    let counts = sides.each_ref().map(|side| counts(side, over));
    let shared = |name: &&String| counts.iter().all(|each| each.contains_key(*name));
    let names: Vec<&String> = counts[0].keys().filter(shared).collect();
    if names.is_empty() {
        return Err(format!("a {over} that both sides have"));
    }
    let others = beside(claim);
    let values: Vec<EngineValue> = [a, b]
        .into_iter()
        .chain(&others)
        .filter_map(|side| {
            shown(
                side,
                total(&self::counts(&of(side), over), &names)?,
                names.len(),
            )
        })
        .collect();
    let text = |index: usize| {
        let value = values.get(index);
        value.map_or_else(String::new, |each| each.text.clone())
    };
    let totals = counts.each_ref().map(|each| total(each, &names));
    Ok(Measured {
        figures: BTreeMap::from([("a", text(0)), ("b", text(1))]),
        test: Box::new(Totals {
            totals: totals[0]
                .flatten()
                .zip(totals[1].flatten())
                .map(<[f64; 2]>::from),
            predicted: *predicted,
        }),
        evidence: sides.iter().flat_map(Selected::ids).collect(),
        values,
    })
}

fn counts(side: &Selected<'_>, over: &str) -> Counts {
    let mut counts: Counts = BTreeMap::new();
    for measurement in &side.measurements {
        let Some(name) = measurement.factors.get(over) else {
            continue;
        };
        for value in measurement.trials.iter().flat_map(|trial| &trial.values) {
            let known = counts.entry(name.clone()).or_insert(Some(*value));
            *known = known.filter(|known| known == value);
        }
    }
    counts
}

/// The total over these names: `None` where one is lacking, `Some(None)` where trials differ.
fn total(counts: &Counts, names: &[&String]) -> Option<Option<f64>> {
    let known: Option<Vec<Option<f64>>> = names
        .iter()
        .map(|name| counts.get(*name).copied())
        .collect();
    Some(known?.into_iter().sum())
}

fn shown(side: &SideOf, total: Option<f64>, n: usize) -> Option<EngineValue> {
    Some(EngineValue {
        engine: side.engine.clone(),
        settings: side.settings.clone(),
        text: total.map_or_else(|| "differing counts".to_owned(), number),
        interval: None,
        n,
    })
}

impl Test for Totals {
    fn p(&self) -> f64 {
        // What was counted is no sample: there is no chance in it.
        match self.verdict_at(1.0) {
            ClaimVerdict::Undecided => 1.0,
            _ => 0.0,
        }
    }

    fn verdict_at(&self, _level: f64) -> ClaimVerdict {
        let Some([a, b]) = self.totals else {
            return ClaimVerdict::Undecided;
        };
        let wanted = match self.predicted {
            Predicted::Lower => Ordering::Less,
            Predicted::Higher => Ordering::Greater,
            Predicted::Equivalent => Ordering::Equal,
        };
        match a.total_cmp(&b) == wanted {
            true => ClaimVerdict::Supported,
            false => ClaimVerdict::Contradicted,
        }
    }

    fn needs(&self, _level: f64) -> String {
        "trials that agree with each other".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_decide_where_trials_agree() {
        let verdict = |totals, predicted| Totals { totals, predicted }.verdict_at(0.95);
        let lower = |totals| verdict(totals, Predicted::Lower);
        assert_eq!(lower(Some([1.0, 2.0])), ClaimVerdict::Supported);
        assert_eq!(lower(Some([2.0, 2.0])), ClaimVerdict::Contradicted);
        assert_eq!(lower(None), ClaimVerdict::Undecided);
        let same = verdict(Some([2.0, 2.0]), Predicted::Equivalent);
        assert_eq!(same, ClaimVerdict::Supported);
    }

    #[test]
    fn a_total_is_over_what_is_named_and_lacks_where_one_does() {
        let counts: Counts = [("x", Some(1.0)), ("y", Some(2.0)), ("z", None)]
            .map(|(name, value)| (name.to_owned(), value))
            .into();
        let [x, y, z, w] = ["x", "y", "z", "w"].map(str::to_owned);
        assert_eq!(total(&counts, &[&x, &y]), Some(Some(3.0)));
        assert_eq!(total(&counts, &[&x, &z]), Some(None));
        assert_eq!(total(&counts, &[&x, &w]), None);
    }
}
