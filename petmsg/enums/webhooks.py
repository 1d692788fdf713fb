"""Webhooks: why requests were refused."""

from enum import StrEnum


class LooksLike(StrEnum):
    """What is probably wrong with a request whose signature was refused."""

    TOKEN = "token"  # noqa: S105 - because this is a word, not a token
    """The account is known, and no address fits: the auth token differs, or the body was changed.
    """
    ADDRESS = "address"
    """The signature fits another address than that of `PETMSG_PUBLIC_URL`."""
    PROXY = "proxy"
    """Something on the way changed the query, or removed the header with the signature."""
    ACCOUNT = "account"
    """It is signed, but this process has no credentials of the account that it names."""
    STRANGER = "stranger"
    """Neither signed nor about an account of ours: probably not the provider's."""
