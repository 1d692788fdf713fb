"""Thumbnails of the pictures of some messages, made from the media store, for an HTML page."""

from collections.abc import Sequence
from typing import NamedTuple

from petmsg.errors import ExtraMissing, MediaMissing, MediaNotAccepted, MediaStoreUnusable
from petmsg.plurals import counted
from petmsg.queries.media_of_messages import MessageMedia
from petmsg.render.picture_text import noun_of
from petmsg.workflows.store import Store

MOST = 300
"""A page has no more thumbnails than these: about 5 MB."""


class Thumbnails(NamedTuple):
    """JPEG files by the SHA-256 of their pictures, and what is to be said of those left out."""

    by_sha256: dict[str, bytes]
    remarks: list[str]


def thumbnails_of(store: Store, media: Sequence[MessageMedia]) -> Thumbnails:
    """The thumbnails of those that are stored and are pictures, the newest `MOST` of them.

    Raises nothing for a picture that cannot be read: it has no thumbnail.
    """
    wanted = [row for row in media if row.sha256 and noun_of(row.content_type) == "picture"]
    hashes = list(dict.fromkeys(row.sha256 for row in reversed(wanted) if row.sha256))
    found: dict[str, bytes] = {}
    remarks, unreadable = [], 0
    for sha256 in hashes[:MOST]:
        try:
            found[sha256] = _thumbnail(store, sha256)
        except (MediaMissing, MediaNotAccepted):
            unreadable += 1
        except (ExtraMissing, MediaStoreUnusable) as problem:
            remarks.append(f"the page has no pictures, only their names: {problem.message}")
            remarks.append(problem.hint or "")
            break
    if unreadable:
        remarks.append(f"{counted(unreadable, 'picture')} could not be read: see petmsg doctor")
    if len(hashes) > MOST:
        remarks.append(f"the page shows the newest {MOST} pictures, and the names of the others")
    return Thumbnails(found, [each for each in remarks if each])


def _thumbnail(store: Store, sha256: str) -> bytes:
    from petmsg.media.prepare import thumbnail

    return thumbnail(store.media.read(sha256))
