"""Twilio's codes about registration: of a brand and campaign for long codes (10DLC), of toll-free
numbers, and what it says when it rejects one.

The registration is a state of the account, never of one number's reputation.
"""

from petmsg.providers.base import RejectionClass
from petmsg.providers.error_codes import ErrorCode, Scope
from petmsg.providers.twilio_errors_row import COMPLETED, to_be_done

_CONSOLE = "in Twilio's console (Messaging, Regulatory Compliance, A2P 10DLC)"
_TOLL_FREE = "in Twilio's console (Messaging, Regulatory Compliance, Toll-Free)"
_WAIT = (
    "This ends by itself, usually within a day after a number was registered; then ask Twilio's "
    "support, with three message IDs."
)
_REGISTER = (
    f"Register a brand and a campaign {_CONSOLE}, and add the number to the campaign's Messaging "
    "Service."
)
_CHECK = (
    f"Check {_CONSOLE} that the number is in a campaign. Adding it can take a day; do not remove "
    "it meanwhile."
)
_SUPPORT = "Ask Twilio's support."


def _rejected(rows: dict[int, str], meaning: str, to_do: str) -> dict[int, tuple[str, str]]:
    """Reasons why a registration was rejected, each with the whole sentence and what to do."""
    return {code: (meaning.format(reason), to_do) for code, reason in rows.items()}


