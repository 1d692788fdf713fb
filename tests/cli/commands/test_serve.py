"""petmsg serve: real requests to a real server on loopback, genuine and forged.

The server runs at the machine's time, so that the visits here do, too.
"""

import signal
import socket
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

import petmsg.web
from petmsg.db.location import locate
from petmsg.errors import CONFIGURATION, INTERRUPTED
from tests.support.fixtures import Cli, add_org, looking, run_cli
from tests.support.incoming import MAYAS_PHONE
from tests.support.texting import ANN, MAYA, people
from tests.support.twilio_fake import ACCOUNT_SID, AUTH_TOKEN
from tests.support.webhooks import KEYS, Server, inbound, serving, sid_of, signed, wait_until

INBOUND = "/twilio/inbound"
SM1 = sid_of("SM1")


@pytest.fixture
def server(migrated_sqlite: str, sqlite_cli: Cli) -> Iterator[Server]:
    """A running server of a company with clients, sitters and numbers."""
    people(sqlite_cli)
    with serving(migrated_sqlite) as running:
        yield running


def texts(url: str) -> list[tuple[Any, ...]]:
    """The messages that came in: provider id, provider, words."""
    with looking(url) as cursor:
        return cursor.tuples(
            "SELECT provider_message_id, provider, body FROM message"
            " WHERE direction = 'inbound' ORDER BY id"
        )


# ------------------------------------------------------------------------------- messages, signed


def test_a_text_comes_in_once_however_often_it_is_delivered(cli: Cli, migrated_url: str) -> None:
    people(cli)
    with serving(migrated_url) as server:
        for _ in range(3):
            answer = server.twilio(INBOUND, inbound("SM1", ANN, MAYA, "Is Réx fine? 🐕 a+b=c&d"))
            assert answer.status == 200
            assert answer.headers["content-type"].startswith("text/xml")
            assert answer.body == '<?xml version="1.0" encoding="UTF-8"?><Response/>'
        assert texts(migrated_url) == [(SM1, "twilio", "Is Réx fine? 🐕 a+b=c&d")]
        assert server.stop() == 0
        assert [line.split("\t")[1:4] for line in server.log[1:]] == [["POST", INBOUND, "200"]] * 3
        assert [line.split("\t")[5] for line in server.log[1:]] == ["stored", "known", "known"]


def test_what_the_provider_says_a_word_means_is_heeded(
    server: Server, migrated_sqlite: str, sqlite_cli: Cli
) -> None:
    """A company may have told Twilio words of its own, and such a sender gets no answer."""
    sqlite_cli("org", "set", "--unknown-reply", "Who is it?", "--relay", "on")
    stranger = "+16175550199"

    def says(sid: str, word: str, sender: str, body: str = "PARAR") -> None:
        form = inbound(sid, sender, MAYA, body) | {"OptOutType": word}
        assert server.twilio(INBOUND, form).status == 200

    def opted_out() -> list[Any]:
        return sqlite_cli("optout", "list", "-o", "json", now=None).json

    says("SM1", "STOP", ANN)
    says("SM2", "STOP", stranger)
    assert [row["source"] for row in opted_out()] == ["keyword", "keyword"]
    says("SM3", "HELP", stranger, "ayuda")
    says("SM4", "START", stranger, "hola")
    says("SM5", "START", ANN, "hola")
    assert opted_out() == []
    says("SM6", "nonsense", ANN)
    with looking(migrated_sqlite) as cursor:
        found = cursor.tuples("SELECT keyword FROM inbound_text ORDER BY message_id")
        assert [row[0] for row in found] == ["stop", "stop", "help", "start", "start", None]
        assert cursor.value("SELECT count(*) FROM message WHERE direction = 'outbound'") == 0


def test_nothing_personal_is_logged(server: Server) -> None:
    form = inbound("SM1", ANN, MAYA, "Is Rex fine?")
    server.twilio(INBOUND, form)
    server.ask("GET", f"/{ANN}?token={AUTH_TOKEN}")
    server.ask("POST", INBOUND, b"From=" + ANN.encode(), {"X-Twilio-Signature": "x"})
    server.stop()
    printed = "\n".join(server.log + server.errors)
    for secret in (ANN[1:], MAYAS_PHONE[1:], "Rex", AUTH_TOKEN, *KEYS.values()):
        assert secret not in printed
    assert len(server.log) == 4


def test_a_text_to_a_number_that_was_never_ours_is_kept(
    server: Server, migrated_sqlite: str
) -> None:
    assert server.twilio(INBOUND, inbound("SM1", ANN, "+14155559999")).status == 200
    with looking(migrated_sqlite) as cursor:
        assert cursor.tuples("SELECT provider_message_id FROM stray_text") == [(SM1,)]


