"""The Twilio accounts whose credentials this process has, and what changes while it runs.

A server keeps one of these: a file that is edited, added or removed counts from the next request
on, without a restart. Variables cannot change in a running process. Standard library and leaves
only.
"""

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from petmsg.errors import CredentialsMissing
from petmsg.providers.account_names import is_account_name
from petmsg.providers.credentials import (
    SID_NAME,
    TwilioCredentials,
    load_twilio_credentials,
    twilio_file,
    where_credentials_come_from,
)

_START, _END = "twilio-", ".env"
LOOK_EVERY = 5.0
"""Seconds after which a token that was removed from a file is not accepted any more, at most."""
KEEP_SECONDS = 60.0
"""How long the credentials of a file count after it became unusable: it may be being written."""
State = tuple[tuple[str, int, int, int, int], ...]


def stored_account_names(environ: Mapping[str, str], default_file: Path) -> list[str | None]:
    """The accounts that have credentials, right or wrong: None for the one without a name, and the
    names in alphabetical order. Opens no file."""
    names = {
        variable.removeprefix(f"{SID_NAME}_").lower().replace("_", "-")
        for variable, value in environ.items()
        if variable.startswith(f"{SID_NAME}_") and value
    }
    folder = twilio_file(environ, default_file, None).parent
    try:
        files = [each.name for each in folder.iterdir()]
    except (OSError, ValueError):
        files = []
    for file in files:
        if file.startswith(_START) and file.endswith(_END):
            names.add(file.removeprefix(_START).removesuffix(_END))
    named: list[str | None] = [*sorted(filter(is_account_name, names))]
    if where_credentials_come_from(environ, default_file) != "not set":
        named.insert(0, None)
    return named


class StoredAccounts:
    """The tokens of every account that has credentials, by account SID. Threads may share it.

    `on_change` is called with a sentence when credentials were read again, or are not usable; it
    never holds a secret.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        default_file: Path,
        on_change: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._environ = environ
        self._default_file = default_file
        self._on_change = on_change
        self._lock = threading.Lock()
        self._by_name: dict[str | None, TwilioCredentials] = {}
        self._problems: dict[str | None, CredentialsMissing] = {}
        self._kept_until: dict[str | None, float] = {}
        """When the credentials of an unusable file end, by the name of the account (monotonic)."""
        self._state: State | None = None
        self._looked_at = time.monotonic()
        self._read_changes()

    @property
    def problems(self) -> dict[str | None, CredentialsMissing]:
        """What is wrong with credentials that are there, by the name of the account."""
        return dict(self._problems)

    def tokens_of(self, account_sid: str) -> tuple[str, ...]:
        """The auth tokens of the account as they were read last; empty for an unknown one."""
        found = [each for each in self._by_name.values() if each.account_sid == account_sid]
        return tuple(dict.fromkeys(token for each in found for token in each.tokens))

    def names_of(self, account_sid: str) -> frozenset[str | None]:
        """The names of the credentials of this account; they may have several."""
        return frozenset(
            name for name, each in self._by_name.items() if each.account_sid == account_sid
        )

    @property
    def has_tokens(self) -> bool:
        """Whether the signature of any account can be checked."""
        return any(each.tokens for each in self._by_name.values())

    def look_again(self) -> bool:
        """Read what was changed since the last look; whether anything was."""
        with self._lock:
            before = self._by_name
            self._read_changes()
            self._looked_at = time.monotonic()
            return self._by_name != before

    def look_if_due(self) -> None:
        """`look_again` if the last look was `LOOK_EVERY` ago: a token that was removed ends."""
        if time.monotonic() - self._looked_at >= LOOK_EVERY:
            self.look_again()

    def _read_changes(self) -> None:
        names = stored_account_names(self._environ, self._default_file)
        state = self._state_of(names)
        now = time.monotonic()
        if state == self._state and all(now < until for until in self._kept_until.values()):
            return
        is_first, self._state = self._state is None, state
        found: dict[str | None, TwilioCredentials] = {}
        problems: dict[str | None, CredentialsMissing] = {}
        kept_until: dict[str | None, float] = {}
        for name in names:
            try:
                found[name] = load_twilio_credentials(self._environ, self._default_file, name)
            except CredentialsMissing as problem:
                problems[name] = problem
                until = self._kept_until.get(name, now + KEEP_SECONDS)
                if name in self._by_name and now < until:
                    found[name], kept_until[name] = self._by_name[name], until
                self._on_change(problem.with_hint)
        if found != self._by_name and not is_first:
            self._on_change("Twilio's credentials were read again.")
        self._by_name, self._problems, self._kept_until = found, problems, kept_until

    def _state_of(self, names: list[str | None]) -> State:
        """What tells a file that was changed from one that was not."""
        state = []
        for name in names:
            path = twilio_file(self._environ, self._default_file, name)
            try:
                seen = path.stat()
            except (OSError, ValueError):
                continue
            entry = (seen.st_mtime_ns, seen.st_size, seen.st_ino, seen.st_ctime_ns)
            state.append((str(path), *entry))
        return tuple(state)
