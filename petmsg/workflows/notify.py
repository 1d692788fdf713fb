"""Tells channels of alerts: each in a process of its own, several at once.

A note is three steps: a transaction that leases the channel and chooses the alerts, the note with
no transaction open, and a transaction that records what became of it. A channel that hangs keeps
nobody waiting but itself.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

from petmsg import settings
from petmsg.notify.outcome import Outcome, Trouble
from petmsg.notify.sending import Note, Sending, need_apprise
from petmsg.notify.url_file import UrlFile
from petmsg.queries.notify import ChannelRow, list_channels
from petmsg.queries.org import OrgRow
from petmsg.services.notify import lease
from petmsg.services.notify.lease import LeasedChannel
from petmsg.services.notify.note import trial_note
from petmsg.workflows.store import Store
from petmsg.workflows.waiting_clients import update_waiting_alerts

AT_ONCE = 8
"""How many channels are told at the same time."""
GRACE_SECONDS = 1.0
"""How long the end waits for notes on their way. What is not through by then is told again."""


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a note: the channel and the alerts it was told of, or why it was not."""

    channel: ChannelRow
    kind: str | None
    alerts: tuple[int, ...]
    refs: tuple[str, ...]
    outcome: Outcome


@dataclass(slots=True)
class _Flight:
    """A note on its way to a leased channel. `sending` is None if no process could be started."""

    leased: LeasedChannel
    sending: Sending | None


class Notifier:
    """Tells channels for one process; one thread uses it.

    `on_told` is called for each note, with what became of it.
    """

    def __init__(self, store: Store, on_told: Callable[[Told], None]) -> None:
        self._store = store
        self._on_told = on_told
        self._flights: dict[int, _Flight] = {}
        self._ended: SimpleQueue[tuple[int, Outcome] | None] = SimpleQueue()

    @property
    def is_busy(self) -> bool:
        """Whether a note is on its way."""
        return bool(self._flights)

    def start_due(self, orgs: Sequence[OrgRow]) -> None:
        """Start a note to each channel of these orgs that is due.

        Raises `ExtraMissing` and `NotifyFileUnusable`, before anything was leased.
        """
        now = self._store.tick()
        with self._store.snapshot() as cursor:
            due = lease.due_channels(cursor, orgs, now=now)
        due = [row for row in due if row.id not in self._flights]
        if not due:
            return
        need_apprise()
        urls = url_file(self._store).read()
        for channel in due[: max(0, AT_ONCE - len(self._flights))]:
            leased = self._store.write_in(channel.org, lease.begin, channel.name)
            if leased is not None:
                self._start(leased, urls.get(channel.org, {}).get(channel.name))

    def wait(self, seconds: float | None = None) -> None:
        """Wait for the next note to end, or for `wake`, and record what ended."""
        try:
            found = self._ended.get(timeout=seconds)
            while True:
                if found is not None:
                    self._end(*found)
                found = self._ended.get_nowait()
        except Empty:
            return

    def wake(self) -> None:
        """End a `wait`. Any thread may call this."""
        self._ended.put(None)

    def close(self) -> None:
        """Wait a moment for notes on their way, then end their processes."""
        deadline = time.monotonic() + GRACE_SECONDS
        try:
            while self._flights and time.monotonic() < deadline:
                self.wait(max(0.01, deadline - time.monotonic()))
        finally:
            for flight in self._flights.values():
                if flight.sending is not None:
                    flight.sending.stop()
        while self._flights:
            self.wait()

    def _start(self, leased: LeasedChannel, url: str | None) -> None:
        channel_id = leased.channel.id
        if url is None:
            self._flights[channel_id] = _Flight(leased, None)
            self._ended.put((channel_id, Outcome(Trouble.URL_MISSING)))
            return
        try:
            sending = Sending(url, leased.note)
        except OSError:  # no memory for a process, or too many of them
            self._flights[channel_id] = _Flight(leased, None)
            self._ended.put((channel_id, Outcome(Trouble.FAILED)))
            return
        self._flights[channel_id] = _Flight(leased, sending)

        def carry() -> None:
            self._ended.put((channel_id, sending.outcome()))

        threading.Thread(target=carry, name="petmsg-notify-note", daemon=True).start()

    def _end(self, channel_id: int, outcome: Outcome) -> None:
        leased = self._flights.pop(channel_id).leased
        self._store.tick()
        if outcome.trouble is Trouble.STOPPED:
            self._store.write_in(leased.channel.org, lease.give_back, leased)
            return
        self._store.write_in(leased.channel.org, lease.end, leased, outcome)
        self._on_told(
            Told(
                leased.channel,
                leased.alerts[0].kind,
                tuple(each.id for each in leased.alerts),
                tuple(each.ref for each in leased.alerts),
                outcome,
            )
        )


