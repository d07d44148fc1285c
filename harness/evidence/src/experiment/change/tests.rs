use std::sync::Arc;

use orchbench_journal::{Kind, Record, partitions_digest};
use serde_json::json;

use super::*;
use crate::check;
use crate::measure::fixture::{TrialBuilder, days};
use crate::record::{Event, EventBody, Outcome, WarehouseRow};

const AGAIN: &str = "again";
/// Between the two runs, longer than either takes.
const LATER_NS: u64 = 100_000_000_000;

/// A trial whose second run makes again what depends on the first of two days, after a correction of it.
fn corrected() -> TrialEvidence {
    let mut trial = TrialBuilder::good("t").evidence();
    trial.plan.experiment = EXPERIMENT.name.to_owned();
    trial.plan.parameters = json!({ "day": days()[0], "step": "transform" });
    trial
        .plan
        .factors
        .insert("changed".into(), "partition".into());
    let events = trial.events.iter().filter_map(|event| {
        let mut event = event.clone();
        event.t_ns += LATER_NS;
        match &mut event.body {
            EventBody::RunAcknowledged { run, .. } => *run = AGAIN.into(),
            EventBody::RunEnded { run, summary, .. } => {
                *run = AGAIN.into();
                *summary = None;
            }
            _ => return None,
        }
        Some(event)
    });
    let events: Vec<Event> = events.collect();
    trial.events.extend(events);
    let records: Vec<Record> = trial
        .journal
        .iter()
        .flat_map(|file| &file.records)
        .filter(|record| is_made_again(record))
        .map(again)
        .collect();
    trial.journal[0].records.extend(records);
    trial
}

fn is_made_again(record: &Record) -> bool {
    let after_all_days = matches!(record.step, Some(StepName::Publish | StepName::Announce));
    let of_day = record.partition == Some(days()[0]);
    after_all_days || (of_day && record.step != Some(StepName::ExtractWeather))
}

/// The same of the second run, with another outcome.
fn again(record: &Record) -> Record {
    let mut record = record.clone();
    record.run = Some(AGAIN.into());
    let key = record.key.as_deref().and_then(|key| key.split_once('/'));
    record.key = key.map(|(_, rest)| format!("{AGAIN}/{rest}"));
    record.t_ns += LATER_NS;
    let [first, second] = days();
    let unchanged = format!("data of {second}");
    record.output_digest = record
        .output_digest
        .as_ref()
        .map(|_| match record.partition {
            Some(_) => "corrected".to_owned(),
            None => {
                partitions_digest([(first, "corrected"), (second, unchanged.as_str())].into_iter())
            }
        });
    record
}

fn is_second(record: &Record) -> bool {
    record.run.as_deref() == Some(AGAIN)
}

/// Leaves those records of the second run only.
fn keep(trial: &mut TrialEvidence, kept: impl Fn(&Record) -> bool) {
    let records = &mut trial.journal[0].records;
    records.retain(|record| !is_second(record) || kept(record));
}

/// Lets a step of the second run have made something else.
fn made(trial: &mut TrialEvidence, step: StepName, digest: &str) {
    let records = trial.journal[0].records.iter_mut();
    let ended = |record: &&mut Record| record.step == Some(step) && record.kind == Kind::Ok;
    for record in records.filter(|record| is_second(record)).filter(ended) {
        record.output_digest = Some(digest.to_owned());
    }
}

/// The same, with the engine's word that all of it was stale.
fn told(mut trial: TrialEvidence) -> TrialEvidence {
    let keys: BTreeSet<String> = trial.journal[0]
        .records
        .iter()
        .filter(|record| is_second(record))
        .filter_map(|each| each.key.clone())
        .collect();
    for key in keys {
        let body = EventBody::Sample(sample(CALLED_STALE, 1.0, &[("key", &key)]));
        trial.events.push(Event { t_ns: 1, body });
    }
    trial
}

fn value(trial: &TrialEvidence, metric: &str) -> Option<f64> {
    let samples = derive(trial, trial.samples());
    assert!(samples.iter().all(|each| each.metric != CALLED_STALE));
    let mut found = samples.iter().filter(|each| each.metric == metric);
    found.next().map(|each| each.value)
}

/// Of the patterns that a trial shows, in their order.
fn levels_of(trial: &TrialEvidence) -> Vec<f64> {
    let samples = derive(trial, trial.samples());
    let levels = samples
        .iter()
        .filter(|each| each.metric == CAPABILITY_METRIC);
    levels.map(|each| each.value).collect()
}

