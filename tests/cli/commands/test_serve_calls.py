"""Phone calls at a real petmsg serve: in good time whatever happens to the database."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from petmsg.db.location import locate
from tests.support.call_requests import CALL, call_form, query
from tests.support.fixtures import Cli
from tests.support.incoming import MAYAS_PHONE
from tests.support.texting import ANN, DESK, MAYA, people
from tests.support.twiml_grammar import faults, phones_outside
from tests.support.webhooks import Answer, Server, serving

VOICE = "/twilio/voice"
DESK_PHONE = "+14155559000"


@pytest.fixture
def paws(migrated_sqlite: str, sqlite_cli: Cli) -> str:
    """A company with clients, sitters, numbers and a desk phone."""
    people(sqlite_cli)
    assert sqlite_cli("number", "add", DESK, "--class", "front-desk").code in (0, 2)
    assert sqlite_cli("org", "set", "--desk-phone", DESK_PHONE).code == 0
    return migrated_sqlite


@pytest.fixture
def server(paws: str) -> Iterator[Server]:
    with serving(paws) as running:
        yield running


def spoken(answer: Answer) -> str:
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    assert faults(answer.body) == []
    assert phones_outside(answer.body) == []
    return answer.body


def quickly(server: Server, path: str, form: dict[str, str]) -> str:
    began = time.monotonic()
    body = spoken(server.twilio(path, form))
    assert time.monotonic() - began < 2.0
    return body


def rings_the_desk(body: str) -> bool:
    return f">{DESK_PHONE}</Number>" in body and f'callerId="{MAYA}"' in body


def test_a_locked_database_rings_the_desk_in_time(paws: str, server: Server) -> None:
    path = locate(paws).url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for call in ("CA" + "1" * 32, "CA" + "2" * 32):
            assert rings_the_desk(quickly(server, VOICE, call_form(ANN, MAYA, call=call)))
        left = f"{VOICE}/voicemail?{query()}"
        form = call_form(ANN, MAYA) | {"RecordingSid": "RE" + "0" * 32}
        assert "Thank you for your message." in quickly(server, left, form)
        other.rollback()
    server.stop()
    printed = "\n".join(server.log + server.errors)
    assert "fallback: too_slow" in printed
    for secret in (ANN[1:], MAYAS_PHONE[1:], DESK_PHONE[1:], CALL):
        assert secret not in printed


def test_a_database_that_is_away_rings_the_desk(paws: str, server: Server) -> None:
    path = Path(locate(paws).url.removeprefix("sqlite:///"))
    path.rename(path.with_suffix(".away"))
    assert rings_the_desk(quickly(server, VOICE, call_form(ANN, MAYA)))
    assert "cannot be connected" in quickly(server, VOICE, call_form(ANN, "+14155557777"))
    path.with_suffix(".away").rename(path)


def test_what_is_not_signed_or_malformed_is_rejected(server: Server) -> None:
    form = call_form(ANN, MAYA)
    assert server.twilio(VOICE, form, token="0" * 32).status == 403
    assert server.ask("POST", VOICE, b"", {"Content-Type": "text/plain"}).status == 415
    assert server.twilio(VOICE, form | {"CallSid": "CA1"}).status == 400
    assert server.ask("GET", VOICE).status == 405
    assert server.twilio(f"{VOICE}/answer", form).status == 400
    server.stop()
    assert [line.split("\t")[2:4] for line in server.log[1:]] == [
        [VOICE, "403"], [VOICE, "415"], [VOICE, "400"], [VOICE, "405"], [f"{VOICE}/answer", "400"],
    ]  # fmt: skip
