"""`message sync`: asks the provider without an open transaction, then stores the answers.

Answers are stored for every 100 messages, so that an interrupted run loses little.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from petmsg.db.cursor import Cursor
from petmsg.errors import PetmsgError, ProviderAccount
from petmsg.providers.base import Provider
from petmsg.providers.registry import PROVIDERS, credential_source, reaches_phones
from petmsg.queries.delivery_status import InTransit, in_transit
from petmsg.queries.org import Account, OrgRow
from petmsg.rules.receipt_requests import RECEIPTS_ARRIVE_WITHIN
from petmsg.services.outbox.delivery_status import Answer, apply_answers
from petmsg.workflows.account_alerts import end_account_alerts
from petmsg.workflows.message_accounts import MessageAccounts
from petmsg.workflows.provider_factory import (
    Connected,
    connect_orgs,
    raise_after_warnings,
    unanswered_problem,
)
from petmsg.workflows.store import Store
from petmsg.workflows.waiting_clients import update_waiting_alerts

CHUNK = 100
_ASK_AGAIN = "The answers so far are stored; the next petmsg message sync asks for the rest."
THREADS = 8
MOST_UNANSWERED = 5
"""After this many failed lookups a provider is not asked any more in this run."""


def sync(store: Store, *, limit: int) -> Iterator[Sequence[Any]]:
    """Ask for at most `limit` messages of each org; what was stored, as it is stored.

    Raises `CredentialsMissing` before the first if no org has an account, and after the last what
    an account did not answer or which credentials are missing.
    """
    orgs = store.orgs()
    with store.snapshot() as cursor:
        left = [
            each
            for each in _left_behind(orgs)
            if credential_source(each.provider, store.environ, each.twilio_account) is not None
            and _in_transit(store, cursor, each, limit=1)
        ]
    return _answered(store, connect_orgs(store, [*orgs, *left], threads=THREADS), limit=limit)


def _left_behind(orgs: Sequence[OrgRow]) -> list[OrgRow]:
    """The orgs as they were with a provider that they do not use any more, whose receipts may
    still come. Without its credentials nobody can ask for them."""
    return [
        org._replace(provider=name)
        for org in orgs
        for name in PROVIDERS
        if name is not org.provider and reaches_phones(name)
    ]


def _in_transit(store: Store, cursor: Cursor, org: OrgRow, *, limit: int) -> Sequence[InTransit]:
    since = store.now - RECEIPTS_ARRIVE_WITHIN
    return in_transit(cursor, org, since=since, now=store.now, limit=limit)


def _answered(store: Store, connected: Connected, *, limit: int) -> Iterator[Sequence[Any]]:
    lines = connected.lines
    unanswered: dict[Account, list[PetmsgError]] = {org.account: [] for org, _ in lines}
    for org, provider in lines:
        yield from _sync_org(store, org, provider, unanswered[org.account], limit=limit)
    end_account_alerts(store, [org for org, _ in lines])
    update_waiting_alerts(store, [org for org, _ in lines])
    found: list[PetmsgError] = [*connected.problems]
    found += [unanswered_problem(each, hint=_ASK_AGAIN) for each in unanswered.values() if each]
    raise_after_warnings(store, found)


def _sync_org(
    store: Store, org: OrgRow, provider: Provider, problems: list[PetmsgError], *, limit: int
) -> Iterator[Sequence[Any]]:
    with store.snapshot() as cursor:
        texts = _in_transit(store, cursor, org, limit=limit)
    accounts = MessageAccounts(store, org, provider)
    for start in range(0, len(texts), CHUNK):
        answers = _ask(accounts, texts[start : start + CHUNK], problems)
        if answers:
            store.tick()
            yield store.write_in(org.slug, apply_answers, answers)


def _ask(
    accounts: MessageAccounts, texts: Sequence[InTransit], problems: list[PetmsgError]
) -> list[Answer]:
    """Ask the accounts about each message; failed lookups are added to `problems`."""

    def ask(text: InTransit) -> Answer | None:
        if _in_vain(problems):
            return None
        try:
            found = accounts.fetch(text.provider_message_id)
        except PetmsgError as problem:
            problems.append(problem)
            return None
        return Answer(text.message, text.provider_message_id, found)

    if _in_vain(problems):
        return []
    with ThreadPoolExecutor(THREADS) as threads:
        return [answer for answer in threads.map(ask, texts) if answer is not None]


def _in_vain(problems: Sequence[PetmsgError]) -> bool:
    refused = any(isinstance(each, ProviderAccount) for each in problems)
    return refused or len(problems) >= MOST_UNANSWERED
