#!/usr/bin/env bash
# archive.sh once|nightly|recent|rotate|check|load: backups of the database, made and put back, one file each.
#
# It runs in the service `backup`, beside PostgreSQL's own tools; PGHOST and its sisters name the database. People use
# backup.sh and restore.sh. A file is pg_dump's own format within gzip, whose checksum covers every byte of it.
set -euo pipefail
FOLDER=${BACKUP_FOLDER:-/backups}
DAILY=7
WEEKLY=4

say() { echo "$(date -u +%FT%TZ) $*"; }
fail() { echo "$*" >&2; exit 1; }

# Become the owner of the folder, so that the files are theirs: root without privileges could not even write there.
as_owner() {
  owner=$(stat -c %u "$FOLDER") group=$(stat -c %g "$FOLDER")
  if [ "$(id -u)" = 0 ] && [ "$owner" != 0 ]; then
    exec setpriv --reuid="$owner" --regid="$group" --clear-groups bash "$0" "$@"
  fi
}

# Write one backup to a file, which exists only once it is complete and has been read back.
dump() {
  local part=$1.part
  umask 077
  # Not compressed twice.
  if pg_dump --format=custom --compress=none | gzip --fast >"$part" && (check) <"$part" && sync "$part"; then
    mv "$part" "$1"
  else
    rm -f "$part"
    return 1
  fi
}

once() {
  file=$FOLDER/digits-$(date -u +%Y-%m-%dT%H%M%SZ).dump.gz
  dump "$file" || fail "No backup was made: see above."
  echo "backups/${file##*/}: $(du -h "$file" | cut -f 1)"
}

# Read a whole backup from standard input: every byte against its checksum, and every row as pg_restore reads it.
check() {
  local tables
  tables=$(gunzip 2>/dev/null | pg_restore --file=- 2>/dev/null | { LC_ALL=C grep --text '^COPY public\.' || true; }) \
    || fail "This file is damaged, or it is no backup: it cannot be read to its end."
  for table in predictions label_events model_versions; do
    grep -q "^COPY public\.$table " <<<"$tables" || fail "This is a backup of something else: it has no table $table."
  done
}

# Replace the database by the backup on standard input. One transaction: all of it, or nothing.
load() {
  {
    echo 'BEGIN; DROP SCHEMA public CASCADE; CREATE SCHEMA public; ALTER SCHEMA public OWNER TO pg_database_owner;'
    # Without its last line, COMMIT, everything is taken back.
    gunzip | pg_restore --no-owner --no-privileges --file=- && echo 'COMMIT;'
  } | psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --output=/dev/null
  psql --quiet --no-psqlrc --tuples-only --no-align <<'SQL'
SELECT format('%s drawings, %s of them with a label', count(*), count(labelled_at)) FROM public.predictions;
SELECT format('%s: version %s serves', model, version) FROM public.model_versions WHERE status = 'active' ORDER BY model;
SQL
}

# Keep the newest backup of each of the last 7 days that have one, and of each of the last 4 weeks; delete the other
# nightly ones. Nothing else in the folder is touched.
rotate() {
  local file day week weeks=' ' days=0 kept_weeks=0
  while read -r file; do
    day=${file##*/nightly-} day=${day%.dump.gz}
    week=$(date -u -d "$day" +%G-%V 2>/dev/null) || continue
    if [[ $weeks != *" $week "* && $kept_weeks -lt $WEEKLY ]]; then
      weeks+="$week " kept_weeks=$((kept_weeks + 1))
    elif [[ $days -ge $DAILY ]]; then
      rm -f "$file"
      say "deleted ${file##*/}"
    fi
    days=$((days + 1))
  done < <(find "$FOLDER" -maxdepth 1 -type f -name 'nightly-????-??-??.dump.gz' | sort -r)
}

# Every night at BACKUP_HOUR (UTC), and at once where today has none, so that a mistake shows at once. (On a new server
# the app may not have made its tables yet.)
nightly() {
  local file pause
  while true; do
    file=$FOLDER/nightly-$(date -u +%F).dump.gz
    if [ ! -e "$file" ]; then
      pause=5
      until dump "$file"; do
        say "the backup failed; the next attempt is in $pause seconds"
        sleep $pause
        pause=$((pause < 300 ? pause * 2 : 600))
      done
      say "wrote ${file##*/}: $(du -h "$file" | cut -f 1)"
      rotate
    fi
    sleep $(($(date -u -d "tomorrow $BACKUP_HOUR:00" +%s) - $(date -u +%s)))
  done
}

# Whether the last nightly backup is less than 26 hours old.
recent() {
  find "$FOLDER" -maxdepth 1 -name 'nightly-*.dump.gz' -mmin -1560 | grep -q . \
    || fail "The last nightly backup is more than 26 hours old."
}

case ${1:-} in
  once | nightly) as_owner "$@"; "$1" ;;
  recent | rotate | check | load) "$1" ;;
  *) fail "usage: archive.sh once|nightly|recent|rotate|check|load" ;;
esac
