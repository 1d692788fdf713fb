"""What commands said that they did, beside what the database holds: no acknowledged write is lost.

A command that ended with 0 is an acknowledgement. What tells its write from every other's is in
its line: a message's body, or the reason of a quarantine, a restore and a renumbering.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from petmsg.db.cursor import Cursor
from tests.support.fixtures import Ran

Line = Sequence[str]
Acknowledged = tuple[Line, Any]
"""A command line that ended with 0, and the JSON it printed."""


def acknowledged(lines: Iterable[Line], ran: Iterable[Ran]) -> list[Acknowledged]:
    """Those that ended well, in the same order."""
    return [(line, each.json) for line, each in zip(lines, ran, strict=True) if each.code == 0]


def lost(cursor: Cursor, told: Sequence[Acknowledged]) -> list[str]:
    """The acknowledged writes that are not there, in words."""
    kept = _Kept(cursor)
    looks: Mapping[str, Callable[[Line, Any], bool]] = {
        "booking confirm": kept.confirmed,
        "sitter activate": kept.activated,
        "sitter renumber": kept.renumbered,
        "number quarantine": kept.quarantined,
        "number restore": kept.restored,
        "message send": kept.queued,
    }
    return [
        " ".join(line)
        for line, answer in told
        if not looks.get(" ".join(line[:2]), lambda *_: True)(line, answer)
    ]


def shared(told: Sequence[Acknowledged]) -> dict[str, set[str]]:
    """The numbers that commands gave to more than one sitter, with those."""
    sitters: dict[str, set[str]] = defaultdict(set)
    for line, answer in told:
        if line[0] == "sitter":
            for row in answer if isinstance(answer, list) else [answer]:
                sitters[row["number"]].add(row["sitter"])
    return {number: names for number, names in sitters.items() if len(names) > 1}


class _Kept:
    """The rows that a command can have made, by what its output calls them."""

    def __init__(self, cursor: Cursor) -> None:
        self.windows = set(
            cursor.tuples(
                "SELECT w.id, b.ref, w.thread_id, c.ref FROM assignment_window w"
                " JOIN booking b ON b.id = w.booking_id JOIN thread t ON t.id = w.thread_id"
                " JOIN client c ON c.id = t.client_id WHERE b.status = 'confirmed'"
            )
        )
        self.ledger = set(
            cursor.tuples(
                "SELECT n.e164, s.ref FROM number_custody u JOIN sitter s ON s.id = u.sitter_id"
                " JOIN message_number n ON n.id = u.number_id"
            )
        )
        self.events = set(
            cursor.tuples("SELECT event, ref, reason FROM audit_event WHERE reason IS NOT NULL")
        )
        self.texts = dict(cursor.tuples("SELECT id, body FROM message"))

    def confirmed(self, _line: Line, answer: Any) -> bool:
        rows = [(row["window"], row["booking"], row["thread"], row["client"]) for row in answer]
        return self.windows.issuperset(rows)

    def activated(self, _line: Line, answer: Any) -> bool:
        return all((row["number"], row["sitter"]) in self.ledger for row in answer)

    def renumbered(self, line: Line, answer: Any) -> bool:
        event = ("sitter.renumbered", answer["sitter"], line[-1])
        return event in self.events and (answer["number"], answer["sitter"]) in self.ledger

    def quarantined(self, line: Line, answer: Any) -> bool:
        return all(("number.quarantined", row["number"], line[-1]) in self.events for row in answer)

    def restored(self, line: Line, answer: Any) -> bool:
        return all(("number.restored", row["number"], line[-1]) in self.events for row in answer)

    def queued(self, line: Line, answer: Any) -> bool:
        return self.texts.get(answer["message"]) == line[line.index("--body") + 1]


def sent_twice(cursor: Cursor) -> list[str]:
    """The bodies that the carrier took more than once: each was asked for once."""
    taken = Counter(row[0] for row in cursor.tuples("SELECT body FROM sandbox_text"))
    return sorted(body for body, times in taken.items() if times > 1)


def not_sent(cursor: Cursor) -> list[Any]:
    """The messages that are not sent, or that the carrier does not have."""
    return cursor.tuples(
        "SELECT id, body, status FROM message WHERE status <> 'sent'"
        " OR body NOT IN (SELECT body FROM sandbox_text) ORDER BY id"
    )
