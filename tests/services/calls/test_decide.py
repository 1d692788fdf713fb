"""petmsg route call: who is rung, now, in the past and in the future, on both databases."""

from datetime import timedelta
from typing import Any

import pytest

from tests.support.consistency import raw
from tests.support.fixtures import NOW, Cli, add_org, lines, looking

MAYA, SPARE, POOL, DESK = "+14155550101", "+14155550102", "+14155550110", "+14155550100"
ANN, BO, STRANGER = "+16175550171", "+16175550172", "+16175550199"
MAYAS_PHONE, DESK_PHONE = "+14155550141", "+14155550190"
PERSONAL = (ANN, BO, STRANGER, MAYAS_PHONE, DESK_PHONE)
HOUR = timedelta(hours=1)


def company(cli: Cli) -> None:
    """Maya sits for Ann from 14:00 to 16:00 and for Bo from 16:30 to 18:00 UTC, each with an hour
    of grace: from 16:30 to 17:00 both windows are open. It is 15:00."""
    cli("number", "add", MAYA, SPARE, "--class", "sitter")
    cli("number", "add", POOL, "--class", "pool")
    cli("sitter", "add", "Maya Lee", "--phone", MAYAS_PHONE, "--activate")
    cli("client", "add", "Ann Ivers", "--phone", ANN)
    cli("client", "add", "Bo Kim", "--phone", BO)
    visits = (("C-1", "14:00", "16:00"), ("C-2", "16:30", "18:00"))
    for client, start, end in visits:
        booked = ("--start", f"2026-02-14T{start}Z", "--end", f"2026-02-14T{end}Z")
        cli("booking", "add", "--client", client, "--sitter", "S-1", *booked)
    assert cli("booking", "confirm", "B-1", "B-2").code == 0
    assert cli("org", "set", "--desk-phone", DESK_PHONE, "--voicemail", "on").code == 0


@pytest.fixture
def ours(cli: Cli) -> Cli:
    cli.fill("calls", company)
    return cli


def asked(cli: Cli, sender: str = ANN, to: str = MAYA, at: str = "now", **options: Any) -> Any:
    ran = cli("route", "call", "--from", sender, "--to", to, "--at", at, "-o", "json", **options)
    assert ran.code == 0, ran.err
    assert not any(phone in ran.out for phone in PERSONAL)
    return ran.json


def rings(found: Any) -> list[str]:
    return [
        " ".join(filter(None, (each["target"], each["ref"], each["caller_id"])))
        for each in found["rings"]
    ]


def test_a_client_in_their_window_rings_the_sitter_then_the_desk_then_voicemail(ours: Cli) -> None:
    found = asked(ours)
    assert (found["code"], found["addressed_to"], found["ref"]) == ("SITTER_RINGS", "sitter", "S-1")
    assert (found["caller"], found["caller_ref"]) == ("client", "C-1")
    assert rings(found) == [f"sitter S-1 {MAYA}", f"front_desk {MAYA}", "voicemail"]
    assert found["rings"][0]["needs_key"]
    assert not found["rings"][1]["needs_key"]


def test_a_sitter_rings_their_client_or_chooses_or_hears_that_no_window_is_open(ours: Cli) -> None:
    now = asked(ours, MAYAS_PHONE)
    assert (now["code"], now["ref"], rings(now)) == (
        "CLIENT_RINGS", "C-1", [f"client C-1 {MAYA}", "sentence"],
    )  # fmt: skip
    both = asked(ours, MAYAS_PHONE, at="2026-02-14T16:45Z")
    assert (both["code"], both["addressed_to"], both["ref"]) == ("SITTER_CHOOSES", "client", None)
    assert both["options"] == [
        {"key": 1, "client": "C-1", "name": "Ann Ivers", "caller_id": MAYA},
        {"key": 2, "client": "C-2", "name": "Bo Kim", "caller_id": MAYA},
    ]
    closed = asked(ours, MAYAS_PHONE, at="+3d")
    assert (closed["code"], rings(closed)) == ("NO_OPEN_WINDOW", ["sentence"])


def test_a_sitter_rings_only_who_has_a_window_with_them_whatever_the_order(ours: Cli) -> None:
    assert asked(ours, MAYAS_PHONE, at="2026-02-14T17:00Z")["ref"] == "C-2"


def test_a_sitter_who_calls_another_number_rings_the_front_desk(ours: Cli) -> None:
    found = asked(ours, MAYAS_PHONE, SPARE)
    assert (found["code"], found["caller"], found["caller_ref"]) == (
        "KNOWN_SITTER", "sitter", "S-1",
    )  # fmt: skip
    assert rings(found)[0] == f"front_desk {SPARE}"


