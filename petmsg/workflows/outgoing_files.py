"""The files of a message to send: read, made ready and stored, with no transaction open."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from petmsg.media.prepare import Prepared, fit_together, prepare
from petmsg.media.read_file import read_file
from petmsg.media.web_address import checked_link, is_link, name_in_link
from petmsg.providers.registry import needs_public_url
from petmsg.queries.org import OrgRow
from petmsg.services.outbox.outgoing_media import (
    NewMedia,
    NoPublicUrl,
    is_unreachable,
    require_few,
)
from petmsg.services.outbox.preview import PreviewedMedia
from petmsg.services.unit_of_work import UnitOfWork
from petmsg.workflows.erase_media import keep_bytes
from petmsg.workflows.provider_factory import public_url_of
from petmsg.workflows.store import Store


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """A file to send: what is stored of it, and its bytes; None for one that is on the web."""

    new: NewMedia
    prepared: Prepared | None = None


def prepare_files(texts: Sequence[str], *, keep_metadata: bool = False) -> list[OutgoingFile]:
    """The files of one message: paths and https addresses, as a person wrote them.

    A picture is freed of its metadata and made small enough. Raises `MalformedLink`,
    `MediaUnreadable`, `OutOfRange` and what `prepare` raises.
    """
    require_few(texts)
    links = {place: checked_link(text) for place, text in enumerate(texts) if is_link(text)}
    ready = [
        prepare(read_file(Path(text)), name=Path(text).name, keep_metadata=keep_metadata)
        for place, text in enumerate(texts)
        if place not in links
    ]
    fitting = iter(fit_together(ready, keep_metadata=keep_metadata) if ready else ())
    return [
        _linked(links[place]) if place in links else _prepared(next(fitting))
        for place in range(len(texts))
    ]


def require_sendable(store: Store, org: OrgRow, texts: Sequence[str]) -> None:
    """Raise `NoPublicUrl` if one is a path whose file the org's provider could not fetch."""
    if all(is_link(text) for text in texts) or public_url_of(store, org) is not None:
        return
    if needs_public_url(org.provider):
        raise NoPublicUrl(org.provider.value)


def problem_with(store: Store, org: OrgRow, texts: Sequence[str]) -> str | None:
    """Why the files could not be sent, in words; None if they could."""
    try:
        require_sendable(store, org, texts)
    except NoPublicUrl as problem:
        return problem.message.removesuffix(".")
    return None


def require_reachable(org: OrgRow, files: Sequence[OutgoingFile], public_url: str | None) -> None:
    """Raise `NoPublicUrl` if the org's provider could not fetch one of the files."""
    if is_unreachable(org, [file.new for file in files], public_url):
        raise NoPublicUrl(org.provider.value)


def preview_of(files: Sequence[OutgoingFile]) -> list[PreviewedMedia]:
    """What `message send --preview` says of each file."""
    return [
        PreviewedMedia(
            name=file.new.name,
            content_type=file.new.content_type,
            size=file.new.size,
            original_size=file.new.original_size,
            removed=file.new.removed,
            scaled=file.prepared is not None and file.prepared.scaled,
            url=file.new.url,
        )
        for file in files
    ]


def store_files(store: Store, files: Sequence[OutgoingFile]) -> list[NewMedia]:
    """Put the bytes into the media store (not in a dry run); what the message keeps of them.

    Bytes of a message that is then refused stay without a row; `petmsg doctor` finds them.
    """
    if not store.dry_run:
        for file in files:
            if file.prepared is not None:
                store.media.put(file.prepared.content)
    return [file.new for file in files]


def keep_files(uow: UnitOfWork, store: Store, files: Sequence[OutgoingFile]) -> None:
    """Have the bytes in the store until the commit of a message with them (not in a dry run). Call
    it first in that transaction."""
    if files and not store.dry_run:
        contents = {
            file.new.sha256: file.prepared.content
            for file in files
            if file.prepared is not None and file.new.sha256 is not None
        }
        keep_bytes(uow, store.media, contents)


def _linked(link: str) -> OutgoingFile:
    return OutgoingFile(NewMedia(name=name_in_link(link), url=link))


def _prepared(prepared: Prepared) -> OutgoingFile:
    new = NewMedia(
        name=prepared.name,
        content_type=prepared.content_type,
        size=len(prepared.content),
        sha256=sha256(prepared.content).hexdigest(),
        removed=prepared.removed,
        original_size=prepared.original_size,
    )
    return OutgoingFile(new, prepared)
