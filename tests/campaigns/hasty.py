"""`python -m tests.campaigns.hasty serve …`: answers 200 before it has committed, and commits take
their time.

The control of tests.campaigns.receiving: a campaign that does not find it proves nothing.
"""

from petmsg.__main__ import main
from petmsg.web import app, group_commit
from petmsg.web.group_commit import GroupCommit
from petmsg.workflows.webhook_outcome import Outcome

SLOW_COMMIT = 0.6
"""Seconds."""


async def answered_at_once(queue: GroupCommit, item: object, *, began: float) -> Outcome:
    """Queue it, and hope."""
    del began
    queue.put(item)
    return Outcome(200, "hoped")


if __name__ == "__main__":
    app._stored = answered_at_once
    group_commit.LINGER_SECONDS = SLOW_COMMIT
    main()