def test_an_unknown_and_a_withheld_phone_ring_the_front_desk(ours: Cli) -> None:
    for sender in (STRANGER, "withheld"):
        found = asked(ours, sender, POOL)
        assert (found["code"], found["caller"]) == ("UNKNOWN_SENDER", "unknown")
        assert rings(found) == [f"front_desk {POOL}", "voicemail"]


def test_a_quarantined_number_rings_the_desk_with_another_number_until_it_is_back(
    ours: Cli,
) -> None:
    ours("number", "quarantine", MAYA, "--days", "1", "--reason", "filtered")
    found = asked(ours, at="+1m")
    assert (found["code"], rings(found)[0]) == ("NUMBER_QUARANTINED", f"front_desk {DESK}")
    hers = asked(ours, MAYAS_PHONE, at="+1m")
    assert rings(hers) == [f"client C-1 {POOL}", "sentence"], "as a message would be sent"


def test_a_number_without_voice_is_shown_to_nobody(ours: Cli, migrated_url: str) -> None:
    with raw(migrated_url) as cursor:
        cursor.run("UPDATE message_number SET voice = (1 = 0) WHERE e164 = :e164", e164=MAYA)
        cursor.run("UPDATE message_number SET voice = (1 = 1) WHERE e164 = :e164", e164=POOL)
    assert rings(asked(ours)) == [f"sitter S-1 {DESK}", f"front_desk {DESK}", "voicemail"]
    assert rings(asked(ours, MAYAS_PHONE))[0] == f"client C-1 {DESK}"
    with raw(migrated_url) as cursor:
        cursor.run("UPDATE message_number SET voice = (1 = 0) WHERE e164 = :e164", e164=DESK)
    assert rings(asked(ours))[0] == f"sitter S-1 {POOL}", "a pool number before a sitter's"
    assert asked(ours, MAYAS_PHONE)["code"] == "NO_NUMBER", "a client sees no other number"
    with raw(migrated_url) as cursor:
        cursor.run("UPDATE message_number SET voice = (1 = 0)")
    assert rings(asked(ours)) == ["voicemail"]


def test_a_former_sitters_number_rings_the_desk_for_the_client_who_knows_it(ours: Cli) -> None:
    soon = NOW + timedelta(seconds=30)
    assert ours("message", "send", "C-1", "--body", "Hi", "--as", "S-1", now=soon).code == 0
    later = soon + timedelta(seconds=1)
    assert ours("sitter", "renumber", "S-1", "--reason", "filtered", now=later).code == 0
    assert asked(ours, at="+1m")["code"] == "FORMER_NUMBER"
    assert asked(ours, to=SPARE, at="+1m")["code"] == "SITTER_RINGS"
    assert rings(asked(ours, at="+1m"))[0] == f"front_desk {DESK}", "the old one is in quarantine"


def test_the_past_is_answered_from_the_ledger(ours: Cli) -> None:
    later = {"now": NOW + 30 * 60 * timedelta(seconds=1)}
    left = ours("sitter", "deactivate", "--yes", "S-1", "--reason", "the sitter left", **later)
    assert left.code == 0
    before, after = "2026-02-14T15:10Z", "2026-02-14T15:45Z"
    later = {"now": NOW + HOUR}
    assert asked(ours, at=before, **later)["code"] == "SITTER_RINGS"
    assert asked(ours, MAYAS_PHONE, at=before, **later)["code"] == "CLIENT_RINGS"
    assert asked(ours, at=after, **later)["addressed_to"] == "front_desk"
    hers = asked(ours, MAYAS_PHONE, at=after, **later)
    assert (hers["code"], hers["caller_ref"]) == ("KNOWN_SITTER", "S-1")


def test_the_desks_number_of_the_past_is_shown(ours: Cli) -> None:
    ours("number", "quarantine", MAYA, "--days", "1", "--reason", "filtered")
    moved = {"now": NOW + HOUR}
    swapped = ours("number", "set-class", SPARE, "front_desk", "--replace", **moved)
    assert swapped.code == 0, swapped.err
    later = {"now": NOW + 2 * HOUR}
    assert rings(asked(ours, at="2026-02-14T15:30Z", **later))[0] == f"front_desk {DESK}"
    assert rings(asked(ours, at="2026-02-14T16:30Z", **later))[0] == f"front_desk {SPARE}"


