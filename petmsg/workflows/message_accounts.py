"""The accounts that are asked about a message: the present one of its org, and its former ones.

A message has no column for its account. Its ID does not exist at another account, so the present
one is asked first, and the others, newest first, only if it does not have the message.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property
from threading import Lock
from typing import TypeVar

from petmsg.enums.orgs import ProviderName
from petmsg.errors import MediaGone, PetmsgError, ProviderUnavailable
from petmsg.providers.base import FetchedMedia, Provider, ProviderMessage, ReceivedMedia
from petmsg.providers.call_log import CallAtProvider, CallLog, HasCallLog, RecordedVoicemail
from petmsg.queries.former_accounts import former_account_names
from petmsg.queries.org import OrgRow
from petmsg.workflows.provider_factory import provider_of
from petmsg.workflows.store import Store

T = TypeVar("T")


class FormerAccountSilent(ProviderUnavailable):
    """An account that an org had before cannot be asked. It says nothing about the present one."""


class MessageAccounts:
    """The accounts that may have a message of an org. Threads may share it.

    A former account whose credentials are gone, or that refuses them, is as one that does not have
    the message: what follows from that raises the usual alert.
    """

    def __init__(self, store: Store, org: OrgRow, present: Provider) -> None:
        self._store = store
        self._org = org
        self._present = present
        self._lock = Lock()

    def fetch(self, provider_message_id: str) -> ProviderMessage | None:
        """As `Provider.fetch`."""
        found = self._present.fetch(provider_message_id)
        for other in () if found is not None else self._others():
            try:
                found = other.fetch(provider_message_id)
            except PetmsgError:
                continue
            if found is not None:
                return found
        return found

    def media_of(self, provider_message_id: str) -> Sequence[ReceivedMedia]:
        """As `Provider.media_of`."""
        return self._first_that_has_it(lambda account: account.media_of(provider_message_id))

    def fetch_media(
        self, provider_message_id: str, provider_media_id: str, *, most: int
    ) -> FetchedMedia:
        """As `Provider.fetch_media`."""
        return self._first_that_has_it(
            lambda account: account.fetch_media(provider_message_id, provider_media_id, most=most)
        )

    def delete_media(self, provider_message_id: str) -> None:
        """As `Provider.delete_media`, at the account that has the message.

        Raises `FormerAccountSilent` if only a former account may have it, and cannot be asked.
        """
        others = self._others()
        if not others or _has(self._present, provider_message_id):
            self._present.delete_media(provider_message_id)
            return
        problems = []
        for account in others:
            try:
                if _has(account, provider_message_id):
                    account.delete_media(provider_message_id)
                    return
            except PetmsgError as problem:
                problems.append(problem)
        if problems:
            raise FormerAccountSilent(problems[0].message, hint=problems[0].hint)

    def call(self, provider_call_id: str) -> CallAtProvider | None:
        """As `CallLog.call`, at the account that has the call. Raises for the present account."""
        return self._of_call(lambda log: log.call(provider_call_id))

    def rung(self, provider_call_id: str) -> Sequence[CallAtProvider]:
        """As `CallLog.rung`."""
        return self._of_call(lambda log: log.rung(provider_call_id)) or ()

    def voicemails(self, provider_call_id: str) -> Sequence[RecordedVoicemail]:
        """As `CallLog.voicemails`."""
        return self._of_call(lambda log: log.voicemails(provider_call_id)) or ()

    def _of_call(self, ask: Callable[[CallLog], T | None]) -> T | None:
        found = ask(self._present.calls) if isinstance(self._present, HasCallLog) else None
        for other in () if found else self._others():
            if isinstance(other, HasCallLog):
                with suppress(PetmsgError):
                    found = ask(other.calls)
            if found:
                break
        return found

    def _first_that_has_it(self, ask: Callable[[Provider], T]) -> T:
        try:
            return ask(self._present)
        except MediaGone as gone:
            for other in self._others():
                try:
                    return ask(other)
                except PetmsgError:
                    continue
            raise gone from None

    def _others(self) -> Sequence[Provider]:
        with self._lock:
            return self._former

    @cached_property
    def _former(self) -> list[Provider]:
        """The adapters of the accounts that the org had before, as far as they can be connected."""
        if self._org.provider is not ProviderName.TWILIO:
            return []
        with self._store.snapshot() as cursor:
            names = former_account_names(cursor, self._org)
        adapters = []
        for name in names:
            try:
                adapters.append(provider_of(self._store, self._org._replace(twilio_account=name)))
            except PetmsgError:
                continue
        return adapters


def _has(account: Provider, provider_message_id: str) -> bool:
    """Whether the account has the message."""
    try:
        account.media_of(provider_message_id)
    except MediaGone:
        return False
    return True
