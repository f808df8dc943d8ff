#!/bin/sh
# docker/swarm.sh: what .env describes, as the stack `digits` of this Docker Swarm; again after every change.
#
# `docker stack deploy` reads neither .env nor profiles, so Compose resolves both, and its result is brought into the
# form that the older command knows: no name, no profiles, and ports as numbers.
set -eu
cd "$(dirname "$0")/.."
stack=$(docker compose config)
echo "$stack" \
  | sed -E -e '/^name:/d' -e '/^    profiles:$/,/^    [a-z]/{/^    profiles:$/d;/^      - /d}' -e 's/published: "([0-9]+)"/published: \1/' \
  | docker stack deploy --detach=true --prune --compose-file - "${1:-digits}"
