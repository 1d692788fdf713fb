#!/bin/sh
# Confirms the bookings of every *.csv (also *.CSV; column ref) in a folder. Each file then goes to
# done/, or to rejected/ with the refused rows and their reasons beside it, or stays for the next run.
#
#     PETMSG_ORG=happy-paws confirm-paid.sh /srv/petmsg/paid
#
# Uploaders write another name and rename it to NAME.csv when it is whole (NAME.csv.part is usual).
#
# A run takes a file by moving it to work/RUN/, so a file is one run's or nobody's. What a killed run
# left there the next one finishes. Confirming is idempotent: at worst a file is confirmed twice,
# which changes nothing.
#
# Exit codes: 0 all done, or nothing to do; 4 a file was rejected; 75 the database is busy and 5 it
# is missing or not set up: files stay where they are; 2 wrong usage.
set -eu

. "$(dirname -- "$0")/lock.sh"
[ $# -eq 1 ] || fail 2 "usage: confirm-paid.sh FOLDER"
require_petmsg
case $1 in
/*) folder=$1 ;;
*) folder=$PWD/$1 ;; # so that a name with a leading dash is no option
esac
work=$folder/work
lock "$folder"

# tidy: nothing but files stays in work/
tidy() {
    for each in "$work"/*/; do
        rm -f "$each.out" "$each.err"
        rmdir "$each" 2>/dev/null || :
    done
    unlock
}
trap tidy EXIT

# Nothing to do is no reason to start petmsg.
has_files() {
    for each in "$folder"/*.[cC][sS][vV] "$work"/*/*.[cC][sS][vV]; do
        [ ! -f "$each" ] || return 0
    done
    return 1
}
has_files || exit 0

# Before anything is taken: the database is there and its org is known. What petmsg says about a
# file after this is about the file.
"$petmsg" org show --output tsv >/dev/null || exit $?
mkdir -p "$work" "$folder/done" "$folder/rejected"

worst=0

# free_place FOLDER NAME: a path in it that is not taken
free_place() {
    if [ -e "$1/$2" ]; then
        printf '%s\n' "$1/$run-$2"
    else
        printf '%s\n' "$1/$2"
    fi
}

# put_back CLAIM: to the folder, unless a new file of that name came meanwhile; then it stays in
# work/ and the next run begins with it. `ln` refuses a name that is taken, `mv` would not.
put_back() {
    if ln "$1" "$folder/${1##*/}" 2>/dev/null; then
        rm -f "$1"
    fi
}

# reject CLAIM OUT ERR: the reasons first, so that no file is ever there without them
reject() {
    place=$(free_place "$folder/rejected" "${1##*/}")
    cat "$2" "$3" | grep '"error": {' >"$place.refused.jsonl" ||
        cat "$2" "$3" >"$place.refused.jsonl"
    mv "$1" "$place"
    say "rejected ${1##*/}: see $place.refused.jsonl"
    [ "$worst" -ne 0 ] || worst=4
}

# confirm CLAIM: one file in work/, to where it belongs
confirm() {
    out=${1%/*}/.out
    err=${1%/*}/.err
    code=0
    "$petmsg" booking confirm --file "$1" --output jsonl >"$out" 2>"$err" || code=$?
    [ -f "$1" ] || return 0 # another run was as fast
    case $code in
    0) mv "$1" "$(free_place "$folder/done" "${1##*/}")" ;;
    2 | 3 | 4) reject "$1" "$out" "$err" ;; # 2 and 3: the file, or its one row, makes no sense
    *)
        put_back "$1"
        cat "$err" >&2
        say "${1##*/} stays for the next run: petmsg ended with $code"
        worst=$code
        ;;
    esac
    rm -f "$out" "$err"
    case $code in
    5 | 75) exit "$code" ;; # the next file would fare no better
    esac
}

# What killed runs left comes first.
for claim in "$work"/*/*.[cC][sS][vV]; do
    [ -f "$claim" ] || continue
    confirm "$claim"
done

mine=$work/$run
mkdir -p "$mine"
for file in "$folder"/*.[cC][sS][vV]; do
    [ -f "$file" ] || continue
    mv "$file" "$mine/" 2>/dev/null || continue # another run was as fast
    confirm "$mine/${file##*/}"
done

exit "$worst"
