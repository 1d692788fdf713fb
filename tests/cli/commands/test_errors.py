"""petmsg errors: what a code means and what petmsg does about it, without database or network."""

import subprocess
import sys
from typing import Any

import pytest

from petmsg.enums.messages import BlockCode
from petmsg.providers.base import RejectionClass
from petmsg.providers.error_catalogue import CLASSES
from petmsg.providers.error_codes import OutcomeCertainty
from petmsg.providers.rejection_help import LOCAL_CODES, REACTIONS, UNCERTAIN
from petmsg.providers.twilio_errors import ERROR_CODES
from petmsg.services.outbox import rejections
from tests import ROOT
from tests.support.fixtures import run_cli

NOWHERE = "sqlite:////does/not/exist/petmsg.db"


def explained(*codes: str) -> list[dict[str, Any]]:
    ran = run_cli(NOWHERE, "errors", "explain", *codes, "-o", "json")
    assert ran.code == 0, ran.err
    rows: list[dict[str, Any]] = ran.json
    return rows


# --- explain ---------------------------------------------------------------------------------


def test_a_code_is_explained_with_its_class_reaction_source_and_date() -> None:
    assert explained("30007") == [
        {
            "code": "30007",
            "class": "filtered",
            "meaning": "The carrier filtered the message as spam.",
            "reaction": REACTIONS[RejectionClass.FILTERED],
            "in_report": REACTIONS[RejectionClass.FILTERED],
            "to_do": None,
            "known": True,
            "source": "https://www.twilio.com/docs/api/errors",
            "dated": "2026-11-22",
        }
    ]


def test_a_registration_is_explained_with_what_to_register_and_where() -> None:
    [row] = explained("30034")
    assert (row["class"], row["to_do"]) == ("registration", ERROR_CODES["30034"].to_do)
    ran = run_cli(NOWHERE, "errors", "explain", "30034")
    assert "Register a brand and a campaign" in " ".join(ran.out.split())


def test_several_codes_come_in_the_order_asked() -> None:
    rows = explained("21610", "opted_out", "503", "21211")
    assert [row["code"] for row in rows] == ["21610", "opted_out", "503", "21211"]
    assert [row["class"] for row in rows] == ["opted_out", "petmsg", "unknown", "recipient"]


@pytest.mark.parametrize("code", ["20429", "21611", "30001", "30017", "30022"])
def test_congestion_waits_as_an_answer_and_is_tried_once_more_in_a_report(code: str) -> None:
    [row] = explained(code)
    assert row["class"] == "not_processed"
    assert row["reaction"] == UNCERTAIN[OutcomeCertainty.NOT_PROCESSED]
    assert row["in_report"] == REACTIONS[RejectionClass.UNEXPLAINED]


@pytest.mark.parametrize("code", ["29999", "999999", "1000"])
def test_an_unknown_code_is_answered_with_the_safe_class_and_a_note(code: str) -> None:
    ran = run_cli(NOWHERE, "errors", "explain", code, "-o", "json")
    assert ran.code == 0
    assert (ran.json[0]["known"], ran.json[0]["class"]) == (False, "other")
    assert ran.json[0]["dated"] is None
    assert f"{code} is an unknown code" in ran.err


@pytest.mark.parametrize(
    ("status", "of_class"),
    [("429", "not_processed"), ("503", "unknown"), ("401", "account"), ("413", "other")],
)
def test_an_http_status_is_stored_as_a_code_and_explained_as_one(
    status: str, of_class: str
) -> None:
    [row] = explained(status)
    assert (row["class"], row["known"], row["in_report"]) == (of_class, True, None)


@pytest.mark.parametrize("code", BlockCode)
def test_every_hold_of_petmsgs_own_is_explained(code: BlockCode) -> None:
    [row] = explained(code.value)
    assert (row["class"], row["source"], row["dated"]) == ("petmsg", "petmsg", None)


@pytest.mark.parametrize(
    "code", ["", "x", "21610x", "-1", "0", "12", "2161O", "٢١٦١٠", "1234567", "21610\n", "a" * 999]
)
def test_what_is_no_code_is_refused_as_malformed(code: str) -> None:
    ran = run_cli(NOWHERE, "errors", "explain", "21610", "-o", "json", "--", code)
    assert ran.code == 2
    assert ran.error["code"] == "malformed_text"
    assert "petmsg errors list" in ran.error["hint"]
    assert ran.out == ""


@pytest.mark.parametrize("output", ["json", "jsonl", "tsv", "table"])
def test_every_format_says_what_happens(output: str) -> None:
    ran = run_cli(NOWHERE, "errors", "explain", "30003", "30017", "-o", output)
    assert ran.code == 0
    for words in ("30003", "unreachable", "Retried after 4 hours", "30017", "Certainly not"):
        assert words in ran.out


# --- list ------------------------------------------------------------------------------------


def test_the_list_holds_every_code_of_twilios_by_number_and_then_ours() -> None:
    ran = run_cli(NOWHERE, "errors", "list", "-o", "json")
    codes = [row["code"] for row in ran.json]
    assert codes == [*sorted(ERROR_CODES, key=int), *LOCAL_CODES]
    assert all(row["known"] and row["reaction"] and row["meaning"] for row in ran.json)
    assert not [row["code"] for row in ran.json if "unknown code" in row["reaction"].lower()]


@pytest.mark.parametrize("of_class", CLASSES)
def test_the_list_of_a_class_holds_its_codes_and_no_class_is_empty(of_class: str) -> None:
    ran = run_cli(NOWHERE, "errors", "list", "--class", of_class, "-o", "json")
    assert {row["class"] for row in ran.json} == {of_class}


def test_a_class_that_is_none_is_refused_with_those_there_are() -> None:
    ran = run_cli(NOWHERE, "errors", "list", "--class", "spam", "-o", "json")
    assert (ran.code, ran.error["code"]) == (2, "out_of_range")
    assert "filtered" in ran.error["hint"]


# --- words and deeds -------------------------------------------------------------------------


def test_every_class_has_words_that_end() -> None:
    assert set(REACTIONS) == set(RejectionClass)
    assert set(UNCERTAIN) == set(OutcomeCertainty) - {OutcomeCertainty.REFUSED}
    for words in (*REACTIONS.values(), *UNCERTAIN.values()):
        assert words.endswith((".", "--propose"))


def test_the_documented_waits_are_the_real_ones() -> None:
    first, second = rejections.UNREACHABLE_TRIES
    told = REACTIONS[RejectionClass.UNREACHABLE]
    assert f"after {first.seconds // 3600} hours" in told
    assert f"{second.seconds // 3600} hours after" in told
    [only] = rejections.UNEXPLAINED_TRIES
    assert f"after {only.seconds // 60} minutes" in REACTIONS[RejectionClass.UNEXPLAINED]


# --- offline ---------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [("list",), ("explain", "21610", "29999", "frozen")])
def test_it_needs_neither_network_nor_the_slow_libraries(words: tuple[str, ...]) -> None:
    code = (
        "import socket, sys\n"
        "def refuse(*_, **__): raise AssertionError('the network was asked')\n"
        "socket.socket = socket.getaddrinfo = refuse\n"
        "from petmsg.cli import run_command_line\n"
        f"assert run_command_line(['errors', *{words!r}], environ={{'HOME': '/'}}) == 0\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert "typer" in loaded
    slow = {"sqlmodel", "sqlalchemy", "pydantic", "alembic", "requests", "urllib3", "twilio"}
    assert loaded & (slow | {"rich", "psycopg"}) == set()
    assert "petmsg.providers.twilio " not in done.stderr
