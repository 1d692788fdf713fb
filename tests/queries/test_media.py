"""The files of a message in their order, and of no other message."""

from petmsg.enums.media import MediaStatus
from petmsg.models import Media
from petmsg.queries.media import MediaRow, media_of_message
from tests.support.fixtures import NOW, looking, working
from tests.support.queueing import company, queue


def test_the_files_of_one_message_come_in_their_order(migrated_url: str) -> None:
    company(migrated_url)
    one, other = queue(migrated_url), queue(migrated_url, "C-2")
    with working(migrated_url) as uow:
        for message, position in ((one, 1), (other, 0), (one, 0)):
            uow.session.add(
                Media(
                    org_id=uow.org.id,
                    message_id=message,
                    position=position,
                    status=MediaStatus.LINKED,
                    url=f"https://example.com/{message}/{position}",
                    created_at=NOW,
                )
            )
        org_id = uow.org.id
    with looking(migrated_url) as cursor:
        assert media_of_message(cursor, org_id=org_id, message_id=one) == [
            MediaRow(
                place, MediaStatus.LINKED, None, None, None, f"https://example.com/{one}/{place}"
            )
            for place in (0, 1)
        ]
        assert media_of_message(cursor, org_id=org_id + 1, message_id=one) == []
