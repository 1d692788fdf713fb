"""Remove an org: erase what it holds, retire its numbers, and hide it from every command.

Its audit log, the history of its numbers and the counts stay in the database, as they do when a
client is erased: nothing deletes them. So its slug and its numbers are never used again.
"""

from dataclasses import dataclass

from petmsg.errors import Refused
from petmsg.plurals import counted
from petmsg.queries import erase as erase_queries
from petmsg.queries import org_holdings as queries
from petmsg.queries.erase_calls import erase_all as erase_all_calls
from petmsg.queries.org_holdings import Holdings
from petmsg.services.alert import done
from petmsg.services.bookings import booking
from petmsg.services.numbers.number import retire_all
from petmsg.services.people import erase, offboard
from petmsg.services.unit_of_work import UnitOfWork


class OrgNotEmpty(Refused):
    """The org holds numbers, people or messages."""

    code = "org_not_empty"

    def __init__(self, org: str, held: Holdings) -> None:
        super().__init__(
            f"Org {org} holds {words(held)}.",
            hint="Export it first: petmsg export FOLDER. Then: petmsg org remove "
            f"{org} --discard-data",
        )


class StillErasing(Refused):
    """Pictures of the org are still in the media store or at the provider."""

    code = "still_erasing"
    hint = "Run the command again."


@dataclass(frozen=True, slots=True)
class Removed:
    """What was lost with a removed org, in counts; `reused` is true if it was removed before."""

    org: str
    numbers: int
    clients: int
    sitters: int
    bookings: int
    messages: int
    pictures: int
    calls: int
    cancelled: int
    reused: bool


def words(held: Holdings) -> str:
    """What an org holds, in words; empty if it holds nothing."""
    parts = [
        counted(count, noun)
        for count, noun in zip(
            held,
            ("number", "client", "sitter", "booking", "message", "file", "call"),
            strict=True,
        )
        if count
    ]
    return ", ".join(parts[:-1]) + " and " + parts[-1] if len(parts) > 1 else "".join(parts)


def discard(uow: UnitOfWork, *, discard_data: bool, reason: str) -> Removed:
    """Erase everything that the org holds, in one transaction; its pictures' bytes are deleted
    after the commit. Safe to repeat.

    Raises `OrgNotEmpty` for an org that holds something, unless `discard_data`, and `Refused` while
    a message is being sent.
    """
    held = queries.holdings(uow.cursor, uow.org.id, now=uow.now)
    if any(held) and not discard_data:
        raise OrgNotEmpty(uow.org.slug, held)
    if queries.sending_count(uow.cursor, uow.org.id):
        raise Refused(
            f"A message of org {uow.org.slug} is being sent right now.",
            hint="Try again in a minute. If the sending process died: petmsg message dispatch",
        )
    for ref in queries.booking_refs(uow.cursor, uow.org.id, now=uow.now):
        booking.cancel(uow, ref, reason=reason)
    for ref in queries.sitter_refs(uow.cursor, uow.org.id):
        offboard.deactivate(uow, ref, reason=reason)
    for ref in queries.client_refs(uow.cursor, uow.org.id):
        erase.forget(uow, ref, reason=reason)
    uow.transaction.flush()
    with_media = queries.messages_with_media(uow.cursor, uow.org.id)
    erase_queries.erase_media(uow.cursor, uow.org.id, with_media, now=uow.now)
    retire_all(uow, reason=reason)
    uow.transaction.flush()
    cancelled = queries.erase_the_rest(uow.cursor, uow.org.id)
    erase_all_calls(uow.cursor, uow.org.id, now=uow.now)
    for alert in queries.open_alerts(uow.cursor, uow.org.id):
        done(uow, str(alert), reason=reason)
    return Removed(uow.org.slug, *held, cancelled=cancelled, reused=False)


def remove(uow: UnitOfWork, lost: Removed, *, reason: str) -> None:
    """Hide the org from every command. Raises `StillErasing` while it has pictures."""
    org_id = uow.org.id
    waits = erase_queries.waiting_for_provider(uow.cursor, org_id)
    if erase_queries.erasing(uow.cursor, org_id) or waits:
        raise StillErasing(f"Not all pictures of org {uow.org.slug} are deleted yet.")
    held = queries.holdings(uow.cursor, org_id, now=uow.now)
    if any(held):  # somebody added it since
        raise OrgNotEmpty(uow.org.slug, held)
    uow.audit(
        "org.removed",
        "org",
        uow.org.slug,
        {
            "numbers": lost.numbers,
            "clients": lost.clients,
            "sitters": lost.sitters,
            "messages": lost.messages,
        },
        reason=reason,
    )
    queries.mark_removed(uow.cursor, org_id, now=uow.now)
