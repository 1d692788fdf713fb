"""Look-ups of messages and numbers at Twilio: complete, or an error; never wrongly "not there"."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from petmsg.errors import PetmsgError, ProviderAccount, ProviderUnavailable
from petmsg.providers.base import (
    Accepted,
    Delivery,
    OutgoingMessage,
    ProviderMessage,
    RejectionClass,
)
from petmsg.providers.twilio import TwilioProvider
from tests.providers.sending import ALSO_OURS, CLIENTS_PHONE, GOOD, OURS, TEXT, unused_port
from tests.support.twilio_fake import AUTH_TOKEN, TwilioFake
from tests.support.twilio_shapes import (
    Fault,
    answer,
    cut_json,
    hang,
    number_resource,
    refusal,
    reset,
    server_error,
    throttled,
)

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def find(provider: TwilioProvider, since: datetime = LONG_AGO) -> Sequence[ProviderMessage]:
    return provider.find(from_e164=OURS, to_e164=CLIENTS_PHONE, since=since)


def sent(provider: TwilioProvider, *bodies: str) -> list[str]:
    outcomes = [provider.send(OutgoingMessage(OURS, CLIENTS_PHONE, body)) for body in bodies]
    return [each.provider_message_id for each in outcomes if isinstance(each, Accepted)]


QUESTIONS: dict[str, Callable[[TwilioProvider], object]] = {
    "find": find,
    "fetch": lambda provider: provider.fetch("SM" + "0" * 31 + "1"),
    "numbers": lambda provider: provider.numbers(),
    "received": lambda provider: provider.received(since=LONG_AGO),
}
every_question = pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)


# --- find ------------------------------------------------------------------------------------


def test_a_search_asks_for_the_pair_only_because_an_unsent_text_has_no_date_sent(
    fake: TwilioFake, twilio: TwilioProvider
) -> None:
    find(twilio, datetime.now(UTC))
    [request] = fake.requests
    assert request.query == {"From": OURS, "To": CLIENTS_PHONE, "PageSize": "1000"}


def test_a_text_that_has_not_left_yet_is_found_on_the_last_of_many_pages(
    fake: TwilioFake, twilio: TwilioProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lists are sorted by the date sent: old messages that left may all stand before it."""
    monkeypatch.setattr("petmsg.providers.twilio._LARGEST_PAGE", 2)
    sids = sent(twilio, *(f"Visit {at}" for at in range(5)))
    for sid in sids[:4]:
        fake.messages[sid].step = 3
        fake.messages[sid].created_at -= timedelta(days=2)
    fake.requests.clear()
    found = find(twilio, datetime.now(UTC) - timedelta(hours=1))
    assert [text.provider_message_id for text in found] == sids[4:]
    assert found[0].delivery is Delivery.IN_TRANSIT
    assert len(fake.requests) == 3


def test_what_is_found_is_in_the_order_in_which_it_was_taken(
    fake: TwilioFake, twilio: TwilioProvider
) -> None:
    sids = sent(twilio, "one", "two", "three")
    for days, sid in enumerate(sids):
        fake.messages[sid].created_at = LONG_AGO + timedelta(days=days)
    assert [text.provider_message_id for text in find(twilio)] == sids


def test_a_half_second_of_since_loses_nothing(fake: TwilioFake, twilio: TwilioProvider) -> None:
    [sid] = sent(twilio, "one")
    at = fake.messages[sid].created_at
    assert len(find(twilio, at + timedelta(microseconds=999_999))) == 1
    assert len(find(twilio, at + timedelta(seconds=1))) == 0


