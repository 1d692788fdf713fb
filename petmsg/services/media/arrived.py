"""What follows when the bytes of received files arrive, or are lost for good.

Both are called in the transaction that changes the files' rows.
"""

from collections.abc import Sequence

from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.queries.media_fetch import by_id, has_missing_or_lost
from petmsg.services.alert import close_alert, raise_alert
from petmsg.services.unit_of_work import UnitOfWork


def arrived(uow: UnitOfWork, media_ids: Sequence[int]) -> None:
    """The files are stored. The alert about a message ends with its last missing file."""
    for message_id in _messages(uow, media_ids):
        if not has_missing_or_lost(uow.cursor, message_id):
            close_alert(
                uow,
                AlertKind.MEDIA_LOST,
                entity="message",
                ref=str(message_id),
                reason="All files of the message arrived.",
            )


def lost(uow: UnitOfWork, media_ids: Sequence[int]) -> None:
    """The files are lost: a person is told, with the command that tries again."""
    named = " ".join(str(each) for each in sorted(media_ids))
    for message_id in _messages(uow, media_ids):
        raise_alert(
            uow,
            AlertKind.MEDIA_LOST,
            severity=AlertSeverity.WARNING,
            entity="message",
            ref=str(message_id),
            message=f"A picture, voicemail or file of message {message_id} could not be fetched.",
            command=f"petmsg media fetch {named}",
        )


def _messages(uow: UnitOfWork, media_ids: Sequence[int]) -> list[int]:
    return sorted({row.message_id for row in by_id(uow.cursor, media_ids)})
