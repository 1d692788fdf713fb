"""Twilio's credentials and Stripe's signing secrets, from the environment or a private file.

They are never read from an argument or the database. No message contains a secret, or a value that
may be a misplaced secret. An account with a name has a file of its own, `twilio-NAME.env`, beside
the file of the account without one, or variables of its own, such as `TWILIO_AUTH_TOKEN_NAME`.
Standard library and leaves only.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from petmsg.errors import CredentialsMissing
from petmsg.providers.account_names import variable_of
from petmsg.providers.private_file import read_values
from petmsg.settings import TWILIO_CREDENTIALS, path_of_home

SID_NAME = "TWILIO_ACCOUNT_SID"
TOKEN_NAME = "TWILIO_AUTH_TOKEN"  # noqa: S105 - because this is a variable's name, not a token
KEY_NAME = "TWILIO_API_KEY"
SECRET_NAME = "TWILIO_API_SECRET"  # noqa: S105 - because this is a variable's name, not a secret
FILE_NAME = TWILIO_CREDENTIALS
_NAMES = (SID_NAME, TOKEN_NAME, KEY_NAME, SECRET_NAME)

STRIPE_NAME = "PETMSG_STRIPE_SECRET"

_SID = re.compile(r"AC[0-9a-fA-F]{32}")
_KEY = re.compile(r"SK[0-9a-fA-F]{32}")
_SECRET = re.compile(r"[!-~]{1,256}")
_STRIPE = re.compile(r"whsec_[0-9A-Za-z+/=_-]{8,256}")
_STRIPE_START = "whsec_"


@dataclass(frozen=True, slots=True)
class TwilioCredentials:
    """An account SID and its secrets, which `repr()` does not show.

    Requests are signed with the API key if there is one, or else with the auth token. Twilio signs
    its own requests with an auth token: `other_tokens` are accepted too, while a token is rotated.
    `auth_token` is empty if there is only an API key: then no signature can be checked.
    """

    account_sid: str
    auth_token: str = field(repr=False)
    other_tokens: tuple[str, ...] = field(default=(), repr=False)
    api_key: str | None = None
    api_secret: str | None = field(default=None, repr=False)

    @property
    def tokens(self) -> tuple[str, ...]:
        """Every auth token, the one for requests first; empty with an API key alone."""
        return (self.auth_token, *self.other_tokens) if self.auth_token else ()

    @property
    def logins(self) -> tuple[tuple[str, str], ...]:
        """What a request can be authenticated with, the preferred one first: user and password."""
        by_token = tuple((self.account_sid, token) for token in self.tokens)
        if self.api_key is None or self.api_secret is None:
            return by_token
        return ((self.api_key, self.api_secret), *by_token)


def load_twilio_credentials(
    environ: Mapping[str, str], default_file: Path, account: str | None = None
) -> TwilioCredentials:
    """Load the credentials of an account from the environment, or else from its file.

    `account` is its name; None is the account without a name. The file of that one is what
    `PETMSG_TWILIO_CREDENTIALS` names, else `default_file`. A file holds `KEY=VALUE` lines, is a
    regular file or a link to one, belongs to the current user or root, and gives nobody else
    access. Raises `CredentialsMissing`, with a hint, if a value is missing or malformed, or the
    file is readable by others.
    """
    if _is_in(environ, account):
        given = {name: environ.get(variable_of(name, account), "") for name in _NAMES}
        return _checked(given, "the environment", account)
    path = twilio_file(environ, default_file, account)
    sid, token = (variable_of(name, account) for name in (SID_NAME, TOKEN_NAME))
    return _checked(read_values(path, sid=sid, token=token), str(path), None)


def where_credentials_come_from(
    environ: Mapping[str, str], default_file: Path, account: str | None = None
) -> str:
    """Where `load_twilio_credentials` would look: "environment", "file PATH" or "not set".

    Opens no file, so loading may still fail.
    """
    if _is_in(environ, account):
        return "environment"
    path = twilio_file(environ, default_file, account)
    return f"file {path}" if os.path.lexists(path) else "not set"


def twilio_file(environ: Mapping[str, str], default_file: Path, account: str | None) -> Path:
    """The file for the account's credentials, whether or not it exists."""
    chosen = _chosen_file(environ, default_file)
    return chosen if account is None else chosen.with_name(f"twilio-{account}.env")


def _is_in(environ: Mapping[str, str], account: str | None) -> bool:
    return any(environ.get(variable_of(name, account)) for name in _NAMES)


def is_account_sid(text: str) -> bool:
    """Whether the text has the form of an account SID."""
    return _SID.fullmatch(text) is not None


