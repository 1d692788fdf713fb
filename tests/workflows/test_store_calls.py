"""Calls as the server stores them: whose they are, who may tell of them, and what goes wrong."""

from datetime import timedelta

import pytest

from petmsg.enums.calls import CallStatus
from petmsg.errors import Busy
from petmsg.providers.call_events import CallEvent, ClientChosen, SignedCall
from petmsg.rules.call_plan import Dial, HangUp, Reject
from petmsg.services.calls import arrive
from petmsg.workflows.store_webhooks import WebhookStore
from petmsg.workflows.webhook_outcome import Outcome
from tests.support.calling import (
    CALL,
    arrived,
    calls,
    company,
    ended,
    left,
    picked_up,
    rang,
    table,
    tell,
    words,
)
from tests.support.fixtures import NOW, Cli, add_org
from tests.support.incoming import STRANGER, refused
from tests.support.texting import ANN, MAYA, POOL, alerts
from tests.workflows.worker.stores import TestStore

FOREIGN = "+19995550100"
OURS: frozenset[str | None] = frozenset({None})


@pytest.fixture
def ready(cli: Cli) -> Cli:
    company(cli)
    return cli


def signed(
    url: str, *events: CallEvent, accounts: frozenset[str | None] = OURS
) -> tuple[list[Outcome], int]:
    """What the server's writer answers, and how often it wakes who fetches files."""
    woken = []
    store = TestStore(url, now=NOW)
    try:
        keep = WebhookStore(store, on_media=lambda: woken.append(1))
        return keep([SignedCall(each, accounts) for each in events]), len(woken)
    finally:
        store.close()


def test_a_batch_is_stored_in_its_order_with_its_plans(ready: Cli, migrated_url: str) -> None:
    outcomes, woken = signed(
        migrated_url, arrived("CA1"), arrived("CA2", sender=STRANGER), picked_up(0, "1", call="CA1")
    )
    assert words(outcomes) == [(200, "stored"), (200, "stored"), (200, "changed")]
    assert isinstance(outcomes[0].plan, Dial)
    assert isinstance(outcomes[1].plan, Dial)
    assert outcomes[0].plan.call == "CA1"
    assert outcomes[1].plan.call == "CA2"
    assert woken == 0


def test_a_voicemail_is_fetched_at_once(ready: Cli, migrated_url: str) -> None:
    assert signed(migrated_url, arrived(), left())[1] == 1


def test_a_number_that_was_never_ours_rejects_and_is_kept(ready: Cli, migrated_url: str) -> None:
    for word in ("stray", "known"):
        outcomes = tell(migrated_url, arrived(to=FOREIGN))
        assert outcomes == [Outcome(200, word, Reject())]
    tell(migrated_url, ended(call="CA2", to=FOREIGN))
    assert (
        table(migrated_url, "SELECT is_call, body, from_phone, to_e164 FROM stray_text")
        == [(True, "Phone call", ANN, FOREIGN)] * 2
    )
    assert alerts(ready) == [("stray_text", FOREIGN)]
    assert calls(migrated_url, "id") == []
    strays = ready("inbox", "strays", "-o", "json").json
    assert [each["body"] for each in strays] == ["Phone call"] * 2


def test_a_call_is_not_adopted_as_a_message(ready: Cli, migrated_url: str) -> None:
    tell(migrated_url, arrived(to=FOREIGN))
    assert ready("number", "add", FOREIGN, "--class", "pool").code == 0
    said = refused(ready("inbox", "adopt", "1", "-o", "json"), "unmatched_call")
    assert f"petmsg number add {FOREIGN}" in said
    assert table(migrated_url, "SELECT adopted_id FROM stray_text") == [(None,)]


def test_a_later_step_of_a_stray_call_rings_nobody(ready: Cli, migrated_url: str) -> None:
    tell(migrated_url, arrived(to=FOREIGN))
    for event in (rang(), picked_up(0, "1"), ClientChosen(CALL, 1), left()):
        assert tell(migrated_url, event) == [Outcome(200, "unknown_call", HangUp())]
    assert calls(migrated_url, "id") == []


