"""Messages with stored files, and the links under which they are fetched."""

from datetime import datetime, timedelta

from petmsg.enums.media import MediaStatus
from petmsg.media.base import MediaStore
from petmsg.media.links import hash_of_token, new_token
from petmsg.models import Media
from petmsg.queries.media_link import NewLink, add_links
from petmsg.workflows.environment import Environment
from petmsg.workflows.store import Store
from tests.support.fixtures import NOW, working
from tests.support.queueing import queue

JPEG = b"\xff\xd8\xff" + bytes(range(256)) * 40
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 10


def store_of(url: str) -> MediaStore:
    """The store that petmsg uses for the database at `url` without any setting."""
    return Store(Environment({}), db=url).media


def link(
    url: str,
    *files: tuple[bytes, str],
    message: int | None = None,
    store: MediaStore | None = None,
    now: datetime = NOW,
) -> str:
    """The token of a link, good for 24 h since `now`, to a message with these files and types.

    Without a `message` one is queued at `now`.
    """
    token, store = new_token(), store or store_of(url)
    message = queue(url, now=now) if message is None else message
    with working(url, now=now) as uow:
        for position, (content, content_type) in enumerate(files):
            uow.session.add(
                Media(
                    org_id=uow.org.id,
                    message_id=message,
                    position=position,
                    status=MediaStatus.STORED,
                    sha256=store.put(content),
                    content_type=content_type,
                    size=len(content),
                    name="Rex at 12 Elm Street.jpg",
                    created_at=now,
                    stored_at=now,
                )
            )
        uow.session.flush()
        until = now + timedelta(hours=24)
        link = NewLink(uow.org.id, message, hash_of_token(token), now, until)
        add_links(uow.cursor, [link])
    return token
