"""Which bookings a payment of Stripe names, and what is reported if it names none."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from petmsg.errors import REFUSED
from tests.support.fixtures import Cli, add_org
from tests.support.payments import add, confirmed, event, fill, replay, taken
from tests.support.webhooks import Server, paid, serving


@pytest.fixture
def company(sqlite_cli: Cli) -> Cli:
    """A company with pending bookings, and one that is cancelled."""
    fill(sqlite_cli)
    return sqlite_cli


@pytest.fixture
def server(company: Cli, migrated_sqlite: str) -> Iterator[Server]:
    with serving(migrated_sqlite) as running:
        yield running


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