@pytest.fixture
def on_twilio(ready: Cli) -> Cli:
    words = ("--provider", "twilio", "--twilio-account", "ours", "--yes", "--force")
    assert ready("org", "set", *words).code == 0
    assert ready("org", "show", "-o", "json").json["provider"] == "twilio"
    return ready


def test_another_companys_account_decides_nothing(on_twilio: Cli, migrated_url: str) -> None:
    add_org(migrated_url, "cat-care", front_desk="+14155550900")
    theirs = frozenset({"theirs"})
    other = Outcome(403, "other_account")
    assert signed(migrated_url, arrived(), accounts=theirs)[0] == [other]
    assert calls(migrated_url, "id") == []
    assert [kind for kind, _ in alerts(on_twilio)] == ["webhook_refused"]
    signed(migrated_url, arrived(), accounts=frozenset({"ours"}))
    steps = (picked_up(0, "1"), rang(0), ended(), left(), ClientChosen(CALL, 1), arrived())
    assert signed(migrated_url, *steps, accounts=theirs)[0] == [other] * 6
    assert calls(migrated_url, "status, answered_by, message_id") == [("ringing", None, None)]


def test_an_account_that_the_org_had_before_may_tell(on_twilio: Cli, migrated_url: str) -> None:
    assert on_twilio("org", "set", "--twilio-account", "new", "--force").code == 0
    (outcome,) = signed(migrated_url, arrived(), accounts=frozenset({"ours"}))[0]
    assert outcome.status == 200


def test_one_event_that_cannot_be_stored_stops_no_other(
    ready: Cli, migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = arrive.begin

    def broken(uow: object, call: str, **more: object) -> object:
        if call == "CA2":
            raise ZeroDivisionError
        return plain(uow, call, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(arrive, "begin", broken)
    outcomes, _ = signed(migrated_url, *(arrived(f"CA{each}") for each in (1, 2, 3)))
    assert [each.status for each in outcomes] == [200, 500, 200]
    assert calls(migrated_url, "provider_call_id") == [("CA1",), ("CA3",)]


def test_a_locked_database_is_everybodys_503(ready: Cli, migrated_url: str) -> None:
    def locked() -> None:
        raise Busy("The database is locked.")

    store = TestStore(migrated_url, now=NOW)
    store.before_write = locked
    outcomes = WebhookStore(store)([SignedCall(arrived(each), OURS) for each in ("CA1", "CA2")])
    store.close()
    assert [each.status for each in outcomes] == [503, 503]


def test_calls_of_two_orgs_in_one_batch(ready: Cli, migrated_url: str) -> None:
    add_org(migrated_url, "cat-care", front_desk="+14155550900")
    outcomes = tell(
        migrated_url, arrived("CA1", to="+14155550900"), arrived("CA2"), arrived("CA3", to=FOREIGN)
    )
    assert words(outcomes) == [(200, "stored"), (200, "stored"), (200, "stray")]
    assert calls(migrated_url, "provider_call_id, org_id, caller") == [
        ("CA1", 2, "unknown"), ("CA2", 1, "client"),
    ]  # fmt: skip
    late = NOW + timedelta(minutes=1)
    tell(migrated_url, ended(call="CA1", to=None), rang(0, CallStatus.BUSY, call="CA2"), now=late)
    assert calls(migrated_url, "status") == [("no_answer",), ("ringing",)]


def test_a_number_is_asked_for_once_the_call_is_known(ready: Cli, migrated_url: str) -> None:
    """A step names its call alone: its org is the call's."""
    tell(migrated_url, arrived())
    (outcome,) = tell(migrated_url, ended(to=POOL))
    assert words([outcome]) == [(200, "changed")]
    assert calls(migrated_url, "provider_call_id, status") == [(CALL, "no_answer")]
    assert MAYA not in str(outcome.plan)
