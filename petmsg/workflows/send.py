"""Sending from the command line: claim, hand over with no transaction open, record.

The one place where a command is more than one transaction, because no provider is ever called
inside one.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from petmsg import clock
from petmsg.cli.context import Context, Later
from petmsg.cli.streams import did
from petmsg.db.liveness import Worker, worker
from petmsg.enums import MessageStatus
from petmsg.errors import PetmsgError, ProviderOutcomeUnknown
from petmsg.providers.base import Provider, RetryLater, Unknown
from petmsg.queries.message import sending_row
from petmsg.queries.org import OrgRow
from petmsg.render.fields import Field
from petmsg.services.outbox import send as service
from petmsg.services.outbox.claim import Claim, Ended, NoNumber, Waiting
from petmsg.services.outbox.preview import SendOptions
from petmsg.services.outbox.queue import MessageNotWaiting
from petmsg.services.outbox.record_outcome import HandedOver, problem_of, record
from petmsg.services.outbox.send import NotSent, Sending
from petmsg.workflows.provider_factory import carrier_of
from petmsg.workflows.worker.sender_pool import BEGIN_WITHIN

NOBODY = "nobody"
"""The token where nothing is handed over: a dry run, or a text that is only queued."""
LONGEST_WAIT = 30.0
"""Seconds that `message send` waits for its number's pace; then the text stays queued."""
AHEAD = timedelta(seconds=1)
"""Longer than a worker's: a person who waits for one text is not passed by a whole queue."""


def send(
    run: Context,
    client: str,
    *,
    fields: Sequence[Field],
    body: str,
    options: SendOptions,
    send_at: Later | None,
    expires_at: Later | None,
    queue_only: bool,
) -> None:
    """Queue and send one text; raises what a sender must know, after the result is stored."""
    with run.snapshot() as cursor:
        org = run.org(cursor)
    carrier = None if queue_only else carrier_of(run, org)
    alive, token = None, NOBODY
    if carrier is not None and not run.dry_run:
        alive = run.at_end.enter_context(worker(run.location))
        token = alive.token
    claimed_at = clock.uptime()
    sending = run.write_in(
        org.slug,
        service.queue_and_claim,
        client,
        body=body,
        options=options,
        send_at=send_at,
        expires_at=expires_at,
        queue_only=queue_only,
        provider=org.provider,
        worker=token,
        ahead=_ahead(run),
    )
    for warning in sending.warnings:
        run.say(f"Warning: {warning}")
    problem = None
    if carrier is not None and alive is not None:
        warnings = sending.warnings
        sending, claimed_at = _wait_for_its_pace(run, org, sending, token, claimed_at)
        sending = replace(sending, warnings=warnings)
        if isinstance(sending.taken, Claim):
            begin_by = claimed_at + BEGIN_WITHIN
            sending, problem = _hand_over(run, org, carrier, sending, alive, begin_by=begin_by)
    if not run.dry_run:
        did(f"Message {sending.message} is {sending.status}.")
    run.show_one(fields, sending)
    _tell(run, sending, problem)


def _tell(run: Context, sending: Sending, problem: PetmsgError | None) -> None:
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


def _ahead(run: Context) -> timedelta:
    # A clock that was given does not run: nothing may be claimed ahead of it.
    return AHEAD if run.ambient.now is None else timedelta(0)


def _wait_for_its_pace(
    run: Context, org: OrgRow, sending: Sending, token: str, claimed_at: float
) -> tuple[Sending, float]:
    """The text once its number is free, and a moment before its claim was written."""
    deadline = run.clock().timestamp() + LONGEST_WAIT
    ahead = _ahead(run)
    while isinstance(sending.taken, Waiting) and sending.taken.for_pace:
        assert sending.taken.until is not None
        if sending.taken.until.timestamp() > deadline:
            break
        run.sleep(max((sending.taken.until - ahead - run.clock()).total_seconds(), 0.001))
        run.tick()
        claimed_at = clock.uptime()
        try:
            sending = run.write_in(
                org.slug,
                service.claim_now,
                sending.message,
                provider=org.provider,
                worker=token,
                ahead=ahead,
            )
        except MessageNotWaiting:
            with run.snapshot() as cursor:
                row = sending_row(cursor, org, sending.message)
            faster = Sending(**row, note=f"a worker was faster, it is {row['status']}")
            return faster, claimed_at
    return sending, claimed_at


def _no_number_hint(run: Context, message: int) -> str:
    if run.dry_run:
        return "It would stay queued until a number is free."
    return (
        f"Text {message} stays queued. Free a number, then petmsg message dispatch;"
        f" or drop it: petmsg message cancel {message}"
    )


def _hand_over(
    run: Context,
    org: OrgRow,
    carrier: Provider,
    sending: Sending,
    alive: Worker,
    *,
    begin_by: float,
) -> tuple[Sending, PetmsgError | None]:
    claim = sending.taken
    assert isinstance(claim, Claim)
    started_at = None
    try:
        run.sleep(max((claim.start_at - run.clock()).total_seconds(), 0.0))
        alive.require_alive()  # the machine may have slept; then others look the text up
        started_at = run.clock()
        outcome = carrier.send(replace(claim.text, begin_by=begin_by))
    except BaseException:
        words = "Sending was broken off."
        lost = Unknown(None, words) if started_at else RetryLater(0.0, None, words)
        run.write_in(org.slug, record, HandedOver(claim, lost, started_at))
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
