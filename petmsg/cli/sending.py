"""Sending from the command line: claim, hand over with no transaction open, record.

The one place where a command is more than one transaction, because no provider is ever called
inside one.
"""

from collections.abc import Sequence
from dataclasses import replace

from petmsg.cli.carriers import carrier_of
from petmsg.cli.run import Later, Run
from petmsg.db.liveness import worker
from petmsg.enums import MessageStatus
from petmsg.errors import PetmsgError, ProviderOutcomeUnknown
from petmsg.providers.base import Provider, Unknown
from petmsg.queries.org import OrgRow
from petmsg.render.fields import Field
from petmsg.services import send as service
from petmsg.services.claim import Claim, Ended, NoNumber, Waiting
from petmsg.services.preview import Wishes
from petmsg.services.record import HandedOver, problem_of, record
from petmsg.services.send import NotSent, Sending

NOBODY = "nobody"
"""The token where nothing is handed over: a dry run, or a text that is only queued."""
LONGEST_WAIT = 30.0
"""Seconds that `message send` waits for its number's pace; then the text stays queued."""


def send(
    run: Run,
    client: str,
    *,
    fields: Sequence[Field],
    body: str,
    wishes: Wishes,
    send_at: Later | None,
    expires_at: Later | None,
    queue_only: bool,
) -> None:
    """Queue and send one text; raises what a sender must know, after the result is stored."""
    with run.snapshot() as cursor:
        org = run.org(cursor)
    carrier = None if queue_only else carrier_of(run, org)
    token = NOBODY
    if carrier is not None and not run.dry_run:
        token = run.at_end.enter_context(worker(run.location)).token
    sending = run.write_in(
        org.slug,
        service.queue_and_claim,
        client,
        body=body,
        wishes=wishes,
        send_at=send_at,
        expires_at=expires_at,
        queue_only=queue_only,
        provider=org.provider,
        worker=token,
    )
    for warning in sending.warnings:
        run.say(f"Warning: {warning}")
    problem = None
    if carrier is not None and not run.dry_run:
        sending = _wait_for_its_pace(run, org, sending, token)
        if isinstance(sending.taken, Claim):
            sending, problem = _hand_over(run, org, carrier, sending, sending.taken)
    run.show_one(fields, sending)
    _tell(run, sending, problem)


def _tell(run: Run, sending: Sending, problem: PetmsgError | None) -> None:
    if problem is not None:
        raise problem
    taken = sending.taken
    if isinstance(taken, Ended):
        raise NotSent(taken)
    if isinstance(taken, Waiting) and taken.decision is not None and not taken.for_pace:
        raise NoNumber(taken.decision, hint=_no_number_hint(run, sending.message))
    if sending.note is not None:
        run.say(f"Text {sending.message}: {sending.note}.")
    if isinstance(taken, Waiting) and not run.dry_run:
        run.say("It stays queued; petmsg message dispatch sends it when it may leave.")


def _wait_for_its_pace(run: Run, org: OrgRow, sending: Sending, token: str) -> Sending:
    deadline = run.clock().timestamp() + LONGEST_WAIT
    while isinstance(sending.taken, Waiting) and sending.taken.for_pace:
        assert sending.taken.until is not None
        if sending.taken.until.timestamp() > deadline:
            break
        run.sleep(max((sending.taken.until - run.clock()).total_seconds(), 0.001))
        run.tick()
        sending = run.write_in(
            org.slug, service.claim_now, sending.message, provider=org.provider, worker=token
        )
    return sending


def _no_number_hint(run: Run, message: int) -> str:
    if run.dry_run:
        return "It would stay queued until a number is free."
    return (
        f"Text {message} stays queued. Free a number, then petmsg message dispatch;"
        f" or drop it: petmsg message cancel {message}"
    )


def _hand_over(
    run: Run, org: OrgRow, carrier: Provider, sending: Sending, claim: Claim
) -> tuple[Sending, PetmsgError | None]:
    started_at = run.clock()
    try:
        outcome = carrier.send(claim.text)
    except BaseException:
        lost = HandedOver(claim, Unknown(None, "Sending was broken off."), started_at)
        run.write_in(org.slug, record, lost)
        raise
    run.tick()
    try:
        status = run.write_in(org.slug, record, HandedOver(claim, outcome, started_at))
    except PetmsgError as not_stored:
        raise ProviderOutcomeUnknown(
            f"Text {sending.message} was handed over, but what the provider said could not be "
            f"stored: {not_stored.message}",
            hint="petmsg message dispatch looks it up at the provider and sends it again only if "
            "the provider does not have it.",
        ) from not_stored
    return replace(sending, status=MessageStatus(status)), problem_of(outcome, sending.message)
