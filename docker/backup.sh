#!/bin/sh
# docker/backup.sh: everything (drawings, labels, versions of the models) into one new file in the folder backups.
#
# The app keeps running. For a backup every night, add `backup` to COMPOSE_PROFILES in .env.
set -eu
cd "$(dirname "$0")/.."
# Made here, so that it is yours: Docker would make it root's.
mkdir -p backups
exec docker compose run --rm --no-TTY backup once