fn counts(trial: &TrialEvidence) -> [Option<f64>; 3] {
    ["steps_needed", "steps_needless", "steps_missed"].map(|metric| value(trial, metric))
}

#[test]
fn exactly_what_depends_is_native_where_the_engine_knew_and_emulated_where_not() {
    let trial = corrected();
    assert_eq!(counts(&trial), [Some(6.0), Some(0.0), Some(0.0)]);
    assert_eq!(levels_of(&trial), [EMULATED, EMULATED]);
    assert_eq!(levels_of(&told(trial)), [NATIVE, NATIVE]);
}

#[test]
fn one_step_of_which_it_did_not_know_is_emulated() {
    let mut trial = told(corrected());
    let load = |event: &Event| matches!(&event.body, EventBody::Sample(each) if each.labels["key"].contains("/load/"));
    trial.events.retain(|event| !load(event));
    assert_eq!(levels_of(&trial), [EMULATED, EMULATED]);
    // A check belongs to what it judges.
    let mut trial = told(corrected());
    let check = |event: &Event| matches!(&event.body, EventBody::Sample(each) if each.labels["key"].contains("/check/"));
    trial.events.retain(|event| !check(event));
    assert_eq!(levels_of(&trial), [NATIVE, NATIVE]);
}

#[test]
fn what_is_left_out_is_missed_and_unsupported() {
    let mut trial = told(corrected());
    keep(&mut trial, |record| record.step != Some(StepName::Publish));
    // What reads it may have to be made too: nobody knows.
    assert_eq!(counts(&trial), [Some(6.0), Some(0.0), Some(1.0)]);
    assert_eq!(levels_of(&trial), [UNSUPPORTED, UNSUPPORTED]);
    let mut failed = told(corrected());
    for event in &mut failed.events {
        if let EventBody::RunEnded { failure, .. } = &mut event.body {
            *failure = Some(crate::record::RunFailure {
                error_type: "X".into(),
                message: "planned".into(),
            });
        }
    }
    assert_eq!(levels_of(&failed), [UNSUPPORTED, UNSUPPORTED]);
}

#[test]
fn what_does_not_depend_on_the_change_is_needless_and_unsupported() {
    let mut trial = corrected();
    let other = trial.journal[0].records.iter().filter(|record| {
        record.step == Some(StepName::ExtractFlights) && record.partition == Some(days()[1])
    });
    let other: Vec<Record> = other.map(again).collect();
    trial.journal[0].records.extend(other);
    assert_eq!(counts(&trial), [Some(6.0), Some(1.0), Some(0.0)]);
    assert_eq!(levels_of(&told(trial)), [UNSUPPORTED, UNSUPPORTED]);
}

#[test]
fn what_reads_the_same_as_before_need_not_be_made_and_may() {
    let mut trial = corrected();
    let unchanged = format!("data of {}", days()[0]);
    made(&mut trial, StepName::Transform, &unchanged);
    assert_eq!(counts(&trial), [Some(2.0), Some(4.0), Some(0.0)]);
    assert_eq!(levels_of(&told(trial)), [NATIVE, UNSUPPORTED]);
}

#[test]
fn after_a_change_of_code_its_step_has_to_be_made_and_after_none_nothing() {
    let mut trial = corrected();
    trial.plan.factors.insert("changed".into(), "code".into());
    keep(&mut trial, |record| {
        record.step == Some(StepName::Transform)
    });
    // One of two days, and what reads it came out otherwise.
    assert_eq!(counts(&trial)[2], Some(7.0));
    trial
        .plan
        .factors
        .insert("changed".into(), "nothing".into());
    assert_eq!(counts(&trial), [Some(0.0), Some(1.0), Some(0.0)]);
    assert_eq!(levels_of(&trial), [UNSUPPORTED]);
    keep(&mut trial, |_| false);
    assert_eq!(levels_of(&trial), [0.0; 0]);
}

#[test]
fn what_was_not_made_before_has_to_be() {
    let mut trial = corrected();
    trial.journal[0].records.retain(|record| {
        let after_all_days = [Some(StepName::Publish), Some(StepName::Announce)];
        is_second(record) || !after_all_days.contains(&record.step)
    });
    assert_eq!(counts(&trial), [Some(6.0), Some(0.0), Some(0.0)]);
}

