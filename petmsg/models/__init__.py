"""The tables, one file per noun, without behaviour."""

from petmsg.models.audit import AuditEvent, AuditHead
from petmsg.models.base import metadata
from petmsg.models.booking import Booking
from petmsg.models.client import Client, ClientPhone
from petmsg.models.message import Message, SandboxText
from petmsg.models.number import MessageNumber, NumberCustody
from petmsg.models.org import Org, RefCounter
from petmsg.models.sitter import Sitter, SitterActivity
from petmsg.models.thread import Thread
from petmsg.models.window import AssignmentWindow

__all__ = [
    "AssignmentWindow",
    "AuditEvent",
    "AuditHead",
    "Booking",
    "Client",
    "ClientPhone",
    "Message",
    "MessageNumber",
    "NumberCustody",
    "Org",
    "RefCounter",
    "SandboxText",
    "Sitter",
    "SitterActivity",
    "Thread",
    "metadata",
]
