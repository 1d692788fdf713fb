"""The pictures of outbound messages: stored with a queued message, and handed to its claim.

The bytes are in the media store before the transaction begins. A provider that fetches them gets
links of a secret token, which is made anew for each claim and never stored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.enums.media import MediaStatus
from petmsg.errors import OutOfRange, Refused
from petmsg.media.links import hash_of_token, new_token, path_of
from petmsg.models import Media, Message
from petmsg.providers.base import MOST_MEDIA, OutgoingMedia
from petmsg.providers.registry import needs_public_url
from petmsg.queries.attempts_together import ClaimableMessage
from petmsg.queries.media import MediaRow, media_of_message, media_of_messages
from petmsg.queries.media_link import NewLink, add_links
from petmsg.queries.org import OrgRow
from petmsg.rules.send_blocks import SendBlockFacts
from petmsg.services.alert import close_alert, raise_alert
from petmsg.services.unit_of_work import UnitOfWork

LINK_LASTS = timedelta(hours=24)
"""How long a provider may fetch the files of a message, unless the message is final before."""
_READY = (MediaStatus.STORED, MediaStatus.LINKED)
_GONE = (MediaStatus.LOST, MediaStatus.ERASING, MediaStatus.ERASED)


class NoPublicUrl(Refused):
    """The provider could not fetch a file, because petmsg has no public URL."""

    code = "no_public_url"
    hint = (
        "Set PETMSG_PUBLIC_URL and run petmsg serve (petmsg config show), or name a file that is "
        "on the web already: --media https://…"
    )

    def __init__(self, provider: str) -> None:
        super().__init__(
            f"{provider.capitalize()} fetches pictures from petmsg serve, and PETMSG_PUBLIC_URL "
            "is not set."
        )


@dataclass(frozen=True, slots=True)
class NewMedia:
    """A file of a message to be queued; sizes are in bytes.

    It is in the media store (`sha256`), on the web (`url`), or still to be fetched from the
    provider: then it repeats the inbound file `source_id`. `removed` are the kinds of metadata that
    were removed, `original_size` is the size before.
    """

    name: str | None = None
    content_type: str | None = None
    size: int | None = None
    sha256: str | None = None
    url: str | None = None
    source_id: int | None = None
    removed: tuple[str, ...] = ()
    original_size: int | None = None

    @property
    def status(self) -> MediaStatus:
        """Where its bytes are."""
        if self.url is not None:
            return MediaStatus.LINKED
        return MediaStatus.MISSING if self.sha256 is None else MediaStatus.STORED


def require_few(media: Sequence[object]) -> None:
    """Raise `OutOfRange` for more files than a message can have."""
    if len(media) > MOST_MEDIA:
        raise OutOfRange(
            f"{len(media)} files are too many: a message has at most {MOST_MEDIA}.",
            hint="Send them in several messages.",
        )


def add_media(uow: UnitOfWork, message: Message, media: Sequence[NewMedia]) -> None:
    """Store the files of a message that was just queued. A message with files is one segment.

    Raises `OutOfRange` for more than a message can have.
    """
    if not media:
        return
    require_few(media)
    assert message.id is not None
    message.media_count, message.segments = len(media), 1
    uow.session.add_all(
        Media(
            org_id=uow.org.id,
            message_id=message.id,
            position=position,
            status=each.status,
            name=each.name,
            content_type=each.content_type,
            size=each.size,
            sha256=each.sha256,
            url=each.url,
            source_id=each.source_id,
            removed=",".join(each.removed) or None,
            original_size=each.original_size,
            created_at=uow.now,
            stored_at=uow.now if each.status is MediaStatus.STORED else None,
        )
        for position, each in enumerate(media)
    )
    uow.session.flush()


def has_same_media(uow: UnitOfWork, message: Message, media: Sequence[NewMedia]) -> bool:
    """Whether the message was queued with just these files."""
    if message.media_count != len(media):
        return False
    return [(row.sha256, row.url) for row in read_media(uow, message)] == [
        (each.sha256, each.url) for each in media
    ]


def read_media(uow: UnitOfWork, message: Message) -> list[MediaRow]:
    """The message's files; no statement for a message without."""
    if not message.media_count:
        return []
    assert message.id is not None
    return media_of_message(uow.cursor, org_id=uow.org.id, message_id=message.id)


