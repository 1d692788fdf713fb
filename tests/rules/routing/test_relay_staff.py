"""What a sitter answers to the front desk: never a client's without the sitter saying so."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petmsg.rules.routing.quotes import DESK, Shown, forward, read_quotes
from petmsg.rules.routing.relay import (
    OpenClient,
    RelayAction,
    RelayDecision,
    RelayFacts,
    Said,
    StaffWrote,
    Wrote,
    decide_relay,
)

T = datetime(2026, 2, 14, 15, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
ANN, BOB = OpenClient(1, "C-1", "Ann Ivers"), OpenClient(2, "C-2", "Bob Gray")
FROM_DESK = "Can you take the visit of Tuesday? The key code is 4711. Tell Olga as well."


def staff(ago: timedelta, *, reached: bool | None = True) -> StaffWrote:
    return StaffWrote(T - ago, reached)


def pick(body: str, *open_: OpenClient, **facts: object) -> RelayDecision:
    return decide_relay(RelayFacts(open_, **facts), body, T)  # type: ignore[arg-type]


def test_without_an_open_window_it_is_the_front_desks_without_a_brush_off() -> None:
    answer = pick("Yes, I can", staff=staff(3 * HOUR))
    assert (answer.action, answer.options) == (RelayAction.FOR_DESK, ())
    wrote = (Wrote("C-1", T - HOUR, True),)
    assert pick("Yes", staff=staff(3 * HOUR), wrote=wrote).action is RelayAction.NO_WINDOW
    assert pick("Yes").action is RelayAction.NO_WINDOW


def test_within_ten_minutes_a_plain_answer_goes_to_no_client() -> None:
    for body in ("Yes", "2", "ok will do"):
        answer = pick(body, ANN, BOB, staff=staff(9 * MINUTE))
        assert (answer.action, answer.options) == (RelayAction.FOR_DESK, (ANN, BOB))
    named = pick("@C-1 On my way", ANN, staff=staff(MINUTE))
    assert (named.action, named.client) == (RelayAction.SEND, ANN)


def test_with_a_newer_message_of_a_client_the_sitter_is_asked() -> None:
    wrote = (Wrote("C-1", T - MINUTE, True),)
    asked = pick("Yes", ANN, staff=staff(5 * MINUTE), wrote=wrote)
    assert (asked.action, asked.may_be_for_desk) == (RelayAction.ASK, True)
    assert asked.options == (ANN,)
    unknown = pick("Yes", ANN, staff=staff(5 * MINUTE, reached=None))
    assert (unknown.action, unknown.may_be_for_desk) == (RelayAction.ASK, True)


def test_for_two_hours_it_is_asked_unless_the_talk_with_a_client_went_on() -> None:
    late = staff(30 * MINUTE)
    assert pick("Yes", ANN, staff=late).action is RelayAction.ASK
    assert pick("Yes", ANN, staff=late, said=Said("C-1", T - HOUR)).action is RelayAction.ASK
    for facts in (
        {"said": Said("C-1", T - 20 * MINUTE)},
        {"wrote": (Wrote("C-1", T - 20 * MINUTE, True),)},
    ):
        assert pick("Yes", ANN, staff=late, **facts).action is RelayAction.SEND
    assert pick("Yes", ANN, staff=staff(2 * HOUR)).action is RelayAction.SEND


def test_a_number_is_not_read_by_a_list_older_than_the_front_desks_message() -> None:
    asked = {"asked": ("C-1", "C-2"), "listed_at": T - 5 * MINUTE}
    after = pick("2", ANN, BOB, staff=staff(MINUTE), **asked)
    assert after.action is RelayAction.ASK_AGAIN
    before = pick("2", ANN, BOB, staff=staff(6 * MINUTE), **asked)
    assert (before.action, before.client) == (RelayAction.SEND_WAITING, BOB)
    closed = pick("2", ANN, BOB, staff=staff(MINUTE), is_over=True)
    assert closed.action is RelayAction.FOR_DESK


@pytest.mark.parametrize(
    "body",
    [
        f"Loved “{FROM_DESK}”",
        f"@C-1 {FROM_DESK}",
        f"> {FROM_DESK}\nYes I can",
        f"fwd: {FROM_DESK}",
        "The office asks: can you take the visit of tuesday?",
        f"“{FROM_DESK[:40]}…” is what they say",
    ],
)
def test_what_repeats_the_front_desk_is_the_front_desks(body: str) -> None:
    shown = (Shown(FROM_DESK, DESK), forward("Ann Ivers: Hi", "C-1"))
    assert pick(body, ANN, shown=shown).action is RelayAction.FOR_DESK
    assert pick(body, shown=shown).action is RelayAction.FOR_DESK


def test_a_code_of_the_front_desk_is_sent_only_to_a_client_whom_the_sitter_names() -> None:
    shown = (Shown(FROM_DESK, DESK),)
    assert pick("It is 4711", ANN, shown=shown).action is RelayAction.ASK
    assert pick("It is 4712", ANN, shown=shown).action is RelayAction.SEND


WORDS = st.sampled_from(
    ["bring", "the", "key", "of", "house", "nine", "and", "feed", "Rex", "at", "five", "please"]
)
BODIES = st.lists(WORDS, min_size=5, max_size=14).map(" ".join)


@given(
    desk=BODIES,
    client=BODIES,
    around=st.tuples(st.sampled_from(["", "fyi ", "@C-1 ", "@C-2: "]), st.sampled_from(["", "!"])),
    quoted=st.booleans(),
    ago=st.integers(0, 200),
)
def test_the_front_desks_words_never_reach_a_client(
    desk: str, client: str, around: tuple[str, str], quoted: bool, ago: int
) -> None:
    """However the sitter repeats them, whenever, whomever they name."""
    if len(desk) < 16 or desk in client:
        return
    shown = (Shown(desk, DESK), forward(f"Ann Ivers: {client}", "C-1"))
    said = f"“{desk}”" if quoted else desk.upper()
    answer = pick(around[0] + said + around[1], ANN, BOB, shown=shown, staff=staff(ago * MINUTE))
    assert answer.action not in (RelayAction.SEND, RelayAction.SEND_WAITING)


@given(
    ago=st.integers(0, 9),
    reached=st.sampled_from([True, None]),
    clients=st.lists(
        st.tuples(
            st.sampled_from(["C-1", "C-2"]),
            st.integers(0, 300),
            st.sampled_from([True, None, False]),
        ),
        max_size=4,
    ),
    said=st.none() | st.tuples(st.sampled_from(["C-1", "C-2"]), st.integers(0, 300)),
    open_=st.sampled_from([(ANN,), (ANN, BOB)]),
    body=st.sampled_from(["ok", "1", "2", "On my way", "Yes, on Tuesday"]),
    asked=st.none() | st.integers(0, 59),
)
def test_within_ten_minutes_of_the_front_desk_nothing_plain_is_sent(
    *,
    ago: int,
    reached: bool | None,
    clients: list[tuple[str, int, bool | None]],
    said: tuple[str, int] | None,
    open_: tuple[OpenClient, ...],
    body: str,
    asked: int | None,
) -> None:
    facts = RelayFacts(
        open_,
        wrote=tuple(Wrote(ref, T - at * MINUTE, got) for ref, at, got in clients),
        said=None if said is None else Said(said[0], T - said[1] * MINUTE),
        staff=staff(ago * MINUTE, reached=reached),
        asked=() if asked is None else ("C-1", "C-2"),
        listed_at=None if asked is None else T - asked * MINUTE,
    )
    answer = decide_relay(facts, body, T)
    assert answer.action is not RelayAction.SEND
    if answer.action is RelayAction.SEND_WAITING:  # it answers a list that came after
        assert asked is not None
        assert asked < ago


@given(body=BODIES)
def test_an_empty_author_is_no_client(body: str) -> None:
    assert read_quotes(f"“{body}”", (Shown(body, DESK),)).clients in (None, frozenset({DESK}))
