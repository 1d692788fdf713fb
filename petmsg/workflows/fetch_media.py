"""Fetches the bytes of received files, and finishes erasing files.

Each message is three steps: a transaction that leases its files, the provider with no transaction
open, and a transaction that writes what became of them. Bytes are in the store before a row names
them, so that a crash leaves at most a file that no row names.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256 as hash_of
from itertools import groupby

from petmsg.enums.media import MediaStatus
from petmsg.enums.messages import Direction
from petmsg.errors import (
    ExtraMissing,
    MediaGone,
    MediaMissing,
    MediaTooLarge,
    Misconfigured,
    PetmsgError,
    ProviderUnavailable,
)
from petmsg.media.content_types import content_type_of
from petmsg.queries import media_fetch as queries
from petmsg.queries.media_fetch import ToFetch
from petmsg.queries.org import Account, OrgRow, all_orgs
from petmsg.services.media import fetch as service
from petmsg.services.media.fetch import Failed, Got, Leased
from petmsg.services.unit_of_work import UnitOfWork
from petmsg.workflows.erase_media import delete_unused, erase_bytes, keep_bytes
from petmsg.workflows.message_accounts import FormerAccountSilent, MessageAccounts
from petmsg.workflows.provider_factory import AccountAdapters, require_one
from petmsg.workflows.relay_pictures import relay_pictures
from petmsg.workflows.store import Store

MOST_BYTES = 20_000_000
"""A larger file is not fetched."""
_AT_ONCE = 100
_AT_MOST = 10_000
_FROM_PROVIDER = (MediaGone, MediaTooLarge, ProviderUnavailable)


class MediaFetcher:
    """Fetches for one process. It keeps the connections to the providers open; one thread uses it.

    `stopping` is asked between two messages: true ends the run early.
    """

    def __init__(self, store: Store, *, stopping: Callable[[], bool] = lambda: False) -> None:
        self._store = store
        self._stopping = stopping
        self._connected = AccountAdapters(store, threads=1)
        self._adapters: dict[tuple[Account, str], MessageAccounts] = {}
        self.problems: dict[str, PetmsgError] = {}
        """Errors of an account or of petmsg's own store, by account; at most one each."""

    def fetch_due(self, orgs: Sequence[OrgRow]) -> list[ToFetch]:
        """Fetch all files of these orgs that are due; return their rows as they are now."""
        self.problems.clear()
        done: list[ToFetch] = []
        seen: set[int] = set()
        ids = [org.id for org in orgs]
        while not self._stopping():
            now = self._store.tick()
            with self._store.snapshot() as cursor:
                found = queries.due(cursor, ids, now=now, most=_AT_ONCE + len(seen))
            rows = [row for row in found if row.id not in seen]
            if not rows:
                break
            seen.update(row.id for row in rows)
            done += self.fetch(rows, orgs)
        return done

    def fetch(self, rows: Sequence[ToFetch], orgs: Sequence[OrgRow]) -> list[ToFetch]:
        """Fetch these files, message by message; return their rows as they are now."""
        by_id = {org.id: org for org in orgs}
        done: list[ToFetch] = []
        ordered = sorted(rows, key=lambda row: row.message_id)
        for _, group in groupby(ordered, key=lambda row: row.message_id):
            if self._stopping():
                break
            of_message = list(group)
            done += self._fetch_message(of_message, by_id[of_message[0].org_id])
        return done

    def _fetch_message(self, rows: list[ToFetch], org: OrgRow) -> list[ToFetch]:
        org = org._replace(provider=rows[0].provider or org.provider)
        account = str(org.account)
        if account in self.problems:
            return []  # still due: the next run tries again
        try:
            adapter = self._adapter(org)
        except Misconfigured as problem:
            self.problems[account] = problem
            return []
        self._store.tick()
        leased: Leased = self._store.write_in(org.slug, service.lease, rows)
        if not leased.rows:
            return []
        contents: dict[str, bytes] = {}
        results = self._ask(adapter, account, leased, contents)
        self._store.tick()

        def record(uow: UnitOfWork) -> list[ToFetch]:
            keep_bytes(uow, self._store.media, contents)
            return service.record_outcomes(uow, leased, results)

        recorded = self._store.write_in(org.slug, record)
        for sha256 in contents.keys() - {row.sha256 for row in recorded}:
            delete_unused(self._store, sha256)  # of a file that was erased meanwhile
        return recorded

    def _ask(
        self, adapter: MessageAccounts, account: str, leased: Leased, contents: dict[str, bytes]
    ) -> dict[int, Got | Failed]:
        """Fetch leased files and put them into the store. After an error of the account the others
        are not tried."""
        message_sid = leased.rows[0].provider_message_id or ""
        names, problem = _names(adapter, message_sid, leased)
        results: dict[int, Got | Failed] = {}
        for row in leased.rows:
            sid = names.get(row.id)
            if problem is None and sid is not None:
                try:
                    results[row.id] = self._fetch_one(adapter, message_sid, sid, contents)
                    continue
                except _FROM_PROVIDER as failure:
                    results[row.id] = Failed(failure, sid)
                    continue
                except Misconfigured as failure:
                    problem = failure
            why = problem or MediaGone("The provider does not list the file.")
            results[row.id] = Failed(why, sid)
        if isinstance(problem, Misconfigured):
            self.problems[account] = problem
        return results

    def _fetch_one(
        self, adapter: MessageAccounts, message_sid: str, sid: str, contents: dict[str, bytes]
    ) -> Got:
        file = adapter.fetch_media(message_sid, sid, most=MOST_BYTES)
        sha256 = self._store.media.put(file.content)
        contents[sha256] = file.content
        content_type = content_type_of(file.content) or file.content_type
        return Got(sid, sha256, len(file.content), content_type)

    def _adapter(self, org: OrgRow) -> MessageAccounts:
        key = org.account, org.slug
        if key not in self._adapters:
            present = require_one(self._connected.connect([org])).lines[0][1]
            self._adapters[key] = MessageAccounts(self._store, org, present)
        return self._adapters[key]

    # --- erasing ----------------------------------------------------------------------------

    def finish_erasing(self, orgs: Sequence[OrgRow]) -> int:
        """Delete the bytes of erased files, and the provider's copies; return how many files are
        erased now."""
        count = erase_bytes(self._store, orgs)
        by_id = {org.id: org for org in orgs}
        with self._store.snapshot() as cursor:
            found = queries.to_delete(cursor, [*by_id], most=_AT_MOST)
        for each in found:
            if self._stopping():
                break
            org = by_id[each.org_id]
            org = org._replace(provider=each.provider or org.provider)
            account = str(org.account)
            if account in self.problems:
                continue
            try:
                self._adapter(org).delete_media(each.provider_message_id or "")
            except FormerAccountSilent as problem:
                self.problems[f"{account}, {org.slug} before"] = problem
                continue
            except (Misconfigured, ProviderUnavailable) as problem:
                self.problems[account] = problem
                continue
            self._store.tick()
            self._store.write_in(org.slug, service.mark_deleted, each.message_id)
        return count


