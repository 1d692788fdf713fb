"""Stripe's events: they confirm bookings, from the server and from a file alike."""

import json
import time
from collections.abc import Iterator

import pytest

from petmsg.errors import NOT_FOUND, USAGE
from tests.support.fixtures import Cli, add_org, looking
from tests.support.payments import add, confirmed, fill, replay, taken
from tests.support.texting import people
from tests.support.webhooks import (
    STRIPE_SECRET,
    Server,
    paid,
    serving,
    stripe_header,
    stripe_signed,
)

OTHER = "whsec_another_one_0123456789"


@pytest.fixture
def company(sqlite_cli: Cli) -> Cli:
    """A company with pending bookings, and one that is cancelled."""
    fill(sqlite_cli)
    return sqlite_cli


@pytest.fixture
def server(company: Cli, migrated_sqlite: str) -> Iterator[Server]:
    with serving(migrated_sqlite) as running:
        yield running


def alerts(cli: Cli) -> list[tuple[str, str]]:
    rows = cli("alert", "list", "-o", "json").json
    return [(row["kind"], row["ref"]) for row in rows if "payment" in row["kind"].lower()]


# ------------------------------------------------------------------------------------- the webhook


def test_a_paid_booking_is_confirmed_once(cli: Cli, migrated_url: str) -> None:
    fill(cli)
    with serving(migrated_url) as server:
        for outcome in ("confirmed", "known", "known"):
            answer = server.stripe(paid("evt_1", "B-1"))
            assert (answer.status, answer.json) == (200, {"outcome": outcome})
        assert server.stripe(paid("evt_2", "B-1", kind="payment_intent.succeeded")).status == 200
        for _ in range(2):
            answer = server.stripe(paid("evt_3", "B-3"))
            assert (answer.status, answer.json) == (200, {"outcome": "refused: booking_cancelled"})
            assert server.stripe(paid("evt_4", "B-9")).status == 404
    assert replay(cli, paid("evt_1", "B-1"), paid("evt_5", "B-2")).code == 0
    assert confirmed(migrated_url) == ["B-1", "B-2"]
    assert taken(migrated_url) == [
        ("evt_1", "B-1", "confirmed", None),
        ("evt_2", "B-1", "confirmed", None),
        ("evt_3", "B-3", "refused", "booking_cancelled"),
        ("evt_5", "B-2", "confirmed", None),
    ]
    assert sorted(ref for _, ref in alerts(cli)) == ["B-3", "B-9"]


def test_the_booking_is_named_in_three_ways_and_the_org_too(
    server: Server, migrated_sqlite: str
) -> None:
    late = "checkout.session.async_payment_succeeded"
    assert server.stripe(paid("evt_1", "B-1", name="booking_ref", kind=late)).status == 200
    assert server.stripe(paid("evt_2", "B-2", name="bookingRef", org="happy-paws")).status == 200
    assert confirmed(migrated_sqlite) == ["B-1", "B-2"]


def test_an_event_that_is_no_payment_changes_nothing(server: Server, migrated_sqlite: str) -> None:
    ignored = [
        paid("evt_1", "B-1", status="unpaid"),
        {"id": "evt_3", "object": "event", "type": "customer.created", "data": {"object": {}}},
    ]
    for event in ignored:
        assert server.stripe(event).json == {"outcome": "ignored"}
    assert confirmed(migrated_sqlite) == []


def test_a_payment_for_a_booking_that_is_not_there_yet_is_reported_and_tried_again(
    server: Server, migrated_sqlite: str, company: Cli
) -> None:
    for _ in range(2):
        assert server.stripe(paid("evt_1", "B-9")).status == 404
    assert server.stripe(paid("evt_2", "B-1", org="nobody")).status == 404
    assert ("PAYMENT_NOT_MATCHED", "B-9") in [(k.upper(), r) for k, r in alerts(company)]
    assert len(alerts(company)) == 2
    assert taken(migrated_sqlite) == []
    add(company, "B-9")
    assert server.stripe(paid("evt_1", "B-9")).json == {"outcome": "confirmed"}
    assert [ref for _, ref in alerts(company)] == ["evt_2"]


def test_a_payment_that_names_no_org_is_nobodys_where_there_are_several(
    company: Cli, migrated_sqlite: str
) -> None:
    add_org(migrated_sqlite, "tail-waggers", front_desk="+14155550300")
    with serving(migrated_sqlite) as server:
        assert server.stripe(paid("evt_1", "B-1")).status == 404
        assert server.stripe(paid("evt_1", "B-1", org="tail-waggers")).status == 404
        assert server.stripe(paid("evt_1", "B-1", org="happy-paws")).status == 200
    for org in ("happy-paws", "tail-waggers"):
        rows = company("alert", "list", "--org", org, "-o", "json").json
        assert any(row["ref"] == "evt_1" for row in rows)
    assert confirmed(migrated_sqlite) == ["B-1"]


