"""Sending one message to several sitters: queue all of them, then hand them over one by one.

Each sitter has a result of their own, and one who cannot be reached stops nobody. What was queued
when the command is interrupted is sent by `message dispatch`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from petmsg import clock
from petmsg.db.liveness import worker
from petmsg.enums.messages import MessageStatus
from petmsg.errors import PetmsgError
from petmsg.queries.lookup import find_sitter
from petmsg.queries.message import sending_row
from petmsg.queries.sitter import active_sitters
from petmsg.services.outbox import send as service
from petmsg.services.outbox.outgoing_media import NewMedia
from petmsg.services.outbox.preview import SendOptions
from petmsg.services.outbox.send import Sending
from petmsg.services.outbox.staff_messages import queue_to_sitter
from petmsg.services.outbox.stored_message import MessageNotWaiting
from petmsg.services.unit_of_work import Failure, UnitOfWork, each
from petmsg.workflows.outgoing_files import OutgoingFile, keep_files, require_reachable, store_files
from petmsg.workflows.provider_factory import provider_of, public_url_of
from petmsg.workflows.send import NOBODY, Sent, ahead_of, finish, not_sent
from petmsg.workflows.store import Store

ALL_ACTIVE = "all-active"
"""The word that names all active sitters. It never means a sitter with this ref or name."""


class SentToSitter(NamedTuple):
    """The result for one sitter; `problem` is why the message was not sent, None if it was sent or
    waits."""

    sitter: str
    sending: Sending
    problem: PetmsgError | None


def named_sitters(store: Store, names: Sequence[str]) -> dict[str, str]:
    """The sitters that `names` mean: their names by their refs. One of nobody stays as it is."""
    with store.snapshot() as cursor:
        org = store.org(cursor)

        def found(name: str) -> dict[str, str]:
            if name == ALL_ACTIVE:
                return active_sitters(cursor, org)
            try:
                sitter = find_sitter(cursor, org.id, name)
            except PetmsgError:
                return {name: name}
            return {sitter.ref: sitter.name}

        return {ref: called for name in names for ref, called in found(name).items()}


def send_to_sitters(
    store: Store,
    sitters: Sequence[str],
    *,
    body: str,
    options: SendOptions,
    send_at: str | None,
    expires_at: str | None,
    queue_only: bool,
    on_warning: Callable[[str, str], None],
    media: Sequence[OutgoingFile] = (),
) -> Iterator[SentToSitter | Failure]:
    """Queue a message to each of the sitters, and send them; yield the results in their order.

    The arguments are those of `workflows.send.send`. A single sitter's refusal is raised.
    `on_warning` is called with the sitter and each warning before anything is sent.
    """
    with store.snapshot() as cursor:
        org = store.org(cursor)
    require_reachable(org, media, public_url_of(store, org))
    provider = None if queue_only else provider_of(store, org)
    alive = None
    if provider is not None and not store.dry_run:
        alive = store.at_end.enter_context(worker(store.location))
    files = store_files(store, media)

    def queue_all(uow: UnitOfWork) -> list[SentToSitter | Failure]:
        keep_files(uow, store, media)
        dated = replace(options, send_at=uow.instant(send_at), expires_at=uow.instant(expires_at))

        def one(sitter: str) -> SentToSitter:
            return _queue(
                store, uow, sitter, body=body, options=dated, queue_only=queue_only, media=files
            )

        return each(uow, sitters, one)

    queued = store.write_in(org.slug, queue_all)
    for row in queued:
        if isinstance(row, SentToSitter):
            for warning in row.sending.warnings:
                on_warning(row.sitter, warning)
    if provider is None or alive is None:
        yield from queued
        return
    for row in queued:
        if isinstance(row, Failure) or row.sending.status is not MessageStatus.QUEUED:
            yield row
            continue
        claimed_at = clock.uptime()
        try:
            claimed = store.write_in(
                org.slug,
                service.claim_now,
                row.sending.message,
                provider=org.account,
                worker=alive.token,
                ahead=ahead_of(store),
                public_url=public_url_of(store, org),
            )
            claimed = replace(claimed, warnings=row.sending.warnings)
            sent = finish(store, org, provider, claimed, alive, claimed_at=claimed_at)
        except MessageNotWaiting:
            with store.snapshot() as cursor:
                stored = sending_row(cursor, org, row.sending.message)
            note = f"a worker was faster, it is {stored.status}"
            sent = Sent(Sending(**stored._asdict(), note=note), None)
        yield SentToSitter(row.sitter, *sent)


def _queue(
    store: Store,
    uow: UnitOfWork,
    sitter: str,
    *,
    body: str,
    options: SendOptions,
    queue_only: bool,
    media: Sequence[NewMedia],
) -> SentToSitter:
    """Queue the message to one sitter. A dry run claims it too, because nothing is there later."""
    sending = service.queue_and_claim(
        uow,
        sitter,
        body=body,
        options=options,
        send_at=options.send_at,
        expires_at=options.expires_at,
        queue_only=queue_only or not store.dry_run,
        provider=uow.org.provider,
        worker=NOBODY,
        public_url=public_url_of(store, uow.org),
        media=media,
        queue_it=queue_to_sitter,
    )
    return SentToSitter(sitter, sending, not_sent(store, sending) if store.dry_run else None)
