"""People whom a file of bookings names by their name, written another way."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TypeVar

from petmsg.errors import Ambiguous, NotFound, PetmsgError
from petmsg.services.people.same_person import name_words

K = TypeVar("K")


def found_by_words(
    found: Mapping[str, K | PetmsgError],
    noun: str,
    names: Callable[[], Iterable[tuple[str, str | None]]],
    find: Callable[[Collection[str]], Mapping[str, K | PetmsgError]],
) -> dict[str, K | PetmsgError]:
    """`found`, and for each text that was not found the person whose name has the same words.

    `IVERS, ANN` is `Ann Ivers`, as in a file of clients. `names` reads the ref and name of each
    person, and only if a text was not found; `find` finds people by their refs. A name that several
    people have is `Ambiguous`.
    """
    missing = {text: name_words(text) for text, each in found.items() if isinstance(each, NotFound)}
    wanted = {words for words in missing.values() if words}
    refs: dict[frozenset[str], list[str]] = {}
    for ref, name in names() if wanted else ():
        words = name_words(name or "")
        if words in wanted:
            refs.setdefault(words, []).append(ref)
    people = find([each[0] for each in refs.values()]) if refs else {}
    again: dict[str, K | PetmsgError] = {}
    for text, words in missing.items():
        fits = refs.get(words, [])
        if len(fits) > 1:
            again[text] = Ambiguous(noun, text, fits)
        elif fits:
            again[text] = people[fits[0]]
    return {**found, **again}
