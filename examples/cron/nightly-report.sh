#!/bin/sh
# Writes the night's report, keeps a backup, and checks the audit chain against its earlier heads.
#
#     nightly-report.sh /srv/petmsg/nightly
#
# In the folder: report-DATE.txt, backup-DATE.db (SQLite only; the newest $KEEP of them, 14 unless
# set) and audit-heads.jsonl. Each is written under another name and renamed when it is whole. A
# second run on the same day writes the report anew, and keeps the backup and the heads it finds.
# DATE is the machine's; the times in the report are each org's own.
#
# Prints nothing when all is well. Exit codes: 10 the audit chain is broken (a line on stderr; the
# report says where; no head is added, no backup removed); 75 the database is busy, 5 it is missing:
# no report; 2 wrong usage.
set -eu

. "$(dirname -- "$0")/lock.sh"
[ $# -eq 1 ] || fail 2 "usage: nightly-report.sh FOLDER"
keep=${KEEP:-14}
case $keep in
'' | *[!0-9]* | 0*) fail 2 "KEEP must be a number from 1" ;;
esac
require_petmsg
case $1 in
/*) folder=$1 ;;
*) folder=$PWD/$1 ;; # so that a name with a leading dash is no option
esac
umask 077 # what is written here is the company's own
lock "$folder"
trap 'rm -rf "$folder"/.work.*; unlock' EXIT
rm -rf "$folder"/.work.* # of a run that was killed
work=$folder/.work.$run
mkdir "$work"
date=$(date +%Y-%m-%d)
tab=$(printf '\t')
heads=$folder/audit-heads.jsonl

# ask FILE ARGUMENTS: petmsg's answer as TSV, into a file; ends the run when petmsg cannot answer
ask() {
    answer=$1
    shift
    "$petmsg" "$@" --output tsv >"$answer" || exit $?
}

# cells FILE NAME...: those columns of a TSV file with a header, an empty cell as "-"
cells() {
    file=$1
    shift
    awk -F '\t' -v names="$*" '
        NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; count = split(names, name, " "); next }
        { for (i = 1; i <= count; i++) {
              cell = $(column[name[i]])
              printf "%s%s", (cell == "" ? "-" : cell), (i < count ? "\t" : "\n") } }' "$file"
}

# section TITLE: a list from stdin under its title, or "none"
section() {
    printf '\n  %s\n' "$1"
    awk -F '\t' '
        { line = "   "; for (i = 1; i <= NF; i++) line = line " " sprintf("%-20s", $i)
          sub(/ +$/, "", line); print line }
        END { if (NR == 0) print "    none" }'
}

# soon NOW: bookings (TSV of starts_at, ends_at, …) that touch the next or the last days, with both
# times as seconds since 1970 before them. awk has no calendar, so it counts days itself.
soon() {
    awk -F '\t' -v OFS='\t' -v now="$1" '
        function seconds(t,   y, m, d) {
            y = substr(t, 1, 4) + 0; m = substr(t, 6, 2) + 0; d = substr(t, 9, 2) + 0
            if (m <= 2) { y--; m += 12 }
            d += 365 * y + int(y / 4) - int(y / 100) + int(y / 400) + int((153 * (m - 3) + 2) / 5)
            return (d - 719469) * 86400 + substr(t, 12, 2) * 3600 + substr(t, 15, 2) * 60 + substr(t, 18, 2)
        }
        { from = seconds($1); to = seconds($2) }
        from < now + 4 * 86400 && to > now - 2 * 86400 { print from, to, $0 }'
}

# local_time ZONE SECONDS: GNU and busybox say -d @N, BSD and macOS -r N
local_time() {
    TZ=$1 date -d "@$2" '+%Y-%m-%d %H:%M' 2>/dev/null || TZ=$1 date -r "$2" '+%Y-%m-%d %H:%M'
}

# of_today_and_tomorrow ZONE FILE: bookings that touch these two days of the org, the first first
of_today_and_tomorrow() {
    now=$(date +%s)
    today=$(local_time "$1" "$now")
    tomorrow=$(local_time "$1" $((now + 86400)))
    cells "$2" starts_at ends_at booking client sitter status | soon "$now" | sort -n |
        while IFS=$tab read -r from to _ _ booking client sitter status; do
            [ "$status" != cancelled ] || continue
            [ "$sitter" != - ] || sitter="NO SITTER"
            printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$(local_time "$1" "$from")" \
                "$(local_time "$1" "$((to - 1))")" "$booking" "$client" "$sitter" "$status"
        done |
        awk -F '\t' -v today="${today%% *}" -v tomorrow="${tomorrow%% *}" '
            substr($1, 1, 10) <= tomorrow && substr($2, 1, 10) >= today'
}

# --- the report

report=$work/report.txt
if [ -n "${PETMSG_ORG:-}" ]; then
    ask "$work/orgs" org show
else
    ask "$work/orgs" org list
fi
cells "$work/orgs" org timezone name >"$work/list"

printf 'petmsg, the night of %s\n' "$date" >"$report"
while IFS=$tab read -r org zone name <&3; do
    ask "$work/numbers" number list --org "$org" --status quarantined --all
    ask "$work/sitters" sitter list --org "$org" --status active --all
    ask "$work/bookings" booking list --org "$org" --all
    {
        printf '\n%s (%s), times of %s\n' "$name" "$org" "$zone"
        cells "$work/numbers" number class sitter quarantined_until quarantine_reason |
            section "Numbers in quarantine, until (UTC)"
        cells "$work/sitters" sitter name number | awk -F '\t' '$3 == "-" { print $1 "\t" $2 }' |
            section "Active sitters without a number"
        of_today_and_tomorrow "$zone" "$work/bookings" | section "Bookings of today and tomorrow"
    } >>"$report"
done 3<"$work/list"

# --- the audit: the chain, against the heads of earlier nights

code=0
if [ -f "$heads" ]; then
    "$petmsg" audit verify --head "$heads" --output tsv >"$work/verified" || code=$?
else
    "$petmsg" audit verify --output tsv >"$work/verified" || code=$?
fi
case $code in
0 | 10) ;;
*) exit "$code" ;;
esac
{
    printf '\nAudit\n'
    cells "$work/verified" org events ok problem | section "Org, events that hold, whole, problem"
} >>"$report"

if [ "$code" -eq 0 ]; then
    [ ! -f "$heads" ] || cat "$heads" >"$work/heads"
    touch "$work/heads"
    while IFS=$tab read -r org _ <&3; do
        "$petmsg" audit export --head --org "$org" >"$work/head" || exit $?
        grep -qxF -f "$work/head" "$work/heads" || cat "$work/head" >>"$work/heads"
    done 3<"$work/list"
    mv "$work/heads" "$heads"
fi

# --- the backup: also of a database whose chain is broken, because that is evidence

ask "$work/settings" config show
if awk -F '\t' '$1 == "database" && $2 ~ /^sqlite:/ { found = 1 } END { exit !found }' "$work/settings"; then
    backup=$folder/backup-$date.db
    if [ ! -f "$backup" ]; then
        ask "$work/backed-up" db backup "$work/backup.db"
        mv "$work/backup.db" "$backup"
    fi
    if [ "$code" -eq 0 ]; then
        # Names of ours only, which sort by date.
        for each in "$folder"/backup-????-??-??.db; do
            printf '%s\n' "${each##*/}"
        done | sort -r | tail -n "+$((keep + 1))" | while read -r old; do
            rm -f "$folder/$old"
        done
    fi
fi

mv "$report" "$folder/report-$date.txt"
[ "$code" -eq 0 ] || fail "$code" "the audit chain is broken: see $folder/report-$date.txt"
