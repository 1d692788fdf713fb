"""petmsg client forget: what is erased, what stays, and the opt-outs."""

import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from petmsg.db import migrate
from petmsg.enums.messages import AttemptStatus, Direction, MessageStatus
from petmsg.enums.opt_outs import OptOutSource
from petmsg.enums.routing import Rule
from petmsg.models import Message, MessageAttempt, SandboxMessage, metadata
from petmsg.phone import phone_key
from petmsg.queries.lookup import find_client
from petmsg.queries.org import find_org
from petmsg.queries.send_blocks import opted_out
from petmsg.services.outbox import queue as message
from petmsg.services.outbox.not_sent import hold_for_review
from petmsg.services.people import optout, optout_messages, undeliverable_phones
from petmsg.services.unit_of_work import UnitOfWork
from tests.cli.commands.test_client import ANN, FORGET, events, refused, show
from tests.support.consistency import problems, raw
from tests.support.fixtures import NOW, Cli, Ran, add_org, looking, run_cli, working
from tests.support.incoming import MAYAS_PHONE, comes, relayed
from tests.support.queueing import alerts
from tests.support.texting import people, visit


def text_ann(cli: Cli) -> Cli:
    """Ann with two phones, a booking, a message that was sent and one that waits."""
    cli(*ANN, "--phone", "+14155551002")
    cli("booking", "add", "--client", "C-1", "--ref", "B-1", "--start", "+1h", "--end", "+2h")
    cli("booking", "confirm", "B-1")
    assert cli("message", "send", "C-1", "--body", "Rex is well", "--key", "rex").code == 0
    assert cli("message", "send", "C-1", "--body", "Rex is fed", "--queue-only").code == 0
    return cli


@pytest.fixture
def texted(sqlite_cli: Cli) -> Cli:
    """`text_ann` on SQLite."""
    return text_ann(sqlite_cli)


def everything(url: str) -> str:
    """Every value of every table of the database, as one text."""
    with looking(url) as cursor:
        return "\n".join(
            repr(row)
            for table in metadata.tables
            for row in cursor.rows(f'SELECT * FROM "{table}"')
        )


def text_of_hers(uow: UnitOfWork, status: MessageStatus, **values: Any) -> int:
    """A message to C-1 as it stands after its first attempt, from the front desk."""
    client = find_client(uow.cursor, uow.org.id, "C-1")
    desk = uow.cursor.value("SELECT id FROM message_number WHERE e164 = '+14155550100'")
    thread = uow.cursor.value("SELECT id FROM thread WHERE client_id = :id", id=client.id)
    message = Message(
        org_id=uow.org.id,
        thread_id=thread,
        client_id=client.id,
        direction=Direction.OUTBOUND,
        status=status,
        body="Rex ate a shoe",
        from_e164="+14155550100",
        to_e164="+14155551001",
        number_id=desk,
        rule=Rule.FRONT_DESK,
        attempts=1,
        actor="test",
        created_at=NOW,
        claimed_at=NOW,
        send_at=NOW,
        **values,
    )
    uow.session.add(message)
    uow.session.flush()
    assert message.id is not None
    uow.session.add(
        MessageAttempt(
            org_id=uow.org.id,
            message_id=message.id,
            attempt=1,
            thread_id=thread,
            number_id=desk,
            rule=Rule.FRONT_DESK,
            status=AttemptStatus(status.value),
            code=values.get("error_code"),
            claimed_at=NOW,
        )
    )
    return message.id


def test_forgetting_erases_name_phones_and_bodies_everywhere(cli: Cli, migrated_url: str) -> None:
    text_ann(cli)
    personal = ("Ann Ivers", "+14155551001", "+14155551002", "Rex is well", "Rex is fed")
    before = everything(migrated_url)
    assert all(each in before for each in personal)
    ran = cli(*FORGET, "-o", "json")
    assert ran.code == 0, ran.err
    assert ran.json == {
        "client": "C-1",
        "phones": 2,
        "messages": 2,
        "cancelled": 1,
        "media": 0,
        "calls": 0,
        "reused": False,
    }
    after = everything(migrated_url)
    assert [each for each in personal if each in after] == []
    assert cli("audit", "verify").code == 0


