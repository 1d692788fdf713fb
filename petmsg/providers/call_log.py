"""What a provider can be asked about a phone call afterwards. Standard library and leaves only.

An adapter that can be asked is a `HasCallLog`; the sandbox knows only the calls that it plays.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from petmsg.enums.calls import CallStatus


@dataclass(frozen=True, slots=True)
class CallAtProvider:
    """A call, or one of the phones that were rung for it. `status` is `ringing` until it has ended;
    `seconds` is its whole length, None if it is not told. `to_e164` is the phone or number that was
    called, empty if it is not told."""

    status: CallStatus
    seconds: int | None = None
    to_e164: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class RecordedVoicemail:
    """A voicemail that the provider holds: its ID and its length in seconds."""

    recording: str
    seconds: int | None = None


class CallLog(Protocol):
    """The calls of one account. Each question is complete, or raises `ProviderAccount` or
    `ProviderUnavailable`."""

    def call(self, provider_call_id: str) -> CallAtProvider | None:
        """The call as it is now; None if the account has no such call."""
        ...

    def rung(self, provider_call_id: str) -> Sequence[CallAtProvider]:
        """The phones that were rung for the call, in their order."""
        ...

    def voicemails(self, provider_call_id: str) -> Sequence[RecordedVoicemail]:
        """The voicemails that the caller left, oldest first; nothing for a call that the account
        does not have. A recording that is still being made is left out."""
        ...


@runtime_checkable
class HasCallLog(Protocol):
    """An adapter whose provider can be asked about calls."""

    calls: CallLog
