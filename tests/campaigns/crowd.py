"""A company that many processes crowd around: clients, sitters, numbers and bookings by number."""

import random
from datetime import timedelta

from petmsg.clock import iso_utc
from tests.support.consistency import raw
from tests.support.fixtures import NOW, add_org, lines, run_cli


def load(url: str, noun: str, *rows: tuple[str, ...]) -> None:
    ran = run_cli(url, noun, "import", "-", stdin=lines(*rows))
    assert ran.code == 0, ran.err


def number(index: int) -> str:
    return f"+1415556{index:04}"


def company(url: str, *, sitters: int = 0, numbers: int = 0, clients: int = 0) -> None:
    """A company with that many of each: S-1…, number(1)…, C-1…"""
    add_org(url)
    if clients:
        phones = ((f"C-{i}", f"Client {i}", f"+1202556{i:04}") for i in range(1, clients + 1))
        load(url, "client", ("ref", "name", "phone"), *phones)
    if sitters:
        phones = ((f"S-{i}", f"Sitter {i}", f"+1303556{i:04}") for i in range(1, sitters + 1))
        load(url, "sitter", ("ref", "name", "phone"), *phones)
    if numbers:
        load(
            url,
            "number",
            ("e164", "class"),
            *((number(i), "sitter") for i in range(1, numbers + 1)),
        )


def book(url: str, bookings: int, *, clients: int, sitters: int = 0) -> list[str]:
    """That many pending bookings, in turn of the clients and sitters; their refs."""
    rows = [
        (
            f"B-{i}",
            f"C-{i % clients + 1}",
            f"S-{i % sitters + 1}" if sitters else "",
            iso_utc(NOW + timedelta(hours=i)),
            iso_utc(NOW + timedelta(hours=i + 2)),
        )
        for i in range(1, bookings + 1)
    ]
    load(url, "booking", ("ref", "client", "sitter", "starts_at", "ends_at"), *rows)
    return [row[0] for row in rows]


def shuffled(names: list[str], seed: int) -> list[str]:
    mixed = list(names)
    random.Random(seed).shuffle(mixed)
    return mixed


def quick(url: str) -> None:
    """Numbers that send a thousand segments a second: the races are not about rate limits."""
    with raw(url) as cursor:
        cursor.run("UPDATE message_number SET segments_per_second = 1000")


WATCH = "CREATE TABLE watched (message integer, number integer, why text)"
WATCH_SQLITE = """
CREATE TRIGGER watch AFTER UPDATE ON message WHEN NEW.status = 'sending' AND OLD.status = 'queued'
BEGIN INSERT INTO watched
SELECT NEW.id, n.id, n.status || ' ' || n.class FROM message_number n WHERE n.id = NEW.number_id
AND n.status <> 'active'; END
"""
WATCH_POSTGRESQL = """
CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
INSERT INTO watched
SELECT NEW.id, n.id, n.status || ' ' || n.class FROM message_number n WHERE n.id = NEW.number_id
AND n.status <> 'active'; RETURN NEW; END $$
"""
WATCH_POSTGRESQL_TRIGGER = """
CREATE TRIGGER watch AFTER UPDATE ON message FOR EACH ROW
WHEN (NEW.status = 'sending' AND OLD.status = 'queued') EXECUTE FUNCTION watch()
"""


def watch_claims(url: str) -> None:
    """Note, inside the very transaction that claims a message, a number that may not speak."""
    with raw(url) as cursor:
        cursor.run(WATCH)
        if cursor.is_sqlite:
            cursor.run(WATCH_SQLITE)
        else:
            cursor.run(WATCH_POSTGRESQL)
            cursor.run(WATCH_POSTGRESQL_TRIGGER)
