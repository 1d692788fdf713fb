"""Received messages: from every source to the one service that stores them.

The number identifies the org; the messages of each org are one transaction. `message receive`,
`message pull` and `petmsg serve` all call `store_messages`.
"""

import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from petmsg import settings
from petmsg.enums.opt_outs import Keyword
from petmsg.enums.orgs import ProviderName
from petmsg.errors import (
    Busy,
    ExtraMissing,
    MediaGone,
    OutOfRange,
    PetmsgError,
    ProviderAccount,
    ProviderUnavailable,
    Refused,
)
from petmsg.providers.base import MOST_MEDIA, Provider, ReceivedMedia, ReceivedMessage
from petmsg.providers.registry import PROVIDERS, needs_public_url
from petmsg.queries.inbound import org_of_number, orgs_of_numbers, stored_message
from petmsg.queries.inbox import find_unmatched
from petmsg.queries.org import OrgRow, all_orgs, find_org
from petmsg.services.inbound import unmatched
from petmsg.services.inbound.address import NotOurNumber
from petmsg.services.inbound.poll_cursor import advance_cursor, poll_since
from petmsg.services.inbound.receive import Received, receive_each
from petmsg.services.inbound.unmatched import ReceivedUnmatched
from petmsg.services.transfer.row_files import CHUNK
from petmsg.services.unit_of_work import Failure, UnitOfWork
from petmsg.workflows.erase_media import keep_bytes
from petmsg.workflows.provider_factory import connect_orgs
from petmsg.workflows.relay_pictures import relay_pictures
from petmsg.workflows.store import Store
from petmsg.workflows.waiting_clients import update_waiting_alerts

_LONGEST_SID = 64
_LONGEST_NAME = 255

ReceiveResult = Received | ReceivedUnmatched | Failure


def store_messages(
    store: Store,
    texts: Sequence[ReceivedMessage],
    *,
    provider: ProviderName | None,
    contents: Mapping[str, bytes] | None = None,
    owners: Mapping[str, str] | None = None,
) -> list[ReceiveResult]:
    """Store messages, each once; results in the same order. A message that cannot be stored is a
    `Failure`; a database that is locked or missing raises.

    `contents` are the bytes of files that are in the store already, by SHA-256. `owners` are the
    orgs of the numbers, if they were read already (`orgs_of_numbers`).
    Committed when it returns.
    """
    if owners is None:
        with store.snapshot() as cursor:
            owners = orgs_of_numbers(cursor, [text.to_e164 for text in texts])
    slugs = [owners.get(text.to_e164) for text in texts]
    result: dict[int, ReceiveResult] = {}
    for slug in dict.fromkeys(slugs):
        places = [place for place, each in enumerate(slugs) if each == slug]
        if slug is None:
            for place in places:
                result[place] = _store_unmatched(store, texts[place], provider)
            continue
        of_org = [texts[place] for place in places]

        def store_all(uow: UnitOfWork, of_org: list[ReceivedMessage] = of_org) -> list[Any]:
            if contents and not store.dry_run:
                keep_bytes(uow, store.media, contents)
            return receive_each(
                uow, of_org, provider=provider, media_providers=media_providers(store.environ)
            )

        results = store.write_in(slug, store_all)
        result.update(zip(places, results, strict=True))
    return [result[place] for place in range(len(texts))]


def media_providers(environ: Mapping[str, str]) -> frozenset[ProviderName]:
    """The providers through which this process can pass on pictures: those that need no address to
    fetch them from, and the others if it knows the public URL."""
    has_address = bool(environ.get(settings.PUBLIC_URL))
    return frozenset(name for name in PROVIDERS if has_address or not needs_public_url(name))


def _store_unmatched(
    store: Store,
    text: ReceivedMessage,
    provider: ProviderName | None,
    *,
    refused: PetmsgError | None = None,
) -> ReceivedUnmatched:
    return store.transact(
        lambda transaction: unmatched.store(
            transaction,
            text,
            provider=provider,
            actor=store.actor,
            now=store.now,
            refused=refused,
        )
    )


