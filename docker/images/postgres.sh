#!/bin/bash
# Stands in for the entrypoint of the vendor's postgres image: the variables POSTGRES_USER,
# POSTGRES_PASSWORD and POSTGRES_DB, PGDATA, and arguments of the server.
set -euo pipefail

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    : "${POSTGRES_PASSWORD:?expected a password of the superuser, found none}"
    user=${POSTGRES_USER:-postgres}
    initdb --auth-local=trust --auth-host=scram-sha-256 --username="$user" \
        --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD")
    echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
    if [ "${POSTGRES_DB:-$user}" != postgres ]; then
        # Nobody outside gets in before the database is there.
        pg_ctl start --wait --options "-c listen_addresses=''"
        createdb --username="$user" "${POSTGRES_DB:-$user}"
        pg_ctl stop --wait
    fi
fi
exec "$@" -c listen_addresses='*'
