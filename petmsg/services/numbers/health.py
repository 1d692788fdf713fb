"""The health of numbers: the outcomes of their messages, and whether carriers filter them.

Reading needs the standard library only. `is_filtered` is the rule for proposing a quarantine.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from petmsg.db.cursor import Cursor
from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.enums.numbers import NumberStatus
from petmsg.errors import OutOfRange
from petmsg.phone import parse_phone
from petmsg.queries import health as queries
from petmsg.queries.org import OrgRow, shared_country

if TYPE_CHECKING:
    from petmsg.services.numbers.quarantine import Quarantined
    from petmsg.services.unit_of_work import Failure, UnitOfWork

USUAL_DAYS = 7
FILTERED = "30007"
"""The code of a message that a carrier filtered as spam (source: Twilio, "Error 30007")."""
_DAY = timedelta(days=1)
_ACCEPTED = ("sent", "delivered", "undelivered")


@dataclass(frozen=True, slots=True)
class Health:
    """The outcomes of the messages that were sent from a number.

    `sent` counts attempts that the provider accepted in the period; `delivered`, `undelivered`,
    `failed` and `unknown` count their outcomes, `by_code` the codes of undelivered and failed ones.
    `filtered_last_50` counts filtered messages among its last 50, of any age. `sent_24h` counts
    messages of the last 24 hours that were accepted or filtered, `filtered_24h` the filtered ones
    among them. `command` is the proposed quarantine.
    """

    number: str
    number_class: str
    status: str
    sitter: str | None
    sitter_name: str | None
    sent: int
    delivered: int
    undelivered: int
    failed: int
    unknown: int
    by_code: dict[str, int]
    filtered_last_50: int
    filtered_24h: int
    sent_24h: int
    propose: bool
    command: str | None = None


def is_filtered(*, last_50: int, filtered_24h: int, sent_24h: int) -> bool:
    """Whether carriers filter a number so much that it should be quarantined.

    This is so if at least 3 of its last 50 messages and at least 5 % of its messages of the last 24
    hours were filtered (code 30007), one of them in these 24 hours.
    """
    return last_50 >= 3 and filtered_24h > 0 and filtered_24h * 20 >= sent_24h


def health(
    cursor: Cursor,
    org: OrgRow,
    *,
    now: datetime,
    days: int = USUAL_DAYS,
    only: Collection[str] | None = None,
) -> list[Health]:
    """The health of the org's numbers that sent something in the last `days` days before `now`
    (aware UTC), or of the E.164 numbers in `only`. Raises `OutOfRange`.

    Periods are half-open: an attempt that is exactly `days` days or 24 hours old is outside.
    """
    if not 1 <= days <= 3650:
        raise OutOfRange(f"{days} days is out of range.", hint="Use 1 to 3650 days.")
    counts: dict[int, list[queries.AttemptCount]] = {}
    since = now - timedelta(days=days)
    for row in queries.attempts_by_status(cursor, org, since=since, until=now):
        counts.setdefault(row.number_id, []).append(row)
    day = queries.messages_of_span(cursor, org, code=FILTERED, since=now - _DAY, until=now)
    found = []
    for number in queries.numbers_of(cursor, org):
        if number.number in only if only is not None else number.id in counts:
            sent_24h, filtered_24h = day.get(number.id, (0, 0))
            last_50 = queries.with_code_among_last_50(cursor, number.id, code=FILTERED, until=now)
            found.append(
                _health(
                    org,
                    number,
                    counts.get(number.id, []),
                    last_50=last_50,
                    filtered_24h=filtered_24h,
                    sent_24h=sent_24h,
                )
            )
    return found


def health_of(
    cursor: Cursor, orgs: Sequence[OrgRow], text: str, *, now: datetime, days: int = USUAL_DAYS
) -> Health:
    """The health of one number. Raises `NotFound`, `MalformedPhone`, `OutOfRange`."""
    e164 = parse_phone(text, shared_country(orgs))
    org = queries.org_of_number(cursor, orgs, e164)
    (found,) = health(cursor, org, now=now, days=days, only=(e164,))
    return found


def health_of_all(
    cursor: Cursor, orgs: Sequence[OrgRow], *, now: datetime, days: int = USUAL_DAYS
) -> list[Health]:
    """The health of the numbers of several orgs. Raises `OutOfRange`."""
    return [row for org in orgs for row in health(cursor, org, now=now, days=days)]


def quarantine_filtered(
    uow: "UnitOfWork", *, only: Collection[str] | None = None
) -> "list[Quarantined | Failure]":
    """Quarantine the org's filtered numbers (all, or the E.164 numbers in `only`) for the org's
    default number of days, each all or nothing.

    The active front desk number is not quarantined, because a person must choose its replacement:
    an alert asks for it.
    """
    from petmsg.services.alert import raise_alert
    from petmsg.services.unit_of_work import Failure, run_in_savepoint

    done: list[Quarantined | Failure] = []
    for row in health(uow.cursor, uow.org, now=uow.now, days=1, only=only):
        if not row.propose:
            continue
        quarantined = run_in_savepoint(
            uow, row, lambda each: _quarantine(uow, each), ref=lambda r: r.number
        )
        if isinstance(quarantined, Failure):
            raise_alert(
                uow,
                AlertKind.NUMBER_FILTERED,
                severity=AlertSeverity.WARNING,
                entity="number",
                ref=row.number,
                message=f"Carriers filtered {row.filtered_last_50} of its last 50 messages, and it "
                f"cannot be quarantined automatically: {quarantined.error.message}",
                command=row.command,
            )
        if quarantined is not None:
            done.append(quarantined)
    return done


def _quarantine(uow: "UnitOfWork", row: Health) -> "Quarantined | None":
    """Quarantine the number; returns None if it is no longer active."""
    from petmsg.services.numbers import ledger, quarantine

    if ledger.locked_number(uow, row.number).status is not NumberStatus.ACTIVE:
        return None
    return quarantine.quarantine(
        uow,
        row.number,
        until=ledger.quarantine_end(uow, None),
        days=uow.org.quarantine_days,
        reason=_reason(row.filtered_last_50),
    )


def _reason(last_50: int) -> str:
    return f"filtered by carriers: {last_50} of the last 50"


def _health(
    org: OrgRow,
    number: queries.HealthNumber,
    counts: Sequence[queries.AttemptCount],
    *,
    last_50: int,
    filtered_24h: int,
    sent_24h: int,
) -> Health:
    by_status: Counter[str] = Counter()
    by_code: Counter[str] = Counter()
    sent = 0
    for row in counts:
        by_status[row.status] += row.attempts
        sent += row.attempts if row.status in _ACCEPTED else row.taken
        if row.status in ("failed", "undelivered"):
            by_code[row.code or "none"] += row.attempts
    filtered = is_filtered(last_50=last_50, filtered_24h=filtered_24h, sent_24h=sent_24h)
    found = Health(
        number=number.number,
        number_class=number.number_class,
        status=number.status,
        sitter=number.sitter,
        sitter_name=number.sitter_name,
        sent=sent,
        delivered=by_status["delivered"],
        undelivered=by_status["undelivered"],
        failed=by_status["failed"],
        unknown=by_status["unknown"],
        by_code=dict(sorted(by_code.items())),
        filtered_last_50=last_50,
        filtered_24h=filtered_24h,
        sent_24h=sent_24h,
        propose=number.status == NumberStatus.ACTIVE and filtered,
    )
    return replace(found, command=_command(org, found)) if found.propose else found


def _command(org: OrgRow, row: Health) -> str:
    replacement = " --replacement E164" if row.number_class == "front_desk" else ""
    return (
        f"petmsg number quarantine {row.number}{replacement} --org {org.slug} "
        f"--reason '{_reason(row.filtered_last_50)}'"
    )