def test_what_is_not_signed_is_refused_and_stored_nowhere(
    server: Server, migrated_sqlite: str
) -> None:
    form = inbound("SM1", ANN, MAYA)
    body, headers = signed(INBOUND, form)
    forged = {
        "no signature": (body, {k: v for k, v in headers.items() if "Twilio" not in k}),
        "an empty one": (body, {**headers, "X-Twilio-Signature": ""}),
        "another token": signed(INBOUND, form, token="0" * 32),
        "another address": signed(INBOUND, form, at="https://evil.example.com"),
        "the inner address": signed(INBOUND, form, at=f"http://127.0.0.1:{server.port}"),
        "another path": signed("/twilio/status", form),
        "another word": (body.replace(b"Rex", b"Max"), headers),
        "a parameter more": (body + b"&Extra=1", headers),
        "a blank one more": (body + b"&Extra=", headers),
        "a blank one less": (body.replace(b"&FromCity=", b""), headers),
        "a value twice": (body + b"&Body=Other", headers),
        "not ASCII": (body, {**headers, "X-Twilio-Signature": "\xff\xfe"}),
        "not UTF-8": (body + b"&X=%FF", headers),
        "a host of theirs": (
            signed(INBOUND, form, at="https://evil.example.com")[0],
            {**signed(INBOUND, form, at="https://evil.example.com")[1],
             "Host": "evil.example.com", "X-Forwarded-Host": "evil.example.com"},
        ),
    }  # fmt: skip
    for name, (bytes_, given) in forged.items():
        assert server.ask("POST", INBOUND, bytes_, given).status == 403, name
    query = server.ask("POST", INBOUND + "?x=1", body, headers)
    assert query.status == 403
    assert texts(migrated_sqlite) == []
    assert server.ask("POST", INBOUND, body, headers).status == 200


def test_forgeries_are_refused_before_the_database_is_asked(
    migrated_sqlite: str, sqlite_cli: Cli
) -> None:
    people(sqlite_cli)
    path = Path(locate(migrated_sqlite).url.removeprefix("sqlite:///"))
    with serving(migrated_sqlite) as server:
        path.rename(path.with_suffix(".away"))
        forged = signed(INBOUND, inbound("SM1", ANN, MAYA), token="0" * 32)
        assert server.ask("POST", INBOUND, *forged).status == 403
        assert server.twilio(INBOUND, inbound("SM1", ANN, MAYA)).status == 503
        assert server.ask("GET", "/healthz").status == 503


def test_a_restored_backup_is_unhealthy_for_as_long_as_it_refuses_webhooks(
    server: Server, sqlite_cli: Cli, tmp_path: Path
) -> None:
    """As when somebody copies a backup into place, and restarts nothing."""
    assert sqlite_cli("db", "backup", str(tmp_path / "b.db")).code == 0
    path = tmp_path / "petmsg.db"
    (tmp_path / "b.db").replace(path)
    wait_until(lambda: server.ask("GET", "/healthz").status == 503)
    assert server.ask("GET", "/healthz").json == {"status": "backup_not_restored"}
    assert server.twilio(INBOUND, inbound("SM1", ANN, MAYA)).status == 503
    assert sqlite_cli("db", "restored").code == 0
    wait_until(lambda: server.ask("GET", "/healthz").status == 200)
    assert server.twilio(INBOUND, inbound("SM1", ANN, MAYA)).status == 200


@pytest.mark.parametrize(
    ("signature", "account", "says"),
    [
        (None, ACCOUNT_SID, "by a proxy"),
        (None, "", "probably not Twilio's"),
        ("wrong", ACCOUNT_SID, "its auth token is probably not"),
        ("wrong", "AC" + "9" * 32, f"Account AC{'9' * 32}: its credentials are missing"),
    ],
)
def test_many_requests_that_are_not_signed_are_one_alert_that_says_what_they_look_like(
    server: Server,
    sqlite_cli: Cli,
    signature: str | None,
    account: str,
    says: str,
) -> None:
    times = 20 if signature is None else 5
    form = inbound("SM1", ANN, MAYA) | {"AccountSid": account}
    body, headers = signed(INBOUND, form)
    headers.pop("X-Twilio-Signature")
    if signature is not None:
        headers["X-Twilio-Signature"] = signature

    def told() -> list[tuple[str, int]]:
        rows = sqlite_cli("alert", "list", "-o", "json").json
        return [(row["ref"], row["count"]) for row in rows if row["kind"] == "webhook_refused"]

    for _ in range(times - 1):
        assert server.ask("POST", INBOUND, body, headers).status == 403
    assert told() == []
    for _ in range(30):
        assert server.ask("POST", INBOUND, body, headers).status == 403
    wait_until(lambda: told() == [("twilio", 1)])
    rows = sqlite_cli("doctor", "--check", "webhooks_signed", "-o", "json").json
    assert [row["result"] for row in rows] == ["problem"]
    assert f"rejected {times} request" in rows[0]["message"]
    assert says in rows[0]["message"]