# ------------------------------------------------------------------------------------- signatures


def test_what_stripe_did_not_sign_is_refused(server: Server, migrated_sqlite: str) -> None:
    event = paid("evt_1", "B-1")
    body, headers = stripe_signed(event)
    good = headers["Stripe-Signature"]
    time_, v1 = good.split(",")
    forged = {
        "none": None,
        "empty": "",
        "another secret": stripe_header(body, OTHER),
        "too old": stripe_header(body, ago=301 + 5),
        "from the future": stripe_header(body, ago=-310),
        "no time": v1,
        "no v1": time_,
        "only v0": good.replace("v1=", "v0="),
        "another time": f"t={int(time.time()) - 1},{v1}",
        "two times": f"{time_},{good}",
        "another body": stripe_header(body + b" "),
        "no hex": f"{time_},v1=\xff",
    }
    for name, header in forged.items():
        given = {k: v for k, v in headers.items() if k != "Stripe-Signature"}
        if header is not None:
            given["Stripe-Signature"] = header
        assert server.ask("POST", "/stripe", body, given).status == 403, name
    assert taken(migrated_sqlite) == []
    several = {**headers, "Stripe-Signature": f"{time_},v1={'0' * 64},{v1},v0=x"}
    assert server.ask("POST", "/stripe", body, several).status == 200


def test_two_secrets_are_good_while_one_is_rolled(sqlite_cli: Cli, migrated_sqlite: str) -> None:
    people(sqlite_cli)
    secrets = f"{OTHER},{STRIPE_SECRET}"
    with serving(migrated_sqlite, PETMSG_STRIPE_SECRET=secrets, PETMSG_PUBLIC_URL="") as server:
        for secret in (OTHER, STRIPE_SECRET):
            assert server.stripe(paid("evt_1", None), secret=secret).status == 200
        assert server.ask("POST", "/twilio/inbound", b"").status == 404
        body = b"no JSON"
        headers = {"Content-Type": "application/json", "Stripe-Signature": stripe_header(body)}
        assert server.ask("POST", "/stripe", body, headers).status == 400
        assert server.stripe([]).status == 400


# -------------------------------------------------------------------------------- the same, a file


def test_an_event_is_replayed_from_a_file(company: Cli, migrated_sqlite: str) -> None:
    ran = replay(company, paid("evt_1", "B-1"), form="one")
    assert ran.code == 0, ran.err
    (row,) = ran.json if isinstance(ran.json, list) else [ran.json]
    assert row["booking"] == "B-1"
    again = replay(company, paid("evt_1", "B-1"), paid("evt_2", "B-2"))
    assert again.code == 0
    assert [row["booking"] for row in again.json] == ["B-1", "B-2"]
    assert confirmed(migrated_sqlite) == ["B-1", "B-2"]
    assert [row[0] for row in taken(migrated_sqlite)] == ["evt_1", "evt_2"]


def test_what_the_server_took_in_a_file_does_not_take_again(
    server: Server, company: Cli, migrated_sqlite: str
) -> None:
    assert server.stripe(paid("evt_1", "B-1")).status == 200
    assert replay(company, paid("evt_1", "B-1")).code == 0
    with looking(migrated_sqlite) as cursor:
        count = "SELECT count(*) FROM audit_event WHERE event = 'payment.received'"
        assert cursor.value(count) == 1


def test_a_file_that_is_wrong_is_reported_in_rows(company: Cli, migrated_sqlite: str) -> None:
    assert replay(company, paid("evt_1", "B-9")).code == NOT_FOUND
    ran = replay(company, paid("evt_2", "B-1"), paid("evt_3", "B-8"), {"id": 1})
    assert ran.code not in (0, 1)
    assert confirmed(migrated_sqlite) == ["B-1"]
    assert "B-8" in ran.err + ran.out
    assert company("booking", "confirm", "--stripe-event", "-", stdin="").code == USAGE
    assert company("booking", "confirm", "B-1", "--stripe-event", "-", stdin="{}").code == USAGE
    assert company("booking", "confirm", "--stripe-event", "/nowhere").code == USAGE


def test_a_dry_run_takes_nothing(company: Cli, migrated_sqlite: str) -> None:
    text = json.dumps(paid("evt_1", "B-1"))
    ran = company("booking", "confirm", "--stripe-event", "-", "--dry-run", stdin=text)
    assert ran.code == 0
    assert taken(migrated_sqlite) == []
    assert confirmed(migrated_sqlite) == []
