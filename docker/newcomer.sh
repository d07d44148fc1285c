#!/usr/bin/env bash
# The newcomer's way, as the README tells it, tried for real: docker-compose.yml brings Temporal up, a
# worker polls it, a Python client runs the pipeline by its name, the UI shows the run, two workers
# make assets that are asked for `--on temporal`, and `orchbench run` measures on it; then everything
# goes.
#
# usage: docker/newcomer.sh ORCHBENCH
#   ORCHBENCH         the built program
#   ORCHBENCH_PYTHON  a Python with temporalio (python3)
#   NEWCOMER_PICTURE  where to keep the picture of the UI (nowhere)
#   NEWCOMER_PICTURE_OF_ASSETS  where to keep that of a partition's workflow (nowhere)
# The pictures need chromium.
# Ends with 0 when all of it was right; says "not run", and why, where something is missing.
set -euo pipefail

orchbench=$(realpath "$1")
python=${ORCHBENCH_PYTHON:-python3}
cd "$(dirname "$0")/.."
export COMPOSE_PROJECT_NAME=orchbench-newcomer

not_run() { echo "not run: $*"; exit 0; }
docker info >/dev/null 2>&1 || not_run "the Docker engine does not answer"
docker compose version >/dev/null 2>&1 || not_run "no docker compose (docker/install-compose.sh)"
"$python" -c 'import temporalio' 2>/dev/null || not_run "$python has no temporalio"
for image in $(docker compose config --images | sort -u); do
    docker image inspect "$image" >/dev/null 2>&1 || not_run "no image $image (docker/build-images.sh)"
done
for port in 7233 8080 "${ORCHBENCH_POSTGRES_PORT:-5433}"; do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then not_run "port $port is taken"; fi
done

scratch=$(mktemp -d)
workers=()
finish() {
    [ "${#workers[@]}" = 0 ] || kill "${workers[@]}" 2>/dev/null || true
    docker compose down --volumes --timeout 2 >"$scratch/down.log" 2>&1 || cat "$scratch/down.log" >&2
    rm -rf "$scratch"
}
trap finish EXIT

docker compose up --detach --wait --wait-timeout 120 2>"$scratch/up.log" || {
    tail -n 20 "$scratch/up.log" >&2
    docker compose logs --tail 20 >&2
    exit 1
}
echo "compose: up"

database=postgres://temporal:temporal@localhost:${ORCHBENCH_POSTGRES_PORT:-5433}/warehouse

# polls NAME ENGINE: a worker that is ready.
polls() {
    "$orchbench" worker "$2" --temporal-address localhost:7233 --work-dir "$scratch/work" \
        --warehouse "$database" >"$scratch/$1.log" 2>&1 &
    workers+=("$!")
    timeout 60 sh -c "until grep -q ready '$scratch/$1.log'; do sleep 0.1; done" || {
        cat "$scratch/$1.log" >&2
        exit 1
    }
    echo "worker $1: ready"
}
polls pipeline temporal

timeout 120 "$python" - <<'PYTHON'
import asyncio, json, time, urllib.request
from temporalio.client import Client

async def main():
    client = await Client.connect("localhost:7233")
    summary = await client.execute_workflow(
        "DataPipelineWorkflow", "one-day", id="pipeline-run-1", task_queue="data-pipeline-queue")
    assert summary["accepted"] == summary["loaded"] == 842, summary
    print("python: accepted and loaded", summary["loaded"])

def shown():
    url = "http://localhost:8080/api/v1/namespaces/default/workflows/pipeline-run-1"
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)["workflowExecutionInfo"]

asyncio.run(main())
info = shown()
assert info["type"]["name"] == "DataPipelineWorkflow", info
assert info["status"] == "WORKFLOW_EXECUTION_STATUS_COMPLETED", info
with urllib.request.urlopen("http://localhost:8080/namespaces/default/workflows", timeout=10) as page:
    assert b"<html" in page.read(), "the UI's page"
print("ui: shows pipeline-run-1 as completed")
PYTHON

