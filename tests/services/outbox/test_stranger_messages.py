"""A person's answer to somebody who is no client."""

from datetime import timedelta

import pytest

from tests.support.fixtures import NOW, Cli, working
from tests.support.incoming import STRANGER, answer, carried, comes, refused, rows, waiting
from tests.support.texting import DESK, MAYA, POOL, people_and_visit, show

MINUTE = timedelta(minutes=1)


@pytest.fixture
def ready(cli: Cli) -> Cli:
    people_and_visit(cli)
    return cli


def test_a_stranger_is_answered_from_the_number_they_wrote_to(
    ready: Cli, migrated_url: str
) -> None:
    comes(ready, "Do you sit cats?", sender=STRANGER, to=MAYA)
    said = answer(ready, 1, body="We do").json
    assert (said["from"], said["to"], said["status"]) == (MAYA, "+1********99", "sent")
    assert said["decision"]["trace"][0]["code"] == "SAME_NUMBER"
    assert carried(migrated_url) == [(MAYA, STRANGER, "We do")]
    assert waiting(ready) == []
    assert rows(migrated_url, "SELECT kind, about_id, sitter_id FROM relay") == [
        ("answer", 1, None)
    ]
    again = answer(ready, 1, "--again", "--key", "k", body="Also dogs").json["message"]
    assert answer(ready, 1, "--key", "k", body="Also dogs").json["message"] == again
    refused(answer(ready, 1, "--key", "k", body="No"), "key_reused")
    assert ready("doctor", "--findings", "-o", "json").json == []


def test_no_other_number_ever_answers_a_stranger(ready: Cli, migrated_url: str) -> None:
    comes(ready, sender=STRANGER, to=POOL)
    ready("number", "quarantine", POOL, "--reason", "complaints")
    why = refused(answer(ready, 1), "no_number")
    assert "petmsg inbox assign 1 CLIENT" in why
    assert (carried(migrated_url), waiting(ready)) == ([], [1])


def test_a_strangers_opt_out_holds(ready: Cli, migrated_url: str) -> None:
    comes(ready, sender=STRANGER, to=DESK)
    comes(ready, "STOP", sender=STRANGER, to=DESK)
    refused(answer(ready, 1), "opted_out")
    assert carried(migrated_url) == []


def test_what_is_no_persons_phone_is_not_answered(ready: Cli, migrated_url: str) -> None:
    comes(ready, sender=STRANGER, to=DESK)
    ready("client", "phone", "add", "C-2", STRANGER)
    why = refused(answer(ready, 1), "cannot_be_answered")
    assert "petmsg inbox assign 1 C-2" in why
    with working(migrated_url) as uow:
        uow.cursor.run("UPDATE message SET from_e164 = '72975' WHERE id = 1")
    refused(answer(ready, 1), "cannot_be_answered")
    with working(migrated_url) as uow:
        uow.cursor.run(f"UPDATE message SET from_e164 = '{MAYA}' WHERE id = 1")
    refused(answer(ready, 1), "cannot_be_answered")
    with working(migrated_url) as uow:
        uow.cursor.run("UPDATE message SET from_e164 = NULL WHERE id = 1")
    refused(answer(ready, 1), "nobody_to_answer")
    assert carried(migrated_url) == []


@pytest.mark.parametrize("number", [POOL, DESK, MAYA])
def test_the_answers_stay_with_the_history_of_a_stranger_who_becomes_a_client(
    ready: Cli, migrated_url: str, number: str
) -> None:
    comes(ready, "Do you sit cats?", sender=STRANGER, to=number)
    answer(ready, 1, body="We do", now=NOW + MINUTE)
    comes(ready, "And dogs?", sender=STRANGER, to=number, now=NOW + 2 * MINUTE)
    answer(ready, 3, "--queue-only", body="Also dogs", now=NOW + 3 * MINUTE)
    at = NOW + 4 * MINUTE
    ready("client", "add", "Zoe", "--phone", "+13035550101", "--ref", "Z-1", now=at)
    assert ready("inbox", "assign", "1", "Z-1", "-o", "json", now=at).json["messages"] == [1, 3]
    thread = ready("thread", "show", "Z-1", "-o", "json", now=at).json
    assert [row["body"] for row in thread["messages"]] == [
        "Do you sit cats?",
        "We do",
        "And dogs?",
        "Also dogs",
    ]
    assert [row["number"] for row in thread["numbers_seen"]] == [number]
    assert ready("doctor", "--findings", "-o", "json", now=at).json == []
    decision = ready("route", "explain", "Z-1", "-o", "json", now=at).json
    if number == POOL:
        assert decision["trace"][-1]["code"] == "POOL_STICKY"
    ready("message", "dispatch", now=at)
    assert show(ready, 4)["status"] in ("held", "sent")
    assert ready("audit", "verify").code == 0
