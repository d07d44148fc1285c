#!/bin/sh
# Makes Temporal's two databases on PostgreSQL, or brings them up to the version of this image
# (temporalio/admin-tools). Run by docker-compose.yml and by the harness; safe to run again.
# SQL_HOST, SQL_PORT, SQL_USER and SQL_PASSWORD name the server.
set -eu

export SQL_PLUGIN=postgres12
for name in temporal temporal_visibility; do
    schema=${name#temporal_}
    temporal-sql-tool --db "$name" create-database
    temporal-sql-tool --db "$name" setup-schema -v 0.0
    temporal-sql-tool --db "$name" update-schema --schema-name "postgresql/v12/$schema"
done
