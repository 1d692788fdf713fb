#!/bin/sh
# Runs the jobs of cron where there is no cron, such as in a container: a loop that ends with SIGTERM.
#
#     jobs.sh
#
# Every minute: received messages, sending, delivery receipts, alerts (send-due.sh), quarantines that
# are over (release-due.sh), and pictures. Every hour: filtered numbers, and the doctor. Every day: the
# comparison with the provider, and visits without a number. A job that fails is told on stderr and
# tried again at its next time. JOBS_PAUSE is the length of the minute, in seconds.
set -eu

. "$(dirname -- "$0")/lock.sh"
require_petmsg
here=$(dirname -- "$0")
pause=${JOBS_PAUSE:-60}
round=0

# job COMMAND...: run it; the loop goes on whatever becomes of it
job() {
    "$@" || say "$* ended with $?"
}

while :; do
    job "$here/send-due.sh"
    job "$here/release-due.sh"
    job "$petmsg" media fetch --output jsonl
    if [ $((round % 60)) -eq 0 ]; then
        job "$petmsg" number health --apply --output jsonl
        job "$petmsg" doctor --findings --output jsonl
    fi
    if [ $((round % 1440)) -eq 0 ]; then
        job "$petmsg" reconcile --output jsonl
        job "$petmsg" coverage --days 14 --findings --output jsonl
    fi
    round=$((round + 1))
    sleep "$pause" &
    wait $! # a signal ends the wait at once
done
