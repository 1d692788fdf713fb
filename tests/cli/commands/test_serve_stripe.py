"""Payments: Stripe's events confirm their bookings, from the server and from a file alike."""

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from petmsg.errors import NOT_FOUND, REFUSED, USAGE
from tests.support.fixtures import Cli, Ran, add_org, copied, looking
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


@copied
def fill(cli: Cli) -> None:
    people(cli)
    for ref in ("B-1", "B-2", "B-3"):
        add(cli, ref)
    assert cli("booking", "cancel", "--yes", "B-3", "--reason", "rain").code == 0


def add(cli: Cli, ref: str) -> None:
    ran = cli(
        "booking", "add", "--ref", ref, "--client", "C-1", "--sitter", "S-1",
        "--start", "2031-02-14T14:00Z", "--end", "2031-02-14T16:00Z",
    )  # fmt: skip
    assert ran.code == 0, ran.err


def confirmed(url: str) -> list[str]:
    """The bookings that are confirmed."""
    with looking(url) as cursor:
        return [
            row[0]
            for row in cursor.tuples(
                "SELECT b.ref FROM booking b WHERE b.status = 'confirmed' ORDER BY b.ref"
            )
        ]


def taken(url: str) -> list[tuple[Any, ...]]:
    with looking(url) as cursor:
        return cursor.tuples(
            "SELECT event_id, booking, outcome, code FROM stripe_event ORDER BY event_id"
        )


def alerts(cli: Cli) -> list[tuple[str, str]]:
    rows = cli("alert", "list", "-o", "json").json
    return [(row["kind"], row["ref"]) for row in rows if "payment" in row["kind"].lower()]


def replay(cli: Cli, *events: object, form: str = "lines", output: str = "json") -> Ran:
    text = json.dumps(events[0]) if form == "one" else "\n".join(map(json.dumps, events))
    return cli("booking", "confirm", "--stripe-event", "-", "-o", output, stdin=text)


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


# --------------------------------------------------------- what was not heard, or not in one piece


def event(event_id: str, kind: str, **about: Any) -> dict[str, Any]:
    return {"id": event_id, "object": "event", "type": kind, "data": {"object": about}}


def session(event_id: str, reference: str | None, **about: Any) -> dict[str, Any]:
    """A paid session that names its booking in `client_reference_id`."""
    return event(
        event_id, "checkout.session.completed", id="cs_1", object="checkout.session",
        mode="payment", payment_status="paid", client_reference_id=reference, metadata={},
        payment_intent="pi_1", **about,
    )  # fmt: skip


def told(cli: Cli) -> list[tuple[str, str, int]]:
    rows = cli("alert", "list", "-o", "json").json
    return sorted((row["kind"], row["ref"], row["count"]) for row in rows)


def test_the_booking_may_stand_in_client_reference_id(
    server: Server, company: Cli, migrated_sqlite: str
) -> None:
    assert server.stripe(session("evt_1", "B-1")).json == {"outcome": "confirmed"}
    both = session("evt_2", "a-customer")
    both["data"]["object"]["metadata"] = {"booking": "B-2"}
    assert server.stripe(both).json == {"outcome": "confirmed"}
    assert confirmed(migrated_sqlite) == ["B-1", "B-2"]
    unknown = server.stripe(session("evt_3", "customer-4711"))
    assert (unknown.status, unknown.json) == (200, {"outcome": "not_matched"})
    assert told(company) == [("payment_not_matched", "customer-4711", 1)]


@pytest.mark.parametrize("written", ["B-1,B-2", "B-1 B-2", '["B-1", "B-2"]', " B-1 ; B-2,B-1"])
def test_a_payment_for_several_bookings_confirms_each(
    server: Server, company: Cli, migrated_sqlite: str, written: str
) -> None:
    assert server.stripe(paid("evt_1", written)).json == {"outcome": "confirmed"}
    assert server.stripe(paid("evt_1", written)).json == {"outcome": "known"}
    assert confirmed(migrated_sqlite) == ["B-1", "B-2"]
    rows = replay(company, paid("evt_2", written)).json
    assert [row["booking"] for row in rows] == ["B-1", "B-2"]


def test_several_bookings_of_one_payment_are_confirmed_all_or_none(
    server: Server, company: Cli, migrated_sqlite: str
) -> None:
    three = paid("evt_1", "B-1,B-8,B-2", name="bookings")
    assert server.stripe(three).status == 404
    assert confirmed(migrated_sqlite) == []
    assert taken(migrated_sqlite) == []
    assert told(company) == [("payment_not_matched", "B-8", 1)]
    assert server.stripe(three).status == 404
    add(company, "B-8")
    assert server.stripe(three).json == {"outcome": "confirmed"}
    assert server.stripe(three).json == {"outcome": "known"}
    assert confirmed(migrated_sqlite) == ["B-1", "B-2", "B-8"]
    assert told(company) == []


