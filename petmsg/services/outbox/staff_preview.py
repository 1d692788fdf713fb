"""Preview a message to a sitter without sending it. Standard library only."""

from collections.abc import Sequence
from datetime import datetime

from petmsg.db.cursor import Cursor
from petmsg.queries.lookup import find_sitter
from petmsg.queries.org import OrgRow
from petmsg.queries.send_blocks import read_block_facts
from petmsg.queries.sitter_number import sitter_line, staff_facts
from petmsg.rules.contact_details import describe
from petmsg.rules.routing.direct import decide_direct
from petmsg.rules.segments import measure
from petmsg.rules.send_blocks import find_blocks
from petmsg.services.outbox.contact_details import find_all
from petmsg.services.outbox.preview import (
    Preview,
    PreviewedMedia,
    SendOptions,
    body_with,
    earliest_send_time,
    terminal_block,
)


def preview_to_sitter(
    cursor: Cursor,
    org: OrgRow,
    sitter_text: str,
    *,
    body: str,
    options: SendOptions,
    now: datetime,
    media: Sequence[PreviewedMedia] = (),
    problem: str | None = None,
) -> Preview:
    """Return what sending the body and the files to the sitter would do at `now` (aware UTC).

    Like `petmsg.services.outbox.preview.preview`. Changes nothing.
    """
    clean = body_with(body, media)
    size = measure(clean)
    sitter = find_sitter(cursor, org.id, sitter_text)
    at = earliest_send_time(options, now, timezone=org.timezone)
    facts = staff_facts(cursor, org, sitter.id)._replace(with_media=bool(media))
    decision = decide_direct(facts, at)
    phone = sitter_line(cursor, org, sitter.id).phone
    found = read_block_facts(
        cursor,
        org,
        client_id=None,
        to_e164=phone,
        number_id=decision.number.id if decision.number is not None else None,
        send_at=options.send_at,
        expires_at=options.expires_at,
        urgent=options.urgent,
    )
    held = find_blocks(found._replace(recipient="sitter"), now)
    refused = terminal_block(held) or (decision.reason if decision.number is None else None)
    return Preview(
        client=None,
        sitter=sitter.ref,
        sitter_name=sitter.name,
        decision=decision,
        to_e164=phone,
        encoding=size.encoding,
        units=size.units,
        segments=1 if media else size.segments,
        forced_by=size.forced_by,
        holds=held,
        leak=describe_details(cursor, org, clean, sitter_id=sitter.id),
        refused=refused or problem,
        media=tuple(media),
        body=clean,
    )


def describe_details(cursor: Cursor, org: OrgRow, body: str, *, sitter_id: int) -> str | None:
    """Describe the contact details in a message to the sitter; None if there are none."""
    leaks = find_all(cursor, org, body, sitter_id=sitter_id)
    return describe(leaks) if leaks else None