def test_an_override_sends_calls_of_both_to_the_front_desk(ours: Cli) -> None:
    ours("route", "override", "C-1", "--until", "+30m", "--reason", "complaint")
    for sender in (ANN, MAYAS_PHONE):
        found = asked(ours, sender, at="+1m")
        assert (found["code"], found["addressed_to"]) == ("OVERRIDE", "front_desk")
        assert rings(found)[0] == f"front_desk {MAYA}"
        assert asked(ours, sender, at="+30m")["code"].endswith("_RINGS")
    ours("route", "override", "C-1", "--until", "2026-02-14T16:59Z", "--reason", "complaint")
    both = asked(ours, MAYAS_PHONE, at="2026-02-14T16:45Z")
    assert [each["caller_id"] for each in both["options"]] == [None, MAYA]


def test_the_desk_rings_within_office_hours_and_not_itself(ours: Cli) -> None:
    ours("org", "set", "--office-hours", "08:00-10:00", "--timezone", "UTC")
    assert rings(asked(ours, STRANGER)) == ["voicemail"]
    assert rings(asked(ours, STRANGER, at="2026-02-15T09:00Z"))[0].startswith("front_desk")
    assert rings(asked(ours, DESK_PHONE, at="2026-02-15T09:00Z")) == ["voicemail"]
    ours("org", "set", "--voicemail", "off", "--ring-seconds", "7")
    found = asked(ours)
    assert rings(found)[-1] == "sentence"
    assert found["rings"][0]["seconds"] == 7


def test_a_client_who_has_the_sitters_phone_is_not_rung_on_it(ours: Cli) -> None:
    ours("client", "set", "C-1", "--name", "Maya at home")
    ours("client", "phone", "add", "C-1", MAYAS_PHONE)
    assert asked(ours, MAYAS_PHONE)["code"] == "CLIENT_RINGS", "it is not the one that rings"
    ours("client", "phone", "primary", "C-1", MAYAS_PHONE)
    assert asked(ours, MAYAS_PHONE)["code"] == "OWN_PHONE"


def test_our_own_numbers_and_retired_ones_are_rejected(ours: Cli) -> None:
    assert asked(ours, POOL)["code"] == "OWN_NUMBER_CALLS"
    ours("number", "retire", POOL, "--reason", "sold", "--yes")
    found = asked(ours, to=POOL, at="+1m")
    assert (found["code"], found["addressed_to"], found["rings"]) == (
        "NUMBER_RETIRED",
        "nobody",
        [],
    )


def test_a_number_of_another_org_is_one_of_ours_too(ours: Cli, migrated_url: str) -> None:
    add_org(migrated_url, "cosy-cats", front_desk="+14155550200")
    assert asked(ours, "+14155550200")["code"] == "OWN_NUMBER_CALLS"
    assert asked(ours, ANN, "+14155550200")["org"] == "cosy-cats"


CALL = (
    "INSERT INTO call (org_id, provider_call_id, number_id, from_phone, caller, addressed_to, code,"
    " decision, status, started_at, ended_at) SELECT n.org_id, :sid, n.id, :phone, :caller,"
    " 'front_desk', 'UNKNOWN_SENDER', '{}', 'no_answer', :at, :at FROM message_number n"
    " WHERE n.e164 = :to"
)


def test_the_calls_of_a_phone_in_the_last_hour_are_counted_and_withheld_ones_together(
    ours: Cli, migrated_url: str
) -> None:
    ours("org", "set", "--calls-per-hour", "2")

    def called(sid: str, phone: str | None, ago: timedelta, caller: str = "unknown") -> None:
        with raw(migrated_url) as cursor:
            cursor.run(CALL, sid=sid, phone=phone, caller=caller, at=NOW - ago, to=POOL)

    called("CA1", STRANGER, HOUR)
    called("CA2", STRANGER, HOUR - timedelta(seconds=1))
    called("CA3", None, timedelta(minutes=5))
    called("CA4", None, timedelta(minutes=4), caller="client")  # erased since
    assert asked(ours, STRANGER)["code"] == "UNKNOWN_SENDER", "an hour ago does not count"
    assert asked(ours, "withheld")["code"] == "UNKNOWN_SENDER"
    called("CA5", STRANGER, timedelta(minutes=1))
    assert asked(ours, STRANGER)["code"] == "CALLS_PER_HOUR"
    assert asked(ours, STRANGER, at="+1h")["code"] == "UNKNOWN_SENDER"
    assert asked(ours, "withheld")["code"] == "UNKNOWN_SENDER", "another phone"
    called("CA6", None, timedelta(minutes=1))
    assert asked(ours, "withheld")["code"] == "CALLS_PER_HOUR"
    assert asked(ours, ANN)["code"] == "SITTER_RINGS"