def test_a_refused_booking_keeps_the_others_of_its_payment_pending(
    server: Server, company: Cli, migrated_sqlite: str
) -> None:
    event = paid("evt_2", "B-2,B-3,B-1")
    for _ in range(2):
        assert server.stripe(event).json == {"outcome": "refused: booking_cancelled"}
    assert confirmed(migrated_sqlite) == []
    assert taken(migrated_sqlite) == [
        ("evt_2#B-1", "B-1", "refused", "paid_with_others"),
        ("evt_2#B-2", "B-2", "refused", "paid_with_others"),
        ("evt_2#B-3", "B-3", "refused", "booking_cancelled"),
    ]
    (alert,) = company("alert", "list", "-o", "json").json
    assert (alert["ref"], alert["count"], alert["severity"]) == ("B-3", 1, "critical")
    assert "B-2, B-1: none of them was confirmed" in alert["message"]
    assert alert["command"].endswith("petmsg booking confirm B-2 B-1")
    ran = replay(company, paid("evt_3", "B-1,B-3"))
    assert ran.code == REFUSED
    assert "booking_cancelled" in ran.err
    ran = replay(company, paid("evt_4", "B-1,B-3"), paid("evt_5", "B-2"))
    assert "paid_with_others" in ran.out + ran.err
    assert confirmed(migrated_sqlite) == ["B-2"]


def test_a_payment_link_names_several_bookings_with_underscores(
    server: Server, company: Cli, migrated_sqlite: str
) -> None:
    """The address of a Payment Link drops a client_reference_id with any other sign."""
    assert server.stripe(session("evt_1", "B-1_B-2")).json == {"outcome": "confirmed"}
    assert confirmed(migrated_sqlite) == ["B-1", "B-2"]
    assert server.stripe(session("evt_2", "B-1_B-9")).json == {"outcome": "not_matched"}
    (alert,) = company("alert", "list", "-o", "json").json
    assert (alert["ref"], alert["message"].partition(" (")[0]) == ("B-9", "Booking B-9 was paid")
    assert alert["command"].endswith("after adding it: petmsg booking confirm B-9 B-1")
    add(company, "B_4")
    assert server.stripe(session("evt_3", "B_4")).json == {"outcome": "confirmed"}
    assert confirmed(migrated_sqlite) == ["B-1", "B-2", "B_4"]


# ------------------------------------------------------------------------------------- invoices


def invoice(event_id: str, kind: str = "invoice.paid", **about: Any) -> dict[str, Any]:
    usual = {"id": "in_1", "object": "invoice", "status": "paid", "amount_paid": 4000}
    return event(event_id, kind, **(usual | about))


def test_a_paid_invoice_confirms_the_booking_of_its_metadata_or_subscription(
    server: Server, company: Cli, migrated_sqlite: str
) -> None:
    both = invoice("evt_1", metadata={"booking": "B-1"}, payment_intent="pi_7")
    assert server.stripe(both).json == {"outcome": "confirmed"}
    details = {"subscription_details": {"metadata": {"booking": "B-2"}}}
    parent = invoice("evt_2", metadata={}, parent=details)
    assert server.stripe(parent).json == {"outcome": "confirmed"}
    assert server.stripe(invoice("evt_3", status="open", metadata=None)).json == {
        "outcome": "ignored"
    }
    refund = event("evt_4", "charge.refunded", id="ch_1", payment_intent="pi_7")
    assert server.stripe(refund).json == {"outcome": "told"}
    failed = invoice("evt_5", "invoice.payment_failed", status="open", id="in_1")
    assert server.stripe(failed).json == {"outcome": "told"}
    assert told(company) == [("payment_failed", "B-2", 1), ("payment_refunded", "B-1", 1)]
    assert confirmed(migrated_sqlite) == ["B-1", "B-2"]


# ----------------------------------------------------------------- payments that name no booking


def test_a_payment_that_names_no_booking_is_reported_until_another_event_names_it(
    server: Server, company: Cli
) -> None:
    """Stripe copies no metadata from a session to its payment, and keeps no order."""
    intent = event("evt_1", "payment_intent.succeeded", id="pi_1", metadata={})
    assert server.stripe(intent).json == {"outcome": "told"}
    assert server.stripe(intent).json == {"outcome": "known"}
    (alert,) = company("alert", "list", "-o", "json").json
    assert (alert["kind"], alert["ref"]) == ("payment_not_matched", "pi_1")
    assert "petmsg booking confirm" in alert["command"]
    assert server.stripe(session("evt_2", "B-1")).json == {"outcome": "confirmed"}
    assert told(company) == []
    later = event("evt_3", "payment_intent.succeeded", id="pi_1", metadata={})
    assert server.stripe(later).json == {"outcome": "ignored"}
    free = invoice("evt_4", id="in_9", amount_paid=0)
    assert server.stripe(free).json == {"outcome": "ignored"}
    assert told(company) == []


