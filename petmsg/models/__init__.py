"""The tables, one file per noun, without behaviour.

Imported by services and importers, for rows that a rule changes one by one, and where the names of
the tables are asked for. They import leaves only.
"""

from petmsg.models.alert import Alert
from petmsg.models.audit import AuditEvent, AuditHead
from petmsg.models.base import metadata
from petmsg.models.booking import Booking
from petmsg.models.call import Call
from petmsg.models.client import Client, ClientPhone
from petmsg.models.import_map import ImportMap
from petmsg.models.inbound import InboundMessage, PollCursor, UnmatchedMessage
from petmsg.models.media import Media, MediaLink
from petmsg.models.message import Message, MessageAttempt, MessageSource, SandboxMessage
from petmsg.models.notify import NotifyChannel, NotifyDelivery
from petmsg.models.number import MessageNumber, NumberLedgerEntry
from petmsg.models.optout import BlockedPair, OptOut
from petmsg.models.org import Org, RefCounter
from petmsg.models.override import RouteOverride
from petmsg.models.purchase import NumberPurchase
from petmsg.models.relay import AutoReply, Relay, RelayQuestion
from petmsg.models.sitter import Sitter, SitterAbsence, SitterActivity
from petmsg.models.stripe import StripeEvent
from petmsg.models.template import Template, TemplateVersion
from petmsg.models.thread import Thread
from petmsg.models.window import AssignmentWindow

__all__ = [
    "Alert",
    "AssignmentWindow",
    "AuditEvent",
    "AuditHead",
    "AutoReply",
    "BlockedPair",
    "Booking",
    "Call",
    "Client",
    "ClientPhone",
    "ImportMap",
    "InboundMessage",
    "Media",
    "MediaLink",
    "Message",
    "MessageAttempt",
    "MessageNumber",
    "MessageSource",
    "NotifyChannel",
    "NotifyDelivery",
    "NumberLedgerEntry",
    "NumberPurchase",
    "OptOut",
    "Org",
    "PollCursor",
    "RefCounter",
    "Relay",
    "RelayQuestion",
    "RouteOverride",
    "SandboxMessage",
    "Sitter",
    "SitterAbsence",
    "SitterActivity",
    "StripeEvent",
    "Template",
    "TemplateVersion",
    "Thread",
    "UnmatchedMessage",
    "metadata",
]