def test_forgetting_keeps_thread_bookings_and_counts(texted: Cli) -> None:
    thread = show(texted)["thread"]
    texted(*FORGET)
    left = show(texted)
    assert (left["name"], left["phones"]) == (None, [])
    assert (left["thread"], left["bookings"], left["messages"]) == (thread, 1, 2)
    assert left["forgotten_at"] == "2026-02-14T15:00:00Z"
    for form in ("table", "tsv", "json"):
        assert texted("client", "list", "-o", form).code == 0
        assert texted("message", "list", "-o", form).code == 0
        assert texted("thread", "show", "C-1", "-o", form).code == 0


def test_the_audit_still_verifies_after_forgetting_and_says_why(texted: Cli) -> None:
    kept = events(texted)
    texted(*FORGET, "--actor", "dpo")
    assert texted("audit", "verify").code == 0
    assert events(texted)[: len(kept)] == kept
    last = events(texted)[-1]
    assert (last["event"], last["ref"], last["actor"], last["reason"]) == (
        "client.forgotten",
        "C-1",
        "dpo",
        "she asked",
    )
    assert last["payload"] == {"phones": 2, "messages": 2, "cancelled": 1}


def test_a_text_that_waited_is_never_sent_to_a_forgotten_client(texted: Cli) -> None:
    texted(*FORGET)
    ran = texted("message", "dispatch", "-o", "json")
    assert (ran.code, ran.json) == (0, [])
    assert texted("message", "send", "C-1", "--body", "hi").code == 4


def test_forgetting_again_changes_nothing(texted: Cli) -> None:
    texted(*FORGET)
    before = events(texted)
    again = texted(*FORGET, "-o", "json")
    assert (again.code, again.json["reused"]) == (0, True)
    assert events(texted) == before


def test_a_forgotten_client_is_found_by_their_ref_only(sqlite_cli: Cli) -> None:
    sqlite_cli(*ANN)
    sqlite_cli(*FORGET)
    assert sqlite_cli("client", "show", "Ann Ivers").code == 3
    assert sqlite_cli("client", "show", "+14155551001").code == 3
    assert sqlite_cli("client", "show", "C-1").code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ANN,
        ("client", "set", "C-1", "--name", "Ann"),
        ("client", "phone", "add", "C-1", "+14155551001"),
    ],
    ids=["add", "set", "phone add"],
)
def test_a_forgotten_client_does_not_come_back(sqlite_cli: Cli, arguments: tuple[str, ...]) -> None:
    sqlite_cli(*ANN)
    sqlite_cli(*FORGET)
    refused(sqlite_cli(*arguments, "-o", "json"), "client_forgotten")


def test_the_phone_of_a_forgotten_client_can_begin_anew(sqlite_cli: Cli) -> None:
    sqlite_cli(*ANN)
    sqlite_cli(*FORGET)
    anew = sqlite_cli("client", "add", "Ann Ivers", "--phone", "+14155551001", "-o", "json")
    assert (anew.code, anew.json["client"]) == (0, "C-2")


def test_forgetting_in_one_org_leaves_the_texts_of_another(cli: Cli, migrated_url: str) -> None:
    add_org(migrated_url, "cat-nappers", front_desk="+14155550900")
    for org in ("happy-paws", "cat-nappers"):
        cli(*ANN, "--org", org)
        assert cli("message", "send", "C-1", "--body", f"from {org}", "--org", org).code == 0
    assert cli(*FORGET, "--org", "happy-paws").code == 0
    after = everything(migrated_url)
    assert "from happy-paws" not in after
    with looking(migrated_url) as cursor:
        kept = cursor.rows("SELECT body, to_e164 FROM sandbox_text WHERE body IS NOT NULL")
    assert kept == [{"body": "from cat-nappers", "to_e164": "+14155551001"}]


def test_forgetting_reaches_a_text_whose_answer_was_lost(texted: Cli, migrated_sqlite: str) -> None:
    """The sandbox took it, but its id never arrived."""
    with working(migrated_sqlite) as uow:
        uow.session.add(
            SandboxMessage(
                provider_message_id="SB-lost",
                from_e164="+14155550100",
                to_e164="+14155551001",
                body="lost words",
                accepted_at=NOW,
            )
        )
    texted(*FORGET)
    assert "lost words" not in everything(migrated_sqlite)


