"""What sending would do now, without doing it. Standard library only."""

from dataclasses import dataclass
from datetime import datetime

from petmsg.clock import format_local
from petmsg.db.cursor import Cursor
from petmsg.errors import EndNotAfterStart, OutOfRange
from petmsg.queries.lookup import find_client, find_sitter
from petmsg.queries.message import primary_phone
from petmsg.queries.org import OrgRow
from petmsg.queries.routing import read_facts
from petmsg.queries.send_blocks import read_hold_facts
from petmsg.rules.contact_details import describe
from petmsg.rules.routing import Decision, SpeakerFact, decide
from petmsg.rules.segments import measure
from petmsg.rules.send_blocks import SendBlock, find_blocks
from petmsg.services.outbox.contact_details import all_in
from petmsg.text_inputs import parse_body


@dataclass(frozen=True, slots=True)
class SendOptions:
    """What a sender asks for beyond words and recipient. Instants are aware UTC.

    `send_at` None is at once. `expires_at` is when it must not leave any more. `urgent` passes
    quiet hours. `relayed`: the sitter wrote it from their own phone, and it leaves from the pool's
    number, or the desk's, where theirs cannot be used. `force_reason` says why a body may hold what
    would undo the masking.
    """

    key: str | None = None
    as_sitter: str | None = None
    relayed: bool = False
    send_at: datetime | None = None
    expires_at: datetime | None = None
    urgent: bool = False
    force_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """The number a text would leave from, why, its size, and what stands in the way.

    `leak` says what of the body would undo the masking, `refused` why sending would be
    refused on the spot.
    """

    client: str
    decision: Decision
    to_e164: str
    encoding: str
    units: int
    segments: int
    forced_by: str | None
    holds: tuple[SendBlock, ...]
    leak: str | None
    refused: str | None

    @property
    def leaves_now(self) -> bool:
        """Whether the text would be handed over at once."""
        return self.refused is None and not self.holds and self.decision.number is not None


def preview(
    cursor: Cursor, org: OrgRow, client_text: str, *, body: str, options: SendOptions, now: datetime
) -> Preview:
    """What sending the body to the client would do at `now` (aware UTC). Changes nothing.

    The number is that of the time at which it is to leave. Raises as `when_to_leave`.
    """
    clean = parse_body(body)
    size = measure(clean)
    client = find_client(cursor, org.id, client_text)
    at = when_to_leave(options, now, timezone=org.timezone)
    speaker = None
    if options.as_sitter is not None:
        sitter = find_sitter(cursor, org.id, options.as_sitter)
        speaker = SpeakerFact(sitter.ref, sitter.name, own_number_only=not options.relayed)
    facts = read_facts(cursor, org, client, at=at, past=False, speaker=speaker)
    decision = decide(facts, at)
    phone = primary_phone(cursor, org, client)
    found = read_hold_facts(
        cursor,
        org,
        client_id=client.id,
        to_e164=phone,
        number_id=decision.number.id if decision.number is not None else None,
        send_at=options.send_at,
        expires_at=options.expires_at,
        urgent=options.urgent,
    )
    held = find_blocks(found, now)
    leak = leak_in(cursor, org, clean, client_id=client.id, sitter_text=options.as_sitter)
    return Preview(
        client=client.ref,
        decision=decision,
        to_e164=phone,
        encoding=size.encoding,
        units=size.units,
        segments=size.segments,
        forced_by=size.forced_by,
        holds=held,
        leak=leak,
        refused=_final(held) or _not_as_a_sitter(decision, leak, options),
    )


def when_to_leave(options: SendOptions, now: datetime, *, timezone: str) -> datetime:
    """When the text may leave at the earliest (aware UTC). Raises `OutOfRange` for a time that is
    over, `EndNotAfterStart` for one from which it must not leave any more."""
    send_at = now if options.send_at is None else options.send_at
    if send_at < now:
        raise OutOfRange(
            f"{format_local(send_at, timezone)} lies in the past.",
            hint="Leave out --at to send at once.",
        )
    if options.expires_at is not None and options.expires_at <= send_at:
        raise EndNotAfterStart(
            f"The text would expire at {format_local(options.expires_at, timezone)}, before it "
            "may leave."
        )
    return send_at


def leak_in(
    cursor: Cursor, org: OrgRow, body: str, *, client_id: int, sitter_text: str | None = None
) -> str | None:
    """What of a message to the client would undo the masking, in words; None if nothing would."""
    sitter = None if sitter_text is None else find_sitter(cursor, org.id, sitter_text).id
    leaks = all_in(cursor, org, body, client_id=client_id, sitter_id=sitter)
    return describe(leaks) if leaks else None


def _final(held: tuple[SendBlock, ...]) -> str | None:
    return next((each.explanation for each in held if each.final), None)


def _not_as_a_sitter(decision: Decision, leak: str | None, options: SendOptions) -> str | None:
    if options.as_sitter is None:
        return None
    if decision.refuses_the_speaker:
        return f"Sitter {options.as_sitter} cannot speak to this client then: {decision.reason}"
    if leak is not None and options.force_reason is None:
        return f"The body holds {leak}"
    return None
