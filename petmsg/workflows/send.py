"""Sending one message: claim, hand over with no transaction open, record.

More than one transaction, because no provider is ever called inside one.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

from petmsg import clock
from petmsg.db.liveness import Worker, worker
from petmsg.enums.messages import MessageStatus
from petmsg.errors import PetmsgError, ProviderOutcomeUnknown
from petmsg.providers.base import Provider, RetryLater, Unknown
from petmsg.queries.message import sending_row
from petmsg.queries.org import OrgRow
from petmsg.services.outbox import send as service
from petmsg.services.outbox.claim import NoNumber
from petmsg.services.outbox.claimed import Claim, Ended, Waiting
from petmsg.services.outbox.preview import SendOptions
from petmsg.services.outbox.queue import queue
from petmsg.services.outbox.record_outcome import HandedOver, error_for, record
from petmsg.services.outbox.send import NotSent, QueueIt, Sending
from petmsg.services.outbox.stored_message import MessageNotWaiting
from petmsg.services.unit_of_work import UnitOfWork
from petmsg.workflows.outgoing_files import OutgoingFile, keep_files, require_reachable, store_files
from petmsg.workflows.provider_factory import provider_of, public_url_of
from petmsg.workflows.store import Store
from petmsg.workflows.worker.sender_pool import BEGIN_WITHIN

NOBODY = "nobody"
"""The worker token if nothing is sent: in a dry run, or if the message is only queued."""
LONGEST_WAIT = 30.0
"""Seconds that `message send` waits for the number's rate limit; then the message stays queued."""
AHEAD = timedelta(seconds=1)
"""Longer than a dispatcher's, so that a message a person waits for is sent before a long queue."""


class Sent(NamedTuple):
    """The result of sending a message.

    `problem` is why it was not sent; None if it was sent or waits.
    """

    sending: Sending
    problem: PetmsgError | None


def send(
    store: Store,
    client: str,
    *,
    body: str,
    options: SendOptions,
    send_at: str | None,
    expires_at: str | None,
    queue_only: bool,
    on_warning: Callable[[str], None],
    media: Sequence[OutgoingFile] = (),
    queue_it: QueueIt = queue,
) -> Sent:
    """Queue and send one message; `send_at` and `expires_at` are texts in the org's timezone.

    `media` were prepared before (`workflows.outgoing_files`); their bytes are stored first. Raises
    `NoPublicUrl` before anything is queued if the provider could not fetch them.
    `on_warning` is called with each warning before anything is sent. `queue_it` queues it for
    whom `client` names (`services.outbox.send`).
    """
    with store.snapshot() as cursor:
        org = store.org(cursor)
    public_url = public_url_of(store, org)
    require_reachable(org, media, public_url)
    provider = None if queue_only else provider_of(store, org)
    alive, token = None, NOBODY
    if provider is not None and not store.dry_run:
        alive = store.at_end.enter_context(worker(store.location))
        token = alive.token
    files = store_files(store, media)
    claimed_at = clock.uptime()

    def queue_and_claim(uow: UnitOfWork) -> Sending:
        keep_files(uow, store, media)
        return service.queue_and_claim(
            uow,
            client,
            body=body,
            options=options,
            send_at=uow.instant(send_at),
            expires_at=uow.instant(expires_at),
            queue_only=queue_only,
            provider=org.account,
            worker=token,
            ahead=ahead_of(store),
            public_url=public_url,
            media=files,
            queue_it=queue_it,
        )

    sending = store.write_in(org.slug, queue_and_claim)
    for warning in sending.warnings:
        on_warning(warning)
    if provider is None or alive is None:
        return Sent(sending, not_sent(store, sending))
    return finish(store, org, provider, sending, alive, claimed_at=claimed_at)


