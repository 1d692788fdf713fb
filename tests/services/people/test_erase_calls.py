"""What is erased of a client's calls: the phone, the name, the voicemail. Who called whom stays."""

import hashlib
import json
from typing import Any

import pytest

from petmsg.db.location import default_media_place, locate
from petmsg.media.open_store import open_store
from petmsg.services.people.erase_calls import without_name
from tests.cli.commands.test_client import FORGET
from tests.services.people.test_erase import everything
from tests.support.call_rows import add_call
from tests.support.consistency import problems
from tests.support.fixtures import NOW, Cli, looking
from tests.support.incoming import MAYAS_PHONE, STRANGER, comes
from tests.support.media_rows import add_media
from tests.support.texting import ANN, DESK, people_and_visit

NAMING: dict[str, Any] = {
    "rings": [
        {"target": "client", "ref": "C-1", "name": "Ann", "caller_id": DESK},
        {"target": "sitter", "ref": "C-1", "name": "Maya Lee"},
        {"target": "sentence", "ref": None, "name": None},
    ],
    "options": [
        {"key": 1, "client": "C-1", "name": "Ann", "caller_id": DESK},
        {"key": 2, "client": "C-2", "name": "Bob", "caller_id": DESK},
    ],
}
VOICEMAIL = b"ID3 Ann speaks"
BY_MAYA = {"caller": "sitter", "sitter": "S-1", "from_phone": MAYAS_PHONE, "addressed_to": "client"}


def calls(url: str) -> dict[str, dict[str, Any]]:
    with looking(url) as cursor:
        rows = cursor.rows(
            "SELECT l.provider_call_id AS call, l.from_phone, l.decision, l.caller,"
            " c.ref AS client, s.ref AS sitter, l.duration_seconds FROM call l"
            " LEFT JOIN client c ON c.id = l.client_id LEFT JOIN sitter s ON s.id = l.sitter_id"
        )
    return {row.pop("call"): row for row in rows}


def forget(cli: Cli) -> Any:
    ran = cli(*FORGET, "-o", "json")
    assert ran.code == 0, ran.err
    return ran.json


def test_phones_and_names_are_erased_and_the_calls_stay(cli: Cli, migrated_url: str) -> None:
    people_and_visit(cli)
    add_call(
        migrated_url, "CA-own", from_phone=ANN, caller="client", client="C-1", sitter="S-1",
        addressed_to="sitter", duration_seconds=40,
    )  # fmt: skip
    add_call(
        migrated_url, "CA-earlier", from_phone="+14155551777", caller="client", client="C-1"
    )  # a phone that was removed since
    add_call(migrated_url, "CA-unknown", from_phone=ANN)  # before Ann was a client
    add_call(migrated_url, "CA-to", client="C-1", decision=NAMING, **BY_MAYA)
    add_call(migrated_url, "CA-not-chosen", client="C-2", decision=NAMING, **BY_MAYA)
    add_call(migrated_url, "CA-bob", from_phone="+14155551002", caller="client", client="C-2")
    assert forget(cli)["calls"] == 5
    after = everything(migrated_url)
    assert [each for each in (ANN, "+14155551777", "'Ann'", '"Ann"') if each in after] == []
    left = calls(migrated_url)
    assert {call for call, row in left.items() if row["from_phone"] is None} == {
        "CA-own",
        "CA-earlier",
        "CA-unknown",
    }
    assert (left["CA-own"]["client"], left["CA-own"]["sitter"]) == ("C-1", "S-1")
    assert left["CA-own"]["duration_seconds"] == 40
    assert left["CA-bob"]["from_phone"] == "+14155551002"
    for call in ("CA-to", "CA-not-chosen"):
        decision = json.loads(left[call]["decision"])
        assert [ring["name"] for ring in decision["rings"]] == ["C-1", "Maya Lee", None]
        assert [option["name"] for option in decision["options"]] == ["C-1", "Bob"]
        assert left[call]["from_phone"] == MAYAS_PHONE
    assert problems(migrated_url) == []
    assert cli("audit", "verify").code == 0


@pytest.mark.parametrize("sender", [ANN, STRANGER])
def test_a_voicemail_is_erased_here_and_at_the_provider(
    cli: Cli, migrated_url: str, sender: str
) -> None:
    people_and_visit(cli)
    came = comes(cli, "Voicemail, 23 seconds", sender=sender, to=DESK, sid="CA1")
    add_media(migrated_url, came["message"], content=VOICEMAIL, provider_media_id="RE1")
    known = {"caller": "client", "client": "C-1"} if sender == ANN else {}
    add_call(
        migrated_url, e164=DESK, from_phone=sender, message_id=came["message"],
        voicemail_seconds=23, **known,
    )  # fmt: skip
    if sender == STRANGER:  # it is Ann's other phone
        assigned = cli("inbox", "assign", str(came["message"]), "C-1")
        assert assigned.code == 0, assigned.err
        assert calls(migrated_url)["CA1"]["client"] == "C-1"
        assert calls(migrated_url)["CA1"]["caller"] == "unknown"
        assert problems(migrated_url) == []
    told = forget(cli)
    assert (told["calls"], told["media"]) == (1, 1)
    after = everything(migrated_url)
    assert sender not in after
    with looking(migrated_url) as cursor:
        (file,) = cursor.rows(
            "SELECT status, sha256, provider_media_id, provider_delete_at FROM media"
        )
    assert file == {
        "status": "erased",
        "sha256": None,
        "provider_media_id": "RE1",
        "provider_delete_at": NOW,
    }
    stored = open_store(default_media_place(locate(migrated_url))).listed()
    assert hashlib.sha256(VOICEMAIL).hexdigest() not in {each.sha256 for each in stored}
    assert problems(migrated_url) == []


def test_a_ref_that_is_a_part_of_another_one_names_nobody_else() -> None:
    decision = {"options": [{"key": 1, "client": "C-10", "name": "Zoë"}]}
    stored = json.dumps(decision, ensure_ascii=False)
    assert without_name(stored, "C-1") == stored


@pytest.mark.parametrize("ref", ["C-1", "Zoë 100%", 'a "quoted" ref'])
def test_the_ref_takes_the_place_of_the_name(ref: str) -> None:
    decision = {"rings": [{"target": "client", "ref": ref, "name": "Ann"}], "options": []}
    (ring,) = json.loads(without_name(json.dumps(decision), ref))["rings"]
    assert ring == {"target": "client", "ref": ref, "name": ref}


@pytest.mark.parametrize("stored", ["{}", "[]", "null", '{"rings": null}', '{"code": "X"}'])
def test_a_decision_that_names_nobody_stays(stored: str) -> None:
    assert without_name(stored, "C-1") == stored


def test_a_damaged_decision_is_erased() -> None:
    assert without_name('{"rings": [{"name": "Ann', "C-1") == "{}"
