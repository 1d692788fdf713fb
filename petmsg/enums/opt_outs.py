"""Opt-outs and the keywords that make and end them."""

from enum import StrEnum


class OptOutSource(StrEnum):
    """How petmsg learned of an opt-out."""

    OPERATOR = "operator"
    PROVIDER = "provider"
    KEYWORD = "keyword"


class Keyword(StrEnum):
    """The meaning of an opt-out keyword that is the whole message: opt out, opt in, or help."""

    STOP = "stop"
    START = "start"
    HELP = "help"
