"""The decision that is stored with a message or a call, as JSON; it is erased with its org."""

from typing import Any

from petmsg.render.escape import from_json


def stored_decision(row: Any) -> dict[str, Any] | None:
    """The decision; None if there is none, or if it was erased."""
    return from_json(row.decision) or None if row.decision else None


def reason_of(row: Any) -> str | None:
    """Why it was decided so, in words."""
    decision = stored_decision(row)
    return None if decision is None else decision["reason"]


def trace_of(row: Any) -> list[dict[str, Any]]:
    """The rules that were tried."""
    decision = stored_decision(row)
    return [] if decision is None else decision["trace"]
