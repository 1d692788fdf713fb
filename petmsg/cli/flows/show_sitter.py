"""`sitter show --messages`: a sitter, and what they and the front desk wrote to each other."""

from typing import Any, NamedTuple

from petmsg.cli.context import Context
from petmsg.queries.sitter import SitterDetails, show_sitter
from petmsg.queries.staff_conversation import StaffMessage, staff_conversation
from petmsg.render.views.sitter_messages import SITTER_WITH_MESSAGES, STAFF_MESSAGES


class _WithMessages(NamedTuple):
    details: SitterDetails
    messages: list[StaffMessage]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.details, name)


def show_with_messages(context: Context, sitter: str) -> None:
    """Print the sitter, and their messages below."""
    with context.snapshot() as cursor:
        org = context.org(cursor)
        found = show_sitter(cursor, org, sitter)
        said = staff_conversation(cursor, org, sitter)
    context.show_one(SITTER_WITH_MESSAGES, _WithMessages(found, said))
    if context.is_table and said:
        context.show_list(STAFF_MESSAGES, said)
