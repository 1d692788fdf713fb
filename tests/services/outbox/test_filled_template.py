"""Messages from templates: what the words speak of, and what is kept of it; on both databases."""

from datetime import timedelta

import pytest

from petmsg.errors import UsageProblem
from petmsg.queries.message import show_message
from petmsg.queries.org import find_org
from petmsg.services import templates
from petmsg.services.bookings import booking, confirm
from petmsg.services.outbox.filled_template import (
    MissingValue,
    NotTheirBooking,
    TemplateUse,
    parse_values,
)
from petmsg.services.outbox.preview import SendOptions, preview
from petmsg.services.outbox.queue import KeyReused, MaskingLeak, Queued, queue
from petmsg.services.routes import override
from tests.support.fixtures import NOW, looking, working
from tests.support.queueing import company, visit

BODY = "Hi {client.first_name|there}, {sitter.first_name} for {booking.ref} at {booking.starts}"


def send(url: str, name: str = "otw", *, client: str = "C-1", **given: str) -> Queued:
    options = {each: given.pop(each, None) for each in ("booking", "key", "as_sitter")}
    use = TemplateUse(name, given, options.pop("booking"))
    with working(url) as uow:
        return queue(uow, client, body="", options=SendOptions(template=use, **options))


def body_of(url: str, message: int) -> str | None:
    with looking(url) as cursor:
        return show_message(cursor, find_org(cursor, None), message).body


@pytest.fixture
def filled(migrated_url: str) -> str:
    """A company with a template, a visit of C-1 that runs and two that come."""
    company(migrated_url)
    visit(migrated_url)
    with working(migrated_url) as uow:
        templates.add(uow, "otw", BODY)
        for ref, days in (("B-next", 1), ("B-later", 2)):
            for client in ("C-1", "C-2"):
                start = NOW + timedelta(days=days)
                booking.add(
                    uow,
                    client=client,
                    starts_at=start,
                    ends_at=start + timedelta(hours=1),
                    sitter="S-1",
                    ref=f"{ref}-{client}",
                )
                confirm.confirm(uow, [f"{ref}-{client}"])
    return migrated_url


def test_it_speaks_of_the_visit_that_runs_else_of_the_next_one(filled: str) -> None:
    running, coming, named = (
        send(filled),
        send(filled, client="C-2"),
        send(filled, booking="B-later-C-1"),
    )
    assert body_of(filled, running.message) == "Hi C-1, Maya for B-C-1 at 09:00"
    assert body_of(filled, coming.message) == "Hi C-2, Maya for B-next-C-2 at 10:00"
    assert body_of(filled, named.message) == "Hi C-1, Maya for B-later-C-1 at 10:00"
    with pytest.raises(NotTheirBooking):
        send(filled, booking="B-later-C-2")


def test_an_override_changes_the_number_but_not_the_visit(filled: str) -> None:
    with working(filled) as uow:
        override.start(uow, "C-1", until=NOW + timedelta(hours=1), reason="a complaint")
    with looking(filled) as cursor:
        org = find_org(cursor, None)
        use = SendOptions(template=TemplateUse("otw", {}))
        shown = preview(cursor, org, "C-1", body="", options=use, now=NOW)
    assert shown.decision.reason == "An override sends from the front desk"
    assert shown.body == "Hi C-1, Maya for B-C-1 at 09:00"
    assert body_of(filled, send(filled).message) == shown.body


def test_a_message_names_the_version_it_came_from(filled: str) -> None:
    first = send(filled, key="k")
    with working(filled) as uow:
        templates.change(uow, "otw", "New words")
    again, second = send(filled, key="k"), send(filled)
    assert (again.message, again.reused) == (first.message, True)
    with looking(filled) as cursor:
        org = find_org(cursor, None)
        shown = [show_message(cursor, org, each.message) for each in (first, second)]
    assert [(each.template, each.template_version) for each in shown] == [("otw", 1), ("otw", 2)]
    with working(filled) as uow:
        templates.add(uow, "other", "New words")
    with pytest.raises(KeyReused):
        send(filled, "other", key="k")


def test_a_missing_value_refuses_the_message_and_leaves_nothing(filled: str) -> None:
    with working(filled) as uow:
        templates.add(uow, "eta", "{sitter.name} comes at {eta}")
    with pytest.raises(MissingValue, match="eta"):
        send(filled, "eta")
    with pytest.raises(MissingValue, match=r"sitter\.name"):
        send(filled, "eta", client="C-3", eta="5 pm")
    with pytest.raises(UsageProblem, match="no variable et"):
        send(filled, "eta", et="5 pm", eta="5 pm")
    sent = send(filled, "eta", eta="5 pm {client.name}")
    assert body_of(filled, sent.message) == "Maya Lee comes at 5 pm {client.name}"
    with looking(filled) as cursor:
        assert cursor.value("SELECT count(*) FROM message") == 1


def test_contact_details_are_looked_for_in_the_filled_words(filled: str) -> None:
    with working(filled) as uow:
        templates.add(uow, "call", "Call me: {how}")
    leaking = send(filled, "call", how="(415) 555-2001")
    assert "phone" in leaking.warnings[0]
    with pytest.raises(MaskingLeak):
        send(filled, "call", how="(415) 555-2001", as_sitter="S-1")


def test_a_preview_shows_the_words(filled: str) -> None:
    with looking(filled) as cursor:
        shown = preview(
            cursor,
            find_org(cursor, None),
            "C-1",
            body="",
            options=SendOptions(template=TemplateUse("otw", {})),
            now=NOW,
        )
    assert shown.body == "Hi C-1, Maya for B-C-1 at 09:00"


def test_values_are_read() -> None:
    assert parse_values(["eta=5 pm", "a = b=c"]) == {"eta": "5 pm", "a": "b=c"}
    for wrong in ("eta", "=x", "client.name=Ada"):
        with pytest.raises(UsageProblem):
            parse_values([wrong])