def notify_file(store: Store) -> settings.Setting:
    """Where the URLs of the channels are, with its source."""
    return settings.notify_file(store.environ)


def url_file(store: Store) -> UrlFile:
    """The file with the URLs of the channels."""
    return UrlFile(Path(notify_file(store).value or ""))


def run(store: Store) -> list[Told]:
    """Tell every channel what it was not told, until nothing is left or the rest must wait."""
    orgs = store.orgs()
    update_waiting_alerts(store, orgs)
    told: list[Told] = []
    notifier = Notifier(store, told.append)
    try:
        while True:
            notifier.start_due(orgs)
            if not notifier.is_busy:
                return told
            notifier.wait()
    finally:
        notifier.close()


def rehearse(store: Store) -> list[Told]:
    """What `run` would tell, if every channel worked."""
    now, told = store.tick(), []
    with store.snapshot() as cursor:
        for channel in lease.due_channels(cursor, store.chosen(cursor), now=now):
            for part in lease.rehearse_notes(cursor, channel, now=now):
                ids, refs = (each.id for each in part), (each.ref for each in part)
                told.append(Told(channel, part[0].kind, tuple(ids), tuple(refs), Outcome()))
    return told


def send_tests(store: Store, channels: Sequence[ChannelRow]) -> list[Told]:
    """Send a test note to each of these channels now; record which of them work.

    Raises `ExtraMissing` and `NotifyFileUnusable`.
    """
    need_apprise()
    urls = url_file(store).read()
    if store.dry_run:
        return [_tested(channel, _by_url(urls, channel)) for channel in channels]
    told = []
    for start in range(0, len(channels), AT_ONCE):
        part = channels[start : start + AT_ONCE]
        sendings = [_send_test(urls, channel) for channel in part]
        for channel, sending in zip(part, sendings, strict=True):
            outcome = sending.outcome() if isinstance(sending, Sending) else sending
            if outcome.trouble is None:
                store.tick()
                store.write_in(channel.org, lease.works, channel)
            told.append(_tested(channel, outcome))
    return told


def channels_of(store: Store) -> list[ChannelRow]:
    """The channels of the chosen org, or of all."""
    with store.snapshot() as cursor:
        return list_channels(cursor, store.chosen(cursor))


def has_channels(store: Store, orgs: Sequence[OrgRow]) -> bool:
    """Whether any of these orgs has a channel."""
    with store.snapshot() as cursor:
        return bool(list_channels(cursor, orgs))


def _send_test(urls: dict[str, dict[str, str]], channel: ChannelRow) -> Sending | Outcome:
    url = urls.get(channel.org, {}).get(channel.name)
    note: Note = trial_note(channel.org, channel.name)
    return Outcome(Trouble.URL_MISSING) if url is None else Sending(url, note)


def _by_url(urls: dict[str, dict[str, str]], channel: ChannelRow) -> Outcome:
    has_url = channel.name in urls.get(channel.org, {})
    return Outcome(None if has_url else Trouble.URL_MISSING)


def _tested(channel: ChannelRow, outcome: Outcome) -> Told:
    return Told(channel, None, (), (), outcome)
