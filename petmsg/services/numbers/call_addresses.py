"""Where a number's calls are handed to, and what is wrong with it. Pure functions.

A company takes calls through petmsg once it has said so: with a desk phone or voicemail, or by
giving a number's calls to petmsg. Before that, only the provider's demo is wrong.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from petmsg.enums.alerts import CheckResult
from petmsg.providers.account import NewAddresses, NumberAtProvider
from petmsg.providers.public_url import CALL, CALL_ENDED, INBOUND, RETRIES
from petmsg.queries.org import OrgRow
from petmsg.services.numbers.addresses import (
    INSTALL,
    AccountTopic,
    NumberProblem,
    is_demo,
    is_same,
    shown,
    with_method,
)

_INSTALL = f"{INSTALL} --calls"


class CallAddresses(NamedTuple):
    """Where the calls to a number are handed to, and where their end is told. An `ended` of None is
    left as it is: the calls are somebody else's."""

    call: str
    ended: str | None


def call_addresses(inbound: str | None) -> CallAddresses | None:
    """The addresses of petmsg's calls beside the one of its messages, if there is one."""
    if inbound is None:
        return None
    start = inbound.removesuffix(INBOUND)
    return CallAddresses(f"{start}{CALL}", f"{start}{CALL_ENDED}")


def with_retries(addresses: CallAddresses) -> CallAddresses:
    """The addresses as a number gets them: the provider repeats a request that fails."""
    return CallAddresses(f"{addresses.call}#{RETRIES}", f"{addresses.ended}#{RETRIES}")


def takes_calls(
    org: OrgRow, numbers: Iterable[NumberAtProvider], addresses: CallAddresses | None
) -> bool:
    """Whether the org has asked for its calls, by a setting or by one of its numbers."""
    if org.desk_phone is not None or org.voicemail:
        return True
    return addresses is not None and any(
        is_same(number.voice_url, addresses.call) for number in numbers
    )


def call_problems(
    number: NumberAtProvider, expected: CallAddresses | None
) -> Iterator[NumberProblem]:
    """What is wrong with the calls to a number. `expected` is None for an org that does not take
    calls, or without a public URL."""
    if number.voice is False:
        if expected is not None:
            words = "the number cannot take calls"
            yield NumberProblem(AccountTopic.CAPABILITY, CheckResult.WARNING, words)
        return
    takes_over = taken_over_by(number)
    if not takes_over and is_demo(number.voice_url):
        yield _problem("callers hear Twilio's demo")
    elif expected is None:
        return
    elif takes_over:
        yield _problem(f"{takes_over} takes the calls, not petmsg", CheckResult.WARNING)
    elif not number.voice_url:
        yield _problem("calls are not handed on, so nobody answers them")
    elif not is_same(number.voice_url, expected.call):
        words = f"hands calls to {shown(number.voice_url)}, not to {expected.call}"
        yield _problem(words, CheckResult.WARNING)
    else:
        yield from _incomplete(number, expected)


def _incomplete(number: NumberAtProvider, expected: CallAddresses) -> Iterator[NumberProblem]:
    """What is missing with a number whose calls petmsg gets."""
    if number.voice_method.upper() not in ("POST", ""):
        method = number.voice_method.upper()[:10]
        yield _problem(f"hands calls on with {method}, and petmsg takes POST")
    if not _has_ended(number, expected):
        yield _problem(
            f"tells the end of calls to {_before_ended(number)}, not to {expected.ended} (POST)"
        )


def _problem(words: str, result: CheckResult = CheckResult.PROBLEM) -> NumberProblem:
    return NumberProblem(AccountTopic.VOICE_ADDRESS, result, words, _INSTALL)


def taken_over_by(number: NumberAtProvider) -> str:
    """The trunk or application that gets the calls in the place of the address; or nothing."""
    if number.trunk:
        return f"trunk {number.trunk}"
    return f"application {number.voice_application}" if number.voice_application else ""


def change_calls(
    number: NumberAtProvider, wanted: CallAddresses | None
) -> tuple[NewAddresses, list[str]]:
    """What is to change so that the calls of a number go to `wanted` with POST, and in words. None
    leaves calls as they are, and so does a number that cannot take them."""
    if wanted is None or number.voice is False:
        return NewAddresses(), []
    call = ended = None
    words = []
    if not _has_call(number, wanted):
        call = wanted.call
        before = taken_over_by(number) or with_method(number.voice_url, number.voice_method)
        to = call if wanted.ended is not None else shown(call)
        words.append(f"calls: {before} -> {to} (POST)")
    if not _has_ended(number, wanted):
        ended = wanted.ended
        words.append(f"ends of calls: {_before_ended(number)} -> {ended} (POST)")
    return NewAddresses(voice_url=call, status_url=ended), words


def _has_call(number: NumberAtProvider, wanted: CallAddresses) -> bool:
    if taken_over_by(number) or number.voice_method.upper() not in ("POST", ""):
        return False
    if wanted.ended is None:  # somebody else's address, whose query and fragment are theirs
        return number.voice_url == wanted.call
    return is_same(number.voice_url, wanted.call)


def _has_ended(number: NumberAtProvider, wanted: CallAddresses) -> bool:
    return wanted.ended is None or (
        is_same(number.status_callback, wanted.ended)
        and number.status_callback_method.upper() in ("POST", "")
    )


def _before_ended(number: NumberAtProvider) -> str:
    return with_method(number.status_callback, number.status_callback_method)