def test_a_list_without_end_is_an_error(
    fake: TwilioFake, twilio: TwilioProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("petmsg.providers.twilio._LARGEST_PAGE", 1)
    monkeypatch.setattr("petmsg.providers.twilio_records._MOST_PAGES", 3)
    sent(twilio, "one", "two", "three")
    assert len(find(twilio)) == 3
    sent(twilio, "four")
    fake.requests.clear()
    with pytest.raises(ProviderUnavailable, match="too long"):
        find(twilio)
    assert len(fake.requests) <= 4


def test_texts_of_others_in_a_list_are_left_out(fake: TwilioFake, twilio: TwilioProvider) -> None:
    sids = sent(twilio, "one", "two", "three")
    fake.messages[sids[0]].to = "+14155559999"
    fake.messages[sids[1]].from_ = "+14155559999"
    listed = [fake.messages[sid].resource(fake.account_sid) for sid in sids]
    inbound = {**listed[2], "sid": "SMinbound", "direction": "inbound"}
    fake.faults.append(answer(200, {"messages": [*listed, inbound], "page": 0}))
    assert [text.provider_message_id for text in find(twilio)] == sids[2:]


@pytest.mark.parametrize("page", [1, 2], ids=["first page", "second page"])
@pytest.mark.parametrize(
    "fault",
    [server_error(503), throttled("1"), reset(), cut_json(), answer(200, {"messages": None})],
    ids=["5xx", "429", "reset", "cut", "null"],
)
def test_half_a_list_is_none(
    fake: TwilioFake,
    twilio: TwilioProvider,
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
    page: int,
) -> None:
    monkeypatch.setattr("petmsg.providers.twilio._LARGEST_PAGE", 1)
    sent(twilio, "one", "two")
    fake.faults.extend([*[None] * (page - 1), fault])
    with pytest.raises(ProviderUnavailable):
        find(twilio)


def test_a_next_page_at_another_host_is_not_asked_with_our_token(
    fake: TwilioFake, twilio: TwilioProvider
) -> None:
    elsewhere = {"key": "messages", "next_page_url": f"http://localhost:{unused_port()}/next"}
    fake.faults.append(answer(200, {"messages": [], "meta": elsewhere}))
    with pytest.raises(ProviderUnavailable):
        find(twilio)


# --- what becomes of a message ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "delivery"),
    [
        ("accepted", Delivery.IN_TRANSIT),
        ("queued", Delivery.IN_TRANSIT),
        ("scheduled", Delivery.IN_TRANSIT),
        ("sending", Delivery.IN_TRANSIT),
        ("sent", Delivery.IN_TRANSIT),
        ("a word of next year", Delivery.IN_TRANSIT),
        ("delivered", Delivery.DELIVERED),
        ("read", Delivery.DELIVERED),
        ("undelivered", Delivery.UNDELIVERED),
        ("failed", Delivery.FAILED),
        ("canceled", Delivery.FAILED),
    ],
)
def test_each_status_of_twilios_says_how_far_a_text_is(
    fake: TwilioFake, twilio: TwilioProvider, status: str, delivery: Delivery
) -> None:
    [sid] = sent(twilio, "one")
    fake.messages[sid].step, fake.messages[sid].final_status = 3, status
    text = twilio.fetch(sid)
    assert text is not None
    assert (text.delivery, text.code, text.rejection_class) == (delivery, None, None)
    assert find(twilio)[0].delivery is delivery


@pytest.mark.parametrize(
    ("code", "rejection_class"),
    [
        (30003, RejectionClass.UNREACHABLE),
        (30005, RejectionClass.RECIPIENT),
        (30007, RejectionClass.FILTERED),
        (21610, RejectionClass.OPTED_OUT),
        (30002, RejectionClass.ACCOUNT),
        (30033, RejectionClass.REGISTRATION),
        (30001, RejectionClass.UNEXPLAINED),
        (30017, RejectionClass.UNEXPLAINED),
        (30022, RejectionClass.UNEXPLAINED),
        (39999, RejectionClass.OTHER),
    ],
)
@pytest.mark.parametrize("status", ["undelivered", "failed"])
def test_the_code_of_a_report_has_its_class(
    fake: TwilioFake,
    twilio: TwilioProvider,
    code: int,
    rejection_class: RejectionClass,
    status: str,
) -> None:
    [sid] = sent(twilio, "one")
    message = fake.messages[sid]
    message.step, message.final_status, message.error_code = 3, status, code
    text = twilio.fetch(sid)
    assert text is not None
    assert (text.code, text.rejection_class) == (str(code), rejection_class)
    assert find(twilio) == [text]


def test_a_code_beside_a_delivery_is_not_a_failure(
    fake: TwilioFake, twilio: TwilioProvider
) -> None:
    [sid] = sent(twilio, "one")
    fake.messages[sid].step, fake.messages[sid].error_code = 3, 30008
    text = twilio.fetch(sid)
    assert text is not None
    assert (text.delivery, text.code) == (Delivery.DELIVERED, None)


def test_a_404_that_is_not_twilios_does_not_say_that_a_text_is_not_there(
    fake: TwilioFake, twilio: TwilioProvider
) -> None:
    [sid] = sent(twilio, "one")
    fake.faults.append(answer(404, b"<html>nothing here</html>"))
    with pytest.raises(ProviderAccount):
        twilio.fetch(sid)


# --- numbers ---------------------------------------------------------------------------------


