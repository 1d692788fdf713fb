"""Which message another one repeats, and whether it is a bare reaction: as phones write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petmsg.rules.routing.quotes import (
    Quotes,
    Reaction,
    Shown,
    forward,
    may_quote,
    plain,
    read_quotes,
)

TOM = forward("Tom Ode: Alarm 4471", "C-2")
ANN = forward("Ann: Don't forget the “good” food - he wants it at 5", "C-1")
OURS = Shown(
    "Not sent yet. Which client is it for? 1 Ann, 2 Tom Ode. Answer with the number.", None
)
TYPED = Shown("On my way", "C-1", is_typed=True)
SHOWN = (TOM, ANN, OURS, TYPED)


def read(body: str, *shown: Shown) -> Quotes:
    return read_quotes(body, shown or SHOWN)


REACTIONS = [
    "Loved “Tom Ode: Alarm 4471”",
    'Liked "Tom Ode: Alarm 4471"',
    "Laughed at “Tom Ode: Alarm 4471”",
    "Removed a heart from “Tom Ode: Alarm 4471”",
    "Removed a question mark from “Tom Ode: Alarm 4471”",
    "👍 to “Tom Ode: Alarm 4471”",
    "\u200b👍\u200b to “\u200aTom Ode: Alarm 4471\u200a”",
    "❤️ to “Tom Ode: Alarm 44…”",
    "Loved “Tom Ode: Al...”",
    "Reacted 😂 to “Tom Ode: Alarm 4471”",
    "Le encantó “Tom Ode: Alarm 4471”",
    "A aimé « Tom Ode: Alarm 4471 »",
    "Gefällt „Tom Ode: Alarm 4471“",
    'Ha messo "Mi piace" a “Tom Ode: Alarm 4471”',
    "Понравилось «Tom Ode: Alarm 4471»",
    "LIKED \u2018tom ode:  alarm 4471\u2019",
    "Loved “Sent from your Twilio trial account - Tom Ode: Alarm 4471”",
]


@pytest.mark.parametrize("body", REACTIONS)
def test_a_reaction_to_a_forward_is_one_in_any_language(body: str) -> None:
    found = read(body)
    assert (found.reaction, found.clients) == (Reaction.YES, {"C-2"})
    assert may_quote(body)


@pytest.mark.parametrize(
    "body",
    ["Liked an image", "Loved a photo", "👍 to an image", "Removed a heart from an image",
     "Le gustó una imagen", "Liked “what nobody remembers”"],
)  # fmt: skip
def test_a_reaction_that_repeats_nothing_known_is_known_by_its_words(body: str) -> None:
    assert read(body).reaction is Reaction.YES
    assert may_quote(body)


@pytest.mark.parametrize(
    "body", ["“Tom Ode: Alarm 4471” にハートを付けました", "Hat „Tom Ode: Alarm 4471“ geliebt",
             "“Tom Ode: Alarm 4471” got it", "Tom Ode: Alarm 4471", "Fwd: Tom Ode: Alarm 4471",
             "> Tom Ode: Alarm 4471", "“Tom Ode: Alarm 4471”"],
)  # fmt: skip
def test_what_may_be_no_more_than_a_repetition_is_not_sure(body: str) -> None:
    found = read(body)
    assert (found.reaction, found.clients) == (Reaction.PERHAPS, {"C-2"})


@pytest.mark.parametrize(
    "body",
    [
        "> Tom Ode: Alarm 4471\nIt does not open",
        "> Tom Ode: Alarm…\nIt does not open",
        "On Sat, Maya wrote:\n> Tom Ode:\n> Alarm 4471\n\nIt does not open",
        "What is this? “Tom Ode: Alarm 4471”",
        "Tom Ode: Alarm 4471 does not open",
        "He wrote tom ode: alarm 4471, and it does not open",
        "“Tom Ode: Alarm 4471”\nIt does not open",
    ],
)
def test_an_answer_below_or_around_a_forward_belongs_to_its_client(body: str) -> None:
    found = read(body)
    assert (found.reaction, found.clients) == (Reaction.NO, {"C-2"})


def test_marks_within_the_message_do_not_matter() -> None:
    for words in (
        "Liked “Ann: Don’t forget the “good” food – he wants it at 5”",
        "Liked \"Ann: Don't forget the 'good' food - he wants it at 5\"",
    ):
        found = read(words)
        assert (found.reaction, found.clients) == (Reaction.YES, {"C-1"})


def test_what_petmsg_wrote_belongs_to_nobody() -> None:
    cut = "> Not sent yet. Which client…\nAnn"
    for body in (f"Liked “{OURS.body}”", f"> {OURS.body}\nAnn", cut):
        assert read(body).clients == frozenset()
    assert read(f"Liked “{OURS.body}”").reaction is Reaction.YES


def test_what_a_person_typed_counts_between_marks_only() -> None:
    assert read("On my way") == Quotes()
    assert read("On my way home") == Quotes()
    found = read("Loved “On my way”")
    assert (found.reaction, found.clients) == (Reaction.YES, {"C-1"})


@pytest.mark.parametrize(
    "body",
    ["He is fine", "Tell Tom I am here", "Ann: I am late", "He ate all of it, \"good\" boy!",
     "It's Tom's", "5 > 4", "loved it", "I liked an image of him", "", "Going to a movie"],
)  # fmt: skip
def test_other_messages_repeat_nothing(body: str) -> None:
    assert read(body) == Quotes()


def test_a_code_of_a_client_may_be_about_that_client() -> None:
    assert read("4471 does not work").possible == ({"C-2"},)
    assert read("4471 does not work").clients is None


def test_of_two_names_that_end_alike_the_longer_one_is_repeated() -> None:
    jo = forward("Jo Ann: Hi there", "C-7")
    ann = forward("Ann: Hi there", "C-1")
    assert read("> Jo Ann: Hi there\nHello", ann, jo).clients == {"C-7"}
    assert read("> Ann: Hi there\nHello", ann, jo).clients == {"C-1"}


def test_what_two_clients_wrote_alike_is_of_either() -> None:
    same = (forward("Ann: Hi", "C-1"), forward("Ann: Hi", "C-2"))
    assert read("> Ann: Hi\nHello", *same).clients == {"C-1", "C-2"}
    both = (forward("Ann: Hi there", "C-1"), forward("Bob: How are you", "C-2"))
    assert read("> Ann: Hi there\n> Bob: How are you\nok", *both).clients == frozenset()


def test_a_long_message_of_marks_takes_no_time() -> None:
    shown = tuple(forward(f"Ann: {'word ' * 300}{n}", "C-1") for n in range(100))
    assert read("'\"" * 10_000, *shown).reaction is Reaction.NO


WORDS = st.text(
    alphabet=st.sampled_from("abc dé.,!'\"“”-–…?\n 1234🐕"), min_size=1, max_size=60
).filter(lambda words: len(plain(words)) > 2)
PREFIXES = st.sampled_from(["Loved", "Reacted 👍 to", "Curtiu", "Убрал сердце", "👍 to"])
MARKS = st.sampled_from([("“", "”"), ('"', '"'), ("«", "»"), ("„", "“")])


@given(WORDS, PREFIXES, MARKS)
def test_whatever_a_client_wrote_a_reaction_to_it_is_that_clients(
    words: str, prefix: str, marks: tuple[str, str]
) -> None:
    shown = (forward(f"Tom Ode: {words}", "C-2"), OURS)
    found = read(f"{prefix} {marks[0]}Tom Ode: {words}{marks[1]}", *shown)
    assert (found.reaction, found.clients) == (Reaction.YES, {"C-2"})


@given(WORDS, st.integers(1, 40), st.sampled_from(["…", "..."]))
def test_so_is_one_that_is_cut_short(words: str, kept: int, dots: str) -> None:
    found = read(f"Loved “Tom Ode: {words[:kept]}{dots}”", forward(f"Tom Ode: {words}", "C-2"))
    assert (found.reaction, found.clients) == (Reaction.YES, {"C-2"})


@given(WORDS, WORDS)
def test_no_message_repeats_what_was_not_shown(words: str, other: str) -> None:
    found = read(f"{words}\n{other}", forward("Zoë Quill: Zzz yyy xxx", "C-9"))
    assert found.certain == ()
