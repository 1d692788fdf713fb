"""Messages between a client and a sitter that an override keeps for the front desk.

While the front desk handles a client, the sitter's message to them is not sent. It waits in the
inbox, and the sitter is told.
"""

from datetime import datetime

from petmsg.clock import clock_local, day_local
from petmsg.enums.routing import Code
from petmsg.queries.override import holding_override
from petmsg.rules.routing.facts import SpeakerFact
from petmsg.services.unit_of_work import UnitOfWork

OVERRIDDEN = Code.OVERRIDE.value.lower()
"""The error code of a relayed message that was not sent because of an override."""


def override_until(uow: UnitOfWork, client_id: int | None) -> datetime | None:
    """Until when (aware UTC) an override holds for the client now; None if none does."""
    found = None if client_id is None else holding_override(uow.cursor, client_id, uow.now)
    return None if found is None else found.ends_at


def is_kept_for_desk(uow: UnitOfWork, client_id: int, speaker: SpeakerFact | None) -> bool:
    """Whether a relayed message of a sitter to the client is not sent, because an override
    holds."""
    is_relayed = speaker is not None and not speaker.own_number_only
    return is_relayed and override_until(uow, client_id) is not None


def words_for_sitter(uow: UnitOfWork, client_ref: str, until: datetime | None) -> str:
    """What the sitter is told about their message, in the org's time."""
    handled = f"The front desk is handling {client_ref}"
    if until is not None:
        handled += f" until {_clock(until, uow)}"
    return f"{handled}; your message was passed on to them."


def _clock(until: datetime, uow: UnitOfWork) -> str:
    """The time of day, with the day if it is not today's."""
    zone = uow.org.timezone
    day = day_local(until, zone)
    clock = clock_local(until, zone)
    return clock if day == day_local(uow.now, zone) else f"{day} {clock}"
