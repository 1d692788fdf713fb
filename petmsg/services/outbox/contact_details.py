"""Find and hide contact details in a message of this company. Standard library only."""

from petmsg.db.cursor import Cursor
from petmsg.queries.message import own_numbers
from petmsg.queries.org import OrgRow
from petmsg.queries.personal_phones import personal_among, phones_of
from petmsg.rules.contact_details import (
    ContactDetail,
    PersonalPhone,
    find_contact_details,
    find_other_channels,
    may_hold_a_phone,
    phones_to_look_up,
)

_HIDDEN = {
    "phone": "[number hidden]",
    "email": "[address hidden]",
    "handle": "[handle hidden]",
    "link": "[link hidden]",
}


def find_phones_and_emails(
    cursor: Cursor,
    org: OrgRow,
    body: str,
    *,
    client_id: int | None = None,
    sitter_id: int | None = None,
) -> tuple[ContactDetail, ...]:
    """Return the phone numbers and email addresses in a message between that client and that
    sitter.

    Digits that are a personal phone of this company are found in any notation.
    """
    ours = own_numbers(cursor, org)
    personal = None
    if may_hold_a_phone(body):
        near = phones_of(cursor, org, client_id=client_id, sitter_id=sitter_id)
        others = personal_among(cursor, org, phones_to_look_up(body, ours=ours))
        personal = PersonalPhone(near=near, others=others)
    return find_contact_details(body, ours=ours, personal=personal)


def find_all(
    cursor: Cursor,
    org: OrgRow,
    body: str,
    *,
    client_id: int | None = None,
    sitter_id: int | None = None,
) -> tuple[ContactDetail, ...]:
    """Return phones, email addresses and other ways around the company (handles, apps, links)."""
    leaks = find_phones_and_emails(cursor, org, body, client_id=client_id, sitter_id=sitter_id)
    ways = [
        way
        for way in find_other_channels(body)
        if not any(leak.start < way.end and way.start < leak.end for leak in leaks)
    ]
    return tuple(sorted([*leaks, *ways], key=lambda each: each.start))


def hide(body: str, leaks: tuple[ContactDetail, ...]) -> str:
    """Return the body with the details hidden. The name of a payment app stays: it identifies
    nobody."""
    for leak in reversed(leaks):
        if leak.kind not in _HIDDEN:
            continue
        before, within = body[: leak.start], body[leak.start : leak.end]
        if ")" in within and "(" not in within:
            before = before.removesuffix("(")
        body = before + _HIDDEN[leak.kind] + body[leak.end :]
    return body
