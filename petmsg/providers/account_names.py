"""The names of accounts: `petmsg org set --twilio-account NAME`. Standard library and leaves only.

A name is part of a file name (`twilio-NAME.env`) and, in capitals, of variables
(`TWILIO_AUTH_TOKEN_NAME`), so it is short and plain.
"""

import re

from petmsg.errors import OutOfRange, quoted

NO_NAME = "none"
"""What a person types for the account without a name."""
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def is_account_name(text: str) -> bool:
    """Whether the text is a valid name of an account."""
    return text != NO_NAME and _NAME.fullmatch(text) is not None


def checked_account_name(text: str) -> str:
    """The name, if it is valid. Raises `OutOfRange`."""
    if is_account_name(text):
        return text
    raise OutOfRange(
        f"Invalid account name {quoted(text)}.",
        hint="Use lower-case letters, digits and dashes, such as north-office; or none.",
    )


def variable_of(variable: str, account: str | None) -> str:
    """The environment variable that holds this value for the account: `TWILIO_AUTH_TOKEN_NORTH`."""
    return variable if account is None else f"{variable}_{account.upper().replace('-', '_')}"
