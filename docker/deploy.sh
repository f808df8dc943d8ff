#!/bin/sh
# docker/deploy.sh USER@SERVER [FOLDER]: bring the last commit to a server, and run it there (see update.sh).
#
# The server has Docker, and a folder with a .env (DEPLOYMENT.md; cloud-init makes both). `digit-reader` in the home
# folder is its name if you give none.
#
# shellcheck disable=SC2029 # the folder's name is filled in here, for the server
set -eu
[ -n "${1:-}" ] || { echo "usage: docker/deploy.sh USER@SERVER [FOLDER]" >&2; exit 1; }
server=$1 folder=${2:-digit-reader}
cd "$(dirname "$0")/.."
ssh "$server" "test -f '$folder/.env'" \
  || { echo "$server has no $folder/.env: set it up first, as DEPLOYMENT.md says." >&2; exit 1; }
# All of it arrives before anything is replaced. What was deleted here must not stay there; everything that is not the
# project's (.env, backups) does.
git archive --format=tar HEAD | ssh "$server" "cd '$folder' && rm -rf .incoming && mkdir .incoming \
  && tar -x -C .incoming && rm -rf src sql model docker && cp -a .incoming/. . && rm -rf .incoming"
ssh "$server" "cd '$folder' && PULL='${PULL:-}' docker/update.sh"
