"""Adds, lists and removes channels: the row in the database, and the URL in the private file."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.errors import MalformedUrl, NotifyFileUnusable
from petmsg.notify.sending import Sending
from petmsg.queries.notify import ChannelRow, list_channels
from petmsg.services.notify import channel as service
from petmsg.services.notify import lease
from petmsg.services.notify.channel import Channel, no_channel, parse_channel
from petmsg.workflows.notify import channels_of, url_file
from petmsg.workflows.store import Store

LONGEST_URL = 4096


class ChannelStatus(StrEnum):
    """Whether a channel works: `failing` since its last attempt, `no_url` on this machine."""

    OK = "ok"
    FAILING = "failing"
    NO_URL = "no_url"


@dataclass(frozen=True, slots=True)
class ChannelState:
    """A channel, whether it works, and how many alerts it is still to be told of."""

    channel: str
    org: str
    timezone: str
    severity: AlertSeverity
    kinds: list[str]
    status: ChannelStatus
    waiting: int
    told_at: datetime | None
    failures: int
    failed_at: datetime | None
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Removed:
    """A removed channel, and whether its URL was on this machine."""

    channel: str
    org: str
    had_url: bool


def add(
    store: Store,
    name: str,
    url: str,
    *,
    severity: AlertSeverity | None,
    kinds: Sequence[AlertKind],
) -> Channel:
    """Add a channel, or give an existing one the URL that this machine lacks.

    Raises `MalformedUrl`, `AlreadyExists`, `ExtraMissing`, `NotifyFileUnusable`.
    """
    name = parse_channel(name)
    org = store.read(lambda _, org: org.slug)
    _require_supported(url)
    file = url_file(store)
    if store.dry_run:
        return store.write_in(org, service.add, name, severity=severity, kinds=kinds)
    # The URL first: a channel without one would be an error, a URL without a channel is only idle.
    is_new = file.keep(org, name, url)
    try:
        added = store.write_in(org, service.add, name, severity=severity, kinds=kinds)
    except BaseException:
        if is_new:
            file.drop(org, name)
        raise
    return replace(added, reused=added.reused and not is_new)


def remove(store: Store, name: str) -> Removed:
    """Remove a channel and its URL; also a URL whose channel is gone, or the other way round.

    Raises `NotFound`, `NotifyFileUnusable`.
    """
    name = parse_channel(name)
    org, file = store.read(lambda _, org: org.slug), url_file(store)
    had_url = file.url_of(org, name) is not None
    removed = store.write_in(org, service.remove, name)
    if removed is None and not had_url:
        raise no_channel(name)
    if not store.dry_run:
        file.drop(org, name)
    return Removed(name, org, had_url)


def channel_states(store: Store) -> list[ChannelState]:
    """The channels of the chosen org, or of all. Raises `NotifyFileUnusable`."""
    urls = url_file(store).read()
    with store.snapshot() as cursor:
        return [
            _state(row, has_url=row.name in urls.get(row.org, {}), waiting=waiting)
            for row in list_channels(cursor, store.chosen(cursor))
            for waiting in [lease.count_untold(cursor, row, now=store.now)]
        ]


def channels_without_url(store: Store, orgs: Collection[str]) -> list[ChannelRow]:
    """The channels of these orgs whose URLs are not on this machine; all of them where its file
    cannot be read."""
    rows = [row for row in channels_of(store) if row.org in orgs]
    try:
        urls = url_file(store).read()
    except NotifyFileUnusable:
        return rows
    return [row for row in rows if row.name not in urls.get(row.org, {})]


def chosen_channels(store: Store, name: str | None) -> list[ChannelRow]:
    """The channels of that name, or all. Raises `NotFound`."""
    rows = channels_of(store)
    if name is None:
        return rows
    name = parse_channel(name)
    found = [row for row in rows if row.name == name]
    if not found:
        raise no_channel(name)
    return found


def _state(row: ChannelRow, *, has_url: bool, waiting: int) -> ChannelState:
    status = ChannelStatus.FAILING if row.failures else ChannelStatus.OK
    return ChannelState(
        channel=row.name,
        org=row.org,
        timezone=row.timezone,
        severity=AlertSeverity(row.severity),
        kinds=row.kind_list,
        status=status if has_url else ChannelStatus.NO_URL,
        waiting=waiting,
        told_at=row.told_at,
        failures=row.failures,
        failed_at=row.failed_at,
        due_at=row.due_at,
    )


def _require_supported(url: str) -> None:
    if not url or len(url) > LONGEST_URL or not url.isprintable() or " " in url:
        raise MalformedUrl("The URL is empty, too long, or has a space or a control character.")
    if Sending(url).outcome().trouble is not None:
        raise MalformedUrl("Apprise does not support this URL.")
