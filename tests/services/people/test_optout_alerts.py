"""The alerts about an opt-out end with it."""

from datetime import timedelta

import pytest

from petmsg.services.people.optout_messages import record_provider_opt_out
from tests.support.fixtures import NOW, Cli, working
from tests.support.on_twilio import alerts
from tests.support.opt_outs import DESK, number_id

ANN, ANN_TOO, MAYA = "+14155551001", "+14155551002", "+14155550141"
LATER = NOW + timedelta(hours=1)


def company(cli: Cli) -> None:
    """C-1 has two phones, S-1 is active."""
    for line in (
        ("client", "add", "Ann", "--ref", "C-1", "--phone", ANN, "--phone", ANN_TOO),
        ("sitter", "add", "Maya", "--ref", "S-1", "--phone", MAYA),
    ):
        ran = cli(*line)
        assert ran.code == 0, ran.err


def says(cli: Cli, phone: str, word: str, *, later: bool = False) -> None:
    line = ("message", "receive", "--from", phone, "--to", DESK, "--body", word)
    assert cli(*line, now=LATER if later else NOW).code == 0


@pytest.mark.parametrize(
    ("phone", "word", "who", "kind"),
    [
        (ANN, "CANCEL", "C-1", "opt_out_word"),
        (MAYA, "CANCEL", "S-1", "opt_out_word"),
        (MAYA, "STOP", "S-1", "sitter_opted_out"),
    ],
)
def test_the_command_that_ends_the_opt_out_ends_its_alert(
    cli: Cli, phone: str, word: str, who: str, kind: str
) -> None:
    company(cli)
    says(cli, phone, word)
    assert alerts(cli) == [(kind, who, 1)]
    dry = cli("optout", "remove", who, "--reason", "asked", "--dry-run", now=LATER)
    assert (dry.code, alerts(cli)) == (0, [(kind, who, 1)])
    assert cli("optout", "remove", who, "--reason", "asked", now=LATER).code == 0
    assert alerts(cli) == []


def test_start_ends_it_too(sqlite_cli: Cli) -> None:
    company(sqlite_cli)
    says(sqlite_cli, MAYA, "STOP")
    says(sqlite_cli, MAYA, "START", later=True)
    assert alerts(sqlite_cli) == []


def test_after_start_a_person_still_has_to_read_the_word_that_may_mean_a_visit(
    sqlite_cli: Cli,
) -> None:
    company(sqlite_cli)
    says(sqlite_cli, ANN, "CANCEL")
    says(sqlite_cli, ANN, "START", later=True)
    assert alerts(sqlite_cli) == [("opt_out_word", "C-1", 1)]


def test_it_stays_while_another_phone_of_the_client_is_opted_out(
    sqlite_cli: Cli, migrated_sqlite: str
) -> None:
    company(sqlite_cli)
    with working(migrated_sqlite) as uow:
        record_provider_opt_out(
            uow,
            client_ref="C-1",
            to_e164=ANN,
            number_id=number_id(uow.cursor, DESK),
            number=DESK,
            claimed_at=NOW,
            code="21610",
        )
    says(sqlite_cli, ANN_TOO, "STOP")
    says(sqlite_cli, ANN, "START", later=True)
    assert alerts(sqlite_cli) == [("client_opted_out", "C-1", 1)]
    says(sqlite_cli, ANN_TOO, "START", later=True)
    assert alerts(sqlite_cli) == []
