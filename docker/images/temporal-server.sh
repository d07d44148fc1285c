#!/bin/sh
# Stands in for the entrypoint of the vendor's server image: the address to bind and to tell the
# others defaults to the container's own.
set -eu

own=$(getent hosts "$(hostname)" | awk '{ print $1; exit }')
export BIND_ON_IP="${BIND_ON_IP:-$own}"
export TEMPORAL_BROADCAST_ADDRESS="${TEMPORAL_BROADCAST_ADDRESS:-$own}"
exec temporal-server --allow-no-auth start
