#!/bin/sh
# docker/restore.sh FILE: the database as it was in that backup, here or on a new server.
#
# The file is read to its end before anything is touched. What the database holds now is replaced.
set -eu
[ -r "${1:-}" ] || { echo "usage: docker/restore.sh backups/FILE.dump.gz (there is no file \"${1:-}\" to read)" >&2; exit 1; }
file=$(realpath "$1")
cd "$(dirname "$0")/.."

archive() { docker compose run --rm --no-TTY "$@" <"$file"; }

if ! archive --no-deps backup check; then
  echo "Nothing was changed." >&2
  exit 1
fi
# Nobody may write meanwhile. (There may be no app yet.)
docker compose stop app
# The database, if it does not run, is started by this as well.
if archive backup load; then
  echo "Restored from $1."
else
  echo "The restore failed, and the database is as it was." >&2
  docker compose up --detach app
  exit 1
fi
docker compose up --detach --wait
