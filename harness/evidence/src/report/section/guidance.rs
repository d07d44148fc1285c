//! The when-to-use table with a verdict on each phrase, what follows from it, and the claims row
//! by row; what only explains figures stands apart.

use crate::claim::{ADVICE, Advice, Cell, GUIDANCE, of_phrase, of_phrases, phrases};
use crate::document::{Block, Span, Table, Text, figure, number, path, text};
use crate::experiment::server_note;
use crate::record::{ClaimRecord, ClaimVerdict, EngineValue};
use crate::results::Analysis;

/// The first page: the question, the table, what follows from it.
pub(in crate::report) fn answer(analysis: &Analysis) -> Vec<Block> {
    let claims = &analysis.claims.claims;
    vec![
        Block::paragraph(
            "When does a data pipeline belong on durable workflows, and when on an asset-style orchestrator? The same ETL ran on both kinds of engine; faults were injected while it ran; an effect journal outside every engine is the witness. Every sentence is generated from that evidence and carries its interval, or says that it is undecided or not measured.",
        ),
        Block::heading("When to use which"),
        table(claims),
        Block::List(advice(analysis)),
    ]
}

/// What the verdicts rest on, phrase by phrase, and how they are read.
pub(in crate::report) fn grounds(analysis: &Analysis) -> Vec<Block> {
    let mut blocks = vec![Block::heading("What was seen of each phrase")];
    let seen = seen(&analysis.claims.claims);
    if !seen.is_empty() {
        blocks.push(Block::List(seen));
    }
    blocks.push(
        Block::paragraph(text![
            "A phrase is as its claims are: contradicted if one is, supported if all that were measured are. Decisions and intervals are corrected by Holm within each row of the table. Asset-style means Dagster here; an engine beside decides nothing.",
            server_note(analysis).map_or_else(Text::default, |note| text![note, "."])
        ]),
    );
    blocks
}

/// What tests each phrase, row by row of the table.
pub(in crate::report) fn predictions(analysis: &Analysis) -> Vec<Block> {
    let mut blocks = vec![Block::heading("What tests each phrase")];
    for row in GUIDANCE {
        blocks.push(Block::subheading(row.name));
        let of_row = analysis.claims_of(row.name).filter(|claim| !claim.apart);
        blocks.extend(of_claims(row.name, &of_row.collect::<Vec<_>>()));
    }
    blocks
}

/// What only explains figures.
pub(in crate::report) fn ablations(analysis: &Analysis) -> Vec<Block> {
    let apart = analysis.claims.claims.iter().filter(|claim| claim.apart);
    let mut blocks = vec![
        Block::heading("Settings that explain figures"),
        Block::paragraph("One engine at two settings. Nothing here counts for a phrase."),
    ];
    blocks.extend(of_claims("Ablations", &apart.collect::<Vec<_>>()));
    blocks
}

/// The table alone, and under it what was measured: for a page that shows no more.
pub(in crate::report) fn excerpt(analysis: &Analysis) -> Vec<Block> {
    let claims = &analysis.claims.claims;
    vec![table(claims), Block::List(seen(claims))]
}

/// A sentence a phrase that was measured.
fn seen(claims: &[ClaimRecord]) -> Vec<Text> {
    let of_phrase = |words: &str| {
        let claim = deciding(claims, words)?;
        Some(text![
            format!("{words}: "),
            of(claim, &claim.verdict.to_string(), "verdict"),
            ". ",
            of(claim, &claim.sentence, "sentence")
        ])
    };
    phrases()
        .filter_map(|phrase| of_phrase(phrase.words))
        .collect()
}

/// The first claim whose verdict is the phrase's; none where it was not measured.
fn deciding<'a>(claims: &'a [ClaimRecord], words: &str) -> Option<&'a ClaimRecord> {
    let verdict = of_phrase(claims, words);
    let measured = |claim: &&ClaimRecord| claim.verdict != ClaimVerdict::NotMeasured;
    let of_it = claims
        .iter()
        .filter(|claim| !claim.apart && claim.phrase == words);
    of_it
        .filter(measured)
        .find(|claim| claim.verdict == verdict)
}

/// What was seen of a phrase, where it was measured.
pub(in crate::report) fn sentence(claims: &[ClaimRecord], words: &str) -> Option<Span> {
    deciding(claims, words).map(|claim| of(claim, &claim.sentence, "sentence"))
}

/// The guidance's table, a verdict behind each phrase.
pub(in crate::report) fn table(claims: &[ClaimRecord]) -> Block {
    let head = ["consideration", "Temporal", "asset-style (Dagster)"];
    let mut table = Table::new("The guidance under test, a verdict on each phrase", &head);
    for row in &GUIDANCE {
        table.row([
            Text::from(row.name),
            judged(&row.temporal, claims),
            judged(&row.asset_style, claims),
        ]);
    }
    Block::Table(table)
}

/// The cell's own words, with the verdict behind each phrase.
fn judged(cell: &Cell, claims: &[ClaimRecord]) -> Text {
    let mut rest = cell.text;
    let mut text = Text::default();
    for phrase in cell.phrases {
        let Some((before, after)) = rest.split_once(phrase) else {
            continue;
        };
        text.push(format!("{before}{phrase}: "));
        text.push(verdict(claims, phrase));
        rest = after;
    }
    text.push(rest);
    text
}

/// The verdict on a phrase.
fn verdict(claims: &[ClaimRecord], phrase: &str) -> Span {
    figure::quoted(of_phrase(claims, phrase).to_string(), path::phrase(phrase))
}

