#!/bin/sh
# Restores every masked number whose quarantine is over, in all orgs (or in PETMSG_ORG's alone).
#
#     release-due.sh
#
# Prints one line of JSON for each number that came back, and nothing when none did. Routing counts
# a due quarantine as over even before this ran; this records it. petmsg does it in one transaction
# per org, so it may run twice, and at the same time.
#
# Exit codes are petmsg's: 75, the database is busy, the next run does it; 5, it is missing.
set -eu

. "$(dirname -- "$0")/lock.sh"
require_petmsg
exec "$petmsg" number release-due --output jsonl
