"""Sabotages: each takes away one thing that holds petmsg together, inside the processes of a swarm.

They are negative controls: without one a test that always passes would look like a good one.
"""

import os
import signal
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any


def swap(owner: Any, **others: Any) -> None:
    """Put other things in the place of a module's or a class's own."""
    for name, other in others.items():
        assert hasattr(owner, name), f"{owner} has no {name} any more"
        setattr(owner, name, other)


def _deferred_begin() -> None:
    """What users of SQLite usually have: a plain BEGIN, no lock around it, no second try."""
    from petmsg.db import transaction
    from petmsg.workflows import store

    swap(transaction, _BEGIN="BEGIN", write_lock=lambda *_args, **_kwargs: nullcontext())
    swap(store, _worth_another_try=lambda *_args: False)


def _no_row_locks() -> None:
    """A free number is read, thought about, and taken, without a lock on its row."""
    from petmsg.models import MessageNumber
    from petmsg.queries import number_ledger
    from petmsg.services.numbers import ledger
    from petmsg.services.people import sitter

    def free_number(uow: Any, whose: Any) -> Any:
        found = uow.cursor.value(
            number_ledger._FREE_NUMBER, org_id=uow.org.id, sitter_id=whose.id, now=uow.now
        )
        if found is None:
            raise sitter.NoNumberFree("None.")
        time.sleep(0.02)
        number = uow.session.get(MessageNumber, found)
        uow.session.refresh(number)
        number.first_sitter_id = number.sitter_id = None
        return number

    swap(sitter, _free_number=free_number)
    swap(ledger, append=lambda *args, **_: args[0].now)


def _counted_refs() -> None:
    """A made-up ref is how many there are, plus one, and nobody waits for anybody."""
    from petmsg.services.bookings import booking_rows
    from petmsg.services.people import client, client_rows, sitter, sitter_import

    def next_ref(uow: Any, noun: str) -> str:
        count = uow.cursor.value(f"SELECT count(*) FROM {noun}")
        time.sleep(0.01)
        return f"X-{count + 1}"

    class Counted:
        def __init__(self, uow: Any, noun: str, **_: Any) -> None:
            self.next_ref = lambda: next_ref(uow, noun)
            self.store = lambda: None

    for module in (client, sitter):
        swap(module, next_ref=next_ref, lock_refs=lambda _uow, _noun: None)
    for rows in (booking_rows, client_rows, sitter_import):
        swap(rows, GeneratedRefs=Counted)


def _threads_without_conflict() -> None:
    """Look whether there is a thread, and make one if not, trusting that nobody else does."""
    from petmsg.queries import confirm

    def insert_threads(cursor: Any, org_id: int, rows: Any, *, now: Any) -> dict[int, int]:
        time.sleep(0.02)
        for client_id, default_id in rows:
            cursor.run(
                "INSERT INTO thread (org_id, client_id, default_number_id, created_at)"
                " VALUES (:org_id, :client_id, :default_id, :now)",
                org_id=org_id,
                client_id=client_id,
                default_id=default_id,
                now=now,
            )
        made = cursor.in_list(
            confirm.THREADS, "client_ids", [each for each, _ in rows], org_id=org_id
        )
        return {row["client_id"]: row["id"] for row in made}

    swap(confirm, insert_threads=insert_threads)


def _routes_remembered() -> None:
    """A process reads what a client's route depends on once: the second time is fast."""
    from petmsg.services.outbox import claim, claim_batch

    read_facts = claim.read_facts
    known: dict[Any, Any] = {}

    def remembered(cursor: Any, org: Any, client: Any, **kwargs: Any) -> Any:
        facts = known.get(client.id) or read_facts(cursor, org, client, **kwargs)
        return known.setdefault(client.id, facts)

    swap(claim, read_facts=remembered)
    swap(claim_batch, claim_together=lambda *_args, **_kwargs: {})


def _commits_unseen() -> None:
    """Every fifth commit fails, and nobody looks whether it did."""
    from petmsg.workflows.store import Store

    write_once = Store._write_once
    written = 0

    def careless(run: Any, service: Any) -> Any:
        nonlocal written
        written += 1
        kept, run.dry_run = run.dry_run, written % 5 == 0
        try:
            return write_once(run, service)
        finally:
            run.dry_run = kept

    swap(Store, _write_once=careless)


def _no_write_lock() -> None:
    """Whoever comes to a database that is not there yet makes it, and waits for nobody."""
    from petmsg.db import migrate

    swap(migrate, write_lock=lambda *_args, **_kwargs: nullcontext(), BUSY_SECONDS=0)