REGISTRATION: list[ErrorCode] = [
    *to_be_done(
        RejectionClass.REGISTRATION,
        Scope.KIND,
        {
            30024: (
                "Our numbers are not provisioned at a carrier yet.",
                _WAIT,
            ),
            30032: (
                "Our toll-free number is not verified.",
                f"Submit the toll-free verification {_TOLL_FREE}, and wait for its approval.",
            ),
            30033: (
                "The 10DLC campaign is suspended.",
                f"Find the reason {_CONSOLE}, and do not send by another campaign.",
            ),
            30034: (
                "Our number is not registered for 10DLC.",
                _REGISTER,
            ),
            30035: (
                "Our number is not ready for 10DLC yet.",
                _CHECK,
            ),
        },
    ),
    *to_be_done(
        RejectionClass.REGISTRATION,
        Scope.KIND,
        {
            30125: (
                "Twilio could not register our number for 10DLC.",
                f"Find the reason {_CONSOLE}, and add the number to the campaign again.",
            ),
            30126: (
                "Twilio could not register our number for 10DLC, and gives no reason.",
                _SUPPORT,
            ),
            30990: (
                "The 10DLC campaign is suspended.",
                f"Find the reason {_CONSOLE}, and do not send by another campaign.",
            ),
            **_rejected(
                {
                    30436: "the number's ID is not valid, or is another account's",
                    30437: "the seven days for a correction are over",
                    30440: "for an unknown reason",
                    30451: "the request was not complete or not valid",
                    30452: "the request was not complete or not valid",
                    30458: "the content is about tobacco",
                    30460: "the content is about debts of third parties",
                    30477: "the privacy policy shares opt-ins with third parties",
                    **dict.fromkeys(
                        (
                            *range(30441, 30450),
                            *(30455, 30456, 30457, 30459),
                            *range(30461, 30477),
                            *(30478, 30479, 30480),
                        ),
                        "the reason is in the console",
                    ),
                    30533: "messages between private persons cannot be registered",
                    30538: "a sample message of one use case is missing",
                    30540: "the message that confirms an opt-in is missing",
                    30879: "the number is not at Twilio yet",
                },
                "Twilio rejected the toll-free verification: {}.",
                f"Correct it and submit it again {_TOLL_FREE}.",
            ),
            **_rejected(
                {
                    21724: "it was corrected too often",
                    21725: "only one that has failed can be corrected",
                    21726: "a brand of this sort cannot be registered now",
                    21731: "it is suspended",
                    21736: "the contact's email address was not confirmed",
                    30701: "an entry is not valid",
                    30702: "the registry's data differ",
                    30703: "the same brand exists already",
                    30712: "the account has too many brands",
                    30714: "the registry does not accept the token of its check",
                    30729: "the country is not allowed",
                    30734: "the account may not register sole proprietors",
                    30747: "its address is used by another brand",
                    30748: "its phone number is used by another brand",
                    30749: "its email address is used by another brand",
                    30750: "its mobile phone number is used by another brand",
                    30751: "its mobile phone number is not supported",
                    30752: "the one-time password is wrong or has expired",
                    30753: "its email address is not supported",
                    30754: "its postal address is not valid",
                    30755: "its country is not supported",
                    30756: "its names do not look natural",
                    30757: "the business registration number is missing",
                    30758: "the registration authority is missing",
                    30759: "the account lacks a permission",
                    30790: "Twilio had an error",
                    30791: "Twilio had an error that passes",
                    30792: "Twilio had an error",
                    30793: "the customer's data could not be processed",
                    30794: "Twilio had an error",
                    30795: "the tax ID does not match the company's name",
                    30796: "it is not registered as a listed company, or the data differ",
                    30797: "it is not a government entity",
                    30798: "it is not registered as tax-exempt",
                    30799: "the registry gave no exact reason",
                },
                "The 10DLC brand is not registered: {}.",
                f"Correct the brand and submit it again {_CONSOLE}.",
            ),
            **_rejected(
                {
                    21717: "its brand is not registered",
                    21719: "its use case does not fit the Messaging Service",
                    21720: "its use case is not valid",
                    21727: "an entry is missing",
                    21728: "an entry is too short or too long",
                    21729: "it is suspended",
                    21732: "a sole proprietor can have one campaign only",
                    21737: "its brand has no contact email address",
                    30880: "no reason was given",
                    30881: "the support email address is not the brand's",
                    30882: "the terms and conditions do not comply",
                    30883: "its content is forbidden",
                    30884: "it looks like spam or phishing",
                    30885: "it is of high risk",
                    30886: "its description is not clear",
                    30887: "it does not say how to opt out",
                    30888: "it lacks an age gate",
                    30889: "its messages contain phone numbers that were not declared",
                    30890: "it does not say how to get help",
                    30891: "its website cannot be verified",
                    30892: "a sample message has a shortened link",
                    30893: "the sample messages do not fit the use case",
                    30894: "the brand's data are not valid",
                    30895: "it is about loans, which was not declared",
                    30896: "it does not say how clients opt in",
                    30897: "its content is forbidden",
                    30898: "the tax ID was used for several brands",
                    30899: "a carrier rejected it",
                    30900: "its use case cannot be registered",
                    30901: "the request timed out",
                    30902: "a reviewer of the carriers rejected it",
                    30903: "the company is not a sole proprietor",
                    30904: "it is not found in Twilio's records",
                    30905: "it is still under review",
                    30906: "it violates a rule",
                    30907: "the website does not belong to the brand",
                    30908: "the privacy policy cannot be verified",
                    30909: "the call to action cannot be verified",
                    30913: "consent to marketing is not asked for separately",
                    30914: "its title is not the sole proprietor's name",
                    30915: "the company is not a sole proprietor",
                    30917: "not every way to opt in is described",
                    30923: "consent is part of mandatory terms",
                    30924: "the consent lacks what must be disclosed",
                    30925: "the box for the consent is missing or ticked beforehand",
                    30930: "the brand has 100 campaigns already",
                    30931: "clients cannot decline messages",
                    30932: "the privacy policy shares opt-ins with third parties",
                    30991: "its brand is not verified",
                    30992: "its transfer to Twilio was cancelled",
                    30993: "its transfer to Twilio took too long",
                    30994: "its brand is pending",
                },
                "The 10DLC campaign is not registered: {}.",
                f"Correct the campaign and submit it again {_CONSOLE}.",
            ),
        },
        dated=COMPLETED,
    ),
]
"""Registrations that are missing, pending, suspended or rejected."""
