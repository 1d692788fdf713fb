"""A refused message of a sitter: the hint says when their next window opens."""

from tests.support.fixtures import NOW, Cli
from tests.support.texting import people, send, visit

LATER = "2026-02-14T15:30Z"
NEXT = "Their next window with C-1 opens at 2026-02-14 {} EST. "
WHY = "See why: petmsg route explain C-1 --as S-1"


def test_the_hint_of_a_refused_message_says_when_the_window_opens(cli: Cli) -> None:
    people(cli)
    visit(cli, start=LATER)
    refused = send(cli, "--as", "S-1")
    assert (refused.code, refused.error["code"]) == (4, "not_her_window")
    assert refused.error["hint"] == NEXT.format("10:30") + WHY
    cli("booking", "reschedule", "B-1", "--lead", "15m")
    assert send(cli, "--as", "S-1").error["hint"] == NEXT.format("10:15") + WHY
    cli("booking", "reschedule", "B-1", "--lead", "30m")
    assert send(cli, "--as", "S-1", now=NOW).code == 0


def test_a_window_of_another_sitter_is_none_of_theirs(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    visit(sqlite_cli, sitter="S-2", start=LATER)
    assert send(sqlite_cli, "--as", "S-1").error["hint"] == WHY
