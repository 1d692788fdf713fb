"""petmsg help"""

import pytest

from tests.support.fixtures import run_cli


@pytest.mark.parametrize("line", ["", "booking", "booking confirm", "number health", "help"])
def test_it_prints_what_the_option_prints(line: str) -> None:
    ran = run_cli(None, "help", *line.split())
    assert ran.code == 0
    assert ran.out == run_cli(None, *line.split(), "--help").out


def test_as_json_it_is_an_object() -> None:
    found = run_cli(None, "help", "booking", "-o", "json").json
    assert found["command"] == "petmsg booking"
    assert found["help"].startswith("Usage: petmsg booking")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("bokking", "Did you mean booking?"),
        ("booking confrim", "Did you mean confirm?"),
        ("version now", "petmsg version has no commands"),
    ],
)
def test_an_unknown_word_is_wrong_usage(line: str, told: str) -> None:
    ran = run_cli(None, "help", *line.split())
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err