def test_the_numbers_are_those_that_send_texts_of_all_pages(
    fake: TwilioFake, twilio: TwilioProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("petmsg.providers.twilio._LARGEST_PAGE", 2)
    fake.numbers = [OURS, ALSO_OURS, "+18005550100"]
    fake.voice_only = ["+14155550199"]
    numbers = twilio.numbers()
    assert [number.e164 for number in numbers] == [*fake.numbers]
    assert len({number.provider_number_id for number in numbers}) == 3
    assert len(fake.requests) == 2


# --- no answer, or none that can be read -----------------------------------------------------


@every_question
@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (server_error(503), ("20503", None)),
        (server_error(500, code=20500), ("20500", None)),
        (answer(502, b"<html>Bad Gateway</html>"), ("502", None)),
        (throttled("7"), ("20429", 7.0)),
        (throttled(), ("20429", None)),
        (refusal(20429, status=400), ("20429", None)),
        (refusal(29999, status=400), ("29999", None)),
        (answer(408, b""), ("408", None)),
        (answer(301, b"", Location="https://elsewhere.invalid/"), ("301", None)),
        (reset(), (None, None)),
        (answer(200, b""), (None, None)),
        (answer(200, b"null"), (None, None)),
        (answer(200, b"[]"), (None, None)),
        (answer(200, b"{}"), (None, None)),
        (answer(200, b"<html>welcome to the hotel</html>"), (None, None)),
        (answer(200, {"welcome": []}), (None, None)),
        (answer(200, {"messages": [7], "incoming_phone_numbers": [7]}), (None, None)),
        (answer(200, b'{"sid": "\xff"}'), (None, None)),
        (answer(204, b""), (None, None)),
    ],
)
def test_a_question_without_a_readable_answer_is_unanswered(
    fake: TwilioFake,
    twilio: TwilioProvider,
    question: Callable[[TwilioProvider], object],
    fault: Fault,
    told: tuple[str | None, float | None],
) -> None:
    """`told`: the code and the seconds to wait that the error holds."""
    fake.faults.append(fault)
    with pytest.raises(ProviderUnavailable) as caught:
        question(twilio)
    assert (caught.value.provider_code, caught.value.after_seconds) == told
    assert caught.value.exit_code == 75
    if told[1]:
        assert "7 seconds" in caught.value.hint


@pytest.mark.parametrize(
    "field", ["sid", "from", "to", "status", "date_created", "direction", "error_code"]
)
@pytest.mark.parametrize("odd", [{"a": "surprise"}, ["x"], True, -1, "\0", "x" * 10_000])
def test_a_text_in_a_shape_of_its_own_is_no_text_that_is_not_there(
    fake: TwilioFake, twilio: TwilioProvider, field: str, odd: object
) -> None:
    [sid] = sent(twilio, "one")
    message = fake.messages[sid]
    message.step, message.final_status, message.error_code = 3, "failed", 30008
    damaged = {**message.resource(fake.account_sid), field: odd}
    fake.faults.append(answer(200, {"messages": [damaged], "page": 0}))
    (found,) = find(twilio)
    assert (found.provider_message_id == sid) is (field != "sid")
    assert (found.from_e164, found.to_e164, found.body) == (OURS, CLIENTS_PHONE, "one")
    assert (found.delivery is Delivery.FAILED) is (field != "status")


@pytest.mark.parametrize("row", [{}, {"sid": None, "status": "sent"}, {"from": OURS}, None, 7])
def test_a_row_that_says_nothing_leaves_a_search_unanswered(
    fake: TwilioFake, twilio: TwilioProvider, row: object
) -> None:
    fake.faults.append(answer(200, {"messages": [row]}))
    with pytest.raises(ProviderUnavailable):
        find(twilio)


@pytest.mark.parametrize(
    "told", [{}, {"messages": [{}]}, {"sid": "SM" + "9" * 32, "status": "delivered"}, {"sid": 7}]
)
def test_an_answer_about_something_else_is_no_status_of_the_text(
    fake: TwilioFake, twilio: TwilioProvider, told: dict[str, object]
) -> None:
    [sid] = sent(twilio, "one")
    fake.faults.append(answer(200, told))
    with pytest.raises(ProviderUnavailable):
        twilio.fetch(sid)


@pytest.mark.parametrize("row", [{}, None, 7, "x", []])
def test_a_row_that_says_nothing_hides_no_other_row(
    fake: TwilioFake, twilio: TwilioProvider, row: object
) -> None:
    sid = fake.comes_in("Hi", from_=CLIENTS_PHONE, to=OURS, at=LONG_AGO)
    listed = [row, fake.messages[sid].resource(fake.account_sid)]
    fake.faults.append(answer(200, {"messages": listed}))
    named, nameless = twilio.received(since=LONG_AGO)
    assert (named.provider_message_id, named.body) == (sid, "Hi")
    assert (nameless.from_phone, nameless.to_e164, nameless.body) == ("", "", "")
    assert nameless.provider_message_id.startswith("unnamed-")
    numbers = [row, number_resource(fake.account_sid, 1, OURS, sends_texts=True)]
    fake.faults.append(answer(200, {"incoming_phone_numbers": numbers}))
    first, second = twilio.numbers()
    assert (first.e164, first.sends, second.e164) == ("", None, OURS)
    assert first.provider_number_id.startswith("unnamed-")