/// When to choose which, each with the verdicts that it hangs on, and for what not.
pub(in crate::report) fn advice(analysis: &Analysis) -> Vec<Text> {
    ADVICE.iter().map(|each| advised(each, analysis)).collect()
}

fn advised(advice: &Advice, analysis: &Analysis) -> Text {
    let claims = &analysis.claims.claims;
    let is_there = |name: &str| analysis.plan.engine(name).is_some();
    let (verdict, bound) = match (advice.engine, advice.phrases) {
        (Some(name), _) if !is_there(name) => (
            ClaimVerdict::NotMeasured,
            text![
                "no engine here does that; what speaks for it: ",
                verdicts(claims, advice.phrases)
            ],
        ),
        (_, []) => (
            ClaimVerdict::NotMeasured,
            Text::from(
                "no phrase of the guidance says so; plain calls are an option of each workload below",
            ),
        ),
        (_, phrases) => (of_phrases(claims, phrases), verdicts(claims, phrases)),
    };
    let Advice { choose, when, .. } = advice;
    let not_for = match advice.not_by {
        [] => Text::default(),
        phrases => text![" (", verdicts(claims, phrases), ")"],
    };
    text![
        format!("{choose} when {when}: {verdict} ("),
        bound,
        format!("). Not for {}", advice.not_for),
        not_for,
        "."
    ]
}

/// Phrases with their verdicts.
fn verdicts(claims: &[ClaimRecord], phrases: &[&str]) -> Text {
    let each = phrases
        .iter()
        .map(|phrase| text![format!("{phrase}: "), verdict(claims, phrase)]);
    Text::joined(each, "; ")
}

/// A table of what was measured, and a list of what was not.
fn of_claims(caption: &str, claims: &[&ClaimRecord]) -> Vec<Block> {
    let (missing, measured): (Vec<&ClaimRecord>, Vec<&ClaimRecord>) = claims
        .iter()
        .partition(|claim| claim.verdict == ClaimVerdict::NotMeasured);
    let mut blocks: Vec<Block> = tested(caption, &measured).block().into_iter().collect();
    if !missing.is_empty() {
        blocks.push(Block::list(missing.into_iter().map(|claim| {
            text![
                format!("{}: ", claim.phrase),
                of(claim, &claim.prediction, "prediction"),
                " ",
                of(claim, &claim.sentence, "sentence")
            ]
        })));
    }
    blocks
}

/// A field of a claim.
fn of(claim: &ClaimRecord, text: &str, field: &str) -> Span {
    figure::quoted(text, path::claim(&claim.claim, field))
}

fn tested(caption: &str, claims: &[&ClaimRecord]) -> Table {
    let head = [
        "phrase and prediction",
        "verdict",
        "seen",
        "corrected figure",
        "engines",
        "would decide",
    ];
    let mut table = Table::new(format!("{caption}: predictions"), &head);
    for claim in claims {
        let engines = claim.values.iter().enumerate().map(|(index, value)| {
            Text::from(of(claim, &engine(value), &format!("values/{index}")))
        });
        let needs = claim.needs.as_ref();
        table.row([
            text![
                format!("{}: ", claim.phrase),
                of(claim, &claim.prediction, "prediction")
            ],
            text![of(claim, &claim.verdict.to_string(), "verdict")],
            text![of(claim, &claim.sentence, "sentence")],
            text![of(claim, &corrected(claim), "corrected")],
            Text::joined(engines, "; "),
            needs.map_or_else(Text::default, |needs| Text::from(of(claim, needs, "needs"))),
        ]);
    }
    table
}

/// `0.24 [0.21, 0.28] at 98.3 %, p = 0.012, a large effect`: the figure that decides after the correction.
fn corrected(claim: &ClaimRecord) -> String {
    // Shares are printed in percent, their differences in points.
    let (scale, unit) = match claim.kind.as_str() {
        "bound" | "conformance" => (100.0, " %"),
        "difference" => (100.0, " points"),
        _ => (1.0, ""),
    };
    let p = claim
        .p_adjusted
        .map_or_else(String::new, |p| format!("p {}", probability(p)));
    let effect = claim.effect.as_ref();
    let effect = effect.map_or_else(String::new, |word| format!(", a {word} effect"));
    match (claim.value, claim.interval_adjusted) {
        (Some(value), Some(interval)) => format!(
            "{}{unit} [{}, {}] at {:.1} %, {p}{effect}",
            number(value * scale),
            number(interval.low * scale),
            number(interval.high * scale),
            interval.level * 100.0
        ),
        (Some(_), None) => "too few trials".to_owned(),
        (None, _) => p,
    }
}

/// Below a thousandth a p-value says no more than that.
fn probability(p: f64) -> String {
    if p < 0.001 {
        "< 0.001".to_owned()
    } else {
        format!("= {}", number(p))
    }
}

/// `temporal (tuned) 12.3 ms [11.9, 12.8], n = 6`; counts have no interval of their own here,
/// as that of the claim stands beside.
fn engine(value: &EngineValue) -> String {
    let interval = match value.interval {
        Some(interval) if !value.text.contains(" of ") => {
            format!(" [{}, {}]", number(interval.low), number(interval.high))
        }
        _ => String::new(),
    };
    format!(
        "{} ({}) {}{interval}, n = {}",
        value.engine, value.settings, value.text, value.n
    )
}
