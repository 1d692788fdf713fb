"""What a sitter is told outside their windows: when the next one opens."""

from petmsg.clock import when_local
from petmsg.queries.next_window import next_window
from petmsg.queries.relay import read_clients_around
from petmsg.services.outbox.system_messages import hide_contact_details
from petmsg.services.unit_of_work import UnitOfWork


def next_visit(uow: UnitOfWork, sitter_id: int, *, client_id: int | None = None) -> str:
    """`Your next visit with Smith opens at 14:30.`, in the org's time zone; with the client if one
    is named. Empty if no window of the sitter is to come.

    The client is named as the sitter knows them. A phone or email address in their name is hidden.
    """
    found = next_window(uow.cursor, uow.org.id, sitter_id, at=uow.now, client_id=client_id)
    if found is None:
        return ""
    around = read_clients_around(uow.cursor, uow.org, sitter_id, at=uow.now, now=uow.now)
    names = (each.client.name for each in around if each.client.id == found.client_id)
    name = hide_contact_details(uow, next(names, found.client_name or found.client))
    when = when_local(found.starts_at, uow.org.timezone, now=uow.now)
    return f"Your next visit with {name} opens {when}."