def test_forgetting_erases_what_a_provider_said_about_their_phone(
    texted: Cli, migrated_sqlite: str
) -> None:
    with working(migrated_sqlite) as uow:
        client = find_client(uow.cursor, uow.org.id, "C-1")
        thread = uow.cursor.value("SELECT id FROM thread WHERE client_id = :id", id=client.id)
        uow.session.add(
            Message(
                org_id=uow.org.id,
                thread_id=thread,
                client_id=client.id,
                direction=Direction.OUTBOUND,
                status=MessageStatus.FAILED,
                body="x",
                to_e164="+14155551001",
                error_code="21211",
                error_message="The 'To' number +14155551001 is not valid.",
                actor="test",
                created_at=NOW,
            )
        )
    texted(*FORGET)
    assert "5551001" not in everything(migrated_sqlite)
    with looking(migrated_sqlite) as cursor:
        assert cursor.value("SELECT count(*) FROM message WHERE error_code = '21211'") == 1


def test_opt_outs_of_an_erased_client_remain_with_only_a_digest_of_the_phone(
    cli: Cli, migrated_url: str
) -> None:
    cli(*ANN, "--phone", "+14155551002")
    with working(migrated_url) as uow:
        optout.add(uow, "C-1", reason="asked on the phone")
    assert "+14155551001" in everything(migrated_url)
    assert cli(*FORGET).code == 0
    with looking(migrated_url) as cursor:
        rows = cursor.rows("SELECT phone_key, e164, reason, ended_at FROM opt_out ORDER BY id")
    assert rows == [
        {"phone_key": key, "e164": None, "reason": "asked on the phone", "ended_at": None}
        for key in (phone_key("happy-paws", f"+1415555100{last}") for last in "12")
    ]
    anew = ("client", "add", "Ann Ivers", "--phone", "+14155551002", "--ref", "C-2")
    assert cli(*anew).code == 0
    with looking(migrated_url) as cursor:
        org = find_org(cursor, None)
        assert list(opted_out(cursor, org, ["+14155551002"])) == ["+14155551002"]


def test_a_phone_that_a_client_no_longer_has_is_not_in_their_opt_outs(
    cli: Cli, migrated_url: str
) -> None:
    """It would remain, because nothing else links it to the client."""
    cli(*ANN, "--phone", "+14155551002")
    with working(migrated_url) as uow:
        optout.add(uow, "C-1", reason="asked")
    cli("client", "phone", "remove", "C-1", "+14155551002")
    cli(*FORGET)
    assert "5551002" not in everything(migrated_url)


def test_forgetting_leaves_the_opt_out_of_another_client(cli: Cli, migrated_url: str) -> None:
    cli(*ANN)
    cli("client", "add", "Bo", "--phone", "+14155551009", "--ref", "C-9")
    with working(migrated_url) as uow:
        optout.add(uow, "C-9", reason="asked")
    cli(*FORGET)
    with looking(migrated_url) as cursor:
        assert cursor.value("SELECT e164 FROM opt_out") == "+14155551009"


def test_nothing_of_the_client_is_left_in_any_table(cli: Cli, migrated_url: str) -> None:
    """A timezone, a phone that takes no messages, a blocked pair, attempts, opt-outs and alerts."""
    text_ann(cli)
    with working(migrated_url) as uow:
        client = find_client(uow.cursor, uow.org.id, "C-1")
        uow.cursor.run("UPDATE client SET timezone = 'Pacific/Honolulu'")
        text_of_hers(uow, MessageStatus.FAILED, error_code="21610", error_message="+14155551001")
        optout.opt_out(uow, client, phones=None, source=OptOutSource.PROVIDER, reason="reported")
        undeliverable_phones.mark_undeliverable(
            uow, client_ref="C-1", to_e164="+14155551001", code="30006"
        )
        optout_messages.block_pair(
            uow,
            number_id=1,
            number="+14155550100",
            to_e164="+14155551001",
            client_ref="C-1",
            code="30004",
        )
    personal = ("Ann Ivers", "5551001", "5551002", "Rex", "Honolulu")
    before = everything(migrated_url)
    assert [each for each in personal if each not in before] == []
    assert cli(*FORGET).code == 0
    after = everything(migrated_url)
    assert [each for each in personal if each in after] == []
    with looking(migrated_url) as cursor:
        for table in ("opt_out", "blocked_pair", "alert", "message_attempt"):
            assert cursor.value(f"SELECT count(*) FROM {table}") > 0, table


