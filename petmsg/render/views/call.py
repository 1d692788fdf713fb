"""The field lists of phone calls: JSON keys and table columns."""

import json
from typing import Any

from petmsg.enums.calls import (
    CallAddressee,
    CallStatus,
    RingTarget,
)
from petmsg.enums.media import MediaStatus
from petmsg.enums.orgs import ProviderName
from petmsg.plurals import named
from petmsg.render.field_types import (
    COUNT,
    E164,
    FLAG,
    ID,
    INSTANT,
    NAME,
    REF,
    TEXT,
    WORD,
    keyed,
    object_of,
    one_of,
    one_word_of,
    or_null,
    rows_of,
)
from petmsg.render.fields import Field, View
from petmsg.render.picture_text import size_of
from petmsg.render.views.call_decision import CALL_CODE, CALL_DECISION
from petmsg.render.views.call_fields import CALL_FIELDS
from petmsg.render.views.media import OF_MESSAGE
from petmsg.render.views.stored_decision import reason_of, stored_decision

_TOLD_BY_RESULT = frozenset(("answered_by", "voicemail_seconds"))


def _of_list(field: Field) -> Field:
    """A field of a call in a list: one column says how it went."""
    return field._replace(title=None) if field.name in _TOLD_BY_RESULT else field


CALLS = (
    *(_of_list(field) for field in CALL_FIELDS),
    Field("answered_at", None, kind=or_null(INSTANT)),
    Field("ended_at", None, kind=or_null(INSTANT)),
    Field("code", None, kind=CALL_CODE),
    Field("message", None, kind=or_null(ID)),
)


def _is_asked(leg: Any) -> str:
    """Whether they are asked for a key; nobody is by a voicemail or a sentence."""
    return "-" if leg["caller_id"] is None else "yes" if leg["needs_key"] else "no"


LEGS = (
    Field("ring", "Ring", kind=ID),
    Field(
        "target",
        "Who",
        cell=lambda row, _: (
            named(f"{row['target']} {row['ref']}", row["name"]) if row["ref"] else row["target"]
        ),
        kind=one_of(RingTarget)._replace(wrap=NAME.wrap),
    ),
    Field("ref", None, kind=or_null(REF)),
    Field("name", None, kind=or_null(NAME)),
    Field("caller_id", "Caller ID", kind=or_null(E164)),
    Field(
        "seconds",
        "Rings for (s)",
        cell=lambda row, _: str(row["seconds"]) if row["caller_id"] else "-",
        kind=COUNT,
    ),
    Field(
        "needs_key",
        "Asked for a key",
        cell=lambda row, _: _is_asked(row),
        kind=FLAG,
    ),
    Field(
        "result",
        "Result",
        kind=or_null(one_word_of("answered", "no_answer", "busy", "failed", "not_reached", "left")),
    ),
)
"""Who was rung for a call, one after the other. `result` is null where it is not known: the caller
may have hung up before."""

_VOICEMAIL = keyed(
    seconds=or_null(COUNT),
    media=or_null(ID),
    status=or_null(one_of(MediaStatus)),
    content_type=or_null(WORD),
    size=or_null(COUNT),
)


def _voicemail(row: Any) -> dict[str, Any] | None:
    """The voicemail of a call, as it is stored."""
    stored = next(iter(row.media or ()), None)
    if stored is None and row.voicemail_seconds is None:
        return None
    return {
        "seconds": row.voicemail_seconds,
        "media": stored and stored.media,
        "status": stored and stored.status,
        "content_type": stored and stored.content_type,
        "size": stored and stored.size,
    }


def _save_with(row: Any) -> str | None:
    stored = next(iter(row.media or ()), None)
    if stored is None or stored.status in (MediaStatus.ERASING, MediaStatus.ERASED):
        return None
    if stored.status == MediaStatus.STORED:
        return f"petmsg media save {stored.media} --to DIR"
    return f"petmsg media fetch {stored.media}"


def _voicemail_words(row: Any, _: View) -> str:
    stored = next(iter(row.media or ()), None)
    if stored is None:
        return "-"
    size = "" if stored.size is None else f", {size_of(stored.size)}"
    return f"media {stored.media}, {stored.status}{size}"


def legs_of(row: Any) -> list[dict[str, Any]]:
    """Who was rung for a stored call, in order, and what became of each; rows of `LEGS`. Nobody
    was while a sitter has yet to choose a client, and nobody knows it once the decision was
    erased."""
    decision = stored_decision(row)
    rings = [] if decision is None or _must_choose(decision) else decision["rings"]
    taken = _place_taken(row, rings)
    return [
        {"ring": place + 1, **ring, "result": _result(row, rings, place, taken)}
        for place, ring in enumerate(rings)
    ]


def _must_choose(decision: dict[str, Any]) -> bool:
    """As `CallDecision.must_choose` says it."""
    is_for_client = decision["addressed_to"] == CallAddressee.CLIENT
    return bool(decision["options"]) and is_for_client and not decision["ref"]


def _place_taken(row: Any, rings: list[dict[str, Any]]) -> int | None:
    """The place of the one who answered, or of the voicemail that was left."""
    wanted = row.answered_by
    if wanted is None and row.voicemail_seconds is not None:
        wanted = RingTarget.VOICEMAIL.value
    return next((at for at, ring in enumerate(rings) if ring["target"] == wanted), None)


def _result(row: Any, rings: list[dict[str, Any]], place: int, taken: int | None) -> str | None:
    is_phone = rings[place]["target"] not in (RingTarget.VOICEMAIL, RingTarget.SENTENCE)
    if place == taken:
        return "answered" if is_phone else "left"
    told = json.loads(row.ring_results or "{}").get(str(place))
    if told is not None:
        return str(told)
    if taken is not None:
        return "no_answer" if place < taken else "not_reached"
    was_rung = is_phone and place == 0 and row.answered_by is None
    is_over = row.status not in (CallStatus.RINGING, CallStatus.REJECTED)
    return "no_answer" if was_rung and is_over else None


def _entry_shown(row: Any, _: View) -> str:
    return "-" if row.message is None else f"{row.message}: petmsg inbox show {row.message}"


CALL = (
    *CALL_FIELDS,
    Field("code", "Code", kind=CALL_CODE),
    Field("reason", "Reason", get=reason_of, kind=or_null(TEXT)),
    Field("answered_at", "Answered", kind=or_null(INSTANT)),
    Field("ended_at", "Ended", kind=or_null(INSTANT)),
    Field(
        "voicemail",
        "Recording",
        get=_voicemail,
        cell=_voicemail_words,
        kind=or_null(_VOICEMAIL),
    ),
    Field("save_with", "Save it", get=_save_with, kind=or_null(TEXT)),
    Field("message", "Inbox message", cell=_entry_shown, kind=or_null(ID)),
    Field("provider", "Provider", kind=or_null(one_of(ProviderName))),
    Field("provider_id", None, get=lambda row: row.provider_call_id, kind=WORD),
    OF_MESSAGE,
    Field("legs", None, get=legs_of, kind=rows_of(LEGS)),
    Field("decision", None, get=stored_decision, kind=or_null(object_of(CALL_DECISION))),
)
