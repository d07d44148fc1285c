//! How the figures came about, and how to get them again.

use crate::document::{Block, Text, figure, number, path, text};
use crate::results::Analysis;
use crate::stats::{COVERAGE_WITH_OUTLIERS, FEWEST_TRIALS, RANK_FROM};

pub(in crate::report) fn blocks(analysis: &Analysis) -> Vec<Block> {
    let method = vec![
            "The unit of replication is a trial in fresh processes. Engines and settings alternate in mirrored blocks (A B B A), and comparisons pair the trials of one block.".to_owned(),
            format!(
                "An estimate is of the population's median; each trial counts once, by the median of its samples, and trials of several conditions are averaged inside their block first. From {FEWEST_TRIALS} to {} trials it is the geometric mean with Student's t on logarithms (on the values where one is not positive), which assumes that trials scatter about log-normally; from {RANK_FROM} on it is the sample's median with an interval of ranks, which assumes nothing. With fewer than {FEWEST_TRIALS} trials there is none.",
                RANK_FROM - 1
            ),
            outliers(),
            "A ratio is of the blocks' pairs, on logarithms, with intervals by the same rule. A side is larger only if the whole interval is outside ±5 %; otherwise the sentence says undecided, or no difference where the whole interval is inside. The effect size is Vargha and Delaney's A.".to_owned(),
            "The claims of a row of the table are corrected together for their number (Holm): the adjusted interval is what decides, and what is printed.".to_owned(),
            "Before a trial measures, its runs are repeated until their times are flat: the median of three runs within 5 % of that of the three before. Where they never were, the trial says so.".to_owned(),
            "Percentiles of latency are exact order statistics of one trial, and compared over trials. An open loop counts from the intended start, at Poisson arrivals unless it says otherwise; achieved is what ended within the offer's duration and a tenth of it, over what was offered. A point below 0.99, or one whose generator was late by more than 5 % of the median latency at its 99th percentile, decides nothing.".to_owned(),
            "A rung of the closed loop lasts until every lane has ended five runs; the knee is where a doubling of lanes first gains less than 5 %.".to_owned(),
            "What a step costs is the slope of a line over at least three sizes with five samples each, none of them more than 5 % off it; else the difference of the two largest sizes over their steps.".to_owned(),
            "Failures are drawn by block, the same for every engine. Equal trials are made twice in each block where the scenario names them (A/A); where those differ, their experiment decides nothing.".to_owned(),
            "CPU time, memory and writes are the kernel's accounts of each process; flushes are the disks' own count, of the whole machine.".to_owned(),
            "Times come from CLOCK_MONOTONIC of one host, in the journal as in the harness, so they compare. Retry gaps may be 5 ms shorter than the policy's delay before they count as a violation.".to_owned(),
            "The effect journal is outside every engine: one write(2) a record, checksums chained, sealed at the end of a trial. A gap makes verdicts unknown, never a pass.".to_owned(),
    ];
    let left_out = &analysis.plan.left_out;
    let mut method: Vec<Text> = method.into_iter().map(Text::from).collect();
    method.extend(left_out.iter().enumerate().map(|(index, each)| {
        let place = |field: &str| path::plan(&format!("left_out/{index}/{field}"));
        text![
            "not made: ",
            figure::quoted(&each.what, place("what")),
            " (trials: ",
            figure::count(each.trials, place("trials")),
            "): ",
            figure::quoted(&each.reason, place("reason")),
            "."
        ]
    }));
    vec![
        Block::heading("Method"),
        Block::List(method),
        Block::heading("How to get this report again"),
        Block::Code(format!(
            "orchbench report DIR          # from this results folder, no engine needed\norchbench run {}              # the measurements themselves, again",
            analysis.plan.profile
        )),
    ]
}

/// What slow outliers make of the intervals of few trials.
fn outliers() -> String {
    let each: Vec<String> = COVERAGE_WITH_OUTLIERS
        .iter()
        .map(|each| {
            format!(
                "n = {} at {} %: {} % ({} %)",
                each.trials,
                each.variation_percent,
                number(each.estimate * 100.0),
                number(each.ratio * 100.0)
            )
        })
        .collect();
    format!(
        "Where one trial of ten is three times as slow, intervals of ranks still cover as often as they say; those of fewer trials cover, by their number and the coefficient of variation of the trials that are not slow, simulated, of an estimate (of a ratio): {}.",
        each.join(", ")
    )
}
