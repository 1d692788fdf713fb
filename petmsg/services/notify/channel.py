"""Channels by name. Their URLs are not in the database (`petmsg.notify.url_file`)."""

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.errors import AlreadyExists, MalformedRef, NotFound
from petmsg.queries import notify as queries
from petmsg.queries.notify import ChannelRow
from petmsg.services.alert import close_alert
from petmsg.services.unit_of_work import UnitOfWork
from petmsg.text_inputs import parse_ref

ENTITY = "channel"
USUAL_SEVERITY = AlertSeverity.WARNING


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel as it is now. `reused` is true if nothing was changed."""

    channel: str
    org: str
    severity: AlertSeverity
    kinds: list[str]
    reused: bool


def parse_channel(text: str) -> str:
    """The name of a channel as it is stored. Raises `MalformedRef`.

    A URL is refused unseen, because it was meant to stay a secret.
    """
    if "://" in text:
        raise MalformedRef(
            "The name of a channel is missing before its URL.",
            hint="Name the channel first: petmsg notify add NAME URL",
        )
    try:
        return parse_ref(text)
    except MalformedRef as problem:
        hint = "A channel's name has 1 to 64 printable characters, such as ops."
        raise MalformedRef(problem.message, hint=hint) from None


def add(
    uow: UnitOfWork,
    name: str,
    *,
    severity: AlertSeverity | None = None,
    kinds: Sequence[AlertKind] = (),
) -> Channel:
    """Add a channel that is told of alerts of at least `severity` (by default, warnings), and only
    of `kinds` if there are any.

    A channel of that name stays as it is; what is not given may differ. Raises `AlreadyExists` if
    it has another severity or other kinds.
    """
    found = queries.channel_named(uow.cursor, uow.org.id, name)
    wanted = sorted({kind.value for kind in kinds})
    if found is not None:
        _require_same(found, severity, wanted)
        return _channel(found, reused=True)
    level = severity or USUAL_SEVERITY
    queries.add_channel(
        uow.cursor,
        uow.org.id,
        name=name,
        severity=level.value,
        kinds=json.dumps(wanted) if wanted else None,
        now=uow.now,
    )
    uow.audit("channel.added", ENTITY, name, {"severity": level.value, "kinds": wanted})
    return Channel(name, uow.org.slug, level, wanted, reused=False)


def remove(uow: UnitOfWork, name: str) -> Channel | None:
    """Remove a channel and the record of what it was told; None if there is none."""
    found = queries.channel_named(uow.cursor, uow.org.id, name)
    if found is None:
        return None
    queries.remove_channel(uow.cursor, found.id)
    close_alert(
        uow, AlertKind.NOTIFY_FAILED, entity=ENTITY, ref=name, reason="the channel was removed"
    )
    uow.audit("channel.removed", ENTITY, name, {})
    return _channel(found, reused=False)


def no_channel(name: str) -> NotFound:
    """The error for a channel that does not exist."""
    return NotFound("channel", name, hint="List the channels: petmsg notify list")


def _require_same(found: ChannelRow, severity: AlertSeverity | None, kinds: Sequence[str]) -> None:
    same_severity = severity is None or severity == found.severity
    same_kinds = not kinds or list(kinds) == found.kind_list
    if same_severity and same_kinds:
        return
    what = "severity" if not same_severity else "kinds"
    raise AlreadyExists(
        f"Channel {found.name} already exists with another value of --{what.removesuffix('s')}.",
        hint=f"To change it: petmsg notify remove {shlex.quote(found.name)}, then add it again.",
    )


def _channel(row: ChannelRow, *, reused: bool) -> Channel:
    return Channel(row.name, row.org, AlertSeverity(row.severity), row.kind_list, reused)