# pictured FILE PAGE WORD…: the page as a person sees it, drawn by a real browser when it has the words.
pictured() {
    local picture=$1 page=$2 expected=
    shift 2
    if ! command -v chromium >/dev/null; then
        echo "browser: not run: no chromium"
        return
    fi
    local browse=(timeout 120 chromium --headless --no-sandbox --disable-gpu
        --user-data-dir="$scratch/browser" --window-size=1400,900 --virtual-time-budget=20000)
    # Drawn anew until it shows the run: on a busy machine the page may be there before its rows.
    shows() {
        "${browse[@]}" --dump-dom "$page" >"$scratch/page.html" 2>"$scratch/browser.log" || return 1
        for expected in "$@"; do
            grep -q "$expected" "$scratch/page.html" || return 1
        done
    }
    local deadline=$((SECONDS + 120))
    until shows "$@"; do
        if [ "$SECONDS" -ge "$deadline" ]; then
            tail -n 5 "$scratch/browser.log" >&2
            echo "$page in a browser: expected ${expected:-an answer}" >&2
            exit 1
        fi
    done
    "${browse[@]}" --screenshot="$picture" "$page" 2>"$scratch/browser.log" >&2
    test -s "$picture"
    echo "browser: the UI pictures $1"
}
workflows=http://localhost:8080/namespaces/default/workflows
pictured "${NEWCOMER_PICTURE:-$scratch/ui.png}" "$workflows" pipeline-run-1 DataPipelineWorkflow Completed

export ORCHBENCH_CATALOG=$database
polls assets-a assets
polls assets-b assets
"$orchbench" materialize my-source --on temporal --temporal-address localhost:7233 --run newcomer \
    --work-dir "$scratch/work" --warehouse "$database" --json >"$scratch/made.json" 2>"$scratch/made.log" || {
    cat "$scratch/made.log" >&2
    exit 1
}
# The workflow of a partition that was made, as a link to its page.
lane=$("$python" - "$scratch/made.json" <<'PYTHON'
import json, sys, urllib.parse, urllib.request

made = json.load(open(sys.argv[1]))
assert made["status"] == "success" and made["steps"]["materialized"] == 40, made
query = urllib.parse.quote("WorkflowType = 'PiecesWorkflow' AND ExecutionStatus = 'Completed'")
url = f"http://localhost:8080/api/v1/namespaces/default/workflows?query={query}"
with urllib.request.urlopen(url, timeout=10) as answer:
    lanes = [each["execution"] for each in json.load(answer)["executions"]]
lane = next(each for each in lanes if "2013-01-03" in each["workflowId"])
print("/".join(urllib.parse.quote(lane[part], safe="") for part in ("workflowId", "runId")))
PYTHON
)
echo "assets: made by two workers"
pictured "${NEWCOMER_PICTURE_OF_ASSETS:-$scratch/assets.png}" "$workflows/$lane/history" \
    PiecesWorkflow materialize_step Completed
unset ORCHBENCH_CATALOG

cat >"$scratch/small.toml" <<'PROFILE'
description = "a look at overhead and at a kill; the server is not ours to set or to kill"
seed = 7

[[scenario]]
name = "overhead"
blocks = 1
parameters = { shapes = ["chain"], steps = [1, 3], samples = 1 }

[[scenario]]
name = "restart-sticky"
blocks = 1
parameters = { server_kill_sources = ["one-day"] }
PROFILE
XDG_STATE_HOME=$scratch "$orchbench" run "${NEWCOMER_PROFILE:-$scratch/small.toml}" \
    --temporal-address localhost:7233 --experiment overhead,restart-survival --out "$scratch/results" \
    >"$scratch/run.log" 2>&1 && code=0 || code=$?
if [ "$code" != 0 ]; then
    cat "$scratch/run.log" >&2
    echo "orchbench run: expected exit code 0, found $code" >&2
    exit 1
fi
grep -q '"way": "named address"' "$scratch/results/environment.json"
grep -q '"engine": *"temporal"' "$scratch/results/measurements.json"
# Settings of the server, and its death: left out before the first trial, and named.
for left_out in 'settings tuned of a server' 'fault kill-server on a server'; do
    grep -q "not made: \[$left_out\](.*) (trials: .*localhost:7233 is not ours" "$scratch/results/report.md" || {
        cat "$scratch/run.log" >&2
        echo "report.md: expected \"not made\" for $left_out" >&2
        exit 1
    }
done
echo "orchbench run: measured, and what the server does not let make is named"

kill "${workers[@]}"
wait "${workers[@]}" || true
workers=()
docker compose down --volumes --timeout 2 2>"$scratch/down.log"
label=label=com.docker.compose.project=$COMPOSE_PROJECT_NAME
left=$(docker ps -aq --filter "$label"; docker volume ls -q --filter "$label"; docker network ls -q --filter "$label")
if [ -n "$left" ]; then
    printf 'docker compose down -v left:\n%s\n' "$left" >&2
    exit 1
fi
echo "compose: down, nothing left"
