"""Which client a sitter's message is for: certain, or the sitter is asked. Checked by a model."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petmsg.rules.routing.quotes import Shown, forward
from petmsg.rules.routing.relay import (
    ListedClient,
    OpenClient,
    RelayAction,
    RelayDecision,
    RelayFacts,
    Said,
    Wrote,
    decide_relay,
    unique_names,
)

T = datetime(2026, 2, 14, 15, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
ANN, BOB, ADA = (
    OpenClient(1, "C-1", "Ann Ivers"),
    OpenClient(2, "C-2", "Bob Gray"),
    OpenClient(12, "C-12", "Ada Fox"),
)


def wrote(client: OpenClient, ago: timedelta, *, reached: bool | None = True) -> Wrote:
    return Wrote(client.ref, T - ago, reached)


def pick(body: str, *open_: OpenClient, **facts: object) -> RelayDecision:
    return decide_relay(RelayFacts(open_, **facts), body, T)  # type: ignore[arg-type]


def gone_to(choice: RelayDecision) -> tuple[str, str] | None:
    if choice.action is not RelayAction.SEND or choice.client is None:
        return None
    return choice.client.ref, choice.text


def test_with_one_open_client_it_goes_to_that_client() -> None:
    assert gone_to(pick(" On my way ", ANN)) == ("C-1", "On my way")


def test_without_an_open_window_it_goes_nowhere() -> None:
    assert pick("On my way").action is RelayAction.NO_WINDOW
    assert pick("@C-1 On my way").action is RelayAction.NO_WINDOW


def test_of_several_clients_it_goes_to_the_one_forwarded_last() -> None:
    texts = (wrote(BOB, 11 * MINUTE), wrote(ANN, 30 * MINUTE))
    assert gone_to(pick("Fine", ANN, BOB, wrote=texts)) == ("C-2", "Fine")


def test_the_sitter_is_asked_if_another_client_wrote_within_ten_minutes() -> None:
    texts = (wrote(BOB, 1 * MINUTE), wrote(ANN, 10 * MINUTE - timedelta(seconds=1)))
    choice = pick("Fine", ANN, BOB, wrote=texts)
    assert (choice.action, choice.options) == (RelayAction.ASK, (ANN, BOB))
    just_over = (wrote(BOB, 1 * MINUTE), wrote(ANN, 10 * MINUTE))
    assert gone_to(pick("Fine", ANN, BOB, wrote=just_over)) == ("C-2", "Fine")


def test_one_whose_window_just_closed_makes_it_uncertain_too() -> None:
    """Bob's visit began a minute ago, and the answer is perhaps to Ann, whose visit ended."""
    for ago in (2 * MINUTE, 11 * MINUTE, 119 * MINUTE):
        assert pick("Fine", BOB, wrote=(wrote(ANN, ago),)).action is RelayAction.ASK
    assert gone_to(pick("Fine", BOB, wrote=(wrote(ANN, 120 * MINUTE),))) == ("C-2", "Fine")
    since = (wrote(BOB, 5 * MINUTE), wrote(ANN, 11 * MINUTE))
    assert gone_to(pick("Fine", BOB, wrote=since)) == ("C-2", "Fine")


def test_the_one_forwarded_last_counts_and_not_the_one_who_wrote_last() -> None:
    texts = (wrote(ANN, 40 * MINUTE), wrote(BOB, 20 * MINUTE))
    assert gone_to(pick("Fine", ANN, BOB, wrote=texts)) == ("C-2", "Fine")


def test_what_was_just_said_to_another_client_may_go_on() -> None:
    said = Said("C-1", T - 2 * MINUTE)
    assert pick("and the key", BOB, said=said).action is RelayAction.ASK
    assert (
        pick("and the key", ANN, BOB, said=said, wrote=(wrote(BOB, HOUR),)).action
        is RelayAction.ASK
    )
    answer = pick("Fine", ANN, BOB, said=said, wrote=(wrote(BOB, MINUTE),))
    assert gone_to(answer) == ("C-2", "Fine"), "it answers what came after that"
    before = Said("C-1", T - 10 * MINUTE)
    assert gone_to(pick("Fine", BOB, said=before)) == ("C-2", "Fine")


