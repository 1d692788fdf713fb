"""What a campaign has to answer for: what was asked, beside what the provider took."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from petmsg.db.cursor import Cursor
from tests.campaigns.company import Asked
from tests.support.consistency import problems
from tests.support.fixtures import looking

UNSETTLED = "status IN ('queued', 'sending', 'unknown')"

_STUCK = """
SELECT id, status, attempts, error_code, error_message FROM message WHERE status <> 'sent'
ORDER BY id
"""

_ATTEMPTS_LEFT = """
SELECT message_id, attempt, status FROM message_attempt WHERE status IN ('sending', 'unknown')
"""

_IN_LINE = """
SELECT id, to_e164, from_e164, body, provider_message_id AS sid FROM message ORDER BY send_at, id
"""

_HAPPENED = """
SELECT event, coalesce(reason, '') AS why, count(*) AS times FROM audit_event
WHERE entity = 'message' AND event <> 'message.queued' GROUP BY event, reason ORDER BY 1, 2
"""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Verdict:
    """Everything that is wrong, in words. Nothing, and the campaign was passed.

    `lost` were asked for and never taken, `twice` taken more often than asked for, `stuck` ended
    in any state but sent, `disordered` are threads whose messages were taken in another order than
    they were asked for, `misbound` are messages whose provider id is that of another. `bare` are
    pictures without their bytes, `orphaned` are bytes that no picture needs.
    """

    lost: list[Asked] = field(default_factory=list)
    twice: list[Asked] = field(default_factory=list)
    stuck: list[tuple[Any, ...]] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)
    misbound: list[Row] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    bare: list[str] = field(default_factory=list)
    orphaned: list[str] = field(default_factory=list)

    @property
    def faults(self) -> dict[str, int]:
        """How many of each kind, only those there are."""
        counts = {each.name: len(getattr(self, each.name)) for each in fields(self)}
        return {name: count for name, count in counts.items() if count}

    def __str__(self) -> str:
        return "none lost, none twice, none stuck" if not self.faults else str(self.faults)


def judge(url: str, asked: Counter[Asked], accepted: Sequence[Row]) -> Verdict:
    """Compare the database and what was asked for with what the provider took, in its order."""
    taken = Counter((each["to"], each["body"]) for each in accepted)
    with looking(url) as cursor:
        stuck = cursor.tuples(_STUCK) + cursor.tuples(_ATTEMPTS_LEFT)
        line = cursor.rows(_IN_LINE)
    return Verdict(
        lost=sorted((asked - taken).elements()),
        twice=sorted((taken - asked).elements()),
        stuck=stuck,
        disordered=_disordered(line, accepted),
        misbound=_misbound(line, accepted),
        broken=problems(url),
    )


def _disordered(line: Sequence[Row], accepted: Sequence[Row]) -> list[str]:
    """The phones to which messages went in another order than they were queued."""
    place = {each["sid"]: at for at, each in enumerate(accepted)}
    places = defaultdict(list)
    for row in line:
        if row["sid"] in place:
            places[row["to_e164"]].append(place[row["sid"]])
    return [phone for phone, found in places.items() if found != sorted(found)]


def _misbound(line: Sequence[Row], accepted: Sequence[Row]) -> list[Row]:
    """The messages whose id at the provider is that of one with other numbers or other words."""
    known = {each["sid"]: (each["from"], each["to"], each["body"]) for each in accepted}
    return [
        row
        for row in line
        if row["sid"] is not None
        and known.get(row["sid"]) != (row["from_e164"], row["to_e164"], row["body"])
    ]


def unsettled(cursor: Cursor) -> int:
    """How many messages are still to be sent or looked up."""
    count: int = cursor.value(f"SELECT count(*) FROM message WHERE {UNSETTLED}")
    return count


def happened(url: str) -> dict[str, int]:
    """What the audit tells of the messages: how often each event was recorded, by its reason."""
    with looking(url) as cursor:
        return {
            f"{row['event'].removeprefix('message.')} {row['why']}".strip(): row["times"]
            for row in cursor.rows(_HAPPENED)
        }