def load_stripe_secrets(environ: Mapping[str, str], default_file: Path) -> tuple[str, ...]:
    """Load the signing secrets of Stripe's endpoint, from the environment or the credentials file.

    Returns an empty tuple if neither has any. While a secret is rolled there are several, separated
    by commas or spaces. Raises `CredentialsMissing` for a malformed secret, and for a file as
    `load_twilio_credentials` does.
    """
    path = _chosen_file(environ, default_file)
    written, origin = environ.get(STRIPE_NAME, ""), "the environment"
    if not written and os.path.lexists(path):
        written, origin = _stripe_in(path), str(path)
    secrets = tuple(written.replace(",", " ").split())
    for secret in secrets:
        if _STRIPE.fullmatch(secret):
            continue
        raise CredentialsMissing(
            f"{STRIPE_NAME} in {origin} is malformed: {_why_no_secret(secret)}.",
            hint="Copy the signing secret of the webhook endpoint from Stripe's dashboard (not an "
            "API key).",
        )
    return secrets


def _why_no_secret(secret: str) -> str:
    """Why a signing secret is malformed, without showing any part of it."""
    if not secret.startswith(_STRIPE_START):
        return f"a signing secret begins with {_STRIPE_START}"
    length = len(secret) - len(_STRIPE_START)
    if length < 8:
        return f"it is too short, with {length} characters after {_STRIPE_START}"
    if length > 256:
        return f"it is too long, with {length} characters after {_STRIPE_START}"
    return "it contains invalid characters"


def where_stripe_secrets_come_from(environ: Mapping[str, str], default_file: Path) -> str:
    """Where `load_stripe_secrets` finds them: "environment", "file PATH", "file PATH, which is
    refused" or "not set"."""
    if environ.get(STRIPE_NAME):
        return "environment"
    path = _chosen_file(environ, default_file)
    try:
        return f"file {path}" if load_stripe_secrets(environ, default_file) else "not set"
    except CredentialsMissing:
        return f"file {path}, which is refused"


def _chosen_file(environ: Mapping[str, str], default_file: Path) -> Path:
    named = environ.get(FILE_NAME)
    return path_of_home(named, environ) if named else default_file


def _stripe_in(path: Path) -> str:
    return read_values(path, sid=SID_NAME, token=TOKEN_NAME).get(STRIPE_NAME, "")


def _checked(values: Mapping[str, str], origin: str, account: str | None) -> TwilioCredentials:
    """The credentials of these values. `account` is the name that their variables end in."""
    sid, written, key, secret = (values.get(name, "") for name in _NAMES)
    sid_name, token_name, key_name, secret_name = (variable_of(name, account) for name in _NAMES)
    _require_both(key_name, key, secret_name, secret, origin)
    for name, value in ((sid_name, sid), (token_name, written or key)):
        if not value:
            raise CredentialsMissing(
                f"{name} is missing or empty in {origin}.",
                hint=f"Give both {sid_name} and {token_name} in the same place.",
            )
    tokens = tuple(token.strip(" ") for token in written.split(",") if token.strip(" "))
    wrong = (
        (not _SID.fullmatch(sid), sid_name, "it must be AC and 32 hexadecimal digits", _COPY_SID),
        (bool(written) and not tokens, token_name, "it holds no token", _COPY_TOKEN),
        (not all(map(_SECRET.fullmatch, tokens)), token_name, _NOT_PLAIN, _COPY_TOKEN),
        (
            bool(key) and not _KEY.fullmatch(key),
            key_name,
            "it must be SK and 32 hexadecimal digits",
            "Copy the SID of the API key from Twilio's console.",
        ),
        (
            bool(secret) and not _SECRET.fullmatch(secret),
            secret_name,
            _NOT_PLAIN,
            "Twilio shows the secret of an API key once: make another key if it is lost.",
        ),
    )
    for is_wrong, name, why, hint in wrong:
        if is_wrong:
            raise CredentialsMissing(f"{name} in {origin} is malformed: {why}.", hint=hint)
    return TwilioCredentials(
        sid, tokens[0] if tokens else "", tokens[1:], key or None, secret or None
    )


_NOT_PLAIN = "it contains spaces or non-ASCII characters"
_COPY_SID = "Copy the Account SID (not the Auth Token) from Twilio's console."
_COPY_TOKEN = "Copy the Auth Token from Twilio's console again."  # noqa: S105 - because this is a hint, not a token


def _require_both(key_name: str, key: str, secret_name: str, secret: str, origin: str) -> None:
    if bool(key) != bool(secret):
        raise CredentialsMissing(
            f"{secret_name if key else key_name} is missing or empty in {origin}.",
            hint=f"Give both {key_name} and {secret_name} in the same place, or none of them.",
        )
