"""Preview a send without doing it. Standard library only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from petmsg.clock import format_local
from petmsg.db.cursor import Cursor
from petmsg.errors import EndNotAfterStart, OutOfRange
from petmsg.queries.lookup import SitterKey, find_client
from petmsg.queries.message import primary_phone
from petmsg.queries.org import OrgRow
from petmsg.queries.routing import read_facts
from petmsg.queries.send_blocks import read_block_facts
from petmsg.rules.contact_details import describe
from petmsg.rules.routing import Decision, decide
from petmsg.rules.segments import measure
from petmsg.rules.send_blocks import SendBlock, find_blocks
from petmsg.services.outbox.contact_details import find_all
from petmsg.services.outbox.voice import Speaking, find_voice
from petmsg.text_inputs import parse_body

if TYPE_CHECKING:
    from petmsg.services.outbox.filled_template import TemplateUse


@dataclass(frozen=True, slots=True)
class SendOptions:
    """Options of a send besides body and recipient. Instants are aware UTC.

    `send_at` None means now. The message is not sent at or after `expires_at`. `urgent` ignores
    quiet hours. `as_sitter` is the sitter who sends it, or `desk` for the front desk. `relayed`
    means that the sitter wrote it from their own phone: where their number cannot be used, it is
    sent from a pool number or from the front desk's. `reply_to` is the inbound message that it
    answers. `force_reason` says why the body may contain contact details, `metadata_reason` why the
    metadata of pictures is kept. `template` writes the body.
    """

    key: str | None = None
    as_sitter: str | None = None
    relayed: bool = False
    reply_to: int | None = None
    send_at: datetime | None = None
    expires_at: datetime | None = None
    urgent: bool = False
    force_reason: str | None = None
    metadata_reason: str | None = None
    template: "TemplateUse | None" = None


class PreviewedMedia(NamedTuple):
    """A file as it would be sent; sizes are in bytes, None for a file on the web."""

    name: str | None
    content_type: str | None
    size: int | None
    original_size: int | None
    removed: tuple[str, ...]
    scaled: bool
    url: str | None


@dataclass(frozen=True, slots=True)
class Preview:
    """The number a message would be sent from, the reason, its size and what blocks it.

    It is to a client, or to a sitter. `leak` describes the contact details in the body. `refused`
    says why `message send` would be refused.
    """

    client: str | None
    decision: Decision
    to_e164: str
    encoding: str
    units: int
    segments: int
    forced_by: str | None
    holds: tuple[SendBlock, ...]
    leak: str | None
    refused: str | None
    media: tuple[PreviewedMedia, ...] = ()
    body: str = ""
    sitter: str | None = None
    client_name: str | None = None
    sitter_name: str | None = None

    @property
    def leaves_now(self) -> bool:
        """Whether the message would be sent at once."""
        return self.refused is None and not self.holds and self.decision.number is not None


def preview(
    cursor: Cursor,
    org: OrgRow,
    client_text: str,
    *,
    body: str,
    options: SendOptions,
    now: datetime,
    media: Sequence[PreviewedMedia] = (),
    problem: str | None = None,
) -> Preview:
    """Return what sending the body and the files to the client would do at `now` (aware UTC).

    `problem` is why the files could not be sent. Changes nothing. The number is the one for the
    time of sending. Raises what `earliest_send_time` raises.
    """
    client = find_client(cursor, org.id, client_text)
    at = earliest_send_time(options, now, timezone=org.timezone)
    speaking = find_voice(
        cursor, org, options.as_sitter, relayed=options.relayed, reply_to=options.reply_to
    )
    if options.template is not None:
        from petmsg.services.outbox.filled_template import fill_template

        body = fill_template(
            cursor, org, client, options.template, at=at, speaker=speaking.fact.speaker
        ).body
    clean = body_with(body, media)
    size = measure(clean)
    facts = read_facts(
        cursor, org, client, at=at, past=False, voice=speaking.fact, with_media=bool(media)
    )
    decision = decide(facts, at)
    phone = primary_phone(cursor, org, client)
    found = read_block_facts(
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
    leak = describe_contact_details(cursor, org, clean, client_id=client.id, sitter=speaking.sitter)
    return Preview(
        client=client.ref,
        client_name=client.name,
        decision=decision,
        to_e164=phone,
        encoding=size.encoding,
        units=size.units,
        segments=1 if media else size.segments,
        forced_by=size.forced_by,
        holds=held,
        leak=leak,
        refused=terminal_block(held)
        or _sitter_rejection(decision, leak, speaking, options)
        or problem,
        media=tuple(media),
        body=clean,
    )


def body_with(body: str, media: Sequence[object]) -> str:
    """The body as it is stored; empty only if the message has files. Raises `MalformedText`."""
    return "" if media and not body.strip() else parse_body(body)


def earliest_send_time(options: SendOptions, now: datetime, *, timezone: str) -> datetime:
    """Return when the message may be sent at the earliest (aware UTC).

    Raises `OutOfRange` for a past time, `EndNotAfterStart` if the message would expire before it.
    """
    send_at = now if options.send_at is None else options.send_at
    if send_at < now:
        raise OutOfRange(
            f"The send time {format_local(send_at, timezone)} is in the past.",
            hint="Omit --at to send now.",
        )
    if options.expires_at is not None and options.expires_at <= send_at:
        raise EndNotAfterStart(
            f"The message would expire at {format_local(options.expires_at, timezone)}, before "
            "it may be sent."
        )
    return send_at


def describe_contact_details(
    cursor: Cursor, org: OrgRow, body: str, *, client_id: int, sitter: SitterKey | None = None
) -> str | None:
    """Describe the contact details in a message to the client, written by the sitter if one is
    given; None if there are none."""
    sitter_id = None if sitter is None else sitter.id
    leaks = find_all(cursor, org, body, client_id=client_id, sitter_id=sitter_id)
    return describe(leaks) if leaks else None


def terminal_block(held: tuple[SendBlock, ...]) -> str | None:
    """Return why the message is never sent, None if it may be later."""
    return next((each.explanation for each in held if each.final), None)


def _sitter_rejection(
    decision: Decision, leak: str | None, speaking: Speaking, options: SendOptions
) -> str | None:
    if speaking.sitter is None:
        return None
    if decision.rejects_requested_sitter:
        return (
            f"Sitter {options.as_sitter} cannot message this client at that time: {decision.reason}"
        )
    if leak is not None and options.force_reason is None:
        return f"The body contains {leak}"
    return None
