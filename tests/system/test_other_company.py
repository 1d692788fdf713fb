"""A command that is told something of another company in the same database does not find it, and
one that lists tells nothing of it.

Each example with a ref, a number or an ID on it is tried with what the other company has in its
place: people, bookings, numbers, messages, pictures, calls, alerts, templates, channels, headers.
"""

import re
import shlex
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import NamedTuple

import pytest

from petmsg.errors import DONE, FINDING, NOT_FOUND, REFUSED
from tests.support.examples import COMMANDS, EXAMPLES, MARK, NUMBERS, OF_ALL, OTHER, Company, theirs

_ORG = f"(SELECT id FROM org WHERE slug = '{OTHER}')"
_CLIENT = f"(SELECT id FROM client WHERE ref = '{MARK}-C')"
_SITTER = f"(SELECT id FROM sitter WHERE ref = '{MARK}-S')"
_SENT = f"(SELECT min(id) FROM message WHERE org_id = {_ORG} AND direction = 'outbound')"
_LATER = f"(SELECT max(id) FROM message WHERE org_id = {_ORG} AND direction = 'outbound')"
_CAME = f"(SELECT min(id) FROM message WHERE org_id = {_ORG} AND direction = 'inbound')"
_AT, _UNTIL = "'2026-02-14 12:00:00.000000'", "'2026-02-16 12:00:00.000000'"
ROWS = f"""
INSERT INTO template (org_id, name, created_at) VALUES ({_ORG}, '{MARK}-template', {_AT});
INSERT INTO template_version (org_id, template_id, version, body, actor, created_at)
SELECT org_id, id, 1, 'Hi {MARK}', 'ada', {_AT} FROM template WHERE name = '{MARK}-template';
INSERT INTO import_map (org_id, noun, header, target)
VALUES ({_ORG}, 'client', '{MARK}-header', 'phone');
INSERT INTO route_override (org_id, thread_id, client_id, starts_at, until_at, reason, actor)
SELECT org_id, id, client_id, {_AT}, {_UNTIL}, '{MARK}', 'ada' FROM thread
WHERE client_id = {_CLIENT};
INSERT INTO sitter_absence (org_id, sitter_id, starts_at, ends_at, reason, actor, created_at)
VALUES ({_ORG}, {_SITTER}, {_AT}, {_UNTIL}, '{MARK}', 'ada', {_AT});
INSERT INTO notify_channel (org_id, name, severity, created_at)
VALUES ({_ORG}, '{MARK}-channel', 'warning', {_AT});
INSERT INTO alert (org_id, severity, kind, entity, ref, message, count, opened_at, last_at)
VALUES ({_ORG}, 'warning', 'message_held', 'client', '{MARK}-C', '{MARK}', 1, {_AT}, {_AT});
INSERT INTO media (org_id, message_id, position, status, name, attempts, created_at)
VALUES ({_ORG}, {_SENT}, 0, 'missing', '{MARK}.jpg', 0, {_AT});
INSERT INTO call (org_id, provider, provider_call_id, number_id, from_phone, caller, client_id,
  addressed_to, code, decision, status, started_at, ended_at, answered_by, answered_at)
SELECT org_id, 'twilio', 'CA{MARK}', id, '+12025550101', 'client', {_CLIENT}, 'front_desk',
  'NO_ACTIVE_WINDOW', '{{}}', 'completed', {_AT}, {_AT}, 'front_desk', {_AT}
FROM message_number WHERE e164 = '{NUMBERS[0]}';
UPDATE booking SET feed = '{MARK}-feed' WHERE ref = '{MARK}-B';
"""
"""What the other company has beside what `examples.join` gives it: each table once."""

