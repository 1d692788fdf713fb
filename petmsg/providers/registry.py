"""The providers that an org can use: the module of each, its error codes, and where its
credentials are.

To add a provider, write its module with `connect(connection) -> Provider`, name it in
`petmsg.enums.orgs.ProviderName` (its values are in a CHECK, so this needs a migration), and add its
line to `PROVIDERS`. Standard library and leaves only: a module is imported when it is connected.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from petmsg import settings
from petmsg.db.cursor import Cursor
from petmsg.enums.orgs import ProviderName
from petmsg.errors import PetmsgError
from petmsg.providers.base import Provider
from petmsg.providers.credentials import load_twilio_credentials, where_credentials_come_from
from petmsg.providers.error_codes import ErrorCode, unknown_code
from petmsg.providers.stored_accounts import stored_account_names

if TYPE_CHECKING:
    from petmsg.db.transaction import Transaction

_NOT_SET = "not set"


@dataclass(frozen=True, slots=True)
class Connection:
    """What an adapter may use: the environment, petmsg's database, and how many threads share it.

    `database` gives a function that opens a transaction of its own, which threads may share;
    `snapshot` opens a cursor that only reads. `account` is the name of the credentials; None means
    those without a name.
    """

    environ: Mapping[str, str]
    database: "Callable[[], Callable[[], AbstractContextManager[Transaction]]]"
    snapshot: Callable[[], AbstractContextManager[Cursor]]
    threads: int
    account: str | None = None


class Credentials(NamedTuple):
    """How a provider's credentials are read, given the environment, the default file and the name
    of the account (None: the one without a name).

    `load` raises `CredentialsMissing` and its relatives; `source` says where they are, in words,
    or `not set`.
    """

    load: Callable[[Mapping[str, str], Path, str | None], object]
    source: Callable[[Mapping[str, str], Path, str | None], str]


class Registered(NamedTuple):
    """A provider: its module, and its credentials if it needs any.

    `error_codes` is the module whose `ERROR_CODES` has the provider's codes; None for one that
    answers with another provider's codes. One without credentials reaches no real phone. One that
    `needs_public_url` fetches the files of a message itself, from `petmsg serve`.
    """

    module: str
    error_codes: str | None = None
    credentials: Credentials | None = None
    needs_public_url: bool = False


PROVIDERS = {
    ProviderName.SANDBOX: Registered("petmsg.providers.sandbox"),
    ProviderName.TWILIO: Registered(
        "petmsg.providers.twilio",
        "petmsg.providers.twilio_errors",
        Credentials(load_twilio_credentials, where_credentials_come_from),
        needs_public_url=True,
    ),
}


def connect(name: ProviderName, connection: Connection) -> Provider:
    """The adapter of that provider. Raises `CredentialsMissing` before anything is sent."""
    adapter: Provider = import_module(PROVIDERS[name].module).connect(connection)
    return adapter


@cache
def error_codes() -> Mapping[str, ErrorCode]:
    """The error codes of all providers.

    Messages, numbers and alerts store a code without its provider, so two providers never share
    one: an adapter writes its name before codes that another provider has too.
    """
    tables = [
        import_module(provider.error_codes).ERROR_CODES
        for provider in PROVIDERS.values()
        if provider.error_codes is not None
    ]
    return {code: row for table in tables for code, row in table.items()}


def look_up_code(code: str) -> ErrorCode:
    """The row of a code; for one that no provider has, a refusal of class `OTHER`."""
    return error_codes().get(code) or unknown_code(code)


def reaches_phones(name: ProviderName) -> bool:
    """Whether messages through that provider reach real phones and cost money."""
    return PROVIDERS[name].credentials is not None


def needs_public_url(name: ProviderName) -> bool:
    """Whether that provider fetches the files of a message from `petmsg serve`."""
    return PROVIDERS[name].needs_public_url


def credential_source(
    name: ProviderName, environ: Mapping[str, str], account: str | None = None
) -> str | None:
    """Where the provider's credentials are, such as `file PATH`; None if it has none."""
    credentials = PROVIDERS[name].credentials
    if credentials is None:
        return None
    source = credentials.source(environ, settings.credentials_file(environ), account)
    return None if source == _NOT_SET else source


def credential_problem(
    name: ProviderName, environ: Mapping[str, str], account: str | None = None
) -> PetmsgError | None:
    """What is wrong with the provider's credentials; None if nothing is, or none are needed."""
    credentials = PROVIDERS[name].credentials
    if credentials is None:
        return None
    try:
        credentials.load(environ, settings.credentials_file(environ), account)
    except PetmsgError as problem:
        return problem
    return None


def with_credentials(environ: Mapping[str, str]) -> list[tuple[ProviderName, str | None]]:
    """The accounts whose credentials are set, right or wrong: the provider and the name of each,
    None for the account without a name, which comes first."""
    names = stored_account_names(environ, settings.credentials_file(environ))
    return [
        (provider, name)
        for provider in PROVIDERS
        for name in dict.fromkeys((None, *names))
        if credential_source(provider, environ, name) is not None
    ]
