"""`python -m tests.campaigns.hasty serve …`: answers before it has committed, and commits take
their time.

The control of tests.campaigns.receiving and tests.campaigns.calling: a campaign that does not find
it proves nothing.
"""

from petmsg.__main__ import main
from petmsg.providers.call_events import CallArrived, CallEvent, SignedCall
from petmsg.rules.call_plan import CallPlan, Dial, HangUp
from petmsg.web import app, group_commit
from petmsg.web.group_commit import GroupCommit
from petmsg.web.voice_route import VoiceRoutes
from petmsg.workflows.webhook_outcome import Outcome

SLOW_COMMIT = 0.6
"""Seconds."""


async def answered_at_once(queue: GroupCommit, item: object, *, began: float) -> Outcome:
    """Queue it, and hope."""
    del began
    queue.put(item)
    return Outcome(200, "hoped")


async def rung_at_once(
    routes: VoiceRoutes, event: CallEvent, form: object, began: float
) -> Outcome:
    """Let a phone ring before the call is stored."""
    del form, began
    routes._late.put(SignedCall(event, frozenset((None,))))
    plan: CallPlan = HangUp()
    if isinstance(event, CallArrived):
        plan = Dial(event.call, 0, "+14155550190", event.to_e164, 20, announces=False)
    return Outcome(200, "hoped", plan)


if __name__ == "__main__":
    app._stored = answered_at_once
    VoiceRoutes._stored = rung_at_once  # type: ignore[method-assign, assignment] # hasty
    group_commit.LINGER_SECONDS = SLOW_COMMIT
    main()
