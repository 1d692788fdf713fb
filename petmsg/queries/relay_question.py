"""The writes of the question to a sitter: which client is this message for?"""

from datetime import datetime

from petmsg.db.cursor import Cursor

_INSERT = """
INSERT INTO relay_question (org_id, message_id, sitter_id, options, asked_at, closed_at, outcome)
VALUES (:org_id, :message_id, :sitter_id, :options, :now, :closed_at, :outcome)
"""

_CLOSE_QUESTION = """
UPDATE relay_question
SET closed_at = :now, outcome = :outcome, client_id = :client_id
WHERE id = :id
"""


def insert_question(
    cursor: Cursor,
    org_id: int,
    *,
    message_id: int,
    sitter_id: int,
    options: str,
    now: datetime,
    closed_at: datetime | None,
    outcome: str | None,
) -> None:
    """Store the question, with the ids of its options as JSON."""
    cursor.run(
        _INSERT,
        org_id=org_id,
        message_id=message_id,
        sitter_id=sitter_id,
        options=options,
        now=now,
        closed_at=closed_at,
        outcome=outcome,
    )


def close_question(
    cursor: Cursor, *, now: datetime, outcome: str, client_id: int | None, question_id: int
) -> None:
    """The question waits for no answer any more."""
    cursor.run(_CLOSE_QUESTION, now=now, outcome=outcome, client_id=client_id, id=question_id)
