"""Twilio's other codes of messaging: of features that petmsg does not use, and of requests that it
does not make. They have no reaction of their own, but `petmsg errors explain` knows them."""

from petmsg.providers.base import RejectionClass
from petmsg.providers.error_codes import ErrorCode
from petmsg.providers.twilio_errors_row import COMPLETED, alike, refused

UNUSED: list[ErrorCode] = [
    *refused(
        RejectionClass.OTHER,
        {
            21603: "The request named no sender.",
            21604: "The request named no recipient.",
            21612: "This recipient cannot be reached from this number.",
        },
    ),
    *refused(
        RejectionClass.OTHER,
        {
            11100: "A URL is not valid.",
            11206: "Twilio could not speak HTTP to our URL.",
            11321: "The URL for received messages is not valid.",
            11322: "The method for received messages is not valid.",
            14109: "A received message was answered with too many messages.",
            21266: "Sender and recipient are the same number.",
            21616: "The sender is several numbers of the account.",
            21657: "The sender's name is not valid.",
            21733: "The account has no default Messaging Service.",
            21902: "The tag for the invoice is too long.",
            21910: "Sender and recipient belong to different channels.",
            30009: "A part of a received message is missing.",
            30025: "A warning: much of the carrier's daily cap is used.",
            30026: "A warning: most of the carrier's daily cap is used.",
            30036: "The message waited in Twilio's queue until it expired.",
            30042: "The sender's name is blocked.",
            30043: "A message to another country took a route of this country.",
            30046: "The delivery of the message was not confirmed.",
            30400: "The request's parameters are not valid.",
            30404: "The request's address does not exist.",
            30409: "The message cannot be cancelled any more.",
            30410: "The carrier did not answer in time; the message may have been delivered.",
            30485: "The message could not be delivered.",
            30646: "A stored consent is not valid.",
            30647: "A stored contact is not valid.",
            90001: "The ID of the message is not valid.",
            90006: "The direction of the message is not valid.",
            90009: "The ID of the message exists already.",
            90031: "The broadcast has no recipients.",
            **alike((21652, 21654, 21655, 21656), "The request's content template is not valid."),
            **alike(
                (21708, 21709, 21710, 21712, 21713, 21714, 21715),
                "A number or name cannot be added to a Messaging Service so.",
            ),
            **alike((21721, 21722, 21723), "A political campaign's token cannot be used."),
            **alike(range(23001, 23007), "A setting does not go with hidden messages or numbers."),
            **alike(range(30028, 30032), "A parameter of the request is not valid."),
            **alike(
                (*range(30100, 30112), *range(30113, 30124), *range(30128, 30137)),
                "Shortened links or their domain are not set up correctly.",
            ),
            **alike(
                (35111, 35114, 35115, 35117, 35118, 35125, 35126),
                "The message cannot be scheduled at Twilio so.",
            ),
            **alike((35127, *range(35132, 35135)), "A request for many messages is not valid."),
            **alike(range(36001, 36010), "A broadcast of Twilio failed."),
            **alike(range(57001, 57023), "An event of a partner of Twilio is not valid."),
            **alike(
                (*range(63001, 63053), 216602),
                "A channel other than SMS, such as WhatsApp, had an error.",
            ),
            **alike(range(92001, 92010), "A content template is not valid."),
        },
        dated=COMPLETED,
    ),
]
"""Codes of class `other`."""