NAMES = {
    r"C-\d+": f"{MARK}-C",
    r"S-\d+": f"{MARK}-S",
    r"B-\d+": f"{MARK}-B",
    r"\+1415\d{7}": NUMBERS[1],
    "on-the-way": f"{MARK}-template",
    "ops": f"{MARK}-channel",
    "Handy": f"{MARK}-header",
}
IDS = {
    "petmsg message cancel": _LATER,
    "petmsg message ": _SENT,
    "petmsg route explain --message": _SENT,
    "petmsg inbox ": _CAME,
    "petmsg optout add --from-message": _CAME,
    "petmsg media ": f"(SELECT id FROM media WHERE name = '{MARK}.jpg')",
    "petmsg call show": f"(SELECT id FROM call WHERE provider_call_id = 'CA{MARK}')",
    "petmsg alert ": f"(SELECT id FROM alert WHERE ref = '{MARK}-C')",
}
NOT_ASKED = {
    "petmsg inbox adopt": "an unmatched message is no company's",
    "petmsg number add": "the number is new",
    "petmsg number buy": "the number is new",
    "petmsg notify add": "the name is new",
    "petmsg message prices": "it takes a number of days",
    "petmsg message dispatch": "it takes a number of threads",
    "petmsg sitter add": "the sitter is new",
    "petmsg import map set": "the header is new",
    "petmsg message receive": "the number says whose message it is, as it does at a provider",
    "petmsg call simulate": "the number says whose call it is, as it does at a provider",
}
_AFTER = re.compile(r"--(days|limit|count|version|for|workers|segments-per-second|ref|max-price)")
"""Options whose value names nothing that there is."""


class Case(NamedTuple):
    """An example, the place of the word that is replaced, and the word (None: an ID to look up)."""

    name: str
    example: str
    place: int
    word: str | None


def cases() -> Iterator[Case]:
    """Every word of every example that names something of the company."""
    for name, example in EXAMPLES:
        if any(example.startswith(each) for each in NOT_ASKED):
            continue
        words = shlex.split(example)
        for place, word in enumerate(words):
            if _AFTER.fullmatch(words[place - 1]):
                continue
            for pattern, other in NAMES.items():
                if re.fullmatch(pattern, word):
                    yield Case(name, example, place, other)
            if word.isdecimal() and any(example.startswith(each) for each in IDS):
                yield Case(name, example, place, None)


CASES = list(cases())


def id_in(company: Company, example: str) -> str:
    beginning = max((each for each in IDS if example.startswith(each)), key=len)
    with closing(sqlite3.connect(company.path)) as connection:
        return str(connection.execute(f"SELECT {IDS[beginning]}").fetchone()[0])


def with_more_rows(company: Company) -> Company:
    with closing(sqlite3.connect(company.path)) as connection, connection:
        connection.executescript(ROWS)
    return company


@pytest.mark.parametrize("case", CASES, ids=[f"{each.example}-{each.place}" for each in CASES])
def test_what_is_anothers_is_not_found(fresh_company: Callable[[str], Company], case: Case) -> None:
    company = with_more_rows(fresh_company(case.example))
    words = shlex.split(case.example)
    word = words[case.place] = case.word or id_in(company, case.example)
    before = theirs(company.url)
    ran = company.run(shlex.join(words), output="json")
    told = (ran.out + ran.err).replace(word, "")
    assert MARK not in told
    assert [number for number in NUMBERS if number in told] == []
    assert theirs(company.url) == before
    assert ran.code in (NOT_FOUND, REFUSED)  # refused: one of several rows, or a number
    assert "not_found" in told or "number_never_ours" in told


FIRST = {
    name: each.examples[0]
    for name, each in COMMANDS.items()
    if each.examples and not each.examples[0].startswith(OF_ALL)
}


@pytest.mark.parametrize("example", FIRST.values(), ids=FIRST)
def test_what_is_anothers_is_not_told(
    fresh_company: Callable[[str], Company], example: str
) -> None:
    """The first example of each command, while the other company has a row in more tables."""
    company = with_more_rows(fresh_company(example))
    before = theirs(company.url)
    ran = company.run(example, output="json")
    assert ran.code in (DONE, FINDING), ran.err
    assert MARK not in ran.out + ran.err
    assert [number for number in NUMBERS if number in ran.out + ran.err] == []
    assert theirs(company.url) == before
