"""The calls of the sandbox: only those that `petmsg call simulate` plays, which are over when it
ends."""

import struct
from collections.abc import Sequence

from petmsg.providers.call_log import CallAtProvider, RecordedVoicemail

_PER_SECOND = 8000


class SandboxCalls:
    """The call log of a provider that has no calls; see `CallLog`."""

    def call(self, provider_call_id: str) -> CallAtProvider | None:
        """Always None."""
        del provider_call_id
        return None

    def rung(self, provider_call_id: str) -> Sequence[CallAtProvider]:
        """Always empty."""
        del provider_call_id
        return ()

    def voicemails(self, provider_call_id: str) -> Sequence[RecordedVoicemail]:
        """Always empty: petmsg was told of every voicemail when it was played."""
        del provider_call_id
        return ()


def a_second_of_silence() -> bytes:
    """A WAV file: one second, one channel, 8 bits, as phones have them."""
    sound = b"\x80" * _PER_SECOND
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, _PER_SECOND, _PER_SECOND, 1, 8)
    data = struct.pack("<4sI", b"data", len(sound)) + sound
    return struct.pack("<4sI4s", b"RIFF", 4 + len(form) + len(data), b"WAVE") + form + data