def test_a_number_that_was_never_ours_rings_nobody(ours: Cli, migrated_url: str) -> None:
    add_org(migrated_url, "cosy-cats", front_desk=None)
    for arguments in (("--to", "+19995550100"), ("--to", MAYA, "--org", "cosy-cats")):
        ran = ours("route", "call", "--from", ANN, *arguments, "-o", "json")
        assert (ran.code, ran.error["code"]) == (4, "number_never_ours")


def test_the_table_names_people_and_no_phones(ours: Cli) -> None:
    table = ours("route", "call", "--from", ANN, "--to", MAYA, "-o", "table").out
    head = f"2026-02-14 10:00 EST, now: a call from client C-1 Ann Ivers to {MAYA} is for sitter"
    assert table.startswith(head)
    assert "The caller is not unknown: the phone belongs to client C-1" in table
    assert "is for sitter S-1 Maya Lee\nActive assignment window for sitter Maya Lee until" in table
    assert f"1. Sitter S-1 Maya Lee is rung for 20 s, sees {MAYA}, and presses a key" in table
    assert "3. The caller may leave a voicemail" in table
    both = ours(
        "route", "call", "--from", MAYAS_PHONE, "--to", MAYA, "--at", "2026-02-14T16:45Z",
        "-o", "table",
    ).out  # fmt: skip
    assert "is for the client whom they choose" in both
    assert f"Key 2: C-2 Bo Kim is rung and sees {MAYA}" in both
    assert not any(phone in table + both for phone in PERSONAL)


def test_jsonl_and_tsv_are_one_line_of_the_same(ours: Cli) -> None:
    line = ours("route", "call", "--from", ANN, "--to", MAYA, "-o", "jsonl")
    assert line.out.count("\n") == 1
    assert line.json == asked(ours)
    head, row = ours("route", "call", "--from", ANN, "--to", MAYA, "-o", "tsv").out.splitlines()
    assert dict(zip(head.split("\t"), row.split("\t"), strict=True))["code"] == "SITTER_RINGS"


def test_explaining_changes_nothing(ours: Cli, migrated_url: str) -> None:
    def counts() -> list[int]:
        with looking(migrated_url) as cursor:
            return [
                cursor.value(f"SELECT count(*) FROM {table}")
                for table in ("audit_event", "message", "call", "alert")
            ]

    before = counts()
    for sender in (ANN, STRANGER, "withheld", MAYAS_PHONE):
        asked(ours, sender)
    assert counts() == before


@pytest.mark.parametrize("argument", ["--from", "--to"])
def test_a_malformed_phone_is_wrong_usage(sqlite_cli: Cli, argument: str) -> None:
    phones = {"--from": ANN, "--to": MAYA, argument: "5550101"}
    arguments = [word for pair in phones.items() for word in pair]
    ran = sqlite_cli("route", "call", *arguments, "-o", "json")
    assert (ran.code, ran.error["code"]) == (2, "malformed_phone")


def test_a_window_of_overlapping_visits_shows_the_callers_own_number(
    ours: Cli, tmp_path: Any
) -> None:
    """Two sitters visit the same client: each shows their own number, as in a message."""
    ours("sitter", "add", "Olga Stern", "--phone", "+14155550142", "--activate")
    rows = lines(
        ("ref", "client", "sitter", "starts_at", "ends_at"),
        ("B-9", "C-1", "S-2", "2026-02-14T14:30Z", "2026-02-14T15:30Z"),
    )
    (tmp_path / "visits.csv").write_text(rows)
    assert ours("booking", "import", str(tmp_path / "visits.csv")).code == 0
    assert ours("booking", "confirm", "B-9").code == 0
    olgas = SPARE
    assert rings(asked(ours, "+14155550142", olgas))[0] == f"client C-1 {olgas}"
    assert rings(asked(ours, MAYAS_PHONE))[0] == f"client C-1 {MAYA}"


def test_the_table_says_what_a_caller_hears_at_the_end(ours: Cli) -> None:
    def table(sender: str, *arguments: str) -> str:
        ran = ours("route", "call", "--from", sender, "--to", MAYA, *arguments, "-o", "table")
        return ran.out

    assert "The caller hears that the client does not answer" in table(MAYAS_PHONE)
    assert "1. The caller hears that they have no visit now" in table(MAYAS_PHONE, "--at", "+8h")
    ours("org", "set", "--voicemail", "off")
    assert "3. The caller hears that nobody can take the call" in table(ANN)