def typed(
    store: Store, *, from_: str, to: str, body: str, sid: str | None, at: str | None
) -> ReceivedMessage:
    """A message as a person typed it. A time without an offset is in the timezone of the number's
    org.

    Raises `MalformedPhone`, and `OutOfRange` for a future time or an invalid ID.
    """
    to_e164 = store.phone(to)
    received_at = None
    if at is not None:
        with store.snapshot() as cursor:
            slug = org_of_number(cursor, to_e164)
            received_at = store.instant(at, find_org(cursor, slug or store.setting("org").value))
        if received_at > store.now:
            raise OutOfRange("A message cannot be received in the future.", hint="Leave out --at.")
    if sid is not None and not (0 < len(sid) <= _LONGEST_SID and sid.isprintable()):
        raise OutOfRange("--sid is not a valid ID.", hint="1 to 64 printable characters.")
    return ReceivedMessage(
        provider_message_id=sid or f"typed-{secrets.token_hex(16)}",
        from_phone=store.phone(from_),
        to_e164=to_e164,
        body=body,
        received_at=received_at,
    )


class WithFiles(NamedTuple):
    """A message that was typed, and the bytes of its files by SHA-256."""

    text: ReceivedMessage
    contents: Mapping[str, bytes]


def with_files(store: Store, text: ReceivedMessage, paths: Sequence[str]) -> WithFiles:
    """The message with these files, whose bytes are put into the store as they are.

    Raises `MediaUnreadable`, `MediaTooLarge`, and `OutOfRange` for too many.
    """
    from petmsg.media.content_types import content_type_of
    from petmsg.media.read_file import read_file

    if len(paths) > MOST_MEDIA:
        raise OutOfRange(
            f"A message has at most {MOST_MEDIA} files, not {len(paths)}.",
            hint="Store the others as another message.",
        )
    files = [(Path(path), read_file(Path(path))) for path in paths]
    media = tuple(
        ReceivedMedia(
            content_type=content_type_of(content),
            size=len(content),
            sha256=sha256(content).hexdigest() if store.dry_run else store.media.put(content),
            name=_plain_name(path),
        )
        for path, content in files
    )
    contents = {sha256(content).hexdigest(): content for _, content in files}
    return WithFiles(replace(text, media=media, media_count=len(media)), contents)


def _plain_name(path: Path) -> str:
    """The name of a file as it can be stored."""
    return path.name.encode("utf-8", "replace").decode("utf-8")[:_LONGEST_NAME]


def receive(store: Store, typed: WithFiles) -> Received:
    """`message receive`: store one message as if it was just received. Raises `StoredUnmatched`.

    Its pictures are passed on at once if the library that cleans them is installed; if not, `media
    fetch` says so.
    """
    (result,) = store_messages(store, [typed.text], provider=None, contents=typed.contents)
    if typed.text.media and not store.dry_run:
        with suppress(ExtraMissing):
            relay_pictures(store)
    if isinstance(result, Failure):
        raise result.error
    if isinstance(result, ReceivedUnmatched):
        raise StoredUnmatched(result)
    return result


def adopt(store: Store, id_text: str) -> Received:
    """`inbox adopt`: move an unmatched message to its org, once the number belongs to one.

    Raises `NotFound`, `NotOurNumber`, `IsACall`.
    """
    with store.snapshot() as cursor:
        row = find_unmatched(cursor, id_text)
        if row.is_call:
            raise IsACall(id_text, row.to_e164)
        slug = org_of_number(cursor, row.to_e164)
    if slug is None:
        raise NotOurNumber(row.to_e164, org=None)
    text = ReceivedMessage(
        provider_message_id=row.provider_message_id,
        from_phone=row.from_phone or "",
        to_e164=row.to_e164,
        body=row.body or "",
        received_at=row.received_at,
        media_count=row.media_count,
        opt_out_type=None if row.opt_out_type is None else Keyword(row.opt_out_type),
    )
    provider = None if row.provider is None else ProviderName(row.provider)
    (result,) = store.write_in(
        slug,
        receive_each,
        [text],
        provider=provider,
        media_providers=media_providers(store.environ),
    )
    if isinstance(result, Failure):
        raise result.error
    assert isinstance(result, Received)
    return result


class IsACall(Refused):
    """A phone call that was rejected is no message of anybody."""

    code = "unmatched_call"

    def __init__(self, unmatched: str, to_e164: str) -> None:
        super().__init__(
            f"Unmatched message {unmatched} is a phone call, which was rejected.",
            hint="If the number is yours, the next call is put through after: petmsg number add "
            f"{to_e164} --class pool",
        )


