#!/usr/bin/env bash
# Builds the image temporalio/temporal:1.5.1 from a Temporal CLI that is on this machine,
# for machines that reach no image registry. It stands in for the vendor's image of that
# name (same program, same arguments); reports mark it as a local build.
#
# usage: docker/build-temporal-image.sh [TEMPORAL_CLI]
#   TEMPORAL_CLI  a static `temporal` program (default: the harness's cache)
set -euo pipefail

image=${ORCHBENCH_TEMPORAL_IMAGE:-temporalio/temporal:1.5.1}
cli=${1:-${ORCHBENCH_TEMPORAL_CLI:-${XDG_CACHE_HOME:-$HOME/.cache}/orchbench/bin/temporal}}
[ -x "$cli" ] || { echo "no Temporal CLI at $cli: run docker/install-temporal.sh or name one" >&2; exit 1; }

context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
cp "$cli" "$context/temporal"
# A static program without /etc/passwd needs USER and HOME.
cat >"$context/Dockerfile" <<'DOCKERFILE'
FROM scratch
COPY temporal /temporal
ENV USER=temporal HOME=/
ENTRYPOINT ["/temporal"]
DOCKERFILE
# The legacy builder: buildx is not everywhere, and nothing here needs it.
DOCKER_BUILDKIT=0 docker build --quiet --tag "$image" "$context"
echo "built $image from $cli"