def finish(
    store: Store,
    org: OrgRow,
    provider: Provider,
    sending: Sending,
    alive: Worker,
    *,
    claimed_at: float,
) -> Sent:
    """Hand over a message that was claimed, once its number is free; `claimed_at` (uptime) is a
    time before the claim was written."""
    problem = None
    warnings = sending.warnings
    sending, claimed_at = _wait_for_rate_limit(store, org, sending, alive.token, claimed_at)
    sending = replace(sending, warnings=warnings)
    if isinstance(sending.claim_result, Claim):
        begin_by = claimed_at + BEGIN_WITHIN
        sending, problem = _hand_over(store, org, provider, sending, alive, begin_by=begin_by)
    return Sent(sending, problem or not_sent(store, sending))


def not_sent(store: Store, sending: Sending) -> PetmsgError | None:
    """Return why the message was not sent; None if it was, or waits."""
    result = sending.claim_result
    if isinstance(result, Ended):
        return NotSent(result)
    if isinstance(result, Waiting) and result.decision is not None and not result.for_rate_limit:
        return NoNumber(result.decision, hint=_no_number_hint(store, sending.message))
    return None


def ahead_of(store: Store) -> timedelta:
    """How long before its start time a message may be claimed."""
    # A clock that was given does not run: nothing may be claimed ahead of it.
    return AHEAD if store.environment.now is None else timedelta(0)


def _wait_for_rate_limit(
    store: Store, org: OrgRow, sending: Sending, token: str, claimed_at: float
) -> tuple[Sending, float]:
    """The message once its number is free, and a time before its claim was written."""
    deadline = store.clock().timestamp() + LONGEST_WAIT
    ahead = ahead_of(store)
    while isinstance(sending.claim_result, Waiting) and sending.claim_result.for_rate_limit:
        assert sending.claim_result.until is not None
        if sending.claim_result.until.timestamp() > deadline:
            break
        store.sleep(
            max((sending.claim_result.until - ahead - store.clock()).total_seconds(), 0.001)
        )
        store.tick()
        claimed_at = clock.uptime()
        try:
            sending = store.write_in(
                org.slug,
                service.claim_now,
                sending.message,
                provider=org.account,
                worker=token,
                ahead=ahead,
                public_url=public_url_of(store, org),
            )
        except MessageNotWaiting:
            with store.snapshot() as cursor:
                row = sending_row(cursor, org, sending.message)
            faster = Sending(**row._asdict(), note=f"a worker was faster, it is {row.status}")
            return faster, claimed_at
    return sending, claimed_at


def _no_number_hint(store: Store, message: int) -> str:
    if store.dry_run:
        return "It would stay queued until a number is free."
    return (
        f"Message {message} stays queued. Free a number, then run petmsg message dispatch;"
        f" or cancel it: petmsg message cancel {message}"
    )


def _hand_over(
    store: Store,
    org: OrgRow,
    provider: Provider,
    sending: Sending,
    alive: Worker,
    *,
    begin_by: float,
) -> tuple[Sending, PetmsgError | None]:
    claim = sending.claim_result
    assert isinstance(claim, Claim)
    started_at = None
    try:
        store.sleep(max((claim.start_at - store.clock()).total_seconds(), 0.0))
        alive.require_alive()  # after a suspend, others look the message up
        started_at = store.clock()
        outcome = provider.send(
            claim.text.starting(now=started_at, uptime=clock.uptime(), begin_by=begin_by)
        )
    except BaseException:
        words = "Sending was interrupted."
        lost = Unknown(None, words) if started_at else RetryLater(0.0, None, words)
        store.write_in(org.slug, record, HandedOver(claim, lost, started_at))
        raise
    store.tick()
    try:
        after = store.write_in(org.slug, record, HandedOver(claim, outcome, started_at))
    except PetmsgError as not_stored:
        raise ProviderOutcomeUnknown(
            f"Message {sending.message} was sent to the provider, but the answer could not be "
            f"stored: {not_stored.message}",
            hint="petmsg message dispatch looks it up at the provider and sends it again only if "
            "the provider does not have it.",
        ) from not_stored
    status = MessageStatus(after)
    return replace(sending, status=status), error_for(outcome, sending.message, status=status)
