"""Generated refs, for rows without a given one: `C-1`, `S-1`, `B-1`."""

from collections.abc import Collection, Iterator

from petmsg.queries.refs import (
    count_on,
    ensure_counter,
    is_ref,
    lock_counter,
    next_value,
    refs_among,
    set_next_value,
)
from petmsg.services.unit_of_work import UnitOfWork

_PREFIX = {"client": "C", "sitter": "S", "booking": "B"}
_FIRST, _MOST = 4, 1024
"""How many refs are looked up at first to see which are free, and how many at most."""


def lock_refs(uow: UnitOfWork, noun: str) -> None:
    """Lock the generation of refs for the noun until the commit.

    Rows that are looked up afterwards, such as a client by phone, cannot be added meanwhile.
    """
    cursor = uow.cursor
    ensure_counter(cursor, uow.org.id, noun)
    lock_counter(cursor, uow.org.id, noun)


def next_ref(uow: UnitOfWork, noun: str) -> str:
    """Return the next free ref of the noun in this org, counted under a row lock."""
    cursor = uow.cursor
    ensure_counter(cursor, uow.org.id, noun)
    while True:
        number = count_on(cursor, uow.org.id, noun)
        ref = f"{_PREFIX[noun]}-{number}"
        if not is_ref(cursor, uow.org.id, noun=noun, ref=ref):
            return ref


class GeneratedRefs:
    """Free refs of a noun for the rows of a chunk, looked up many at a time.

    The generation of refs is locked until the commit, as by `lock_refs`. Refs in `besides` are left
    out, because rows of the chunk give them.
    """

    def __init__(self, uow: UnitOfWork, noun: str, *, besides: Collection[str] = ()) -> None:
        lock_refs(uow, noun)
        self._uow = uow
        self._noun = noun
        self._besides = besides
        self._first = self._next = next_value(uow.cursor, uow.org.id, noun)
        self._free = self._look_ahead()

    def next_ref(self) -> str:
        """Return the next free ref."""
        number = next(self._free)
        self._next = number + 1
        return f"{_PREFIX[self._noun]}-{number}"

    def store(self) -> None:
        """Store how far the refs were taken."""
        if self._next != self._first:
            self._first = self._next
            set_next_value(self._uow.cursor, self._uow.org.id, self._noun, self._next)

    def _look_ahead(self) -> Iterator[int]:
        number, count = self._next, _FIRST
        while True:
            refs = {f"{_PREFIX[self._noun]}-{each}": each for each in range(number, number + count)}
            taken = refs_among(self._uow.cursor, self._uow.org.id, noun=self._noun, refs=list(refs))
            yield from (
                each for ref, each in refs.items() if ref not in taken and ref not in self._besides
            )
            number, count = number + count, min(2 * count, _MOST)
