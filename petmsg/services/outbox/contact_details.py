"""What a message holds that would undo the masking of this company. Standard library only."""

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


def leaks_in(
    cursor: Cursor,
    org: OrgRow,
    body: str,
    *,
    client_id: int | None = None,
    sitter_id: int | None = None,
) -> tuple[ContactDetail, ...]:
    """The phone numbers and e-mail addresses in a message of the conversation of that client and
    that sitter: the shapes of them, and any digits that are a personal phone of this company."""
    ours = own_numbers(cursor, org)
    personal = None
    if may_hold_a_phone(body):
        near = phones_of(cursor, org, client_id=client_id, sitter_id=sitter_id)
        others = personal_among(cursor, org, phones_to_look_up(body, ours=ours))
        personal = PersonalPhone(near=near, others=others)
    return find_contact_details(body, ours=ours, personal=personal)


def all_in(
    cursor: Cursor,
    org: OrgRow,
    body: str,
    *,
    client_id: int | None = None,
    sitter_id: int | None = None,
) -> tuple[ContactDetail, ...]:
    """`leaks_in` and the other ways around the company (handles, payment apps, links)."""
    leaks = leaks_in(cursor, org, body, client_id=client_id, sitter_id=sitter_id)
    ways = [
        way
        for way in find_other_channels(body)
        if not any(leak.start < way.end and way.start < leak.end for leak in leaks)
    ]
    return tuple(sorted([*leaks, *ways], key=lambda each: each.start))


def hide(body: str, leaks: tuple[ContactDetail, ...]) -> str:
    """The body with the leaks hidden; the name of a payment app stays, for it is nobody's."""
    for leak in reversed(leaks):
        if leak.kind not in _HIDDEN:
            continue
        before, within = body[: leak.start], body[leak.start : leak.end]
        if ")" in within and "(" not in within:
            before = before.removesuffix("(")
        body = before + _HIDDEN[leak.kind] + body[leak.end :]
    return body
