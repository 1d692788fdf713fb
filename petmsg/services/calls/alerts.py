"""Alerts about calls that nobody took: they end when somebody claims or closes the entry in the
inbox."""

import shlex

from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.enums.calls import CallerKind
from petmsg.queries.call_writes import StoredCall
from petmsg.services.alert import close_alert, raise_alert
from petmsg.services.unit_of_work import UnitOfWork

_SETTLED = "claimed or closed"


def alert_missed(uow: UnitOfWork, call: StoredCall, message_id: int) -> None:
    """Raise the alert that nobody took a call. One from an unknown phone is less urgent."""
    is_known = call.caller is not CallerKind.UNKNOWN
    raise_alert(
        uow,
        AlertKind.MISSED_CALL,
        severity=AlertSeverity.WARNING if is_known else AlertSeverity.INFO,
        entity="message",
        ref=str(message_id),
        message=f"{_who(call)} called {call.number}, and nobody took the call.",
        command=_command(call, message_id),
    )


def alert_voicemail(uow: UnitOfWork, call: StoredCall, message_id: int) -> None:
    """Raise the alert that a caller left a voicemail; it replaces the one about a missed call."""
    end_alert(uow, AlertKind.MISSED_CALL, message_id, reason="the caller left a voicemail")
    raise_alert(
        uow,
        AlertKind.VOICEMAIL,
        severity=AlertSeverity.WARNING,
        entity="message",
        ref=str(message_id),
        message=f"{_who(call)} called {call.number} and left a voicemail.",
        command=f"petmsg media list --message {message_id}; {_command(call, message_id)}",
    )


def end_call_alerts(uow: UnitOfWork, message_id: int) -> None:
    """End the alerts about a call whose entry in the inbox was claimed or closed."""
    for kind in (AlertKind.MISSED_CALL, AlertKind.VOICEMAIL):
        end_alert(uow, kind, message_id, reason=_SETTLED)


def end_alert(uow: UnitOfWork, kind: AlertKind, message_id: int, *, reason: str) -> None:
    """End the alert of that kind about an entry in the inbox, if it is open."""
    close_alert(uow, kind, entity="message", ref=str(message_id), reason=reason)


def _who(call: StoredCall) -> str:
    if call.caller is CallerKind.CLIENT and call.client is not None:
        return f"Client {call.client}"
    if call.caller is CallerKind.SITTER and call.sitter is not None:
        return f"Sitter {call.sitter}"
    return "An unknown phone"


def _command(call: StoredCall, message_id: int) -> str:
    if call.client is not None:
        return f"petmsg inbox show {message_id}; petmsg thread show {shlex.quote(call.client)}"
    return f"petmsg inbox show {message_id}"