def read_media_of_many(
    uow: UnitOfWork, texts: Sequence[ClaimableMessage]
) -> dict[int, list[MediaRow]]:
    """The files of each message that has any; no statement where none has."""
    with_any = [text.id for text in texts if text.media_count]
    return media_of_messages(uow.cursor, org_id=uow.org.id, message_ids=with_any)


def is_lost(media: Sequence[MediaRow]) -> bool:
    """Whether one of the files will never be there."""
    return any(each.status in _GONE for each in media)


def is_unreachable(
    org: OrgRow, media: Sequence[MediaRow | NewMedia], public_url: str | None
) -> bool:
    """Whether the org's provider could not fetch one of the files."""
    if public_url is not None or not needs_public_url(org.provider):
        return False
    return any(each.url is None for each in media)


def with_media_facts(
    facts: SendBlockFacts,
    org: OrgRow,
    message: Message | ClaimableMessage,
    media: Sequence[MediaRow],
    public_url: str | None,
) -> SendBlockFacts:
    """The facts of a message with those about its files."""
    if not message.media_count:
        return facts
    ready = [each for each in media if each.status in _READY]
    return facts._replace(
        media_pending=len(ready) < message.media_count,
        no_public_url=is_unreachable(org, media, public_url),
    )


def hand_out(
    uow: UnitOfWork, message: int, media: Sequence[MediaRow], public_url: str | None
) -> tuple[OutgoingMedia, ...]:
    """The files as the provider gets them, with links of a new token if it fetches them."""
    token = token_for(uow.org, media)
    if token is not None:
        give_access(uow, {message: token})
    return outgoing(media, public_url, token)


def token_for(org: OrgRow, media: Sequence[MediaRow]) -> str | None:
    """A new token for the links of these files; None if the org's provider fetches none."""
    fetches = needs_public_url(org.provider) and any(each.url is None for each in media)
    return new_token() if fetches else None


def give_access(uow: UnitOfWork, tokens: Mapping[int, str]) -> None:
    """Store the links of messages, whose tokens these are."""
    if not tokens:
        return
    until = uow.now + LINK_LASTS
    links = (
        NewLink(uow.org.id, message, hash_of_token(token), uow.now, until)
        for message, token in tokens.items()
    )
    add_links(uow.cursor, links)
    end_no_public_url(uow)


def outgoing(
    media: Sequence[MediaRow], public_url: str | None, token: str | None
) -> tuple[OutgoingMedia, ...]:
    """The files as the provider gets them, with links of that token."""
    return tuple(_outgoing(each, public_url, token) for each in media)


def alert_no_public_url(uow: UnitOfWork, message: Message) -> None:
    """Raise the alert for pictures that wait because this process has no public URL."""
    raise_alert(
        uow,
        AlertKind.NO_PUBLIC_URL,
        severity=AlertSeverity.WARNING,
        entity="org",
        ref=uow.org.slug,
        message=f"Message {message.id} waits: {uow.org.provider.value.capitalize()} cannot fetch "
        "its pictures, because the process that sends has no PETMSG_PUBLIC_URL.",
        command="petmsg config show",
    )


def end_no_public_url(uow: UnitOfWork) -> None:
    """End that alert: a process with a public URL sends the org's messages now, or the org's
    provider needs none."""
    close_alert(
        uow,
        AlertKind.NO_PUBLIC_URL,
        entity="org",
        ref=uow.org.slug,
        reason="Pictures can be sent now.",
    )


def _outgoing(row: MediaRow, public_url: str | None, token: str | None) -> OutgoingMedia:
    url = row.url
    if url is None and public_url is not None and token is not None:
        path = path_of(token, position=row.position, content_type=row.content_type or "")
        url = public_url + path
    return OutgoingMedia(row.content_type, row.sha256, url)