@every_question
@pytest.mark.parametrize(
    "fault",
    [
        refusal(20003, status=401),
        refusal(20003, status=403),
        refusal(20005, status=400),
        refusal(30002, status=400),
        answer(401, b"<html>log in</html>"),
        answer(403, b""),
        answer(404, b"not Twilio's"),
        answer(407, b"proxy"),
    ],
    ids=lambda fault: f"{fault.status} {fault.body[:14]!r}",
)
def test_an_account_that_is_refused_stops_the_run(
    fake: TwilioFake,
    twilio: TwilioProvider,
    question: Callable[[TwilioProvider], object],
    fault: Fault,
) -> None:
    fake.faults.append(fault)
    with pytest.raises(ProviderAccount) as caught:
        question(twilio)
    assert caught.value.exit_code == 5


@every_question
def test_nobody_there_and_no_answer_in_time_leave_it_unanswered(
    fake: TwilioFake, question: Callable[[TwilioProvider], object]
) -> None:
    fake.faults.append(hang())
    for url in (fake.url, f"http://127.0.0.1:{unused_port()}", "https://twilio.invalid"):
        provider = TwilioProvider(GOOD, timeout_seconds=0.3, api_url=url)
        with pytest.raises(ProviderUnavailable):
            question(provider)
        provider.close()


@every_question
def test_no_phone_and_no_token_is_in_what_an_error_says(
    fake: TwilioFake,
    twilio: TwilioProvider,
    question: Callable[[TwilioProvider], object],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(0)
    for fault in (
        refusal(29999, message=f"{AUTH_TOKEN}: {CLIENTS_PHONE} and {OURS[1:]}"),
        refusal(20003, status=401, message=f"{AUTH_TOKEN}: {CLIENTS_PHONE} and {OURS[1:]}"),
        reset(),
        cut_json(),
        answer(200, {"messages": CLIENTS_PHONE, "incoming_phone_numbers": OURS}),
    ):
        fake.faults.append(fault)
        with pytest.raises(PetmsgError) as caught:
            question(twilio)
        said = f"{caught.value!r} {caught.value.message} {caught.value.hint} {caplog.text}"
        said += repr(caught.value.__cause__)
        for secret in (AUTH_TOKEN, CLIENTS_PHONE, CLIENTS_PHONE[1:], OURS, OURS[1:], TEXT.body):
            assert secret not in said


# --- received --------------------------------------------------------------------------------


def test_what_came_in_is_listed_from_a_time_on_the_oldest_first(
    fake: TwilioFake, twilio: TwilioProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("petmsg.providers.twilio._LARGEST_PAGE", 2)
    noon = datetime(2026, 2, 14, 12, tzinfo=UTC)
    sids = [
        fake.comes_in(f"text {at}", from_=CLIENTS_PHONE, to=OURS, at=noon + timedelta(seconds=at))
        for at in range(7)
    ]
    sent(twilio, "one of ours")
    found = twilio.received(since=noon + timedelta(seconds=2, microseconds=500_000))
    assert [each.provider_message_id for each in found] == sids[2:]
    first = found[0]
    assert (first.from_phone, first.to_e164, first.body) == (CLIENTS_PHONE, OURS, "text 2")
    assert first.received_at == noon + timedelta(seconds=2)
    asked = fake.requests[-1].query
    assert asked["DateSent>"] == "2026-02-14T12:00:02Z"


def test_a_picture_and_a_short_code_are_read_as_they_are(
    fake: TwilioFake, twilio: TwilioProvider
) -> None:
    at = datetime(2026, 2, 14, 12, tzinfo=UTC)
    fake.comes_in("", from_="72975", to=OURS, at=at, media_count=3)
    (found,) = twilio.received(since=at)
    assert (found.from_phone, found.body, found.media_count) == ("72975", "", 3)


def test_a_list_of_texts_without_end_is_an_error_and_not_half_a_list(
    fake: TwilioFake, twilio: TwilioProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("petmsg.providers.twilio._LARGEST_PAGE", 1)
    monkeypatch.setattr("petmsg.providers.twilio_records._MOST_PAGES", 3)
    for at in range(4):
        fake.comes_in(f"text {at}", from_=CLIENTS_PHONE, to=OURS, at=LONG_AGO)
    with pytest.raises(ProviderUnavailable, match="more than 3 pages"):
        twilio.received(since=LONG_AGO)