def test_requests_for_another_address_are_named_with_it(server: Server, sqlite_cli: Cli) -> None:
    """The number's webhook at Twilio and the public URL differ."""
    old = "https://old.example.com"
    body, headers = signed(INBOUND, inbound("SM1", ANN, MAYA), at=old)
    for _ in range(5):
        ask = server.ask("POST", INBOUND, body, {**headers, "Host": "old.example.com"})
        assert ask.status == 403

    def told() -> list[str]:
        rows = sqlite_cli("alert", "list", "-o", "json").json
        return [row["message"] for row in rows if row["kind"] == "webhook_refused"]

    wait_until(lambda: bool(told()))
    assert f"Twilio signed for {old}, which is not PETMSG_PUBLIC_URL" in told()[0]


# ---------------------------------------------------------------------- tokens, while it runs


def test_a_token_is_rotated_without_a_restart_and_loses_nothing(
    migrated_sqlite: str, sqlite_cli: Cli, tmp_path: Path
) -> None:
    people(sqlite_cli)
    file = tmp_path / "twilio.env"

    def write(path: Path, token: str, sid: str = ACCOUNT_SID) -> None:
        whole = path.with_suffix(".new")
        whole.write_text(f"TWILIO_ACCOUNT_SID={sid}\nTWILIO_AUTH_TOKEN={token}\n")
        whole.chmod(0o600)
        whole.replace(path)

    write(file, "old")
    away = {"TWILIO_ACCOUNT_SID": "", "TWILIO_AUTH_TOKEN": ""}
    with serving(migrated_sqlite, PETMSG_TWILIO_CREDENTIALS=str(file), **away) as server:

        def status(name: str, token: str, sid: str = ACCOUNT_SID) -> int:
            form = inbound(name, ANN, MAYA) | {"AccountSid": sid}
            return server.twilio(INBOUND, form, token=token).status

        assert [status("SM1", "old"), status("SM2", "new")] == [200, 403]
        write(file, "old, new")
        assert [status("SM3", "new"), status("SM4", "old")] == [200, 200]
        write(file, "new")
        assert status("SM5", "new") == 200
        # An account whose file is added while the server runs.
        other = "AC" + "7" * 32
        assert status("SM6", "theirs", other) == 403
        write(tmp_path / "twilio-north.env", "theirs", other)
        assert status("SM7", "theirs", other) == 200
        assert [status("SM8", "new", other), status("SM9", "theirs")] == [403, 403]
        assert server.errors.count("Twilio's credentials were read again.") >= 2
        assert server.stop() == 0
    kept = [sid for sid, *_ in texts(migrated_sqlite)]
    assert kept == [sid_of(f"SM{each}") for each in (1, 3, 4, 5, 7)]


# ------------------------------------------------------------------------------- what is not taken


def cut(form: dict[str, str], **anew: str | None) -> tuple[bytes, dict[str, str]]:
    """A genuine request whose parameters are joined anew; its signature stays as it was made."""
    _, headers = signed(INBOUND, form)
    changed = {name: value for name, value in {**form, **anew}.items() if value is not None}
    return urlencode(changed).encode(), headers


def test_a_genuine_request_cannot_be_cut_into_another_message(
    server: Server, migrated_sqlite: str
) -> None:
    """The signature is made over names and values with nothing between them."""
    form = inbound("SM1", ANN, MAYA, f"Hi{'From'}+16175550199MessageSidSM{'9' * 32}NumMedia0Zed")
    assert server.twilio(INBOUND, form).status == 200
    tail = f"From{ANN}FromCityMessageSid{SM1}NumMedia0SmsSid{SM1}To{MAYA}"
    forged = {
        "a longer sid": {"MessageSid": f"{SM1}NumMedia0", "NumMedia": None},
        "a longer sid, and a name": {"MessageSid": f"{SM1}NumMedia", "NumMedia": None, "0": ""},
        "a longer name": {"NumMedia": None, "NumMedia0": ""},
        "the sid in a name": {"MessageSid": None, f"MessageSid{SM1}": ""},
        "the sid in a city": {"FromCity": f"MessageSid{SM1}", "MessageSid": None},
        "another sid out of the body": {
            "Body": "Hi", "From": "+16175550199", "MessageSid": f"SM{'9' * 32}",
            "Zed": tail, "FromCity": None, "SmsSid": None, "To": None,
        },
    }  # fmt: skip
    for name, anew in forged.items():
        answer = server.ask("POST", INBOUND, *cut(form, **anew))
        assert answer.status in (400, 403), name
    assert [sid for sid, *_ in texts(migrated_sqlite)] == [SM1]


