"""A small company whose messages are queued, claimed and recorded through the services.

company(url)                      # C-1, C-2, C-3; the desk, two pool numbers; S-1 sends from MAYA
text = queue(url, "C-1")
taken = claimed(url, text)        # a Claim; `take` gives whatever came of it
record(url, taken, Accepted("SM1", "accepted"))
stored(url, text), attempts(url, text), alerts(url), events(url, text)
"""

from datetime import datetime, timedelta
from typing import Any

from petmsg.enums.messages import MessageStatus
from petmsg.enums.numbers import NumberClass
from petmsg.enums.orgs import ProviderName
from petmsg.providers.base import Accepted, Rejected, RejectionClass, SendOutcome
from petmsg.services.bookings import booking, confirm
from petmsg.services.numbers import number
from petmsg.services.outbox import queue as message
from petmsg.services.outbox.claim import claim
from petmsg.services.outbox.claimed import Claim, ClaimResult
from petmsg.services.outbox.preview import SendOptions
from petmsg.services.outbox.record_outcome import HandedOver
from petmsg.services.outbox.record_outcome import record as record_it
from petmsg.services.people import client, sitter
from tests.support.fixtures import NOW, add_org, looking, working

WORKER, ANOTHER = "w-0123456789abcde", "w-fedcba987654321"
DESK, MAYA, POOL, POOL_2 = "+14155550100", "+14155550102", "+14155550150", "+14155550151"
PHONES = {"C-1": "+14155551001", "C-2": "+14155551002", "C-3": "+14155551003"}
EARLIER = NOW - timedelta(days=1)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def company(url: str, *, pool: tuple[str, ...] = (POOL, POOL_2)) -> None:
    """Since yesterday: an org in New York, its numbers, three clients and an active sitter."""
    add_org(url, front_desk=DESK)
    with working(url, now=EARLIER) as uow:
        number.add(uow, MAYA, number_class=NumberClass.SITTER)
        for e164 in pool:
            number.add(uow, e164, number_class=NumberClass.POOL)
        for ref, phone in PHONES.items():
            client.add(uow, ref, phones=[phone], ref=ref)
        sitter.add(uow, "Maya Lee", phone="+14155552001", ref="S-1", do_activate=True)


def visit(url: str, ref: str = "C-1", *, until: datetime = NOW + HOUR) -> None:
    """A confirmed visit of S-1 to the client that runs at NOW, with an hour of grace."""
    with working(url, now=EARLIER) as uow:
        booking.add(
            uow, client=ref, starts_at=NOW - HOUR, ends_at=until, sitter="S-1", ref=f"B-{ref}"
        )
        confirm.confirm(uow, [f"B-{ref}"])


def queue(
    url: str, ref: str = "C-1", *, body: str = "Hi", now: datetime = NOW, **options: Any
) -> int:
    """A message in the queue."""
    with working(url, now=now) as uow:
        return message.queue(uow, ref, body=body, options=SendOptions(**options)).message


def take(
    url: str, text: int, *, now: datetime = NOW, worker: str = WORKER, **options: Any
) -> ClaimResult:
    """What comes of claiming a message."""
    with working(url, now=now) as uow:
        provider = options.pop("provider", ProviderName.SANDBOX)
        return claim(uow, text, provider=provider, worker=worker, **options)


def claimed(url: str, text: int, **options: Any) -> Claim:
    """A claim of it."""
    taken = take(url, text, **options)
    assert isinstance(taken, Claim), taken
    return taken


def record(
    url: str,
    taken: Claim,
    outcome: SendOutcome,
    *,
    now: datetime = NOW + SECOND,
    started_at: datetime | None = NOW,
    jitter: float = 0.5,
) -> MessageStatus:
    """The message's status after its provider's answer was recorded."""
    with working(url, now=now) as uow:
        return record_it(uow, HandedOver(taken, outcome, started_at, jitter))


def accepted(at: int = 1) -> Accepted:
    return Accepted(f"SM{at:032x}", "accepted")


def refused(code: int, rejection_class: RejectionClass) -> Rejected:
    return Rejected(str(code), rejection_class, "Twilio's words")


def change(url: str, sql: str, **values: Any) -> None:
    """Change rows by hand, as nothing in petmsg would."""
    with working(url) as uow:
        uow.cursor.run(sql, **values)


def stored(url: str, text: int) -> dict[str, Any]:
    """The message's row."""
    with looking(url) as cursor:
        row = cursor.one("SELECT * FROM message WHERE id = :id", id=text)
    assert row is not None
    return row


def attempts(url: str, text: int) -> list[tuple[Any, ...]]:
    """Status, code and number of each of its attempts."""
    with looking(url) as cursor:
        return cursor.tuples(
            "SELECT a.status, a.code, n.e164 FROM message_attempt a"
            " JOIN message_number n ON n.id = a.number_id WHERE message_id = :id ORDER BY attempt",
            id=text,
        )


def numbers(url: str) -> dict[str, dict[str, Any]]:
    """The rows of all numbers."""
    with looking(url) as cursor:
        return {row["e164"]: row for row in cursor.rows("SELECT * FROM message_number")}


def alerts(url: str) -> list[tuple[Any, ...]]:
    """Kind, severity, entity and ref of each open alert, the oldest first."""
    with looking(url) as cursor:
        return cursor.tuples(
            "SELECT kind, severity, entity, ref FROM alert WHERE done_at IS NULL ORDER BY id"
        )


def events(url: str, text: int) -> list[str]:
    """The names of a message's audit events."""
    with looking(url) as cursor:
        rows = cursor.tuples(
            "SELECT event FROM audit_event WHERE entity = 'message' AND ref = :ref ORDER BY seq",
            ref=str(text),
        )
    return [row[0] for row in rows]
