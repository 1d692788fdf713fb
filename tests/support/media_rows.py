"""Pictures that a message has: the row, and the bytes in the media store."""

from typing import Any

from petmsg.db.location import default_media_place, locate
from petmsg.enums.media import MediaStatus
from petmsg.media.content_types import content_type_of
from petmsg.media.open_store import open_store
from tests.support.consistency import raw
from tests.support.fixtures import NOW

TINY_GIF = bytes.fromhex("47494638396101000100800000000000ffffff2c00000000010001000002024401003b")


def add_media(
    url: str, message: int, /, *, content: bytes = b"", place: str | None = None, **columns: Any
) -> int:
    """Give a message one more picture, and return its id.

    It is stored if it has `content` (in the database's usual place, or in `place`), else missing,
    unless `status` says otherwise.
    """
    if content:
        sha256 = open_store(place or default_media_place(locate(url))).put(content)
        columns = {
            "status": MediaStatus.STORED,
            "content_type": content_type_of(content),
            "size": len(content),
            "sha256": sha256,
            "stored_at": NOW,
            **columns,
        }
    with raw(url) as cursor:
        told = {"status": MediaStatus.MISSING, "attempts": 0, "created_at": NOW, **columns}
        told["status"] = str(told["status"])
        org_id, direction = cursor.tuples(
            "SELECT org_id, direction FROM message WHERE id = :id", id=message
        )[0]
        position = cursor.value("SELECT count(*) FROM media WHERE message_id = :id", id=message)
        names = ", ".join(("org_id", "message_id", "position", *told))
        values = ", ".join(f":{name}" for name in told)
        id_ = cursor.value(
            f"INSERT INTO media ({names}) VALUES (:org_id, :message_id, :position, {values})"
            " RETURNING id",
            org_id=org_id,
            message_id=message,
            position=position,
            **told,
        )
        _count(cursor, message, direction, position + 1)
    return int(id_)


def _count(cursor: Any, message: int, direction: str, count: int) -> None:
    if direction == "outbound":
        cursor.run("UPDATE message SET media_count = :n WHERE id = :id", n=count, id=message)
    else:
        cursor.run(
            "UPDATE inbound_text SET media_count = :n WHERE message_id = :id", n=count, id=message
        )


def add_link(url: str, message: int, *, token_hash: str, expires_at: Any) -> None:
    """Give a message a link under which the provider fetches its pictures."""
    with raw(url) as cursor:
        cursor.run(
            "INSERT INTO media_link (org_id, message_id, token_hash, created_at, expires_at)"
            " SELECT m.org_id, m.id, :token_hash, :created_at, :expires_at"
            " FROM message m WHERE m.id = :id",
            id=message,
            token_hash=token_hash,
            created_at=NOW,
            expires_at=expires_at,
        )
