"""Received messages, and what petmsg writes because of them."""

from enum import StrEnum


class AddressedTo(StrEnum):
    """Who reads an inbound message.

    `relay`: a sitter wrote it. With the code `SITTER_REPLY` it is forwarded to a client; with any
    other code it is for the company and waits for a person.
    """

    SITTER = "sitter"
    FRONT_DESK = "front_desk"
    UNROUTED = "unrouted"
    RELAY = "relay"


class RelayKind(StrEnum):
    """Why petmsg itself created a message: to forward a client's message to the sitter
    (`forward`), to forward a sitter's reply to the client (`reply`), to tell a sitter what became
    of their message (`notice`), or to answer automatically (`auto_reply`); or that a person wrote a
    message outside any thread, to a sitter (`staff`) or to a stranger (`answer`)."""

    FORWARD = "forward"
    REPLY = "reply"
    NOTICE = "notice"
    AUTO_REPLY = "auto_reply"
    STAFF = "staff"
    ANSWER = "answer"


class RelayOutcome(StrEnum):
    """The outcome of a sitter's message that waited until the sitter named the client."""

    SENT = "sent"
    REFUSED = "refused"
    EXPIRED = "expired"
