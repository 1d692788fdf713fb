"""Twilio's codes about one message: its recipient, its sender, its content, its time."""

from petmsg.providers.base import RejectionClass
from petmsg.providers.error_codes import ErrorCode, OutcomeCertainty
from petmsg.providers.twilio_errors_row import CHANGELOG, COMPLETED, SPLIT, refused, uncertain

PEOPLE: list[ErrorCode] = [
    *refused(
        RejectionClass.RECIPIENT,
        {
            21211: "The recipient's number is not a valid phone number.",
            21614: "The recipient's number cannot receive SMS.",
            30005: "The recipient's number is unknown or out of service.",
            30006: "The recipient's number is a landline, or its carrier cannot be reached.",
        },
    ),
    *refused(
        RejectionClass.RECIPIENT,
        {
            21265: "The recipient's number is a short code.",
            21268: "The recipient's number is a premium or information service.",
            21635: "The recipient's number is a landline.",
        },
        source=CHANGELOG,
        dated=SPLIT,
    ),
    *refused(
        RejectionClass.OPTED_OUT,
        {21610: "The recipient has opted out of this sender."},
    ),
    *refused(
        RejectionClass.OPTED_OUT,
        {30630: "The recipient has opted out of this sender."},
        dated=COMPLETED,
    ),
    *refused(
        RejectionClass.SENDER,
        {
            21212: "Our number is not a valid sender.",
            21606: "Our number cannot send messages from this account to this recipient.",
        },
    ),
    *refused(
        RejectionClass.SENDER,
        {
            21659: "Our number is not a Twilio number.",
            21661: "Our number cannot send SMS.",
        },
        source=CHANGELOG,
        dated=SPLIT,
    ),
    *refused(
        RejectionClass.SENDER,
        {21601: "Our number is not one of the account's that can send SMS."},
        dated=COMPLETED,
    ),
    *refused(
        RejectionClass.UNREACHABLE,
        {30003: "The recipient's phone is off or out of reach."},
    ),
    *refused(
        RejectionClass.BLOCKED,
        {30004: "The recipient or their carrier blocks messages from this number."},
    ),
]
"""The recipient or our number prevents it."""

CONTENT: list[ErrorCode] = [
    *refused(
        RejectionClass.CONTENT,
        {
            21602: "The message is empty.",
            21617: "The message is longer than 1600 characters.",
            21619: "The message is empty.",
            11200: "Twilio could not fetch a picture of the message.",
            11751: "The pictures of the message have more than 5 MB together.",
            12300: "A picture came with the wrong content type.",
            21623: "The message has more than 10 pictures.",
            30019: "The pictures of the message are larger than the carrier takes.",
        },
    ),
    *refused(
        RejectionClass.CONTENT,
        {
            21605: "The message is longer than 160 characters.",
            21621: "Our number cannot send pictures.",
            21624: "The time until which the message could be sent is not valid.",
            21627: "The highest price of the message is not valid.",
            21658: "A part of the message is too long.",
            21703: "The Messaging Service has no number that can send this to the recipient.",
            30010: "The message would cost more than its highest price.",
            30011: "The recipient's phone cannot receive pictures.",
            30038: "The message looks like a one-time password, which may not be sent so.",
            30620: "The message does not fit the registered use case.",
            90007: "The time until which the message could be sent is not valid.",
            90014: "The time until which the message could be sent is not valid.",
        },
        dated=COMPLETED,
    ),
    *refused(
        RejectionClass.FILTERED,
        {30007: "The carrier filtered the message as spam."},
    ),
    *refused(
        RejectionClass.LOOP,
        {14107: "Too many messages between the same two numbers within 30 seconds."},
    ),
    *refused(
        RejectionClass.LOOP,
        {30039: "The message looks like an answer of one machine to another."},
        dated=COMPLETED,
    ),
]
"""The content or the exchange prevents it."""

TIME: list[ErrorCode] = [
    *refused(
        RejectionClass.UNEXPLAINED,
        {30008: "The message was not delivered, and the carrier gave no reason."},
    ),
    *refused(
        RejectionClass.UNEXPLAINED,
        {
            30020: "Twilio had an error while it scheduled the message.",
            30021: "Twilio had an error in its Messaging Service.",
            30047: "Twilio could not move the message to an allowed hour.",
            30450: "Twilio blocks messages to this destination for a while, against fraud.",
            30453: "Twilio blocks messages to this destination for a while.",
            30454: "The account sent too many messages to this destination.",
            30500: "Twilio had an error while it processed the message.",
        },
        dated=COMPLETED,
    ),
    *refused(
        RejectionClass.DAILY_CAP,
        {
            30023: "The brand's daily cap is reached, until midnight in Los Angeles.",
            30027: "The carrier's daily cap is reached, until midnight in Los Angeles.",
        },
    ),
    *refused(
        RejectionClass.QUIET_HOURS,
        {
            30610: "The law does not allow this message at the recipient's local hour.",
            30615: "The law does not allow this message at the recipient's local hour.",
        },
    ),
    *uncertain(
        OutcomeCertainty.NOT_PROCESSED,
        {
            20429: "Too many requests at once.",
            21611: "Our number's queue is full.",
            21730: "Twilio's system is under maintenance.",
            30001: "The queue overflowed.",
            30017: "The carrier's network is congested.",
            30022: "The campaign's rate limit is exceeded.",
        },
    ),
    *uncertain(
        OutcomeCertainty.UNKNOWN,
        {
            20500: "Twilio had an internal error.",
            20503: "Twilio is not available.",
            20504: "Twilio had an internal error.",
        },
    ),
]
"""Another try may succeed, or the outcome is unknown."""
