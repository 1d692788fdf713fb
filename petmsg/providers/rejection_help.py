"""Explanations of what petmsg does about a rejected or undelivered message, one per class.

`services.outbox` acts on the same classes.
"""

from typing import NamedTuple

from petmsg.enums.messages import BlockCode
from petmsg.providers.base import RejectionClass
from petmsg.providers.error_codes import OutcomeCertainty
from petmsg.providers.registry import look_up_code

REACTIONS: dict[RejectionClass, str] = {
    RejectionClass.ACCOUNT: (
        "Nothing is marked failed, no number is quarantined and no other number is tried: the "
        "message stays queued, and a critical alert says what to do. The numbers that the code "
        "concerns send nothing; from time to time one message tests whether they work again, "
        "first after 5 minutes, later once an hour. If the whole account is rejected, the command "
        "also ends with an error."
    ),
    RejectionClass.REGISTRATION: (
        "A state of the account, not of the number: nothing is marked failed, no number is "
        "quarantined and no other number is tried. The message stays queued, and one critical "
        "alert says what to register and where. Numbers of the same type (long codes, or toll-free "
        "numbers) send nothing; from time to time one message tests whether they work again, first "
        "after 5 minutes, later once an hour. While another number of the type delivers messages, "
        "only this number waits."
    ),
    RejectionClass.RECIPIENT: (
        "Never retried. The message fails, the phone is marked as not SMS-capable, and an alert "
        "is raised. Messages to it are refused until the client has another phone."
    ),
    RejectionClass.OPTED_OUT: (
        "The message fails and is never sent from another number. The client is opted out for the "
        "whole org, with an alert; if they opted in again before the message was claimed, only "
        "this pair of numbers is blocked, with an alert."
    ),
    RejectionClass.SENDER: (
        "Not the client's fault. Our number is quarantined with a critical alert, and the message "
        "is queued again and sent from another one. If two numbers could not send it, it is held "
        "for a person. A third number with the same code within an hour is not quarantined: the "
        "account is then treated as rejected."
    ),
    RejectionClass.CONTENT: "The message fails, and is not sent again unchanged.",
    RejectionClass.SETTING: (
        "The message fails, and an alert names the setting of the provider's account that "
        "prevents it."
    ),
    RejectionClass.CONFIGURATION: (
        "Nothing is marked failed: the message stays queued until the setting is right, and an "
        "alert names the setting. If it concerns every message, sending stops and the command ends "
        "with an error; if it concerns one number or pictures only, the others are sent."
    ),
    RejectionClass.UNREACHABLE: (
        "Retried after 4 hours, and once more 16 hours after that. Then the message fails."
    ),
    RejectionClass.BLOCKED: (
        "The message fails, and this pair of numbers is blocked with an alert: no other message is "
        "sent from this number to this phone."
    ),
    RejectionClass.FILTERED: (
        "The message fails. It is never sent again unchanged, and never from another number. It "
        "counts against the number it was sent from: petmsg number health --propose"
    ),
    RejectionClass.UNEXPLAINED: "Retried once, after 30 minutes. Then the message fails.",
    RejectionClass.DAILY_CAP: "The message stays queued until midnight in Los Angeles.",
    RejectionClass.QUIET_HOURS: (
        "The message stays queued until the recipient's next allowed time: the end of the "
        "org's quiet hours, or of those of US law (21:00 to 08:00)."
    ),
    RejectionClass.LOOP: (
        "The message is held for a person, with an alert: two machines may be answering each other."
    ),
    RejectionClass.OTHER: (
        "The message fails with this code and is not retried automatically. If several fail with "
        "it within an hour, one alert says so, and sending stops where the account is the cause."
    ),
}
"""What happens to a rejected message, and what else changes."""

_HELD = {
    RejectionClass.ACCOUNT: "the provider refuses the account for {number}",
    RejectionClass.REGISTRATION: "the registration of {number} is missing or not complete",
    RejectionClass.CONFIGURATION: "a setting prevents messages from {number}",
    RejectionClass.SENDER: "the provider refuses one number after the other, also {number}",
}
_FOR_EVERY_MESSAGE = "one message after the other failed in the same way, also from {number}"


