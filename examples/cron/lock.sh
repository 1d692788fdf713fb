# Sourced by the scripts beside it: names petmsg, and lets one run at a time work in a folder.
# shellcheck shell=sh

petmsg=${PETMSG:-petmsg}
run=$(date -u +%Y%m%dT%H%M%SZ)-$$ # the name of this run
lock_file=                        # what to remove at the end, where flock is not there to do it

# say WORDS: talk goes to stderr
say() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
}

# fail CODE WORDS
fail() {
    code=$1
    shift
    say "$@"
    exit "$code"
}

# require_petmsg: exit 5, petmsg's own code for a wrong configuration, when it is not there
require_petmsg() {
    command -v -- "$petmsg" >/dev/null 2>&1 ||
        fail 5 "cannot run $petmsg: install petmsg, or set PETMSG to the program"
}

# lock FOLDER: go on if this is the only run in the folder, else exit 0: the other run does the work.
# With flock the kernel forgets a run that was killed. Without it the lock is a file that appears
# with the run's pid already in it, and one whose process is gone is taken away. Two runs that do so
# at the same instant may both go on; everything after this line stands that too.
lock() {
    [ -d "$1" ] || fail 2 "there is no folder $1"
    [ -w "$1" ] || fail 5 "may not write to the folder $1"
    if command -v flock >/dev/null 2>&1; then
        exec 9>>"$1/.lock"
        flock -n 9 || exit 0
        return 0
    fi
    printf '%s\n' "$$" >"$1/.lock.$run"
    lock_file=$1/.lock.pid
    holder=$(cat "$lock_file" 2>/dev/null) || holder=
    if [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; then
        rm -f "$lock_file"
    fi
    if ! ln "$1/.lock.$run" "$lock_file" 2>/dev/null; then
        rm -f "$1/.lock.$run"
        lock_file=
        exit 0
    fi
    rm -f "$1/.lock.$run"
}

# unlock: for the trap at a script's end
unlock() {
    [ -z "$lock_file" ] || rm -f "$lock_file"
}

trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
