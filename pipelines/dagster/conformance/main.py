"""The scenarios of CONFORMANCE.md on real Dagster: prints one JSON line each with what was observed.

What is expected stands in one place, in Rust: pipelines/asset-engine/tests/conformance. Each
scenario has an instance of its own (SQLite, telemetry off) and reports facts, not times.

usage: python pipelines/dagster/conformance/main.py [B1 …]
"""

import json
import logging
import sys
import warnings

import dagster

import backfills
import checks
import clocks
import conditions
import configs
import crashes
import dynamic
import fresh
import inputs
import limits
import looking
import orders
import outputs
import own_past
import retries
import times
import versions

SCENARIOS = {
    "B1": retries.exponential_gaps,
    "B2": retries.others_run_meanwhile,
    "B3": retries.killed_step_is_retried,
    "B4": crashes.killed_run,
    "B5": crashes.from_failure,
    "B6": versions.code_version,
    "B7": versions.observed_source,
    "B8": versions.unchanged_data_version,
    "B9": versions.whole_selection,
    "B10": crashes.orphan,
    "B11": orders.failed_key,
    "B12": orders.equal_keys,
    "B13": orders.failing_look,
    "B14": orders.missed_times,
    "B15": backfills.unpartitioned_once,
    "B16": backfills.failed_partition,
    "B17": backfills.canceled,
    "B18": conditions.first_evaluation,
    "B19": conditions.failed_request,
    "B20": conditions.first_observation,
    "B21": inputs.first_look,
    "B22": inputs.missing_partition,
    "B23": inputs.wiped_partition,
    "B24": inputs.made_again_meanwhile,
    "B25": conditions.made_again_meanwhile,
    "B26": conditions.wiped_piece,
    "B27": checks.later_run,
    "B28": checks.deleted_check,
    "B29": orders.changed_cron,
    "B30": clocks.forward,
    "B31": clocks.back,
    "B32": inputs.window_beyond_the_first_day,
    "B33": inputs.last_day_added,
    "B34": conditions.all_that_is_missing,
    "B35": conditions.latest_day,
    "B36": conditions.another_day,
    "B37": conditions.added_key,
    "B38": conditions.outdated_before,
    "B39": dynamic.coming_and_going,
    "B40": dynamic.asked_for,
    "B41": dynamic.by_a_sensor,
    "B42": own_past.backfill,
    "B43": own_past.failing_backfill,
    "B44": own_past.day_without_the_one_before,
    "B45": looking.failures,
    "B46": looking.selections,
    "B47": looking.past,
    "B48": conditions.left_to_a_backfill,
    "B49": looking.window,
    "B50": looking.listed_keys,
    "B51": checks.alone,
    "B52": fresh.ages,
    "B53": fresh.deadlines,
    "B54": configs.other_type,
    "B55": times.keys,
    "B56": times.day_of_hours,
    "B57": looking.tags,
    "B58": times.without_an_end,
    "B59": times.by_cron,
    "B60": outputs.subset,
    "B61": outputs.left_out,
    "B62": outputs.stale_subset,
    "B63": outputs.range_of_days,
    "B64": limits.one_at_once,
    "B65": checks.alone_of_one_day,
    "B66": backfills.failed_again,
    "B67": looking.successes,
    "B68": crashes.cancelled_at_once,
    "B69": configs.handed_in,
    "B70": looking.own_mapping,
    "B71": conditions.kept_fresh,
    "B72": inputs.wiped_nothing,
    "B73": checks.reported,
    "B74": versions.reasons,
    "B75": times.equal_dimensions,
}


def main() -> None:
    # Failures are planned here, and beta parts of Dagster are used knowingly.
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore", dagster.BetaWarning)
    print(json.dumps({"dagster": dagster.__version__}), flush=True)
    for name in sys.argv[1:] or SCENARIOS:
        print(json.dumps({"id": name, "observed": SCENARIOS[name]()}), flush=True)


if __name__ == "__main__":
    main()