@pytest.mark.parametrize(
    ("anew", "status"),
    [
        ({"MessageSid": "SM1", "SmsSid": "SM1"}, 400),
        ({"SmsSid": "SM" + "2" * 32}, 400),
        ({"AccountSid": "AC1"}, 403),
        ({"AccountSid": "AC" + "9" * 32}, 403),
        ({"NumMedia": "one"}, 400),
        ({"From": "+1415 and more"}, 400),
        ({"body": "x"}, 400),
        ({"NumMedia": "1", "MediaUrl0": "https://api.twilio.com/x"}, 200),
        ({"NumMedia": "1", "MediaContentType0": "image/jpeg"}, 200),
        ({"From": "72975"}, 200),
        ({"From": "Happy Paws"}, 200),
        ({"FromCity": "SAINT JOHN'S", "ToZip": "94103", "SmsStatus": "received"}, 200),
        ({"NewOfTwilio": "yes", "ApiVersion": "2010-04-01", "NumSegments": "1"}, 200),
    ],
)  # fmt: skip
def test_parameters_are_as_twilio_sends_them(
    server: Server, anew: dict[str, str], status: int
) -> None:
    assert server.twilio(INBOUND, {**inbound("SM1", ANN, MAYA), **anew}).status == status


def test_no_parameter_comes_twice(server: Server) -> None:
    form = inbound("SM1", ANN, MAYA)
    body, headers = signed(INBOUND, form)
    assert server.ask("POST", INBOUND, body + b"&NumMedia=0", headers).status == 400


def test_bodies_have_a_limit(server: Server, migrated_sqlite: str) -> None:
    longest = 64 * 1024
    form = inbound("SM1", ANN, MAYA)
    body, _ = signed(INBOUND, form)
    form["Body"] += "x" * (longest - len(body))
    assert server.twilio(INBOUND, form).status == 200
    form["Body"] += "x"
    assert server.twilio(INBOUND, form).status == 413
    _, headers = signed(INBOUND, form)
    pieces = f"{longest + 1:x}\r\n".encode() + b"a" * (longest + 1) + b"\r\n0\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        head = f"POST {INBOUND} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        connection.sendall(head.encode() + b"\r\n" + pieces)
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")
    assert len(texts(migrated_sqlite)) == 1


def test_other_requests_are_turned_away(server: Server) -> None:
    body, headers = signed(INBOUND, inbound("SM1", ANN, MAYA))
    assert server.ask("GET", INBOUND).status == 405
    assert server.ask("POST", "/twilio/inbound/", body, headers).status == 404
    assert server.ask("GET", "/").status == 404
    as_json = {**headers, "Content-Type": "application/json"}
    assert server.ask("POST", INBOUND, body, as_json).status == 415
    without = {"AccountSid": ACCOUNT_SID, "From": ANN, "To": MAYA, "Body": "x"}
    assert server.twilio(INBOUND, without).status == 400
    many = "&".join(f"p{i}=1" for i in range(300)).encode()
    assert server.ask("POST", INBOUND, many, headers).status == 400
    assert server.ask("GET", "/healthz").json == {"status": "ok"}


# ---------------------------------------------------------------------------- trouble, and the end


def test_a_locked_database_is_a_503_in_good_time_and_nothing_is_lost(
    migrated_sqlite: str, sqlite_cli: Cli
) -> None:
    people(sqlite_cli)
    path = locate(migrated_sqlite).url.removeprefix("sqlite:///")
    with serving(migrated_sqlite) as server, closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        answer = server.twilio(INBOUND, inbound("SM1", ANN, MAYA))
        assert time.monotonic() - began < 10.5
        assert answer.status == 503
        assert answer.headers["retry-after"] == "5"
        other.rollback()
        assert texts(migrated_sqlite) == []
        assert server.twilio(INBOUND, inbound("SM1", ANN, MAYA)).status == 200
    assert [sid for sid, *_ in texts(migrated_sqlite)] == [SM1]