def test_the_sitter_is_asked_if_several_clients_never_wrote() -> None:
    assert pick("On my way", ANN, BOB).action is RelayAction.ASK


def test_a_reply_is_not_for_a_message_that_never_reached_the_sitter() -> None:
    texts = (wrote(BOB, 20 * MINUTE, reached=False), wrote(ANN, 30 * MINUTE))
    assert gone_to(pick("Fine", ANN, BOB, wrote=texts)) == ("C-1", "Fine")


def test_a_message_that_may_have_reached_the_sitter_makes_it_uncertain() -> None:
    texts = (wrote(BOB, 20 * MINUTE, reached=None), wrote(ANN, 30 * MINUTE))
    assert pick("Fine", ANN, BOB, wrote=texts).action is RelayAction.ASK


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("@C-1 hello", ("C-1", "hello")),
        ("@c-1: hello", ("C-1", "hello")),
        ("@C-12 hello", ("C-12", "hello")),
        ("@C-1, see you at 5", ("C-1", "see you at 5")),
    ],
)
def test_a_ref_names_the_client(body: str, expected: tuple[str, str]) -> None:
    assert gone_to(pick(body, ANN, BOB, ADA)) == expected


@pytest.mark.parametrize("ref", ["C-1.2", "C-1 b"])
def test_of_two_refs_that_fit_the_longer_one_is_meant(ref: str) -> None:
    """A ref may hold any character that can be printed."""
    longer = OpenClient(3, ref, "Cleo Hart")
    for open_ in ((ANN, longer), (longer, ANN)):
        assert gone_to(pick(f"@{ref} hello", *open_)) == (ref, "hello")
        assert gone_to(pick("@C-1 hello", *open_)) == ("C-1", "hello")


def test_a_ref_that_is_not_open_or_not_one_sends_nothing() -> None:
    for body in ("@C-3 hi", "@C-1x hi", "@C-1.5 the code is 4711", "@C-1-b hi", "@", "@ C-1 hi"):
        choice = pick(body, ANN, BOB)
        assert (choice.action, choice.options) == (RelayAction.NOT_A_REF, (ANN, BOB)), body
    assert pick("@C-1", ANN, BOB).action is RelayAction.EMPTY


def test_a_name_that_begins_with_the_ref_of_another_is_not_that_one() -> None:
    smith = OpenClient(4, "Smith", "Cleo Hart")
    others = ("C-9", "Smith Jane", "Smith Jane Grey")
    assert (
        pick("@Smith Jane the code is 4711", smith, others=others).action is RelayAction.NOT_A_REF
    )
    assert pick("@smith jane: hi", smith, ANN, others=others).action is RelayAction.NOT_A_REF
    assert gone_to(pick("@Smith June is fine", smith, others=others)) == ("Smith", "June is fine")
    of_that_name = OpenClient(5, "C-5", "Smith Jane")
    assert pick("@Smith Jane hi", smith, of_that_name).action is RelayAction.NOT_A_REF


def test_a_number_answers_the_question_and_nothing_else_does() -> None:
    asked = ("C-1", "C-2")
    for body in ("2", "2.", "(2)", " 2 "):
        choice = pick(body, ANN, BOB, asked=asked)
        assert (choice.action, choice.client) == (RelayAction.SEND_WAITING, BOB)
    assert pick("3", ANN, BOB, asked=asked).action is RelayAction.ASK_AGAIN
    assert pick("2 minutes", ANN, BOB, asked=asked).action is RelayAction.ASK
    assert pick("0", ANN, BOB, asked=asked).action is RelayAction.ASK
    assert pick("2", ANN, BOB).action is RelayAction.ASK, "nobody asked"


