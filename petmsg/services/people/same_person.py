"""Whether two names can be names of the same person, as people write names in several files."""

import re
import unicodedata

_PARTS = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")


def name_words(name: str) -> frozenset[str]:
    """The words of a name, without case, accents and marks. `Ivers, Ann` is like `Ann Ivers`."""
    plain = unicodedata.normalize("NFKD", name.replace("\u2019", "'")).casefold()
    return frozenset(
        _PARTS.findall("".join(each for each in plain if not unicodedata.combining(each)))
    )


def can_be_same(name: str, other: str) -> bool:
    """Whether one name has all words of the other: `Ann` or `Ann & Bob Ivers` can be `Ann Ivers`,
    `Bob Stone` cannot. A name without any word says nothing."""
    words, others = name_words(name), name_words(other)
    return words <= others or others <= words
