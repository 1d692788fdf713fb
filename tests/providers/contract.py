"""What petmsg relies on in every adapter. One class of tests, run once per adapter."""

import pytest

from petmsg.providers.base import Accepted, OutgoingText, Provider, Rejected, RetryLater, Unknown

OUTCOMES = (Accepted, Rejected, RetryLater, Unknown)


class ProviderContract:
    """Mix into a test class that has a fixture `provider` and two numbers that work.

    The class is not collected by itself: its name does not begin with `Test`.
    """

    from_e164: str
    to_e164: str

    @pytest.fixture
    def provider(self) -> Provider:
        raise NotImplementedError("the class under test supplies its provider")

    def text(self, body: str = "Maya is on her way.") -> OutgoingText:
        return OutgoingText(self.from_e164, self.to_e164, body)

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
        outcomes = [provider.send(self.text()) for _ in range(2)]
        assert all(isinstance(outcome, Accepted) for outcome in outcomes)
        assert len({outcome.provider_message_id for outcome in outcomes}) == 2

    def test_ids_are_unique_over_many_texts(self, provider: Provider) -> None:
        outcomes = [provider.send(self.text(f"Visit {at}")) for at in range(20)]
        assert len({outcome.provider_message_id for outcome in outcomes}) == 20

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
        assert isinstance(provider.send(OutgoingText(self.from_e164, to, body)), OUTCOMES)