def why_held(number: str, code: str) -> str:
    """Why nothing is sent from a number that is held back for a code."""
    found = look_up_code(code).rejection_class
    return f"{_HELD.get(found, _FOR_EVERY_MESSAGE).format(number=number)} (code {code})"


UNCERTAIN: dict[OutcomeCertainty, str] = {
    OutcomeCertainty.NOT_PROCESSED: (
        "Certainly not sent. The message stays queued and is retried when the provider says, or "
        "else after a growing, randomised delay; meanwhile its number sends more slowly."
    ),
    OutcomeCertainty.UNKNOWN: (
        "Perhaps sent, so it is not retried before it was looked up at the provider. If the "
        "provider lists it, it was sent. If two lookups do not list it, the first one later than "
        "any request can take, it is queued again. Otherwise it is held for a person."
    ),
}
"""What happens if an answer is not a rejection."""


class LocalCode(NamedTuple):
    """A code of petmsg's own; it does not come from a provider."""

    meaning: str
    reaction: str


LOCAL_CODES: dict[str, LocalCode] = {
    BlockCode.NOT_THEIR_PHONE: LocalCode(
        "The phone that the message was addressed to no longer belongs to the client.",
        "The message is held for a person, with an alert: petmsg message retry sends it to the "
        "client's primary phone.",
    ),
    BlockCode.OPTED_OUT: LocalCode(
        "The client has opted out of messages.",
        "New messages are refused; queued ones fail when they are due. If the client asks for "
        "messages again: petmsg optout remove CLIENT --reason …",
    ),
    BlockCode.NOT_SMS_CAPABLE: LocalCode(
        "The provider reported that the client's phone cannot receive SMS.",
        "New messages are refused; queued ones fail when they are due. Give the client another "
        "phone: petmsg client phone add",
    ),
    BlockCode.EXPIRED: LocalCode(
        "The time until which the message could be sent has passed.",
        "The message fails without having been sent, and an alert is raised.",
    ),
    BlockCode.PAIR_BLOCKED: LocalCode(
        "The carrier blocks messages from the chosen number to this phone.",
        "The message is held for a person, with an alert; no other number is tried automatically.",
    ),
    BlockCode.FROZEN: LocalCode(
        "All sending of the org is paused.",
        "Messages stay queued until the pause ends: petmsg org thaw",
    ),
    BlockCode.SCHEDULED: LocalCode(
        "The message is scheduled for later.", "It stays queued until then."
    ),
    BlockCode.QUIET_HOURS: LocalCode(
        "It is within the recipient's quiet hours.",
        "The message stays queued until the quiet hours end; an urgent one ignores them.",
    ),
    BlockCode.MEDIA_PENDING: LocalCode(
        "The message forwards a picture that petmsg is still fetching from the provider.",
        "The message stays queued until the picture is there, at most ten minutes; its words then "
        "go without it.",
    ),
    BlockCode.NO_PUBLIC_URL: LocalCode(
        "The provider fetches pictures from petmsg serve, and the process that sends has no "
        "PETMSG_PUBLIC_URL.",
        "The message stays queued, with an alert, until a process that knows the address sends it.",
    ),
    "media_lost": LocalCode(
        "The bytes of one of the message's pictures are lost.",
        "The message is held for a person, with an alert: send it anew with the picture, then "
        "cancel this one with petmsg message cancel.",
    ),
    "ambiguous": LocalCode(
        "The outcome of a message is unknown, and several messages at the provider match it.",
        "The message is held for a person, with an alert: petmsg message retry, or message cancel.",
    ),
    "not_her_window": LocalCode(
        "The sitter who wrote the message no longer has an active window with the client.",
        "The message is held for a person, with an alert: petmsg message retry, or message cancel. "
        "A forwarded message fails instead, and waits in the inbox.",
    ),
    "override": LocalCode(
        "An override gave the client to the front desk before the message was relayed.",
        "It is not sent. The message that was to be relayed waits in the inbox, and a sitter is "
        "told.",
    ),
    "unencodable": LocalCode("The message is not valid Unicode.", "It fails and is not sent."),
}
"""Every petmsg code that can be a message's error or the reason why it waits."""
