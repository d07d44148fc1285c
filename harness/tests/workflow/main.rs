//! `orchbench workflow` and `orchbench worker temporal` as a user has them: the built binary, on a
//! real server, directly and behind TLS.
//!
//! An argument names the tests to run: those whose name contains it.

#[path = "../fixtures/certificates.rs"]
mod certificates;
#[path = "../fixtures/changes.rs"]
mod changes;
#[path = "../fixtures/images.rs"]
mod images;

mod commands;
mod connection;
mod drain;
mod evidence;
mod history;
mod kill;
mod messages;
mod metrics;
mod nobody;
mod proxy;
mod record;
mod restarts;
mod stage;
mod storm;
mod subprocess;
mod usage;

use anyhow::{Result, ensure};

use self::stage::Stage;

type Test = (&'static str, fn(&Stage) -> Result<()>);

const TESTS: [Test; 32] = [
    (
        "commands::a_workflow_is_started_by_name_and_waited_for",
        commands::start_and_wait,
    ),
    (
        "commands::words_that_make_no_sense_end_with_2",
        commands::senseless_words,
    ),
    (
        "commands::an_id_that_is_unknown_running_or_closed_ends_with_2",
        commands::ids,
    ),
    (
        "commands::each_end_of_a_workflow_has_its_code",
        commands::ends,
    ),
    (
        "commands::an_id_that_has_run_before_says_so_and_runs_again",
        commands::again,
    ),
    (
        "commands::only_what_remains_of_a_backfill_is_done",
        commands::remaining,
    ),
    (
        "nobody::a_question_without_a_worker_ends_within_11_s",
        nobody::no_worker,
    ),
    (
        "nobody::an_unknown_workflow_is_said_by_worker_and_describe",
        nobody::unknown_workflow,
    ),
    ("usage::what_the_user_got_wrong_ends_with_2", usage::wrong),
    ("usage::nobody_there_ends_with_5", usage::unreachable),
    (
        "messages::an_update_changes_a_running_backfill_or_is_refused",
        messages::update_and_query,
    ),
    ("history::show_prints_each_step", history::show),
    (
        "history::show_follows_a_chain_of_continuations",
        history::follow,
    ),
    (
        "history::a_retried_activity_is_seen_with_attempt_and_failure",
        history::pending,
    ),
    (
        "metrics::a_worker_serves_prometheus_metrics",
        metrics::served,
    ),
    ("metrics::an_address_in_use_ends_with_2", metrics::in_use),
    (
        "connection::mutual_tls_by_a_profile",
        connection::mutual_tls,
    ),
    (
        "connection::an_api_key_from_the_environment",
        connection::api_key,
    ),
    (
        "connection::a_flag_beats_the_environment",
        connection::precedence,
    ),
    ("connection::what_is_wrong_is_said_once", connection::wrong),
    (
        "drain::a_step_that_outlasts_the_drain_is_done_again",
        drain::overlong,
    ),
    ("drain::sigterm_loses_no_activity", drain::sigterm),
    ("kill::each_pattern_survives_its_worker", kill::each_pattern),
    (
        "kill::the_saga_survives_at_every_point_there_and_back",
        kill::each_point_of_the_saga,
    ),
    (
        "record::every_planted_fault_is_caught_in_fresh_trials",
        record::trials,
    ),
    (
        "subprocess::heartbeats_go_on_while_processes_work",
        subprocess::heartbeats,
    ),
    (
        "subprocess::a_process_that_dies_alone_is_an_attempt_by_name",
        subprocess::dies_alone,
    ),
    (
        "subprocess::an_attempt_that_is_to_stop_takes_its_process_along",
        subprocess::stopped,
    ),
    (
        "storm::two_backfills_at_once_survive_kills_at_random_instants",
        storm::two_at_once,
    ),
    (
        "storm::a_years_backfill_survives_a_kill_every_few_seconds",
        storm::a_year,
    ),
    (
        "restarts::an_approval_waits_while_everything_restarts",
        restarts::approval,
    ),
    (
        "restarts::an_approval_waits_while_worker_server_and_database_restart",
        restarts::approval_on_postgres,
    ),
];

fn main() -> Result<()> {
    // Children are started through this program, as `orchbench` starts its own.
    orchbench::cli::serve_if_child();
    let wanted = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let wanted = wanted.unwrap_or_default();
    let stage = Stage::open()?;
    let (mut passed, mut failed) = (0, 0);
    for (name, test) in TESTS.iter().filter(|(name, _)| name.contains(&wanted)) {
        let begun = std::time::Instant::now();
        let result = test(&stage);
        let took_s = begun.elapsed().as_secs_f64();
        match result {
            Ok(()) => {
                passed += 1;
                println!("{name}: ok ({took_s:.1} s)");
            }
            Err(error) => {
                failed += 1;
                println!("{name}: FAILED ({took_s:.1} s): {error:#}");
            }
        }
    }
    stage.close()?;
    println!("{passed} passed, {failed} failed");
    ensure!(
        failed == 0 && passed > 0,
        "{passed} passed, {failed} failed"
    );
    Ok(())
}