def test_a_number_is_never_words_while_it_may_answer_a_question() -> None:
    assert pick("2", ANN, is_over=True).action is RelayAction.NO_QUESTION
    assert gone_to(pick("@C-1 2", ANN, is_over=True)) == ("C-1", "2")
    held = pick("2", ANN, BOB, unasked=True)
    assert (held.action, held.options) == (RelayAction.ASK_AGAIN, (ANN, BOB))
    assert gone_to(pick("2", ANN)) == ("C-1", "2"), "nobody asked"


def test_what_repeats_a_forward_goes_to_its_client_or_to_nobody() -> None:
    question = Shown("Not sent yet. Which client is it for?", None)
    shown = (forward("Ann Ivers: Alarm 4471", "C-1"), question)
    below = "> Ann Ivers: Alarm 4471\nIt does not open"
    assert gone_to(pick(below, ANN, BOB, shown=shown)) == ("C-1", below)
    assert pick(below, BOB, shown=shown).action is RelayAction.NOT_OPEN
    assert pick(f"@C-2 {below}", ANN, BOB, shown=shown).action is RelayAction.QUOTES_ANOTHER
    ours = "> Not sent yet. Which client is it for?\nAnn"
    assert pick(ours, ANN, BOB, shown=shown).action is RelayAction.QUOTES_ANOTHER
    assert (
        pick("Liked “Ann Ivers: Alarm 4471”", ANN, BOB, shown=shown).action is RelayAction.REACTION
    )
    assert pick("Ann Ivers: Alarm 4471", BOB, shown=shown).action is RelayAction.REPEATS
    assert pick("4471 does not work", BOB, shown=shown).action is RelayAction.ASK
    assert gone_to(pick("@C-2 4471 works", BOB, shown=shown)) == ("C-2", "4471 works")


def test_the_sitter_is_asked_if_two_clients_wrote_the_same() -> None:
    shown = (forward("Ann: Hello", "C-1"), forward("Ann: Hello", "C-2"))
    choice = pick("> Ann: Hello\nHi", ANN, BOB, ADA, shown=shown)
    assert (choice.action, choice.options) == (RelayAction.ASK, (ANN, BOB))


def test_clients_of_one_name_are_distinguished_by_ref_and_day() -> None:
    listed = [
        ListedClient(1, "C-1", "Ann Smith", "Sat 14 Feb"),
        ListedClient(2, "C-2", "ann  smith", "Sun 15 Feb"),
        ListedClient(3, "C-3", "Bob", "Sat 14 Feb"),
    ]
    assert unique_names(listed) == {
        1: "Ann Smith (C-1, Sat 14 Feb)",
        2: "ann  smith (C-2, Sun 15 Feb)",
        3: "Bob",
    }


def test_a_choice_whose_window_closed_meanwhile_sends_nothing() -> None:
    assert pick("2", ANN, asked=("C-1", "C-2")).action is RelayAction.NOT_OPEN


CLIENTS = st.sampled_from((ANN, BOB, ADA))
TEXTS = st.lists(
    st.builds(
        lambda client, minutes, reached: Wrote(client.ref, T - minutes * MINUTE, reached),
        CLIENTS,
        st.integers(0, 40),
        st.sampled_from((True, False, None)),
    ),
    max_size=5,
).map(lambda texts: tuple(sorted(texts, key=lambda each: each.wrote_at, reverse=True)))


@given(st.lists(CLIENTS, unique=True).map(tuple), TEXTS)
def test_a_plain_text_is_only_sent_where_no_other_client_can_be_meant(
    open_: tuple[OpenClient, ...], texts: tuple[Wrote, ...]
) -> None:
    choice = decide_relay(RelayFacts(open_, texts), "Fine", T)
    if choice.action is not RelayAction.SEND:
        assert choice.client is None
        return
    assert choice.client in open_
    others = [each for each in texts if each.client != choice.client.ref]
    assert all(T - each.wrote_at >= 10 * MINUTE for each in others)
    assert all(each.reached is not None for each in others)
    if len(open_) > 1:
        reached = [each.client for each in texts if each.reached]
        assert reached
        assert reached[0] == choice.client.ref
