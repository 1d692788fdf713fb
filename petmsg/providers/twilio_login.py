"""How requests to Twilio are authenticated: with an API key or an auth token of the account.

Standard library and leaves only.
"""

from collections.abc import Callable
from typing import TypeVar

from petmsg.providers.credentials import TwilioCredentials

_UNAUTHORIZED = 401
T = TypeVar("T")
Auth = tuple[str, str]
"""A user and a password."""


class TwilioLogin:
    """The login of one account's requests. Threads may share it."""

    def __init__(self, credentials: TwilioCredentials) -> None:
        """`credentials` have at least one login."""
        self._credentials = credentials
        self._used = credentials.logins[0]

    @property
    def account_sid(self) -> str:
        """The account that the requests are about."""
        return self._credentials.account_sid

    def ask(self, request: Callable[[Auth], T], status_of: Callable[[T], int]) -> T:
        """The answer to a request; `request` is called again with another login of the account
        while Twilio answers 401, which means that it did nothing."""
        used = self._used
        answer = request(used)
        for other in self._credentials.logins:
            if status_of(answer) != _UNAUTHORIZED:
                break
            if other == used:
                continue
            answer = request(other)
            if status_of(answer) != _UNAUTHORIZED:
                self._used = other
        return answer

    def hidden(self, words: str) -> str:
        """The words without a secret of the account."""
        for _, secret in self._credentials.logins:
            words = words.replace(secret, "***")
        return words