def test_what_was_accepted_is_stored_and_answered_at_the_end(
    migrated_sqlite: str, sqlite_cli: Cli
) -> None:
    people(sqlite_cli)
    path = locate(migrated_sqlite).url.removeprefix("sqlite:///")
    with serving(migrated_sqlite) as server, closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        body, headers = signed(INBOUND, inbound("SM1", ANN, MAYA))
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
            head = f"POST {INBOUND} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
            head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            connection.sendall(head.encode() + b"\r\n" + body)
            time.sleep(0.3)
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.2)
            other.rollback()
            assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
        assert server.process.wait(20) == 0
        wait_until(lambda: server.errors[-1:] == ["Stopped. All accepted requests are stored."])
    assert [sid for sid, *_ in texts(migrated_sqlite)] == [SM1]


def test_ctrl_c_ends_it(migrated_sqlite: str) -> None:
    add_org(migrated_sqlite)
    with serving(migrated_sqlite) as server:
        assert server.stop(signal.SIGINT) == INTERRUPTED


# ------------------------------------------------------------------------------------ the settings


def test_what_is_not_configured_is_said(sqlite_cli: Cli) -> None:
    ran = sqlite_cli("serve", "--dry-run", "-o", "json")
    assert ran.code == CONFIGURATION
    assert ran.error["code"] == "nothing_to_serve"
    ran = sqlite_cli("serve", "--dry-run", **{**KEYS, "PETMSG_PUBLIC_URL": "http://example.com"})
    assert ran.code == CONFIGURATION
    assert "PETMSG_PUBLIC_URL is not usable" in ran.err
    ran = sqlite_cli("serve", "--dry-run", **{**KEYS, "PETMSG_STRIPE_SECRET": "sk_live_1234567890"})
    assert ran.code == CONFIGURATION
    assert "sk_live" not in ran.err
    ran = sqlite_cli("serve", "--dry-run", "-o", "json", **KEYS)
    assert ran.code == 0
    assert {row["path"]: row["open"] for row in ran.json} == {
        "/twilio/inbound": True,
        "/twilio/status": True,
        "/twilio/voice": True,
        "/twilio/voice/answer": True,
        "/twilio/voice/ended": True,
        "/twilio/voice/voicemail": True,
        "/stripe": True,
        "/media/TOKEN/NAME": True,
        "/healthz": True,
    }


def test_without_the_extra_it_says_how_to_get_it(
    migrated_sqlite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_org(migrated_sqlite)
    monkeypatch.setattr(petmsg, "web", petmsg.web)  # an import that fails leaves another one there
    for name in [each for each in sys.modules if each.startswith("petmsg.web")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "starlette", None)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    ran = run_cli(migrated_sqlite, "serve", "-o", "json", **KEYS)
    assert ran.code == CONFIGURATION
    assert ran.error["code"] == "extra_missing"
    assert "pip install 'petmsg[web]'" in ran.error["hint"]


def test_a_port_that_is_taken_is_said(migrated_sqlite: str) -> None:
    add_org(migrated_sqlite)
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = str(other.getsockname()[1])
        ran = run_cli(migrated_sqlite, "serve", "--port", port, "-o", "json", **KEYS)
    assert ran.code == CONFIGURATION
    assert ran.error["code"] == "cannot_listen"


def test_an_account_cannot_write_into_the_inbox_of_a_company_that_never_had_it(
    migrated_sqlite: str, sqlite_cli: Cli
) -> None:
    people(sqlite_cli)
    words = ("org", "set", "--provider", "twilio", "--twilio-account", "north", "--yes", "--force")
    assert sqlite_cli(*words).code == 0
    north = {"TWILIO_ACCOUNT_SID_NORTH": "AC" + "7" * 32, "TWILIO_AUTH_TOKEN_NORTH": "theirs"}
    theirs = {"AccountSid": "AC" + "7" * 32}
    with serving(migrated_sqlite, **north, TWILIO_ACCOUNT_SID_SOUTH="AC" + "8" * 32,
                 TWILIO_AUTH_TOKEN_SOUTH="south") as server:  # fmt: skip
        right = server.twilio(INBOUND, inbound("SM1", ANN, MAYA) | theirs, token="theirs")
        former = server.twilio(INBOUND, inbound("SM2", ANN, MAYA))
        south = {"AccountSid": "AC" + "8" * 32}
        forged = server.twilio(INBOUND, inbound("SM3", ANN, MAYA) | south, token="south")
        assert [right.status, former.status, forged.status] == [200, 200, 403]
        assert forged.body == "other_account\n"
    assert [sid for sid, *_ in texts(migrated_sqlite)] == [sid_of("SM1"), sid_of("SM2")]
    (row,) = sqlite_cli("alert", "list", "-o", "json").json
    assert (row["kind"], row["ref"]) == ("webhook_refused", MAYA)
