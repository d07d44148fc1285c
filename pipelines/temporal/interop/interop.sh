#!/usr/bin/env bash
# Every workflow pattern from outside Rust: by the `temporal` command line here, by the Python SDK in
# patterns.py. Each is started by its name, signalled, queried and updated, and its answer compared.
#
# Needs a server and a worker:
#   orchbench server start --detach && orchbench worker temporal &
# TEMPORAL_ADDRESS names the server (127.0.0.1:7233), TASK_QUEUE the queue (data-pipeline-queue),
# ORCHBENCH_PYTHON a Python with temporalio (python3; without it, its half says "not run").
# Ends with 0 when every answer was right, with 1 at the first that was not.

set -euo pipefail
cd "$(dirname "$0")"

export TEMPORAL_ADDRESS=${TEMPORAL_ADDRESS:-127.0.0.1:7233}
queue=${TASK_QUEUE:-data-pipeline-queue}
# The same id may not run twice at a time: each run of this script has its own.
ids=interop-$$

# One answer, in one line without blanks.
compact() { tr -d ' \n'; }

# expect NAME PART ANSWER: the answer must have the part.
expect() {
    if [[ $3 != *"$2"* ]]; then
        printf '%s: expected %s, found %s\n' "$1" "$2" "$3" >&2
        exit 1
    fi
    printf 'temporal: %s: %s\n' "$1" "$2"
}

# until_expect NAME PART COMMAND…: the same, of a command that is asked again for half a minute.
until_expect() {
    local name=$1 part=$2 answer='' deadline=$((SECONDS + 30))
    shift 2
    while ((SECONDS < deadline)); do
        answer=$("$@" 2>&1 | compact) || true
        if [[ $answer == *"$part"* ]]; then break; fi
        sleep 0.05
    done
    expect "$name" "$part" "$answer"
}

execute() {
    temporal workflow execute --type "$1" --input "$2" --workflow-id "$ids-$1" \
        --task-queue "$queue" --output json | compact
}
start() {
    temporal workflow start --type "$1" --input "$2" --workflow-id "$ids-$1" \
        --task-queue "$queue" --output json | compact
}
query() { temporal workflow query --name "$2" --workflow-id "$ids-$1" --output json; }
result() { temporal workflow result --workflow-id "$ids-$1" --output json | compact; }
describe() { temporal workflow describe --workflow-id "$ids-$1" --output json; }

# --- pipeline, sequential, parallel, saga: start, wait, query what has closed ---------------

expect DataPipelineWorkflow '"accepted":842' "$(execute DataPipelineWorkflow '"one-day"')"
expect SequentialWorkflow '"accepted":842' "$(execute SequentialWorkflow '"one-day"')"
expect "SequentialWorkflow progress" '[1]' "$(query SequentialWorkflow progress | compact)"
expect ParallelWorkflow '"partitions":7' "$(execute ParallelWorkflow '"my-source"')"
expect "ParallelWorkflow progress" '[7]' "$(query ParallelWorkflow progress | compact)"
expect SagaWorkflow '"accepted":842' "$(execute SagaWorkflow '"one-day"')"
progress=$(query SagaWorkflow progress | compact)
expect "SagaWorkflow progress" '["load","2013-01-01"],["publish",null],["announce",null]' "$progress"
# The command line prints an empty list as null.
expect "SagaWorkflow progress" '"undone":null' "$progress"

expect ExtractWorkflow '"days":7' "$(execute ExtractWorkflow '"my-source"')"

# --- backfill: query and update while it runs -----------------------------------------------

# Forty days one by one last longer than it takes to change that.
start BackfillWorkflow '{"pipeline": {"source": "all", "concurrency": 1}, "last": "2013-02-09"}' >/dev/null
set_concurrency() {
    temporal workflow update execute --name set_concurrency --workflow-id "$ids-BackfillWorkflow" \
        --input "$1" --output json 2>&1 | compact
}
expect "BackfillWorkflow set_concurrency" '"result":1' "$(set_concurrency 16)"
# The validator refuses, and the workflow goes on.
expect "BackfillWorkflow set_concurrency" 'expected1to' "$(set_concurrency 0 || true)"
expect "BackfillWorkflow progress" '"concurrency":16' "$(query BackfillWorkflow progress | compact)"
answer=$(result BackfillWorkflow)
expect BackfillWorkflow '"succeeded":40' "$answer"
expect BackfillWorkflow '"failed":null' "$answer"

# --- approval: signals, queries ---------------------------------------------------------------

start ApprovalWorkflow '"one-day"' >/dev/null
until_expect "ApprovalWorkflow progress" '"stage":"waiting"' query ApprovalWorkflow progress
expect "ApprovalWorkflow lineage" '"day":"2013-01-01"' "$(query ApprovalWorkflow lineage | compact)"
temporal workflow signal --name reject --workflow-id "$ids-ApprovalWorkflow" \
    --input '{"who": "ann", "why": "too-few-rows"}' >/dev/null
answer=$(result ApprovalWorkflow)
expect ApprovalWorkflow '"decision":"rejected"' "$answer"
expect ApprovalWorkflow '"who":"ann"' "$answer"
expect ApprovalWorkflow '"summary":null' "$answer"

# --- daily: by hand, and by a schedule --------------------------------------------------------

expect DailyWorkflow '"day":"2013-01-01"' "$(execute DailyWorkflow '"one-day"')"
temporal schedule create --schedule-id "$ids" --workflow-id "$ids-daily" --type DailyWorkflow \
    --input '"one-day"' --task-queue "$queue" --interval 24h --paused >/dev/null
trap 'temporal schedule delete --schedule-id "$ids" >/dev/null' EXIT
temporal schedule trigger --schedule-id "$ids" >/dev/null
until_expect "DailyWorkflow by a schedule" '"actionCount":"1"' \
    temporal schedule describe --schedule-id "$ids" --output json

# --- a bad argument: the workflow fails by name, nothing is written ---------------------------

start SequentialWorkflow '"no-such"' >/dev/null
until_expect "SequentialWorkflow of no-such" 'WORKFLOW_EXECUTION_STATUS_FAILED' describe SequentialWorkflow
expect "SequentialWorkflow of no-such" 'UnknownSource' "$(result SequentialWorkflow 2>&1 || true)"

# --- the same from Python ---------------------------------------------------------------------

python=${ORCHBENCH_PYTHON:-python3}
if "$python" -c 'import temporalio' 2>/dev/null; then
    "$python" patterns.py "$TEMPORAL_ADDRESS" "$queue"
else
    echo "not run: $python has no temporalio (pip install temporalio; ORCHBENCH_PYTHON)"
fi