def test_the_alert_is_closed_in_every_company_that_got_it(
    company: Cli, migrated_sqlite: str
) -> None:
    add_org(migrated_sqlite, "tail-waggers", front_desk="+14155550300")
    with serving(migrated_sqlite) as server:
        intent = event("evt_1", "payment_intent.succeeded", id="pi_1", metadata={})
        answer = server.stripe(intent)
        assert (answer.status, answer.json) == (200, {"outcome": "not_matched"})
        for org in ("happy-paws", "tail-waggers"):
            assert company("alert", "list", "--org", org, "-o", "json").json[0]["ref"] == "pi_1"
        named = session("evt_2", "B-1")
        named["data"]["object"]["metadata"] = {"org": "happy-paws"}
        assert server.stripe(named).json == {"outcome": "confirmed"}
        later = event("evt_3", "payment_intent.succeeded", id="pi_1", metadata={})
        assert server.stripe(later).json == {"outcome": "ignored"}
    for org in ("happy-paws", "tail-waggers"):
        assert company("alert", "list", "--org", org, "-o", "json").json == []


@pytest.mark.parametrize("booking", ["B\x00", "\ud800", "B-1\n,B-2", "+14155550171"])
def test_a_ref_that_no_database_stores_is_reported(
    company: Cli, migrated_url: str, cli: Cli, booking: str
) -> None:
    fill(cli)
    with serving(migrated_url) as server:
        refund = event("evt_1", "charge.refunded", id="ch_1", metadata={"booking": booking})
        assert server.stripe(refund).json == {"outcome": "told"}
        assert server.stripe(paid("evt_2", booking)).status in (200, 404)
        assert server.stripe(session("evt_3", booking)).status == 200


def test_a_ref_with_a_comma_is_one_booking(
    server: Server, company: Cli, migrated_sqlite: str
) -> None:
    add(company, "B-1,B-2")
    assert server.stripe(paid("evt_1", "B-1,B-2")).json == {"outcome": "confirmed"}
    assert confirmed(migrated_sqlite) == ["B-1,B-2"]


@pytest.mark.parametrize(
    ("kind", "alert"),
    [
        ("charge.refunded", "payment_refunded"),
        ("refund.created", "payment_refunded"),
        ("charge.dispute.created", "payment_disputed"),
        ("payment_intent.payment_failed", "payment_failed"),
        ("checkout.session.async_payment_failed", "payment_failed"),
    ],
)
def test_a_payment_that_is_taken_back_or_fails_is_reported(
    server: Server, company: Cli, migrated_sqlite: str, kind: str, alert: str
) -> None:
    """Also where the event names the payment alone; once, however often it comes."""
    assert server.stripe(session("evt_1", "B-1")).status == 200
    of_payment = event("evt_2", kind, id="dp_1", payment_intent="pi_1", metadata={})
    assert server.stripe(of_payment).json == {"outcome": "told"}
    assert server.stripe(of_payment).json == {"outcome": "known"}
    assert told(company) == [(alert, "B-1", 1)]
    named = event("evt_3", kind, id="ch_2", metadata={"booking": "B-2"})
    assert server.stripe(named).status == 200
    unknown = event("evt_4", kind, id="ch_3", payment_intent={"id": "pi_9"})
    assert server.stripe(unknown).status == 200
    assert told(company) == [(alert, "B-1", 1), (alert, "B-2", 1), (alert, "pi_9", 1)]
    assert confirmed(migrated_sqlite) == ["B-1"]


def test_a_payment_that_succeeds_in_the_end_ends_its_alert(server: Server, company: Cli) -> None:
    failed = event("evt_1", "payment_intent.payment_failed", id="pi_1", metadata={"booking": "B-1"})
    assert server.stripe(failed).status == 200
    assert told(company) == [("payment_failed", "B-1", 1)]
    assert server.stripe(paid("evt_2", "B-1")).status == 200
    assert told(company) == []


def test_a_refund_finds_the_org_of_its_payment(company: Cli, migrated_sqlite: str) -> None:
    add_org(migrated_sqlite, "tail-waggers", front_desk="+14155550300")
    with serving(migrated_sqlite) as server:
        first = session("evt_1", "B-1")
        first["data"]["object"]["metadata"] = {"org": "happy-paws"}
        assert server.stripe(first).status == 200
        refund = event("evt_2", "charge.refunded", id="ch_1", payment_intent="pi_1")
        assert server.stripe(refund).json == {"outcome": "told"}
    assert company("alert", "list", "--org", "tail-waggers", "-o", "json").json == []


@pytest.mark.parametrize(
    "about",
    [
        {"text": "x" * (1024 * 1024 - 1000)},
        {"list": [{}] * (256 * 1024)},
        {"numbers": "1" * 4000},
        {"metadata": {"booking": 7}},
    ],
    ids=["long text", "many objects", "long number", "odd metadata"],
)
def test_an_event_that_is_ignored_is_answered_200_whatever_it_holds(
    server: Server, about: dict[str, Any]
) -> None:
    large = event("evt_1", "invoice.created", **about)
    answer = server.stripe(large, compact=True)
    assert (answer.status, answer.json) == (200, {"outcome": "ignored"})


def test_an_event_over_1_mb_is_refused(server: Server) -> None:
    large = event("evt_2", "invoice.created", text="x" * (1024 * 1024))
    # It is refused by its length, perhaps before all of it was sent.
    with suppress(BrokenPipeError, ConnectionResetError):
        assert server.stripe(large).status == 413
    assert server.stripe(event("evt_3", "invoice.created")).json == {"outcome": "ignored"}


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
