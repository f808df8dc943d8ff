#!/bin/sh
# docker/update.sh: run the version of the project in this folder, and return to the previous image if it does not work.
#
# Behind Caddy (with docker-compose.https.yml) new replicas start beside the old ones, which go only when the new ones
# are ready: nobody waits, and a version that does not become ready is taken away again. Without Caddy the app's
# port can belong to one at a time: the app is away for some seconds. With IMAGE in a registry, `PULL=1` pulls it instead
# of building it here.
set -eu
cd "$(dirname "$0")/.."
WAIT=${WAIT:-180} # seconds that a new version may take until it is ready

app=$(docker compose config | awk '/^  ?[a-z]/ {service = $1} service == "app:"')
image=$(echo "$app" | sed -n 's/^    image: //p')
# What runs now, even if the tag has moved since.
running=$(docker compose ps --quiet app)
previous=$(for id in $running; do docker inspect --format '{{.Image}}' "$id"; done | head -n 1)
count=$(echo "$running" | grep -c . || true)

# Whether a replica is ready: model and database answer.
ready() {
  docker exec "$1" python -c "import os, urllib.request as r; r.urlopen('http://127.0.0.1:%s/ready' % os.environ['PORT'], timeout=5)" 2>/dev/null
}

# Wait until all of these are ready.
all_ready() {
  end=$(($(date +%s) + WAIT))
  for id in "$@"; do
    until ready "$id"; do
      [ "$(date +%s)" -lt $end ] || { echo "$id is not ready after $WAIT s:" >&2; docker logs --tail 20 "$id" >&2; return 1; }
      sleep 1
    done
  done
}

# The replicas that were not there before.
new_ones() {
  for id in $(docker compose ps --all --quiet app); do
    case "$running" in *"$id"*) ;; *) echo "$id" ;; esac
  done
}

go_back() {
  [ -n "$previous" ] || return 0
  docker tag "$previous" "$image"
}

if [ -n "${PULL:-}" ]; then docker compose pull app; else docker compose build app; fi

if [ "$count" -gt 0 ] && ! echo "$app" | grep -q 'published:'; then
  # (With --no-deps they would differ from what .env describes, and the next `up` would replace them all at once.)
  docker compose up --detach --no-recreate --scale app=$((2 * count)) app
  # shellcheck disable=SC2046 # ids are words
  if ! all_ready $(new_ones); then
    docker rm --force --volumes $(new_ones) >/dev/null
    go_back
    echo "The new version does not work: the previous one, which never stopped, goes on." >&2
    exit 1
  fi
  # One after the other: each answers what it has begun.
  for id in $running; do
    docker stop "$id" >/dev/null
    docker rm --volumes "$id" >/dev/null
  done
  docker compose up --detach --no-recreate --scale app="$count"
else
  docker compose up --detach
  # shellcheck disable=SC2046
  if ! all_ready $(docker compose ps --quiet app); then
    go_back
    [ -z "$previous" ] || docker compose up --detach --no-build app
    echo "The new version does not work${previous:+: the previous one runs again}." >&2
    exit 1
  fi
fi
# The image before this one stays, under a name of its own: docker tag digit-reader:previous digit-reader:latest
[ -z "$previous" ] || [ "$previous" = "$(docker inspect --format '{{.Id}}' "$image")" ] || docker tag "$previous" "${image%:*}:previous"
echo "The new version is ready."
