"""Does a message repeat one that its sender was shown? Pure: bodies in, authors out.

A phone sends a reaction, an inline reply or a forward as a message that repeats the other one:
`Loved “Ann: Is Rex fine?”`, or `> Ann: Is Rex fine?` with an answer below it. Phones word this
differently in every language, and some cut the quoted message short. So a message is compared with
those the sender was really shown, and not with a list of verbs. Only a reaction to a picture
(`Liked an image`), which repeats nothing, is recognised by its words.

Plain forms are compared: case, spaces, quotation marks, dashes and invisible characters do not
matter, and `...` equals `…`.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

LEAST_REPEATED = 16
"""How many characters two people do not write alike by chance."""
_LEAST_CUT_SHORT = 24
_LEAST_OF_A_FORWARD = 8
_LONGEST_REACTION = 48
_MOST_WORDS = 6
_MOST_MARKS = 5
"""How many quotation marks are checked from each end, so that the run time stays linear."""


DESK = ""
"""The author of what the front desk wrote to a sitter. No client has an empty ref."""


class Shown(NamedTuple):
    """A message on somebody's phone. `client` is its author; None if petmsg wrote it.

    `lead` is the start of a forward, `Ann:`. A message that a person typed (`is_typed`) may be
    typed again by chance, so it counts as repeated only between quotation marks. Of a message from
    the `DESK`, each longer sentence counts.
    """

    body: str
    client: str | None
    lead: str = ""
    is_typed: bool = False

    @property
    def is_staff(self) -> bool:
        """Whether the front desk wrote it to a sitter."""
        return self.client == DESK


class Reaction(StrEnum):
    """Whether a message is only a reaction to another one."""

    NO = "no"
    YES = "yes"
    PERHAPS = "perhaps"
    """It repeats a message, and the few other characters may be the phone's or the sender's."""


class Quotes(NamedTuple):
    """What a message repeats.

    Each member of `certain` is one repeated passage: the clients who may have written it, with None
    for petmsg and `DESK` for the front desk. `possible` are passages that may be equal by chance.
    """

    reaction: Reaction = Reaction.NO
    certain: tuple[frozenset[str | None], ...] = ()
    possible: tuple[frozenset[str | None], ...] = ()

    @property
    def clients(self) -> frozenset[str | None] | None:
        """The clients to whom the message may go: they wrote everything that it certainly repeats.

        None means that it certainly repeats nothing, and so may go to anybody.
        """
        if not self.certain:
            return None
        return frozenset.intersection(*self.certain) - {None}


def forward(body: str, client: str) -> Shown:
    """Return a forward as it was sent to a sitter: `Ann: Is Rex fine?`."""
    name, colon, _ = body.partition(": ")
    return Shown(body, client, lead=f"{name}:" if colon else "")


def read_quotes(body: str, shown: Sequence[Shown]) -> Quotes:
    """Return what a message repeats of those its sender was shown. The same arguments give the same
    answer."""
    known = [each for each in map(_known, shown) if each.whole]
    text = plain(body)
    reaction = Reaction.YES if _WORDED_REACTION.fullmatch(_folded(body)) else Reaction.NO
    certain = _unmarked(text, known)
    possible = [_clients(each for each in known if each.words and _may_repeat(text, each))]
    for passage in _passages(body):
        inside = plain(passage.inside)
        lengths = [_quoted_length(each, inside) for each in known]
        longest = max(lengths, default=0)
        if longest:
            best = zip(known, lengths, strict=True)
            certain.append(_clients(each for each, length in best if length == longest))
            reaction = _stronger(reaction, _reaction(passage))
        elif len(inside) >= _LEAST_OF_A_FORWARD:
            forwards = (each for each in known if each.lead)
            possible.append(_clients(each for each in forwards if inside in each.whole))
    if reaction is Reaction.NO and _is_repeated(text, known):
        reaction = Reaction.PERHAPS
    return Quotes(reaction, _once(certain), _once(possible))


def may_quote(body: str) -> bool:
    """Whether a message may be a reaction at all; if not, no shown messages need to be read."""
    return _MARK.search(body) is not None or bool(_WORDED_REACTION.fullmatch(_folded(body)))


def plain(text: str) -> str:
    """Return the form in which messages are compared."""
    folded = _folded(text).translate(_NO_MARKS)
    return " ".join(_DOTS.sub("…", folded).split())


class _Known(NamedTuple):
    """A shown message in its plain form. `words` are the client's own, without `lead`, or the front
    desk's."""

    shown: Shown
    whole: str
    lead: str
    words: str


