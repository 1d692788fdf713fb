"""Reading and filling templates. Pure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petmsg.errors import MalformedText
from petmsg.rules.templates import FIELDS, Variable, fill, first_name, variables_of


def test_variables_are_filled_and_words_stand_for_what_is_missing() -> None:
    body = "Hi {client.first_name|there}, {sitter.name} comes at {eta}. {{Rex}}"
    assert variables_of(body) == [
        Variable("client.first_name", "there"),
        Variable("sitter.name", None),
        Variable("eta", None),
    ]
    known = {"sitter.name": "Maya", "eta": "5 pm"}
    assert fill(body, known) == ("Hi there, Maya comes at 5 pm. {Rex}", [])
    named = fill(body, {**known, "client.first_name": "Ada"})
    assert named == ("Hi Ada, Maya comes at 5 pm. {Rex}", [])


def test_every_missing_value_is_named_once() -> None:
    body = "{eta} {sitter.name} {eta} {client.name|you}"
    assert fill(body, {"sitter.name": None, "eta": ""})[1] == ["eta", "sitter.name"]


def test_a_default_may_be_empty() -> None:
    assert fill("Hi{client.first_name|}!", {}) == ("Hi!", [])


@pytest.mark.parametrize(
    "body",
    [
        "{client.phone}", "{sitter.phone}", "{phone}", "{my_phone}", "{client}{client.names}",
        "{client.name.__class__}", "{__class__}", "{client.__dict__}", "{client.name[0]}", "{0}",
        "{}", "{ }", "{client.name!r}", "{client.name:>10}", "{eta:{client.name}}", "{Eta}",
        "{", "}", "{client.name", "client.name}", "{e-t}", "{|there}",
    ],
)  # fmt: skip
def test_nothing_else_can_be_reached(body: str) -> None:
    with pytest.raises(MalformedText):
        variables_of(body)


def test_a_mistyped_field_is_suggested() -> None:
    with pytest.raises(MalformedText) as refused:
        variables_of("Hi {client.frist_name}")
    assert "client.first_name" in refused.value.hint


def test_no_field_is_a_phone() -> None:
    assert not [name for name in FIELDS if "phone" in name or "number" in name]


@given(st.text(alphabet="ab {}|.:!client.nameeta", max_size=30), st.text(max_size=10))
def test_a_value_is_never_read_as_a_template(body: str, value: str) -> None:
    """What is filled in stands there as it is, with its braces; nothing else raises."""
    try:
        variables = variables_of(body)
    except MalformedText:
        return
    values = dict.fromkeys((each.name for each in variables), "{client.name}" + value)
    filled, missing = fill(body, values)
    assert missing == []
    assert filled.count("{client.name}") >= (len(variables) > 0)


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("Ada Lovelace", "Ada"), ("Lovelace, Ada", "Ada"), ("Ada", "Ada"), ("", ""), (" ", ""),
        ("Lovelace,", "Lovelace"), ("李 小龙", "李"),
    ],
)  # fmt: skip
def test_a_first_name(name: str, first: str) -> None:
    assert first_name(name) == first
