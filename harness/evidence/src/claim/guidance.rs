//! The when-to-use table as the user wrote it, cut into the phrases that claims quote.
//!
//! The only place of this crate that knows which engine decides about a side: asset-style in
//! the guidance means Dagster, and no other engine stands in for it.

use crate::record::GuidanceSide;

/// A row of the when-to-use table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The consideration.
    pub name: &'static str,
    /// What the guidance says of Temporal.
    pub temporal: Cell,
    /// What the guidance says of asset-style orchestrators.
    pub asset_style: Cell,
}

/// A cell: its words, and the phrases in them that can be tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// The user's words.
    pub text: &'static str,
    /// Parts of the text, in its order, each tested by claims.
    pub phrases: &'static [&'static str],
}

/// A phrase with where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phrase {
    /// The words, a part of their cell's text.
    pub words: &'static str,
    /// The row's name.
    pub row: &'static str,
    /// Which side the phrase is about.
    pub side: GuidanceSide,
}

/// A piece of advice that follows from phrases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advice {
    /// `Choose Temporal`, `Choose Dagster`, `Choose both`, `Choose neither`.
    pub choose: &'static str,
    /// The condition, after "when".
    pub when: &'static str,
    /// The phrases that it stands and falls with.
    pub phrases: &'static [&'static str],
    /// What it does not hold for, after "not for".
    pub not_for: &'static str,
    /// The phrases that say so.
    pub not_by: &'static [&'static str],
    /// The engine without whose trials it is not measured, whatever its phrases are.
    pub engine: Option<&'static str>,
}

/// The rows, in the table's order; the rule of thumb is the last.
pub const GUIDANCE: [Row; 6] = [
    Row {
        name: "Core model",
        temporal: Cell {
            text: "durable workflow execution, code as workflow",
            phrases: &["durable workflow execution", "code as workflow"],
        },
        asset_style: Cell {
            text: "asset-based, declarative data lineage",
            phrases: &["asset-based", "declarative data lineage"],
        },
    },
    Row {
        name: "Long-running processes",
        temporal: Cell {
            text: "survives restarts, runs for days or months",
            phrases: &["survives restarts", "runs for days or months"],
        },
        asset_style: Cell {
            text: "designed for batch; long-running work needs workarounds",
            phrases: &["designed for batch", "long-running work needs workarounds"],
        },
    },
    Row {
        name: "Retries and failure handling",
        temporal: Cell {
            text: "per-activity retry policies, saga patterns",
            phrases: &["per-activity retry policies", "saga patterns"],
        },
        asset_style: Cell {
            text: "per-op retry policies, no built-in saga",
            phrases: &["per-op retry policies", "no built-in saga"],
        },
    },
    Row {
        name: "Observability",
        temporal: Cell {
            text: "step-by-step execution history (Temporal UI)",
            phrases: &["step-by-step execution history"],
        },
        asset_style: Cell {
            text: "asset lineage and materialization history (Dagster UI)",
            phrases: &["asset lineage", "materialization history"],
        },
    },
    Row {
        name: "Best for",
        temporal: Cell {
            text: "multi-step durable workflows, microservice orchestration, human in the loop",
            phrases: &[
                "multi-step durable workflows",
                "microservice orchestration",
                "human in the loop",
            ],
        },
        asset_style: Cell {
            text: "analytics pipelines, dbt orchestration, asset-centric data platforms",
            phrases: &[
                "analytics pipelines",
                "dbt orchestration",
                "asset-centric data platforms",
            ],
        },
    },
    Row {
        name: "Rule of thumb",
        temporal: Cell {
            text: "durable execution of long-running or complex workflows with fine-grained failure handling",
            phrases: &[
                "durable execution of long-running or complex workflows",
                "fine-grained failure handling",
            ],
        },
        asset_style: Cell {
            text: "when the pipeline centres on data assets and wants declarative lineage and materialization tracking",
            phrases: &[
                "pipeline centres on data assets",
                "declarative lineage and materialization tracking",
            ],
        },
    },
];

/// What a reader is to do, each piece bound to phrases and so to their claims.
pub const ADVICE: [Advice; 4] = [
    Advice {
        choose: "Choose Temporal",
        when: "runs must outlive restarts and waiting, and failures are handled step by step",
        phrases: &[
            "survives restarts",
            "runs for days or months",
            "human in the loop",
            "fine-grained failure handling",
        ],
        not_for: "questions about data, such as what is stale and why: its user's own code answers those",
        not_by: &["declarative lineage and materialization tracking"],
        engine: None,
    },
    Advice {
        choose: "Choose Dagster",
        when: "the pipeline is its data assets, and their lineage and staleness matter",
        phrases: &[
            "pipeline centres on data assets",
            "declarative lineage and materialization tracking",
            "asset-centric data platforms",
        ],
        not_for: "runs that wait or are to be undone: its user's own code does that around them",
        not_by: &["long-running work needs workarounds", "no built-in saga"],
        engine: None,
    },
    Advice {
        choose: "Choose both",
        when: "assets need lineage, and making them takes long-running work",
        phrases: &[
            "declarative data lineage",
            "long-running work needs workarounds",
            "durable execution of long-running or complex workflows",
        ],
        not_for: "those who would operate one engine only",
        not_by: &[],
        engine: Some("assets-on-temporal"),
    },
    Advice {
        choose: "Choose neither",
        when: "the work is a short batch without lineage, waiting or undoing",
        phrases: &[],
        not_for: "what is to go on after a death: nobody starts it again",
        not_by: &[],
        engine: None,
    },
];

impl GuidanceSide {
    /// The engine whose measurements decide about the side's phrases.
    pub fn decider(self) -> &'static str {
        match self {
            Self::Temporal => "temporal",
            Self::AssetStyle => "dagster",
        }
    }
}

/// Every engine that decides about a side.
pub(super) const DECIDERS: [&str; 2] = ["dagster", "temporal"];

/// All phrases, in the table's order.
pub fn phrases() -> impl Iterator<Item = Phrase> {
    GUIDANCE.iter().flat_map(|row| {
        let of = |cell: &'static Cell, side| {
            cell.phrases.iter().map(move |words| Phrase {
                words,
                row: row.name,
                side,
            })
        };
        of(&row.temporal, GuidanceSide::Temporal)
            .chain(of(&row.asset_style, GuidanceSide::AssetStyle))
    })
}

/// The phrase of these words.
pub fn phrase(words: &str) -> Option<Phrase> {
    phrases().find(|phrase| phrase.words == words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_are_the_cells_own_words_and_none_stands_twice() {
        for cell in GUIDANCE
            .iter()
            .flat_map(|row| [row.temporal, row.asset_style])
        {
            let mut rest = cell.text;
            for phrase in cell.phrases {
                let place = rest.find(phrase);
                assert!(place.is_some(), "{phrase:?} is not in {rest:?}");
                rest = &rest[place.unwrap_or(0) + phrase.len()..];
            }
        }
        let mut words: Vec<&str> = phrases().map(|phrase| phrase.words).collect();
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!((words.len(), count), (25, 25));
    }

    #[test]
    fn advice_stands_on_phrases_of_the_table_and_each_side_has_a_decider() {
        for advice in ADVICE {
            for words in advice.phrases.iter().chain(advice.not_by) {
                assert!(phrase(words).is_some(), "{words}");
            }
        }
        for phrase in phrases() {
            assert!(DECIDERS.contains(&phrase.side.decider()));
        }
    }
}
