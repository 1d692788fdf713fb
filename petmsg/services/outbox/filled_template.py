"""The words of a message that comes from a template. Standard library only."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from petmsg.clock import clock_local, day_local
from petmsg.db.cursor import Cursor
from petmsg.enums.bookings import BookingStatus
from petmsg.errors import Refused, UsageProblem, quoted
from petmsg.queries.lookup import ClientKey
from petmsg.queries.org import OrgRow
from petmsg.queries.routing import read_facts
from petmsg.queries.template import Visit, find_template, find_visit, next_visit
from petmsg.rules.routing import SpeakerFact, VoiceFact, decide
from petmsg.rules.templates import FIELDS, fill, first_name, variables_of


class TemplateUse(NamedTuple):
    """A template, the values given for its plain variables, and the booking it speaks of, if one
    was named."""

    name: str
    values: Mapping[str, str]
    booking: str | None = None


class FilledTemplate(NamedTuple):
    """A filled template and the ID of its version."""

    body: str
    version_id: int


class MissingValue(Refused):
    code = "template_value_missing"


class NotTheirBooking(Refused):
    code = "not_their_booking"


def parse_values(texts: Sequence[str]) -> dict[str, str]:
    """Return the values of `eta=5 pm` by name. Raises `UsageProblem`."""
    values: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise UsageProblem(f"Invalid --var {quoted(text)}.", hint="Write --var NAME=VALUE.")
        if name.strip() in FIELDS:
            raise UsageProblem(
                f"{name.strip()} is filled in by petmsg.",
                hint="Give values only for variables without a dot.",
            )
        values[name.strip()] = value.strip()
    return values


def fill_template(
    cursor: Cursor,
    org: OrgRow,
    client: ClientKey,
    use: TemplateUse,
    *,
    at: datetime,
    speaker: SpeakerFact | None = None,
) -> FilledTemplate:
    """Return the template's words for a message to the client at `at` (aware UTC).

    They speak of the booking that is named, else of the visit whose window contains `at`, else of
    the client's next one. Raises `NotFound`, `MissingValue`, `NotTheirBooking`, and `UsageProblem`
    for a value that the template does not use.
    """
    found = find_template(cursor, org, use.name)
    names = [each.name for each in variables_of(found.body)]
    if unused := [name for name in use.values if name not in names]:
        own = ", ".join(name for name in names if name not in FIELDS) or "none"
        raise UsageProblem(
            f"Template {use.name} has no variable {unused[0]}.",
            hint=f"The values it takes: {own}.",
        )
    values: dict[str, str | None] = dict(use.values)
    if any(name in FIELDS for name in names) or use.booking is not None:
        visit = _visit(cursor, org, client, use.booking, at=at, speaker=speaker)
        values |= _fields(org, client, visit, speaker)
    body, missing = fill(found.body, values)
    if missing:
        raise _missing(missing, use.name)
    return FilledTemplate(body, found.version_id)


def _missing(missing: Sequence[str], template: str) -> MissingValue:
    first = missing[0]
    hint = f"Give it: --var {first}=…"
    if first in FIELDS:
        where = "" if first.startswith(("client.", "company.")) else "Name the visit: --booking B. "
        hint = f"{where}Or write words for a missing value: {{{first}|…}}."
    named = ", ".join(missing)
    return MissingValue(f"Template {template} needs a value for {named}.", hint=hint)


def _visit(
    cursor: Cursor,
    org: OrgRow,
    client: ClientKey,
    ref: str | None,
    *,
    at: datetime,
    speaker: SpeakerFact | None,
) -> Visit | None:
    if ref is not None:
        visit = find_visit(cursor, org, ref)
        if visit.client_id != client.id:
            raise NotTheirBooking(
                f"Booking {ref} is not of client {client.ref}.",
                hint=f"Theirs: petmsg booking list --client {client.ref}",
            )
        if visit.status == BookingStatus.CANCELLED:
            raise NotTheirBooking(f"Booking {ref} is cancelled.", hint="Name another one.")
        return visit
    facts = read_facts(cursor, org, client, at=at, past=False, voice=VoiceFact(speaker))
    # An override changes the number, not the visit that runs.
    window = decide(facts._replace(override=None), at).window
    if window is not None:
        return find_visit(cursor, org, window.booking)
    return next_visit(cursor, org, client.id, at=at)


def _fields(
    org: OrgRow, client: ClientKey, visit: Visit | None, speaker: SpeakerFact | None
) -> dict[str, str | None]:
    name = client.name or ""
    sitter = visit.sitter if speaker is None and visit is not None else None
    sitter_name = visit.sitter_name if sitter is not None and visit is not None else None
    if speaker is not None:
        sitter, sitter_name = speaker.sitter, speaker.name
    values: dict[str, str | None] = {
        "client.name": name,
        "client.first_name": first_name(name),
        "client.ref": client.ref,
        "sitter.name": sitter_name,
        "sitter.first_name": first_name(sitter_name or ""),
        "sitter.ref": sitter,
        "company.name": org.name,
    }
    if visit is not None:
        values["booking.ref"] = visit.ref
        values["booking.day"] = day_local(visit.starts_at, org.timezone)
        values["booking.starts"] = clock_local(visit.starts_at, org.timezone)
        values["booking.ends"] = clock_local(visit.ends_at, org.timezone)
    return values
