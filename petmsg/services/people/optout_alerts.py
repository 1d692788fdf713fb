"""End the alerts about opt-outs and the carrier's blocks, once these have ended."""

from collections.abc import Collection

from petmsg.enums.alerts import AlertKind
from petmsg.queries.opt_out_records import blocked_numbers
from petmsg.services.alert import close_alert
from petmsg.services.people import optout_records as rows
from petmsg.services.unit_of_work import UnitOfWork

_OPTED_OUT = (AlertKind.CLIENT_OPTED_OUT, AlertKind.SITTER_OPTED_OUT)


def end_opt_out_alerts(
    uow: UnitOfWork, entity: str, ref: str, *, keys: Collection[str], reason: str, by_hand: bool
) -> None:
    """End the alerts about a client or a sitter, none of whose phones is opted out any more.

    `keys` are the digests of all their phones. `by_hand`: an operator ended the opt-out, and has
    read the word that may have meant a visit; somebody who sends START may still mean it.
    """
    if not any(rows.is_opted_out(uow, key) for key in keys):
        for kind in (*_OPTED_OUT, AlertKind.OPT_OUT_WORD) if by_hand else _OPTED_OUT:
            close_alert(uow, kind, entity=entity, ref=ref, reason=reason)
    if not any(blocked_numbers(uow.cursor, uow.org.id, key=key, until=uow.now) for key in keys):
        close_alert(uow, AlertKind.PAIR_BLOCKED, entity=entity, ref=ref, reason=reason)
