"""Who a message is from: the company, a sitter or the front desk; or it answers an inbound message.

Standard library only.
"""

from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.enums.messages import Voice
from petmsg.queries.lookup import SitterKey, find_sitter
from petmsg.queries.org import OrgRow
from petmsg.queries.routing import voice_of_reply
from petmsg.rules.routing import SpeakerFact, VoiceFact

FRONT_DESK = "desk"
"""What `--as` takes for the front desk. A sitter with this ref is named by phone or name."""


class Speaking(NamedTuple):
    """Who a message is from: as it is stored (`voice` and `sitter`), and as a fact for routing."""

    voice: Voice | None
    sitter: SitterKey | None
    fact: VoiceFact

    @property
    def name(self) -> str | None:
        """What `--as` would say: `desk`, or the sitter's ref; None for the company."""
        if self.sitter is not None:
            return self.sitter.ref
        return FRONT_DESK if self.voice is Voice.DESK else None


def find_voice(
    cursor: Cursor,
    org: OrgRow,
    as_text: str | None,
    *,
    relayed: bool = False,
    reply_to: int | None = None,
) -> Speaking:
    """Return who a message with `--as` is from. `relayed` means that the sitter wrote it from their
    own phone, `reply_to` is the inbound message that it answers.

    Raises `NotFound` or `Ambiguous` for a sitter.
    """
    if as_text == FRONT_DESK:
        return Speaking(Voice.DESK, None, VoiceFact(desk_speaks=True))
    if as_text is not None:
        sitter = find_sitter(cursor, org.id, as_text)
        speaker = SpeakerFact(sitter.ref, sitter.name, own_number_only=not relayed)
        return Speaking(None, sitter, VoiceFact(speaker))
    if reply_to is not None:
        return Speaking(Voice.REPLY, None, voice_of_reply(cursor, org, reply_to))
    return Speaking(None, None, VoiceFact())
