"""A provider's error codes are found by the registry, whoever asks."""

from collections import Counter
from importlib import import_module

import pytest

from petmsg.providers import sandbox
from petmsg.providers.base import (
    MOST_MEDIA,
    OutgoingMedia,
    OutgoingMessage,
    Rejected,
    RejectionClass,
)
from petmsg.providers.error_codes import OutcomeCertainty, Scope
from petmsg.providers.registry import PROVIDERS, error_codes, look_up_code
from petmsg.providers.rejection_help import LOCAL_CODES
from petmsg.providers.twilio_errors import ERROR_CODES

OURS, THEIRS = "+14155550100", "+14155550171"


@pytest.mark.parametrize("code", ERROR_CODES)
def test_each_code_of_twilio_is_found_with_its_row(code: str) -> None:
    assert look_up_code(code) is ERROR_CODES[code]


def test_what_the_sandbox_rejects_has_a_code_of_its_class() -> None:
    """The sandbox answers with Twilio's codes, so it has no table of its own."""
    pictures = (OutgoingMedia("image/png"),) * (MOST_MEDIA + 1)
    refused = [
        sandbox._refused(text)
        for text in (
            OutgoingMessage("1", THEIRS, "hello"),
            OutgoingMessage(OURS, "1", "hello"),
            OutgoingMessage(OURS, THEIRS, " "),
            OutgoingMessage(OURS, THEIRS, "a" * 1_601),
            OutgoingMessage(OURS, THEIRS, "hello", media=pictures),
        )
    ]
    for outcome in refused:
        assert isinstance(outcome, Rejected)
        row = look_up_code(outcome.code)
        assert row is ERROR_CODES[outcome.code]
        assert row.certainty is OutcomeCertainty.REFUSED
        assert row.rejection_class is outcome.rejection_class
    assert len({outcome.code for outcome in refused if outcome is not None}) == len(refused)


@pytest.mark.parametrize(
    ("code", "meaning"),
    [("65001", "Unknown code."), ("503", "Unknown code."), ("none", ""), ("busy", "")],
)
def test_a_code_that_no_provider_has_is_a_refusal_without_effects(code: str, meaning: str) -> None:
    row = look_up_code(code)
    assert (row.code, row.meaning, row.to_do) == (code, meaning, "")
    assert (row.rejection_class, row.scope) == (RejectionClass.OTHER, Scope.ACCOUNT)


def test_no_two_providers_share_a_code() -> None:
    """A message stores a code without its provider; petmsg's own codes are in the same column."""
    tables = [
        import_module(provider.error_codes).ERROR_CODES
        for provider in PROVIDERS.values()
        if provider.error_codes is not None
    ]
    counts = Counter(code for table in (*tables, LOCAL_CODES) for code in table)
    assert [code for code, count in counts.items() if count > 1] == []
    assert sum(map(len, tables)) == len(error_codes())
