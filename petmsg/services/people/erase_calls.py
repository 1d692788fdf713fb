"""Erase a client from phone calls: the phones they called from, and their name."""

import json
from collections.abc import Sequence
from typing import Any

from petmsg.enums.calls import RingTarget
from petmsg.queries import erase_calls as queries
from petmsg.services.unit_of_work import UnitOfWork


def erase_calls(uow: UnitOfWork, client_id: int, *, ref: str, phones: Sequence[str]) -> int:
    """Erase the client's phones (E.164) from all calls, and their name from the stored decisions;
    return how many calls were theirs or named them.

    Their ref takes the place of the name: who called whom, and when, stays. Voicemails are files of
    their messages, and erased with those.
    """
    org_id = uow.org.id
    calls = queries.calls_of_client(
        uow.cursor, org_id, client_id=client_id, naming=_naming(ref), phones=phones
    )
    changed = [
        each._replace(decision=without)
        for each in calls
        if (without := without_name(each.decision, ref)) != each.decision
    ]
    queries.set_decisions(uow.cursor, changed)
    queries.erase_phones(uow.cursor, org_id, client_id=client_id, phones=phones)
    return len(calls)


def without_name(decision: str, ref: str) -> str:
    """Return a stored decision (JSON) with the ref in place of the client's name."""
    try:
        found = json.loads(decision)
    except ValueError:  # damaged: nobody knows what it holds
        return "{}"
    named = [
        *(each for each in _listed(found, "rings") if _is_ring_of(each, ref)),
        *(each for each in _listed(found, "options") if each.get("client") == ref),
    ]
    if all(each.get("name") in (None, ref) for each in named):
        return decision
    for each in named:
        each["name"] = ref
    return json.dumps(found, ensure_ascii=False)


def _is_ring_of(ring: dict[str, Any], ref: str) -> bool:
    return ring.get("target") == RingTarget.CLIENT and ring.get("ref") == ref


def _listed(decision: Any, name: str) -> list[dict[str, Any]]:
    return decision.get(name) or [] if isinstance(decision, dict) else []


def _naming(ref: str) -> str:
    """The pattern of LIKE for a decision that names the client; `!` escapes."""
    quoted = json.dumps(ref, ensure_ascii=False)
    for special in "!%_":
        quoted = quoted.replace(special, f"!{special}")
    return f"%{quoted}%"
