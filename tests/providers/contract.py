"""What petmsg relies on in every adapter. One class of tests, run once per adapter."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from petmsg.errors import MediaGone, ProviderAccount, ProviderUnavailable
from petmsg.providers.base import (
    MOST_MEDIA,
    Accepted,
    Billing,
    Delivery,
    OutgoingMedia,
    OutgoingMessage,
    Provider,
    ProviderMessage,
    Rejected,
    RejectionClass,
    RetryLater,
    Unknown,
)
from petmsg.providers.call_log import HasCallLog
from petmsg.providers.market import Done, NotDone, SellsNumbers, Wanted

OUTCOMES = (Accepted, Rejected, RetryLater, Unknown)


class ProviderContract:
    """Mix into a test class that has a fixture `provider` and two numbers that work.

    The class is not collected by itself: its name does not begin with `Test`.
    """

    from_e164: str
    other_from_e164: str
    to_e164: str
    other_to_e164: str

    @pytest.fixture
    def provider(self) -> Provider:
        raise NotImplementedError("the class under test supplies its provider")

    def text(self, body: str = "Maya is on her way.") -> OutgoingMessage:
        return OutgoingMessage(self.from_e164, self.to_e164, body)

    def test_a_provider_has_a_name_that_fits_into_a_column(self, provider: Provider) -> None:
        assert provider.name
        assert provider.name == provider.name.strip().lower()
        assert len(provider.name) <= 32

    def test_a_plain_text_is_accepted_with_an_id(self, provider: Provider) -> None:
        outcome = provider.send(self.text())
        assert isinstance(outcome, Accepted)
        assert outcome.provider_message_id
        assert outcome.status

    def test_the_same_text_twice_is_two_messages(self, provider: Provider) -> None:
        assert len({self.taken(provider) for _ in range(2)}) == 2

    def test_ids_are_unique_over_many_texts(self, provider: Provider) -> None:
        assert len({self.taken(provider, f"Visit {at}") for at in range(20)}) == 20

    @pytest.mark.parametrize(
        "body",
        [
            "a",
            "Grüße an Zoë und Œdipus",
            "\N{DOG FACE} walked \N{HEAVY CHECK MARK}",
            "two\nlines & a=b; 100% +1",
            "x" * 1600,
        ],
    )
    def test_any_ordinary_body_is_accepted(self, provider: Provider, body: str) -> None:
        assert isinstance(provider.send(self.text(body)), Accepted)

    @pytest.mark.parametrize(
        ("to_e164", "body"),
        [
            ("", "no recipient"),
            ("not a phone", "a recipient that is none"),
            ("+1", "a recipient too short"),
            (None, ""),
            (None, "\x00"),
            (None, "\ud800 a lone surrogate"),
            (None, "x" * 20_000),
        ],
    )
    def test_whatever_it_is_given_it_answers_with_an_outcome_and_never_raises(
        self, provider: Provider, to_e164: str | None, body: str
    ) -> None:
        to = self.to_e164 if to_e164 is None else to_e164
        assert isinstance(provider.send(OutgoingMessage(self.from_e164, to, body)), OUTCOMES)

    # --- pictures --------------------------------------------------------------------------

    PICTURE = OutgoingMedia(
        "image/jpeg", "a" * 64, "https://texts.example.com/media/t/picture-1.jpg"
    )
    LINKED = OutgoingMedia(None, None, "https://example.com/rex.png")

    @pytest.mark.parametrize("body", ["Rex today", ""])
    def test_pictures_are_accepted_with_words_and_without(
        self, provider: Provider, body: str
    ) -> None:
        text = replace(self.text(body), media=(self.PICTURE, self.LINKED))
        outcome = provider.send(text)
        assert isinstance(outcome, Accepted)
        [listed] = self.found(provider)
        fetched = provider.fetch(outcome.provider_message_id)
        assert fetched is not None
        for each in (listed, fetched):
            assert (each.body, each.media_count) == (body, 2)

    def test_a_text_has_no_pictures(self, provider: Provider) -> None:
        self.taken(provider)
        assert [text.media_count for text in self.found(provider)] == [0]

    def test_more_than_ten_pictures_are_refused(self, provider: Provider) -> None:
        ten = replace(self.text(), media=(self.LINKED,) * MOST_MEDIA)
        assert isinstance(provider.send(ten), Accepted)
        outcome = provider.send(replace(ten, media=(self.LINKED,) * (MOST_MEDIA + 1)))
        assert isinstance(outcome, Rejected)
        assert (outcome.code, outcome.rejection_class) == ("21623", RejectionClass.CONTENT)

    # --- looking up ------------------------------------------------------------------------

    def taken(self, provider: Provider, body: str = "Maya is on her way.") -> str:
        """The id of a message the provider took."""
        outcome = provider.send(self.text(body))
        assert isinstance(outcome, Accepted)
        return outcome.provider_message_id

    def found(
        self, provider: Provider, *, since: datetime | None = None, to_e164: str | None = None
    ) -> list[ProviderMessage]:
        an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
        return [
            *provider.find(
                from_e164=self.from_e164,
                to_e164=to_e164 or self.to_e164,
                since=an_hour_ago if since is None else since,
            )
        ]

    def test_find_sees_a_text_as_soon_as_it_is_taken(self, provider: Provider) -> None:
        before = datetime.now(UTC).replace(microsecond=0)
        sid = self.taken(provider, "Grüße an Zoë \N{DOG FACE}\n")
        [text] = self.found(provider)
        assert text.provider_message_id == sid
        assert (text.from_e164, text.to_e164) == (self.from_e164, self.to_e164)
        assert text.body == "Grüße an Zoë \N{DOG FACE}\n"
        assert before <= text.created_at <= datetime.now(UTC)
        assert text.created_at.utcoffset() == timedelta(0)
        assert (text.code, text.rejection_class) == (None, None)

    def test_find_gives_every_text_once_however_often_it_was_sent(self, provider: Provider) -> None:
        sids = {self.taken(provider, "the same") for _ in range(5)}
        found = self.found(provider)
        assert sorted(sids) == sorted(text.provider_message_id for text in found)
        assert {text.body for text in found} == {"the same"}

    def test_find_looks_at_one_pair_of_numbers_only(self, provider: Provider) -> None:
        sid = self.taken(provider)
        for pair in (
            (self.other_from_e164, self.to_e164),
            (self.from_e164, self.other_to_e164),
        ):
            assert isinstance(provider.send(OutgoingMessage(*pair, "another")), Accepted)
        assert [text.provider_message_id for text in self.found(provider)] == [sid]

    def test_find_leaves_out_what_was_taken_before_since(self, provider: Provider) -> None:
        self.taken(provider)
        assert self.found(provider, since=datetime.now(UTC) + timedelta(seconds=2)) == []

    def test_find_keeps_a_text_of_the_very_moment_of_since(self, provider: Provider) -> None:
        """A provider that tells whole seconds must not lose a message claimed half a second on"""
        since = datetime.now(UTC)
        sid = self.taken(provider)
        assert [text.provider_message_id for text in self.found(provider, since=since)] == [sid]

    def test_find_finds_nothing_where_nothing_was_sent(self, provider: Provider) -> None:
        self.taken(provider)
        assert self.found(provider, to_e164=self.other_to_e164) == []

    def test_a_text_can_be_fetched_until_it_is_delivered(self, provider: Provider) -> None:
        sid = self.taken(provider, "a visit")
        seen = [provider.fetch(sid) for _ in range(4)]
        assert all(text is not None and text.provider_message_id == sid for text in seen)
        assert seen[-1] is not None
        assert (seen[-1].body, seen[-1].delivery) == ("a visit", Delivery.DELIVERED)

    def test_the_bills_of_a_day_have_each_message_once(self, provider: Provider) -> None:
        assert isinstance(provider, Billing)
        before = datetime.now(UTC).date()
        sids = [self.taken(provider, body) for body in ("a visit", "x" * 161)]
        days = {before, datetime.now(UTC).date()}
        bills = [bill for day in days for bill in provider.bills(day)]
        assert sorted(bill.provider_message_id for bill in bills) == sorted(sids)
        segments = {bill.provider_message_id: bill.segments for bill in bills}
        assert [segments[sid] for sid in sids] == [1, 2]
        for bill in bills:
            assert bill.price is None or (bill.price.micros >= 0 and len(bill.price.currency) == 3)
        assert list(provider.bills(before - timedelta(days=9))) == []

    def test_a_number_that_is_offered_is_bought_and_given_back(self, provider: Provider) -> None:
        assert isinstance(provider, SellsNumbers)
        market = provider.market
        offers = market.offers(Wanted("US", area="415"), limit=2)
        assert [each.number[:5] for each in offers] == ["+1415"] * 2
        assert all(each.monthly is not None and each.monthly.micros >= 0 for each in offers)
        bought = market.buy(offers[0].number)
        assert isinstance(bought, Done)
        assert bought.provider_number_id
        assert market.owned(offers[0].number) == bought.provider_number_id
        assert isinstance(market.buy("no number"), NotDone)
        for _ in range(2):
            assert isinstance(market.give_back(bought.provider_number_id), Done)

    @pytest.mark.parametrize(
        "sid", ["SM" + "f" * 32, "SB" + "f" * 32, "", "nonsense", "../..", "a b?c#d%00", "\ud800"]
    )
    def test_a_text_the_provider_never_had_is_none(self, provider: Provider, sid: str) -> None:
        assert provider.fetch(sid) is None

    def test_its_numbers_are_e164_or_it_keeps_no_list(self, provider: Provider) -> None:
        numbers = provider.numbers()
        assert numbers is None or self.from_e164 in [number.e164 for number in numbers]

    def test_threads_share_it_and_each_gets_the_answer_to_its_own_question(
        self, provider: Provider
    ) -> None:
        bodies = [f"Visit {at}" for at in range(48)]
        with ThreadPoolExecutor(8) as threads:
            sids = [*threads.map(lambda body: self.taken(provider, body), bodies)]
            fetched = [*threads.map(provider.fetch, sids)]
        assert [text.body for text in fetched if text] == bodies
        assert len(self.found(provider)) == len(bodies)

    @pytest.mark.parametrize("phone", ["", "+", "not a phone", "+1415555010\n1", "\ud800", "\0"])
    def test_whatever_is_looked_for_nothing_but_the_two_errors_is_raised(
        self, provider: Provider, phone: str
    ) -> None:
        for from_e164, to_e164 in ((phone, self.to_e164), (self.from_e164, phone)):
            with suppress(ProviderUnavailable, ProviderAccount):
                assert [
                    *provider.find(from_e164=from_e164, to_e164=to_e164, since=datetime.now(UTC))
                ] == []

    def test_a_message_that_is_not_there_has_no_files(self, provider: Provider) -> None:
        with suppress(MediaGone):
            assert list(provider.media_of("MM" + "9" * 32)) == []
        with pytest.raises(MediaGone):
            provider.fetch_media("MM" + "9" * 32, "ME" + "9" * 32, most=1000)
        provider.delete_media("MM" + "9" * 32)

    def test_a_call_that_does_not_exist_is_none_and_has_no_voicemail(
        self, provider: Provider
    ) -> None:
        call = "CA" + "9" * 32
        assert isinstance(provider, HasCallLog)
        assert provider.calls.call(call) is None
        assert list(provider.calls.rung(call)) == []
        assert list(provider.calls.voicemails(call)) == []
        with suppress(MediaGone):
            assert list(provider.media_of(call)) == []
        provider.delete_media(call)
