"""Generated refs, for rows without a given one: `C-1`, `S-1`, `B-1`."""

from petmsg.queries.refs import count_on, ensure_counter, is_ref, lock_counter
from petmsg.services.unit_of_work import UnitOfWork

_PREFIX = {"client": "C", "sitter": "S", "booking": "B"}


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