def _die(*_args: object, **_kwargs: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _killed_before_the_provider() -> None:
    from petmsg.providers.sandbox import SandboxProvider

    swap(SandboxProvider, send=_die)


def _killed_after_the_provider() -> None:
    from petmsg.workflows import send

    swap(send, record=_die)


def _claim_forgotten() -> None:
    """Send, then mark: the claim is rolled back, as if it were written with the outcome."""
    from petmsg.workflows.store import Store

    write_in = Store.write_in

    def forgetful(run: Any, slug: Any, service: Any, *args: Any, **kwargs: Any) -> Any:
        if service.__name__ == "record":
            _die()
        kept, run.dry_run = run.dry_run, True
        try:
            return write_in(run, slug, service, *args, **kwargs)
        finally:
            run.dry_run = kept

    swap(Store, write_in=forgetful)


def _claims_unseen() -> None:
    """A claim does not look whether the message was taken since the worker saw it in the queue."""
    from petmsg.enums.messages import MessageStatus
    from petmsg.services.outbox import claim, claim_batch
    from petmsg.services.outbox.stored_message import locked_message

    def always_queued(uow: Any, message_id: int) -> Any:
        message = locked_message(uow, message_id)
        message.status = MessageStatus.QUEUED
        return message

    swap(claim, locked_message=always_queued, _earlier_message=lambda *_args: None)
    swap(claim_batch, claim_together=lambda *_args, **_kwargs: {})


def _blind_requeue() -> None:
    """What job queues do: a message whose sender died is queued again, and nobody is asked."""
    from petmsg.providers.sandbox import SandboxProvider
    from petmsg.services.outbox import unknown_outcomes
    from petmsg.services.outbox.record_outcome import locked_by_id

    swap(SandboxProvider, find=lambda *_args, **_kwargs: [])

    def settle(uow: Any, each: Any, _found: Any, **_kwargs: Any) -> Any:
        return unknown_outcomes._queue_again(uow, locked_by_id(uow, each.message))

    swap(unknown_outcomes, reconcile=settle)


def _killed_before_the_second_half() -> None:
    """The audit is written in a transaction of its own."""
    from petmsg.services.unit_of_work import UnitOfWork

    def finish(uow: Any) -> None:
        uow.cursor.run("COMMIT")
        _die()

    swap(UnitOfWork, finish=finish)


def _two_commits() -> None:
    """What was done is committed, and the audit in a transaction of its own right after."""
    from petmsg.services.unit_of_work import UnitOfWork

    finish = UnitOfWork.finish

    def in_two(uow: Any) -> None:
        if uow.cursor.value("SELECT 1") and uow.events:
            for statement in ("COMMIT", "BEGIN IMMEDIATE"):
                uow.cursor.run(statement)
        finish(uow)

    swap(UnitOfWork, finish=in_two)


def _no_journal() -> None:
    """SQLite writes into its file, without a journal that could undo it."""
    from petmsg.db import engine

    swap(engine, _PRAGMAS=(*engine._PRAGMAS, "journal_mode=OFF"))


def _errors_as_they_come() -> None:
    """The driver's errors are nobody's business."""
    from petmsg.db import named_error, transaction

    for module in (transaction, named_error):
        swap(module, is_driver_error=lambda _problem: False)


def _failures_unheard() -> None:
    """A commit that failed is taken for one that did not."""
    from petmsg.errors import DatabaseUnusable
    from petmsg.workflows.store import Store

    write_once = Store._write_once

    def hopeful(run: Any, service: Any) -> Any:
        done: list[Any] = []

        def noted(session: Any) -> Any:
            done[:] = [service(session)]
            return done[0]

        try:
            return write_once(run, noted)
        except DatabaseUnusable:
            if not done:
                raise
            return done[0][0]

    swap(Store, _write_once=hopeful)


SABOTAGES: dict[str, Callable[[], None]] = {
    "deferred begin": _deferred_begin,
    "no row locks": _no_row_locks,
    "counted refs": _counted_refs,
    "threads without conflict": _threads_without_conflict,
    "routes remembered": _routes_remembered,
    "commits unseen": _commits_unseen,
    "no write lock": _no_write_lock,
    "killed before the carrier": _killed_before_the_provider,
    "killed after the carrier": _killed_after_the_provider,
    "claim forgotten, killed after the carrier": _claim_forgotten,
    "claims unseen": _claims_unseen,
    "blind requeue": _blind_requeue,
    "killed before the second half": _killed_before_the_second_half,
    "two commits": _two_commits,
    "no journal": _no_journal,
    "errors as they come": _errors_as_they_come,
    "failures unheard": _failures_unheard,
}
