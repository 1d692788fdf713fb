from petmsg.cli import command_line


def test_a_process_that_runs_many_commands_builds_each_once() -> None:
    numbers = command_line().get_command(None, "number")

    assert command_line().get_command(None, "number") is numbers
    assert numbers.get_command(None, "list") is numbers.get_command(None, "list")
    assert numbers.get_command(None, "list") is not numbers.get_command(None, "show")
    assert numbers.get_command(None, "list").name == "list"


def test_a_word_that_names_no_command_is_none() -> None:
    assert command_line().get_command(None, "numbers") is None
