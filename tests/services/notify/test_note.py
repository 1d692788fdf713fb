"""The words of a note."""

import pytest

from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.queries.notify import UntoldAlert
from petmsg.services.notify.note import note_of, trial_note


def alert(number: int = 1, **other: object) -> UntoldAlert:
    usual = UntoldAlert(
        number,
        AlertSeverity.WARNING,
        "client_waiting",
        "client",
        f"C-{number}",
        f"Client C-{number} waits for an answer.",
        f"petmsg inbox show {number}",
        1,
    )
    return usual._replace(**other)


def test_a_note_has_refs_and_commands() -> None:
    note = note_of("happy-paws", [alert(), alert(2, times=3)], ())
    assert note.title == "petmsg happy-paws: client waiting, 2 alerts"
    assert note.severity is AlertSeverity.WARNING
    assert note.body == (
        "[warning] client C-1\n"
        "Client C-1 waits for an answer.\n"
        "To do: petmsg inbox show 1\n"
        "\n"
        "[warning] client C-2 (3 times)\n"
        "Client C-2 waits for an answer.\n"
        "To do: petmsg inbox show 2\n"
        "\n"
        "When it is dealt with: petmsg alert done 1 2"
    )


def test_one_alert_is_not_counted() -> None:
    assert note_of("happy-paws", [alert()], ()).title == "petmsg happy-paws: client waiting"


@pytest.mark.parametrize("kind", AlertKind)
def test_the_title_names_the_kind_in_words_that_are_in_use(kind: AlertKind) -> None:
    title = note_of("happy-paws", [alert(kind=kind)], ()).title
    assert "_" not in title
    assert not any(word in title for word in ("stray", "textable"))


def test_a_kind_of_a_later_release_has_a_title() -> None:
    assert note_of("happy-paws", [alert(kind="not_yet_known")], ()).title.endswith("not yet known")


def test_an_alert_without_a_command_has_no_line_for_it() -> None:
    assert "To do" not in note_of("happy-paws", [alert(command=None)], ()).body


def test_the_company_s_own_numbers_are_named_and_no_other_phone_is() -> None:
    said = "The carrier blocks messages from +14155550100 to +14155551001 (code 30004)."
    note = note_of("happy-paws", [alert(message=said)], {"+14155550100"})
    assert "from +14155550100 to (a phone) (code 30004)" in note.body


def test_a_long_alert_is_cut() -> None:
    note = note_of("happy-paws", [alert(message="x" * 301)], ())
    assert "x" * 299 + "…\n" in note.body
    assert "x" * 300 not in note.body


def test_a_test_says_so() -> None:
    note = trial_note("happy-paws", "ops")
    assert (note.title, note.severity) == ("petmsg happy-paws: test", AlertSeverity.INFO)
