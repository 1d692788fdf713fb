"""Whether two people can be the same one: by their names, as people write names in several files,
or by their phone."""

import re
import unicodedata

from petmsg.phone import mask_phone

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


def shared_phone(e164: str, noun: str, ref: str) -> str:
    """The warning about a phone that a client and a sitter have; `noun` and `ref` are the other's.

    It is not refused, because a sitter may be a client too.
    """
    return (
        f"{mask_phone(e164)} is also the phone of {noun} {ref}. petmsg cannot always tell which of "
        "the two wrote or called."
    )