def _known(shown: Shown) -> _Known:
    whole, lead = plain(shown.body), plain(shown.lead)
    words = whole.removeprefix(lead).strip() if lead else whole if shown.is_staff else ""
    return _Known(shown, whole, lead, words)


class _Passage(NamedTuple):
    """A quoted part. `is_marked` is true between quotation marks, and false after `>`."""

    before: str
    inside: str
    after: str
    is_marked: bool


# ---------------------------------------------------------------------------------- plain forms

_DOUBLE = (
    '"\u201c\u201d\u201e\u201f\xab\xbb\u2039\u203a\u300c\u300d\u300e\u300f\u301d\u301e\u2033\uff02'
)
_SINGLE = "'\u2018\u2019\u201a\u201b`\xb4\uff07"
_NO_MARKS = dict.fromkeys(map(ord, _DOUBLE + _SINGLE))
_INVISIBLE = (
    *(0xAD, 0x34F, 0x61C, 0x180E, 0xFEFF),
    *range(0x200B, 0x2010),
    *range(0x202A, 0x202F),
    *range(0x2060, 0x2070),
    *range(0xFE00, 0xFE10),
)
_FOLD: dict[int, str | None] = {
    **dict.fromkeys(_INVISIBLE),
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"), "-"),
}
_MARK = re.compile(f"[{_DOUBLE}{_SINGLE}]|^[ \t]*[>|]", re.MULTILINE)
_DOTS = re.compile(r"\.{2,}")
_FORWARDED = re.compile(r"(?:fwd?|forwarded(?: message)?) ?: ?")


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text.translate(_FOLD)).casefold().strip()


# ------------------------------------------------------------------------ reactions by their words

_THING = (
    r"(?:an? (?:image|photo|picture|video|movie|gif|sticker|attachment|audio message"
    r"|voice message|link|location|contact)|une (?:image|photo|vidéo)|una (?:imagen|foto|immagine)"
    r"|un (?:video|vídeo)|uma (?:imagem|foto)|um vídeo|ein(?:em)? (?:bild|foto|video))"
)
_VERB = (
    r"(?:loved|liked|disliked|laughed at|emphasi[sz]ed|questioned|reacted (?:with )?\S{1,12} to"
    r"|removed an? [\w ]{2,24} from|removed [^\w\s]{1,12} from|[^\w\s]{1,12} to"
    r"|(?:le )?(?:gustó|encantó|gusta|encanta)|a (?:aimé|adoré)|curtiu|amou|gefällt|liebt)"
)
_WORDED_REACTION = re.compile(rf"{_VERB} (?:{_THING}|[{_DOUBLE}].*[{_DOUBLE}])", re.DOTALL)


def _reaction(passage: _Passage) -> Reaction:
    """Whether a quoted passage is surrounded only by what a phone adds."""
    before, after = passage.before.lstrip(), passage.after.rstrip()
    around = f"{before} {after}"
    if not around.strip():
        return Reaction.PERHAPS
    is_short = len(around) <= _LONGEST_REACTION and len(around.split()) <= _MOST_WORDS
    if not passage.is_marked or not is_short or _SENTENCE.search(around):
        return Reaction.NO
    return Reaction.PERHAPS if after else Reaction.YES


_SENTENCE = re.compile(r"[.?!;:,\n]")
_RANK = (Reaction.NO, Reaction.PERHAPS, Reaction.YES)


def _stronger(one: Reaction, other: Reaction) -> Reaction:
    return max(one, other, key=_RANK.index)


# ------------------------------------------------------------------------------ quoted passages


def _passages(body: str) -> Iterator[_Passage]:
    yield from _behind_marks(body)
    for marks in (_DOUBLE, _SINGLE):
        places = [place for place, character in enumerate(body) if character in marks]
        if len(places) > 2 * _MOST_MARKS:
            places = places[:_MOST_MARKS] + places[-_MOST_MARKS:]
        for nth, start in enumerate(places):
            for end in places[nth + 1 :]:
                yield _Passage(body[:start], body[start + 1 : end], body[end + 1 :], True)


def _behind_marks(body: str) -> Iterator[_Passage]:
    """Yield the lines that begin with `>`, as in an email."""
    lines = [line.strip() for line in body.splitlines()]
    quoted = [line.lstrip(">| ") for line in lines if line.startswith((">", "|"))]
    if quoted:
        others = [line for line in lines if not line.startswith((">", "|"))]
        yield _Passage("", "\n".join(quoted), "\n".join(others), False)


