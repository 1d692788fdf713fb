"""What petmsg does about a text that was not taken, or did not arrive: in words, one per class.

`services.reactions`, `services.record` and `services.claim` act on the same classes; the facts file
(Sending) is the source of both. Standard library only.
"""

from typing import NamedTuple

from petmsg.enums import BlockCode
from petmsg.providers.base import RejectionClass
from petmsg.providers.twilio_errors import OutcomeCertainty

REACTIONS: dict[RejectionClass, str] = {
    RejectionClass.ACCOUNT: (
        "Nothing is marked failed, no number is quarantined and no other number is tried: the "
        "message stays queued, and a critical alert says what to do. The numbers that the code is "
        "about are held back; from time to time one message tries whether they work again, at "
        "first after 5 minutes, later once an hour. A refusal of the whole account also ends the "
        "command with an error."
    ),
    RejectionClass.RECIPIENT: (
        "Never tried again. The text fails, and the phone is marked not textable with an alert: "
        "texts to it are refused until a person gives the client another phone."
    ),
    RejectionClass.OPTED_OUT: (
        "The text fails and is never tried from another number. The client is opted out for the "
        "whole org, with an alert; if she opted in again before the text was claimed, only this "
        "pair of numbers is blocked, with an alert."
    ),
    RejectionClass.SENDER: (
        "Not the client's fault. Our number is quarantined with a critical alert, and the text "
        "goes back to the queue to leave from another one. If two numbers could not send it, it "
        "is held for a person. A third number with the same code within an hour is not "
        "quarantined: then the account is refused."
    ),
    RejectionClass.CONTENT: "The text fails, and is not sent again as it is.",
    RejectionClass.SETTING: (
        "The text fails, and an alert says that a setting of the provider's account stands in the "
        "way."
    ),
    RejectionClass.CONFIGURATION: (
        "Sending stops, the command ends with an error and an alert names the setting. Nothing is "
        "marked failed: the messages stay queued until the setting is right."
    ),
    RejectionClass.UNREACHABLE: (
        "Tried again 4 hours later, and once more 16 hours after that. Then the text fails."
    ),
    RejectionClass.BLOCKED: (
        "The text fails, and this pair of numbers is blocked with an alert: no other text leaves "
        "from this number to this phone."
    ),
    RejectionClass.FILTERED: (
        "The text fails. It is never sent again unchanged, and never from another number. It "
        "counts against the number it left from: petmsg number health --propose"
    ),
    RejectionClass.UNEXPLAINED: "Tried once more, 30 minutes later. Then the text fails.",
    RejectionClass.DAILY_CAP: "The text waits in the queue until midnight in Los Angeles.",
    RejectionClass.QUIET_HOURS: (
        "The text waits in the queue until the recipient's next allowed time: the end of the "
        "org's quiet hours, or of those of US law (21:00 to 08:00)."
    ),
    RejectionClass.LOOP: (
        "The text is held for a person, with an alert: perhaps two machines answer each other."
    ),
    RejectionClass.OTHER: (
        "The safe class: the text fails with the raw code and is not tried again by itself."
    ),
}
"""What happens to a refused text, and what else changes."""

UNCERTAIN: dict[OutcomeCertainty, str] = {
    OutcomeCertainty.NOT_PROCESSED: (
        "Certainly not sent. The text stays queued and is tried again when the provider asks for "
        "it, else after a pause that grows and varies; its number is slowed meanwhile."
    ),
    OutcomeCertainty.UNKNOWN: (
        "Perhaps sent, so nothing is tried again before the text was looked up at the provider. "
        "Found there: it was sent. Missing from two lists, the first longer after than any request "
        "takes: it is queued again. Otherwise it is held for a person."
    ),
}
"""What happens where an answer is no refusal."""


class LocalCode(NamedTuple):
    """A code of petmsg's own: no provider was asked."""

    meaning: str
    reaction: str


LOCAL_CODES: dict[str, LocalCode] = {
    BlockCode.NOT_THEIR_PHONE: LocalCode(
        "The phone that the text was written to is not the client's any more.",
        "The text is held for a person, with an alert: petmsg message retry sends it to the "
        "client's primary phone.",
    ),
    BlockCode.OPTED_OUT: LocalCode(
        "The client has opted out of texts.",
        "A new text is refused; one that waited fails when its turn comes. A new word of hers ends "
        "it: petmsg optout remove CLIENT --reason …",
    ),
    BlockCode.NOT_TEXTABLE: LocalCode(
        "The provider said that the client's phone takes no texts.",
        "A new text is refused; one that waited fails when its turn comes. Give the client another "
        "phone: petmsg client phone add",
    ),
    BlockCode.EXPIRED: LocalCode(
        "The time after which the text was not to leave is past.",
        "The text fails without having been sent, and an alert says so.",
    ),
    BlockCode.PAIR_BLOCKED: LocalCode(
        "The carrier lets no text through from the number that routing chose to this phone.",
        "The text is held for a person, with an alert; another number is never tried by itself.",
    ),
    BlockCode.FROZEN: LocalCode(
        "All sending of the org is frozen.",
        "Texts wait in the queue until the freeze ends: petmsg org thaw",
    ),
    BlockCode.SCHEDULED: LocalCode(
        "The text is meant to leave later.", "It waits in the queue until then."
    ),
    BlockCode.QUIET_HOURS: LocalCode(
        "It is quiet time for the recipient.",
        "The text waits in the queue until the quiet hours end; an urgent one passes them.",
    ),
    "ambiguous": LocalCode(
        "The fate of a text is not known, and the provider has several texts that may be it.",
        "The text is held for a person, with an alert: petmsg message retry, or message cancel.",
    ),
    "not_her_window": LocalCode(
        "The sitter who wrote the text cannot speak to the client any more.",
        "The text is held for a person, with an alert: petmsg message retry, or message cancel. "
        "One that the relay passed on fails, and waits in the inbox.",
    ),
    "unencodable": LocalCode(
        "The text is not valid Unicode.", "It fails, and nothing was handed over."
    ),
}
"""Every code of petmsg's own that a text can carry as its error, and every reason it can wait."""
