"""Messages claimed and recorded together end as they would one by one, and by few statements."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from petmsg.db.cursor import Cursor
from petmsg.enums.opt_outs import OptOutSource
from petmsg.errors import PetmsgError
from petmsg.phone import phone_key
from petmsg.providers.base import Accepted
from petmsg.queries.lookup import find_client
from petmsg.queries.routing_of_many import WINDOWS_OF_CLIENTS
from petmsg.services.bookings import booking, confirm
from petmsg.services.outbox import queue as message
from petmsg.services.outbox.claim import claim
from petmsg.services.outbox.claim_together import claim_together
from petmsg.services.outbox.claimed import Claim
from petmsg.services.outbox.outgoing_media import NewMedia
from petmsg.services.outbox.preview import SendOptions
from petmsg.services.outbox.record_outcome import HandedOver, record
from petmsg.services.outbox.record_together import record_together
from petmsg.services.people import client, optout
from petmsg.services.unit_of_work import Failure, PendingEvent, UnitOfWork
from tests.support.fixtures import NOW, migrated_and, working
from tests.support.postgres import Copies
from tests.support.queueing import EARLIER, HOUR, WORKER, company

STORED = NewMedia("rex.jpg", "image/jpeg", 4000, "ab" * 32)
AHEAD = timedelta(seconds=0.4)
CLIENTS = [f"D-{at}" for at in range(12)]
TABLES = ("message", "message_attempt", "message_number", "thread")
LINKS = "SELECT message_id, created_at, expires_at FROM media_link ORDER BY message_id"
PUBLIC_URL = "https://texts.example.com"
PICTURES = (  # what a message may have: one or two that are there, one that is not, one on the web
    (),
    (),
    (STORED,),
    (STORED, STORED),
    (NewMedia(url="https://example.com/rex.jpg", content_type="image/jpeg"),),
    (NewMedia(content_type="image/jpeg"),),
)


class _UndoneError(Exception):
    """Ends a transaction without a commit."""


@pytest.fixture
def url(refilled: Copies) -> str:
    return refilled("queueing", migrated_and(company))


def crowd(url: str, random: Random, rates: Sequence[float] = (0.5, 5.0, 50.0)) -> list[int]:
    """Clients in and out of visits, some of whom cannot get their messages now."""
    with working(url, now=EARLIER) as uow:
        for at, ref in enumerate(CLIENTS):
            client.add(uow, ref, phones=[f"+1415600{at:04}"], ref=ref)
            if random.random() < 0.5:
                visit = {"starts_at": NOW - HOUR, "ends_at": NOW + HOUR, "sitter": "S-1"}
                booking.add(uow, client=ref, ref=f"B-{ref}", **visit)
                confirm.confirm(uow, [f"B-{ref}"])
    with working(url) as uow:
        texts = [
            message.queue(
                uow,
                random.choice(CLIENTS),
                body="Hi",
                options=SendOptions(urgent=random.random() < 0.1),
                media=random.choice(PICTURES),
            ).message
            for _ in range(24)
        ]
        run = uow.cursor.run
        for ref in random.sample(CLIENTS, 2):
            found = find_client(uow.cursor, uow.org.id, ref)
            optout.opt_out(uow, found, phones=None, source=OptOutSource.OPERATOR, reason="asked")
        run("UPDATE message SET status = 'cancelled', due_at = NULL WHERE id = :id", id=texts[3])
        run("UPDATE message SET due_at = :at WHERE id = :id", at=NOW + HOUR, id=texts[5])
        run("UPDATE message SET expires_at = :at WHERE id = :id", at=NOW - HOUR, id=texts[7])
        run("UPDATE message SET voice = 'desk' WHERE id = :id", id=texts[9])
        lose = "UPDATE media SET status = 'lost', sha256 = NULL WHERE url IS NULL AND message_id"
        run(f"{lose} = :id", id=texts[11])
        run("UPDATE message_number SET mms = false WHERE id % 2 = :id", id=random.choice((0, 1)))
        run("UPDATE org SET provider = :name", name=random.choice(("sandbox", "twilio")))
        run("UPDATE message_number SET segments_per_second = :n", n=random.choice(rates))
        threads = "UPDATE thread SET pool_number_id = (SELECT min(id) FROM message_number"
        run(f"{threads} WHERE class = 'pool') WHERE id % 2 = 0")
        uow.cursor.add(
            "blocked_pair",
            ("number_id", "phone_key", "code", "blocked_at"),
            [
                (n, phone_key(uow.org.slug, f"+1415600{at:04}"), "30007", NOW)
                for n in (2, 3)
                for at in (1, 2)
            ],
            org_id=uow.org.id,
        )
    random.shuffle(texts)
    return texts


def undone(url: str, change: Callable[[UnitOfWork], Any]) -> tuple[Any, dict[str, Any], Any]:
    """What the change returned, the rows and the audit events after it; nothing is kept."""
    found: list[Any] = []
    with pytest.raises(_UndoneError), working(url) as uow:  # noqa: PT012
        returned = change(uow)
        rows = {each: uow.cursor.tuples(f"SELECT * FROM {each} ORDER BY id") for each in TABLES}
        rows["media_link"] = uow.cursor.tuples(LINKS)
        rows["message_attempt"] = [row[1:] for row in rows["message_attempt"]]
        found += [returned, rows, Counter(map(_without_id, uow.events))]
        raise _UndoneError
    return found[0], found[1], found[2]


def _without_id(event: PendingEvent) -> tuple[Any, ...]:
    """The event; alerts get ids of a sequence, which is not rolled back."""
    return tuple(event._replace(ref="") if event.entity == "alert" else event)


def told(claimed: Callable[[], Any]) -> Any:
    """What a claim returned, or the error that it raised."""
    try:
        return claimed()
    except PetmsgError as problem:
        return type(problem), problem.message


def one_by_one(uow: UnitOfWork, texts: Sequence[int]) -> dict[int, Any]:
    provider = uow.org.provider
    named = {"provider": provider, "worker": WORKER, "ahead": AHEAD, "public_url": PUBLIC_URL}
    return {
        text: without_tokens(told(lambda text=text: claim(uow, text, **named))) for text in texts
    }


def said_of(result: Any) -> Any:
    """What `told` says of a result of `claim_together`."""
    is_failure = isinstance(result, Failure)
    return (type(result.error), result.error.message) if is_failure else result


def without_tokens(result: Any) -> Any:
    """What a claim returned, without the tokens of its links, which are made anew each time."""
    if not isinstance(result, Claim):
        return result
    media = tuple(
        replace(each, url=each.url and re.sub(r"/media/[^/]+/", "/media/…/", each.url))
        for each in result.text.media
    )
    return replace(result, text=replace(result.text, media=media))


@pytest.mark.parametrize("seed", [3, 7, 9])
def test_what_is_claimed_together_ends_as_one_by_one(url: str, seed: int) -> None:
    texts = crowd(url, Random(seed))

    def together(uow: UnitOfWork) -> dict[int, Any]:
        found = claim_together(uow, texts, worker=WORKER, ahead=AHEAD, public_url=PUBLIC_URL)
        assert any(isinstance(each, Claim) for each in found.values())
        said = {text: without_tokens(said_of(each)) for text, each in found.items()}
        return said | one_by_one(uow, [text for text in texts if text not in found])

    result, rows, events = undone(url, together)
    usual = list(result)  # in that order: those that were claimed together first
    assert undone(url, lambda uow: one_by_one(uow, usual)) == (result, rows, events)


def test_what_is_recorded_together_ends_as_one_by_one(url: str) -> None:
    texts = crowd(url, Random(7), rates=(50.0,))
    with working(url) as uow:
        claims = [x for x in one_by_one(uow, texts).values() if isinstance(x, Claim)]
    assert len(claims) > 3
    done = [
        HandedOver(each, Accepted(f"SM{at}", "accepted"), each.start_at + timedelta(seconds=at % 2))
        for at, each in enumerate(claims)
    ]
    with working(url) as uow:  # an answer that came too late
        uow.cursor.run("UPDATE message SET worker = 'another' WHERE id = :id", id=claims[1].message)

    def together(uow: UnitOfWork) -> dict[int, Any]:
        usual = record_together(uow, done)
        assert len(usual) == len(done) - 1
        found = {message: status for (message, _), status in usual.items()}
        others = [each for each in done if each.claim.message not in found]
        return found | {each.claim.message: record(uow, each) for each in others}

    alone = undone(url, lambda uow: {each.claim.message: record(uow, each) for each in done})
    assert undone(url, together) == alone


@contextmanager
def counting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """How often each text is executed; those of a batch of rows count once."""
    texts: Counter[str] = Counter()
    with monkeypatch.context() as patch:
        for name in ("_execute", "_execute_listed", "run_many"):
            run = getattr(Cursor, name)

            def counted(cursor: Cursor, sql: str, *args: Any, run: Any = run) -> Any:
                texts[sql] += 1
                return run(cursor, sql, *args)

            patch.setattr(Cursor, name, counted)
        yield texts


@pytest.mark.parametrize("media", [(), (STORED, STORED)], ids=["words", "pictures"])
def test_claiming_and_recording_many_takes_as_many_statements_as_few(
    url: str, monkeypatch: pytest.MonkeyPatch, media: Sequence[NewMedia]
) -> None:
    with working(url, now=EARLIER) as uow:
        for at, ref in enumerate(CLIENTS):
            client.add(uow, ref, phones=[f"+1415600{at:04}"], ref=ref)
            visit = {"starts_at": NOW - HOUR, "ends_at": NOW + HOUR, "sitter": "S-1"}
            booking.add(uow, client=ref, ref=f"B-{ref}", **visit)
        confirm.confirm(uow, [f"B-{ref}" for ref in CLIENTS])
        uow.cursor.run("UPDATE message_number SET segments_per_second = 1000")
        uow.cursor.run("UPDATE org SET provider = 'twilio'")
    with working(url) as uow:
        texts = [message.queue(uow, ref, body="Hi", media=media).message for ref in CLIENTS]

    def took(batch: list[int]) -> tuple[int, int]:
        with working(url) as uow, counting(monkeypatch) as claimed:
            named = {"worker": WORKER, "ahead": AHEAD, "public_url": PUBLIC_URL}
            claims = claim_together(uow, batch, **named)
            done = [
                HandedOver(x, Accepted(f"SM{x.message}", "accepted"), NOW)
                for x in claims.values()
                if isinstance(x, Claim)
            ]
            assert len(done) == len(batch)
            assert [len(each.claim.text.media) for each in done] == [len(media)] * len(batch)
            assert claimed[WINDOWS_OF_CLIENTS] <= 2  # routing reads of the whole batch
            reads = sum(claimed.values())
            claimed.clear()
            assert len(record_together(uow, done)) == len(batch)
            return reads, sum(claimed.values())

    few, many = took(texts[:2]), took(texts[2:])
    assert few == many
    assert max(few) <= 20
