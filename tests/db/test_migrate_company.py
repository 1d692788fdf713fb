"""The move to 0008: no country, and no calendar feed."""

from functools import partial

from tests.support.filled_revisions import fill
from tests.support.migration_support import rows, upgrade
from tests.support.postgres import Copies

BEFORE = "0007_voices"
HERE = "0008_company"


def test_settings_begin_as_they_were(database_copies: Copies) -> None:
    url = database_copies("filled 0007", partial(fill, revision=BEFORE))
    upgrade(url, HERE)
    assert rows(url, "SELECT DISTINCT country FROM org") == [(None,)]
    assert rows(url, "SELECT DISTINCT feed FROM booking") == [(None,)]
