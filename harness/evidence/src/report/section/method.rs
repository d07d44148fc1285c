//! How the figures came about, and how to get them again.

use crate::document::Block;
use crate::results::Analysis;
use crate::stats::BOOTSTRAP_FROM;

pub(in crate::report) fn blocks(analysis: &Analysis) -> Vec<Block> {
    let mut method = vec![
            "The unit of replication is a trial in fresh processes. Engines and settings alternate in mirrored blocks (A B B A), and comparisons pair the trials of one block.".to_owned(),
            format!(
                "An estimate is the median of the trials' medians. Its 95 % interval is a hierarchical bootstrap (trials, then samples; percentiles of 2,000 resamples) from {BOOTSTRAP_FROM} trials on; with two to {} trials it is Student's t, on logarithms where all values are positive, which assumes that trials scatter about log-normally; with one trial there is none.",
                BOOTSTRAP_FROM - 1
            ),
            "A ratio is the geometric mean of the pairs' ratios, with intervals by the same rule. A side wins only if the whole interval is outside ±5 %; otherwise the sentence says undecided, or no difference where the whole interval is inside. The effect size is Vargha and Delaney's A.".to_owned(),
            "No correction for the number of comparisons is made: of twenty true nulls, one interval misses on average.".to_owned(),
            "Percentiles are exact order statistics over merged samples; their intervals (Conover) need 72 samples for p95 and 368 for p99. They take samples as independent, which runs in one process are not quite.".to_owned(),
            "The overhead line is fitted per trial on the median of each number of steps, minimising relative residuals.".to_owned(),
            "Times come from CLOCK_MONOTONIC of one host, in the journal as in the harness, so they compare. Retry gaps may be 5 ms shorter than the policy's delay before they count as a violation.".to_owned(),
            "The effect journal is outside every engine: one write(2) a record, checksums chained, sealed at the end of a trial. A gap makes verdicts unknown, never a pass.".to_owned(),
    ];
    let left_out = &analysis.plan.left_out;
    method.extend(left_out.iter().map(|each| format!("{each}.")));
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
