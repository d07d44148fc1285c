//! Its section of the report.

use super::super::CAPABILITY_METRIC;
use super::EXPERIMENT;
use crate::document::{Block, Column, estimates};
use crate::results::Analysis;

pub(super) fn blocks(analysis: &Analysis) -> anyhow::Result<Vec<Block>> {
    let measurements = &analysis.measurements.measurements;
    let mut blocks = vec![Block::heading("Waiting for a time to pass")];
    let columns = [
        Column::value(CAPABILITY_METRIC, "level"),
        Column::sum("timers_wrong", "timers wrong"),
        Column::sum("timers_missed", "timers missed"),
        Column::estimate("timer_late_ms", "late, ms"),
        Column::estimate("timer_late_p99_ms", "late p99, ms"),
        Column::estimate("time_skipped_ms", "skipped, ms"),
        Column::sum("changes_doubled", "changes doubled"),
    ];
    let caption = "What becomes of a run that waits for a time to pass while everything is killed";
    let Some(table) = estimates(measurements, EXPERIMENT.name, caption, &columns) else {
        blocks.push(Block::paragraph("Not measured in these results."));
        return Ok(blocks);
    };
    blocks.push(Block::paragraph(
        "A run publishes a day, and has to wait for a time to pass before it announces that. While it waits, all workers of the engine and every service beside them are killed by SIGKILL, and started again on the same stores. The time is seconds of the real clock; or thirty days, all but the last seconds of which the engine skips for the run after that restart, where it can do so (clock: skipped). No process lived through thirty days: what was skipped is by the engine's own account. The guidance is wrong about long waits where a run of Temporal wakes early, late, twice or not.",
    ));
    blocks.push(Block::paragraph(
        "A timer is wrong where the run did not wait, did not go on, announced before its time, or changed something more than once; it is missed where it is wrong, or the announcement began more than a second after its time. Late is from that time, the end of the publication by the journal and the wait less what was skipped, to the first invocation of the announcement: a part of it is what passes between a step's end and the next one's begin, and how often a sensor looks. Of trials made several at a time it is that of a loaded machine. Level: 2, native, where by the engine's own history the announcement was completed in the run that waited; 1, emulated, where it came in another run, which code of the user starts: a sensor that looks whether the time has come; 0, unsupported, where the timer was wrong.",
    ));
    blocks.push(table);
    let columns = [Column::estimate("runs_waiting", "waited at a time")];
    let caption = "How many runs could be brought to wait before the first was due";
    if let Some(waited) = estimates(measurements, EXPERIMENT.name, caption, &columns) {
        blocks.push(Block::paragraph(
            "Where many runs wait at a time, they are reminders, which look at the airlines, wait, and call for somebody, so that little is measured beside the wait. As many are started as a row asks for (runs), some at a time, and no more once the rest of the wait is needed to watch them, kill everything and watch them again; where fewer waited, so many got there in that time, and what follows is of those. Of a hundred and more, late p99 is the lateness that one in a hundred exceeds.",
        ));
        blocks.push(waited);
    }
    let columns = [
        Column::estimate("idle_cpu_share", "CPU seconds a second"),
        Column::estimate("idle_memory_mib", "resident memory, MiB"),
        Column::estimate("idle_store_mib", "files of the engine, MiB"),
    ];
    let caption = "What runs take while they wait, by how many there are";
    if let Some(idle) = estimates(measurements, EXPERIMENT.name, caption, &columns) {
        blocks.push(Block::paragraph(
            "Many runs wait at a time. While none of them is due, the processes of the engine are watched: before everything is killed, with what they hold of the work before the wait; and after that, with what they start with. Memory that processes share counts in each of them.",
        ));
        blocks.push(idle);
    }
    Ok(blocks)
}