def test_a_notice_that_named_the_client_to_a_sitter_is_erased(cli: Cli, migrated_url: str) -> None:
    """Outside their window the sitter was told with whom their next visit is."""
    people(cli)
    cli("org", "set", "--relay", "on")
    cli(
        "booking", "add", "--ref", "B-1", "--client", "C-1", "--sitter", "S-1",
        "--start", "+4h", "--end", "+5h",
    )  # fmt: skip
    cli("booking", "confirm", "B-1")
    comes(cli, "hello?", sender=MAYAS_PHONE)
    assert "next visit with Ann opens" in str(relayed(migrated_url))
    ran = cli(*FORGET)
    assert ran.code == 0, ran.err
    assert "Ann" not in str(relayed(migrated_url))


def test_what_waits_to_be_forwarded_is_cancelled(cli: Cli, migrated_url: str) -> None:
    people(cli)
    cli("org", "set", "--relay", "on")
    visit(cli)
    comes(cli, "my secret")
    queued = "SELECT count(*) FROM message WHERE status = 'queued'"
    with looking(migrated_url) as cursor:
        assert cursor.value(queued) == 1
    assert cli(*FORGET, "-o", "json").json["cancelled"] == 1
    with looking(migrated_url) as cursor:
        assert cursor.value(queued) == 0


def test_the_key_of_a_message_is_erased_too(texted: Cli, migrated_sqlite: str) -> None:
    """It may name the client."""
    texted(*FORGET)
    with looking(migrated_sqlite) as cursor:
        assert cursor.value("SELECT count(*) FROM message WHERE idempotency_key IS NOT NULL") == 0


def test_the_opt_out_of_one_phone_applies_to_the_others_afterwards(
    sqlite_cli: Cli, migrated_sqlite: str
) -> None:
    sqlite_cli(*ANN, "--phone", "+14155551002")
    with working(migrated_sqlite) as uow:
        client = find_client(uow.cursor, uow.org.id, "C-1")
        one = ["+14155551001"]
        optout.opt_out(uow, client, phones=one, source=OptOutSource.PROVIDER, reason="reported")
    sqlite_cli(*FORGET)
    with looking(migrated_sqlite) as cursor:
        org = find_org(cursor, None)
        assert opted_out(cursor, org, ["+14155551002"])


def test_no_page_of_the_file_holds_what_was_erased(texted: Cli, migrated_sqlite: str) -> None:
    with working(migrated_sqlite) as uow:
        optout.add(uow, "C-1", reason="asked")
        for _ in range(50):
            text_of_hers(uow, MessageStatus.FAILED, error_message="+14155551001 is not valid")
    path = Path(migrated_sqlite.removeprefix("sqlite:///"))
    personal = (b"Ann Ivers", b"5551001", b"5551002", b"Rex")
    assert [each for each in personal if each not in path.read_bytes()] == []
    texted(*FORGET)
    left = b"".join(each.read_bytes() for each in path.parent.glob(f"{path.name}*"))
    assert [each for each in personal if each in left] == []