/// What the invariants say of the second run, which rests on the first.
#[test]
fn a_run_that_rests_on_another_is_judged_with_it() {
    let outcome = |trial: &TrialEvidence, invariant: &str| {
        let mut trial = trial.clone();
        check::mutation::reseal(&mut trial);
        let check::Checked::Verdicts(verdicts) = check::check(&trial) else {
            panic!("void");
        };
        let mut verdicts = verdicts.into_iter();
        let found = verdicts.find(|each| each.invariant == invariant);
        found.map(|each| each.outcome)
    };
    let trial = corrected();
    for invariant in ["parents_first", "publication", "single_change"] {
        assert_eq!(
            outcome(&trial, invariant),
            Some(Outcome::Pass),
            "{invariant}"
        );
    }
    // Without a change between them a run rests on nothing.
    let mut alone = trial.clone();
    alone.plan.factors.remove("changed");
    assert_eq!(outcome(&alone, "parents_first"), Some(Outcome::Fail));
    assert_eq!(outcome(&alone, "publication"), Some(Outcome::Fail));
    // A load of what was made before the correction.
    let mut stale = trial.clone();
    made(
        &mut stale,
        StepName::Load,
        &format!("data of {}", days()[0]),
    );
    assert_eq!(outcome(&stale, "parents_first"), Some(Outcome::Fail));
    assert_eq!(outcome(&stale, "publication"), Some(Outcome::Fail));
}

/// A backfill of two days, all of it killed after the first load, and begun again in another run.
fn interrupted() -> TrialEvidence {
    let mut trial = corrected();
    trial
        .plan
        .factors
        .insert("changed".into(), "interrupted".into());
    let [first, second] = days();
    let publish_or_second = |record: &Record| {
        matches!(record.step, Some(StepName::Publish | StepName::Announce))
            || record.partition == Some(second)
    };
    let done: Vec<Record> = trial.journal[0].records.clone();
    let left = done
        .iter()
        .filter(|record| !is_second(record))
        .filter(|record| publish_or_second(record));
    let left: Vec<Record> = left.map(again).collect();
    trial.journal[0]
        .records
        .retain(|record| !is_second(record) && !publish_or_second(record));
    trial.journal[0].records.extend(left);
    let loaded = trial.journal[0].records.iter().find(|record| {
        record.step == Some(StepName::Load)
            && record.partition == Some(first)
            && record.kind == Kind::Ok
    });
    let body = EventBody::FaultFired {
        fault: "kill-host".into(),
        target: "half of the days".into(),
        pid: Some(7),
    };
    let t_ns = loaded.expect("a load").t_ns + 1;
    trial.events.push(Event { t_ns, body });
    trial
}

/// Lets the second run make a day that the first made.
fn make_again(trial: &mut TrialEvidence, day: Day) {
    let records = &mut trial.journal[0].records;
    let of_day = records.iter().filter(|each| each.partition == Some(day));
    let more: Vec<Record> = of_day.map(again).collect();
    records.extend(more);
}

#[test]
fn a_backfill_that_goes_on_with_what_is_left_is_native_where_the_engine_knew() {
    let trial = interrupted();
    assert_eq!(value(&trial, "partitions_made_twice"), Some(0.0));
    assert_eq!(levels_of(&trial), [EMULATED]);
    assert_eq!(counts(&trial)[1..], [Some(0.0), Some(0.0)]);
    assert_eq!(levels_of(&told(trial)), [NATIVE]);
}

/// What has ended and the engine did not hear of before it was killed is at work to it.
#[test]
fn one_that_makes_as_many_twice_as_were_at_work_at_once_goes_on() {
    let mut trial = interrupted();
    make_again(&mut trial, days()[0]);
    assert_eq!(value(&trial, "partitions_made_twice"), Some(1.0));
    assert_eq!(levels_of(&told(trial)), [NATIVE]);
}

#[test]
fn one_that_begins_from_the_start_or_leaves_a_day_out_is_unsupported() {
    let mut trial = interrupted();
    // A day more, long before the first.
    let [first, second] = days();
    let third = second.next().expect("a day");
    let records = trial.journal[0].records.clone();
    let of_first = records.iter().filter(|each| each.partition == Some(first));
    let more = of_first.map(|record| {
        let mut record = record.clone();
        record.partition = Some(third);
        record.key = record
            .key
            .map(|key| key.replace(&first.to_string(), &third.to_string()));
        record.t_ns /= 1_000;
        record
    });
    let more: Vec<Record> = more.collect();
    trial.journal[0].records.extend(more);
    for source in trial.sources.values_mut() {
        let rows = source.expected.as_mut().map(Arc::make_mut);
        let rows = rows.expect("the rows");
        let row = WarehouseRow {
            day: third,
            ..rows[0].clone()
        };
        rows.push(row);
    }
    make_again(&mut trial, first);
    make_again(&mut trial, third);
    assert_eq!(value(&trial, "partitions_made_twice"), Some(2.0));
    assert_eq!(levels_of(&told(trial)), [UNSUPPORTED]);
    let mut trial = interrupted();
    keep(&mut trial, |record| record.step != Some(StepName::Load));
    assert_eq!(levels_of(&told(trial)), [UNSUPPORTED]);
}

