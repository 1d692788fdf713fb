"""Stop two machines that answer each other through the relay."""

import shlex
from datetime import timedelta

from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.queries.relay_traffic import passed_on
from petmsg.queries.sitter_number import sitter_line
from petmsg.services import inbox
from petmsg.services.alert import raise_alert
from petmsg.services.unit_of_work import UnitOfWork

MOST_PASSED_ON = (
    (10, timedelta(seconds=30)),
    (30, timedelta(minutes=5)),
    (50, timedelta(hours=1)),
    (200, timedelta(hours=24)),
)
"""How many messages may be relayed between the same two people in both directions, and within which
time. More than this means that two machines answer each other. Twilio stops at 15 in 30 s (error
14107), but nobody else stops two slow machines."""
_LOOK_BACK = 1000
"""How many of a sitter's last messages are counted: more than fit into one day."""

# One row per relayed message, however many parts it had.


def is_a_loop(uow: UnitOfWork, sitter_id: int, client_id: int) -> bool:
    """Whether more messages were relayed between these two than people write."""
    longest = max(span for _, span in MOST_PASSED_ON)
    messages = passed_on(
        uow.cursor,
        uow.org.id,
        sitter_id=sitter_id,
        client_id=client_id,
        since=uow.now - longest,
        look_back=_LOOK_BACK,
    )
    ages = [uow.now - each.passed_on_at for each in messages]
    return any(sum(age < span for age in ages) >= most for most, span in MOST_PASSED_ON)


def stop_loop(uow: UnitOfWork, sitter_id: int, client_ref: str, message_id: int) -> None:
    inbox.add(uow, message_id)
    sitter = sitter_line(uow.cursor, uow.org, sitter_id).sitter
    raise_alert(
        uow,
        AlertKind.RELAY_LOOP,
        severity=AlertSeverity.WARNING,
        entity="sitter",
        ref=sitter,
        message=f"Too many messages at once between sitter {sitter} and client {client_ref}. A "
        "phone may be answering automatically. The messages are in the inbox.",
        command=f"petmsg thread show {shlex.quote(client_ref)}",
    )
