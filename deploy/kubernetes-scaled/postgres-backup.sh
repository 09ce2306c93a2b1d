#!/bin/sh
# Backs a PostgreSQL database up, and tries the backup: it is restored into a database of its own, and
# the restored rows are counted. Only a backup that could be restored gets its name.
#
#   PGHOST, PGUSER, PGPASSWORD, ...  the server, for a role that may create databases (libpq)
#   BACKUP_DATABASE  what is backed up (theseus)
#   BACKUP_FOLDER    where the backups are
#   BACKUP_KEEP      how many stay (14)
set -eu
umask 077

database=${BACKUP_DATABASE:-theseus}
folder=${BACKUP_FOLDER:?set it to the folder for the backups}
keep=${BACKUP_KEEP:-14}
trial=${database}_backup_trial
at=$(date -u +%Y%m%dT%H%M%SZ)
part=$folder/.part-$at

fail() {
    printf 'backup: %s\n' "$*" >&2
    exit 1
}

ask() { # DATABASE QUERY
    psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 \
        --dbname "$1" --command "$2"
}

count_rows() { # DATABASE: one line for each table, its rows first, because a name may have any character
    ask "$1" "SELECT (xpath('/row/c/text()', query_to_xml(
        format('SELECT count(*) AS c FROM %I.%I', schemaname, relname), false, true, '')))[1],
        format('%I.%I', schemaname, relname) FROM pg_stat_user_tables ORDER BY 2"
}

clean() {
    rm -f "$part" "$part.before" "$part.after" "$part.tables" "$part.both"
    dropdb --if-exists "$trial" 2>/dev/null || true
}

case $keep in
'' | *[!0-9]* | 0) fail "BACKUP_KEEP is $keep; set it to a number of backups, 1 at least" ;;
esac
[ -d "$folder" ] && [ -w "$folder" ] || fail "$folder is no folder that can be written to"
trap clean EXIT
trap 'exit 130' INT TERM

dropdb --if-exists "$trial" 2>/dev/null # of a backup that was killed
count_rows "$database" >"$part.before"
[ -s "$part.before" ] || fail "the database $database has no tables; nothing is backed up"
pg_dump --format=custom --dbname "$database" --file "$part"

createdb --template=template0 "$trial"
pg_restore --exit-on-error --no-owner --no-privileges --dbname "$trial" "$part"
count_rows "$trial" >"$part.after"
# The database is in use: rows come and go between the count and the backup, but no table may lack, and
# none that had rows may be empty. Those of the audit log never go.
cut -d'|' -f2- "$part.before" >"$part.tables"
cut -d'|' -f2- "$part.after" | cmp -s - "$part.tables" ||
    fail "the restored database does not have the same tables; the backup is not kept"
cut -d'|' -f1 "$part.after" | paste -d'|' - "$part.before" >"$part.both"
while IFS='|' read -r now rows table; do
    case $table in
    *.audit_log) least=$rows ;;
    *) least=$((rows > 0 ? 1 : 0)) ;;
    esac
    [ "$now" -ge "$least" ] ||
        fail "$table has $rows rows, and $now in the restored database; the backup is not kept"
done <"$part.both"

mv "$part" "$folder/$database-$at.dump"
printf 'backup: %s, restored on trial: %s tables\n' \
    "$folder/$database-$at.dump" "$(wc -l <"$part.after" | tr -d ' ')"
# Names sort by time.
find "$folder" -maxdepth 1 -name "$database-*.dump" | sort -r | tail -n "+$((keep + 1))" |
    while read -r old; do rm -f "$old"; done
