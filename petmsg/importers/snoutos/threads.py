"""Import threads: the old threads of a client become one."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from sqlite3 import Row

from petmsg.enums.numbers import NumberClass
from petmsg.errors import MalformedRow
from petmsg.importers.snoutos.legacy_schema import time_of
from petmsg.importers.snoutos.people import WHY, NotImported
from petmsg.importers.snoutos.phones import known_phone
from petmsg.importers.snoutos.report import Imported
from petmsg.importers.snoutos.staging import Stage
from petmsg.queries.imported import (
    NewThread,
    OurNumber,
    clients_by_ref,
    clients_with_thread,
    insert_threads,
    our_numbers,
)
from petmsg.services.unit_of_work import UnitOfWork

ORPHANS = """
SELECT t.id, t.clientId, c.orgId AS owner FROM "Thread" t
LEFT JOIN "Client" c ON c.id = t.clientId
WHERE t.orgId = :org AND (c.id IS NULL OR c.orgId IS NOT t.orgId) ORDER BY t.id
"""
CLIENTS = """
SELECT DISTINCT t.clientId AS id FROM "Thread" t
JOIN "Client" c ON c.id = t.clientId AND c.orgId = t.orgId
WHERE t.orgId = :org ORDER BY t.clientId
"""
_OF_CLIENTS = """
SELECT t.id, t.clientId, t.createdAt, t.numberId, coalesce(n.e164, t.maskedNumberE164) AS e164,
       t.assumed,
       (SELECT max(m.createdAt) FROM "Message" m
        WHERE m.threadId = t.id AND lower(m.direction) = 'outbound') AS spoke_at
FROM "Thread" t LEFT JOIN "MessageNumber" n ON n.id = t.numberId
WHERE t.orgId = :org AND t.clientId IN (:values) ORDER BY t.createdAt, t.id
"""


def refuse_orphans(_work: UnitOfWork, rows: Sequence[Row]) -> Imported:
    """Report threads of clients that do not exist or belong to another organisation."""
    result = Imported("Thread", read=len(rows))
    for row in rows:
        client = row["clientId"]
        if not client:
            problem = NotImported("It names no client.")
        elif row["owner"] is None:
            problem = NotImported(f"Client {client} does not exist.")
        else:
            problem = NotImported(f"Its client {client} belongs to another organisation.")
        result.refuse(row["id"], problem)
    return result


def import_threads(uow: UnitOfWork, stage: Stage, org: str, rows: Sequence[Row]) -> Imported:
    """Create the one thread of each of these clients.

    It begins with the client's first old thread, which also gives the default number. The thread's
    own pool number is that of the pool thread in which the company wrote last, so that the client
    still sees the same number.
    """
    result = Imported("Thread")
    refs = [row["id"] for row in rows]
    clients = clients_by_ref(uow.cursor, uow.org.id, refs)
    existing = clients_with_thread(
        uow.cursor, uow.org.id, [client.id for client in clients.values()]
    )
    numbers = our_numbers(uow.cursor, uow.org.id)
    new: list[NewThread] = []
    for ref, threads in _by_client(stage, org, refs):
        result.read += len(threads)
        client = clients.get(ref)
        if client is None:
            for thread in threads:
                result.refuse(thread["id"], NotImported(f"Its client {ref} was not imported."))
            continue
        if client.id in existing:
            result.known += len(threads)
            continue
        for thread in threads:
            _note_what_is_lost(uow, thread, numbers, result)
        result.new += 1
        result.merged += len(threads) - 1
        new.append(_one_thread(uow, client.id, threads, numbers))
        payload = {"threads": len(threads)}
        uow.audit("thread.created", "thread", ref, payload, reason=WHY)
    insert_threads(uow.cursor, uow.org.id, new)
    return result


def _by_client(stage: Stage, org: str, refs: Sequence[str]) -> Iterator[tuple[str, list[Row]]]:
    by_client: dict[str, list[Row]] = {ref: [] for ref in refs}
    for thread in stage.among(_OF_CLIENTS, refs, org=org):
        by_client[thread["clientId"]].append(thread)
    yield from by_client.items()


def _one_thread(
    uow: UnitOfWork, client_id: int, threads: Sequence[Row], numbers: Mapping[str, OurNumber]
) -> NewThread:
    held = [(thread, number_of(uow, thread["e164"], numbers)) for thread in threads]
    pool = [
        (thread["spoke_at"] or "", thread["createdAt"] or "", number.id)
        for thread, number in held
        if number is not None and number.number_class is NumberClass.POOL
    ]
    return NewThread(
        client_id=client_id,
        pool_number_id=max(pool)[2] if pool else None,
        default_number_id=next((number.id for _, number in held if number is not None), None),
        created_at=_began(uow, threads),
    )


def _began(uow: UnitOfWork, threads: Sequence[Row]) -> datetime:
    for thread in threads:
        try:
            return time_of(thread["createdAt"], "Its time")
        except MalformedRow:
            continue
    return uow.now


def _note_what_is_lost(
    uow: UnitOfWork, thread: Row, numbers: Mapping[str, OurNumber], result: Imported
) -> None:
    try:
        if thread["createdAt"] is not None:
            time_of(thread["createdAt"], "Its time")
    except MalformedRow as problem:
        result.note(thread["id"], problem.code, f"{problem.message} Imported without it.")
    number = number_of(uow, thread["e164"], numbers)
    if number is None:
        which = (
            f"Its number {thread['numberId']} was not imported."
            if thread["numberId"]
            else ("It has no number.")
        )
        result.note(thread["id"], "number_not_taken", which)
    elif thread["assumed"] and thread["spoke_at"] is not None:
        what = f"It names no number, so its messages are stored as sent from {number.e164}."
        result.note(thread["id"], "number_assumed", what)


def number_of(
    uow: UnitOfWork, written: str | None, numbers: Mapping[str, OurNumber]
) -> OurNumber | None:
    """Return the org's number that an old row means."""
    return numbers.get(known_phone(uow, written) or "")