class StoredUnmatched(Refused):
    """A message to a number that never belonged to an org; it is stored as unmatched."""

    code = "number_never_ours"

    def __init__(self, kept: ReceivedUnmatched) -> None:
        super().__init__(
            f"{kept.to_e164} is no org's number: the message is kept as "
            f"unmatched message {kept.unmatched}, and an alert was raised.",
            hint=f"If the number is yours: petmsg number add {kept.to_e164} --class pool, "
            f"then petmsg inbox adopt {kept.unmatched}",
        )


class Pulled(NamedTuple):
    """What was fetched, and what is wrong with accounts that could not be asked."""

    rows: list[ReceiveResult]
    problems: list[PetmsgError]


def pull(store: Store, *, since: str | None) -> Pulled:
    """`message pull`: fetch messages received since the last time, from every account.

    An account that cannot be asked stops no other. The poll cursor of an account is moved on if all
    its messages were stored, those of every org that shares it. Raises `CredentialsMissing` if no
    org has an account.
    """
    chosen = store.orgs()
    with store.snapshot() as cursor:
        others = {org.account for org in all_orgs(cursor) if org not in chosen}
    lines, missing = connect_orgs(store, chosen)
    rows, problems = list[ReceiveResult](), list[PetmsgError](missing)
    for account, (org, adapter) in {org.account: (org, it) for org, it in reversed(lines)}.items():
        asked_at = store.tick()
        is_shared = account in others
        only = {each.slug for each in chosen} if is_shared else None
        try:
            texts = _received(store, org, adapter, since=since, only=only)
        except (ProviderUnavailable, ProviderAccount) as problem:
            problems.append(problem)
            continue
        stored, are_kept = _store_in_chunks(store, adapter, texts, org.provider)
        rows += stored
        if are_kept and since is None and not is_shared:
            store.write_in(org.slug, advance_cursor, account, until=asked_at)
    update_waiting_alerts(store, chosen)
    return Pulled(rows, problems)


def _received(
    store: Store, org: OrgRow, adapter: Provider, *, since: str | None, only: set[str] | None
) -> list[ReceivedMessage]:
    """The messages that the org's account received, but only those to the orgs `only`, if given."""
    with store.snapshot() as cursor:
        start = (
            poll_since(cursor, org.account, now=store.now)
            if since is None
            else store.instant(since, org)
        )
    texts = adapter.received(since=start)
    with store.snapshot() as cursor:
        return [
            text for text in texts if only is None or org_of_number(cursor, text.to_e164) in only
        ]


def _store_in_chunks(
    store: Store, adapter: Provider, texts: Sequence[ReceivedMessage], provider: ProviderName
) -> tuple[list[ReceiveResult], bool]:
    """Store the messages; the results, and whether all are kept."""
    stored, are_kept = list[ReceiveResult](), True
    for start_at in range(0, len(texts), CHUNK):
        chunk = _with_media(store, adapter, texts[start_at : start_at + CHUNK])
        results = store_messages(store, chunk, provider=provider)
        are_kept = _keep_refused(store, chunk, results, provider) and are_kept
        stored += results
    return stored, are_kept


def _keep_refused(
    store: Store,
    texts: Sequence[ReceivedMessage],
    results: Sequence[ReceiveResult],
    provider: ProviderName,
) -> bool:
    """Keep each message that its org cannot store as an unmatched one, with an alert; return
    whether all are kept now.

    Without that, one message would hold the poll cursor, and each pull would ask for more.
    """
    whole = True
    for text, result in zip(texts, results, strict=True):
        if not isinstance(result, Failure):
            continue
        if isinstance(result.error, Busy):
            whole = False
            continue
        with store.snapshot() as cursor:
            is_known = stored_message(cursor, text.provider_message_id) is not None
        if not is_known:
            _store_unmatched(store, text, provider, refused=result.error)
    return whole


def _with_media(
    store: Store, adapter: Provider, texts: Sequence[ReceivedMessage]
) -> list[ReceivedMessage]:
    """The messages, with the IDs of their files as far as they are new.

    A list that fails loses no message: its files are stored without IDs, and `media fetch` asks
    for them.
    """
    named, answers = [], True
    for text in texts:
        media = text.media
        if answers and text.media_count > len(media):
            with store.snapshot() as cursor:
                is_new = stored_message(cursor, text.provider_message_id) is None
            if is_new:
                try:
                    media = tuple(adapter.media_of(text.provider_message_id))
                except MediaGone:
                    pass
                except (ProviderUnavailable, ProviderAccount):
                    answers = False
        named.append(replace(text, media=media))
    return named
