"""doctor --provider compares which numbers can send pictures with what petmsg has stored."""

from collections.abc import Sequence
from typing import Any

import pytest

from petmsg.errors import ProviderUnavailable
from petmsg.providers.base import ProviderNumber
from petmsg.services.doctor.check import CheckContext
from petmsg.services.doctor.number_checks import number_pictures
from tests.services.doctor.test_environment_checks import context, on_twilio
from tests.support.consistency import content, raw
from tests.support.fixtures import Cli
from tests.support.on_twilio import DESK, POOL, SPARE, company, keys
from tests.support.twilio_fake import TwilioFake

RECONCILE = "petmsg reconcile"


class Carrier:
    """A provider that says which of its numbers send pictures."""

    name = "twilio"

    def __init__(self, *said: tuple[str, bool | None], problem: Exception | None = None) -> None:
        self.said, self.problem, self.asked = said, problem, 0

    def numbers(self) -> Sequence[ProviderNumber]:
        self.asked += 1
        if self.problem is not None:
            raise self.problem
        return [ProviderNumber(e164, f"PN{e164}", sends=True, mms=mms) for e164, mms in self.said]


def asking(url: str, carrier: Any) -> CheckContext:
    return context(url, provider_of=lambda _: carrier)


def knows(url: str, mms: bool | None) -> None:
    with raw(url) as cursor:
        cursor.run("UPDATE message_number SET mms = :mms", mms=mms)


@pytest.mark.parametrize(
    ("known", "said", "command"),
    [
        (None, None, None),
        (True, None, None),
        (True, True, None),
        (None, True, RECONCILE),
        (None, False, RECONCILE),
        (True, False, RECONCILE),
        (False, True, RECONCILE),
        (False, False, f"petmsg number show {DESK}"),
        (False, None, f"petmsg number show {DESK}"),
    ],
)
def test_a_number_without_pictures_is_a_warning_and_news_too(
    migrated_url: str, known: bool | None, said: bool | None, command: str | None
) -> None:
    on_twilio(migrated_url)
    knows(migrated_url, known)
    before = content(migrated_url)
    found = list(number_pictures(asking(migrated_url, Carrier((DESK, said)))))
    assert [each.command for each in found] == ([] if command is None else [command])
    assert {each.result.value for each in found} <= {"warning"}
    assert content(migrated_url) == before


def test_a_number_that_the_account_does_not_have_is_left_to_reconcile(migrated_sqlite: str) -> None:
    on_twilio(migrated_sqlite)
    assert list(number_pictures(asking(migrated_sqlite, Carrier((POOL, False))))) == []


def test_a_provider_is_asked_once_for_both_checks(migrated_sqlite: str) -> None:
    on_twilio(migrated_sqlite)
    silent = Carrier(problem=ProviderUnavailable("silence."))
    whole = asking(migrated_sqlite, silent)
    with pytest.raises(ProviderUnavailable):
        list(number_pictures(whole))
    assert list(number_pictures(whole)) == []
    assert silent.asked == 1


def test_reconcile_stores_what_doctor_found(cli: Cli) -> None:
    with TwilioFake(numbers=[DESK, POOL, SPARE]) as fake:
        company(cli)

        def found() -> list[tuple[str, str, str]]:
            words = ("doctor", "--provider", "--check", "number_pictures", "-o", "json")
            ran = cli(*words, **keys(fake))
            assert ran.code == 0, ran.err
            assert sum("IncomingPhoneNumbers" in each.path for each in fake.requests) == 1
            fake.requests.clear()
            return [(row["result"], row["message"], row["command"]) for row in ran.json]

        words = (
            f"The provider says that {DESK} can send pictures, and petmsg has not stored that yet"
        )
        assert found() == [("warning", words, RECONCILE)]
        cli(*RECONCILE.split()[1:], **keys(fake))
        fake.requests.clear()
        assert [result for result, _, _ in found()] == ["ok"]