@pytest.mark.parametrize("status", [MessageStatus.UNKNOWN, MessageStatus.HELD])
def test_a_text_that_could_leave_again_is_closed(
    cli: Cli, migrated_url: str, status: MessageStatus
) -> None:
    """Without words and phone nobody could look it up at the provider. Its attempt stays."""
    text_ann(cli)
    with working(migrated_url) as uow:
        attempted = MessageStatus.UNKNOWN
        id_ = text_of_hers(uow, attempted, in_doubt_at=NOW)
        hold_for_review(uow, message.locked_message(uow, id_), why="a test", code="test")
        uow.cursor.run("UPDATE message SET status = :s WHERE id = :id", s=status.value, id=id_)
    ran = cli(*FORGET, "-o", "json")
    assert (ran.code, ran.json["cancelled"]) == (0, 2)
    with looking(migrated_url) as cursor:
        row = cursor.one("SELECT status, in_doubt_at, due_at FROM message WHERE id = :i", i=id_)
        assert row == {"status": "cancelled", "in_doubt_at": None, "due_at": None}
        query = "SELECT status FROM message_attempt WHERE message_id = :i"
        assert cursor.value(query, i=id_) == "unknown"
    assert alerts(migrated_url) == []
    assert problems(migrated_url) == []


def test_a_client_is_not_forgotten_while_a_text_to_them_is_being_sent(
    cli: Cli, migrated_url: str
) -> None:
    text_ann(cli)
    with working(migrated_url) as uow:
        text_of_hers(uow, MessageStatus.SENDING, worker="w-0123456789abcde")
    before = everything(migrated_url)
    assert "dispatch" in refused(cli(*FORGET, "-o", "json"), "refused")["hint"]
    assert everything(migrated_url) == before


@pytest.mark.postgres
def test_a_text_that_is_claimed_meanwhile_is_not_erased_under_its_sender(
    postgres_template: Any,
) -> None:
    """Forgetting waits for the claim, sees that the message is being sent, and changes nothing."""
    url = postgres_template("migrated", lambda fresh: migrate.upgrade(fresh, actor="test", now=NOW))
    add_org(url)
    cli = partial(run_cli, url)
    cli(*ANN)
    cli("message", "send", "C-1", "--body", "Rex is fed", "--queue-only")
    ran: list[Ran] = []
    forgetting = threading.Thread(target=lambda: ran.append(cli(*FORGET, "-o", "json")))
    with raw(url) as cursor:
        cursor.run("UPDATE message SET status = 'sending', claimed_at = :now", now=NOW)
        forgetting.start()
        forgetting.join(timeout=0.5)
        assert forgetting.is_alive()
    forgetting.join(timeout=20)
    assert [each.code for each in ran] == [4]
    with looking(url) as cursor:
        assert cursor.value("SELECT body FROM message") == "Rex is fed"
        assert cursor.value("SELECT count(*) FROM client_phone") == 1


@pytest.mark.postgres
def test_a_text_that_is_queued_meanwhile_is_erased_with_the_others(postgres_template: Any) -> None:
    """Forgetting waits for the message, which would else keep a phone and words nobody finds."""
    url = postgres_template("migrated", lambda fresh: migrate.upgrade(fresh, actor="test", now=NOW))
    add_org(url)
    cli = partial(run_cli, url)
    cli(*ANN)
    cli("message", "send", "C-1", "--body", "the thread is there")
    ran: list[Ran] = []
    forgetting = threading.Thread(target=lambda: ran.append(cli(*FORGET, "-o", "json")))
    with working(url) as uow:
        message.queue(uow, "C-1", body="secret")
        forgetting.start()
        forgetting.join(timeout=0.5)
        assert forgetting.is_alive()
    forgetting.join(timeout=20)
    assert [each.code for each in ran] == [0]
    assert problems(url) == []
    with looking(url) as cursor:
        assert cursor.value("SELECT count(*) FROM message WHERE body IS NOT NULL") == 0


def test_nobody_is_forgotten_without_a_reason_or_without_saying_yes(sqlite_cli: Cli) -> None:
    sqlite_cli(*ANN)
    assert sqlite_cli("client", "forget", "C-1", "--yes").code == 2
    refused(sqlite_cli("client", "forget", "C-1", "--reason", " ", "-o", "json"), "empty_reason", 2)
    unasked = sqlite_cli("client", "forget", "C-1", "--reason", "she asked", "-o", "json")
    assert "--yes" in refused(unasked, "not_confirmed", 2)["hint"]
    assert show(sqlite_cli)["name"] == "Ann Ivers"


def test_an_unknown_client_cannot_be_forgotten(sqlite_cli: Cli) -> None:
    refused(sqlite_cli(*FORGET, "-o", "json"), "client_not_found", 3)
