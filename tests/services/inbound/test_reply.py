"""petmsg inbox reply: an answer is queued, and its message claimed and closed, in one step."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from petmsg.errors import PetmsgError
from petmsg.services import inbox
from petmsg.services.inbound.reply import reply
from petmsg.services.outbox.preview import SendOptions
from petmsg.services.routes import override
from petmsg.services.unit_of_work import UnitOfWork
from tests.support.fixtures import NOW, Cli, working
from tests.support.incoming import (
    BOB,
    MAYAS_PHONE,
    STRANGER,
    answer,
    carried,
    comes,
    refused,
    rows,
    waiting,
)
from tests.support.texting import (
    ANN,
    DESK,
    MAYA,
    POOL,
    events,
    people_and_visit,
    send,
    show,
)

MINUTE = timedelta(minutes=1)


@pytest.fixture
def ready(cli: Cli) -> Cli:
    people_and_visit(cli)
    return cli


# ------------------------------------------------------------------------------------- a client


def test_one_step_claims_answers_and_closes(ready: Cli, migrated_url: str) -> None:
    comes(ready, to=POOL)
    ran = answer(ready, 1, "--actor", "eva")
    assert ran.code == 0, ran.err
    said = ran.json
    assert (said["message"], said["status"], said["reply_to"]) == (2, "sent", 1)
    assert (said["from"], said["to"]) == (POOL, "+1********01")
    assert said["decision"]["trace"][0]["code"] == "REPLY_FROM_SAME_NUMBER"
    item = ready("inbox", "show", "1", "-o", "json").json
    assert (item["claimed_by"], item["done_by"]) == ("eva", "eva")
    assert item["done_reason"] == "answered with message 2"
    assert waiting(ready) == []
    assert events(ready, 1) == ["message.received", "inbox.claimed", "inbox.done"]
    assert events(ready, 2) == ["message.queued", "message.sent"]
    assert carried(migrated_url) == [(POOL, ANN, "He is")]
    assert rows(migrated_url, "SELECT voice FROM message WHERE id = 2") == [("reply",)]
    sources = rows(migrated_url, "SELECT message_id, reply_to_id FROM message_source")
    assert sources == [(2, 1)]


def test_an_answer_to_a_sitters_number_is_routed_as_any_message(ready: Cli) -> None:
    comes(ready, to=MAYA)
    decision = answer(ready, 1).json["decision"]
    assert decision["number"]["e164"] == MAYA
    assert [step["step"] for step in decision["trace"]] == [1]


def test_the_same_key_answers_once(ready: Cli, migrated_url: str) -> None:
    comes(ready, to=DESK)
    first = answer(ready, 1, "--key", "k").json
    history = events(ready, 1)
    again = answer(ready, 1, "--key", "k", "--actor", "tom")
    assert (again.code, again.json["message"]) == (0, first["message"])
    assert events(ready, 1) == history
    assert len(carried(migrated_url)) == 1
    refused(answer(ready, 1, "--key", "k", body="Other words"), "key_reused")
    other = comes(ready, to=DESK)["message"]
    refused(answer(ready, other, "--key", "k"), "key_reused")
    assert waiting(ready) == [other]


def test_without_a_key_a_message_that_is_done_is_not_answered_twice(ready: Cli) -> None:
    comes(ready, to=DESK)
    assert answer(ready, 1, "--actor", "eva").code == 0
    why = refused(answer(ready, 1, "--actor", "tom"), "not_in_the_inbox")
    assert "eva already marked message 1 as done" in why
    assert "petmsg inbox reply 1 --again" in why
    assert len(ready("message", "list", "-o", "json").json) == 2
    again = answer(ready, 1, "--again", "--actor", "tom", body="One more thing").json
    assert (again["reply_to"], again["status"]) == (1, "sent")
    assert ready("inbox", "show", "1", "-o", "json").json["done_by"] == "eva"


def test_what_somebody_else_claimed_is_theirs_unless_it_is_taken_over(
    ready: Cli, migrated_url: str
) -> None:
    comes(ready, to=DESK)
    ready("inbox", "claim", "1", "--actor", "eva")
    why = refused(answer(ready, 1, "--actor", "tom"), "claimed_by_somebody_else")
    assert "petmsg inbox reply 1 --take-over --body …" in why
    assert carried(migrated_url) == []
    assert len(ready("message", "list", "-o", "json").json) == 1
    assert answer(ready, 1, "--take-over", "--actor", "tom").code == 0
    assert events(ready, 1)[1:] == ["inbox.claimed", "inbox.claimed", "inbox.done"]
    mine = comes(ready, to=DESK)["message"]
    ready("inbox", "claim", str(mine), "--actor", "eva")
    assert answer(ready, mine, "--actor", "eva").code == 0


def test_what_its_sitter_may_still_answer_has_to_be_taken_over(ready: Cli) -> None:
    ready("org", "set", "--relay", "on")
    comes(ready)
    ready("message", "dispatch")
    why = refused(answer(ready, 1), "with_the_sitter")
    assert "sitter S-1, who may still answer it" in why
    assert answer(ready, 1, "--take-over").code == 0
    late = comes(ready, now=NOW + MINUTE)["message"]
    ready("message", "dispatch", now=NOW + MINUTE)
    assert answer(ready, late, now=NOW + 16 * MINUTE).code == 0
    assert waiting(ready, now=NOW + 17 * MINUTE) == []


def test_what_its_sitter_answered_waits_for_nobody(ready: Cli) -> None:
    ready("org", "set", "--relay", "on")
    comes(ready)
    ready("message", "dispatch")
    comes(ready, "He is", sender=MAYAS_PHONE, now=NOW + MINUTE)
    ready("message", "dispatch", now=NOW + MINUTE)
    ready("message", "sync", now=NOW + 2 * MINUTE)
    why = refused(answer(ready, 1, now=NOW + 3 * MINUTE), "not_in_the_inbox")
    assert "The client of message 1 was answered after it came" in why
    assert answer(ready, 1, "--again", now=NOW + 3 * MINUTE).code == 0


def test_a_dry_run_and_a_wrong_id_change_nothing(ready: Cli) -> None:
    comes(ready, to=DESK)
    sent = send(ready).json["message"]
    assert answer(ready, 1, "--dry-run").json["status"] == "sending"
    assert waiting(ready) == [1]
    refused(answer(ready, sent), "message_not_found", 3)
    refused(answer(ready, 99), "message_not_found", 3)
    assert ready("inbox", "reply", "1").code == 2
    assert len(ready("message", "list", "-o", "json").json) == 2


def test_an_opt_out_holds_and_the_message_waits_on(ready: Cli) -> None:
    comes(ready, to=DESK)
    ready("optout", "add", "C-1", "--reason", "she said so")
    refused(answer(ready, 1), "opted_out")
    assert waiting(ready) == [1]
    assert ready("inbox", "show", "1", "-o", "json").json["claimed_by"] is None


def test_it_is_read_from_stdin_and_only_queued_if_asked(ready: Cli) -> None:
    comes(ready, to=DESK)
    ran = ready(
        "inbox", "reply", "1", "--body", "-", "--queue-only", "-o", "json", stdin="From stdin\n"
    )
    assert (ran.json["status"], ran.json["decision"]) == ("queued", None), ran.err
    assert waiting(ready) == []
    ready("message", "dispatch")
    assert show(ready, 2)["from"] == DESK
    assert show(ready, 2)["body"] == "From stdin"


# -------------------------------------------------------------------------------------- sitters


def test_a_sitter_is_answered_on_their_own_phone_and_no_client_reads_it(
    ready: Cli, migrated_url: str
) -> None:
    comes(ready, "I am ill", sender=MAYAS_PHONE, to=DESK)
    said = answer(ready, 1, body="Get well").json
    assert (said["from"], said["reply_to"]) == (MAYA, 1)
    assert carried(migrated_url) == [(MAYA, MAYAS_PHONE, "Get well")]
    assert waiting(ready) == []
    assert ready("thread", "show", "C-1", "-o", "json").json["messages"] == []
    assert rows(migrated_url, "SELECT kind, about_id FROM relay") == [("staff", 1)]
    assert rows(migrated_url, "SELECT message_id, reply_to_id FROM message_source") == [(2, 1)]


def test_a_sitter_without_a_usable_number_is_answered_by_the_desk(
    ready: Cli, migrated_url: str
) -> None:
    comes(ready, "I am ill", sender=MAYAS_PHONE, to=DESK)
    ready("number", "quarantine", MAYA, "--reason", "complaints")
    assert answer(ready, 1, body="Get well").code == 0
    assert carried(migrated_url) == [(DESK, MAYAS_PHONE, "Get well")]


def test_a_template_answers_clients_only(ready: Cli, migrated_url: str) -> None:
    words = "Hi {client.first_name}, {sitter.name} is with your pet. {note}"
    assert ready("template", "add", "fine", "--body", words).code == 0
    comes(ready, to=DESK)
    comes(ready, sender=STRANGER, to=DESK)
    use = ("--template", "fine", "--var", "note=All well.", "-o", "json")
    ran = ready("inbox", "reply", "1", *use)
    assert ran.code == 0, ran.err
    assert carried(migrated_url) == [(DESK, ANN, "Hi Ann, Maya Lee is with your pet. All well.")]
    (source,) = rows(migrated_url, "SELECT reply_to_id, template_version_id FROM message_source")
    assert source[0] == 1
    assert source[1] is not None
    refused(ready("inbox", "reply", "2", *use), "template_for_clients")
    assert ready("inbox", "reply", "2", "--var", "note=x").code == 2
    assert waiting(ready) == [2]


# ----------------------------------------------------------------------------------- both at once


def _override(uow: UnitOfWork, place: int) -> None:
    """Start or end the override of C-1."""
    if place % 2:
        override.end(uow, "C-1", reason="settled")
    else:
        until = uow.now + timedelta(hours=place)
        override.start(uow, "C-1", until=until, reason="a complaint")


def test_of_many_who_answer_at_once_one_does(ready: Cli, migrated_url: str) -> None:
    comes(ready, to=DESK)
    comes(ready, sender=BOB, to=DESK)

    def act(place: int) -> str:
        name = f"person-{place}"
        try:
            with working(migrated_url, actor=name) as uow:
                if place >= 12:
                    _override(uow, place)
                elif place % 4 == 0:
                    inbox.claim(uow, 1)
                elif place % 4 == 1:
                    inbox.done(uow, 2)
                else:
                    reply(uow, str(place % 2 + 1), body=f"From {name}", options=SendOptions())
        except PetmsgError as error:
            return error.code
        return "done"

    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(act, range(16)))
    assert results[12:] == ["done"] * 4
    assert set(results) <= {"done", "claimed_by_somebody_else", "not_in_the_inbox"}, results
    for message in (1, 2):
        history = events(ready, message)
        assert history.count("inbox.done") <= 1
        answers = rows(
            migrated_url, f"SELECT message_id FROM message_source WHERE reply_to_id = {message}"
        )
        item = ready("inbox", "show", str(message), "-o", "json").json
        assert len(answers) <= 1
        if answers:
            assert item["done_reason"] == f"answered with message {answers[0][0]}"
            assert item["claimed_by"] == item["done_by"]
    assert ready("message", "dispatch").code == 0
    assert all(number == DESK for number, *_ in carried(migrated_url))
    assert ready("doctor", "--findings", "-o", "json").json == []
    assert ready("audit", "verify").code == 0
