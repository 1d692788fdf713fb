#!/bin/sh
# Fetches received messages, sends due messages, fetches delivery receipts, and tells new alerts.
#
#     send-due.sh
#
# New alerts, among them clients who wait for an answer, go to the channels of `petmsg notify`, each
# once and again after a day. Where no channel was added they are printed instead, with how many clients
# wait and the longest wait, so that cron mails them.
#
# Prints nothing when there is no news. Otherwise: a line of JSON for each message that was refused or
# whose outcome is unknown, and the channels that could not be told. It may run twice, and at the same
# time: petmsg takes each message once.
#
# Exit codes are petmsg's: 10, an alert is new; 4 and 6, a message was refused, or a channel failed; 5,
# the configuration or the provider's account; 75, busy, the next run does it.
set -eu

. "$(dirname -- "$0")/lock.sh"
require_petmsg

worst=0

# keep CODE: the first that is not 0 is the run's
keep() {
    [ "$worst" -ne 0 ] || worst=$1
}

# quietly ARGUMENTS: run petmsg; of its lines only those that hold an error are shown. What is refused
# without an error (4: a message that has no number) is an alert, which is told once and not each time.
quietly() {
    code=0
    told=$("$petmsg" "$@" --output jsonl 2>&1) || code=$?
    if [ "$code" -ne 0 ]; then
        printf '%s\n' "$told" | grep '"error": {"' >&2 ||
            [ "$code" -eq 4 ] || printf '%s\n' "$told" >&2
        keep "$code"
    fi
}

quietly message pull # first: whoever wrote STOP gets nothing more
[ "$worst" -ne 5 ] || exit "$worst" # nothing else would fare better
quietly message dispatch
[ "$worst" -ne 5 ] || exit "$worst"
quietly message sync

# What a channel was told is not mailed as well.
code=0
channels=$("$petmsg" notify list --output jsonl) || code=$?
keep "$code"
if [ -n "$channels" ]; then
    quietly notify run
    exit "$worst"
fi
code=0
alerts=$("$petmsg" alert tell --output tsv 2>&1) || code=$?
if [ "$code" -ne 0 ]; then
    printf '%s\n' "$alerts"
    keep "$code"
fi

exit "$worst"
