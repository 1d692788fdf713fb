"""A sitter may message a client in a window of their own only."""

from petmsg.clock import format_local
from petmsg.errors import Refused
from petmsg.queries.lookup import ClientKey, SitterKey
from petmsg.queries.next_window import next_window
from petmsg.rules.routing import Decision
from petmsg.services.unit_of_work import UnitOfWork


class OutsideOwnWindow(Refused):
    code = "not_her_window"


def require_window(
    uow: UnitOfWork, decision: Decision, sitter: SitterKey, client: ClientKey
) -> None:
    """Raise `OutsideOwnWindow` if the sitter may not message the client: its hint says when their
    next window with the client opens."""
    if not decision.rejects_requested_sitter:
        return
    hint = f"See why: petmsg route explain {client.ref} --as {sitter.ref}"
    found = None
    if decision.window is None:
        found = next_window(uow.cursor, uow.org.id, sitter.id, at=decision.at, client_id=client.id)
    if found is not None:
        opens_at = format_local(found.starts_at, uow.org.timezone)
        hint = f"Their next window with {client.ref} opens at {opens_at}. {hint}"
    raise OutsideOwnWindow(
        f"Sitter {sitter.ref} cannot message this client now: {decision.reason}.", hint=hint
    )
