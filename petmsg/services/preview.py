"""What sending would do now, without doing it. Standard library only."""

from dataclasses import dataclass
from datetime import datetime

from petmsg.db.cursor import Cursor
from petmsg.queries.lookup import find_client
from petmsg.queries.message import primary_phone
from petmsg.queries.org import OrgRow
from petmsg.queries.routing import read_facts
from petmsg.routing import Decision, decide
from petmsg.segments import measure
from petmsg.words import parse_body


@dataclass(frozen=True, slots=True)
class Preview:
    """The number a text would leave from, why, and its size in segments."""

    client: str
    decision: Decision
    to_e164: str
    encoding: str
    units: int
    segments: int
    forced_by: str | None


def preview(cursor: Cursor, org: OrgRow, client_text: str, *, body: str, now: datetime) -> Preview:
    """What sending the body to the client would do at `now` (aware UTC). Changes nothing."""
    size = measure(parse_body(body))
    client = find_client(cursor, org.id, client_text)
    facts = read_facts(cursor, org, client, at=now, past=False)
    return Preview(
        client=client.ref,
        decision=decide(facts, now),
        to_e164=primary_phone(cursor, org, client),
        encoding=size.encoding,
        units=size.units,
        segments=size.segments,
        forced_by=size.forced_by,
    )