def _names(
    adapter: MessageAccounts, message_sid: str, leased: Leased
) -> tuple[dict[int, str], PetmsgError | None]:
    """The provider's ID of each file. Where some are not known, the message's list tells: what no
    other file is goes to them in its order."""
    names = {row.id: row.provider_media_id for row in leased.rows if row.provider_media_id}
    unnamed = [row.id for row in leased.rows if not row.provider_media_id]
    if not unnamed:
        return names, None
    try:
        listed = [each.provider_media_id for each in adapter.media_of(message_sid)]
    except (MediaGone, ProviderUnavailable, Misconfigured) as problem:
        return names, problem
    new = [sid for sid in listed if sid and sid not in leased.named]
    return names | dict(zip(unnamed, new, strict=False)), None


def fetch(store: Store, ids: Sequence[int]) -> tuple[list[ToFetch], list[PetmsgError]]:
    """`media fetch`: the named files, or all that are due, and what else is to be done.

    Returns the rows as they are afterwards, and the errors of accounts. Raises `NotFound` and the
    errors of the store.
    """
    orgs = store.orgs()
    fetcher = MediaFetcher(store)
    if not ids:
        if store.dry_run:
            return _due(store, orgs), []
        rows = fetcher.fetch_due(orgs)
        fetcher.finish_erasing(orgs)
        return rows, [*fetcher.problems.values(), *_pass_on(store)]
    with store.snapshot() as cursor:
        found = {row.id: row for row in queries.by_id(cursor, ids)}
    chosen = {org.id: org for org in orgs}
    for each in ids:
        if each not in found or found[each].org_id not in chosen:
            raise service.no_such_file(each)
    again: list[ToFetch] = []
    for org_id in sorted({row.org_id for row in found.values()}):
        of_org = [row for row in found.values() if row.org_id == org_id]
        slug = chosen[org_id].slug
        gone = [row for row in of_org if _is_gone(store, row)]
        if gone:
            store.write_in(slug, service.note_gone, gone)
        again += store.write_in(slug, service.try_again, [row.id for row in of_org])
    passing: list[PetmsgError] = []
    if not store.dry_run:
        fetcher.fetch([row for row in again if _is_to_be_fetched(row)], orgs)
        passing = _pass_on(store)
    with store.snapshot() as cursor:
        return queries.by_id(cursor, ids), [*fetcher.problems.values(), *passing]


def _is_to_be_fetched(row: ToFetch) -> bool:
    return row.status is MediaStatus.MISSING and row.direction == Direction.INBOUND


def _is_gone(store: Store, row: ToFetch) -> bool:
    """Whether the store lacks the bytes of a stored file, or has others."""
    if row.status is not MediaStatus.STORED or row.sha256 is None:
        return False
    try:
        return hash_of(store.media.read(row.sha256)).hexdigest() != row.sha256
    except MediaMissing:
        return True


def _pass_on(store: Store) -> list[PetmsgError]:
    """Pass on what was fetched; return what prevents it."""
    try:
        relay_pictures(store)
    except ExtraMissing as problem:
        return [problem]
    return []


def _due(store: Store, orgs: Sequence[OrgRow]) -> list[ToFetch]:
    with store.snapshot() as cursor:
        return queries.due(cursor, [org.id for org in orgs], now=store.now, most=_AT_MOST)


def every_org(store: Store) -> list[OrgRow]:
    """All orgs, whatever --org says."""
    with store.snapshot() as cursor:
        return all_orgs(cursor)