#[test]
fn a_kill_that_came_after_all_was_loaded_shows_nothing() {
    let mut trial = interrupted();
    for event in &mut trial.events {
        if matches!(event.body, EventBody::FaultFired { .. }) {
            event.t_ns = u64::MAX;
        }
    }
    assert_eq!(value(&trial, "partitions_made_twice"), None);
    assert_eq!(levels_of(&trial), [0.0; 0]);
}

/// A trial whose first run fails at the first of two days, and whose second makes what is left.
fn failed() -> TrialEvidence {
    let mut trial = corrected();
    trial
        .plan
        .factors
        .insert("changed".into(), "failing".into());
    let first_day = Some(days()[0]);
    let fails = |record: &Record| {
        let of_day = matches!(record.step, Some(StepName::Check | StepName::Load));
        let after = matches!(record.step, Some(StepName::Publish | StepName::Announce));
        !is_second(record) && (of_day && record.partition == first_day || after)
    };
    let transforms =
        |record: &Record| record.partition == first_day && record.step == Some(StepName::Transform);
    let records = &mut trial.journal[0].records;
    records.retain(|record| {
        let ends = record.kind == Kind::Ok && !is_second(record);
        !(fails(record) || ends && transforms(record))
    });
    records.retain(|record| !(is_second(record) && record.step == Some(StepName::ExtractFlights)));
    for event in &mut trial.events {
        match &mut event.body {
            EventBody::RunEnded {
                run,
                summary,
                failure,
            } if run != AGAIN => {
                *summary = None;
                *failure = Some(crate::record::RunFailure {
                    error_type: "InjectedFatal".into(),
                    message: "planned".into(),
                });
            }
            _ => {}
        }
    }
    trial
}

#[test]
fn what_failed_is_made_again_alone_and_what_else_is_found_out() {
    let trial = failed();
    assert_eq!(counts(&trial), [Some(5.0), Some(0.0), Some(0.0)]);
    assert_eq!(value(&trial, "partitions_left_out"), Some(0.0));
    assert_eq!(levels_of(&trial), [EMULATED]);
    assert_eq!(levels_of(&told(trial.clone())), [NATIVE]);
    // The other day was not loaded by the first run either.
    let mut left = told(trial.clone());
    left.journal[0].records.retain(|record| {
        let load = record.step == Some(StepName::Load) && record.partition == Some(days()[1]);
        !load || is_second(record)
    });
    assert_eq!(value(&left, "partitions_left_out"), Some(1.0));
    assert_eq!(levels_of(&left), [UNSUPPORTED]);
    // Also where the second run has made that, too, as it had to.
    let mut both = trial.clone();
    let of_other = |record: &&Record| {
        record.step == Some(StepName::Load) && record.partition == Some(days()[1])
    };
    let records = both.journal[0].records.iter().filter(of_other).map(again);
    let records: Vec<Record> = records.collect();
    both.journal[0]
        .records
        .retain(|record| is_second(record) || !of_other(&record));
    both.journal[0].records.extend(records);
    let both = told(both);
    assert_eq!(counts(&both), [Some(6.0), Some(0.0), Some(0.0)]);
    assert_eq!(levels_of(&both), [UNSUPPORTED]);
    // The second run did not end well.
    let mut unended = told(trial.clone());
    unended
        .events
        .retain(|event| !matches!(&event.body, EventBody::RunEnded { run, .. } if run == AGAIN));
    assert_eq!(levels_of(&unended), [UNSUPPORTED]);
    // It did not say that it failed.
    let mut silent = told(trial.clone());
    for event in &mut silent.events {
        if let EventBody::RunEnded { failure, .. } = &mut event.body {
            *failure = None;
        }
    }
    assert_eq!(levels_of(&silent), [UNSUPPORTED]);
    // More than what was left.
    let mut more = told(trial);
    let of_weather = |record: &&Record| {
        record.step == Some(StepName::ExtractWeather) && record.partition == Some(days()[0])
    };
    let records = more.journal[0].records.iter().filter(of_weather).map(again);
    let records: Vec<Record> = records.collect();
    more.journal[0].records.extend(records);
    assert_eq!(value(&more, "steps_needless"), Some(1.0));
    assert_eq!(levels_of(&more), [UNSUPPORTED]);
}
