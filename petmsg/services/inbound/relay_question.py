"""Questions to a sitter: which client is a message for? The message waits for the answer.

Meanwhile the front desk sees it in the inbox. A number is read by the list that was sent last, so
each list is stored with the message it was sent for, even a list that answers a wrong number.
"""

import json

from petmsg.enums.inbound import RelayOutcome
from petmsg.queries.relay import ANSWER_WITHIN, Question, questions
from petmsg.queries.relay_question import close_question, insert_question
from petmsg.rules.routing.relay import RelayDecision
from petmsg.services import inbox
from petmsg.services.outbox.system_messages import notify_sitter
from petmsg.services.unit_of_work import UnitOfWork


def ask(
    uow: UnitOfWork, sitter_id: int, message_id: int, decision: RelayDecision
) -> tuple[str, ...]:
    """Ask which client a message is for. It is sent to no client, and waits in the inbox."""
    inbox.add(uow, message_id)
    expire(uow, sitter_id)
    return _send_list(uow, sitter_id, message_id, decision, waits=True)


def ask_again(
    uow: UnitOfWork, sitter_id: int, message_id: int, decision: RelayDecision
) -> tuple[str, ...]:
    """Send the current list after a number that fits no list. The number itself does not wait."""
    return _send_list(uow, sitter_id, message_id, decision, waits=False)


def _send_list(
    uow: UnitOfWork, sitter_id: int, message_id: int, decision: RelayDecision, *, waits: bool
) -> tuple[str, ...]:
    insert_question(
        uow.cursor,
        uow.org.id,
        message_id=message_id,
        sitter_id=sitter_id,
        options=json.dumps([each.id for each in decision.options]),
        now=uow.now,
        closed_at=None if waits else uow.now,
        outcome=None if waits else RelayOutcome.REFUSED.value,
    )
    listed = ", ".join(f"{place} {each.name}" for place, each in enumerate(decision.options, 1))
    words = f"Not sent yet. Which client is it for? {listed}. Answer with the number."
    if decision.may_be_for_desk:
        words += " If it is for the front desk, do nothing: they have it."
    if not notify_sitter(uow, sitter_id, message_id, words):
        return ("not forwarded: the sitter got too many notices to be asked",)
    return (f"asked which client it is for: {decision.why}",)


def expire(uow: UnitOfWork, sitter_id: int) -> None:
    """Close questions that waited too long. Their messages stay with the front desk."""
    for each in questions(uow.cursor, uow.org, sitter_id):
        if uow.now - each.asked_at >= ANSWER_WITHIN:
            close(uow, each, RelayOutcome.EXPIRED)


def close(
    uow: UnitOfWork, question: Question, outcome: RelayOutcome, *, client_id: int | None = None
) -> None:
    """Close a question: its message no longer waits for an answer."""
    close_question(
        uow.cursor, now=uow.now, outcome=outcome.value, client_id=client_id, question_id=question.id
    )
