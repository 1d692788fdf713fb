"""What the messages of a batch need to know, read by one statement for all of them.

Each message asks the same questions, and on a server the answer to each is waited for: for 64
messages that takes longer than the commit. A message that is alone asks for itself, as before.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from petmsg.providers.base import ReceivedMessage
from petmsg.queries.confirm import threads_of_clients
from petmsg.queries.inbound import (
    CalledNumber,
    ClientFacts,
    LastSeen,
    StoredMessage,
    called_numbers,
    client_facts,
    last_seen,
    stored_messages,
)
from petmsg.queries.new_ids import new_ids
from petmsg.queries.row_locks import share_clients_of_phones
from petmsg.queries.senders import Sender, find_senders
from petmsg.services.unit_of_work import UnitOfWork

T = TypeVar("T")
_LONGEST_ASKED = 64


@dataclass(frozen=True, slots=True)
class ReadTogether:
    """What was read before the first message was stored, with the clients who sent them locked.

    `senders` are by phone, `numbers` by E.164, and `clients` by id, as of now: receiving a message
    changes none of them. `threads` has the ids of threads by client, but for those that are not
    made yet.
    """

    senders: Mapping[str, Sender] = field(default_factory=dict)
    numbers: Mapping[str, CalledNumber] = field(default_factory=dict)
    clients: Mapping[int, ClientFacts] = field(default_factory=dict)
    threads: Mapping[int, int] = field(default_factory=dict)
    _seen: Mapping[tuple[int, int], Sequence[LastSeen]] = field(default_factory=dict)
    _stored: dict[str, StoredMessage | None] = field(default_factory=dict)
    _new_ids: list[int] = field(default_factory=list)

    def has_stored(self, provider_message_id: str) -> bool:
        """Whether it is known which message has this ID, or that none has it."""
        return provider_message_id in self._stored

    def take_stored(self, provider_message_id: str) -> StoredMessage | None:
        """That message. Only once: the message may be stored right after, or may come twice."""
        return self._stored.pop(provider_message_id)

    def last_seen(self, sender: Sender, e164: str) -> Sequence[LastSeen] | None:
        """What the sender, who is a client, last had from the number; None where it was not
        read."""
        number = self.numbers.get(e164)
        if sender.client is None or number is None:
            return None
        return self._seen.get((sender.client.id, number.id))

    def take_new_id(self) -> int | None:
        """An id for a message that is stored with others; None where it gets its own."""
        return self._new_ids.pop() if self._new_ids else None

    def drop_new_ids(self) -> None:
        """Take no more of these ids: a message that has been queued may have a higher one, and
        what comes later has a higher one than what came before."""
        self._new_ids.clear()


NOTHING = ReadTogether()


def read_together(uow: UnitOfWork, texts: Sequence[ReceivedMessage]) -> ReadTogether:
    """Read what these messages ask, and lock the clients who sent them; nothing for a single one.

    A body that no database takes is left to the message that has it.
    """
    if len(texts) < 2:
        return NOTHING
    cursor, org = uow.cursor, uow.org
    ids = _plain(text.provider_message_id for text in texts)
    phones = _plain(text.from_phone for text in texts)
    e164s = _plain(text.to_e164 for text in texts)
    found = stored_messages(cursor, _rounded(ids))
    share_clients_of_phones(cursor, org.id, _rounded(phones))
    senders = find_senders(cursor, org.id, _rounded(phones))
    clients = _rounded(sorted({each.client.id for each in senders.values() if each.client}))
    threads = threads_of_clients(cursor, org.id, clients)
    numbers = called_numbers(cursor, org, _rounded(e164s))
    return ReadTogether(
        senders,
        numbers,
        client_facts(cursor, org, clients, at=uow.now),
        {each.client_id: each.id for each in threads},
        last_seen(cursor, org, _pairs(texts, senders, numbers), at=uow.now),
        {each: found.get(each) for each in ids},
        _new_ids(uow, len(texts) - len(found)),
    )


def _pairs(
    texts: Sequence[ReceivedMessage],
    senders: Mapping[str, Sender],
    numbers: Mapping[str, CalledNumber],
) -> list[tuple[int, int]]:
    """Each client and number between which there is a message, by their ids."""
    pairs = set()
    for text in texts:
        sender, number = senders.get(text.from_phone), numbers.get(text.to_e164)
        if number is not None and sender is not None and sender.client is not None:
            pairs.add((sender.client.id, number.id))
    return sorted(pairs)


def _new_ids(uow: UnitOfWork, count: int) -> list[int]:
    """Ids for messages that can be written together, the highest first. None where messages are
    forwarded, for which each must be stored before the next."""
    if uow.org.relay or not uow.cursor.writes_together:
        return []
    return list(new_ids(uow.cursor, "message", count))[::-1]


def _plain(texts: Iterable[str]) -> list[str]:
    """Each of these once, but for what a database may refuse as text."""
    return [
        each
        for each in dict.fromkeys(texts)
        if each.isascii() and each.isprintable() and len(each) <= _LONGEST_ASKED
    ]


def _rounded(values: list[T]) -> list[T]:
    """The list with its last value as often as makes its length a power of two: SQLite's driver
    keeps a statement prepared for each length."""
    return values + values[-1:] * ((1 << (len(values) - 1).bit_length()) - len(values))
