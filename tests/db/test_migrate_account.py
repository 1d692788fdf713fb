"""The move to 0009: no account, prices or purchases yet."""

from functools import partial

from tests.support.filled_revisions import fill
from tests.support.migration_support import rows, upgrade
from tests.support.postgres import Copies

BEFORE = "0008_company"
HERE = "0009_account"


def test_settings_begin_as_they_were(database_copies: Copies) -> None:
    url = database_copies("filled 0008", partial(fill, revision=BEFORE))
    upgrade(url, HERE)
    assert rows(url, "SELECT DISTINCT twilio_account FROM org") == [(None,)]
    assert rows(url, "SELECT DISTINCT price_micros, price_currency FROM message") == [(None, None)]
    assert rows(
        url,
        "SELECT DISTINCT provider_number_id, messaging_service, voice FROM message_number",
    ) == [(None, None, None)]
    assert rows(url, "SELECT DISTINCT provider, account FROM pull_mark") == [("twilio", "")]
