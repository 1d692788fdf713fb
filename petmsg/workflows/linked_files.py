"""Finds the files behind the links that a provider was given."""

from collections.abc import Callable, Sequence
from datetime import datetime

from petmsg.db.location import Location
from petmsg.db.snapshot import snapshot
from petmsg.media.links import AskedFile
from petmsg.queries.media_link import LinkedFile, file_of_link


def find_linked_files(
    location: Location, clock: Callable[[], datetime], asked: Sequence[AskedFile]
) -> list[LinkedFile | None]:
    """The files, in the order asked for, by one snapshot and one indexed look-up for each.

    None for a link that is unknown or has ended at the clock's time (aware UTC). Raises the errors
    of the database.
    """
    with snapshot(location) as cursor:
        now = clock()
        return [
            file_of_link(cursor, token_hash=each.token_hash, position=each.position, now=now)
            for each in asked
        ]
