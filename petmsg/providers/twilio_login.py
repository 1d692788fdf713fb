"""How requests to Twilio are authenticated: with an API key or an auth token of the account.

Standard library and leaves only.
"""

from collections.abc import Callable, Iterator
from typing import TypeVar

from petmsg.errors import CredentialsMissing
from petmsg.providers.credentials import TwilioCredentials

_UNAUTHORIZED = 401
T = TypeVar("T")
Auth = tuple[str, str]
"""A user and a password."""


class TwilioLogin:
    """The login of one account's requests. Threads may share it."""

    def __init__(
        self,
        credentials: TwilioCredentials,
        reload: Callable[[], TwilioCredentials] | None = None,
    ) -> None:
        """`credentials` have at least one login. `reload` reads them again, because they may be
        replaced while this process runs; it may raise `CredentialsMissing`."""
        self.account_sid = credentials.account_sid
        self._credentials = credentials
        self._used = credentials.logins[0]
        self._reload = reload
        self._secrets = {secret for _, secret in credentials.logins}

    def ask(self, request: Callable[[Auth], T], status_of: Callable[[T], int]) -> T:
        """The answer to a request; `request` is called again with another login of the account
        while Twilio answers 401, which means that it did nothing."""
        used = self._used
        answer = request(used)
        tried = {used}
        for other in self._others():
            if status_of(answer) != _UNAUTHORIZED:
                break
            if other in tried:
                continue
            tried.add(other)
            answer = request(other)
            if status_of(answer) != _UNAUTHORIZED:
                self._used = other
        return answer

    def hidden(self, words: str) -> str:
        """The words without a secret of the account."""
        for secret in self._secrets:
            words = words.replace(secret, "***")
        return words

    def _others(self) -> Iterator[Auth]:
        """The other logins, and then those that were stored meanwhile."""
        yield from self._credentials.logins
        try:
            fresh = self._credentials if self._reload is None else self._reload()
        except CredentialsMissing:
            return
        # A file with another account is not this account's: its numbers are not there.
        if fresh.account_sid == self.account_sid:
            self._secrets |= {secret for _, secret in fresh.logins}
            self._credentials = fresh
            yield from fresh.logins