def _quoted_length(known: _Known, inside: str) -> int:
    """Return how many characters of a message a passage repeats: all, or its beginning cut short; 0
    if none."""
    is_cut = inside.endswith("…")
    inside = inside.rstrip("…").rstrip()
    whole = known.whole
    if not inside:
        return 0
    if inside == whole or (is_cut and whole.startswith(inside)):
        return len(inside)
    if known.lead:
        tails = [inside[place:] for place in _places(inside, known.lead)]
        fits = [tail for tail in tails if _fits(known, tail, is_cut=is_cut)]
        named = max((_same(tail, whole) for tail in fits), default=0)
        return max(named, _unnamed_length(known.words, inside, is_cut=is_cut))
    if whole.startswith(inside):
        return len(inside) if len(inside) >= _LEAST_CUT_SHORT else 0
    # A provider may have put its own words before or after it.
    stands = inside.endswith(f" {whole}") if known.shown.is_typed else whole in inside
    return len(whole) if stands and len(whole) >= _LEAST_OF_A_FORWARD else 0


def _unnamed_length(words: str, inside: str, *, is_cut: bool) -> int:
    """Return how much of a client's own words a passage repeats, without the name that petmsg
    added."""
    if len(inside) < _LEAST_OF_A_FORWARD or not words.startswith(inside):
        return 0
    is_enough = inside == words or is_cut or len(inside) >= _LEAST_CUT_SHORT
    return len(inside) if is_enough else 0


def _fits(known: _Known, tail: str, *, is_cut: bool) -> bool:
    if tail.startswith(known.whole):
        return True
    return known.whole.startswith(tail) and (is_cut or len(tail) > len(known.lead) + 1)


# ------------------------------------------------------------------- repeated without any marks


def _unmarked(text: str, known: Sequence[_Known]) -> list[frozenset[str | None]]:
    """Return who wrote the passages in a message that nobody types by chance."""
    spans: dict[tuple[int, int], set[str | None]] = {}
    for each in known:
        for span in _spans(text, each):
            spans.setdefault(span, set()).add(each.shown.client)
    return [
        frozenset(clients)
        for (start, end), clients in spans.items()
        if not any(
            (a, b) != (start, end) and a <= start and end <= b for a, b in spans
        )  # `Jo Ann: Hi` does not repeat `Ann: Hi`
    ]


def _spans(text: str, known: _Known) -> Iterator[tuple[int, int]]:
    """Yield where a message contains a forward with its name, a long forward without its name, or a
    sentence of petmsg's own."""
    whole, lead = known.whole, known.lead
    if known.shown.is_typed:
        return
    if not lead:
        for words in (whole, *(_SENTENCE_END.split(whole) if known.shown.is_staff else ())):
            least = LEAST_REPEATED if words is whole else _LEAST_CUT_SHORT
            place = text.find(words) if len(words) >= least else -1
            if place >= 0:
                yield place, place + len(words)
        return
    for place in _places(text, lead):
        same = _same(text[place : place + len(whole)], whole)
        behind = text[place + same : place + same + 1]
        is_whole = same == len(whole) and not behind.isalnum()
        is_cut = same > len(lead) and behind == "…"
        if is_whole or is_cut or same >= len(lead) + 1 + _LEAST_OF_A_FORWARD:
            yield place, place + same
    place = text.find(known.words) if len(known.words) >= _LEAST_CUT_SHORT else -1
    if place >= 0:
        yield place, place + len(known.words)


def _may_repeat(text: str, known: _Known) -> bool:
    """Whether a message contains the words of a forward, or a number from it, such as a code."""
    if len(known.words) >= LEAST_REPEATED and known.words in text:
        return True
    return any(code in known.words for code in _CODE.findall(text))


_CODE = re.compile(r"[0-9]{4,}")
_SENTENCE_END = re.compile(r"(?<=[.!?\u2026]) ")


def _is_repeated(text: str, known: Sequence[_Known]) -> bool:
    """Whether a message is nothing but a forwarded one."""
    rest = _FORWARDED.sub("", text, count=1)
    return any(rest == each.whole for each in known if not each.shown.is_typed)


def _places(text: str, lead: str) -> Iterator[int]:
    """Yield where the lead occurs as a word of its own."""
    place = text.find(lead)
    while place >= 0:
        if place == 0 or not text[place - 1].isalnum():
            yield place
        place = text.find(lead, place + 1)


def _same(one: str, other: str) -> int:
    """Return the length of the common beginning of two strings."""
    most = min(len(one), len(other))
    if one[:most] == other[:most]:
        return most
    return next(place for place in range(most) if one[place] != other[place])


def _clients(known: Iterable[_Known]) -> frozenset[str | None]:
    return frozenset(each.shown.client for each in known)


def _once(found: Sequence[frozenset[str | None]]) -> tuple[frozenset[str | None], ...]:
    return tuple(dict.fromkeys(each for each in found if each))
