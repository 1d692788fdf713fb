"""A note about alerts: refs and commands only, no phone, name or message of a person."""

import re
from collections.abc import Collection, Sequence

from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.notify.sending import Note
from petmsg.plurals import counted
from petmsg.queries.notify import UntoldAlert

_PHONE = re.compile(r"\+[1-9][0-9]{6,14}(?![0-9])")
HIDDEN = "(a phone)"
_KINDS_IN_WORDS: dict[str, str] = {
    AlertKind.UNMATCHED_MESSAGE: "unmatched message",
    AlertKind.PHONE_NOT_SMS_CAPABLE: "phone not SMS-capable",
}
"""The kinds whose code is not what people call them."""
_LONGEST = 300
"""What an alert says is cut here; the command shows all of it."""


def note_of(org: str, alerts: Sequence[UntoldAlert], own_numbers: Collection[str]) -> Note:
    """The note about alerts of one kind.

    Alerts contain no personal phone; should one do so all the same, it does not leave petmsg.
    """
    first = alerts[0]
    kind = _KINDS_IN_WORDS.get(first.kind, first.kind.replace("_", " "))
    count = f" {counted(len(alerts), 'alert')}" if len(alerts) > 1 else ""
    title = f"petmsg {org}: {kind}{count and f',{count}'}"
    lines = [_lines(each) for each in alerts]
    return Note(
        title,
        _without_phones("\n\n".join([*lines, _how_to_end(alerts)]), own_numbers),
        AlertSeverity(first.severity),
    )


def trial_note(org: str, channel: str) -> Note:
    """The note of `petmsg notify test`."""
    return Note(
        f"petmsg {org}: test",
        f"This is a test of channel {channel}. Alerts of {org} will be sent here.",
        AlertSeverity.INFO,
    )


def _lines(alert: UntoldAlert) -> str:
    times = f" ({alert.times} times)" if alert.times > 1 else ""
    said = alert.message if len(alert.message) <= _LONGEST else f"{alert.message[: _LONGEST - 1]}…"
    lines = [f"[{alert.severity}] {alert.entity} {alert.ref}{times}", said]
    if alert.command:
        lines.append(f"To do: {alert.command}")
    return "\n".join(lines)


def _how_to_end(alerts: Sequence[UntoldAlert]) -> str:
    return f"When it is dealt with: petmsg alert done {' '.join(str(each.id) for each in alerts)}"


def _without_phones(text: str, own_numbers: Collection[str]) -> str:
    return _PHONE.sub(lambda found: found[0] if found[0] in own_numbers else HIDDEN, text)
